//! What is known of a user before the candidates are.

use std::fmt;

use crate::encoder::UserEncoding;
use crate::scorer::UserPart;

/// A user with a history, encoded; see [`Served::encode_user`](crate::Served::encode_user).
///
/// It belongs to the model that made it, and serves all its rerankers; see [`Served::knows`](crate::Served::knows). It
/// lives in memory only: two loads of one file are two models.
#[derive(Clone, Default)]
pub struct UserState {
    /// The model that made it; none has the number 0.
    pub(crate) model: u64,
    pub(crate) encoding: UserEncoding,
    /// What the user brings to the layer by which NAR4Rec joins item and user.
    pub(crate) bias: Vec<f32>,
    /// What the user brings to the scores of PSAD-S.
    pub(crate) scores: UserPart,
    /// What the user brings to what PSAD-S has learned from its teacher.
    pub(crate) guide: UserPart,
    /// The beginning of a slate, as PSAD-G remembers it.
    pub(crate) begin: Vec<f32>,
    /// What the user brings to the scores that PSAD-G starts from.
    pub(crate) base: UserPart,
    /// Log-odds that each slot is looked at.
    pub(crate) exposure: Vec<f32>,
}

impl fmt::Debug for UserState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("UserState").field("history", &self.encoding.history()).finish_non_exhaustive()
    }
}
