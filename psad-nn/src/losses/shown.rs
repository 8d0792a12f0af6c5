//! What the slates that were shown say, slot by slot.

use burn::tensor::{Device, Int, Tensor, TensorData, activation};

use crate::LabelBatch;

/// The slates that users were shown and what they did there, worked out on the host once per batch.
///
/// What stands above an item in a logged slate is known, and so is whether the item was clicked there. Sorted by label,
/// the same clicks say nothing of context: they were made in another order.
#[derive(Debug, Clone)]
pub struct ShownTargets {
    /// What each slot shows, then what was not shown, padding last, `[batch, candidates]`. A list whose slate is not
    /// known has the order that was given for it.
    pub order: Tensor<2, Int>,
    /// 1 for a list whose slate is known, else 0, `[batch]`.
    pub known: Tensor<1>,
    /// Whether every list's slate is known.
    pub all: bool,
    /// Whether any list's slate is known.
    pub any: bool,
    /// 1 where slot `j` shows candidate `i`, else 0, `[batch, candidates, candidates]`.
    picks: Tensor<3>,
    /// `1/len` of the slate for slots that it fills, else 0, `[batch, candidates]`.
    weights: Tensor<2>,
    /// Label over `max_label`, at most 1, of what slot `j` shows, `[batch, candidates]`.
    clicks: Tensor<2>,
}

impl ShownTargets {
    /// Of the slates in `labels`, for lists of the lengths `lens`.
    ///
    /// # Shapes
    /// `otherwise`: the order of lists whose slate is not known, `[batch, candidates]`
    pub fn new(labels: &LabelBatch, lens: &[usize], otherwise: &Tensor<2, Int>, max_label: f64) -> Self {
        let [batch, candidates] = labels.values.dims();
        let values: Vec<f32> = labels.values.to_data().iter::<f32>().collect();
        let mut order: Vec<i32> = otherwise.to_data().iter::<i64>().map(|item| item as i32).collect();
        let (mut known, mut picks) = (vec![0.; batch], vec![0.; batch * candidates * candidates]);
        let (mut weights, mut clicks) = (vec![0.; batch * candidates], vec![0.; batch * candidates]);
        for (list, &len) in lens.iter().enumerate() {
            let shown = labels
                .shown
                .get(list)
                .and_then(Option::as_ref)
                .filter(|slate| !slate.is_empty() && slate.candidates() == len);
            let Some(slate) = shown else { continue };
            known[list] = 1.;
            let row = list * candidates;
            let whole = slate.completed();
            for (slot, item) in whole.as_slice().iter().copied().chain(len..candidates).enumerate() {
                order[row + slot] = item as i32;
            }
            for (slot, item) in slate.iter().enumerate() {
                picks[(row + slot) * candidates + item] = 1.;
                weights[row + slot] = 1. / slate.len() as f32;
                clicks[row + slot] = (f64::from(values[row + item]) / max_label).clamp(0., 1.) as f32;
            }
        }
        let device = labels.values.device();
        let (all, any) = (known.iter().all(|&known| known > 0.), known.iter().any(|&known| known > 0.));
        let rows = |values| matrix(values, [batch, candidates], &device);
        Self {
            order: Tensor::from_data(TensorData::new::<i32, _>(order, [batch, candidates]), &device),
            known: Tensor::from_data(known.as_slice(), &device),
            picks: Tensor::from_data(TensorData::new::<f32, _>(picks, [batch, candidates, candidates]), &device),
            weights: rows(weights),
            clicks: rows(clicks),
            all,
            any,
        }
    }

    /// Mean binary cross-entropy over the slots of the slate, of `σ(exposure_j) σ(U[j, shown_j])` against the click there,
    /// `[batch]`; 0 for a list whose slate is not known. Without exposure every slot is looked at. The product is the
    /// examination hypothesis of position-based click models.
    ///
    /// # Shapes
    /// * `logits`: `U`, `[batch, slots, candidates]`
    /// * `exposure`: `[batch, slots]`, see [`Exposure`](crate::Exposure)
    pub fn click_loss(&self, logits: Tensor<3>, exposure: Option<Tensor<2>>) -> Tensor<1> {
        let [batch, slots, _] = logits.dims();
        // Not a product: it would make NaN of the −∞ that may stand where a slot cannot choose.
        let elsewhere = self.picks.clone().narrow(1, 0, slots).lower_elem(0.5);
        let picked = logits.mask_fill(elsewhere, 0.).sum_dim(2).reshape([batch, slots]);
        let clicks = self.clicks.clone().narrow(1, 0, slots);
        let loss = match exposure {
            Some(exposure) => examined(picked, exposure, clicks),
            None => activation::log_sigmoid(picked.clone() * -1.) * -1. - clicks * picked,
        };
        (loss * self.weights.clone().narrow(1, 0, slots)).sum_dim(1).reshape([batch])
    }
}

/// `−y log p − (1 − y) log(1 − p) = log(1 + exp z) − y z` for `p = σ(e) σ(l)`, with `z` the log-odds of `p`:
/// `−z = log(exp(−l) + exp(−e)(1 + exp(−l)))`.
fn examined(logits: Tensor<2>, exposure: Tensor<2>, clicks: Tensor<2>) -> Tensor<2> {
    let softplus = |x: Tensor<2>| activation::log_sigmoid(x * -1.) * -1.;
    let (unliked, b) = (logits.clone() * -1., softplus(logits * -1.) - exposure);
    // Of two numbers, the larger and what the smaller adds to it.
    let larger = unliked.clone().max_pair(b.clone());
    let odds = (larger + softplus((unliked - b).abs() * -1.)) * -1.;
    softplus(odds.clone()) - clicks * odds
}

fn matrix(values: Vec<f32>, shape: [usize; 2], device: &Device) -> Tensor<2> {
    Tensor::from_data(TensorData::new::<f32, _>(values, shape), device)
}
