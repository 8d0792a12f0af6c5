//! Interest decay from no decay at all to only the newest item.

use burn::tensor::{Device, Int, Tensor};
use proptest::{collection::vec, prelude::*};
use psad_nn::{HistoryPositions, named_parameters};
use psad_upn::{InterestDecay, InterestDecayConfig};

use crate::common::{floats, gradients_are_right, noise, set, trained};

const WIDTH: usize = 8;
const PROFILE: usize = 5;
const BUCKETS: usize = 6;
const GROUPS: usize = 4;

fn fresh(seed: u64, device: &Device) -> InterestDecay {
    InterestDecayConfig::new(WIDTH, PROFILE, BUCKETS).with_hidden(6).with_groups(GROUPS).init(seed, device)
}

fn decay(seed: u64, device: &Device) -> InterestDecay {
    trained(fresh(seed, device), "hidden.bias")
}

/// `δ` of some items of one list, with the bucket of each.
fn steps(distances: &[f32], device: &Device) -> (Tensor<2>, Tensor<2, Int>) {
    let bucket: Vec<i32> = distances.iter().map(|&distance| (distance as i32).min(BUCKETS as i32 - 1)).collect();
    let bucket = Tensor::<1, Int>::from_data(bucket.as_slice(), device);
    (Tensor::<1>::from_data(distances, device).unsqueeze(), bucket.unsqueeze())
}

/// The row of the position table of each item.
fn plain(decay: &InterestDecay, distances: &[f32]) -> Vec<Vec<f32>> {
    let table = floats(decay.positions());
    distances
        .iter()
        .map(|&distance| table.chunks(WIDTH).nth((distance as usize).min(BUCKETS - 1)).unwrap().to_vec())
        .collect()
}

