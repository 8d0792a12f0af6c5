//! A model in training: one optimiser step at a time.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use burn::tensor::Device;
use psad_core::{LabeledList, Schema};
use psad_nn::{Batcher, Objective, Tables};

use crate::adam::Adam;
use crate::dense::{self, DenseParameter};
use crate::gradients::{Fault, Gradients};
use crate::losses::{LossSums, total};
use crate::rows::RowMoments;
use crate::shard::{BatchContext, ShardOutcome};
use crate::workers::Workers;
use crate::{LearningRate, StepReport, TrainConfig, TrainError};

/// A model, its tables and the state of the optimiser.
///
/// [`Trainer`](crate::Trainer) drives one over epochs; drive it yourself for a loop of your own or to measure a step.
pub struct Session<O> {
    config: TrainConfig,
    schedule: LearningRate,
    batcher: Batcher,
    /// With autodiff.
    device: Device,
    model: O,
    /// Shared with validations; a step copies the tables only if one still holds them.
    tables: Arc<Tables>,
    pub(crate) dense: Vec<DenseParameter>,
    pub(crate) rows: RowMoments,
    workers: Workers,
    pub(crate) steps_done: usize,
    place: Place,
}

/// Where a step stands, for reports and errors; both count from 1.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) epoch: usize,
    pub(crate) batch: usize,
}

impl<O: Objective> Session<O> {
    /// Takes a model, with or without autodiff, to `device`. The learning rate is planned for `steps` steps.
    ///
    /// # Errors
    /// [`TrainError::Config`], [`TrainError::Workers`], or [`TrainError::Parameters`] if a parameter cannot be read.
    pub fn new(
        model: O,
        tables: Tables,
        schema: &Schema,
        config: &TrainConfig,
        steps: usize,
        device: &Device,
    ) -> Result<Self, TrainError> {
        config.check()?;
        // The inference form is the same wherever the model comes from; `train` starts a graph of its own from there.
        let model = model.to_device(&device.clone().without_autodiff()).valid().train();
        Ok(Self {
            schedule: LearningRate::new(config, steps),
            batcher: Batcher::new(schema),
            device: device.clone().autodiff(),
            dense: dense::read(&model)?,
            rows: RowMoments::default(),
            workers: Workers::new(config.workers)?,
            steps_done: 0,
            place: Place { epoch: 1, batch: 1 },
            config: config.clone(),
            tables: Arc::new(tables),
            model,
        })
    }

    /// One optimiser step on the mean loss of `lists`.
    ///
    /// # Errors
    /// [`TrainError::NoLists`], [`TrainError::List`], [`TrainError::NoLoss`], [`TrainError::LossShape`],
    /// [`TrainError::NonFiniteLoss`], [`TrainError::NonFiniteGradient`] or [`TrainError::Read`]. Nothing is changed
    /// then.
    ///
    /// # Panics
    /// If the objective panics.
    pub fn step(&mut self, lists: &[&LabeledList]) -> Result<StepReport, TrainError> {
        let started = Instant::now();
        let place = self.place;
        let (losses, mut gradients) = self.forward_backward(lists).map_err(|error| placed(error, place))?;
        let gradient_norm = gradients.norm().map_err(|fault| self.non_finite(fault))?;
        if let Some(limit) = self.config.clip_norm {
            gradients.clip(gradient_norm, limit);
        }
        self.steps_done += 1;
        self.place.batch += 1;
        let learning_rate = self.schedule.of_step(self.steps_done);
        self.apply(&gradients, learning_rate);
        let parts = losses.means();
        Ok(StepReport {
            step: self.steps_done,
            epoch: place.epoch,
            batch: place.batch,
            lists: lists.len(),
            total: total(&parts),
            parts,
            learning_rate,
            gradient_norm,
            seconds: started.elapsed().as_secs_f64(),
        })
    }

    /// The model in its inference form.
    pub fn inference(&self) -> O {
        self.model.valid()
    }

    /// The tables as they are now. Drop the clone before the next step, or that step copies all rows.
    pub fn tables(&self) -> &Arc<Tables> {
        &self.tables
    }

    /// Steps done so far.
    pub fn steps_done(&self) -> usize {
        self.steps_done
    }

    /// The learning rate's plan.
    pub fn schedule(&self) -> &LearningRate {
        &self.schedule
    }

    /// Says where the next step stands.
    pub(crate) fn set_place(&mut self, place: Place) {
        self.place = place;
    }

    /// What requests must fit.
    pub(crate) fn schema(&self) -> &Schema {
        self.batcher.schema()
    }

