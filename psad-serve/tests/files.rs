//! A file that is not what was saved is an error with a type, never a panic and never more memory than the file is worth.

mod common;

use std::path::Path;

use allocation_counter::measure;
use common::Draw;
use proptest::prelude::*;
use psad::decode::Strategy as Decoding;
use psad::methods::Nar4RecConfig;
use psad::ndarray::{ArrayD, IxDyn};
use psad::{PsadConfig, Reranker, Schema};
use psad_core::{FORMAT_VERSION, Golden, GoldenAnswer, ModelFile, ModelFileError, ModelHeader};
use psad_serve::{Model, ServeError};
use serde_json::{Value, json};

/// As small as schemas come that have fields of all kinds.
fn schema() -> Schema {
    let schema = Schema::builder().item_sparse("film", 4).item_dense("year").user_sparse("country", 3);
    let schema = schema.user_dense("age").feedback(["no", "yes"]).max_history(4).max_candidates(6);
    schema.build().expect("names differ")
}

/// A model of a few kilobytes.
fn psad(switches: bool, seed: u64) -> ModelFile {
    let mut config = PsadConfig { context_enhancement: switches, scorer_hidden: vec![3], ..PsadConfig::default() };
    config.encoder = config.encoder.with_width(4).with_heads(2).with_decay_groups(2).with_embedding(2);
    config.encoder = config.encoder.with_feed_forward(3).with_profile_hidden(2).with_list_layers(1);
    config.encoder = config.encoder.with_gate(switches).with_history_positions(switches);
    config.encoder = config.encoder.with_candidate_positions(switches);
    config.pointer = 2;
    config.objective.block_size = 2;
    common::psad(&schema(), config, seed).1
}

fn nar4rec(strategy: Decoding, seed: u64) -> ModelFile {
    let mut config = Nar4RecConfig { candidate_layers: 1, position_layers: 1, strategy, ..Nar4RecConfig::default() };
    config.encoder = config.encoder.with_width(4).with_heads(2).with_decay_groups(2).with_embedding(2);
    config.encoder = config.encoder.with_feed_forward(3).with_profile_hidden(2).with_list_layers(1);
    common::nar4rec(&schema(), config, seed).1
}

fn files() -> [ModelFile; 4] {
    let contrastive = Decoding::Contrastive { alpha: 0.6 };
    [psad(true, 1), psad(false, 2), nar4rec(Decoding::Greedy, 3), nar4rec(contrastive, 4)]
}

/// From the bytes to a model that has replayed its golden request.
fn load(bytes: &[u8]) -> Result<Model, ServeError> {
    Model::from_file(&ModelFile::from_bytes(bytes)?)
}

fn bytes(file: &ModelFile) -> Vec<u8> {
    file.to_bytes().expect("names of tensors")
}

/// The header and the tensors, sealed again, so that the checksum hides nothing of what was changed.
fn sealed(header: ModelHeader, tensors: impl IntoIterator<Item = (String, ArrayD<f32>)>) -> Vec<u8> {
    let mut file = ModelFile::new(header.kind, header.schema, header.config);
    tensors.into_iter().for_each(|(name, tensor)| file.insert(name, tensor));
    if let Some(golden) = header.golden {
        file.set_golden(golden).expect("the golden request fits the schema");
    }
    bytes(&file)
}

fn tensors(file: &ModelFile) -> impl Iterator<Item = (String, ArrayD<f32>)> + '_ {
    file.tensors().iter().map(|(name, tensor)| (name.clone(), tensor.clone()))
}

/// What a model that could be loaded makes of requests: slates.
fn answers(model: &Model) {
    let mut draw = Draw(9);
    let schema = model.schema().clone();
    for (history, candidates) in [(0, 1), (2, 3), (4, 6)] {
        let fits = history <= schema.max_history() && candidates <= schema.max_candidates();
        let request = draw.request(&schema, if schema.feedback().is_empty() { 0 } else { history }, candidates);
        assert_eq!(model.reranker().rerank(&request, 4).is_ok(), fits);
    }
}

#[test]
fn the_files_themselves_are_loaded_and_answer() {
    for file in files() {
        answers(&load(&bytes(&file)).expect("as it was saved"));
    }
}

