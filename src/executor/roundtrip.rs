//! Round trips: how many firings ago a state population made the newest one that what it holds answers.

use std::collections::VecDeque;

/// One link from an error population to a state population that it hears.
#[derive(Debug, Clone, Default)]
pub(super) struct RoundTrip {
    /// Messages that were not handed over yet, with the firings of the receiver that they answer.
    sent: VecDeque<(u64, u64)>,
    /// The newest firing that a message that was handed over answers; 0 is rest.
    answered: u64,
}

impl RoundTrip {
    /// The sender sends message `number`, having used the receiver's firing `answers`.
    pub(super) fn send(&mut self, number: u64, answers: u64) {
        self.sent.push_back((number, answers));
    }

    /// The newest message that was handed over is `newest`.
    pub(super) fn hand(&mut self, newest: u64) {
        while self.sent.front().is_some_and(|(number, _)| *number <= newest) {
            if let Some((number, answers)) = self.sent.pop_front() {
                // Of those before it nothing is held any more.
                self.answered = if number == newest { self.answered.max(answers) } else { self.answered };
            }
        }
    }

    /// How late the answer to the receiver's own state is, in its firings, after so many of them.
    pub(super) fn late(&self, fired: u64) -> u64 {
        fired.saturating_sub(self.answered)
    }
}
