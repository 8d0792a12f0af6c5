//! Configurations that cannot be, and seeds.

use burn::config::Config;
use burn::tensor::Device;
use psad_baselines::{
    BaselineConfigError, DlcmConfig, MirConfig, PlainEncoderConfig, PointwiseMlpConfig, PrmConfig, Seq2SlateConfig,
    SetRankBlock, SetRankConfig,
};
use psad_nn::named_parameters;

use crate::common::{
    Fields, RICH, Subject, WIDTH, dlcm_config, mir_config, mlp_config, of_every_baseline, plain, prm_config, schema,
    seq2slate_config, set_rank_config,
};

fn zero(model: &'static str, field: &'static str) -> BaselineConfigError {
    BaselineConfigError::Zero { model, field }
}

/// A faulty configuration, by name: what its check and what its constructor say.
macro_rules! refused {
    ($model:literal: $($config:expr => $field:literal),* $(,)?) => {$({
        let (config, expected) = ($config, zero($model, $field));
        assert_eq!(config.check(), Err(expected.clone()));
        let made = config.objective(&schema(RICH), 1, &Device::flex()).map(|_| ());
        assert_eq!(made, Err(expected.clone()));
        let message = expected.to_string();
        assert!(message.contains($field) && message.contains($model), "{message}");
    })*};
}

#[test]
fn a_size_of_zero_is_named() {
    refused!("pointwise MLP": mlp_config().with_hidden(vec![4, 0]) => "hidden");
    refused!("DLCM": dlcm_config().with_hidden(0) => "hidden", dlcm_config().with_comparisons(0) => "comparisons");
    refused!("PRM":
        prm_config().with_layers(0) => "layers",
        prm_config().with_heads(0) => "heads",
        prm_config().with_feed_forward(0) => "feed_forward",
    );
    refused!("SetRank":
        set_rank_config().with_layers(0) => "layers",
        set_rank_config().with_heads(0) => "heads",
        set_rank_config().with_feed_forward(0) => "feed_forward",
        set_rank_config().with_block(SetRankBlock::Imsab { inducing: 0 }) => "inducing",
    );
    refused!("Seq2Slate":
        seq2slate_config().with_hidden(0) => "hidden",
        seq2slate_config().with_pointer(0) => "pointer",
    );
    refused!("MIR":
        mir_config().with_embedding(0) => "embedding",
        mir_config().with_width(0) => "width",
        mir_config().with_heads(0) => "heads",
        mir_config().with_hidden(0) => "hidden",
        mir_config().with_pace_hidden(0) => "pace_hidden",
        mir_config().with_scorer_hidden(vec![0]) => "scorer_hidden",
    );
    let (no_rows, no_width) = (plain(true).with_embedding(0), plain(true).with_width(0));
    refused!("plain encoder":
        mlp_config().with_encoder(no_rows.clone()) => "embedding",
        dlcm_config().with_encoder(no_width.clone()) => "width",
        prm_config().with_encoder(no_rows) => "embedding",
        set_rank_config().with_encoder(no_width.clone()) => "width",
        seq2slate_config().with_encoder(no_width) => "width",
    );
}

#[test]
fn a_part_by_itself_is_checked_too() {
    let device = Device::flex();
    assert_eq!(mlp_config().init(0, 3, 1, &device).map(|_| ()), Err(zero("pointwise MLP", "width")));
    assert_eq!(dlcm_config().init(0, 3, 1, &device).map(|_| ()), Err(zero("DLCM", "width")));
    assert_eq!(prm_config().init(0, 3, 1, &device).map(|_| ()), Err(zero("PRM", "width")));
    assert_eq!(set_rank_config().init(0, 3, 1, &device).map(|_| ()), Err(zero("SetRank", "width")));
    assert_eq!(seq2slate_config().init(0, 3, 1, &device).map(|_| ()), Err(zero("Seq2Slate", "width")));
    let no_rows = mir_config().with_embedding(0);
    assert_eq!(no_rows.init_encoder(&schema(RICH), 1, &device).map(|_| ()), Err(zero("MIR", "embedding")));
    assert_eq!(no_rows.init_scorer(&schema(RICH), 1, &device).map(|_| ()), Err(zero("MIR", "embedding")));
    // What another encoder says of itself counts, not the plain one's width.
    let heads = BaselineConfigError::Heads { model: "PRM", heads: 2, width: 9 };
    assert_eq!(prm_config().init(9, 3, 1, &device).map(|_| ()), Err(heads));
}

