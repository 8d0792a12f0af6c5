//! A model's reranker.

use std::fmt;
use std::sync::Arc;

use ndarray::{Array1, Array2};
use psad_core::{
    CandidateScorer, Candidates, Constraints, History, Items, Request, RerankError, Reranker, Schema, Slate,
    SlateError, User,
};
use psad_decode::Strategy;
use rayon::prelude::*;

use crate::decoding::{self, Asked};
use crate::generator::Generator;
use crate::kernel::Then;
use crate::layer::on_row;
use crate::matching::Matching;
use crate::model::{Decoders, Parts, Scores, Student};
use crate::workspace::{Workspace, with_workspace};
use crate::{ServeError, UserState};

/// One of a model's rerankers. Cloning shares the model.
#[derive(Clone)]
pub struct Served {
    pub(crate) parts: Arc<Parts>,
    pub(crate) head: Head,
}

/// How slates come from the encoding.
#[derive(Clone)]
pub(crate) enum Head {
    Student(Arc<Student>),
    Teacher { base: Scores, generator: Arc<Generator>, block_size: usize, strategy: Strategy },
    Matching { matching: Arc<Matching>, strategy: Strategy },
}

impl Head {
    /// Whether what is placed acts on what stands below.
    pub(crate) fn has_influence(&self) -> bool {
        match self {
            Self::Student(student) => student.clicks.influence.is_some(),
            Self::Teacher { base, .. } => base.influence.is_some(),
            Self::Matching { .. } => false,
        }
    }
}

impl Served {
    pub(crate) fn new(parts: Arc<Parts>, head: Head) -> Self {
        Self { parts, head }
    }

