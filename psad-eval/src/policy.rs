//! The choices that papers make silently; here each has a name.

/// What a label is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Gain {
    /// `2^label − 1` (Burges et al., *Learning to rank using gradient descent*, ICML 2005).
    #[default]
    Exponential,
    /// The label itself (Järvelin & Kekäläinen, *Cumulated gain-based evaluation of IR techniques*, TOIS 2002).
    Linear,
}

/// What the sum of precisions is divided by to give an average precision at k.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Denominator {
    /// `min(k, relevant)`: the best order reaches 1.
    #[default]
    Reachable,
    /// Relevant items among the first k, as `LibRerank` counts. Beware: one early hit and nothing after it gives 1.
    Hits,
    /// All relevant items of the list, as `trec_eval` counts; with `k < relevant` no order reaches 1.
    Relevant,
}

/// What a list without any relevant item is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoRelevant {
    /// Undefined: the list does not count.
    Skip,
    /// 0.
    Zero,
    /// 1: no order could have been better. DCG and Clicks are sums and not fractions, so for them this is `Zero`.
    One,
}

/// What becomes of k where the list has fewer than k candidates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ShortList {
    /// k shrinks to the length of the list.
    #[default]
    Shrink,
    /// k stays; the slots that nothing can fill count as misses. Precision and F1 are lower then, the rest is the same.
    Pad,
    /// Undefined: the list does not count.
    Skip,
}
