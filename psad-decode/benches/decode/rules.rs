//! Rules as a shop would have them.

use psad_core::{Constraints, Group};

/// The category of each candidate: ten of them, in no order.
fn categories(candidates: usize) -> impl Iterator<Item = u32> {
    (0..candidates).map(|item| (item * item + item / 3) as u32 % 10)
}

/// Ten categories with at most three items each and no two in a row, a pinned item, a forbidden one, one of a few that
/// has to be shown, and two categories that stand nowhere beside each other. For ten slots or more and twenty
/// candidates or more.
pub(crate) fn shop_rules(candidates: usize) -> Constraints {
    let groups = Group::by_category("category", categories(candidates));
    let (one, other) = (groups[0].clone(), groups[1].clone());
    Constraints::new()
        .at_most_each(3, groups.clone())
        .at_most_each_in_window(1, 2, groups)
        .pin(candidates / 2, 2)
        .forbid(1, ..)
        .at_least(1, Group::new("new", (0..candidates).filter(|item| item % 7 == 5)))
        .ban_neighbours(one, other)
}