#[test]
fn another_version_is_named() {
    for file in files() {
        let (bytes, ours) = (bytes(&file), format!("\\\"format_version\\\":{FORMAT_VERSION},"));
        let at = bytes.windows(ours.len()).position(|window| window == ours.as_bytes()).expect("it is in the header");
        for other in [1, 9] {
            let mut bytes = bytes.clone();
            bytes[at + ours.len() - 2] = b'0' + other;
            let refused = load(&bytes).expect_err("another version");
            let ServeError::File(ModelFileError::Version { supported, found }) = refused else { panic!("{refused}") };
            assert_eq!((supported, found), (FORMAT_VERSION, u32::from(other)));
        }
    }
}

#[test]
fn another_kind_is_named() {
    for file in files() {
        let header = ModelHeader { kind: "prm".to_owned(), ..file.header().clone() };
        let refused = load(&sealed(header, tensors(&file))).expect_err("a kind that is not served");
        assert!(matches!(&refused, ServeError::Kind { found } if found == "prm"), "{refused}");
        // A kind that is served, but not this file's.
        let kind = if file.header().kind == "psad" { "nar4rec" } else { "psad" }.to_owned();
        let refused = load(&sealed(ModelHeader { kind, ..file.header().clone() }, tensors(&file)));
        let refused = refused.expect_err("the configuration of another kind");
        assert!(matches!(&refused, ServeError::File(ModelFileError::Config(_))), "{refused}");
    }
}

#[test]
fn a_schema_that_the_tensors_do_not_fit_is_an_error_with_the_tensor() {
    type Change = fn(&mut Value);
    let shape: [Change; 6] = [
        |schema| schema["item_sparse"][0]["vocabulary"] = json!(5),
        |schema| schema["item_sparse"][0]["vocabulary"] = json!(u64::MAX),
        |schema| schema["user_sparse"][0]["vocabulary"] = json!(2),
        |schema| schema["max_candidates"] = json!(7),
        |schema| schema["max_candidates"] = json!(u64::MAX),
        |schema| schema["feedback"] = json!(["no", "yes", "perhaps"]),
    ];
    let missing: [Change; 2] = [
        |schema| schema["item_sparse"][0]["name"] = json!("book"),
        |schema| schema["user_sparse"][0]["name"] = json!("city"),
    ];
    let both = shape.map(|change| (change, true)).into_iter().chain(missing.map(|change| (change, false)));
    for ((change, is_shape), file) in both.flat_map(|change| files().map(|file| (change, file))) {
        let mut schema = serde_json::to_value(&file.header().schema).expect("a schema is JSON");
        change(&mut schema);
        let header = ModelHeader {
            schema: serde_json::from_value(schema).expect("a schema in itself"),
            ..file.header().clone()
        };
        let refused = load(&sealed(header, tensors(&file))).expect_err("another schema");
        match refused {
            ServeError::File(ModelFileError::Shape { .. }) => assert!(is_shape, "{refused}"),
            ServeError::File(ModelFileError::MissingTensor { .. }) => assert!(!is_shape, "{refused}"),
            other => panic!("{other}"),
        }
    }
}

#[test]
fn a_golden_answer_that_does_not_come_out_is_told_with_its_place() {
    for file in files() {
        let golden = file.header().golden.as_ref().expect("every saved model has one");
        let load = |answers: Vec<GoldenAnswer>| {
            let golden = Golden::new(golden.request().clone(), answers).expect("still an answer");
            load(&sealed(ModelHeader { golden: Some(golden), ..file.header().clone() }, tensors(&file)))
        };
        assert!(load(golden.answers().to_vec()).is_ok());
        let nothing = load(Vec::new()).expect_err("no answer");
        assert!(matches!(nothing, ServeError::NoGolden { .. }), "{nothing}");
        for (which, answer) in golden.answers().iter().enumerate() {
            for (row, candidate) in [(0, 0), (answer.logits.len() - 1, answer.logits[0].len() - 1)] {
                let mut answers = golden.answers().to_vec();
                let logit = &mut answers[which].logits[row][candidate];
                *logit += 1e-3 * logit.abs().max(1.);
                let tampered = *logit;
                match load(answers).expect_err("another logit") {
                    ServeError::Golden { reranker, slot, candidate: place, expected, found } => {
                        assert_eq!((reranker, slot, place, expected), (&*answer.reranker, row, candidate, tampered));
                        assert!(found < expected);
                    }
                    other => panic!("{other}"),
                }
            }
            let mut answers = golden.answers().to_vec();
            answers[which].logits.clear();
            let nothing = load(answers).expect_err("no numbers to compare");
            assert!(matches!(nothing, ServeError::NoGolden { .. }), "{nothing}");
        }
    }
}

