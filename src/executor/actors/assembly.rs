//! How the coordinators of several ranks come to one decision.
//!
//! Each rank's coordinator lets its own actors live. Reports of firings go to the leading rank, which finds out whether all
//! is quiet; who wants the actors back, for a failure, a stop, or quiet, tells all ranks. When all actors of a rank are back,
//! by themselves or called, it tells every other rank how it stands, and waits to hear how they all do; the leading rank
//! speaks last, because what it says of quiet holds only once it has heard everybody. Then each rank decides by the same
//! words (`standing`).
//!
//! What happens before what:
//!
//! 1. a rank's actors are back → all that they have sent is left for the postman → its word how it stands is left behind
//!    that → who hears the word has all those messages in its inboxes, and the leading rank all those reports (`postman`);
//! 2. every other rank has said how it stands → no actor fires anywhere but at the leading rank, whose own are back, too → the
//!    leading rank looks whether all is quiet, with every report there is, and says so;
//! 3. all have said it → no actor lives on any rank, and nothing is under way between ranks: what inboxes and mailboxes hold
//!    is the state that the run *is* in, on all ranks together, as on one.
//!
//! So quiet is as exact as on one rank: this is the termination detection of Mattern (1987) with channels that are counted
//! empty, by markers on ways that keep the order, after everybody was asked to pause; without the pause, four counters would
//! have to agree.
//!
//! **Reports of several ranks.** That of a receiver may come before that of a sender. The leading rank takes note of a firing
//! only when it knows of all firings whose messages it used, so that what it knows is at every moment a state that the run could
//! have been in. Nothing is left waiting once all reports are there, because nobody uses what was not sent.
//!
//! **Lives** are counted alike on all ranks, because all decide alike to go on; a call that comes early is of the next life
//! and is heeded there.

use super::actor::Report;
use super::afar::{Afar, FiredWord, Word};
use super::carrier::Door;
use super::postman::Postman;
use super::standing::Standing;
use crate::circuit::wiring::Wiring;
use crate::executor::error::SettleError;
use crate::executor::sync::{Receiver, Sender, bounded};
use std::collections::VecDeque;
use std::sync::Arc;

/// One rank's part in the assembly.
#[derive(Debug)]
pub(super) struct Assembly {
    afar: Arc<Afar>,
    wiring: Arc<Wiring>,
    pub(super) reports: Sender<Report>,
    pub(super) heard: Receiver<Report>,
    /// By rank: how it stands, in the order in which it said so.
    stands: Vec<VecDeque<Standing>>,
    /// The latest life that somebody else has called back, and that this rank has.
    called: u64,
    calls: u64,
    hearing: Hearing,
    /// The last, so that it carries as long as the rest is there.
    _postman: Postman,
}

impl Assembly {
    /// Joins it, with room for so many reports.
    pub(super) fn join(afar: &Arc<Afar>, wiring: &Arc<Wiring>, door: Door, room: usize) -> Result<Self, SettleError> {
        let (reports, heard) = bounded(room);
        let ranks = afar.homes().ranks.size();
        Ok(Self {
            _postman: Postman::begin(afar, wiring, door, reports.clone())?,
            afar: Arc::clone(afar),
            wiring: Arc::clone(wiring),
            reports,
            heard,
            stands: vec![VecDeque::new(); ranks],
            called: 0,
            calls: 0,
            hearing: Hearing { waiting: vec![VecDeque::new(); ranks], fired: vec![0; wiring.populations.len()] },
        })
    }

    pub(super) fn leads(&self) -> bool {
        self.afar.homes().ranks.leads()
    }

    /// Takes in what another rank says; `each` gets the firings that are known of from now on.
    pub(super) fn hear(&mut self, from: usize, word: Word, each: impl FnMut(FiredWord)) {
        match word {
            Word::Fired(fired) => self.hearing.hear(from, fired, &self.wiring, each),
            Word::Called(life) => self.called = self.called.max(life),
            Word::Stands(standing) => self.stands[from].push_back(*standing),
            // The postman knows what to do with it.
            Word::Deep => {}
        }
    }

