//! The laws, each asked of the reranker for requests drawn from one seed.

use std::fmt;
use std::panic::resume_unwind;
use std::thread;

use psad_core::{Request, RerankError, Reranker, Schema, Slate};
use rand::RngExt;
use rand::seq::SliceRandom;

use super::draw::{Draw, reordered};
use super::misfits::misfits;
use super::rules;
use super::subject::{Call, Subject};
use super::{ConformanceError, Law};

/// Threads that ask at once.
const THREADS: usize = 4;

type Kept = Result<(), ConformanceError>;

/// Requests that are asked for slates of one length, some of them with rules.
pub(super) struct Round {
    requests: Vec<Request>,
    len: usize,
    seed: u64,
}

impl Round {
    pub(super) fn draw(schema: &Schema, seed: u64, count: usize) -> Self {
        let mut draw = Draw::new(schema, seed);
        let requests: Vec<Request> = (0..count).map(|_| draw.request()).collect();
        let longest = requests.iter().map(|request| request.candidates().len()).max().unwrap_or(1);
        let len = draw.slate_length(longest);
        let mut with_rules = |request: Request| {
            if draw.rng.random_range(0..3) > 0 {
                return request;
            }
            let rules = rules::possible(&mut draw.rng, request.candidates().len(), len);
            ruled(request, rules)
        };
        Self { requests: requests.into_iter().map(&mut with_rules).collect(), len, seed }
    }

    fn call<'a>(&self, asked: &'a [&'a Request]) -> Call<'a> {
        Call { asked, len: self.len, seed: self.seed }
    }
}

/// Asks one reranker.
pub(super) struct Laws<'a, R: ?Sized> {
    pub(super) schema: &'a Schema,
    pub(super) subject: Subject<'a, R>,
}

