//! Claims that numbers bear out, and others.

use super::*;

fn row(name: &'static str, mean: f64, p: f64) -> Row {
    let against = |other: f64| Some(Difference { diff: mean - other, low: mean - other, high: mean - other, p });
    Row {
        name,
        value: Estimate { mean, low: mean, high: mean },
        by_seed: vec![mean],
        share_by_seed: vec![mean / 4.],
        share: Some(Estimate { mean: mean / 4., low: mean / 4., high: mean / 4. }),
        regret: None,
        ndcg: None,
        map: None,
        vs_initial: against(2.),
        vs_teacher: (name != TEACHER).then(|| against(3.)).flatten(),
    }
}

fn strong(rival: f64, p: f64) -> InputSummary {
    let mut rows: Vec<Row> = RIVALS.iter().map(|&name| row(name, rival, p)).collect();
    rows.extend([row(STUDENT, 2.95, 0.001), row(TEACHER, 3., 0.001)]);
    InputSummary {
        name: Kind::Strong.name(),
        slots: 10,
        lists: 10,
        users: 5,
        judged_by: "utility",
        optimum: Some(4.),
        greedy: Some(3.5),
        by_attraction: Some(3.),
        kept: Some(Estimate { mean: 0.95, low: 0.94, high: 0.96 }),
        kept_by_seed: vec![0.95],
        rows,
    }
}

/// The first claim of that number and input.
fn claim(claims: &[Claim], id: &str, part: &str) -> Claim {
    claims.iter().find(|claim| claim.id == id && claim.text.contains(part)).unwrap().clone()
}

fn holds(claims: &[Claim], id: &str, part: &str) -> bool {
    claim(claims, id, part).verdict == Verdict::Holds
}

#[test]
fn a_claim_that_numbers_bear_out_holds() {
    let claims = claims(&[strong(2.5, 0.001)], &[], &[]);
    for id in ["1a", "1b", "1d"] {
        assert!(holds(&claims, id, "(strong)"), "{id}");
        assert!(!holds(&claims, id, "(medium)"), "{id} was not measured");
    }
}

#[test]
fn a_claim_that_fails_says_so() {
    let better = claims(&[strong(3.1, 0.001)], &[], &[]);
    assert!(!holds(&better, "1a", "(strong)") && !holds(&better, "1b", "(strong)"));
    let chance = claims(&[strong(2.9, 0.2)], &[], &[]);
    assert!(holds(&chance, "1a", "(strong)") && !holds(&chance, "1b", "(strong)"));
    let said = claim(&chance, "1b", "strong").measured;
    assert!(said.contains("+0.1000 over PRM (not borne out)"), "{said}");
}

#[test]
fn nine_tenths_are_to_be_kept_with_every_seed_and_of_something() {
    let kept = |mean, by_seed: &[f64]| {
        let kept = Some(Estimate { mean, low: mean, high: mean });
        let input = InputSummary { kept, kept_by_seed: by_seed.to_vec(), ..strong(2.5, 0.001) };
        claim(&claims(&[input], &[], &[]), "1d", "strong")
    };
    assert_eq!(kept(0.95, &[0.91, 0.99]).verdict, Verdict::Holds);
    assert_eq!(kept(0.95, &[0.89, 0.99]).verdict, Verdict::Pooled);
    assert_eq!(kept(0.89, &[0.89, 0.89]).verdict, Verdict::Fails);
    let said = "95.0 % (+0.9500 of +1.0000), 95 % interval [95.0, 95.0]; by seed 91.0, 99.0";
    assert_eq!(kept(0.95, &[0.91, 0.99]).measured, said);
    let nothing = InputSummary { kept: None, ..strong(2.5, 0.001) };
    assert_eq!(claim(&claims(&[nothing], &[], &[]), "1d", "strong").verdict, Verdict::Fails);
}

#[test]
fn the_optimum_is_to_be_nearly_reached() {
    let reached = |share: f64| {
        let mut input = InputSummary { name: Kind::StrongEight.name(), ..strong(2.5, 0.001) };
        for row in &mut input.rows {
            row.share = Some(Estimate { mean: share, low: share - 0.01, high: share + 0.01 });
            row.share_by_seed = vec![share];
        }
        claim(&claims(&[input], &[], &[]), "2", "(strong-8)")
    };
    assert_eq!(reached(0.96).verdict, Verdict::Holds);
    assert_eq!(reached(0.96).measured, "96.00 %, 95 % interval [95.00, 97.00]; by seed 96.00");
    assert_eq!(reached(0.949).verdict, Verdict::Fails);
}

#[test]
fn what_was_not_measured_does_not_hold() {
    assert!(
        claims(&[], &[], &[]).iter().all(|claim| claim.verdict == Verdict::Fails && claim.measured == "not measured")
    );
}

fn variant(label: &'static str, reranker: &'static str, diff: f64, low: f64, high: f64, p: f64) -> VariantSummary {
    VariantSummary {
        input: Kind::Strong.name(),
        label,
        reranker,
        block_size: None,
        steps: None,
        seeds: Some(1),
        value: Estimate { mean: 1., low: 1., high: 1. },
        vs_full: Some(Difference { diff, low, high, p }),
        vs_full_by_seed: vec![diff, diff - 0.01],
    }
}

