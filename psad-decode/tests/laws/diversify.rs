//! Each method against its definition, written down slowly.

use ndarray::{Array1, Array2, array};
use proptest::{collection::vec, prelude::*, strategy::Strategy as Generate};
use psad_core::{
    Candidates, Constraints, History, Items, RankerScores, Request, RerankError, Reranker, Slate, SlateBuilder,
    SlateError, User,
};
use psad_decode::{Diversified, Diversifier, DiversifyError, category_vectors};

#[derive(Debug, Clone)]
struct Case {
    scores: Vec<f32>,
    /// `[candidates, 3]`, whole numbers: some candidates are alike, some have no direction.
    vectors: Array2<f32>,
    len: usize,
}

fn cases() -> impl Generate<Value = Case> {
    (1_usize..9, 1_usize..9).prop_flat_map(|(candidates, len)| {
        let scores = vec(prop_oneof![3 => -2_f32..2., 1 => (-1_i8..2).prop_map(f32::from)], candidates);
        let vectors = vec((-2_i8..=2).prop_map(f32::from), candidates * 3);
        (scores, vectors).prop_map(move |(scores, vectors)| Case {
            scores,
            vectors: Array2::from_shape_vec((candidates, 3), vectors).unwrap(),
            len: len.min(candidates),
        })
    })
}

fn any_method() -> impl Generate<Value = Diversifier> {
    prop_oneof![
        (0_f32..=1.).prop_map(|lambda| Diversifier::Mmr { lambda }),
        (0_f32..4.).prop_map(|theta| Diversifier::Dpp { theta }),
        (0_f32..3., 1_usize..5).prop_map(|(gamma, window)| Diversifier::Ssd { gamma, window }),
    ]
}

impl Case {
    fn builder(&self) -> SlateBuilder {
        SlateBuilder::constrained(self.scores.len(), self.len, &Constraints::new()).unwrap()
    }

    fn slate(&self, method: Diversifier) -> Slate {
        method.slate(self.builder(), &self.scores, self.vectors.view()).unwrap()
    }

    /// The vector of a candidate at length 1, or zeros.
    fn unit(&self, item: usize) -> Array1<f64> {
        let vector = self.vectors.row(item).mapv(f64::from);
        let length = vector.dot(&vector).sqrt();
        if length == 0. { vector } else { vector / length }
    }

    fn cosine(&self, a: usize, b: usize) -> f64 {
        self.unit(a).dot(&self.unit(b))
    }

    /// Scores in `[0, 1]`.
    fn relevance(&self, item: usize) -> f64 {
        let low = self.scores.iter().copied().fold(f32::INFINITY, f32::min);
        let high = self.scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let range = f64::from(high) - f64::from(low);
        if range == 0. { 0. } else { (f64::from(self.scores[item]) - f64::from(low)) / range }
    }

    /// Whether every pick has the greatest gain, given the gain of a candidate behind what is placed; and the higher
    /// score of those with the same vector.
    fn check(&self, slate: &Slate, gain: impl Fn(&[usize], usize) -> f64) -> Result<(), TestCaseError> {
        prop_assert_eq!(slate.len(), self.len);
        for (slot, &pick) in slate.as_slice().iter().enumerate() {
            let placed = &slate.as_slice()[..slot];
            for other in (0..self.scores.len()).filter(|other| !placed.contains(other)) {
                let (found, most) = (gain(placed, pick), gain(placed, other));
                prop_assert!(found >= most - 1e-9 * (1. + most.abs()), "{pick}: {found}, {other}: {most}");
                let same = self.vectors.row(pick) == self.vectors.row(other);
                let ahead = self.scores[pick] > self.scores[other]
                    || (self.scores[pick] == self.scores[other] && pick <= other);
                prop_assert!(!same || ahead, "{other} stands before {pick}, which is no better");
            }
        }
        Ok(())
    }
}