impl<R: Reranker + ?Sized> Laws<'_, R> {
    /// What holds of requests that fit, each with the slate that it gets alone.
    pub(super) fn fitting(&self, round: &Round) -> Kept {
        let alone = self.slates(round)?;
        self.again(round, &alone)?;
        self.batches(round, &alone)?;
        self.threads(round, &alone)
    }

    fn slates(&self, round: &Round) -> Result<Vec<Slate>, ConformanceError> {
        let slate = |request: &Request| {
            let asked = [request];
            let call = round.call(&asked);
            let slate = call.answer(self.subject.one(request, round.len), Law::Answer)?;
            valid(call, request, &slate)?;
            Ok(slate)
        };
        round.requests.iter().map(slate).collect()
    }

    fn again(&self, round: &Round, alone: &[Slate]) -> Kept {
        for (request, first) in round.requests.iter().zip(alone) {
            let asked = [request];
            let call = round.call(&asked);
            let second = call.answer(self.subject.one(request, round.len), Law::Repeatable)?;
            same(call, Law::Repeatable, first, &second)?;
        }
        Ok(())
    }

    /// As they come, in another order, and by ones.
    fn batches(&self, round: &Round, alone: &[Slate]) -> Kept {
        let mut order: Vec<usize> = (0..alone.len()).collect();
        self.batch(round, alone, &order)?;
        order.reverse();
        self.batch(round, alone, &order)?;
        self.batch(round, alone, &order[..1])?;
        self.batch(round, alone, &[])
    }

    fn batch(&self, round: &Round, alone: &[Slate], order: &[usize]) -> Kept {
        let asked: Vec<&Request> = order.iter().map(|&index| &round.requests[index]).collect();
        let call = round.call(&asked);
        let slates = call.answer(self.subject.batch(&asked, round.len), Law::Batch)?;
        if slates.len() != asked.len() {
            let expected = format!("{} slates", asked.len());
            return Err(call.broke(Law::Batch, expected, format_args!("{} slates", slates.len())));
        }
        order.iter().zip(&slates).try_for_each(|(&index, slate)| same(call, Law::Batch, &alone[index], slate))
    }

    fn threads(&self, round: &Round, alone: &[Slate]) -> Kept {
        let ask = || {
            for (request, first) in round.requests.iter().zip(alone) {
                let asked = [request];
                let call = round.call(&asked);
                let slate = call.answer(self.subject.one(request, round.len), Law::Threads)?;
                same(call, Law::Threads, first, &slate)?;
            }
            Ok(())
        };
        thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(ask)).collect();
            // Panics of the reranker are caught where it is asked; any other is passed on.
            threads.into_iter().try_for_each(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)))
        })
    }

    /// What is refused whatever the schema: no slots, rules that no slate keeps.
    pub(super) fn refusing(&self, round: &Round) -> Kept {
        let Some(good) = round.requests.first() else { return Ok(()) };
        let none = Call { asked: &[good], len: 0, seed: round.seed };
        let empty = |error: &RerankError| matches!(error, RerankError::EmptySlate);
        none.refusal(self.subject.one(good, 0), Law::EmptySlate, "RerankError::EmptySlate", empty)?;
        none.refusal(self.subject.batch(&[good], 0), Law::EmptySlate, "RerankError::EmptySlate", empty)?;

        let mut draw = Draw::new(self.schema, round.seed.wrapping_add(1));
        for request in &round.requests {
            let rules = rules::impossible(&mut draw.rng, request.candidates().len(), round.len);
            let bad = ruled(request.clone(), rules);
            let expected = "RerankError::Constraints";
            let constraints = |error: &RerankError| matches!(error, RerankError::Constraints(_));
            self.refused(round, &bad, Law::ImpossibleRules, expected, constraints)?;
        }
        Ok(())
    }

    /// What does not fit the schema is refused, alone and in a batch; the reranker answers on as before.
    pub(super) fn misfits(&self, round: &Round, tolerant: bool) -> Kept {
        let mut draw = Draw::new(self.schema, round.seed.wrapping_add(2));
        let before = self.slates(round)?;
        for (fault, bad) in misfits(self.schema, &mut draw) {
            if tolerant {
                self.survived(round, &bad)?;
            } else {
                self.refused(round, &bad, Law::Misfit, &format!("an error for {fault}"), |_| true)?;
            }
        }
        self.again(round, &before)
    }

    fn refused(
        &self,
        round: &Round,
        bad: &Request,
        law: Law,
        expected: &str,
        fits: impl Fn(&RerankError) -> bool,
    ) -> Kept {
        let asked = [bad];
        round.call(&asked).refusal(self.subject.one(bad, round.len), law, expected, &fits)?;
        let Some(good) = round.requests.first() else { return Ok(()) };
        let asked = [good, bad, good];
        round.call(&asked).refusal(self.subject.batch(&asked, round.len), law, expected, &fits)
    }

    /// Numbers as large as numbers get give a slate or an error.
    pub(super) fn huge(&self, round: &Round) -> Kept {
        let mut draw = Draw::new(self.schema, round.seed.wrapping_add(3));
        round.requests.iter().try_for_each(|_| self.survived(round, &draw.huge()))
    }

    /// A valid slate or an error, but no panic.
    fn survived(&self, round: &Round, request: &Request) -> Kept {
        let asked = [request];
        let call = round.call(&asked);
        match self.subject.one(request, round.len) {
            Ok(slate) => valid(call, request, &slate),
            Err(refusal) if refusal.is_panic() => Err(call.broke(Law::NoPanic, "a slate or an error", refusal)),
            Err(_) => Ok(()),
        }
    }

    /// Candidates in another order give the same slate of the same items.
    pub(super) fn candidate_order(&self, round: &Round) -> Kept {
        let mut draw = Draw::new(self.schema, round.seed.wrapping_add(4));
        for _ in &round.requests {
            let request = draw.distinct();
            let mut rows: Vec<usize> = (0..request.candidates().len()).collect();
            rows.shuffle(&mut draw.rng);
            let other = reordered(&request, &rows);
            let asked = [&request, &other];
            let call = round.call(&asked);
            let slate = call.answer(self.subject.one(&request, round.len), Law::Answer)?;
            let answer = call.answer(self.subject.one(&other, round.len), Law::Answer)?;
            // Named as in the first request.
            let items: Vec<usize> = answer.iter().map(|item| rows.get(item).copied().unwrap_or(item)).collect();
            if items != slate.as_slice() {
                return Err(call.broke(Law::CandidateOrder, listed(&slate), format_args!("{items:?}")));
            }
        }
        Ok(())
    }
}

fn ruled(request: Request, rules: psad_core::Constraints) -> Request {
    super::draw::sound(request.with_constraints(rules))
}

fn valid(call: Call<'_>, request: &Request, slate: &Slate) -> Kept {
    let candidates = request.candidates().len();
    let expected = call.len.min(candidates);
    if (slate.len(), slate.candidates()) != (expected, candidates) {
        let found = format!("{} of {}", slate.len(), slate.candidates());
        return Err(call.broke(Law::ValidSlate, format_args!("{expected} of {candidates} candidates"), found));
    }
    match request.constraints().violated(slate.as_slice()) {
        Some(rule) => Err(call.broke(Law::Rules, format_args!("\"{rule}\""), listed(slate))),
        None => Ok(()),
    }
}

fn same(call: Call<'_>, law: Law, expected: &Slate, found: &Slate) -> Kept {
    if expected == found { Ok(()) } else { Err(call.broke(law, listed(expected), listed(found))) }
}

fn listed(slate: &Slate) -> impl fmt::Display + '_ {
    format!("{:?}", slate.as_slice())
}