    /// The name under which golden answers and tables know it.
    pub fn name(&self) -> &'static str {
        match self.head {
            Head::Student(_) => "PSAD-S",
            Head::Teacher { .. } => "PSAD-G",
            Head::Matching { .. } => "NAR4Rec",
        }
    }

    /// What the model expects of a request.
    pub fn schema(&self) -> &Schema {
        &self.parts.schema
    }

    /// Whether a user state was made by this model. After a reload it was not, even of the same file; the user is to be
    /// encoded again then.
    pub fn knows(&self, state: &UserState) -> bool {
        state.model == self.parts.id
    }

    /// As [`Reranker::rerank`], into a slate that was used before. Once the thread has answered a request as large, a
    /// request without rules costs no allocation, if slots are filled greedily or by contrastive search, and nothing is
    /// refined.
    ///
    /// # Errors
    /// As [`Reranker::rerank`]; `slate` keeps what it held then.
    pub fn rerank_into(&self, request: &Request, len: usize, slate: &mut Slate) -> Result<(), RerankError> {
        if len == 0 {
            return Err(RerankError::EmptySlate);
        }
        self.parts.schema.check(request)?;
        with_workspace(|workspace| {
            let asked = Asked { candidates: request.candidates(), rules: request.constraints(), len };
            // First, so that rules which cannot be kept cost no pass of the network.
            decoding::begin(&asked, &mut workspace.slate)?;
            let mut state = std::mem::take(&mut workspace.state);
            self.parts.encoder.expect(request.history().items());
            // These arrive while the history is worked on.
            self.parts.encoder.expect(request.candidates().items());
            self.encode(request.user(), request.history(), workspace, &mut state);
            let answer = self.answer(&state, &asked, workspace, slate);
            workspace.state = state;
            answer
        })
    }

    /// Makes the calling thread's workspace as large as the longest history and list of the schema need, by answering a
    /// blank request of that size. A thread that begins with it allocates nothing for its first real request either. What
    /// another reranker needs beyond that is asked for with its own call; the threads of a rayon pool, on which batches are
    /// answered, with `pool.broadcast(|_| served.warm_up())`.
    ///
    /// # Errors
    /// As [`Reranker::rerank`].
    pub fn warm_up(&self) -> Result<(), RerankError> {
        self.rerank(&blank(&self.parts.schema)?, self.parts.schema.max_candidates()).map(drop)
    }

    /// Encodes a user with a history, which in production are known while the ranker still works.
    ///
    /// # Errors
    /// [`RerankError::Schema`] if they do not fit the model; a history that is longer than the schema's is to be cut to the
    /// latest items first.
    pub fn encode_user(&self, user: &User, history: &History) -> Result<UserState, RerankError> {
        let mut state = UserState::default();
        self.encode_user_into(user, history, &mut state)?;
        Ok(state)
    }

    /// As [`Served::encode_user`], into a state that was used before: without allocation, once it has held a history as
    /// long.
    ///
    /// # Errors
    /// As [`Served::encode_user`]; `state` keeps what it held then.
    pub fn encode_user_into(&self, user: &User, history: &History, state: &mut UserState) -> Result<(), RerankError> {
        self.parts.schema.check_user(user, history)?;
        self.parts.encoder.expect(history.items());
        with_workspace(|workspace| self.encode(user, history, workspace, state));
        Ok(())
    }

    /// Answers a user who has been encoded: the slate that [`Reranker::rerank`] gives for the whole request, without rules;
    /// [`Served::rerank_with_into`] takes some.
    ///
    /// # Errors
    /// As [`Reranker::rerank`]; [`RerankError::Other`] with a [`ServeError::OtherModel`] for a state of another model,
    /// as after a reload; the user is to be encoded again.
    pub fn rerank_with(&self, state: &UserState, candidates: &Candidates, len: usize) -> Result<Slate, RerankError> {
        let mut slate = Slate::default();
        self.rerank_with_into(state, candidates, &Constraints::default(), len, &mut slate)?;
        Ok(slate)
    }

    /// As [`Served::rerank_with`], under rules, and into a slate that was used before.
    ///
    /// # Errors
    /// As [`Served::rerank_with`]; [`RerankError::Constraints`] for rules that cannot be kept or name candidates outside
    /// the list. `slate` keeps what it held then.
    pub fn rerank_with_into(
        &self,
        state: &UserState,
        candidates: &Candidates,
        rules: &Constraints,
        len: usize,
        slate: &mut Slate,
    ) -> Result<(), RerankError> {
        if len == 0 {
            return Err(RerankError::EmptySlate);
        }
        if !self.knows(state) {
            return Err(RerankError::other(ServeError::OtherModel));
        }
        self.parts.schema.check_candidates(candidates)?;
        with_workspace(|workspace| {
            let asked = Asked { candidates, rules, len };
            decoding::begin(&asked, &mut workspace.slate)?;
            self.parts.encoder.expect(candidates.items());
            self.answer(state, &asked, workspace, slate)
        })
    }

    /// The logits of every slot along a given slate, `[slots, candidates]`: what the model says of each slot if all
    /// before it are filled as the slate is; of PSAD-S the scores, before any refinement.
    ///
    /// # Errors
    /// [`RerankError::Schema`] for a request that does not fit, [`RerankError::Slate`] for a slate of another list,
    /// [`RerankError::EmptySlate`] for one without slots.
    pub fn logits_along(&self, request: &Request, slate: &Slate) -> Result<Array2<f32>, RerankError> {
        self.parts.schema.check(request)?;
        let (candidates, found) = (request.candidates().len(), slate.candidates());
        if candidates != found {
            return Err(SlateError::Length { candidates, found }.into());
        }
        if slate.is_empty() {
            return Err(RerankError::EmptySlate);
        }
        let rows = self.encoded(request, |state, workspace| {
            decoding::along(&self.head, self.parts.dispatch, state, slate, workspace)
        })?;
        Array2::from_shape_vec((slate.len(), candidates), rows).map_err(RerankError::other)
    }

    /// Works on a request that fits, once all of it is encoded.
    fn encoded<T>(&self, request: &Request, work: impl FnOnce(&UserState, &mut Workspace) -> T) -> T {
        with_workspace(|workspace| {
            let mut state = std::mem::take(&mut workspace.state);
            self.encode(request.user(), request.history(), workspace, &mut state);
            self.encode_candidates(&state, request.candidates(), workspace);
            let worked = work(&state, workspace);
            workspace.state = state;
            worked
        })
    }

    fn encode(&self, user: &User, history: &History, workspace: &mut Workspace, state: &mut UserState) {
        let Parts { dispatch, encoder, decoders, .. } = &*self.parts;
        // Until all of it is this model's, it is no model's.
        state.model = 0;
        encoder.user(*dispatch, user, history, &mut workspace.encode, &mut state.encoding);
        let profile = &state.encoding.profile;
        match decoders {
            Decoders::Psad(psad) => {
                psad.student.clicks.scorer.user(*dispatch, profile, &mut state.scores);
                if let Some(guide) = &psad.student.guide {
                    guide.scorer.user(*dispatch, profile, &mut state.guide);
                }
                psad.base.scorer.user(*dispatch, profile, &mut state.base);
                psad.generator.user(*dispatch, profile, &mut state.begin);
                state.exposure.clear();
                if let Some(exposure) = &psad.exposure {
                    state.exposure.resize(exposure.columns(), 0.);
                    on_row(*dispatch, exposure, profile, &mut state.exposure, Then::Write);
                }
            }
            Decoders::Nar4Rec { matching, .. } => matching.user(*dispatch, profile, &mut state.bias),
        }
        state.model = self.parts.id;
    }

    fn encode_candidates(&self, state: &UserState, candidates: &Candidates, workspace: &mut Workspace) {
        let Parts { dispatch, encoder, .. } = &*self.parts;
        encoder.candidates(*dispatch, &state.encoding, candidates, &mut workspace.encode, &mut workspace.encoded);
    }

    fn answer(
        &self,
        state: &UserState,
        asked: &Asked<'_>,
        workspace: &mut Workspace,
        slate: &mut Slate,
    ) -> Result<(), RerankError> {
        self.encode_candidates(state, asked.candidates, workspace);
        decoding::fill(&self.head, self.parts.dispatch, state, workspace)?;
        workspace.slate.finish_into(slate);
        Ok(())
    }
}