    /// The inference form of the model with other values, in visiting order.
    pub(crate) fn inference_with<'a>(&self, values: impl Iterator<Item = &'a [f32]>) -> O {
        dense::write(self.model.clone(), values.map(Some)).valid()
    }

    /// Takes over tables and dense parameters, whose paths and shapes are the model's.
    pub(crate) fn restore(&mut self, dense: Vec<DenseParameter>, tables: Tables, rows: RowMoments, steps_done: usize) {
        self.model = dense::write(self.model.clone(), dense.iter().map(|parameter| Some(&*parameter.values)));
        (self.dense, self.rows, self.steps_done) = (dense, rows, steps_done);
        self.tables = Arc::new(tables);
    }

    fn forward_backward(&self, lists: &[&LabeledList]) -> Result<(LossSums, Gradients), TrainError> {
        if lists.is_empty() {
            return Err(TrainError::NoLists);
        }
        let context =
            BatchContext { batcher: &self.batcher, tables: &self.tables, device: &self.device, lists: lists.len() };
        let shards: Vec<&[&LabeledList]> = lists.chunks(self.config.shard_size).collect();
        // Leaves of its own for each worker, so that no two backward passes meet in one graph.
        let fork = || self.model.clone().fork(&self.device);
        let outcomes = self.workers.run(shards.len(), fork, |model, shard| context.run(model, shards[shard]));
        let (mut losses, mut gradients) = (LossSums::default(), Vec::with_capacity(shards.len()));
        for (shard, outcome) in outcomes.into_iter().enumerate() {
            let offset = shard * self.config.shard_size;
            let ShardOutcome { losses: more, gradients: gradient } = outcome.map_err(|error| shifted(error, offset))?;
            losses.add(&more);
            gradients.push(gradient);
        }
        Ok((losses, Gradients::sum(gradients)))
    }

    fn apply(&mut self, gradients: &Gradients, rate: f64) {
        let adam = Adam::new(&self.config);
        for (parameter, gradient) in self.dense.iter_mut().zip(&gradients.dense) {
            if let Some(gradient) = gradient {
                parameter.update(&adam, rate, self.config.weight_decay, gradient);
            }
        }
        let changed = self.dense.iter().zip(&gradients.dense);
        let changed = changed.map(|(parameter, gradient)| gradient.as_ref().map(|_| &*parameter.values));
        self.model = dense::write(self.model.clone(), changed);
        if !gradients.touched.is_empty() {
            self.rows.update(&adam, rate * self.config.table_rate, Arc::make_mut(&mut self.tables), gradients);
        }
    }

    fn non_finite(&self, fault: Fault) -> TrainError {
        let (parameter, value) = match fault {
            Fault::Dense { index, value } => (self.dense[index].path.clone(), value),
            Fault::Row { touched, value } => {
                (format!("{}, row {}", self.tables.as_slice()[touched.table].name(), touched.row), value)
            }
        };
        let Place { epoch, batch } = self.place;
        TrainError::NonFiniteGradient { parameter, epoch, batch, value }
    }
}

/// A shard counts its lists from its own start.
fn shifted(mut error: TrainError, offset: usize) -> TrainError {
    if let TrainError::NonFiniteLoss { list, .. } = &mut error {
        *list += offset;
    }
    error
}

fn placed(mut error: TrainError, place: Place) -> TrainError {
    if let TrainError::NonFiniteLoss { epoch, batch, .. } = &mut error {
        (*epoch, *batch) = (place.epoch, place.batch);
    }
    error
}

impl<O> fmt::Debug for Session<O> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Weights and rows would drown everything else.
        formatter
            .debug_struct("Session")
            .field("config", &self.config)
            .field("parameters", &self.dense.len())
            .field("steps_done", &self.steps_done)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::common::{Clicks, lists, schema, tables};
    use proptest::prelude::*;

    fn session(shard_size: usize) -> Session<Clicks> {
        let config = TrainConfig { shard_size, workers: 1, ..TrainConfig::default() };
        let device = Device::flex();
        Session::new(Clicks::init(5, &device), tables(), &schema(), &config, 9, &device).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn the_gradients_of_shards_add_up_to_that_of_the_whole(
            count in 1_usize..20,
            shard_size in 1_usize..9,
            seed: u64,
        ) {
            let lists = lists(count, seed);
            let lists: Vec<&LabeledList> = lists.iter().collect();
            let (whole_losses, whole) = session(count).forward_backward(&lists).unwrap();
            let (losses, parts) = session(shard_size).forward_backward(&lists).unwrap();
            for (a, b) in whole.dense.iter().flatten().flatten().zip(parts.dense.iter().flatten().flatten()) {
                prop_assert!((a - b).abs() < 1e-5, "{a} {b}");
            }
            // Items come before users in each shard, so the rows may be met in another order.
            for (touched, row) in whole.touched.iter().zip(whole.rows.chunks_exact(4)) {
                let place = parts.touched.iter().position(|other| other == touched).unwrap();
                for (a, b) in row.iter().zip(&parts.rows[place * 4..]) {
                    prop_assert!((a - b).abs() < 1e-5, "{a} {b}");
                }
            }
            prop_assert_eq!(whole.touched.len(), parts.touched.len());
            prop_assert!((total(&whole_losses.means()) - total(&losses.means())).abs() < 1e-6);
        }
    }

    #[test]
    fn a_failed_step_changes_nothing() {
        let mut session = session(2);
        let dear = crate::common::list(&[2], &[2. * crate::common::TOO_DEAR], 0);
        let lists = lists(3, 1);
        let mut batch: Vec<&LabeledList> = lists.iter().collect();
        batch.push(&dear);
        let before = session.tables().clone();
        let error = session.step(&batch).unwrap_err();
        assert!(matches!(error, TrainError::NonFiniteLoss { part: "room", epoch: 1, batch: 1, list: 3, .. }));
        assert_eq!((session.steps_done(), &before), (0, session.tables()));
        assert!(matches!(session.step(&[]), Err(TrainError::NoLists)));
        assert_eq!(session.step(&batch[..3]).unwrap().step, 1);
    }
}
