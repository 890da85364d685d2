//! When an actor fires.
//!
//! | pace | fires when | uses |
//! |---|---|---|
//! | `Bounded(s)` | no inlet is more than s firings behind lock-step | on every inlet the newest message that lock-step would already have sent |
//! | `Free(fire: OnAny)` | something new has come, or whoever could send something has finished | on every inlet the newest message |
//! | `Free(fire: OnAll)` | a state population: something new on every open inlet | the newest |
//! | `Free(fire: OnAnswer)` | a state population: on every open mismatch inlet a message that used its own newest firing | the newest |
//!
//! Error populations fire on anything new under every kind of `Free`.
//!
//! **Why `Free` ends.** Messages are never lost without the receiver's knowing of it, and senders say when they have finished.
//!
//! - `OnAny`: suppose that all unfinished actors waited. Each of them then waits for an unfinished sender, so some of
//!   them form a ring. The one of the ring that fired last sent to its successor in the ring after that one's own last
//!   firing, so the successor has something new and does not wait.
//! - `OnAll`, `OnAnswer`: suppose that all unfinished actors waited, and let k be the free state population that fired
//!   last. Every error population that hears k was sent that firing, and fires on anything new, so it fired after it
//!   and used it; it then sent to k, and k was handed something new, on that inlet, that answers its newest firing. That
//!   holds of all of k's open mismatch inlets, because who sends a mismatch to k hears k: so k does not wait. What was
//!   lost counts as come: the receiver is told of it. A state population without open mismatch inlets waits for nothing.
//!
//! A state population finishes after its updates; an error population once all its senders have and nothing new is left.

use super::inbox::Inbox;
use crate::circuit::Fire;
use crate::circuit::wiring::Kind;

/// When an actor fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::executor) enum Pace {
    Bounded { staleness: u64 },
    Free { fire: Fire },
}

impl Pace {
    /// Whether the newest message wins, whatever lock-step would have sent.
    pub(in crate::executor) fn is_free(self) -> bool {
        matches!(self, Self::Free { .. })
    }
}

/// The number of the message that lock-step would use in a population's firing after `fired`.
pub(super) fn lockstep(kind: Kind, fired: u64) -> u64 {
    match kind {
        Kind::State => fired + 1,
        Kind::Error => fired,
    }
}

/// The inlet that a population waits for; `None` where it can fire.
pub(super) fn waits_for(pace: Pace, kind: Kind, fired: u64, inbox: &Inbox) -> Option<usize> {
    match (pace, kind) {
        (Pace::Bounded { staleness }, _) => {
            let limit = lockstep(kind, fired);
            inbox.find_open(|queue| queue.newest_within(limit) < limit.saturating_sub(staleness))
        }
        (Pace::Free { fire: Fire::OnAll }, Kind::State) => inbox.find_open(|queue| !queue.has_news()),
        (Pace::Free { fire: Fire::OnAnswer }, Kind::State) => inbox.find_open(|queue| !queue.answers(fired)),
        (Pace::Free { .. }, _) => inbox.find_open(|_| true).filter(|_| !inbox.has_news()),
    }
}
