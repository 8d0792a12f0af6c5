//! Fitting any objective: loop, optimiser, schedules, checkpoints, progress.
//!
//! A model that knows its own loss is an [`Objective`](psad_nn::Objective); a [`Trainer`] fits it, together with the
//! embedding tables that it reads, and gives back how both were after the epoch that a validation liked best.
//!
//! ```
//! use burn::{module::Module, nn::Linear, tensor::Device};
//! use psad_nn::{ListBatch, LossParts, Objective, Tables, Weights};
//! use psad_train::{TrainConfig, Trainer};
//!
//! /// The score of an item is linear in its features; its loss is the squared distance to the label.
//! #[derive(Module, Debug)]
//! struct Pointwise {
//!     layer: Linear,
//! }
//!
//! impl Objective for Pointwise {
//!     fn losses(&self, batch: &ListBatch) -> LossParts {
//!         let scores = self.layer.forward(batch.candidates.features(&batch.rows)).squeeze_dim::<2>(2);
//!         let Some(labels) = &batch.labels else { return LossParts::default() };
//!         let distance = (scores - labels.values.clone()).mask_fill(batch.candidates.pad.clone(), 0.);
//!         LossParts::default().with("distance", 1., (distance.clone() * distance).sum_dim(1).squeeze_dim::<1>(1))
//!     }
//! }
//!
//! # use ndarray::{Array1, Array2, array};
//! # use psad_core::{Candidates, History, Items, LabeledList, Request, Schema, User};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let list = |film: u32| -> Result<LabeledList, Box<dyn std::error::Error>> {
//! #     let items = Items::new(array![[film], [film + 1], [film + 2]], Array2::zeros((3, 0)))?;
//! #     let candidates = Candidates::new(items, array![0.3, 0.2, 0.1])?;
//! #     let request = Request::new(User::anonymous(), History::empty(1, 0), candidates)?;
//! #     let labels = (film..film + 3).map(|film| f32::from(u8::from(film % 2 == 0))).collect();
//! #     Ok(LabeledList::new(request, labels)?)
//! # };
//! # let lists = (1..40).map(list).collect::<Result<Vec<_>, _>>()?;
//! # let lists: Vec<&LabeledList> = lists.iter().collect();
//! let schema = Schema::builder().item_sparse("film", 50).build()?;
//! let (device, tables) = (Device::flex(), Tables::seeded(&schema, 8, 42)?);
//! let model = Pointwise { layer: Weights::seeded(42, &device).linear(8 + 1, 1) };
//! let (held_out, train) = lists.split_at(8);
//!
//! let config = TrainConfig { epochs: 30, batch_size: 8, learning_rate: 0.02, ..TrainConfig::default() };
//! let fitted = Trainer::new(config)?
//!     .observe_epochs(|epoch| println!("{}: {:.3}", epoch.epoch, epoch.total))
//!     .fit(model, tables, &schema, &device, train, |model, tables| {
//!         let batch = psad_nn::Batcher::new(&schema).lists(held_out, tables, &Device::flex())?;
//!         Ok(-f64::from(model.losses(&batch).parts[0].per_list.clone().mean().into_scalar::<f32>()))
//!     })?;
//! assert!(fitted.epochs[fitted.best_epoch - 1].total < 0.2 * fitted.epochs[0].total);
//! # Ok(())
//! # }
//! ```
//!
//! What stands where:
//!
//! * [`TrainConfig`], [`LearningRate`]: what is asked for; a linear warm-up, then half a cosine.
//! * [`Trainer`] → [`Fitted`]: epochs, early stopping, checkpoints. [`Session`]: the single step, for a loop of your
//!   own.
//! * [`CheckpointPlan`]: one file, replaced atomically; a run that finds it resumes, and ends bit for bit as if it had
//!   never been interrupted, even by `kill -9`.
//! * [`Observer`], [`ProgressBar`]: who watches; a closure will do.
//!
//! How a step works. A batch is cut into shards of [`TrainConfig::shard_size`] lists, whatever the number of workers;
//! workers take shards, each with leaves of its own; the loss of a shard is divided by the lists of the whole batch,
//! so gradients add up, and they are added in the shards' order. Hence the law: **the number of workers never changes
//! a bit**. The optimiser is an Adam of our own, one kernel for dense parameters and for the embedding rows that the
//! batch touched; other rows are neither updated nor have they moments, so a step costs what the batch touches, never
//! what the vocabulary holds.
//!
//! What this does not do:
//!
//! * Layers that draw random numbers, such as dropout, take them from burn's global generator: with one in the model
//!   neither the law above nor bit-for-bit resuming holds.
//! * State of a module other than its float parameters, such as running means of a batch normalisation, is not
//!   carried from step to step, nor are two parameters tied by cloning one into two places.
//! * Bits repeat on one machine with one build; another processor rounds its matrix products differently.
//! * Accelerators are used as given, with nothing tuned for them: gradients are added and applied on the host. One
//!   process trains; workers are its threads.
//! * The best epoch so far is kept in memory, tables included, and so in every checkpoint.
//!
//! Neighbours: `psad-nn` (batches, tables, the trait), `psad-distill` (PSAD's own objective), `psad-eval` (metrics for
//! the validation).

mod adam;
mod checkpoint;
mod config;
mod dense;
mod error;
mod gradients;
mod identity;
mod losses;
mod observer;
mod progress;
mod progress_bar;
mod report;
mod rows;
mod schedule;
mod session;
mod shard;
mod trainer;
mod workers;

#[cfg(test)]
#[path = "../tests/common/mod.rs"]
mod common;

pub use checkpoint::CheckpointPlan;
pub use config::TrainConfig;
pub use error::TrainError;
pub use losses::PartLoss;
pub use observer::Observer;
pub use progress_bar::ProgressBar;
pub use report::{EpochReport, FitEnd, FitStart, Fitted, StepReport};
pub use schedule::LearningRate;
pub use session::Session;
pub use trainer::Trainer;