fn distances() -> impl Strategy<Value = Vec<f32>> {
    vec(prop_oneof![Just(0_f32), (0_u8..8).prop_map(f32::from), 0_f32..10.], 1..=6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_pace_of_zero_gives_plain_additive_positions(distances in distances(), seed: u64) {
        let device = Device::flex();
        let decay = decay(seed, &device);
        let (distance, bucket) = steps(&distances, &device);
        let given = decay.with_pace(Tensor::zeros([1, GROUPS], &device), distance.clone(), bucket.clone());
        // So far below zero that softplus is zero for every profile.
        let patient = set(decay.clone(), |path| path == "pace.bias", |_| -1e3);
        let read = patient.forward(&noise([1, PROFILE], seed, &device), distance, bucket);
        for HistoryPositions { encoding, log_decay } in [given, read] {
            prop_assert_eq!(floats(encoding), plain(&decay, &distances).concat());
            prop_assert!(floats(log_decay).iter().all(|&log| log == 0.));
        }
    }

    #[test]
    fn a_large_pace_leaves_only_the_newest(distances in distances(), seed: u64) {
        // What is nearer than a tenth of a step, but not now, would need a larger pace still.
        prop_assume!(distances.iter().all(|&distance| distance == 0. || distance > 0.1));
        let device = Device::flex();
        let decay = decay(seed, &device);
        let (distance, bucket) = steps(&distances, &device);
        let given = decay.with_pace(Tensor::full([1, GROUPS], 1e4, &device), distance.clone(), bucket.clone());
        let hasty = set(decay.clone(), |path| path == "pace.bias", |_| 1e4);
        let read = hasty.forward(&noise([1, PROFILE], seed, &device), distance, bucket);
        for HistoryPositions { encoding, log_decay } in [given, read] {
            let logs = floats(log_decay);
            for ((found, plain), (&distance, log)) in
                floats(encoding).chunks(WIDTH).zip(plain(&decay, &distances)).zip(distances.iter().zip(logs))
            {
                let expected = if distance == 0. { plain } else { vec![0.; WIDTH] };
                prop_assert_eq!(found.to_vec(), expected);
                prop_assert!(if distance == 0. { log == 0. } else { log <= -900. }, "{distance} {log}");
            }
        }
    }

    #[test]
    fn each_channel_group_fades_at_its_own_pace(distances in distances(), paces in vec(0_f32..3., GROUPS), seed: u64) {
        let device = Device::flex();
        let decay = decay(seed, &device);
        let (distance, bucket) = steps(&distances, &device);
        let pace = Tensor::<1>::from_data(paces.as_slice(), &device).unsqueeze();
        let HistoryPositions { encoding, log_decay } = decay.with_pace(pace, distance, bucket);
        prop_assert_eq!(encoding.dims(), [1, distances.len(), WIDTH]);
        let encoding = floats(encoding);
        for (item, (&distance, plain)) in distances.iter().zip(plain(&decay, &distances)).enumerate() {
            for (channel, plain) in plain.into_iter().enumerate() {
                let pace = f64::from(paces[channel / (WIDTH / GROUPS)]);
                let expected = f64::from(plain) * (-pace * f64::from(distance)).exp();
                prop_assert!((f64::from(encoding[item * WIDTH + channel]) - expected).abs() < 1e-5);
            }
        }
        let mean = paces.iter().sum::<f32>() / GROUPS as f32;
        for (log, distance) in floats(log_decay).into_iter().zip(distances) {
            prop_assert!(log <= 0. && (log + mean * distance).abs() < 1e-4, "{log} {distance}");
        }
    }

    #[test]
    fn the_pace_follows_its_equation(seed: u64) {
        let device = Device::flex();
        let decay = decay(seed, &device);
        let (values, profile) = (named_parameters(&decay).unwrap(), noise([1, PROFILE], seed, &device));
        let layer = |name: &str, input: &[f64], width: usize| -> Vec<f64> {
            let (weight, bias) = (&values[&format!("{name}.weight")], &values[&format!("{name}.bias")]);
            let sum = |to| input.iter().enumerate().map(|(from, x)| x * f64::from(weight[[from, to]])).sum::<f64>();
            (0..width).map(|to| sum(to) + f64::from(bias[[to]])).collect()
        };
        let profile_values: Vec<f64> = floats(profile.clone()).into_iter().map(f64::from).collect();
        let hidden: Vec<f64> = layer("hidden", &profile_values, 6).into_iter().map(|x| x.max(0.)).collect();
        for (found, logit) in floats(decay.pace(&profile)).into_iter().zip(layer("pace", &hidden, GROUPS)) {
            prop_assert!((f64::from(found) - logit.exp().ln_1p()).abs() < 1e-5);
        }
    }

    #[test]
    fn the_pace_is_never_negative_and_always_a_number(batch in 1_usize..4, scale in 0.1_f32..1e4, seed: u64) {
        let device = Device::flex().autodiff();
        let decay = decay(seed, &device);
        let profile = (noise([batch, PROFILE], seed, &device) * scale).detach().require_grad();
        let pace = decay.pace(&profile);
        prop_assert_eq!(pace.dims(), [batch, GROUPS]);
        prop_assert!(floats(pace.clone().inner()).iter().all(|&pace| pace >= 0. && pace.is_finite()));
        let (distance, bucket) = steps(&[3., 0.], &device);
        let distance = distance.expand([batch, 2]);
        let positions = decay.forward(&profile, distance, bucket.expand([batch, 2]));
        let gradients = (positions.encoding.sum() + positions.log_decay.sum()).backward();
        prop_assert!(floats(profile.grad(&gradients).unwrap()).iter().all(|slope| slope.is_finite()));
    }
}

#[test]
fn a_user_who_forgets_slowly_keeps_more_of_the_past() {
    let device = Device::flex();
    let decay = decay(1, &device);
    let (distance, bucket) = steps(&[5., 4., 3., 2., 1., 0.], &device);
    let left = |pace: f32| {
        let pace = Tensor::full([1, GROUPS], pace, &device);
        floats(decay.with_pace(pace, distance.clone(), bucket.clone()).log_decay)
    };
    assert!(left(0.3).is_sorted(), "what is newer weighs more");
    assert!(left(0.1).iter().zip(left(0.3)).all(|(slow, fast)| *slow >= fast));
}

#[test]
fn the_decays_own_gradients_are_slopes() {
    let outputs = |decay: &InterestDecay, device: &Device| -> Tensor<1> {
        let (distance, bucket) = steps(&[5., 4., 2.5, 1.2, 0.4, 0.], device);
        let (distance, bucket) = (distance.expand([2, 6]), bucket.expand([2, 6]));
        // A pace that is moderate, so that there is something left to differentiate.
        let positions = decay.forward(&(noise([2, PROFILE], 1, device) * 0.3), distance, bucket);
        Tensor::cat(vec![positions.encoding.flatten(0, 2), positions.log_decay.flatten(0, 1)], 0)
    };
    let decay = trained(fresh(3, &Device::flex().autodiff()), "hidden.bias");
    gradients_are_right(&set(decay, |path| path == "pace.weight", |index| 0.1 * (index as f32).sin()), outputs);
}
