//! Lists as tensors.

mod assemble;
mod gather;

pub use assemble::Batcher;

use burn::tensor::{Bool, Int, Tensor};
use psad_core::{ConstraintError, Constraints, Slate, SlateBuilder};

use crate::{Part, Touched};

/// Some lists, padded to the widest of them.
///
/// The embedding rows that the batch touches stand in one small leaf tensor, [`ListBatch::rows`]; everything else
/// refers to them by index. On an autodiff device the leaf collects gradients for exactly those rows.
#[derive(Debug, Clone)]
pub struct ListBatch {
    /// Distinct embedding rows, `[touched, embedding]`.
    pub rows: Tensor<2>,
    /// Which rows of which tables these are; empty if no field is sparse.
    pub touched: Vec<Touched>,
    /// Index into `rows` per user and field, `[batch · user fields]`; `None` without sparse user fields.
    pub user_rows: Option<Tensor<1, Int>>,
    /// Dense user features, `[batch, user features]`; `None` without any.
    pub user_dense: Option<Tensor<2>>,
    /// What the users did before, oldest first.
    pub history: HistoryBatch,
    /// What the ranker offers. The last dense feature is the ranker's score, standardised within the list.
    pub candidates: ItemBatch,
    /// Position of each candidate in the ranker's order, `[batch, candidates]`.
    pub positions: Tensor<2, Int>,
    /// The rules of each list's slate.
    pub constraints: Vec<Constraints>,
    /// Labels, where the lists have them.
    pub labels: Option<LabelBatch>,
}

/// Items of every list, padded to the longest.
#[derive(Debug, Clone)]
pub struct ItemBatch {
    /// Index into [`ListBatch::rows`] per item and field, `[batch · length · fields]`; `None` without sparse fields.
    pub rows: Option<Tensor<1, Int>>,
    /// Dense features, `[batch, length, features + 1]`; the last one is the ranker's score.
    pub dense: Tensor<3>,
    /// True at padding, `[batch, length]`.
    pub pad: Tensor<2, Bool>,
    /// Real length of each list.
    pub lens: Vec<usize>,
}

/// Histories of every list.
#[derive(Debug, Clone)]
pub struct HistoryBatch {
    /// The items; at least one column, which is padding if every history is empty.
    pub items: ItemBatch,
    /// Feedback code per item, `[batch, history]`.
    pub feedback: Tensor<2, Int>,
    /// Distance `δ` from now, `[batch, history]`: steps back, or `log2(1 + age in days)` where ages are known.
    pub distance: Tensor<2>,
    /// `δ` rounded down, at most the last row of the position table, `[batch, history]`.
    pub bucket: Tensor<2, Int>,
}

/// Labels and what follows from them.
#[derive(Debug, Clone)]
pub struct LabelBatch {
    /// Label per candidate, 0 at padding, `[batch, candidates]`.
    pub values: Tensor<2>,
    /// `π*`: the candidates by descending label, ties in the ranker's order, padding last,
    /// `[batch, candidates]`.
    pub targets: Tensor<2, Int>,
    /// 1 for a list with both a relevant and an irrelevant candidate, else 0, `[batch]`.
    pub contrast: Tensor<1>,
    /// The slate that each list's user was shown, where that is known.
    pub shown: Vec<Option<Slate>>,
}

impl ListBatch {
    /// Number of lists.
    pub fn len(&self) -> usize {
        self.candidates.lens.len()
    }

    /// Whether there is no list; [`Batcher`] makes no such batch.
    pub fn is_empty(&self) -> bool {
        self.candidates.lens.is_empty()
    }

    /// An empty slate of `min(len, candidates)` slots for every list, which offers only what keeps the list's rules.
    ///
    /// # Errors
    /// As [`SlateBuilder::constrained`].
    pub fn slate_builders(&self, len: usize) -> Result<Vec<SlateBuilder>, ConstraintError> {
        let lists = self.candidates.lens.iter().zip(&self.constraints);
        lists.map(|(&candidates, rules)| SlateBuilder::constrained(candidates, len, rules)).collect()
    }

    /// The ranker's score of every candidate, standardised within its list, `[batch, candidates]`.
    pub fn ranker_scores(&self) -> Tensor<2> {
        let [batch, candidates, features] = self.candidates.dense.dims();
        self.candidates.dense.clone().narrow(2, features - 1, 1).reshape([batch, candidates])
    }

    /// User features `e_u`: embeddings of the sparse fields and the dense features, `[batch, user width]`; `None` if
    /// the schema knows nothing of users.
    pub fn user_features(&self) -> Option<Tensor<2>> {
        let batch = self.len();
        let sparse = self.user_rows.clone().map(|index| {
            let fields = index.dims()[0] / batch;
            let embedding = self.rows.dims()[1];
            self.rows.clone().select(0, index).reshape([batch, fields * embedding])
        });
        match (sparse, self.user_dense.clone()) {
            (Some(sparse), Some(dense)) => Some(Tensor::cat(vec![sparse, dense], 1)),
            (sparse, dense) => sparse.or(dense),
        }
    }
}

impl ItemBatch {
    /// Item features `x⁰`: embeddings of all sparse fields, then the dense features.
    ///
    /// # Shapes
    /// * `rows`: `[touched, embedding]`, the batch's [`ListBatch::rows`]
    /// * answer: `[batch, length, fields · embedding + features + 1]`
    pub fn features(&self, rows: &Tensor<2>) -> Tensor<3> {
        match self.embeddings(rows) {
            Some(sparse) => Tensor::cat(vec![sparse, self.dense.clone()], 2),
            None => self.dense.clone(),
        }
    }

    /// The same in parts, for [`linear_of_parts`](crate::linear_of_parts).
    pub fn parts(&self, rows: &Tensor<2>) -> Vec<Part> {
        self.embeddings(rows).into_iter().chain([self.dense.clone()]).map(Part::Items).collect()
    }

    /// Embeddings of all sparse fields, `[batch, length, fields · embedding]`; `None` without any.
    fn embeddings(&self, rows: &Tensor<2>) -> Option<Tensor<3>> {
        let index = self.rows.clone()?;
        let [batch, length, _] = self.dense.dims();
        let fields = index.dims()[0] / (batch * length);
        let embedding = rows.dims()[1];
        // One flat `select`: a gather along an axis is a general index loop, some thirty times slower.
        Some(rows.clone().select(0, index).reshape([batch, length, fields * embedding]))
    }
}
