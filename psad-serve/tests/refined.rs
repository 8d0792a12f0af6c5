//! Slates that PSAD-S improves are served as good as they were trained, and mostly the same.

mod common;

use common::Draw;
use psad::{Psad, PsadConfig, Request, Reranker, Slate};
use psad_serve::{Dispatch, Model};

const LISTS: usize = 60;
const SLOTS: usize = 8;

/// Clicks that the slate is expected to bring, by a student that knows nothing but clicks.
fn worth(clicks: &Psad, request: &Request, slate: &Slate) -> f64 {
    let rows = clicks.student().scores_along(request, slate).expect("the request fits");
    let logit = |slot: usize| f64::from(rows[[slot, slate.as_slice()[slot]]]);
    (0..slate.len()).map(|slot| 1. / (1. + (-logit(slot)).exp())).sum()
}

/// Two moves may be worth the same within rounding, and lead to different ends: few slates differ, none by much.
#[test]
fn improved_slates_are_served_as_trained() {
    let schema = common::schema(true, true, true);
    let config = PsadConfig { exposure: false, ..PsadConfig::small() };
    let (picking, file) = common::psad(&schema, config.clone(), 3);
    let refining = common::under(&file, &PsadConfig { refinement: 1, ..config.clone() });
    let clicks = common::under(&file, &PsadConfig { guide: false, ..config });
    let file = refining.to_file().expect("readable");
    let mut draw = Draw(4);
    let requests: Vec<Request> = (0..LISTS).map(|list| draw.request(&schema, 9, 3 + list % 30)).collect();
    for dispatch in Dispatch::available() {
        let served = Model::with_dispatch(&file, dispatch).expect("a file of this version").student().expect("PSAD");
        let (mut same, mut moved) = (0, 0);
        for request in &requests {
            let [picked, trained] =
                [&picking, &refining].map(|psad| psad.student().rerank(request, SLOTS).expect("the request fits"));
            let served = served.rerank(request, SLOTS).expect("the request fits");
            let [before, expected, found] = [&picked, &trained, &served].map(|slate| worth(&clicks, request, slate));
            assert!(found >= before - 1e-3, "{found} after {before}");
            assert!((found - expected).abs() < 0.05, "{found}, trained {expected}");
            same += usize::from(served == trained);
            moved += usize::from(served != picked);
        }
        assert!(same * 10 >= LISTS * 9, "{dispatch:?}: only {same} of {LISTS} are the same");
        assert!(moved * 3 >= LISTS, "only {moved} were improved at all");
    }
}

/// Where it matters how likely slots are looked at, it is read when slates are served as it was when they were trained.
#[test]
fn exposure_is_read_alike() {
    let schema = common::schema(true, true, true);
    let config = PsadConfig { refinement: 1, ..PsadConfig::small() };
    let (trained, file) = common::psad(&schema, config.clone(), 7);
    let blind = common::under(&file, &PsadConfig { exposure: false, ..config });
    let served = Model::from_file(&file).expect("a file of this version").student().expect("PSAD");
    let mut draw = Draw(8);
    let (mut same, mut differ) = (0, 0);
    for list in 0..LISTS {
        let request = draw.request(&schema, 9, 3 + list % 30);
        let [with, without] = [&trained, &blind].map(|psad| psad.student().rerank(&request, SLOTS).expect("it fits"));
        same += usize::from(served.rerank(&request, SLOTS).expect("it fits") == with);
        differ += usize::from(with != without);
    }
    assert!(same * 10 >= LISTS * 9 && differ * 10 >= LISTS, "{same} are the same, {differ} differ without exposure");
}

#[test]
fn rules_hold_for_improved_slates_too() {
    let schema = common::schema(true, true, true);
    let (_, file) = common::psad(&schema, PsadConfig { refinement: 3, ..PsadConfig::small() }, 5);
    let served = Model::from_file(&file).expect("a file of this version").student().expect("PSAD");
    let mut draw = Draw(6);
    for slot in 0..SLOTS {
        let request = draw.request(&schema, 4, 20);
        let rules = psad::Constraints::new().pin(19, slot);
        let request = request.with_constraints(rules).expect("rules fit");
        assert_eq!(served.rerank(&request, SLOTS).expect("the request fits").as_slice()[slot], 19);
    }
}
