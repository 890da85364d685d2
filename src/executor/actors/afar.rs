//! Other ranks, as actors of this one see them: where messages to populations elsewhere wait until they leave.
//!
//! Actors never wait for the network: they leave a message here and go on, and the `postman` takes away all that has come
//! together since it came last. Under `Free` with whole messages the newest wins here already: one that has not left when
//! the next of its link comes is superseded and never travels, and the receiver is told its number, for the account. So a
//! slow network makes messages fewer, not later and later. Events tell of changes and all of them travel, in order.

use super::message::{Letter, Message};
use super::standing::Standing;
use crate::circuit::wiring::{PopulationId, Wiring};
use crate::executor::homes::Homes;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What ranks tell each other beside the messages of populations.
#[derive(Debug, Clone)]
pub(super) enum Word {
    /// To the leading rank: a population has fired.
    Fired(FiredWord),
    /// Call your actors back, of this life of theirs.
    Called(u64),
    /// All actors of a rank are back: how it stands, at one meeting after the other.
    Stands(Box<Standing>),
    /// All free state populations of a rank are as deep as they have to be.
    Deep,
}

/// A firing, for who finds out whether all is quiet.
#[derive(Debug, Clone)]
pub(super) struct FiredWord {
    pub(super) id: PopulationId,
    /// Messages that it was handed: inlet and number.
    pub(super) handed: Vec<(usize, u64)>,
    /// How far it moved, unless it held.
    pub(super) movement: Option<f32>,
    pub(super) behind: bool,
}

/// One thing on its way to another rank.
#[derive(Debug)]
pub(super) enum Parcel {
    /// A message, by its link's place in the wiring.
    Letter(usize, Letter),
    /// The sender of a link has finished, after so many firings.
    Finished(usize, u64),
    Word(Word),
}

/// What waits to leave.
#[derive(Debug, Default)]
struct Outbox {
    /// By rank.
    waiting: Vec<VecDeque<Parcel>>,
    /// Nothing more will come.
    is_closed: bool,
    /// By link: messages that have left, and their bytes.
    crossed: Vec<(u64, u64)>,
}

/// The other ranks of a run.
#[derive(Debug)]
pub(super) struct Afar {
    homes: Homes,
    /// By population and inlet: the link's place in the wiring.
    places: Vec<Vec<usize>>,
    newest_wins: bool,
    outbox: Mutex<Outbox>,
    changed: Condvar,
    /// Other ranks with free state populations that are not all known to be deep enough.
    shallow: AtomicUsize,
    /// Whether this rank has told of its own.
    has_told_depth: AtomicBool,
}

impl Afar {
    pub(super) fn new(homes: Homes, wiring: &Wiring, newest_wins: bool, free: &[PopulationId]) -> Self {
        let place = |p: usize, inlet: usize| {
            wiring.links.iter().position(|link| (link.to.0, link.inlet) == (p, inlet)).unwrap_or(usize::MAX)
        };
        let places = wiring.populations.iter().enumerate();
        let places = places.map(|(p, spec)| (0..spec.inlets).map(|inlet| place(p, inlet)).collect()).collect();
        let outbox = Outbox {
            waiting: (0..homes.ranks.size()).map(|_| VecDeque::new()).collect(),
            is_closed: false,
            crossed: vec![(0, 0); wiring.links.len()],
        };
        let others = (0..homes.ranks.size()).filter(|rank| *rank != homes.ranks.rank());
        let shallow = others.filter(|rank| free.iter().any(|id| homes.of[id.0] == *rank)).count();
        Self {
            homes,
            places,
            newest_wins,
            outbox: Mutex::new(outbox),
            changed: Condvar::new(),
            shallow: AtomicUsize::new(shallow),
            has_told_depth: AtomicBool::new(false),
        }
    }

    pub(super) fn homes(&self) -> &Homes {
        &self.homes
    }

    /// Whether another rank has a population.
    pub(super) fn is_away(&self, id: PopulationId) -> bool {
        self.homes.is_away(id)
    }

    /// Leaves a message to a population that another rank has.
    pub(super) fn post(&self, to: PopulationId, message: Message) {
        let place = |inlet: usize| self.places[to.0][inlet];
        let parcel = match message {
            Message::Signal { inlet, letter } => Parcel::Letter(place(inlet), letter),
            Message::Finished { inlet, fired } => Parcel::Finished(place(inlet), fired),
            // Wakes are of one rank.
            Message::Wake => return,
        };
        let mut outbox = self.outbox();
        outbox.leave(self.homes.of[to.0], parcel, self.newest_wins);
        drop(outbox);
        self.changed.notify_one();
    }

