//! What placed candidates do to those below them.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{Bool, Int, Tensor, TensorData};
use ndarray::ArrayView2;

use crate::generate::{ReadError, read};
use crate::{Encoded, Weights, linear};

/// `I[c, i] = (W x_c + a) · x_i / √width` of [raw](Encoded::raw) items: what candidate `c`, placed above, adds to the
/// logit or score of candidate `i`, and nothing to itself, times a learned factor per distance. What an item does to the next is the same for
/// all users, as far as this knows.
///
/// It lets what is scored in one pass be picked in the light of what stands above: the slots of a block, which a network
/// predicts in parallel, and a student's whole slate. Without effect until it is trained: a product of more matrices would
/// learn the strongest patterns first, and the many equally strong ones that substitutes make very late.
#[derive(Module, Debug)]
pub struct PairInfluence {
    above: Linear,
    reach: Param<Tensor<1>>,
}

impl PairInfluence {
    /// For items of `width`, in lists of up to `max_candidates`.
    pub fn init(width: usize, max_candidates: usize, weights: &mut Weights) -> Self {
        Self { above: weights.zero_linear(width, width), reach: weights.constant([max_candidates], 1.) }
    }

    /// The influence between the candidates of a batch.
    pub fn between(&self, encoded: &Encoded) -> Influence {
        let ([batch, candidates], device) = (encoded.pad.dims(), encoded.pad.device());
        // Nothing stands below itself.
        let itself =
            Tensor::<2, Bool>::diag_mask([candidates, candidates], 0, &device).bool_not().unsqueeze_dim::<3>(0);
        let pairs = pairs(&self.above, encoded).mask_fill(itself.expand([batch, candidates, candidates]), 0.);
        Influence { pairs, reach: self.reach.val(), exposure: None }
    }
}

/// `(W x_c + a) · x_i / √width`, `[batch, candidates, candidates]`.
pub(crate) fn pairs(above: &Linear, encoded: &Encoded) -> Tensor<3> {
    let [_, _, width] = encoded.raw.dims();
    // As in attention: the product of two vectors grows with their width.
    let above = linear(above, encoded.raw.clone()) / (width as f64).sqrt();
    above.matmul(encoded.raw.clone().transpose())
}

/// The influence between the candidates of every list; [`psad_decode::Influence`] on the host.
#[derive(Debug, Clone)]
pub struct Influence {
    /// Row `c`, column `i`: what `c` does to `i` below it, `[batch, candidates, candidates]`.
    pub pairs: Tensor<3>,
    /// A factor per distance, from one slot up, `[distances]`.
    pub reach: Tensor<1>,
    /// Log-odds that each slot is looked at, `[batch, slots]`; for planning alone.
    pub exposure: Option<Tensor<2>>,
}

impl Influence {
    /// What every slot of slates sees of what stands above it, `[batch, slots, candidates]`; to be added to the logits.
    ///
    /// # Shapes
    /// `order`: what is placed, `[batch, slots]`
    pub fn along(&self, order: &Tensor<2, Int>) -> Tensor<3> {
        let ([batch, slots], [_, candidates, _]) = (order.dims(), self.pairs.dims());
        let device = self.pairs.device();
        let offset = Tensor::<1, Int>::arange(0..batch as i64, &device).reshape([batch, 1]) * candidates as i32;
        let index = (order.clone() + offset).reshape([batch * slots]);
        let rows = self.pairs.clone().reshape([batch * candidates, candidates]).select(0, index);
        let rows = rows.reshape([batch, slots, candidates]);
        self.distances(slots).expand([batch, slots, slots]).matmul(rows)
    }

    /// The factor by which slot `above` reaches `slot`, `[1, slots, slots]`.
    fn distances(&self, slots: usize) -> Tensor<3> {
        let ([longest], device) = (self.reach.dims(), self.reach.device());
        let each = || (0..slots).flat_map(|slot| (0..slots).map(move |above| slot.checked_sub(above + 1)));
        let index: Vec<i32> = each().map(|far| far.filter(|&far| far < longest).unwrap_or(0) as i32).collect();
        let reached = |far: Option<usize>| f32::from(u8::from(far.is_some_and(|far| far < longest)));
        let mask = TensorData::new::<f32, _>(each().map(reached).collect(), [1, slots, slots]);
        let factors = self.reach.clone().select(0, Tensor::from_data(index.as_slice(), &device));
        factors.reshape([1, slots, slots]) * Tensor::from_data(mask, &device)
    }

    /// With other pairs beside these, `[batch, candidates, candidates]`.
    #[must_use]
    pub fn plus(self, pairs: Tensor<3>) -> Self {
        Self { pairs: self.pairs + pairs, ..self }
    }

    /// The same without a graph behind it.
    #[must_use]
    pub fn detach(self) -> Self {
        let exposure = self.exposure.map(Tensor::detach);
        Self { pairs: self.pairs.detach(), reach: self.reach.detach(), exposure }
    }

    /// The influence of every list on the host.
    pub(crate) fn on_host(self) -> Result<Vec<psad_decode::Influence>, ReadError> {
        let reach = self.reach.try_into_vec_as::<f32>().map_err(|error| ReadError(format!("{error:?}")))?;
        let of_list = |pairs: ArrayView2<'_, f32>| psad_decode::Influence::new(pairs.to_owned(), reach.clone());
        let pairs = read(self.pairs)?;
        let influences = pairs.outer_iter().map(of_list);
        let Some(exposure) = self.exposure else { return Ok(influences.collect()) };
        let [_, slots] = exposure.dims();
        let exposure = exposure.try_into_vec_as::<f32>().map_err(|error| ReadError(format!("{error:?}")))?;
        Ok(influences.zip(exposure.chunks(slots)).map(|(one, slots)| one.with_exposure(slots.to_vec())).collect())
    }
}
