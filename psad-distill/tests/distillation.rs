//! Distillation is a divergence: zero where the student says what the teacher says, and nowhere else.

mod common;

use burn::tensor::{Device, Tensor};
use common::{World, cases, close, slope_fits, values, worlds};
use proptest::prelude::*;
use psad_distill::{collapse, distillation_loss, row_wise_distillation_loss};

fn decays() -> impl Strategy<Value = f64> {
    prop::sample::select(vec![0.1, 0.8, 1.])
}

fn temperatures() -> impl Strategy<Value = f64> {
    prop::sample::select(vec![0.5, 1., 3.])
}

/// The collapsed form per list.
fn collapsed(world: &World, matrix: Tensor<3>, scores: Tensor<2>, decay: f64, temperature: f64) -> Tensor<1> {
    let pad = world.pad(&scores.device());
    distillation_loss(collapse(matrix, &world.lens(), decay), scores, pad, temperature)
}

/// The row-wise form per list.
fn row_wise(world: &World, matrix: Tensor<3>, scores: Tensor<2>, decay: f64, temperature: f64) -> Tensor<1> {
    let unavailable = world.targets(&scores.device()).unavailable;
    let [lists, slots, candidates] = matrix.dims();
    let rows = scores.reshape([lists, 1, candidates]).expand([lists, slots, candidates]);
    row_wise_distillation_loss(matrix, unavailable, &world.lens(), rows, temperature, decay)
}

type Form = fn(&World, Tensor<3>, Tensor<2>, f64, f64) -> Tensor<1>;

const FORMS: [Form; 2] = [collapsed, row_wise];

fn losses(form: Form, world: &World, decay: f64, temperature: f64) -> Vec<f32> {
    let device = Device::flex();
    values(form(world, world.matrix(&device), world.scores(&device), decay, temperature))
}

/// The reference of the form at `FORMS[form]`.
fn expected(form: usize, world: &World, list: usize, decay: f64, temperature: f64) -> f64 {
    let (list, slots) = (&world.lists[list], world.schedule().slots());
    match form {
        0 => list.distillation(slots, world.block, decay, temperature),
        _ => list.row_wise(slots, world.block, decay, temperature),
    }
}

/// The student says what the teacher says, for the form at `FORMS[form]`.
fn agreeing(form: usize, mut world: World, decay: f64, temperature: f64) -> World {
    let (slots, block) = (world.schedule().slots(), world.block);
    for list in &mut world.lists {
        if form == 0 {
            list.scores = list.guidance(slots, block, decay).iter().map(|t| t.ln() * temperature).collect();
        } else {
            list.logits = vec![list.scores.iter().map(|score| score / temperature).collect(); list.logits.len()];
        }
    }
    world
}

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn the_matrix_collapses_as_the_formula_says(world in worlds(), decay in decays()) {
        let found = values(collapse(world.matrix(&Device::flex()), &world.lens(), decay));
        for (list, row) in world.lists.iter().zip(found.chunks(world.columns())) {
            let expected = list.guidance(world.schedule().slots(), world.block, decay);
            prop_assert!(row.iter().zip(&expected).all(|(&found, &expected)| close(found, expected)));
            prop_assert!(row[list.len()..].iter().all(|&padding| padding == 0.));
            prop_assert!((row.iter().sum::<f32>() - 1.).abs() < 1e-6);
        }
    }

    #[test]
    fn without_decay_the_matrix_collapses_to_its_mean_row(world in worlds()) {
        let found = values(collapse(world.matrix(&Device::flex()), &world.lens(), 1.));
        for (list, row) in world.lists.iter().zip(found.chunks(world.columns())) {
            let matrix = list.matrix(world.schedule().slots(), world.block);
            let mean = |item: usize| matrix.iter().map(|row| row[item]).sum::<f64>() / matrix.len() as f64;
            prop_assert!((0..list.len()).all(|item| close(row[item], mean(item))));
        }
    }

    #[test]
    fn both_forms_are_those_of_the_formulas(world in worlds(), decay in decays(), temperature in temperatures()) {
        for (index, form) in FORMS.into_iter().enumerate() {
            for (list, found) in losses(form, &world, decay, temperature).into_iter().enumerate() {
                let expected = expected(index, &world, list, decay, temperature);
                prop_assert!(close(found, expected), "{} {}", found, expected);
                prop_assert!(found > -1e-5, "{}", found);
            }
        }
    }

    #[test]
    fn padding_and_batch_mates_change_neither_form(world in worlds(), decay in decays(), temperature in temperatures()) {
        for form in FORMS {
            for (index, together) in losses(form, &world, decay, temperature).into_iter().enumerate() {
                prop_assert!(close(losses(form, &world.alone(index), decay, temperature)[0], f64::from(together)));
            }
        }
    }

    #[test]
    fn a_student_that_says_what_the_teacher_says_loses_nothing(
        world in worlds(), decay in decays(), temperature in temperatures(),
    ) {
        for (index, form) in FORMS.into_iter().enumerate() {
            let world = agreeing(index, world.clone(), decay, temperature);
            for loss in losses(form, &world, decay, temperature) {
                // Up to 7 rows whose logarithms, of about 15, are each rounded in the last bit.
                prop_assert!(loss.abs() <= [1e-6, 7e-6][index], "{}", loss);
            }
        }
    }

    #[test]
    fn a_student_that_says_anything_else_loses(
        world in worlds(), decay in decays(), temperature in temperatures(),
        item in any::<prop::sample::Index>(), change in prop::sample::select(vec![-1.5, 0.5, 2.]),
    ) {
        for (index, form) in FORMS.into_iter().enumerate() {
            let mut world = agreeing(index, world.clone(), decay, temperature);
            for list in &mut world.lists {
                let item = item.index(list.len());
                list.scores[item] += change;
            }
            for (list, loss) in losses(form, &world, decay, temperature).into_iter().enumerate() {
                let expected = expected(index, &world, list, decay, temperature);
                // A list of one leaves no choice; a change to what has no weight is below what `f32` can show.
                prop_assert_eq!(expected > 1e-12, world.lists[list].len() > 1);
                prop_assert!(expected < 1e-5 || loss > 0., "{} {}", loss, expected);
            }
        }
    }

    #[test]
    fn gradients_are_the_slopes_and_none_reaches_the_teacher(
        world in worlds(), decay in decays(), temperature in temperatures(),
    ) {
        let device = Device::flex().autodiff();
        for (index, form) in FORMS.into_iter().enumerate() {
            let (matrix, scores) = (world.matrix(&device).require_grad(), world.scores(&device).require_grad());
            let gradients = form(&world, matrix.clone(), scores.clone(), decay, temperature).sum().backward();
            prop_assert!(matrix.grad(&gradients).is_none());
            let slopes = values(scores.grad(&gradients).unwrap());
            for (list, slopes) in slopes.chunks(world.columns()).enumerate() {
                let len = world.lists[list].len();
                for (item, &slope) in slopes[..len].iter().enumerate() {
                    let loss_at = |step: f64| {
                        let mut world = world.clone();
                        world.lists[list].scores[item] += step;
                        expected(index, &world, list, decay, temperature)
                    };
                    prop_assert!(slope_fits(slope, loss_at), "{}", slope);
                }
                prop_assert!(slopes[len..].iter().all(|&slope| slope == 0.));
            }
        }
    }
}
