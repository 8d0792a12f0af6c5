//! A module's float parameters, kept on the host between steps.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Tensor, TensorData};
use psad_nn::ParameterError;

use crate::TrainError;
use crate::adam::{Adam, Moments};

/// One parameter with its moments.
#[derive(Debug, Clone)]
pub(crate) struct DenseParameter {
    /// Dotted path in the module.
    pub(crate) path: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Vec<f32>,
    pub(crate) first: Vec<f32>,
    pub(crate) second: Vec<f32>,
    pub(crate) updates: u32,
}

impl DenseParameter {
    /// One optimiser step. Weight decay pulls weights, not biases and norms, which have one dimension.
    pub(crate) fn update(&mut self, adam: &Adam, rate: f64, decay: f64, gradient: &[f32]) {
        let decay = if self.shape.len() >= 2 { decay } else { 0. };
        let moments = Moments { first: &mut self.first, second: &mut self.second, updates: &mut self.updates };
        adam.update(rate, decay, &mut self.values, moments, gradient);
    }
}

/// All float parameters in visiting order. Lazy ones are drawn now, in that order.
pub(crate) fn read<M: Module>(module: &M) -> Result<Vec<DenseParameter>, TrainError> {
    let mut reader = Reader { path: Vec::new(), found: Ok(Vec::new()) };
    module.visit(&mut reader);
    Ok(reader.found?)
}

/// The module with new values; `None` leaves a parameter as it is. `values` stands in visiting order.
pub(crate) fn write<'a, M: Module>(module: M, values: impl Iterator<Item = Option<&'a [f32]>>) -> M {
    module.map(&mut Writer { values })
}

/// The gradients of all float parameters in visiting order, `None` for those that the loss does not depend on.
pub(crate) fn gradients<M: Module>(
    module: &M,
    of: &burn::tensor::Gradients,
) -> Result<Vec<Option<Vec<f32>>>, TrainError> {
    let mut collector = Collector { path: Vec::new(), of, found: Ok(Vec::new()) };
    module.visit(&mut collector);
    collector.found
}

/// Number of float parameters.
pub(crate) fn count<M: Module>(module: &M) -> usize {
    let mut counter = Counter(0);
    module.visit(&mut counter);
    counter.0
}

struct Counter(usize);

impl ModuleVisitor for Counter {
    fn visit_float<const D: usize>(&mut self, _param: &Param<Tensor<D>>) {
        self.0 += 1;
    }
}

struct Reader {
    path: Vec<String>,
    found: Result<Vec<DenseParameter>, ParameterError>,
}

impl ModuleVisitor for Reader {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let Ok(found) = &mut self.found else { return };
        let path = self.path.join(".");
        let shape = param.lazy_shape().to_vec();
        match param.val().try_into_vec_as::<f32>() {
            Ok(values) => {
                let zeros = vec![0.; values.len()];
                let (first, second) = (zeros.clone(), zeros);
                found.push(DenseParameter { path, shape, values, first, second, updates: 0 });
            }
            Err(_) => self.found = Err(ParameterError::Read { path }),
        }
    }
}

struct Writer<I> {
    values: I,
}

impl<'a, I: Iterator<Item = Option<&'a [f32]>>> ModuleMapper for Writer<I> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(values) = self.values.next().flatten() else { return param };
        let device = param.lazy_device();
        param.map(|old| {
            let data = TensorData::new::<f32, _>(values.to_vec(), old.shape());
            Tensor::from_data(data, &device).set_require_grad(old.is_require_grad())
        })
    }
}

struct Collector<'a> {
    path: Vec<String>,
    of: &'a burn::tensor::Gradients,
    found: Result<Vec<Option<Vec<f32>>>, TrainError>,
}

impl ModuleVisitor for Collector<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let Ok(found) = &mut self.found else { return };
        let gradient = param.val().grad(self.of).map(Tensor::try_into_vec_as::<f32>).transpose();
        match gradient {
            Ok(gradient) => found.push(gradient),
            Err(_) => self.found = Err(TrainError::Read { what: self.path.join(".") }),
        }
    }
}