#[test]
fn a_file_without_golden_request_is_refused() {
    for file in files() {
        let refused = load(&sealed(ModelHeader { golden: None, ..file.header().clone() }, tensors(&file)));
        assert!(matches!(refused, Err(ServeError::NoGolden { .. })), "{refused:?}");
    }
}

#[test]
fn the_number_of_samples_of_a_file_costs_nothing_and_a_beam_has_an_end() {
    let file = nar4rec(Decoding::Sample { seed: 5, samples: 3 }, 3);
    let request = Draw(6).request(&schema(), 3, 6);
    let three = load(&bytes(&file)).expect("as it was saved").reranker().rerank(&request, 4).expect("it fits");
    let load = |strategy: Value| {
        let mut header = file.header().clone();
        header.config["strategy"] = strategy;
        load(&sealed(header, tensors(&file)))
    };
    let most = load(json!({ "Sample": { "seed": 5, "samples": u64::MAX } })).expect("one of them is enough");
    assert_eq!(most.reranker().rerank(&request, 4).expect("it fits"), three);
    assert!(load(json!({ "Beam": { "width": 20 } })).is_ok());
    let refused = load(json!({ "Beam": { "width": u64::MAX } })).expect_err("wider than any memory");
    assert!(matches!(refused, ServeError::File(ModelFileError::Config(_))), "{refused}");
}

/// Numbers at which sizes go wrong.
fn size() -> impl Strategy<Value = Value> {
    let sizes =
        [0, 1, 2, 3, 5, 7, 1 << 20, 1 << 32, 1 << 62, i64::MAX as u64, u64::MAX / 2 + 1, u64::MAX - 1, u64::MAX];
    let odd = [json!(-1), json!(1.5), json!(1e300), json!("4"), json!(null), json!(true), json!(false), json!([1, 2])];
    prop_oneof![3 => prop::sample::select(sizes.map(Value::from).to_vec()), 1 => prop::sample::select(odd.to_vec())]
}

/// All values in some JSON that hold no others.
fn leaves(value: &Value, path: &str, into: &mut Vec<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| leaves(value, &format!("{path}/{key}"), into)),
        Value::Array(values) if !values.is_empty() => {
            values.iter().enumerate().for_each(|(place, value)| leaves(value, &format!("{path}/{place}"), into));
        }
        _ => into.push(path.to_owned()),
    }
}

