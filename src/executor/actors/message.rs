//! What travels between actors.

use crate::circuit::wiring::PopulationId;
use crate::executor::sync::{AtomicBool, Ordering};
use crate::signal::Signal;

/// One message to one inlet.
#[derive(Debug, Clone)]
pub(super) enum Message {
    /// What a firing sent.
    Signal { inlet: usize, letter: Letter },
    /// The sender behind an inlet has finished after so many firings, and will not be waited for.
    Finished { inlet: usize, fired: u64 },
    /// Look at the stop flag.
    Wake,
}

/// What a firing sent on one link.
#[derive(Debug, Clone)]
pub(super) struct Letter {
    /// The sender's count of firings.
    pub(super) number: u64,
    /// How many synchronous steps the firing has behind it: see `depth`.
    pub(super) depth: u64,
    /// Which firing of the receiver it answers: the newest one that the sender has used; 0 is rest.
    pub(super) answers: u64,
    /// The place of the firing in the order of all: see `shared`.
    pub(super) place: u64,
    /// Older messages of the link that this one has superseded before they left for another rank.
    pub(super) superseded: Vec<u64>,
    /// `None` where it was lost.
    pub(super) signal: Option<Signal>,
}

impl Letter {
    /// Its number, and before it those that it has superseded.
    pub(super) fn numbers(&self) -> impl Iterator<Item = u64> {
        self.superseded.iter().copied().chain([self.number])
    }
}

/// Messages that are about to be sent, with their receivers.
pub(super) type Outgoing = Vec<(PopulationId, Message)>;

/// Takes in the messages that have come, and then says whether to stop.
///
/// In this order: whoever stops the actors raises the flag first and wakes them then. An actor that looked at the flag
/// before it took the wake from its inbox would see nothing, fall asleep, and never be woken again.
pub(super) fn heed(messages: impl Iterator<Item = Message>, take: impl FnMut(Message), stop: &AtomicBool) -> bool {
    messages.for_each(take);
    stop.load(Ordering::Acquire)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_taken_the_wake_sees_the_stop() {
        // The stop comes at the worst moment: while the inbox is being emptied.
        let stop = AtomicBool::new(false);
        let woken = std::iter::once_with(|| {
            stop.store(true, Ordering::Release);
            Message::Wake
        });
        let mut taken = 0;
        assert!(heed(woken, |_| taken += 1, &stop));
        assert_eq!(taken, 1);
        assert!(!heed(std::iter::empty(), |_| taken += 1, &AtomicBool::new(false)));
    }
}
