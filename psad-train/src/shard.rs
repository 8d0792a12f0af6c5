//! Loss and gradient of one shard of a batch.

use burn::tensor::{Device, Tensor};
use psad_core::LabeledList;
use psad_nn::{Batcher, ListBatch, LossParts, Objective, Tables};

use crate::TrainError;
use crate::dense;
use crate::gradients::Gradients;
use crate::losses::LossSums;

/// What every shard of a batch shares.
#[derive(Debug)]
pub(crate) struct BatchContext<'a> {
    pub(crate) batcher: &'a Batcher,
    pub(crate) tables: &'a Tables,
    /// With autodiff.
    pub(crate) device: &'a Device,
    /// Lists in the whole batch, by which every shard's loss is divided: then gradients of shards add up.
    pub(crate) lists: usize,
}

/// What a shard gives back.
#[derive(Debug)]
pub(crate) struct ShardOutcome {
    pub(crate) losses: LossSums,
    pub(crate) gradients: Gradients,
}

impl BatchContext<'_> {
    /// Forward and backward pass. List indices in errors count from the start of the shard.
    pub(crate) fn run<O: Objective>(&self, model: &O, lists: &[&LabeledList]) -> Result<ShardOutcome, TrainError> {
        let batch = self.batcher.lists(lists, self.tables, self.device)?;
        let parts = model.losses(&batch);
        // Before the backward pass, whose gradients would only say that something was wrong somewhere.
        let losses = read_losses(&parts, lists.len())?;
        let total = parts.total().ok_or(TrainError::NoLoss)?.sum() / self.lists as f64;
        drop(parts);
        let gradients = gradients(model, batch, &total)?;
        Ok(ShardOutcome { losses, gradients })
    }
}

/// Backward pass, and what it says of dense parameters and of the rows that the batch touched.
fn gradients<O: Objective>(model: &O, batch: ListBatch, total: &Tensor<1>) -> Result<Gradients, TrainError> {
    // A loss of this shard may be a constant, such as one over pairs where no list has a pair.
    if !total.is_tracked() {
        return Ok(Gradients { dense: vec![None; dense::count(model)], ..Gradients::default() });
    }
    let gradients = total.backward();
    let dense = dense::gradients(model, &gradients)?;
    let (touched, rows) = match batch.rows.grad(&gradients) {
        Some(rows) if !batch.touched.is_empty() => {
            let rows = rows.try_into_vec_as::<f32>();
            (batch.touched, rows.map_err(|_| TrainError::Read { what: "embedding rows".to_owned() })?)
        }
        _ => Default::default(),
    };
    Ok(Gradients { dense, touched, rows })
}

/// Sums of all parts over the shard's lists, once every value is known to be finite.
fn read_losses(parts: &LossParts, lists: usize) -> Result<LossSums, TrainError> {
    let mut sums = LossSums::of_lists(lists);
    for part in &parts.parts {
        let name = part.name;
        let values = part.per_list.clone().try_into_vec_as::<f32>();
        let values = values.map_err(|_| TrainError::Read { what: name.to_owned() })?;
        if values.len() != lists {
            return Err(TrainError::LossShape { part: name, expected: lists, found: values.len() });
        }
        if let Some((list, &value)) = values.iter().enumerate().find(|(_, value)| !value.is_finite()) {
            // Epoch and batch are filled in by the session, which knows them.
            return Err(TrainError::NonFiniteLoss { part: name, epoch: 0, batch: 0, list, value });
        }
        sums.add_part(name, part.weight, values.iter().map(|&value| f64::from(value)).sum());
    }
    Ok(sums)
}
