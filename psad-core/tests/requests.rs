//! Requests as JSON: what is read is what was written, and nothing comes in that a constructor would refuse.

use ndarray::{Array1, Array2};
use proptest::{collection::vec, prelude::*};
use psad_core::{Candidates, Constraints, Group, History, Items, Request, Rule, User};
use serde_json::{Value, json};

/// Everything that a request may lack: fields, features, a history, ages, rules.
fn requests() -> impl Strategy<Value = Request> {
    let shape = (0_usize..3, 0_usize..3, 0_usize..4, 1_usize..5, any::<bool>(), vec(rules(), 0..3));
    shape.prop_flat_map(|(fields, features, past, offered, ages, rules)| {
        let finite = || prop_oneof![any::<f32>().prop_filter("finite", |value| value.is_finite()), Just(-0.)];
        let items = move |count: usize| {
            (vec(any::<u32>(), count * fields), vec(finite(), count * features)).prop_map(move |(ids, values)| {
                let sparse = Array2::from_shape_vec((count, fields), ids).unwrap();
                Items::new(sparse, Array2::from_shape_vec((count, features), values).unwrap()).unwrap()
            })
        };
        let user = (vec(any::<u32>(), fields), vec(finite(), features));
        let user = user.prop_map(|(ids, values)| User::new(ids.into(), values.into()).unwrap());
        let days = vec(0_f32..1e6, past);
        let history = (items(past), vec(any::<u32>(), past), days).prop_map(move |(items, feedback, days)| {
            let history = History::new(items, feedback.into()).unwrap();
            if ages { history.with_ages(days.into()).unwrap() } else { history }
        });
        let candidates = (items(offered), vec(finite(), offered))
            .prop_map(|(items, scores)| Candidates::new(items, scores.into()).unwrap());
        let rules = rules.into_iter().fold(Constraints::new(), Constraints::with);
        (user, history, candidates).prop_map(move |(user, history, candidates)| {
            let request = Request::new(user, history, candidates).unwrap();
            request.clone().with_constraints(rules.clone()).unwrap_or(request)
        })
    })
}

fn rules() -> impl Strategy<Value = Rule> {
    let group = || vec(0_usize..3, 0..4).prop_map(|items| Group::new("some \"films\"", items));
    let window = || proptest::option::of(1_usize..4);
    prop_oneof![
        (0_usize..3, 0_usize..3).prop_map(|(item, slot)| Rule::Pin { item, slot }),
        (0_usize..3, 0_usize..3).prop_map(|(item, slot)| Rule::Forbid { item, slots: slot..usize::MAX }),
        (0_usize..3, window(), group()).prop_map(|(limit, window, group)| Rule::AtMost { limit, window, group }),
        (0_usize..3, window(), group()).prop_map(|(limit, window, group)| Rule::AtLeast { limit, window, group }),
        (group(), group()).prop_map(|(one, other)| Rule::BanNeighbours { one, other }),
    ]
}

fn read(json: &Value) -> Result<Request, String> {
    serde_json::from_str(&json.to_string()).map_err(|error| error.to_string())
}

fn request() -> Value {
    json!({
        "user": { "sparse": [3], "dense": [0.5] },
        "history": { "items": { "count": 2, "sparse": [[7, 9]], "dense": [] }, "feedback": [0, 1], "ages": [2.0, 0.5] },
        "candidates": { "items": { "count": 3, "sparse": [[1, 2, 3]], "dense": [] }, "scores": [0.3, 0.2, 0.1] },
        "constraints": [{ "pin": { "item": 0, "slot": 0 } }],
    })
}

proptest! {
    #[test]
    fn a_request_survives_json_to_the_last_bit(request in requests()) {
        let json = serde_json::to_string(&request).unwrap();
        let read: Request = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(&read, &request);
        // -0 equals 0, but its text does not.
        prop_assert_eq!(serde_json::to_string(&read).unwrap(), json);
    }
}

#[test]
fn a_request_reads_as_the_documentation_says() {
    let read = read(&request()).unwrap();
    assert_eq!(read.history().items().sparse(), Array2::from_shape_vec((2, 1), vec![7, 9]).unwrap());
    assert_eq!(read.history().ages(), Some(&Array1::from(vec![2., 0.5])));
    assert_eq!(read.constraints(), &Constraints::new().keep_top());
    assert_eq!(serde_json::to_value(&read).unwrap()["constraints"], request()["constraints"]);
    let mut bare = request();
    bare.as_object_mut().unwrap().remove("constraints");
    bare["history"].as_object_mut().unwrap().remove("ages");
    let bare = self::read(&bare).unwrap();
    assert!(bare.constraints().is_empty() && bare.history().ages().is_none());
    let json = serde_json::to_string(&bare).unwrap();
    assert!(!json.contains("constraints") && !json.contains("ages"), "{json}");
}

#[test]
fn what_a_constructor_refuses_is_refused_with_its_reason() {
    let refused = |path: &str, value: Value| {
        let mut json = request();
        *json.pointer_mut(path).unwrap() = value;
        read(&json).unwrap_err()
    };
    for (path, value, reason) in [
        ("/candidates/scores", json!([0.3, 0.2]), "ranker scores: expected 3, found 2"),
        ("/candidates/items/sparse", json!([[1, 2, 3, 4]]), "values of a sparse column: expected 3, found 4"),
        ("/candidates/items/dense", json!([[1.0], [2.0, 3.0]]), "values of a dense column: expected 3, found 1"),
        ("/candidates/items/count", json!(2), "values of a sparse column: expected 2, found 3"),
        ("/candidates/items", json!({ "count": 3, "sparse": [], "dense": [] }), "sparse fields of history items"),
        ("/candidates", json!({ "items": { "count": 0, "sparse": [[]], "dense": [] }, "scores": [] }), "is empty"),
        ("/history/feedback", json!([0]), "feedback codes: expected 2, found 1"),
        ("/history/ages", json!([1.0, -1.0]), "age of history item 1 is -1 days"),
        ("/constraints", json!([{ "pin": { "item": 3, "slot": 0 } }]), "item 3"),
        ("/constraints", json!([{ "pin": { "item": 0, "slot": 0, "colour": 1 } }]), "colour"),
        ("/user", json!({ "sparse": [], "dense": [], "name": "Ann" }), "name"),
        ("/user/sparse", json!([-1]), "-1"),
    ] {
        let error = refused(path, value);
        assert!(error.contains(reason), "{path}: {error}");
    }
}

#[test]
fn a_claim_about_items_without_fields_costs_no_memory() {
    for count in [usize::MAX, usize::MAX / 2, 1 << 40] {
        let mut json = request();
        json["candidates"]["items"] = json!({ "count": count, "sparse": [], "dense": [] });
        assert!(read(&json).is_err());
    }
}
