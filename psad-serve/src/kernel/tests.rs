//! The kernels on every path against plain loops in `f64`.

use super::*;
use proptest::prelude::*;

fn values(len: usize, seed: u64, size: f32) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 40) as f32 / (1_u64 << 24) as f32 - 0.5) * 2. * size
    };
    (0..len).map(|_| next()).collect()
}

/// `[panels][depth][panel]` of `[depth, columns]`, with something in the padding that must not matter.
fn packed(dispatch: Dispatch, plain: &[f32], depth: usize, columns: usize) -> Vec<f32> {
    let panel = dispatch.panel();
    let mut packed = vec![f32::NAN; columns.div_ceil(panel) * panel * depth];
    for p in 0..depth {
        for column in 0..columns {
            packed[(column / panel * depth + p) * panel + column % panel] = plain[p * columns + column];
        }
    }
    packed
}

fn close(found: f32, expected: f64, room: f64) -> Result<(), TestCaseError> {
    prop_assert!((f64::from(found) - expected).abs() <= room * (1. + expected.abs()), "{found}, expected {expected}");
    Ok(())
}

proptest! {
    #[test]
    fn a_product_is_a_product_whatever_its_sides(
        rows in 0_usize..40,
        depth in 0_usize..40,
        columns in 1_usize..80,
        more in 0_usize..5,
        seed: u64,
        then in 0_usize..4,
    ) {
        let then = [Then::Write, Then::Add, Then::Relu, Then::AddRelu][then];
        let (a_stride, c_stride) = (depth + more, columns + more);
        let (a, b) = (values(rows * a_stride, seed, 1.), values(depth * columns, seed ^ 1, 1.));
        let (bias, before) = (values(columns, seed ^ 2, 1.), values(rows * c_stride, seed ^ 3, 1.));
        for dispatch in Dispatch::available() {
            let panels = packed(dispatch, &b, depth, columns);
            for (right, bias) in [
                (Right::Packed(&panels), Some(&*bias)),
                (Right::Plain(Rows::new(&b, columns)), None),
            ] {
                let mut c = before.clone();
                let size = Size { rows, depth, columns };
                dispatch.product(size, Rows::new(&a, a_stride), right, bias, (&mut c, c_stride), then);
                for row in 0..rows {
                    for column in 0..c_stride {
                        let was = f64::from(before[row * c_stride + column]);
                        let found = c[row * c_stride + column];
                        if column >= columns {
                            prop_assert_eq!(f64::from(found), was);
                            continue;
                        }
                        let mut sum = bias.map_or(0., |bias| f64::from(bias[column]));
                        for p in 0..depth {
                            sum += f64::from(a[row * a_stride + p]) * f64::from(b[p * columns + column]);
                        }
                        let sum = if matches!(then, Then::Add | Then::AddRelu) { sum + was } else { sum };
                        let sum = if matches!(then, Then::Relu | Then::AddRelu) { sum.max(0.) } else { sum };
                        close(found, sum, 1e-5)?;
                    }
                }
            }
        }
    }

    #[test]
    fn exponentials_are_right_over_the_whole_range(count in 1_usize..70, seed: u64, size in 0.1_f32..80.) {
        let x = values(count, seed, size);
        for dispatch in Dispatch::available() {
            let mut found = x.clone();
            dispatch.exp(&mut found);
            for (&x, found) in x.iter().zip(found) {
                let expected = f64::from(x).exp();
                prop_assert!((f64::from(found) / expected - 1.).abs() < 4e-7, "exp({x}) is {found}");
            }
        }
    }

    #[test]
    fn softmax_adds_up_and_keeps_to_its_columns(
        rows in 1_usize..6,
        columns in 1_usize..60,
        seed: u64,
        size in 0.1_f32..1e4,
    ) {
        for dispatch in Dispatch::available() {
            let stride = columns.next_multiple_of(dispatch.lanes());
            let x = values(rows * stride, seed, size);
            let mut found = x.clone();
            dispatch.softmax(&mut found, rows, columns, stride);
            for (x, found) in x.chunks(stride).zip(found.chunks(stride)) {
                let max = x[..columns].iter().fold(f32::MIN, |a, &b| a.max(b));
                let sum: f64 = x[..columns].iter().map(|&x| f64::from(x - max).exp()).sum();
                for (&x, &found) in x[..columns].iter().zip(found) {
                    close(found, f64::from(x - max).exp() / sum, 2e-6)?;
                }
            }
        }
    }

    #[test]
    fn rows_are_normalised(rows in 1_usize..6, width in 1_usize..70, seed: u64, size in 0.1_f32..100.) {
        let x = values(rows * width, seed, size);
        for dispatch in Dispatch::available() {
            let mut found = vec![0.; x.len()];
            dispatch.normalise(&x, &mut found, width, 1e-5);
            for (x, found) in x.chunks(width).zip(found.chunks(width)) {
                let mean = x.iter().map(|&x| f64::from(x)).sum::<f64>() / width as f64;
                let variance = x.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / width as f64;
                for (&x, &found) in x.iter().zip(found) {
                    close(found, (f64::from(x) - mean) / (variance + 1e-5).sqrt(), 1e-4)?;
                }
            }
        }
    }

    #[test]
    fn gates_pointers_and_dots_are_what_they_say(
        rows in 1_usize..6,
        width in 1_usize..70,
        seed: u64,
        size in 0.1_f32..20.,
    ) {
        let (x, z) = (values(rows * width, seed, 1.), values(rows * width, seed ^ 1, size));
        let (query, v) = (values(width, seed ^ 2, size), values(width, seed ^ 3, 1.));
        for dispatch in Dispatch::available() {
            let mut gated = x.clone();
            dispatch.gate(&mut gated, &z);
            for ((&x, &z), &gated) in x.iter().zip(&z).zip(&gated) {
                close(gated, f64::from(x) * 2. / (1. + (-f64::from(z)).exp()), 1e-6)?;
            }
            let (mut pointed, mut dotted) = (vec![0.; rows], vec![0.; rows]);
            dispatch.point(&z, &query, &v, &mut pointed);
            dispatch.dots(&x, &v, 0.5, &mut dotted);
            for row in 0..rows {
                let at = |values: &[f32], column: usize| f64::from(values[row * width + column]);
                let tanh = |c: usize| f64::from(v[c]) * (at(&z, c) + f64::from(query[c])).tanh();
                close(pointed[row], (0..width).map(tanh).sum(), 1e-5)?;
                close(dotted[row], (0..width).map(|c| at(&x, c) * f64::from(v[c])).sum::<f64>() + 0.5, 1e-5)?;
            }
        }
    }
}