/// A tensor that is missing, of another shape, or holds something else.
fn misshapen(tensor: &ArrayD<f32>, how: usize, draw: &mut Draw) -> Option<ArrayD<f32>> {
    let mut shape = tensor.shape().to_vec();
    let axis = draw.below(shape.len().max(1));
    match how {
        0 => return None,
        1 => shape[axis] += 1,
        2 => shape[axis] -= 1,
        3 => shape.push(1),
        4 => shape = vec![tensor.len()],
        5 => shape[axis] = 0,
        _ => {
            let mut tensor = tensor.clone();
            let place = draw.below(tensor.len());
            let wild = [f32::NAN, f32::INFINITY, f32::MAX, -f32::MAX, 1e30][draw.below(5)];
            tensor.as_slice_mut()?[place] = wild;
            return Some(tensor);
        }
    }
    Some(ArrayD::from_shape_simple_fn(IxDyn(&shape), || draw.value()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn truncated_files_are_refused(which in 0_usize..4, share in 0. ..1.) {
        let bytes = bytes(&FILES.with(|files| files[which].clone()));
        let left = (bytes.len() as f64 * share) as usize;
        let mut refused = None;
        let cost = measure(|| refused = Some(load(&bytes[..left]).is_err()));
        prop_assert_eq!(refused, Some(true));
        prop_assert!(cost.bytes_max < 64 * bytes.len() as u64, "{cost:?} for {left} bytes");
    }

    #[test]
    fn files_with_a_bit_turned_are_refused(which in 0_usize..4, place: prop::sample::Index, bit in 0_u8..8) {
        let mut bytes = bytes(&FILES.with(|files| files[which].clone()));
        let place = place.index(bytes.len());
        bytes[place] ^= 1 << bit;
        let mut refused = None;
        let cost = measure(|| refused = Some(matches!(load(&bytes), Err(ServeError::File(_)))));
        prop_assert_eq!(refused, Some(true), "bit {} of byte {}", bit, place);
        prop_assert!(cost.bytes_max < 64 * bytes.len() as u64, "{cost:?}");
    }

    #[test]
    fn whatever_the_configuration_says_is_loaded_or_refused(
        which in 0_usize..4,
        place: prop::sample::Index,
        value in size(),
    ) {
        let file = FILES.with(|files| files[which].clone());
        let mut header = file.header().clone();
        let mut paths = Vec::new();
        leaves(&header.config, "", &mut paths);
        let path = place.get(&paths);
        *header.config.pointer_mut(path).expect("a path of this value") = value;
        let bytes = sealed(header, tensors(&file));
        let mut loaded = None;
        let cost = measure(|| loaded = load(&bytes).ok());
        prop_assert!(cost.bytes_max < 64 * bytes.len() as u64, "{path}: {cost:?}");
        loaded.iter().for_each(answers);
    }

    #[test]
    fn tensors_that_are_not_the_models_are_refused(
        which in 0_usize..4,
        place: prop::sample::Index,
        how in 0_usize..9,
        seed: u64,
    ) {
        let file = FILES.with(|files| files[which].clone());
        let names: Vec<_> = file.tensors().keys().collect();
        let (name, mut draw) = (*place.get(&names), Draw(seed));
        let changed = misshapen(&file.tensors()[name], how, &mut draw);
        let same = changed.as_ref().is_some_and(|changed| changed.shape() == file.tensors()[name].shape());
        let others = tensors(&file).filter(|(other, _)| other != name);
        let bytes = sealed(file.header().clone(), others.chain(changed.map(|tensor| (name.clone(), tensor))));
        match load(&bytes) {
            // A value that no golden answer depends on.
            Ok(model) => {
                prop_assert!(same, "{name} may not have another shape");
                for (history, candidates) in [(0, 1), (2, 3), (4, 6)] {
                    // Numbers may run over then; that is an error, or does not matter.
                    let _ = model.reranker().rerank(&draw.request(model.schema(), history, candidates), 4);
                }
            }
            Err(ServeError::File(_)) => {}
            Err(ServeError::Golden { .. }) => prop_assert!(same, "{name} may not have another shape"),
            Err(other) => return Err(TestCaseError::fail(format!("{name}: {other}"))),
        }
    }
}

thread_local! {
    static FILES: [ModelFile; 4] = files();
}

/// Writes the files that the fuzzer begins with; see `scripts/fuzz.sh`.
#[test]
#[ignore = "writes the corpus of the fuzzer"]
fn the_seeds_of_the_fuzzer_are_written() {
    let valid = [
        ("psad", bytes(&psad(true, 1))),
        ("psad-plain", bytes(&psad(false, 2))),
        ("nar4rec", bytes(&nar4rec(Decoding::Greedy, 3))),
        ("nar4rec-contrastive", bytes(&nar4rec(Decoding::Contrastive { alpha: 0.6 }, 4))),
        ("nar4rec-beam", bytes(&nar4rec(Decoding::Beam { width: 3 }, 5))),
        ("nar4rec-sample", bytes(&nar4rec(Decoding::Sample { seed: 1, samples: 2 }, 6))),
        ("nar4rec-assignment", bytes(&nar4rec(Decoding::Assignment, 7))),
    ];
    let file = psad(true, 8);
    let whole = bytes(&file);
    let text = String::from_utf8_lossy(&whole[8..]).into_owned();
    let version = 8 + text.find("format_version").expect("it is in the header") + "format_version\\\":".len();
    let mut old = whole.clone();
    old[version] = b'1';
    let mut schema = serde_json::to_value(&file.header().schema).expect("a schema is JSON");
    schema["max_candidates"] = json!(9);
    let schema = serde_json::from_value(schema).expect("a schema in itself");
    let faulty = [
        ("truncated", whole[..whole.len() / 2].to_vec()),
        ("version-1", old),
        ("other-schema", sealed(ModelHeader { schema, ..file.header().clone() }, tensors(&file))),
        ("no-golden", sealed(ModelHeader { golden: None, ..file.header().clone() }, tensors(&file))),
    ];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    std::fs::create_dir_all(&folder).expect("a folder of the repository");
    for (name, bytes) in valid.into_iter().chain(faulty) {
        println!("{name}: {} bytes, {:?}", bytes.len(), load(&bytes).map_err(|error| error.to_string()));
        std::fs::write(folder.join(name), bytes).expect("a file of the repository");
    }
}