    /// A firing of this rank: the leading one takes note, the others tell it.
    pub(super) fn fired(&mut self, fired: FiredWord, each: impl FnMut(FiredWord)) {
        match self.leads() {
            true => self.hearing.hear(0, fired, &self.wiring, each),
            false => self.afar.tell(0, Word::Fired(fired)),
        }
    }

    /// Whether another rank has called the actors of a life back.
    pub(super) fn is_called(&self, life: u64) -> bool {
        self.called == life
    }

    /// Calls the actors of a life back, everywhere.
    pub(super) fn call(&mut self, life: u64) {
        if self.calls < life {
            self.calls = life;
            self.afar.tell_all(&Word::Called(life));
        }
    }

    /// Says how this rank stands.
    pub(super) fn say(&self, own: &Standing) {
        self.afar.tell_all(&Word::Stands(Box::new(own.clone())));
    }

    /// Other ranks that have not said how they stand.
    pub(super) fn missing(&self) -> impl Iterator<Item = usize> {
        let own = self.afar.homes().ranks.rank();
        (0..self.stands.len()).filter(move |rank| *rank != own && self.stands[*rank].is_empty())
    }

    /// How all stand, once all have said it, by rank.
    pub(super) fn all(&mut self, own: Standing) -> Vec<Standing> {
        let rank = self.afar.homes().ranks.rank();
        self.stands[rank].push_back(own);
        self.stands.iter_mut().map(|stands| stands.pop_front().expect("nobody is missing")).collect()
    }
}

/// Firings of all ranks, put into an order in which senders come before receivers.
#[derive(Debug)]
struct Hearing {
    /// By rank: firings that were reported too early, in their order.
    waiting: Vec<VecDeque<FiredWord>>,
    /// By population: firings that are known of.
    fired: Vec<u64>,
}

impl Hearing {
    fn hear(&mut self, from: usize, word: FiredWord, wiring: &Wiring, mut each: impl FnMut(FiredWord)) {
        self.waiting[from].push_back(word);
        while let Some(next) = self.next(wiring) {
            self.fired[next.id.0] += 1;
            each(next);
        }
    }

    fn next(&mut self, wiring: &Wiring) -> Option<FiredWord> {
        let Self { waiting, fired } = self;
        let is_known = |word: &FiredWord, inlet: usize, number: u64| {
            let link = wiring.arriving(word.id).find(|link| link.inlet == inlet);
            link.is_none_or(|link| fired[link.from.0] >= number)
        };
        let is_ready = |word: &FiredWord| word.handed.iter().all(|(inlet, number)| is_known(word, *inlet, *number));
        waiting.iter_mut().find(|queue| queue.front().is_some_and(is_ready)).and_then(VecDeque::pop_front)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::circuit::Circuit;
    use crate::circuit::wiring::PopulationId;

    #[test]
    fn a_receiver_is_heard_of_after_its_senders() {
        let text = br#"(name: "x", layers: {"z0": (size: 4, sense: "image"), "z1": (size: 2, beta: 0.1)},
            projections: [(from: "z1", to: "z0", feedback: Transposed)])"#;
        let wiring = Wiring::new(&Circuit::parse(text).expect("sound"));
        let (state, error) = (PopulationId(1), PopulationId(2));
        let inlet = |from, to| wiring.arriving(to).find(|link| link.from == from).expect("a link").inlet;
        let word = |id, handed| FiredWord { id, handed, movement: None, behind: false };
        let mut hearing = Hearing { waiting: vec![VecDeque::new(); 2], fired: vec![0; 3] };
        let mut heard = Vec::new();
        hearing.hear(1, word(error, vec![(inlet(state, error), 2)]), &wiring, |word| heard.push(word.id));
        hearing.hear(0, word(state, vec![]), &wiring, |word| heard.push(word.id));
        assert_eq!(heard, [state]);
        hearing.hear(0, word(state, vec![]), &wiring, |word| heard.push(word.id));
        assert_eq!(heard, [state, state, error]);
        hearing.hear(0, word(state, vec![(inlet(error, state), 1)]), &wiring, |word| heard.push(word.id));
        assert_eq!(heard.len(), 4);
    }
}
