//! The memory that answering a request needs, one per thread.

use std::cell::Cell;

use psad_core::SlateBuilder;
use psad_decode::Influence;

use crate::encoder::{EncodeSpace, Encoded};
use crate::kernel::Buffer;
use crate::network::DecodeSpace;
use crate::pickers::Pickers;
use crate::state::UserState;

/// Memory of a thread, shared by all models that answer there. It grows to the largest request, and is kept.
pub(crate) struct Workspace {
    /// The user, where no state was made before.
    pub(crate) state: UserState,
    pub(crate) encode: EncodeSpace,
    pub(crate) encoded: Encoded,
    pub(crate) hidden: [Buffer; 2],
    pub(crate) scores: Vec<f32>,
    /// Scores of every slot by which a student picks.
    pub(crate) rows: Vec<f32>,
    pub(crate) decode: DecodeSpace,
    pub(crate) slate: SlateBuilder,
    pub(crate) order: Vec<usize>,
    pub(crate) influence: Influence,
    /// The influence by which a student picks, if it has learned one from its teacher.
    pub(crate) guidance: Influence,
    pub(crate) pickers: Pickers,
}

impl Default for Workspace {
    fn default() -> Self {
        Self {
            state: UserState::default(),
            encode: EncodeSpace::default(),
            encoded: Encoded::default(),
            hidden: Default::default(),
            scores: Vec::new(),
            rows: Vec::new(),
            decode: DecodeSpace::default(),
            slate: SlateBuilder::new(0),
            order: Vec::new(),
            influence: Influence::default(),
            guidance: Influence::default(),
            pickers: Pickers::default(),
        }
    }
}

thread_local! {
    static OF_THREAD: Cell<Option<Box<Workspace>>> = const { Cell::new(None) };
}

/// Works with the thread's memory. A thread that is just ending, or works with it already, gets some of its own.
pub(crate) fn with_workspace<T>(work: impl FnOnce(&mut Workspace) -> T) -> T {
    let mut workspace = OF_THREAD.try_with(Cell::take).ok().flatten().unwrap_or_default();
    let answer = work(&mut workspace);
    // A thread that is ending does not take it back, and needs it no more.
    let _ = OF_THREAD.try_with(|cell| cell.set(Some(workspace)));
    answer
}
