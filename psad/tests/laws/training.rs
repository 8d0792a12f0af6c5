//! Which lists can be trained on, and in blocks of which size.

use ndarray::Array1;
use psad::distill::{DistillationForm, JointConfig};
use psad::train::{TrainConfig, TrainError, Trainer};
use psad::{FittedPsad, LabeledList, Psad, PsadError, Slate};

use crate::common::{CANDIDATES, DATA, Draft, bytes, config, model, plan, refs, rerankers};

fn fit(model: Psad, train: &[LabeledList], validation: &[LabeledList]) -> Result<FittedPsad, PsadError> {
    let trainer = Trainer::new(TrainConfig { epochs: 1, ..plan(1, 1) }).unwrap();
    model.fit(trainer, &refs(train), &refs(validation))
}

fn assert_serves(psad: &Psad) {
    for (name, reranker) in rerankers(psad) {
        for list in &DATA.test {
            let slate = reranker.rerank(list.request(), CANDIDATES).unwrap();
            assert_eq!(slate.len(), CANDIDATES, "{name}");
        }
    }
}

#[test]
fn blocks_of_every_size_train_and_serve() {
    for block_size in [1, 2, CANDIDATES, 100, usize::MAX] {
        for form in [DistillationForm::Collapsed, DistillationForm::RowWise] {
            let objective = JointConfig { block_size, form, ..JointConfig::default() };
            let psad = Psad::new(&DATA.schema, psad::PsadConfig { objective, ..config() }, 1).unwrap();
            let fitted = fit(psad, &DATA.train, &DATA.validation).unwrap();
            assert!(fitted.epochs.iter().all(|epoch| epoch.total.is_finite()));
            assert_serves(&fitted.method);
            let file = psad::core::ModelFile::from_bytes(&bytes(&fitted.method)).unwrap();
            assert_serves(&Psad::from_file(&file).unwrap());
        }
    }
}

#[test]
fn a_teacher_of_few_slots_still_fills_the_whole_list() {
    for slots in [1, 4, 50] {
        let objective = JointConfig { slots: Some(slots), ..config().objective };
        let psad = Psad::new(&DATA.schema, psad::PsadConfig { objective, ..config() }, 1).unwrap();
        assert_serves(&fit(psad, &DATA.train, &DATA.validation).unwrap().method);
    }
}

#[test]
fn fitting_without_lists_is_refused() {
    let nothing = fit(model(1), &[], &DATA.validation);
    assert!(matches!(nothing, Err(PsadError::Train(TrainError::NoLists))));
    assert!(matches!(fit(model(1), &DATA.train, &[]), Err(PsadError::NoValidation)));
    assert!(matches!(fit(model(1), &[], &[]), Err(PsadError::NoValidation)));
}

#[test]
fn lists_that_do_not_fit_the_schema_are_refused() {
    let long = Draft { candidates: CANDIDATES + 1, ..Draft::new() }.labelled();
    let wide = Draft { fields: 4, ..Draft::new() }.labelled();
    for misfit in [long, wide] {
        let error = fit(model(1), std::slice::from_ref(&misfit), &DATA.validation).unwrap_err();
        assert!(matches!(error, PsadError::Train(TrainError::List(_))), "{error}");
        let error = fit(model(1), &DATA.train, &[misfit]).unwrap_err();
        assert!(matches!(error, PsadError::Train(TrainError::Validation { epoch: 1, .. })), "{error}");
    }
}

#[test]
fn lists_without_any_contrast_can_be_trained_on() {
    for label in [0., 1., 5.] {
        let constant: Vec<LabeledList> = (DATA.train.iter())
            .map(|list| LabeledList::new(list.request().clone(), Array1::from_elem(list.len(), label)).unwrap())
            .collect();
        let fitted = fit(model(1), &constant, &constant).unwrap();
        assert!(fitted.epochs.iter().all(|epoch| epoch.total.is_finite() && epoch.validation.is_finite()));
        assert_serves(&fitted.method);
    }
}

#[test]
fn odd_lists_can_be_trained_on() {
    let short = |candidates| Draft { candidates, history: 0, ..Draft::new() }.labelled();
    let unknown = Draft { first_id: u32::MAX - 20, ages: Some(f32::MAX), ..Draft::new() }.labelled();
    let lists = [short(1), short(2), unknown, DATA.train[0].clone()];
    assert_serves(&fit(model(1), &lists, &lists).unwrap().method);
    assert_serves(&fit(model(1), &lists[..1], &lists[..1]).unwrap().method);
}

#[test]
fn huge_features_train_or_are_reported() {
    for dense in [1e8, 1e18, 1e30, f32::MAX] {
        let huge = Draft { dense, ..Draft::new() }.labelled();
        match fit(model(1), &[huge, DATA.train[0].clone()], &DATA.validation) {
            Ok(fitted) => assert_serves(&fitted.method),
            Err(PsadError::Train(error)) => assert!(!error.to_string().is_empty()),
            Err(other) => panic!("{other}"),
        }
    }
}

#[test]
fn an_untrained_model_serves() {
    assert_serves(&model(3));
    let slate = psad::Reranker::rerank(&model(3).student(), DATA.test[0].request(), 1).unwrap();
    assert_eq!((slate.len(), Slate::candidates(&slate)), (1, CANDIDATES));
}

#[test]
fn without_a_limit_to_gradients_a_student_with_a_guide_leaves_its_teacher_alone() {
    let of_teacher = |distillation, clip_norm| {
        let objective = JointConfig { distillation, ..config().objective };
        let psad = Psad::new(&DATA.schema, psad::PsadConfig { objective, guide: true, ..config() }, 1).unwrap();
        let trainer = Trainer::new(TrainConfig { epochs: 1, clip_norm, ..plan(1, 1) }).unwrap();
        let fitted = psad.fit(trainer, &refs(&DATA.train), &refs(&DATA.validation)).unwrap();
        let mut tensors = fitted.method.to_file().unwrap().tensors().clone();
        tensors.retain(|name, _| !name.starts_with("model.guid"));
        tensors
    };
    assert!(of_teacher(5., None) == of_teacher(0., None), "the teacher's weights differ");
    // Under one limit for both, what the student asks for shortens the steps of its teacher.
    assert!(of_teacher(5., Some(0.1)) != of_teacher(0., Some(0.1)), "the limit is not shared");
}
