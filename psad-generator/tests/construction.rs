//! How generators are made: configuration, seeds, and the gradients that they learn by.

mod common;

use std::collections::BTreeMap;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, Tensor};
use common::{List, PROFILE, WIDTH, World, available, tensor, values};
use ndarray::ArrayD;
use psad_generator::{GeneratorConfig, GeneratorConfigError};
use psad_nn::{Generator, load_parameters, named_parameters};

fn config() -> GeneratorConfig {
    GeneratorConfig::new(WIDTH, PROFILE, 9)
}

#[test]
fn a_size_of_zero_is_an_error_that_names_the_field() {
    for (field, config) in [
        ("width", GeneratorConfig::new(0, PROFILE, 9)),
        ("profile", GeneratorConfig::new(WIDTH, 0, 9)),
        ("max_candidates", GeneratorConfig::new(WIDTH, PROFILE, 0)),
        ("block_size", config().with_block_size(0)),
        ("heads", config().with_heads(0)),
        ("feed_forward", config().with_feed_forward(0)),
        ("pointer", config().with_pointer(0)),
    ] {
        let error = config.init(1, &Device::flex()).unwrap_err();
        assert_eq!(error, GeneratorConfigError::Zero { field });
        assert!(error.to_string().contains(&format!("`{field}`")), "{error}");
    }
}

#[test]
fn heads_must_divide_the_width() {
    let error = config().with_heads(3).init(1, &Device::flex()).unwrap_err();
    assert_eq!(error, GeneratorConfigError::Heads { heads: 3, width: WIDTH });
    assert!(config().with_heads(4).check().is_ok());
}

#[test]
fn the_same_seed_makes_the_same_generator_and_another_seed_another_one() {
    for context in [true, false] {
        let made = |seed| config().with_context_enhancement(context).init(seed, &Device::flex()).unwrap();
        let parameters = |seed| named_parameters(&made(seed)).unwrap();
        assert_eq!(parameters(7), parameters(7));
        let (a, b) = (parameters(7), parameters(8));
        // Biases start at zero, norms at one, and the pointer at the ranker's scores, whatever the seed.
        let fixed = ["pointer.compare.weight", "pointer.ranker"];
        let drawn = a.keys().filter(|name| !name.ends_with("bias") && !name.contains("norm"));
        let drawn: Vec<&String> = drawn.filter(|name| !fixed.contains(&name.as_str())).collect();
        assert!(drawn.len() >= 5 && drawn.iter().all(|&name| a[name] != b[name]), "{drawn:?}");
        assert_eq!(a.keys().any(|name| name.starts_with("context")), context);
    }
}

#[test]
fn the_block_size_is_the_one_of_the_configuration() {
    assert_eq!(config().with_block_size(3).init(1, &Device::flex()).unwrap().block_size(), 3);
}

#[test]
fn gradients_are_those_of_finite_differences() {
    for (context, block) in [(true, 1), (true, 2), (true, 5), (false, 2)] {
        check_gradients(&world(context, block));
    }
}

/// Two lists of different lengths in a batch with spare columns.
fn world(context: bool, block: usize) -> World {
    let lists = vec![List::random(11, 5), List::random(12, 3)];
    World { lists, spare: 1, slots: 5, block, made_for: block, context, seed: 3 }
}