#[test]
fn plain_loops_are_always_there() {
    assert_eq!(Dispatch::available().last().map(Dispatch::name), Some("portable"));
    assert_eq!(Some(Dispatch::best()), Dispatch::available().next());
}

#[test]
fn what_is_no_number_stays_so() {
    let nan = |values: &[f32]| values.iter().all(|value| value.is_nan());
    for dispatch in Dispatch::available() {
        for len in [3, 16, 21] {
            let mut values = vec![f32::NAN; len];
            dispatch.exp(&mut values);
            assert!(nan(&values), "{dispatch}: exp");
            let mut gated = vec![1.; len];
            dispatch.gate(&mut gated, &values);
            assert!(nan(&gated), "{dispatch}: gate");
            let mut pointed = [0.];
            dispatch.point(&values, &vec![0.; len], &vec![1.; len], &mut pointed);
            assert!(nan(&pointed), "{dispatch}: pointer");
            let stride = len.next_multiple_of(dispatch.lanes());
            for bad in [f32::NAN, f32::INFINITY] {
                let mut row = vec![0.5; stride];
                row[len - 1] = bad;
                dispatch.softmax(&mut row, 1, len, stride);
                assert!(row[..len].iter().any(|value| value.is_nan()), "{dispatch}: softmax of {bad}");
            }
            let size = Size { rows: 1, depth: 1, columns: len };
            let mut product = vec![0.; len];
            let (left, right) = (Rows::new(&[1.], 1), Right::Plain(Rows::new(&values, len)));
            dispatch.product(size, left, right, None, (&mut product, len), Then::Relu);
            assert!(nan(&product), "{dispatch}: product");
        }
    }
}

#[test]
fn sizes_beyond_memory_are_refused_however_large() {
    let panics = |work: &dyn Fn()| std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).is_err();
    for dispatch in Dispatch::available() {
        for (rows, columns, stride) in [(1, usize::MAX, 16), (1 << 32, 4, 1 << 32), (usize::MAX, 1, 16)] {
            assert!(panics(&|| dispatch.softmax(&mut [0.; 16], rows, columns, stride)));
        }
        let size = Size { rows: 3, depth: 1, columns: 1 };
        let b = [0.; 64];
        assert!(panics(&|| {
            let a = Rows::new(&[0.; 3], 1 << 63);
            dispatch.product(size, a, Right::Packed(&b), None, (&mut [0.; 3], 1), Then::Write);
        }));
    }
}