/// A request of the longest history and list, all of unknown items.
fn blank(schema: &Schema) -> Result<Request, RerankError> {
    // A schema may set no practical limit to histories; nobody has one of more items than this.
    let history = if schema.feedback().is_empty() { 0 } else { schema.max_history().min(10_000) };
    let items = |count| {
        let (sparse, dense) = (schema.item_sparse().len(), schema.item_dense().len());
        Items::new(Array2::zeros((count, sparse)), Array2::zeros((count, dense)))
    };
    let user = User::new(Array1::zeros(schema.user_sparse().len()), Array1::zeros(schema.user_dense().len()))?;
    let history = History::new(items(history)?, Array1::zeros(history))?;
    let candidates = schema.max_candidates();
    Ok(Request::new(user, history, Candidates::new(items(candidates)?, Array1::zeros(candidates))?)?)
}

impl Reranker for Served {
    /// The slate is the only thing that is allocated; see [`Served::rerank_into`].
    fn rerank(&self, request: &Request, len: usize) -> Result<Slate, RerankError> {
        let mut slate = Slate::default();
        self.rerank_into(request, len, &mut slate)?;
        Ok(slate)
    }

    /// Spreads the requests over the threads of the rayon pool that it is called in. One request that cannot be answered
    /// is the answer to all; who wants the others asks with [`Reranker::rerank`], in threads of one's own.
    fn rerank_batch(&self, requests: &[&Request], len: usize) -> Result<Vec<Slate>, RerankError> {
        if len == 0 {
            return Err(RerankError::EmptySlate);
        }
        let answers: Vec<_> = requests.par_iter().map(|request| self.rerank(request, len)).collect();
        answers.into_iter().collect()
    }
}

impl CandidateScorer for Served {
    /// The scores of PSAD-S; of the others the logits of a slate of one slot.
    fn scores(&self, request: &Request) -> Result<Vec<f32>, RerankError> {
        if let Head::Student(student) = &self.head {
            self.parts.schema.check(request)?;
            let dispatch = self.parts.dispatch;
            return Ok(self.encoded(request, |state, workspace| decoding::scores(student, dispatch, state, workspace)));
        }
        let first = Slate::initial(request.candidates().len(), 1);
        Ok(self.logits_along(request, &first)?.into_iter().collect())
    }
}

impl Served {
    fn block_size(&self) -> Option<usize> {
        if let Head::Teacher { block_size, .. } = self.head { Some(block_size) } else { None }
    }

    fn strategy(&self) -> Option<&Strategy> {
        match &self.head {
            Head::Student(_) => None,
            Head::Teacher { strategy, .. } | Head::Matching { strategy, .. } => Some(strategy),
        }
    }
}

impl fmt::Debug for Served {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Served")
            .field("name", &self.name())
            .field("block_size", &self.block_size())
            .field("strategy", &self.strategy())
            .field("dispatch", &self.parts.dispatch)
            .finish_non_exhaustive()
    }
}
