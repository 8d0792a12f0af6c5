//! From a pair of functions on slices to an operation of the graph.

use std::fmt::Debug;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Flex, TensorMetadata};
use burn::tensor::{Bool, DType, Tensor, TensorData};

type Graph = Autodiff<Flex>;

/// A tensor of any rank whose values are a slice on the host.
#[derive(Debug, Clone)]
pub(super) enum Input {
    /// Outside any graph.
    Plain(FlexTensor),
    /// In a graph.
    Tracked(FloatTensor<Graph>),
}

/// What an operation reads.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) values: &'a [f32],
    pub(super) shape: &'a [usize],
}

impl View<'_> {
    /// Length of the last dimension.
    pub(super) fn width(&self) -> usize {
        self.shape.last().copied().unwrap_or(1)
    }
}

/// What an operation answers, and what it remembers for its backward pass.
pub(super) struct Output {
    pub(super) values: Vec<f32>,
    pub(super) shape: Vec<usize>,
    pub(super) kept: Vec<f32>,
}

/// What a backward pass may look at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Past<'a> {
    pub(super) output: View<'a>,
    pub(super) kept: &'a [f32],
    /// The gradient of the output.
    pub(super) gradient: &'a [f32],
}

/// An operation of `N` inputs.
pub(super) trait Fused<const N: usize>: Debug + Clone + Send + 'static {
    fn forward(&self, inputs: [View<'_>; N]) -> Output;

    /// Gradients of the inputs, of their shapes; those that are not `wanted` may be left empty.
    fn backward(&self, inputs: [View<'_>; N], past: Past<'_>, wanted: [bool; N]) -> [Vec<f32>; N];
}

impl Input {
    /// `None` where the values of the tensor are not `f32` on the host.
    pub(super) fn of<const D: usize>(tensor: &Tensor<D>) -> Option<Self> {
        if tensor.dtype() != DType::F32 {
            return None;
        }
        let tensor = tensor.clone();
        if tensor.device().is_autodiff() {
            tensor.try_into_primitive::<Graph>().ok().map(Self::Tracked)
        } else {
            tensor.try_into_primitive::<Flex>().ok().map(Self::Plain)
        }
    }

    /// Its values in row-major order.
    pub(super) fn values(&self) -> FlexTensor {
        let tensor = match self {
            Self::Plain(tensor) => tensor,
            Self::Tracked(tensor) => tensor.primitive(),
        };
        // A part of a larger tensor may be row-major as it is.
        if tensor.as_slice::<f32>().is_some() { tensor.clone() } else { tensor.to_contiguous() }
    }
}

/// Flags as bytes, 0 for false, in a row-major tensor; `None` where they are not on the host.
pub(super) fn flags<const D: usize>(tensor: &Tensor<D, Bool>) -> Option<FlexTensor> {
    let tensor = tensor.clone();
    let flags = if tensor.device().is_autodiff() {
        tensor.try_into_primitive::<Graph>().ok()
    } else {
        tensor.try_into_primitive::<Flex>().ok()
    };
    flags.filter(|flags| matches!(flags.dtype(), DType::Bool(_) | DType::U8)).map(|flags| flags.to_contiguous())
}

/// The bytes of [`flags`].
pub(super) fn bytes(flags: &FlexTensor) -> &[u8] {
    let start = flags.layout().start_offset();
    &flags.bytes()[start..start + flags.layout().num_elements()]
}

/// The values of a row-major tensor.
pub(super) fn floats(tensor: &FlexTensor) -> &[f32] {
    tensor.as_slice::<f32>().unwrap_or_default()
}

/// Runs an operation; `None` if some inputs are in a graph and others are not, which no backend takes.
pub(super) fn apply<const N: usize, const D: usize, O: Fused<N>>(op: O, inputs: [Input; N]) -> Option<Tensor<D>> {
    let values = inputs.each_ref().map(Input::values);
    let shapes = values.each_ref().map(shape);
    let output = op.forward(std::array::from_fn(|i| View { values: floats(&values[i]), shape: &shapes[i] }));
    let Output { values: answer, shape, kept } = output;
    let answer = FlexTensor::from_data(TensorData::new(answer, shape));
    if inputs.iter().all(|input| matches!(input, Input::Plain(_))) {
        return Some(Tensor::from_primitive::<Flex>(answer));
    }
    let mut nodes = Vec::with_capacity(N);
    for input in inputs {
        match input {
            Input::Plain(_) => return None,
            Input::Tracked(tensor) => nodes.push(tensor.into_parts().1),
        }
    }
    let nodes = <[_; N]>::try_from(nodes).ok()?;
    let step = Step(op);
    let tensor = match step.clone().prepare::<NoCheckpointing>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(prepared) => {
            let state = State { step, inputs: values, output: answer.clone(), kept };
            prepared.finish(state, answer)
        }
        OpsKind::UnTracked(prepared) => prepared.finish(answer),
    };
    Some(Tensor::from_primitive::<Graph>(tensor))
}

fn shape(tensor: &FlexTensor) -> Vec<usize> {
    tensor.shape().to_vec()
}

#[derive(Debug, Clone)]
struct Step<O>(O);

#[derive(Debug, Clone)]
struct State<O, const N: usize> {
    step: Step<O>,
    inputs: [FlexTensor; N],
    output: FlexTensor,
    kept: Vec<f32>,
}

impl<const N: usize, O: Fused<N>> Backward<Flex, N> for Step<O> {
    type State = State<O, N>;

    fn backward(self, ops: Ops<Self::State, N>, gradients: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let gradient = gradients.consume::<Flex>(&ops.node).to_contiguous();
        let State { step, inputs, output, kept } = ops.state;
        let shapes = inputs.each_ref().map(shape);
        let views = std::array::from_fn(|i| View { values: floats(&inputs[i]), shape: &shapes[i] });
        let wanted = ops.parents.each_ref().map(Option::is_some);
        let output_shape = shape(&output);
        let output = View { values: floats(&output), shape: &output_shape };
        let past = Past { output, kept: &kept, gradient: floats(&gradient) };
        let answers = step.0.backward(views, past, wanted);
        for ((node, answer), shape) in ops.parents.into_iter().zip(answers).zip(shapes) {
            if let Some(node) = node {
                gradients.register::<Flex>(node.id, FlexTensor::from_data(TensorData::new(answer, shape)));
            }
        }
    }
}
