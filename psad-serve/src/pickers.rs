//! Interim.
use ndarray::ArrayView2;
use psad_core::SlateBuilder;
use psad_decode::Strategy;

#[derive(Default)]
pub(crate) struct Pickers(Picker);
#[derive(Default)]
pub(crate) struct Picker;
impl Pickers {
    pub(crate) fn of(&mut self, strategy: &Strategy) -> Option<&mut Picker> {
        matches!(strategy, Strategy::Greedy).then_some(&mut self.0)
    }
}
impl Picker {
    pub(crate) fn start(&mut self, _: Option<ArrayView2<'_, f32>>) -> Result<(), String> { Ok(()) }
    pub(crate) fn fill(&mut self, slate: &mut SlateBuilder, logits: ArrayView2<'_, f32>, end: usize) -> Result<(), String> {
        for row in logits.outer_iter().take(end - slate.len()) {
            let mut best = None;
            for (item, &logit) in row.iter().enumerate() {
                if slate.is_free(item) && best.is_none_or(|(_, top)| logit > top) { best = Some((item, logit)); }
            }
            if let Some((item, _)) = best { slate.push(item).map_err(|e| e.to_string())?; }
        }
        Ok(())
    }
}
