//! What PSAD promises of fitting, files and seeds holds of every method.

use psad::core::{ModelFile, ModelFileError};
use psad::train::Trainer;
use psad::{Method, MethodConfig, PsadError};
use serde_json::Value;

use crate::common::{DATA, dlcm, mir, mlp, nar4rec, of_every_method, plan, prm, refs, seq2slate, set_rank, shaken};

fn model<C: MethodConfig>(config: &C, seed: u64) -> Method<C> {
    Method::new(&DATA.schema, config.clone(), seed).unwrap()
}

fn bytes<C: MethodConfig>(method: &Method<C>) -> Vec<u8> {
    method.to_file().unwrap().to_bytes().unwrap()
}

/// The method's file with another configuration, and a right checksum.
fn with_config<C: MethodConfig>(method: &Method<C>, config: Value) -> ModelFile {
    let file = method.to_file().unwrap();
    let mut changed = ModelFile::new(C::KIND, DATA.schema.clone(), config);
    for (name, values) in file.tensors() {
        changed.insert(name, values.clone());
    }
    ModelFile::from_bytes(&changed.to_bytes().unwrap()).unwrap()
}

#[test]
fn every_method_fits_the_same_whoever_computes_it_and_moves_its_weights() {
    fn check<C: MethodConfig>(config: &C) {
        let fit = |workers| {
            let trainer = Trainer::new(plan(7, workers)).unwrap();
            model(config, 7).fit(trainer, &refs(&DATA.train), &refs(&DATA.validation)).unwrap()
        };
        let (one, two) = (fit(1), fit(2));
        assert_eq!(bytes(&one.method), bytes(&two.method), "{}", C::NAME);
        assert_ne!(bytes(&one.method), bytes(&model(config, 7)), "{}", C::NAME);
        assert_eq!(one.validation, two.validation);
        assert!(one.epochs.iter().all(|epoch| epoch.total.is_finite()));
        for (epoch, point) in one.epochs.iter().zip(&one.validation) {
            let names: Vec<&str> = point.values.iter().map(|(name, _)| name.as_str()).collect();
            let rerankers = one.method.rerankers();
            assert_eq!(names, rerankers.iter().map(|(name, _)| *name).collect::<Vec<_>>());
            assert_eq!(epoch.validation, point.mean());
            assert_eq!(point.get(names[0]), Some(point.values[0].1));
        }
    }
    of_every_method!(check);
}

#[test]
fn every_method_survives_its_file() {
    fn check<C: MethodConfig>(config: &C) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        let saved = shaken(&model(config, 3));
        saved.save(&path).unwrap();
        let loaded = Method::<C>::load(&path).unwrap();
        assert_eq!(bytes(&loaded), std::fs::read(&path).unwrap());
        for list in &DATA.test {
            for ((name, saved), (_, loaded)) in saved.rerankers().iter().zip(loaded.rerankers()) {
                assert_eq!(
                    saved.rerank(list.request(), 6).unwrap(),
                    loaded.rerank(list.request(), 6).unwrap(),
                    "{name}"
                );
            }
            let first = &loaded.rerankers()[0].1;
            let served = loaded.reranker().rerank(list.request(), 6).unwrap();
            assert_eq!(served, first.rerank(list.request(), 6).unwrap(), "the first is the one to serve");
        }
    }
    of_every_method!(check);
}

#[test]
fn no_method_reads_the_file_of_another() {
    fn check<C: MethodConfig>(config: &C) {
        let file = model(config, 1).to_file().unwrap();
        let mut others = 0;
        macro_rules! refused_by {
            ($other:expr) => {{
                fn load<D: MethodConfig>(_: &D, file: &ModelFile) -> (&'static str, Result<Method<D>, PsadError>) {
                    (D::KIND, Method::from_file(file))
                }
                let (kind, loaded) = load(&$other, &file);
                if kind != C::KIND {
                    others += 1;
                    assert!(matches!(loaded, Err(PsadError::File(ModelFileError::Kind { .. }))), "{kind}");
                }
            }};
        }
        refused_by!(crate::common::config());
        refused_by!(nar4rec());
        refused_by!(mlp());
        refused_by!(dlcm());
        refused_by!(prm());
        refused_by!(set_rank());
        refused_by!(mir());
        refused_by!(seq2slate());
        assert_eq!(others, 7, "eight kinds, all of them different");
    }
    of_every_method!(check);
}