/// By elimination.
fn determinant(mut matrix: Array2<f64>) -> f64 {
    let size = matrix.nrows();
    let mut product = 1.;
    for step in 0..size {
        let pivot = (step..size).max_by(|&a, &b| matrix[[a, step]].abs().total_cmp(&matrix[[b, step]].abs())).unwrap();
        if matrix[[pivot, step]] == 0. {
            return 0.;
        }
        if pivot != step {
            product = -product;
            for column in 0..size {
                matrix.swap([pivot, column], [step, column]);
            }
        }
        product *= matrix[[step, step]];
        for row in step + 1..size {
            let factor = matrix[[row, step]] / matrix[[step, step]];
            for column in step..size {
                matrix[[row, column]] -= factor * matrix[[step, column]];
            }
        }
    }
    product
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn mmr_weighs_score_against_similarity(case in cases(), lambda in 0_f32..=1.) {
        let weight = f64::from(lambda);
        case.check(&case.slate(Diversifier::Mmr { lambda }), |placed, item| {
            let nearest = placed.iter().map(|&other| case.cosine(item, other)).reduce(f64::max).unwrap_or(0.);
            weight * case.relevance(item) - (1. - weight) * nearest
        })?;
    }

    #[test]
    fn a_dpp_adds_what_lets_the_determinant_grow_the_most_and_then_goes_by_score(
        case in cases(), theta in 0_f32..2.,
    ) {
        let slate = case.slate(Diversifier::Dpp { theta });
        let quality = |item: usize| (f64::from(theta) * f64::from(case.scores[item])).exp();
        let determinant_of = |items: &[usize]| {
            let entry = |(a, b): (usize, usize)| {
                quality(items[a]) * case.cosine(items[a], items[b]) * quality(items[b])
            };
            determinant(Array2::from_shape_fn((items.len(), items.len()), entry))
        };
        // The smallest volume that whole numbers up to 2 span is far above rounding.
        let adds = |volume: f64, placed: &[usize], item: usize| {
            let grown = determinant_of(&[placed, &[item]].concat());
            if grown > 1e-9 * volume { grown } else { 0. }
        };
        let mut spanning: Vec<usize> = Vec::new();
        for (slot, &pick) in slate.as_slice().iter().enumerate() {
            let placed = &slate.as_slice()[..slot];
            let volume = determinant_of(&spanning);
            let found = adds(volume, &spanning, pick);
            for other in (0..case.scores.len()).filter(|other| !placed.contains(other)) {
                let most = adds(volume, &spanning, other);
                prop_assert!(found >= most * (1. - 1e-9), "{pick}: {found}, {other}: {most}");
                let by_score = case.scores[pick] > case.scores[other]
                    || (case.scores[pick] == case.scores[other] && pick <= other);
                prop_assert!(found > 0. || by_score);
            }
            if found > 0. {
                spanning.push(pick);
            }
        }
    }

    #[test]
    fn ssd_adds_the_volume_of_the_window(case in cases(), gamma in 0_f32..3., window in 1_usize..5) {
        let slate = case.slate(Diversifier::Ssd { gamma, window });
        // What a vector holds beside the directions that the last `window - 1` items had added; slot by slot.
        let recent = |directions: &[Option<Array1<f64>>]| -> Vec<Array1<f64>> {
            let first = (directions.len() + 1).saturating_sub(window);
            directions[first..].iter().flatten().cloned().collect()
        };
        let left = |directions: &[Option<Array1<f64>>], item: usize| {
            let project = |direction: &Array1<f64>| direction * (direction.dot(&case.unit(item)) / direction.dot(direction));
            recent(directions).iter().fold(case.unit(item), |rest, direction| rest - project(direction))
        };
        let length = |vector: &Array1<f64>| vector.dot(vector).sqrt();
        let directions_of = |placed: &[usize]| {
            let mut directions = Vec::new();
            for &item in placed {
                let rest = left(&directions, item);
                directions.push((length(&rest) > 1e-6).then_some(rest));
            }
            directions
        };
        case.check(&slate, |placed, item| {
            let directions = directions_of(placed);
            let volume: f64 = recent(&directions).iter().map(length).product();
            case.relevance(item) + f64::from(gamma) * volume * length(&left(&directions, item))
        })?;
    }

    #[test]
    fn without_a_wish_for_difference_the_scores_decide(case in cases(), window in 1_usize..5) {
        let sorted = Slate::top_by_score(&case.scores, case.len).unwrap();
        prop_assert_eq!(&case.slate(Diversifier::Mmr { lambda: 1. }), &sorted);
        prop_assert_eq!(&case.slate(Diversifier::Ssd { gamma: 0., window }), &sorted);
        // Where every candidate has a direction of its own, the greatest weight leaves nothing to it.
        let own = Array2::from_shape_fn((case.scores.len(), 9), |(item, axis)| if item == axis { 1. } else { 0.1 });
        let dpp = Diversifier::Dpp { theta: 1e30 };
        let slate = dpp.slate(case.builder(), &case.scores, own.view()).unwrap();
        // Among equal scores the volume decides.
        prop_assert_eq!(slate.apply(&case.scores).unwrap(), sorted.apply(&case.scores).unwrap());
    }

    #[test]
    fn what_is_placed_already_counts(case in cases(), method in any_method(), first in 0_usize..9) {
        let whole = case.slate(method);
        let mut begun = case.builder();
        for item in whole.as_slice().iter().take(first) {
            begun.push(*item).unwrap();
        }
        prop_assert_eq!(method.slate(begun, &case.scores, case.vectors.view()).unwrap(), whole);
    }

    #[test]
    fn lengths_of_vectors_do_not_matter(case in cases(), method in any_method(), power in -20_i32..20) {
        let scaled = case.vectors.mapv(|value| value * 2_f32.powi(power));
        let slate = method.slate(case.builder(), &case.scores, scaled.view()).unwrap();
        prop_assert_eq!(slate, case.slate(method));
    }

    #[test]
    fn any_numbers_give_a_full_slate_or_a_named_error(
        method in any_method(), scores in vec(any::<f32>(), 5), vectors in vec(any::<f32>(), 10),
    ) {
        let vectors = Array2::from_shape_vec((5, 2), vectors).unwrap();
        let found = method.slate(SlateBuilder::new(5), &scores, vectors.view());
        match found {
            Ok(slate) => prop_assert_eq!(slate.len(), 5),
            Err(DiversifyError::Scores(SlateError::NonFiniteScore { item, .. })) => {
                prop_assert!(!scores[item].is_finite());
            }
            Err(DiversifyError::NonFiniteVector { item, .. }) => {
                prop_assert!(vectors.row(item).iter().any(|value| !value.is_finite()));
            }
            Err(error) => prop_assert!(false, "{error}"),
        }
    }

    #[test]
    fn a_diversified_scorer_keeps_the_contract_of_rerankers(
        scores in vec(-2_f32..2., 1..8), codes in vec(0_u32..3, 8), method in any_method(), len in 1_usize..9,
    ) {
        let request = request(&scores, &codes);
        let reranker = Diversified::new(RankerScores, method, category_vectors(0)).unwrap();
        let slate = reranker.rerank(&request, len).unwrap();
        prop_assert_eq!(slate.len(), len.min(scores.len()));
        prop_assert_eq!(&slate, &reranker.rerank(&request, len).unwrap());
        // Candidate 0 first, nothing else is asked for.
        let ruled = request.with_constraints(Constraints::new().keep_top()).unwrap();
        prop_assert_eq!(reranker.rerank(&ruled, len).unwrap().as_slice()[0], 0);
    }
}

