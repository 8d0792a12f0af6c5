//! Whatever bytes are read as a model file, the answer is the file that was written or a typed error.

use std::collections::BTreeMap;

use ndarray::{Array2, ArrayD, array};
use proptest::{prelude::*, sample::Index};
use psad_core::{
    Candidates, FORMAT_VERSION, Golden, GoldenAnswer, GoldenError, History, Items, ModelFile, ModelFileError, Request,
    Schema, User,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

fn schema() -> Schema {
    Schema::builder().item_sparse("film", 3).feedback(["seen"]).build().unwrap()
}

fn request() -> Request {
    let items = |ids: Array2<u32>| {
        let count = ids.nrows();
        Items::new(ids, Array2::zeros((count, 0))).unwrap()
    };
    let history = History::new(items(array![[2], [1]]), array![0, 0]).unwrap().with_ages(array![3., 0.1]).unwrap();
    let candidates = Candidates::new(items(array![[0], [1], [9]]), array![0.3, 0.2, 0.1]).unwrap();
    Request::new(User::anonymous(), history, candidates).unwrap()
}

fn answer() -> GoldenAnswer {
    let logits = vec![vec![0.1, 0.7, -1e9], vec![1. / 3., -0., f32::MIN_POSITIVE]];
    GoldenAnswer { reranker: "greedy".into(), block_size: Some(2), slate: vec![1, 0], logits }
}

fn file() -> ModelFile {
    let mut file = ModelFile::new("test", schema(), json!({ "width": 4, "rate": 0.1 }));
    file.insert("b", array![[1., 2.], [3., 4.]].into_dyn());
    file.insert("a", array![0.5].into_dyn());
    file.set_golden(Golden::new(request(), vec![answer()]).unwrap()).unwrap();
    file
}

/// A file of someone who knows the container.
fn container(head: &str, data: &[u8]) -> Vec<u8> {
    [&(head.len() as u64).to_le_bytes()[..], head.as_bytes(), data].concat()
}

/// The head of a file and what follows it.
fn split(bytes: &[u8]) -> (Value, &[u8]) {
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    (serde_json::from_slice(&bytes[8..8 + length]).unwrap(), &bytes[8 + length..])
}

fn header_of(bytes: &[u8]) -> String {
    split(bytes).0["__metadata__"]["psad"].as_str().unwrap().to_owned()
}

/// The file with another text as its header.
fn with_header(text: &str) -> Vec<u8> {
    let bytes = file().to_bytes().unwrap();
    let (mut head, data) = split(&bytes);
    head["__metadata__"]["psad"] = text.into();
    container(&head.to_string(), data)
}

fn error(bytes: &[u8]) -> ModelFileError {
    ModelFile::from_bytes(bytes).unwrap_err()
}

#[test]
fn what_is_read_is_what_was_written_and_the_bytes_repeat() {
    let bytes = file().to_bytes().unwrap();
    assert_eq!(bytes, file().to_bytes().unwrap());
    let read = ModelFile::from_bytes(&bytes).unwrap();
    assert_eq!(read.tensors(), file().tensors());
    let (found, expected) = (read.header(), file().header().clone());
    assert_eq!((&found.config, &found.schema, &found.golden), (&expected.config, &expected.schema, &expected.golden));
    let golden = found.golden.as_ref().unwrap();
    assert_eq!((golden.request(), golden.answer("greedy")), (&request(), Some(&answer())));
    assert_eq!((golden.answers().len(), golden.answer("beam")), (1, None));
    assert_eq!(read.to_bytes().unwrap(), bytes);
}

/// Only what the documentation of the format says.
#[test]
fn a_reader_written_from_the_formats_description_reads_the_file() {
    let bytes = file().to_bytes().unwrap();
    let (head, data) = split(&bytes);
    let text = head["__metadata__"]["psad"].as_str().unwrap();
    let header: Value = serde_json::from_str(text).unwrap();
    assert_eq!((&header["format_version"], &header["kind"]), (&json!(2), &json!("test")));

    let digits = header["checksum"].as_str().unwrap();
    let mut hashed = text.strip_suffix(&format!("{digits}\"}}")).unwrap().to_owned().into_bytes();
    assert!(hashed.ends_with(br#""checksum":""#));
    hashed.extend(br#""}"#);
    for name in ["a", "b"] {
        let entry = &head[name];
        let range = |index: usize| entry["data_offsets"][index].as_u64().unwrap() as usize;
        hashed.extend([name.as_bytes(), &[0]].concat());
        entry["shape"]
            .as_array()
            .unwrap()
            .iter()
            .for_each(|extent| hashed.extend(extent.as_u64().unwrap().to_le_bytes()));
        hashed.extend(&data[range(0)..range(1)]);
    }
    let found: String = Sha256::digest(&hashed)
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15].map(|half| char::from_digit(half.into(), 16).unwrap()))
        .collect();
    assert_eq!(found, digits);

    let golden = &header["golden"];
    assert_eq!(
        golden["request"]["candidates"],
        json!({
            "items": { "count": 3, "sparse": [[0, 1, 9]], "dense": [] }, "scores": [0.3, 0.2, 0.1],
        })
    );
    assert_eq!(golden["request"]["history"]["ages"], json!([3.0, 0.1]));
    assert_eq!(golden["answers"][0]["slate"], json!([1, 0]));
}

#[test]
fn a_foreign_file_or_another_version_is_told_apart() {
    assert!(matches!(error(b"PK\x03\x04 not a model at all"), ModelFileError::Container(_)));
    let tensor = r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
    assert!(matches!(error(&container(tensor, &[0; 4])), ModelFileError::NoHeader));
    assert!(matches!(file().expect_kind("psad"), Err(ModelFileError::Kind { .. })));
    let text = header_of(&file().to_bytes().unwrap());
    for other in [1, 3, u32::MAX] {
        // Whatever else a version says, its number comes first: here the first one, which knew no golden request.
        let bare = format!(r#"{{"format_version":{other},"colour":"red"}}"#);
        for text in [text.replace("\"format_version\":2", &format!("\"format_version\":{other}")), bare] {
            let error = error(&with_header(&text));
            let expected =
                matches!(error, ModelFileError::Version { supported: FORMAT_VERSION, found } if found == other);
            assert!(expected, "{error}");
        }
    }
}

#[test]
fn a_tensor_must_be_there_with_its_shape_and_finite() {
    let mut file = file();
    assert!(file.tensor("b", &[2, 2]).is_ok());
    assert!(matches!(file.tensor("b", &[4]), Err(ModelFileError::Shape { .. })));
    assert!(matches!(file.tensor("c", &[1]), Err(ModelFileError::MissingTensor { .. })));
    file.insert("c", array![f32::NAN].into_dyn());
    assert!(matches!(file.tensor("c", &[1]), Err(ModelFileError::NonFinite { .. })));
}

#[test]
fn tensors_of_any_layout_and_shape_come_back() {
    let mut file = ModelFile::new("test", schema(), Value::Null);
    let turned = Array2::from_shape_fn((3, 5), |(row, column)| (row * 5 + column) as f32).reversed_axes();
    let all: BTreeMap<String, ArrayD<f32>> = [
        ("turned".to_owned(), turned.into_dyn()),
        ("empty".to_owned(), Array2::zeros((0, 7)).into_dyn()),
        ("one".to_owned(), ndarray::arr0(7.).into_dyn()),
        ("long".to_owned(), ndarray::Array1::from_iter((0..20_000).map(|value| value as f32)).into_dyn()),
    ]
    .into();
    for (name, tensor) in &all {
        file.insert(name, tensor.clone());
    }
    let read = ModelFile::from_bytes(&file.to_bytes().unwrap()).unwrap();
    assert_eq!(read.tensors(), &all);
    file.insert("__metadata__", array![1.].into_dyn());
    assert!(matches!(file.to_bytes(), Err(ModelFileError::Container(_))));
}

#[test]
fn a_head_that_claims_what_is_not_there_is_refused_before_memory_is_asked_for() {
    let huge = u64::MAX;
    let entry =
        |shape: &str, from: u64, to: u64| format!(r#"{{"dtype":"F32","shape":{shape},"data_offsets":[{from},{to}]}}"#);
    let quarter = 1_u64 << 61;
    let parts: Vec<String> = (0..8)
        .map(|part: u64| {
            let end = if part == 7 { u64::MAX - 3 } else { (part + 1) * quarter };
            format!(r#""t{part}":{}"#, entry(&format!("[{}]", (end - part * quarter) / 4), part * quarter, end))
        })
        .collect();
    let heads = [
        format!(r#"{{"a":{}}}"#, entry("[1099511627776]", 0, 1 << 42)),
        format!(r#"{{"a":{}}}"#, entry(&format!("[{huge},{huge}]"), 0, 4)),
        format!(r#"{{"a":{}}}"#, entry(&format!("[{huge},0]"), 0, 0)),
        format!(r#"{{"a":{}}}"#, entry("[4611686018427387904,4]", 0, 0)),
        format!(r#"{{"a":{}}}"#, entry("[1]", 0, huge)),
        format!(r#"{{"a":{}}}"#, entry("[1]", huge, 4)),
        format!(r#"{{"a":{}}}"#, entry("[2]", 0, 4)),
        format!(r#"{{"a":{}}}"#, entry("[-1]", 0, 4)),
        format!(r#"{{"a":{},"b":{}}}"#, entry("[1]", 0, 4), entry("[1]", 0, 4)),
        // Together they pass the end of all numbers.
        format!("{{{}}}", parts.join(",")),
    ];
    for head in heads {
        // No header is found where the library has nothing against the tensors; then they hold nothing.
        let error = error(&container(&head, &[0; 4]));
        assert!(matches!(error, ModelFileError::Container(_)), "{head}: {error}");
    }
    for length in [4, 1 << 40, u64::MAX] {
        assert!(matches!(error(&[&u64::to_le_bytes(length)[..], b"{}"].concat()), ModelFileError::Container(_)));
    }
    let long = container(&format!("{{}}{}", " ".repeat(17 << 20)), &[]);
    assert!(matches!(error(&long), ModelFileError::Container(_)));
}

#[test]
fn a_shape_that_no_array_has_is_an_error_where_the_checksum_might_be_right() {
    let bytes = file().to_bytes().unwrap();
    let (mut head, data) = split(&bytes);
    head["empty"] = json!({ "dtype": "F32", "shape": [u64::MAX, 0], "data_offsets": [0, 0] });
    let error = error(&container(&head.to_string(), data));
    assert!(matches!(error, ModelFileError::Shape { .. } | ModelFileError::Container(_)), "{error}");
}

#[test]
fn a_key_that_stands_twice_is_refused_at_every_level() {
    let one = r#"{"dtype":"F32","shape":[1],"data_offsets":[0,4]}"#;
    let text = header_of(&file().to_bytes().unwrap());
    let quoted = Value::from(text.as_str()).to_string();
    let heads = [
        format!(r#"{{"a":{one},"a":{one},"__metadata__":{{"psad":{quoted}}}}}"#),
        format!(r#"{{"a":{one},"__metadata__":{{"psad":"","psad":{quoted}}}}}"#),
        format!(r#"{{"a":{one},"__metadata__":{{"psad":""}},"__metadata__":{{"psad":{quoted}}}}}"#),
        format!(r#"{{"a":{},"__metadata__":{{"psad":{quoted}}}}}"#, one.replace("[1]", r#"[2],"shape":[1]"#)),
    ];
    for head in heads {
        let error = error(&container(&head, &[0; 4]));
        assert!(matches!(error, ModelFileError::Container(_)) && error.to_string().contains("twice"), "{error}");
    }
    for (from, to) in [
        ("\"kind\":\"test\"", "\"kind\":\"test\",\"kind\":\"test\""),
        ("\"max_history\":50", "\"max_history\":50,\"max_history\":51"),
        ("\"kind\":\"test\"", "\"kind\":\"test\",\"colour\":\"red\""),
    ] {
        assert!(text.contains(from));
        assert!(matches!(error(&with_header(&text.replace(from, to))), ModelFileError::Header(_)), "{to}");
    }
    let twice = text.replace("\"width\":4", "\"width\":4,\"width\":5");
    assert!(matches!(error(&with_header(&twice)), ModelFileError::Checksum { .. }));
}

#[test]
fn nesting_without_end_is_an_error() {
    let deep = |depth| "[".repeat(depth) + &"]".repeat(depth);
    let text = header_of(&file().to_bytes().unwrap());
    for depth in [200, 1_000_000] {
        let header = text.replace("\"width\":4", &format!("\"width\":{}", deep(depth)));
        assert!(matches!(error(&with_header(&header)), ModelFileError::Header(_)));
        assert!(matches!(error(&container(&format!(r#"{{"a":{}}}"#, deep(depth)), &[])), ModelFileError::Container(_)));
    }
}

#[test]
fn a_schema_may_claim_any_vocabulary_and_no_tensor_has_it() {
    let schema = Schema::builder().item_sparse("film", usize::MAX).max_candidates(usize::MAX).build().unwrap();
    let file = ModelFile::from_bytes(&ModelFile::new("test", schema, Value::Null).to_bytes().unwrap()).unwrap();
    let rows = file.header().schema.item_sparse()[0].vocabulary;
    assert!(matches!(file.tensor("film", &[rows, rows]), Err(ModelFileError::MissingTensor { .. })));
}

#[test]
fn a_header_that_says_something_wrong_is_refused_with_its_reason() {
    let text = header_of(&file().to_bytes().unwrap());
    for (from, to, reason) in [
        ("\"vocabulary\":3", "\"vocabulary\":0", "film"),
        ("\"scores\":[0.3,", "\"scores\":[1e39,", "out of range"),
        ("\"slate\":[1,0]", "\"slate\":[1,1]", "slate of greedy"),
        ("\"block_size\":2", "\"block_size\":0", "block size of 0"),
        ("\"ages\":[3.0,", "\"ages\":[-3.0,", "age of history item 0"),
        ("[[0.1,0.7,", "[[0.1,1e39,", "out of range"),
    ] {
        assert!(text.contains(from), "{from}: {text}");
        let error = error(&with_header(&text.replace(from, to)));
        assert!(matches!(error, ModelFileError::Header(_)) && error.to_string().contains(reason), "{to}: {error}");
    }
    for end in ["}", " ", "\"}"] {
        assert!(matches!(error(&with_header(&format!("{text}{end}"))), ModelFileError::Header(_)));
    }
    assert!(matches!(
        error(&with_header(&text.replace("\"rate\":0.1", "\"rate\":0.2"))),
        ModelFileError::Checksum { .. }
    ));
}

#[test]
fn an_answer_must_be_one_to_the_golden_request() {
    let refused = |change: fn(&mut GoldenAnswer)| {
        let mut changed = answer();
        change(&mut changed);
        Golden::new(request(), vec![answer(), changed]).unwrap_err()
    };
    assert!(matches!(refused(|answer| answer.slate = vec![3]), GoldenError::Slate { .. }));
    assert!(matches!(refused(|answer| answer.block_size = Some(0)), GoldenError::NoBlock { .. }));
    assert!(matches!(refused(|answer| answer.logits.truncate(1)), GoldenError::Rows { expected: 2, found: 1, .. }));
    assert!(matches!(refused(|answer| answer.logits[1].truncate(2)), GoldenError::Candidates { row: 1, found: 2, .. }));
    let infinite = refused(|answer| answer.logits[1][2] = f32::NEG_INFINITY);
    assert!(matches!(infinite, GoldenError::NonFinite { row: 1, item: 2, .. }));
    let slate_alone = GoldenAnswer { logits: Vec::new(), block_size: None, ..answer() };
    let of_student = GoldenAnswer { block_size: None, ..answer() };
    assert!(Golden::new(request(), vec![slate_alone, of_student]).is_ok());

    let golden = Golden::new(request(), vec![answer()]).unwrap();
    let other = Schema::builder().item_sparse("film", 3).item_dense("year").feedback(["seen"]).build().unwrap();
    let refused = ModelFile::new("test", other, Value::Null).set_golden(golden);
    assert!(matches!(refused, Err(ModelFileError::Golden(GoldenError::Schema(_)))));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_truncated_file_is_an_error(cut in any::<Index>()) {
        let bytes = file().to_bytes().unwrap();
        prop_assert!(ModelFile::from_bytes(&bytes[..cut.index(bytes.len())]).is_err());
    }

    #[test]
    fn a_flipped_bit_is_an_error_or_changes_nothing(at in any::<Index>(), bit in 0_u8..8) {
        let mut bytes = file().to_bytes().unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        // White space in the container carries no meaning; everything else is under the checksum.
        if let Ok(read) = ModelFile::from_bytes(&bytes) {
            prop_assert_eq!(read.to_bytes().unwrap(), file().to_bytes().unwrap());
        }
    }

    #[test]
    fn changed_bytes_are_an_error_and_never_a_panic(
        changes in prop::collection::vec((any::<Index>(), prop_oneof![any::<u8>(), prop::sample::select(b"0123456789[]{},:\"-e.\\".to_vec())]), 1..6),
    ) {
        let mut bytes = file().to_bytes().unwrap();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Ok(read) = ModelFile::from_bytes(&bytes) {
            prop_assert_eq!(read.to_bytes().unwrap(), file().to_bytes().unwrap());
        }
    }

    #[test]
    fn any_finite_logits_survive_their_file(
        bits in prop::collection::vec(any::<u32>().prop_map(f32::from_bits).prop_filter("finite", |value| value.is_finite()), 3),
    ) {
        let mut file = file();
        let answer = GoldenAnswer { slate: vec![1], logits: vec![bits], ..answer() };
        file.set_golden(Golden::new(request(), vec![answer.clone()]).unwrap()).unwrap();
        let read = ModelFile::from_bytes(&file.to_bytes().unwrap()).unwrap();
        let found = &read.header().golden.as_ref().unwrap().answers()[0].logits[0];
        let same = found.iter().zip(&answer.logits[0]).all(|(a, b)| a.to_bits() == b.to_bits());
        prop_assert!(same, "{:?} {:?}", found, answer.logits);
    }
}