    /// Leaves a word to one rank.
    pub(super) fn tell(&self, rank: usize, word: Word) {
        self.outbox().leave(rank, Parcel::Word(word), false);
        self.changed.notify_one();
    }

    /// Leaves a word to every other rank.
    pub(super) fn tell_all(&self, word: &Word) {
        let others = (0..self.homes.ranks.size()).filter(|rank| *rank != self.homes.ranks.rank());
        others.for_each(|rank| self.tell(rank, word.clone()));
    }

    /// This rank's free state populations are deep enough: the others hear of it once.
    pub(super) fn tell_depth(&self) {
        if !self.has_told_depth.swap(true, Ordering::SeqCst) {
            self.tell_all(&Word::Deep);
        }
    }

    /// Another rank's free state populations are deep enough, and will be: depths never fall.
    pub(super) fn hear_depth(&self) {
        self.shallow.fetch_sub(1, Ordering::SeqCst);
    }

    /// Whether those of all other ranks are.
    pub(super) fn are_deep_enough(&self) -> bool {
        self.shallow.load(Ordering::SeqCst) == 0
    }

    /// Takes away all that waits, by rank; and whether nothing more will come.
    pub(super) fn take_away(&self) -> (Vec<(usize, VecDeque<Parcel>)>, bool) {
        let mut outbox = self.outbox();
        let waiting = outbox.waiting.iter_mut().enumerate().filter(|(_, queue)| !queue.is_empty());
        let taken = waiting.map(|(rank, queue)| (rank, std::mem::take(queue))).collect();
        (taken, outbox.is_closed)
    }

    /// Counts a message that has left for another rank.
    pub(super) fn count(&self, link: usize, bytes: u64) {
        let crossed = &mut self.outbox().crossed[link];
        *crossed = (crossed.0 + 1, crossed.1 + bytes);
    }

    /// By link: messages of this rank that have left for another, and their bytes.
    pub(super) fn crossed(&self) -> Vec<(u64, u64)> {
        self.outbox().crossed.clone()
    }

    /// Waits until something is to leave, for so long at the most.
    pub(super) fn wait(&self, most: Duration) {
        let outbox = self.outbox();
        if !outbox.is_closed && outbox.waiting.iter().all(VecDeque::is_empty) {
            drop(self.changed.wait_timeout(outbox, most));
        }
    }

    /// From here on nothing is left.
    pub(super) fn close(&self) {
        self.outbox().is_closed = true;
        self.changed.notify_one();
    }

    fn outbox(&self) -> MutexGuard<'_, Outbox> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outbox {
    fn leave(&mut self, rank: usize, mut parcel: Parcel, newest_wins: bool) {
        let waiting = &mut self.waiting[rank];
        if let Parcel::Letter(link, letter) = &mut parcel
            && newest_wins
            && letter.signal.is_some()
        {
            let is_older =
                |other: &Parcel| matches!(other, Parcel::Letter(at, old) if at == link && old.signal.is_some());
            let older = waiting.iter().position(is_older).and_then(|at| waiting.remove(at));
            if let Some(Parcel::Letter(_, older)) = older {
                letter.superseded = older.numbers().collect();
            }
        }
        waiting.push_back(parcel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::Matrix;
    use crate::params::Carries;
    use crate::signal::{Content, Signal};
    use std::sync::Arc;

    fn letter(number: u64, lost: bool) -> Parcel {
        let signal = Signal::new(Carries::Activity, Content::Dense(Arc::new(Matrix::zeros(1, 1))));
        let signal = (!lost).then_some(signal);
        Parcel::Letter(3, Letter { number, depth: 0, answers: 0, place: 0, superseded: Vec::new(), signal })
    }

    fn numbers(outbox: &Outbox) -> Vec<Vec<u64>> {
        let of = |parcel: &Parcel| match parcel {
            Parcel::Letter(_, letter) => letter.numbers().collect(),
            _ => Vec::new(),
        };
        outbox.waiting[0].iter().map(of).collect()
    }

    #[test]
    fn the_newest_message_of_a_link_supersedes_one_that_has_not_left() {
        let mut outbox = Outbox { waiting: vec![VecDeque::new()], ..Outbox::default() };
        for (number, lost) in [(1, false), (2, true), (3, false), (4, false)] {
            outbox.leave(0, letter(number, lost), true);
        }
        outbox.leave(0, Parcel::Word(Word::Deep), false);
        assert_eq!(numbers(&outbox), [vec![2], vec![1, 3, 4], vec![]]);
        let mut whole = Outbox { waiting: vec![VecDeque::new()], ..Outbox::default() };
        (1..4).for_each(|number| whole.leave(0, letter(number, false), false));
        assert_eq!(numbers(&whole), [[1], [2], [3]]);
    }
}
