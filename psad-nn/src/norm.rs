//! Layer normalisation.

use burn::module::{Module, Param};
use burn::tensor::Tensor;

use crate::fused::normalise;

/// Added to the variance.
const EPSILON: f64 = 1e-5;

/// `(x − mean) / √(variance + 1e-5) · γ + β` over the last dimension (Ba et al. 2016).
///
/// Burn's own layer normalisation under autodiff is a chain of ten operations; this is one. Parameters have the same names.
#[derive(Module, Debug)]
pub struct Norm {
    pub(crate) gamma: Param<Tensor<1>>,
    pub(crate) beta: Param<Tensor<1>>,
}

impl Norm {
    /// # Shapes
    /// `[.., width]` → the same
    pub fn forward<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        normalise(input, self.gamma.val(), self.beta.val(), EPSILON)
    }
}
