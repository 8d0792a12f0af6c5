//! A model that was saved and loaded is the same model.

use psad::core::{ModelFile, ModelFileError};
use psad::{Psad, PsadError};

use crate::common::{DATA, FITTED, bytes, model, rerankers, scores};

#[test]
fn a_loaded_model_answers_as_the_saved_one_and_saves_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/folder/psad.safetensors");
    FITTED.method.save(&path).unwrap();
    let loaded = Psad::load(&path).unwrap();
    for list in &DATA.test {
        let request = list.request();
        assert_eq!(scores(&loaded, request), scores(&FITTED.method, request));
        for ((name, saved), (_, loaded)) in rerankers(&FITTED.method).iter().zip(rerankers(&loaded)) {
            assert_eq!(saved.rerank(request, 6).unwrap(), loaded.rerank(request, 6).unwrap(), "{name}");
        }
    }
    let again = folder.path().join("again.safetensors");
    loaded.save(&again).unwrap();
    assert_eq!(std::fs::read(&again).unwrap(), std::fs::read(&path).unwrap());
    assert_eq!((loaded.schema(), loaded.tables()), (FITTED.method.schema(), FITTED.method.tables()));
}

#[test]
fn a_file_is_replaced_whole_and_nothing_is_left_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("psad.safetensors");
    model(1).save(&path).unwrap();
    FITTED.method.save(&path).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), bytes(&FITTED.method));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn every_ablation_survives_its_file() {
    for switches in 0..16 {
        let mut config = crate::common::config();
        let on = |bit: u32| switches >> bit & 1 == 1;
        config.encoder.gate = on(0);
        config.encoder.history_positions = on(1);
        config.encoder.candidate_positions = on(2);
        config.context_enhancement = on(3);
        config.scorer_hidden = if on(0) { vec![] } else { vec![5, 4] };
        let psad = Psad::new(&DATA.schema, config, 3).unwrap();
        let loaded = Psad::from_file(&ModelFile::from_bytes(&bytes(&psad)).unwrap()).unwrap();
        assert_eq!(bytes(&loaded), bytes(&psad));
        let request = DATA.test[0].request();
        assert_eq!(scores(&loaded, request), scores(&psad, request));
    }
}

#[test]
fn a_path_that_is_no_file_is_an_error_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.safetensors");
    for path in [folder.path(), missing.as_path()] {
        let error = Psad::load(path).unwrap_err();
        assert!(matches!(&error, PsadError::File(ModelFileError::Io { path: named, .. }) if named == path), "{error}");
    }
    let error = FITTED.method.save(folder.path()).unwrap_err();
    assert!(matches!(error, PsadError::File(ModelFileError::Io { .. })), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
