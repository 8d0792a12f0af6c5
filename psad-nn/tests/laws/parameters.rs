//! Parameters that were replaced still learn, and a model that is moved keeps them.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, Tensor};
use psad_nn::{FeedForward, Mlp, TransformerLayerConfig, Weights, load_parameters, named_parameters};

/// The gradient of every parameter, in the order of the module.
struct Collect<'a> {
    gradients: &'a Gradients,
    found: Vec<Option<Vec<f32>>>,
}

impl ModuleVisitor for Collect<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let gradient = param.val().grad(self.gradients);
        self.found.push(gradient.map(|gradient| gradient.try_into_vec_as().unwrap()));
    }
}

#[test]
fn a_loaded_module_learns_as_the_one_it_was_read_from() {
    let device = Device::flex().autodiff();
    let block = |seed| FeedForward::init(2, 3, 2, &mut Weights::seeded(seed, &device));
    let loaded = load_parameters(block(2), named_parameters(&block(1)).unwrap()).unwrap();
    let gradients = |block: &FeedForward| {
        let input = Tensor::<2>::from_data([[1., -2.], [0.5, 3.]], &device);
        let gradients = block.forward(input).powi_scalar(2).sum().backward();
        let mut collect = Collect { gradients: &gradients, found: Vec::new() };
        block.visit(&mut collect);
        collect.found
    };
    assert!(gradients(&loaded).iter().all(Option::is_some) && gradients(&loaded).len() == 4);
    assert_eq!(gradients(&loaded), gradients(&block(1)));
    assert!(gradients(&loaded.valid().train()).iter().all(Option::is_some));
}

#[test]
fn the_inference_form_holds_the_same_parameters() {
    let layer = TransformerLayerConfig::new(4).init(5, &Device::flex().autodiff());
    assert_eq!(named_parameters(&layer).unwrap(), named_parameters(&layer.valid()).unwrap());
    let plain = TransformerLayerConfig::new(4).init(5, &Device::flex());
    assert_eq!(named_parameters(&layer).unwrap(), named_parameters(&plain).unwrap());
    let loaded = load_parameters(plain.valid(), named_parameters(&layer).unwrap()).unwrap();
    assert_eq!(named_parameters(&layer).unwrap(), named_parameters(&loaded).unwrap());
}

#[test]
fn a_block_that_starts_at_zero_answers_zero() {
    let device = Device::flex();
    let block = FeedForward::init_zero(3, 4, 2, &mut Weights::seeded(1, &device));
    let answer: Vec<f32> = block.forward(Tensor::<2>::ones([2, 3], &device)).try_into_vec_as().unwrap();
    assert_eq!(answer, [0.; 4]);
    let mut weights = Weights::seeded(1, &device);
    let chain = Mlp::init_zero(&[3, 4, 2], &mut weights);
    let answer: Vec<f32> = chain.forward(Tensor::<2>::ones([2, 3], &device)).try_into_vec_as().unwrap();
    assert_eq!(answer, [0.; 4]);
    let (zeroed, plain) = (named_parameters(&chain).unwrap(), Mlp::init(&[3, 4, 2], &mut Weights::seeded(1, &device)));
    assert_eq!(zeroed["layers.0.weight"], named_parameters(&plain).unwrap()["layers.0.weight"]);
    let projection = weights.zero_projection(3, 2);
    assert!(projection.bias.is_none());
    let answer: Vec<f32> = projection.forward(Tensor::<2>::ones([1, 3], &device)).try_into_vec_as().unwrap();
    assert_eq!(answer, [0.; 2]);
}

#[test]
fn a_chain_of_layers_bends_between_them_and_not_behind_the_last() {
    let device = Device::flex();
    let chain = Mlp::init(&[1, 1, 1], &mut Weights::seeded(1, &device));
    let mut values = named_parameters(&chain).unwrap();
    for (path, array) in &mut values {
        array.fill(if path.ends_with("weight") { -1. } else { 0. });
    }
    let chain = load_parameters(chain, values).unwrap();
    let answer: Vec<f32> = chain.forward(Tensor::<2>::from_data([[2.], [-3.]], &device)).try_into_vec_as().unwrap();
    assert_eq!(answer, [0., -3.]);
}

#[test]
fn each_way_of_drawing_keeps_its_shape_and_range() {
    let device = Device::flex();
    let mut weights = Weights::seeded(3, &device);
    let bounded: Vec<f32> = weights.uniform([20, 5], 0.3).val().try_into_vec_as().unwrap();
    assert!(bounded.iter().all(|value| value.abs() <= 0.3) && bounded.iter().any(|value| value.abs() > 0.2));
    let layer = weights.projection(4, 2);
    assert!(layer.bias.is_none() && layer.weight.dims() == [4, 2]);
    // A slip in a deviation or bound falls back to the mean.
    for slip in [weights.normal([3], f32::NAN), weights.uniform([3], f32::NAN), weights.uniform([3], -1.)] {
        let values: Vec<f32> = slip.val().try_into_vec_as().unwrap();
        assert_eq!(values, [0.; 3]);
    }
    assert_ne!(weights.next_seed(), weights.next_seed());
}