/// Replaces every integer of a configuration in turn, and says where it stood.
fn each_integer(value: &Value, by: &Value) -> Vec<(String, Value)> {
    let deeper = |name: &str, inner: &Value, put: &dyn Fn(Value) -> Value| -> Vec<(String, Value)> {
        let found = each_integer(inner, by).into_iter();
        found.map(|(path, inner)| (format!("{name}.{path}"), put(inner))).collect()
    };
    match value {
        Value::Number(number) if number.is_u64() => vec![(String::new(), by.clone())],
        Value::Object(fields) => {
            let put = |name: &str, inner| {
                let mut fields = fields.clone();
                fields.insert(name.to_owned(), inner);
                Value::Object(fields)
            };
            fields.iter().flat_map(|(name, inner)| deeper(name, inner, &|inner| put(name, inner))).collect()
        }
        Value::Array(items) => {
            let put = |index: usize, inner| {
                let mut items = items.clone();
                items[index] = inner;
                Value::Array(items)
            };
            let items = items.iter().enumerate();
            items.flat_map(|(index, inner)| deeper("item", inner, &|inner| put(index, inner))).collect()
        }
        _ => Vec::new(),
    }
}

/// These decide no size: a block ends with its list, a threshold is only compared, and refining ends after some sweeps.
const NO_SIZES: [&str; 3] = ["objective.block_size.", "objective.threshold.", "refinement."];

/// Nor does the hidden width of a User Profile Network that is switched off.
fn is_size<C: MethodConfig>(path: &str) -> bool {
    !NO_SIZES.contains(&path) && (C::NAME, path) != ("NAR4Rec", "encoder.profile_hidden.")
}

#[test]
fn no_claim_of_a_file_asks_for_memory_that_the_file_does_not_hold() {
    fn check<C: MethodConfig>(config: &C) {
        let method = model(config, 1);
        let described = serde_json::to_value(method.config()).unwrap();
        let mut changed = 0;
        for huge in [1_u64 << 32, 1 << 40, u64::MAX - 1] {
            for (path, config) in each_integer(&described, &huge.into()) {
                let loaded = Method::<C>::from_file(&with_config(&method, config));
                assert!(loaded.is_err() || !is_size::<C>(&path), "{}: {path} {huge}", C::NAME);
                changed += 1;
            }
        }
        assert!(changed >= 9, "{}: {changed} claims", C::NAME);
    }
    of_every_method!(check);
}

#[test]
fn a_configuration_with_a_size_of_zero_is_refused() {
    fn check<C: MethodConfig>(config: &C) {
        let described = serde_json::to_value(config).unwrap();
        for (path, changed) in each_integer(&described, &0.into()) {
            let config: C = serde_json::from_value(changed).unwrap();
            let refused = Method::new(&DATA.schema, config, 1);
            // No item at all makes a slate that everyone likes.
            // Nothing need be refined.
            let harmless = ["objective.threshold.", "refinement."].contains(&path.as_str());
            assert!(refused.is_err() || harmless, "{}: {path}", C::NAME);
        }
    }
    of_every_method!(check);
}

#[test]
fn a_field_that_no_configuration_has_is_refused_at_any_depth() {
    fn check<C: MethodConfig>(config: &C) {
        let method = model(config, 1);
        let described = serde_json::to_value(method.config()).unwrap();
        let refused = |changed: Value| {
            let error = Method::<C>::from_file(&with_config(&method, changed)).unwrap_err();
            assert!(matches!(error, PsadError::File(ModelFileError::Config(_))), "{}: {error}", C::NAME);
            error.to_string()
        };
        let mut changed = described.clone();
        changed["colour"] = "red".into();
        assert!(refused(changed).contains("`colour`"));
        for (name, _) in described.as_object().unwrap().iter().filter(|(_, value)| value.is_object()) {
            let mut changed = described.clone();
            changed[name]["colour"] = "red".into();
            refused(changed);
        }
    }
    of_every_method!(check);
}

#[test]
fn methods_can_be_shared() {
    fn check<C: MethodConfig>(_: &C) {
        fn shared<T: Send + Sync + Clone + std::fmt::Debug + 'static>() {}
        shared::<Method<C>>();
        shared::<psad::Fitted<C>>();
    }
    of_every_method!(check);
}
