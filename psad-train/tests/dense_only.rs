//! A schema without any sparse field: nothing to embed, no rows to update, and checkpoints all the same.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::Device;
use ndarray::{Array1, Array2};
use psad_core::{Candidates, History, Items, LabeledList, Request, Schema, User};
use psad_nn::{Batcher, ListBatch, LossParts, Objective, Tables, Weights, named_parameters};
use psad_train::{CheckpointPlan, Fitted, TrainConfig, Trainer};

#[derive(Module, Debug)]
struct Pointwise {
    layer: Linear,
}

impl Objective for Pointwise {
    fn losses(&self, batch: &ListBatch) -> LossParts {
        let scores = self.layer.forward(batch.candidates.features(&batch.rows)).squeeze_dim::<2>(2);
        let distance = (scores - batch.labels.as_ref().unwrap().values.clone()).powf_scalar(2.);
        LossParts::default().with("distance", 1., distance.sum_dim(1).squeeze_dim::<1>(1))
    }
}

fn list(number: usize) -> LabeledList {
    let price = Array2::from_shape_fn((3, 1), |(item, _)| ((number + item) % 5) as f32);
    let labels: Array1<f32> = price.column(0).mapv(|price| 0.2 * price);
    let candidates = Candidates::new(Items::new(Array2::zeros((3, 0)), price).unwrap(), Array1::zeros(3)).unwrap();
    let request = Request::new(User::anonymous(), History::empty(0, 1), candidates).unwrap();
    LabeledList::new(request, labels).unwrap()
}

#[test]
fn a_model_of_dense_features_alone_learns_and_is_resumed() {
    let schema = Schema::builder().item_dense("price").build().unwrap();
    let lists: Vec<LabeledList> = (0..12).map(list).collect();
    let (lists, device) = (lists.iter().collect::<Vec<_>>(), Device::flex());
    let config = TrainConfig { epochs: 30, batch_size: 4, learning_rate: 0.05, ..TrainConfig::default() };
    let folder = tempfile::tempdir().unwrap();
    let plan = CheckpointPlan::new(folder.path().join("run.ckpt")).every_steps(1);
    let fit = |stop_at: usize| {
        let model = Pointwise { layer: Weights::seeded(1, &device).linear(2, 1) };
        let tables = Tables::seeded(&schema, 4, 1).unwrap();
        let trainer = Trainer::new(config.clone()).unwrap().checkpoints(plan.clone());
        let mut epochs = 0;
        trainer.fit(model, tables, &schema, &device, &lists, |model, tables| {
            epochs += 1;
            if epochs == stop_at {
                return Err("the power is gone".into());
            }
            let batch = Batcher::new(&schema).lists(&lists, tables, &device)?;
            Ok(-f64::from(model.losses(&batch).parts[0].per_list.clone().mean().into_scalar::<f32>()))
        })
    };
    let bits = |fitted: &Fitted<Pointwise>| named_parameters(&fitted.model).unwrap();
    assert!(fit(7).unwrap_err().to_string().contains("the power is gone"));
    let resumed = fit(0).unwrap();
    std::fs::remove_file(plan.file()).unwrap();
    let whole = fit(0).unwrap();
    assert_eq!(bits(&resumed), bits(&whole));
    assert!(whole.best_epoch > 7);
    assert!(whole.epochs[29].total < 0.05 * whole.epochs[0].total, "{:?}", whole.epochs);
}
