//! A module's parameters as named arrays on the host.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Tensor, TensorData};
use ndarray::{ArrayD, IxDyn};
use thiserror::Error;

/// All float parameters of a module by their dotted path, such as `encoder.layers.0.attention.query.weight`.
///
/// # Errors
/// [`ParameterError::Read`] if the device does not give a tensor back.
pub fn named_parameters<M: Module>(module: &M) -> Result<BTreeMap<String, ArrayD<f32>>, ParameterError> {
    let mut collect = Collect { path: Vec::new(), found: Ok(BTreeMap::new()) };
    module.visit(&mut collect);
    collect.found
}

/// Replaces every float parameter of a module by the array of the same path.
///
/// # Errors
/// [`ParameterError::Missing`], [`ParameterError::Shape`], [`ParameterError::NonFinite`] with the path, or
/// [`ParameterError::Unused`] for an array that no parameter asked for.
pub fn load_parameters<M: Module>(module: M, values: BTreeMap<String, ArrayD<f32>>) -> Result<M, ParameterError> {
    let mut replace = Replace { path: Vec::new(), values, fault: None };
    let module = module.map(&mut replace);
    match (replace.fault, replace.values.into_keys().next()) {
        (Some(fault), _) => Err(fault),
        (None, Some(path)) => Err(ParameterError::Unused { path }),
        (None, None) => Ok(module),
    }
}

struct Collect {
    path: Vec<String>,
    found: Result<BTreeMap<String, ArrayD<f32>>, ParameterError>,
}

impl ModuleVisitor for Collect {
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
        let values = param.val().try_into_vec_as::<f32>();
        let array = values.ok().and_then(|values| ArrayD::from_shape_vec(IxDyn(&shape), values).ok());
        match array {
            Some(array) => drop(found.insert(path, array)),
            None => self.found = Err(ParameterError::Read { path }),
        }
    }
}

struct Replace {
    path: Vec<String>,
    values: BTreeMap<String, ArrayD<f32>>,
    fault: Option<ParameterError>,
}

impl ModuleMapper for Replace {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if self.fault.is_some() {
            return param;
        }
        let path = self.path.join(".");
        let expected = param.lazy_shape().to_vec();
        match self.values.remove(&path) {
            None => self.fault = Some(ParameterError::Missing { path }),
            Some(array) if array.shape() != expected => {
                self.fault = Some(ParameterError::Shape { path, expected, found: array.shape().to_vec() });
            }
            Some(array) => {
                if let Some(&value) = array.iter().find(|value| !value.is_finite()) {
                    self.fault = Some(ParameterError::NonFinite { path, value });
                    return param;
                }
                let device = param.lazy_device();
                return param.map(|old| {
                    let data = TensorData::new::<f32, _>(array.into_iter().collect(), expected);
                    let requires = old.is_require_grad();
                    Tensor::from_data(data, &device).set_require_grad(requires)
                });
            }
        }
        param
    }
}

/// Why parameters cannot be read or replaced.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum ParameterError {
    /// The device gives nothing back.
    #[error("parameter `{path}` cannot be read from its device")]
    Read {
        /// The parameter.
        path: String,
    },
    /// No array of this name.
    #[error("parameter `{path}` is missing")]
    Missing {
        /// The parameter.
        path: String,
    },
    /// An array of another shape.
    #[error("parameter `{path}`: the model has the shape {expected:?}, the file {found:?}")]
    Shape {
        /// The parameter.
        path: String,
        /// Shape in the model.
        expected: Vec<usize>,
        /// Shape of the array.
        found: Vec<usize>,
    },
    /// A value that is NaN or infinite.
    #[error("parameter `{path}` holds {value}")]
    NonFinite {
        /// The parameter.
        path: String,
        /// The value.
        value: f32,
    },
    /// An array that belongs to no parameter.
    #[error("the model has no parameter `{path}`")]
    Unused {
        /// Name of the array.
        path: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AttentionConfig;
    use burn::tensor::Device;

    #[test]
    fn parameters_move_from_one_module_to_another() {
        let device = Device::flex();
        let (a, b) = (AttentionConfig::new(4).init(1, &device), AttentionConfig::new(4).init(2, &device));
        let values = named_parameters(&a).unwrap();
        assert!(values.contains_key("query.weight"), "{:?}", values.keys());
        assert_ne!(named_parameters(&b).unwrap(), values);
        let b = load_parameters(b, values.clone()).unwrap();
        assert_eq!(named_parameters(&b).unwrap(), values);
    }

    #[test]
    fn whatever_does_not_fit_is_named() {
        let device = Device::flex();
        let module = || AttentionConfig::new(4).init(1, &device);
        let values = named_parameters(&module()).unwrap();
        let fault = |name: &str, array: Option<ArrayD<f32>>| {
            let mut values = values.clone();
            values.remove(name);
            values.extend(array.map(|array| (name.to_owned(), array)));
            load_parameters(module(), values).unwrap_err()
        };
        let missing = fault("key.bias", None);
        assert_eq!(missing, ParameterError::Missing { path: "key.bias".into() });
        let shape = fault("key.bias", Some(ArrayD::zeros(IxDyn(&[3]))));
        assert!(matches!(shape, ParameterError::Shape { .. }));
        let nan = fault("key.bias", Some(ArrayD::from_elem(IxDyn(&[4]), f32::NAN)));
        assert!(matches!(nan, ParameterError::NonFinite { .. }));
        let unused = fault("other", Some(ArrayD::zeros(IxDyn(&[1]))));
        assert_eq!(unused, ParameterError::Unused { path: "other".into() });
    }
}
