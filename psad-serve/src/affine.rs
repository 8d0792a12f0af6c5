//! Linear layers: how they are read from a file, joined where nothing stands between them, and packed for the kernels.

use ndarray::{Array1, Array2, Axis, concatenate, s};

use crate::kernel::{Buffer, Dispatch, Right, Rows, Size, Then};

/// `x W + b`, in double precision while layers are joined.
#[derive(Clone)]
pub(crate) struct Affine {
    /// `W`, `[input, output]`.
    pub(crate) weight: Array2<f64>,
    /// `b`, `[output]`.
    pub(crate) bias: Array1<f64>,
}

/// Scale and shift of a layer normalisation, `[width]` each.
pub(crate) struct Norm {
    pub(crate) gamma: Array1<f64>,
    pub(crate) beta: Array1<f64>,
}

impl Affine {
    /// What follows a normalisation takes over its scale and shift: `(γ ⊙ x + β) W + b = x (γ W) + (β W + b)`.
    pub(crate) fn after(self, norm: &Norm) -> Self {
        let bias = norm.beta.dot(&self.weight) + &self.bias;
        Self { weight: self.weight * norm.gamma.view().insert_axis(Axis(1)), bias }
    }

    /// `other` behind this one, as one layer.
    pub(crate) fn then(&self, other: &Self) -> Self {
        Self { weight: self.weight.dot(&other.weight), bias: self.bias.dot(&other.weight) + &other.bias }
    }

    /// Both on the same input, their answers side by side.
    pub(crate) fn beside(&self, other: &Self) -> Self {
        Self {
            weight: side_by_side(Axis(1), &self.weight, &other.weight),
            bias: self.bias.iter().chain(&other.bias).copied().collect(),
        }
    }

    /// Everything times `factor`.
    pub(crate) fn scaled(self, factor: f64) -> Self {
        Self { weight: self.weight * factor, bias: self.bias * factor }
    }

    /// The part that reads `inputs` of the input; only the first part keeps the bias, so that parts add up to the whole.
    pub(crate) fn part(&self, inputs: std::ops::Range<usize>) -> Self {
        let bias = if inputs.start == 0 { self.bias.clone() } else { Array1::zeros(self.bias.len()) };
        Self { weight: self.weight.slice(s![inputs, ..]).to_owned(), bias }
    }

    /// Packs it for the kernels.
    pub(crate) fn pack(&self, dispatch: Dispatch) -> Linear {
        let (depth, columns) = self.weight.dim();
        let panel = dispatch.panel();
        let mut panels = Buffer::default();
        let room = panels.room(columns.div_ceil(panel) * panel * depth);
        room.fill(0.);
        for ((p, column), &weight) in self.weight.indexed_iter() {
            room[(column / panel * depth + p) * panel + column % panel] = weight as f32;
        }
        Linear { depth, columns, panels, bias: self.bias.iter().map(|&bias| bias as f32).collect() }
    }
}

fn side_by_side(axis: Axis, a: &Array2<f64>, b: &Array2<f64>) -> Array2<f64> {
    concatenate(axis, &[a.view(), b.view()]).expect("both sides read the same input")
}

/// A packed linear layer.
pub(crate) struct Linear {
    depth: usize,
    columns: usize,
    panels: Buffer,
    bias: Vec<f32>,
}

impl Linear {
    /// Width of the answer.
    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// Width of the input.
    pub(crate) fn depth(&self) -> usize {
        self.depth
    }

    /// The bias, `[columns]`.
    pub(crate) fn bias(&self) -> &[f32] {
        &self.bias
    }

    /// Applies the layer to `rows` rows of `a`, and puts the answers into rows of `columns` values.
    pub(crate) fn apply(&self, dispatch: Dispatch, a: Rows<'_>, rows: usize, c: &mut [f32], then: Then) {
        self.apply_with(dispatch, a, rows, Some(&self.bias), c, then);
    }

    /// As [`Linear::apply`], with another bias or none.
    pub(crate) fn apply_with(
        &self,
        dispatch: Dispatch,
        a: Rows<'_>,
        rows: usize,
        bias: Option<&[f32]>,
        c: &mut [f32],
        then: Then,
    ) {
        let size = Size { rows, depth: self.depth, columns: self.columns };
        dispatch.product(size, a, Right::Packed(self.panels.all()), bias, (c, self.columns), then);
    }

    /// Applies the layer to rows that stand close together.
    pub(crate) fn forward(&self, dispatch: Dispatch, a: &[f32], c: &mut [f32], then: Then) {
        self.apply(dispatch, Rows::new(a, self.depth), c.len() / self.columns.max(1), c, then);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn apply(layer: &Affine, x: &Array1<f64>) -> Array1<f64> {
        x.dot(&layer.weight) + &layer.bias
    }

    #[test]
    fn joined_layers_are_the_layers_in_turn() {
        let first = Affine { weight: array![[1., 2., 0.5], [-1., 0.5, 3.]], bias: array![0.1, -0.2, 0.3] };
        let second = Affine { weight: array![[2., 1.], [0.5, -1.], [1., 0.]], bias: array![1., -1.] };
        let norm = Norm { gamma: array![2., -0.5], beta: array![0.3, 0.7] };
        let x = array![0.4, -1.5];
        let close = |a: &Array1<f64>, b: &Array1<f64>| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12);
        assert!(close(&apply(&first.then(&second), &x), &apply(&second, &apply(&first, &x))));
        let normed = &x * &norm.gamma + &norm.beta;
        assert!(close(&apply(&first.clone().after(&norm), &x), &apply(&first, &normed)));
        let both = apply(&first.beside(&first.clone().scaled(2.)), &x);
        assert!(both.iter().skip(3).zip(&both).all(|(twice, once)| (twice - 2. * once).abs() < 1e-12));
        let parts = apply(&first.part(0..1), &array![0.4]) + apply(&first.part(1..2), &array![-1.5]);
        assert!(close(&parts, &apply(&first, &x)));
    }
}