fn check_gradients(world: &World) {
    let device = Device::flex().autodiff();
    let weights = weights(world);
    let generator = world.generator(&device);
    let logits = generator.teacher_forced(&world.encoded(&device), world.teaching(), world.targets(&device));
    let shape = logits.dims();
    let loss = (logits * tensor(weights.clone(), shape, &device)).sum();
    let gradients = gradients_of(&generator, &loss.backward());

    let plain = Device::flex();
    let parameters = named_parameters(&generator).unwrap();
    let loss_at = |parameters: BTreeMap<String, ArrayD<f32>>| {
        let generator = load_parameters(world.generator(&plain), parameters).unwrap();
        let logits = generator.teacher_forced(&world.encoded(&plain), world.teaching(), world.targets(&plain));
        // Summed in f64, so that rounding is that of the single logits.
        values(logits).iter().zip(&weights).map(|(&logit, &weight)| f64::from(logit) * f64::from(weight)).sum::<f64>()
    };
    let centre = loss_at(parameters.clone());
    assert_eq!(gradients.keys().collect::<Vec<_>>(), parameters.keys().collect::<Vec<_>>());
    let (mut checked, mut kinks) = (0, 0);
    for (name, gradient) in &gradients {
        // A stride that is coprime to the widths meets all rows and columns.
        for coordinate in (0..gradient.len()).step_by(if gradient.len() > 20 { 11 } else { 3 }) {
            let moved = |step: f32| {
                let mut parameters = parameters.clone();
                parameters.get_mut(name).unwrap().as_slice_mut().unwrap()[coordinate] += step;
                loss_at(parameters)
            };
            let (up, down) = ((moved(EPSILON) - centre) / STEP, (centre - moved(-EPSILON)) / STEP);
            let (expected, found) = (f64::midpoint(up, down), f64::from(gradient[coordinate]));
            checked += 1;
            // Some unit of a ReLU changes sides between the two points: there is no slope to compare with.
            if (up - down).abs() > 0.1 * expected.abs().max(0.5) {
                kinks += 1;
                continue;
            }
            let error = (found - expected).abs();
            assert!(error <= 2e-2 * expected.abs() + FLOOR, "{name}[{coordinate}]: {found}, difference {expected}");
        }
    }
    assert!(checked >= 40 && kinks * 20 < checked, "{kinks} kinks in {checked} coordinates");
    // Added to every key alike, a key's bias moves no attention weight; in a single block nothing is placed yet.
    let silent = |name: &str| name.ends_with("key.bias") || (name == "places" && world.teaching().steps() == 1);
    let small = |gradient: &[f32]| gradient.iter().all(|value| f64::from(value.abs()) < FLOOR);
    for (name, gradient) in &gradients {
        assert_eq!(small(gradient), silent(name), "{name}: {gradient:?}");
    }
}

const EPSILON: f32 = 4e-3;
const STEP: f64 = EPSILON as f64;

/// Some twenty logits of about one, each off by up to 5e-7, over a step of 8e-3, and the curvature of a smooth loss.
const FLOOR: f64 = 2e-3;

/// A weight per logit, zero where the list can use none.
fn weights(world: &World) -> Vec<f32> {
    let (slots, columns) = (world.teaching().slots(), world.columns());
    let mut weights = vec![0.; world.lists.len() * slots * columns];
    for (index, list) in world.lists.iter().enumerate() {
        for slot in 0..slots.min(list.len()) {
            for item in available(list, world.teaching(), slot) {
                let place = (index * slots + slot) * columns + item;
                weights[place] = ((place * 7 + 3) % 11) as f32 / 5. - 1.;
            }
        }
    }
    weights
}

/// The gradient of every parameter; zero where the loss does not depend on it.
fn gradients_of<M: Module>(module: &M, of: &Gradients) -> BTreeMap<String, Vec<f32>> {
    struct Collect<'a> {
        path: Vec<String>,
        of: &'a Gradients,
        found: BTreeMap<String, Vec<f32>>,
    }
    impl ModuleVisitor for Collect<'_> {
        fn enter_module(&mut self, name: &str, _container: &str) {
            self.path.push(name.to_owned());
        }
        fn exit_module(&mut self, _name: &str, _container: &str) {
            self.path.pop();
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let zero = || vec![0.; param.val().shape().num_elements()];
            let gradient = param.val().grad(self.of).map_or_else(zero, values);
            self.found.insert(self.path.join("."), gradient);
        }
    }
    let mut collect = Collect { path: Vec::new(), of, found: BTreeMap::new() };
    module.visit(&mut collect);
    collect.found
}