fn request(scores: &[f32], codes: &[u32]) -> Request {
    let sparse = Array2::from_shape_fn((scores.len(), 1), |(item, _)| codes[item]);
    let items = Items::new(sparse, Array2::zeros((scores.len(), 0))).unwrap();
    let candidates = Candidates::new(items, Array1::from(scores.to_vec())).unwrap();
    Request::new(User::anonymous(), History::empty(1, 0), candidates).unwrap()
}

#[test]
fn each_method_passes_over_a_twin_for_something_else() {
    let request = request(&[0.9, 0.8, 0.3, 0.1], &[5, 5, 6, 5]);
    for method in
        [Diversifier::Mmr { lambda: 0.5 }, Diversifier::Dpp { theta: 1. }, Diversifier::Ssd { gamma: 1., window: 2 }]
    {
        let reranker = Diversified::new(RankerScores, method, category_vectors(0)).unwrap();
        // A slate of two out of four: the scores of all of them were seen before it was cut.
        assert_eq!(reranker.rerank(&request, 2).unwrap().as_slice(), [0, 2], "{method:?}");
    }
}

#[test]
fn what_left_the_window_may_come_again() {
    let request = request(&[0.9, 0.8, 0.3, 0.2], &[5, 5, 6, 6]);
    let slate = |window| {
        let method = Diversifier::Ssd { gamma: 1., window };
        let reranker = Diversified::new(RankerScores, method, category_vectors(0)).unwrap();
        reranker.rerank(&request, 4).unwrap().as_slice().to_vec()
    };
    assert_eq!(slate(1), [0, 1, 2, 3]);
    assert_eq!(slate(2), [0, 2, 1, 3]);
}

