//! Depth: how many synchronous steps a firing has behind it at the least.
//!
//! Where a free run ends at quiet, `max_steps` can't bound updates: while the system lets one population wait, two others
//! that answer each other can make thousands of updates, none of which brings the circuit nearer to rest. What counts
//! is how deep an update is:
//!
//! - of an error population, one more than the least depth of the messages that its inlets hold (0 at rest);
//! - of a state population, the least depth of the messages that its inlets hold; its updates, where it hears nobody.
//!
//! In lock-step the depth of a firing is its number. Where a synchronous step is a contraction in the largest norm,
//! a state of depth d is at least as near to rest as d steps bring it, whoever had to wait for how long. Every link is
//! part of a ring of two (who hears an error population is heard by it), so that depths grow as long as every
//! population gets to fire now and then, and the run ends.
//!
//! **Updates that bring nothing nearer are bounded.** A state population that has made [`SHALLOW`] firings since it last
//! became deeper waits until what has come would make it deeper; an error population fires on anything new, so no more often
//! than those that it hears do together. That hangs nobody: suppose that all unfinished populations waited, all that was sent
//! having come, and let k be the state population of least depth d. Each error population that k hears fired after the
//! last firing of every one that it hears and used it. So it holds messages of depth d at the least, is d + 1 deep, and sent
//! something since k's last firing that answers it and makes k deeper: k waits neither for this nor by its pace. So a run
//! of `max_steps` makes no more than `max_steps · (SHALLOW + 1)` updates. An error population that waited to become deeper
//! would hang k where it waits for answers: k may have fired once more on an old message, and be answered by nobody.

use crate::circuit::wiring::Kind;

/// Firings that a state population makes at the most without becoming deeper, where a free run is to end at quiet. A few, so
/// that it goes on while a neighbour is late.
pub(super) const SHALLOW: u64 = 8;

/// The depth of a population's firing: `heard` is the least depth of what its open inlets hold, `None` where none is open.
/// Depths never fall, because senders' don't.
pub(super) fn of_firing(kind: Kind, heard: Option<u64>, fired: u64, before: u64) -> u64 {
    match (kind, heard) {
        (Kind::Error, heard) => heard.map_or(u64::MAX, |depth| depth.saturating_add(1)),
        (Kind::State, None | Some(u64::MAX)) => fired,
        (Kind::State, Some(depth)) => before.max(depth),
    }
}
