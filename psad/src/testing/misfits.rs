//! Requests that do not fit a schema.

use ndarray::{Array1, Array2};
use psad_core::{Candidates, History, Items, Request, RequestError, Schema, User};

use super::draw::{Draw, sound};

/// Lists and histories beyond limits above this are not tried: they would only cost memory.
const LONGEST: usize = 2_000;

/// What is changed in a request that fits.
#[derive(Clone, Copy)]
enum Fault {
    /// Columns of the user's ids, the user's features, the items' ids, the items' features.
    Columns([usize; 4]),
    Candidates(usize),
    History(usize),
    Feedback(u32),
}

/// One request per way of not fitting, with the name of the fault.
pub(super) fn misfits(schema: &Schema, draw: &mut Draw<'_>) -> Vec<(String, Request)> {
    faults(schema).into_iter().map(|(name, fault)| (name, sound(misfit(schema, draw, fault)))).collect()
}

fn faults(schema: &Schema) -> Vec<(String, Fault)> {
    let mut faults = Vec::new();
    let columns =
        [schema.user_sparse().len(), schema.user_dense().len(), schema.item_sparse().len(), schema.item_dense().len()];
    let names = ["user ids", "user features", "item ids", "item features"];
    for (side, name) in names.into_iter().enumerate() {
        for wrong in [0, columns[side].saturating_sub(1), columns[side] + 1] {
            let mut changed = columns;
            changed[side] = wrong;
            if changed != columns {
                faults.push((format!("{wrong} columns of {name} for {}", columns[side]), Fault::Columns(changed)));
            }
        }
    }
    let (candidates, history) = (schema.max_candidates(), schema.max_history());
    if candidates < LONGEST {
        faults.push((format!("a list longer than {candidates}"), Fault::Candidates(candidates + 1)));
    }
    if history < LONGEST {
        faults.push((format!("a history longer than {history}"), Fault::History(history + 1)));
    }
    let kinds = schema.feedback().len() as u32;
    if history > 0 {
        let codes = [kinds, u32::MAX].into_iter();
        faults.extend(codes.map(|code| (format!("feedback of code {code} among {kinds}"), Fault::Feedback(code))));
    }
    faults
}

fn misfit(schema: &Schema, draw: &mut Draw<'_>, fault: Fault) -> Result<Request, RequestError> {
    // Nothing but the one thing is wrong.
    let few = schema.max_candidates().min(3);
    let (candidates, history, feedback) = match fault {
        Fault::Columns(_) => (few, usize::from(!schema.feedback().is_empty()).min(schema.max_history()), 0),
        Fault::Candidates(count) => (count, 0, 0),
        Fault::History(count) => (few, count, 0),
        Fault::Feedback(code) => (few, 1, code),
    };
    let (user, offered, past) = (draw.user()?, draw.items(candidates, true)?, draw.items(history, true)?);
    let (user, offered, past) = match fault {
        Fault::Columns(columns) => {
            (resized_user(&user, columns)?, resized(&offered, columns)?, resized(&past, columns)?)
        }
        _ => (user, offered, past),
    };
    let history = History::new(past, Array1::from_elem(history, feedback))?;
    let scores = (0..candidates).map(|item| -(item as f32)).collect();
    Request::new(user, history, Candidates::new(offered, scores)?)
}

fn resized(items: &Items, [_, _, sparse, dense]: [usize; 4]) -> Result<Items, RequestError> {
    let id = |at: (usize, usize)| items.sparse().get(at).copied().unwrap_or(1);
    let value = |at: (usize, usize)| items.dense().get(at).copied().unwrap_or(0.5);
    Items::new(Array2::from_shape_fn((items.len(), sparse), id), Array2::from_shape_fn((items.len(), dense), value))
}

fn resized_user(user: &User, [sparse, dense, ..]: [usize; 4]) -> Result<User, RequestError> {
    let id = |at: usize| user.sparse().get(at).copied().unwrap_or(1);
    let value = |at: usize| user.dense().get(at).copied().unwrap_or(0.5);
    User::new(Array1::from_shape_fn(sparse, id), Array1::from_shape_fn(dense, value))
}