#[test]
fn numbers_that_no_method_can_have_are_refused() {
    for lambda in [-0.1, 1.1, f32::NAN] {
        assert!(matches!(Diversifier::Mmr { lambda }.check(), Err(DiversifyError::Lambda { .. })));
    }
    for weight in [-0.1, f32::INFINITY, f32::NAN] {
        assert!(matches!(Diversifier::Dpp { theta: weight }.check(), Err(DiversifyError::Theta { .. })));
        let ssd = Diversifier::Ssd { gamma: weight, window: 1 };
        assert!(matches!(ssd.check(), Err(DiversifyError::Gamma { .. })));
        assert!(Diversified::new(RankerScores, ssd, category_vectors(0)).is_err());
    }
    let none = Diversifier::Ssd { gamma: 1., window: 0 };
    assert_eq!(none.check(), Err(DiversifyError::NoWindow));
    assert_eq!(none.slate(SlateBuilder::new(0), &[], Array2::zeros((0, 0)).view()), Err(DiversifyError::NoWindow));
}

#[test]
fn what_does_not_belong_to_the_list_is_refused() {
    let mmr = Diversifier::Mmr { lambda: 0.5 };
    let vectors = array![[1., 0.], [0., 1.]];
    let error = mmr.slate(SlateBuilder::new(2), &[0.], vectors.view()).unwrap_err();
    assert_eq!(error, DiversifyError::Scores(SlateError::Length { candidates: 2, found: 1 }));
    let error = mmr.slate(SlateBuilder::new(3), &[0.; 3], vectors.view()).unwrap_err();
    assert_eq!(error, DiversifyError::VectorCount { expected: 3, found: 2 });
    let request = request(&[0., 1.], &[1, 1]);
    let reranker = Diversified::new(RankerScores, mmr, category_vectors(0)).unwrap();
    assert!(matches!(reranker.rerank(&request, 0), Err(RerankError::EmptySlate)));
    let poisoned = |_: &Request| Ok(vec![0., f32::NAN]);
    let reranker = Diversified::new(poisoned, mmr, category_vectors(0)).unwrap();
    assert!(matches!(
        reranker.rerank(&request, 1),
        Err(RerankError::Slate(SlateError::NonFiniteScore { item: 1, .. }))
    ));
    let reranker = Diversified::new(RankerScores, mmr, category_vectors(3)).unwrap();
    let error = reranker.rerank(&request, 1).unwrap_err();
    assert_eq!(error.to_string(), "items have 1 sparse fields, and none of index 3");
}
