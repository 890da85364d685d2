//! What all answers share, and how much is done at once.

use crate::view::page::{Shelf, Touch};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Event streams at once; each is one page that is open on a run.
const MOST_STREAMS: usize = 64;

/// Settles that wait or run at once.
const MOST_SETTLES: usize = 4;

/// Readings of metrics at once.
const MOST_READS: usize = 4;

/// No request has a larger body: a drawn image of a million pixels as text.
pub(super) const MOST_BYTES: usize = 16 << 20;

/// What all answers share.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) shelf: Shelf,
    pub(super) touch: Touch,
    /// Places for settles.
    pub(super) settles: Arc<Semaphore>,
    /// Places for readings of what was added to a run: what is read takes several times the memory of what is told.
    pub(super) reads: Arc<Semaphore>,
    /// Places for event streams, each held for as long as its stream lives.
    pub(super) streams: Arc<Semaphore>,
}

impl Desk {
    pub(super) fn new(shelf: Shelf) -> Self {
        Self {
            shelf,
            touch: Touch::default(),
            settles: Arc::new(Semaphore::new(MOST_SETTLES)),
            reads: Arc::new(Semaphore::new(MOST_READS)),
            streams: Arc::new(Semaphore::new(MOST_STREAMS)),
        }
    }
}