#[test]
fn blocks_may_be_worse_by_chance_alone() {
    let with = |diff: f64, low: f64, high: f64| {
        holds(&claims(&[], &[variant(AUTOREGRESSIVE, TEACHER, diff, low, high, 0.5)], &[]), "1c", "strong")
    };
    assert!(with(0.1, -0.1, 0.3), "one slot per step is ahead by chance");
    assert!(!with(0.2, 0.1, 0.3), "one slot per step is ahead");
    assert!(with(-0.2, -0.3, -0.1), "blocks are ahead");
}

#[test]
fn one_block_is_held_against_several() {
    let with = |diff, p| claims(&[], &[variant(ONE_BLOCK, TEACHER, diff, diff - 0.1, diff + 0.1, p)], &[]);
    let verdict = |claims: &[Claim]| {
        claims.iter().find(|claim| claim.text.contains("in one step") && claim.text.contains("strong")).unwrap().verdict
    };
    assert_eq!(verdict(&with(-0.2, 0.001)), Verdict::Holds);
    assert_eq!(verdict(&with(-0.2, 0.2)), Verdict::Fails);
    assert_eq!(verdict(&with(0.2, 0.001)), Verdict::Fails);
}

fn swept(sweeps: usize, gains: [f64; 2], p: f64) -> Swept {
    let diff = gains.iter().sum::<f64>() / 2.;
    Swept {
        input: Kind::Medium.name(),
        sweeps,
        taught: Estimate { mean: diff, low: diff, high: diff },
        untaught: Estimate { mean: 0., low: 0., high: 0. },
        gain: Difference { diff, low: diff, high: diff, p },
        gain_by_seed: gains.to_vec(),
        vs_teacher: Difference { diff: diff - 1., low: diff - 1., high: diff - 1., p },
        vs_teacher_by_seed: gains.map(|gain| gain - 1.).to_vec(),
    }
}

#[test]
fn what_is_picked_before_any_sweep_is_judged_by_itself() {
    let judged = |found: &[Swept]| {
        let claims = claims(&[], &[], found);
        let picked = claims.into_iter().find(|claim| claim.text.starts_with("what PSAD-S picks"));
        let claim = picked.unwrap();
        assert!(claim.text.ends_with("(medium)"));
        claim
    };
    let found = [swept(1, [-1., -1.], 0.001), swept(0, [0.1, 0.2], 0.001)];
    assert_eq!(judged(&found).verdict, Verdict::Holds);
    assert_eq!(judged(&[swept(0, [-0.1, -0.2], 0.001)]).verdict, Verdict::Fails, "it is worse");
    assert_eq!(judged(&[swept(0, [0.3, -0.1], 0.001)]).verdict, Verdict::Pooled, "one seed says otherwise");
    assert_eq!(judged(&[swept(0, [0.1, 0.2], 0.2)]).verdict, Verdict::Fails, "it may be chance");
    assert_eq!(judged(&[swept(1, [0.1, 0.2], 0.001)]).measured, "not measured");
}

#[test]
fn the_teacher_is_held_against_the_student_that_searches_longest() {
    let found = [swept(20, [-0.1, -0.2], 0.001), swept(1, [0.1, 0.2], 0.001)];
    let claims = claims(&[], &[], &found);
    let claim = claims.iter().find(|claim| claim.text.contains("20 sweeps") && claim.text.contains("medium"));
    let Claim { measured, verdict, .. } = claim.unwrap();
    assert_eq!(*verdict, Verdict::Holds);
    assert!(measured.starts_with("+1.1500") && measured.ends_with("+1.1000, +1.2000"), "{measured}");
}

#[test]
fn a_seed_that_says_otherwise_is_told() {
    let mut input = strong(2.5, 0.001);
    input.rows[0].by_seed = vec![3.5];
    let claims = claims(&[input], &[], &[]);
    for id in ["1a", "1b"] {
        assert_eq!(claim(&claims, id, "strong").verdict, Verdict::Pooled, "{id}");
    }
    assert!(claim(&claims, "1a", "strong").measured.ends_with("first with 0 of 1 seed"), "{claims:?}");
    assert!(claim(&claims, "1b", "strong").measured.starts_with("+0.5000 over NAR4Rec (0 of 1 seed), +0.5"));
}

#[test]
fn distillation_must_help_the_student_by_more_than_chance() {
    let with = |diff: f64, p: f64| claims(&[], &[variant(UNDISTILLED, STUDENT, diff, diff - 0.1, diff + 0.3, p)], &[]);
    assert!(holds(&with(-0.2, 0.001), "1e", "strong"));
    assert!(!holds(&with(-0.2, 0.2), "1e", "strong") && !holds(&with(0.2, 0.001), "1e", "strong"));
    assert!(!holds(&with(-0.2, 0.001), "1e", "medium"), "another input was measured");
    let claims = with(-0.2, 0.001);
    assert_eq!(
        claim(&claims, "1e", "strong").measured,
        "+0.2000, 95 % interval [-0.1000, +0.3000], p = 0.0010; by seed +0.2000, +0.2100"
    );
    let mut one = variant(UNDISTILLED, STUDENT, -0.2, -0.3, -0.1, 0.001);
    one.vs_full_by_seed[1] = 0.001;
    let claims = super::claims(&[], &[one], &[]);
    assert_eq!(claim(&claims, "1e", "strong").verdict, Verdict::Pooled, "one seed says otherwise");
}