#[test]
fn heads_that_do_not_divide_the_width_are_named_with_both_numbers() {
    let heads = |model, heads| Err(BaselineConfigError::Heads { model, heads, width: WIDTH });
    assert_eq!(prm_config().with_heads(3).check(), heads("PRM", 3));
    assert_eq!(set_rank_config().with_heads(5).check(), heads("SetRank", 5));
    assert_eq!(mir_config().with_heads(16).check(), heads("MIR", 16));
    assert_eq!(heads("PRM", 3).unwrap_err().to_string(), "PRM: `heads` = 3 does not divide `width` = 8");
}

#[test]
fn a_label_that_cannot_be_the_highest_is_named() {
    for value in [0., -1., f64::INFINITY, f64::NAN, 1e-60, 1e60] {
        for (model, check) in [
            ("pointwise MLP", mlp_config().with_max_label(value).check()),
            ("MIR", mir_config().with_max_label(value).check()),
        ] {
            match check {
                Err(BaselineConfigError::MaxLabel { model: found, value: named }) => {
                    assert_eq!(found, model);
                    assert!(named == value || named.is_nan() && value.is_nan());
                }
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(mlp_config().with_max_label(4.).check(), Ok(()));
}

#[test]
fn the_defaults_fit_together() {
    assert_eq!(PlainEncoderConfig::new().check(), Ok(()));
    assert_eq!(PointwiseMlpConfig::new().check(), Ok(()));
    assert_eq!(DlcmConfig::new().check(), Ok(()));
    assert_eq!(PrmConfig::new().check(), Ok(()));
    assert_eq!(SetRankConfig::new().check(), Ok(()));
    assert_eq!(Seq2SlateConfig::new().check(), Ok(()));
    assert_eq!(MirConfig::new().check(), Ok(()));
    // Who has no order of its own to read is told none.
    let positions = [
        PointwiseMlpConfig::new().encoder.positions,
        DlcmConfig::new().encoder.positions,
        PrmConfig::new().encoder.positions,
        SetRankConfig::new().encoder.positions,
        Seq2SlateConfig::new().encoder.positions,
    ];
    assert_eq!(positions, [false, false, true, false, false]);
}

#[test]
fn a_configuration_survives_being_written() {
    let config = set_rank_config().with_block(SetRankBlock::Imsab { inducing: 7 }).with_layers(3);
    let read = SetRankConfig::load_binary(config.to_string().as_bytes()).unwrap();
    assert_eq!((read.to_string(), read.block), (config.to_string(), SetRankBlock::Imsab { inducing: 7 }));
    let config = mir_config().with_scorer_hidden(Vec::new());
    let read = MirConfig::load_binary(config.to_string().as_bytes()).unwrap();
    assert_eq!(read.to_string(), config.to_string());
}

fn the_seed_decides<M: Subject>(name: &str, make: fn(Fields, &Device) -> M) {
    let parameters = |device: &Device| named_parameters(&make(RICH, device)).unwrap();
    let first = parameters(&Device::flex());
    assert_eq!(first, parameters(&Device::flex()), "{name}");
    assert_eq!(first, parameters(&Device::flex().autodiff()), "{name}");
    // Parts that shared a seed would begin with the same signs, whatever their widths.
    let constant = |values: &ndarray::ArrayD<f32>| values.iter().all(|value| value == values.first().unwrap());
    let drawn = first.values().filter(|values| values.len() >= 18 && !constant(values));
    let mut signs: Vec<Vec<bool>> =
        drawn.map(|values| values.iter().take(18).map(|&value| value > 0.).collect()).collect();
    let count = signs.len();
    signs.sort();
    signs.dedup();
    assert!(count >= 2 && signs.len() == count, "{name}: two parts are drawn alike");
}

#[test]
fn the_seed_alone_decides_the_weights() {
    of_every_baseline!(the_seed_decides);
    let draw = |seed| named_parameters(&mir_config().objective(&schema(RICH), seed, &Device::flex()).unwrap()).unwrap();
    let (first, second) = (draw(1), draw(2));
    let constant = |values: &ndarray::ArrayD<f32>| values.iter().all(|value| value == values.first().unwrap());
    for (path, values) in first.iter().filter(|(_, values)| !constant(values)) {
        assert_ne!(values, &second[path], "{path}");
    }
}
