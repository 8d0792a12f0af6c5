//! One user's list, before and after.

use std::fmt::Write as _;

use anyhow::Result;
use psad::Reranker;

use crate::{Input, SLATE_LENGTH};

/// The shown list as the ranker ordered it and as `reranker` does; `+` marks what the user liked.
///
/// # Errors
/// Whatever the reranker says.
pub fn before_and_after<R: Reranker + ?Sized>(reranker: &R, input: &Input) -> Result<String> {
    let list = &input.test[input.shown];
    let slate = reranker.rerank(list.request(), SLATE_LENGTH)?;
    let name = |item: usize| {
        let mark = if list.labels()[item] > 0. { '+' } else { ' ' };
        let name: String = input.shown_names[item].chars().take(44).collect();
        format!("{mark} {name}")
    };
    let mut text = String::new();
    writeln!(text, "    {:<48}after", "before")?;
    for (slot, item) in slate.iter().enumerate() {
        writeln!(text, "{:>2}  {:<48}{}", slot + 1, name(slot), name(item))?;
    }
    Ok(text)
}
