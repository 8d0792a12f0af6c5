//! Rows of a batch: choosing them, and setting the user beside them.

use burn::tensor::{Bool, Device, Int, Tensor, TensorData};
use psad_nn::Part;

/// `[item; profile]` for every item, as parts of what a layer reads.
pub(crate) fn beside_profile(items: Tensor<3>, profile: Tensor<2>) -> Vec<Part> {
    vec![Part::Items(items), Part::List(profile)]
}

/// Index into flattened `[batch · columns]` rows of the chosen columns, `[batch, slots]` → `[batch · slots]`.
///
/// A gather along an axis would be a general index loop, some thirty times slower.
pub(crate) fn flat_index(chosen: Tensor<2, Int>, columns: usize) -> Tensor<1, Int> {
    let [batch, slots] = chosen.dims();
    let offset = Tensor::<1, Int>::arange(0..batch as i64, &chosen.device()).reshape([batch, 1]) * columns as i32;
    (chosen + offset).reshape([batch * slots])
}

/// `[lists, columns]`: true from each list's length on.
pub(crate) fn beyond(lens: &[usize], columns: usize, device: &Device) -> Tensor<2, Bool> {
    let flags = lens.iter().flat_map(|&len| (0..columns).map(move |column| column >= len)).collect();
    Tensor::from_data(TensorData::new::<bool, _>(flags, [lens.len(), columns]), device)
}
