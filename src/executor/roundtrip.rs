//! Round trips: how many firings ago a state population made the newest one that what it holds answers.

use std::collections::VecDeque;

/// How a state population is answered in a firing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Answered {
    /// Its firings since the one that the oldest of its answers is about.
    pub(super) late: u64,
    /// Whether all that it hears have used what it sent since it last moved, but for those that have fallen silent.
    pub(super) fully: bool,
}

/// What a population knows of one inlet: what it holds there answers firing `answered`, and nothing new has come there for
/// `silent` of its firings.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Echo {
    pub(super) answered: u64,
    pub(super) silent: u64,
    pub(super) longest: u64,
    /// Nothing that comes there answers this population.
    pub(super) closed: bool,
}

impl Answered {
    /// Of the firing after `fired`, by a population that last moved in its firing `moved`.
    pub(super) fn of(echoes: impl Iterator<Item = Echo>, fired: u64, moved: u64) -> Self {
        let none = Self { late: 0, fully: true };
        echoes.fold(none, |all, echo| Self {
            late: all.late.max(fired.saturating_sub(echo.answered)),
            fully: all.fully && (echo.answered >= moved || echo.is_given_up()),
        })
    }
}

impl Echo {
    /// Whether nobody waits for it: no answer will come, or nothing has come for so long that the sender may be dead: twice the
    /// longest round trip so far, which a first message makes half of, and some firings more.
    fn is_given_up(&self) -> bool {
        const PATIENCE: u64 = 16;
        self.closed || self.silent > PATIENCE + 2 * self.longest
    }
}

/// One link from an error population to a state population that it hears.
#[derive(Debug, Clone, Default)]
pub(super) struct RoundTrip {
    /// Messages that were not handed over yet, with the firings of the receiver that they answer.
    sent: VecDeque<(u64, u64)>,
    /// The newest firing that a message that was handed over answers; 0 is rest.
    answered: u64,
    /// The longest time from a firing to its answer, in firings of the receiver.
    longest: u64,
}

impl RoundTrip {
    /// The sender sends message `number`, having used the receiver's firing `answers`.
    pub(super) fn send(&mut self, number: u64, answers: u64) {
        self.sent.push_back((number, answers));
    }

    /// The newest message that was handed over is `newest`, after so many firings of the receiver.
    pub(super) fn hand(&mut self, newest: u64, fired: u64) {
        while self.sent.front().is_some_and(|(number, _)| *number <= newest) {
            if let Some((number, answers)) = self.sent.pop_front() {
                // Of those before it nothing is held any more.
                if number == newest {
                    self.answered = self.answered.max(answers);
                    self.longest = self.longest.max(fired.saturating_sub(answers));
                }
            }
        }
    }

    /// What the receiver knows of the inlet, where nothing new has come for `silent` firings.
    pub(super) fn echo(&self, silent: u64) -> Echo {
        Echo { answered: self.answered, silent, longest: self.longest, closed: false }
    }
}
