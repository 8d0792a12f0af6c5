//! The best way to fill a block that keeps the rules.

use psad_core::SlateBuilder;

use super::{
    relaxation::{Allowed, Assigned, assign},
    takes,
    worth::Worth,
};

/// Nodes that a block may cost; each solves one assignment. The larger the block, the dearer a node, and the fewer there
/// are: as many as keep `nodes · slots²` at this, but no more than so many.
const WORK: usize = 400_000;
const NODES: usize = 2_000;

/// A branch and bound over the classes of the items: what no rule tells apart stands or falls together, so a node says
/// of which class the items of the first slots are, and which of them they are is left to the assignment.
///
/// A node is bounded by the assignment that keeps to its classes, to what may follow them in the next slot, and to the
/// rules about single items in the others. If the slate takes that assignment, nothing below the node is better.
pub(super) struct Tree<'a> {
    worth: &'a Worth,
    /// As the block begins.
    slate: &'a SlateBuilder,
    /// The class of each column.
    classes: Vec<usize>,
    /// What the best item of each class is worth in each slot, `[slots, classes]`.
    best_of_class: Vec<Vec<f64>>,
    /// What the best item of all is worth in the slots from each one on.
    best_of_rest: Vec<f64>,
    /// The best way so far and what it is worth.
    best: Option<Vec<usize>>,
    value: f64,
    /// Nodes that are left to it.
    nodes: usize,
}

/// A node whose assignment may beat the best way so far.
struct Node {
    class: usize,
    /// With an item of each class placed.
    slate: SlateBuilder,
    relaxed: Assigned,
}

impl<'a> Tree<'a> {
    /// With a way to begin with that keeps the rules, if one is known.
    pub(super) fn new(worth: &'a Worth, slate: &'a SlateBuilder, known: Option<Vec<usize>>) -> Self {
        let classes: Vec<usize> = worth.items().iter().map(|&item| slate.class_of(item)).collect();
        let count = classes.iter().max().map_or(0, |most| most + 1);
        let best_of_class: Vec<Vec<f64>> = (0..worth.rows())
            .map(|row| {
                let mut best = vec![f64::NEG_INFINITY; count];
                for (&class, &value) in classes.iter().zip(worth.row(row)) {
                    best[class] = best[class].max(value);
                }
                best
            })
            .collect();
        let mut best_of_rest = vec![0.; worth.rows() + 1];
        for (row, of_class) in best_of_class.iter().enumerate().rev() {
            best_of_rest[row] = best_of_rest[row + 1] + of_class.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        }
        let nodes = NODES.min(WORK / (worth.rows() * worth.rows()).max(1));
        let value = known.as_ref().map_or(f64::NEG_INFINITY, |items| worth.total(items));
        Self { worth, slate, classes, best_of_class, best_of_rest, best: known, value, nodes }
    }

    /// The best items, as far as the budget goes.
    pub(super) fn search(mut self) -> Option<Vec<usize>> {
        self.branch(self.slate, &mut Vec::new());
        self.best
    }

    /// Looks through the ways that begin with the classes `path`, of which `slate` holds an item each: the most
    /// promising next class first.
    fn branch(&mut self, slate: &SlateBuilder, path: &mut Vec<usize>) {
        let mut children = self.children(slate, path);
        children.sort_by(|a, b| b.relaxed.value.total_cmp(&a.relaxed.value));
        for Node { class, slate, relaxed } in children {
            if relaxed.value <= self.value {
                return;
            }
            if takes(self.slate, &relaxed.picks) {
                (self.best, self.value) = (Some(relaxed.picks), relaxed.value);
                return;
            }
            path.push(class);
            self.branch(&slate, path);
            path.pop();
        }
    }

    fn children(&mut self, slate: &SlateBuilder, path: &mut Vec<usize>) -> Vec<Node> {
        if path.len() == self.worth.rows() {
            return Vec::new();
        }
        let before: f64 = path.iter().enumerate().map(|(row, &class)| self.best_of_class[row][class]).sum();
        let mut children = Vec::new();
        let mut seen = vec![false; self.best_of_class[0].len()];
        for item in slate.free() {
            let class = slate.class_of(item);
            let row = path.len();
            let bound = before + self.best_of_class[row][class] + self.best_of_rest[row + 1];
            if std::mem::replace(&mut seen[class], true) || bound <= self.value || self.nodes == 0 {
                continue;
            }
            self.nodes -= 1;
            let mut slate = slate.clone();
            if slate.push(item).is_err() {
                continue;
            }
            path.push(class);
            let relaxed = self.relax(&slate, path);
            path.pop();
            let promising = relaxed.filter(|relaxed| relaxed.value > self.value);
            children.extend(promising.map(|relaxed| Node { class, slate, relaxed }));
        }
        children
    }

    /// The best assignment that begins with the classes `path` and goes on with what may follow them in `slate`.
    fn relax(&self, slate: &SlateBuilder, path: &[usize]) -> Option<Assigned> {
        let mut open = vec![false; self.best_of_class[0].len()];
        for item in slate.free() {
            open[slate.class_of(item)] = true;
        }
        assign(self.worth, |row| match path.get(row) {
            Some(&class) => Allowed::Class(class, &self.classes),
            None if row == path.len() => Allowed::Classes(&open, &self.classes),
            None => Allowed::All,
        })
    }
}
