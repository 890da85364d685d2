//! Finding quiet: nothing moving and nothing in flight.
//!
//! A run seems quiet when, for every free state population, its last firing moved no component by more than the tolerance
//! and used, on every inlet, a mismatch that was computed from activities and targets which are still good: their
//! senders have not moved by more than the tolerance, all firings since then added up. Then every larger change has
//! travelled to all error populations that hear it and back to all state populations that hear those, and none of them
//! answered it: what is under way differs from what was answered by the tolerance at most. The sum matters: an actor that
//! runs ahead of its listeners can go far in small steps. In lock-step this is the same as one step in which nobody
//! moves by more than the tolerance. Under ternary messages a firing may leave something for the next ones to tell: then it
//! has not told where it is, and neither is it calm.
//!
//! Which message a firing used, where messages carry parts of a vector, is the newest before which nothing is missing:
//! see [`Knowledge`].

use super::knowledge::{Knowledge, Parts};
use super::plan::Plan;
use crate::circuit::Stopping;
use crate::circuit::wiring::{Kind, PopulationId, Wiring};
use std::collections::VecDeque;

/// Rows by the number of a firing; those in front are forgotten once nobody asks for them any more.
#[derive(Debug, Clone)]
struct History<T> {
    first: u64,
    rows: VecDeque<T>,
}

impl<T> History<T> {
    /// Number 0 is rest.
    fn new(rest: T) -> Self {
        Self { first: 0, rows: VecDeque::from([rest]) }
    }

    fn get(&self, number: u64) -> Option<&T> {
        self.rows.get(usize::try_from(number.checked_sub(self.first)?).ok()?)
    }

    fn forget_before(&mut self, number: u64) {
        while self.first < number && self.rows.len() > 1 {
            self.rows.pop_front();
            self.first += 1;
        }
    }
}

/// What a firing of an error population was made of.
#[derive(Debug, Clone)]
struct ErrorAnswer {
    /// By inlet: the message that it used.
    used: Vec<u64>,
    /// Whether its own messages tell all that there is to tell.
    told: bool,
}

/// Watches firings in an order in which senders come before receivers.
#[derive(Debug)]
pub(super) struct QuietWatch {
    /// `None` where nobody asked.
    tolerance: Option<f32>,
    free_states: Vec<usize>,
    is_state: Vec<bool>,
    /// By population and inlet.
    senders: Vec<Vec<usize>>,
    /// By population: place of a link, receiver and inlet, of the links that leave it.
    leaving: Vec<Vec<(usize, usize, usize)>>,
    /// By population and inlet: what the inlet knows of its sender.
    known: Vec<Vec<Knowledge>>,
    /// By population: firings.
    fired: Vec<u64>,
    /// By state population and firing: the sum of its movements up to there.
    travelled: Vec<History<f64>>,
    calm: Vec<bool>,
    /// By error population and firing.
    used: Vec<History<ErrorAnswer>>,
    /// By population: whether its last firing left something untold.
    behind: Vec<bool>,
    /// By state population: the message that its last firing used on each inlet.
    heard: Vec<Vec<u64>>,
}

impl QuietWatch {
    /// `whole` says whether messages are whole vectors.
    pub(super) fn new(wiring: &Wiring, plan: &Plan, stopping: Stopping, whole: bool) -> Self {
        let populations = wiring.populations.len();
        let senders = |id| wiring.arriving(id).map(|link| link.from.0).collect();
        let leaving = |id: PopulationId| {
            let links = wiring.links.iter().enumerate().filter(|(place, link)| link.from == id && plan.open[*place]);
            links.map(|(place, link)| (place, link.to.0, link.inlet)).collect()
        };
        Self {
            tolerance: match stopping {
                Stopping::Quiet { tolerance, .. } => Some(tolerance),
                Stopping::Steps(_) => None,
            },
            free_states: plan.free_states.iter().map(|id| id.0).collect(),
            is_state: wiring.populations.iter().map(|p| p.kind == Kind::State).collect(),
            senders: (0..populations).map(|p| senders(PopulationId(p))).collect(),
            leaving: (0..populations).map(|p| leaving(PopulationId(p))).collect(),
            known: wiring.populations.iter().map(|p| vec![Knowledge::new(whole); p.inlets]).collect(),
            fired: vec![0; populations],
            travelled: vec![History::new(0.0); populations],
            calm: vec![false; populations],
            used: wiring
                .populations
                .iter()
                .map(|p| History::new(ErrorAnswer { used: vec![0; p.inlets], told: true }))
                .collect(),
            behind: vec![false; populations],
            heard: wiring.populations.iter().map(|p| vec![0; p.inlets]).collect(),
        }
    }

    /// Whether a run is to end at quiet.
    pub(super) fn is_asked(&self) -> bool {
        self.tolerance.is_some()
    }

    /// Takes note of a firing, of the messages that were handed to it (inlet and number), of the largest movement, and of
    /// whether something is left untold. What was left untold before moves receivers when it is told, however little the
    /// sender moves then. A state population that only holds (`None`) says nothing of what it was handed: what counts is the
    /// firing before.
    pub(super) fn fired(
        &mut self,
        id: PopulationId,
        handed: impl Iterator<Item = (usize, u64)>,
        (movement, behind): (Option<f32>, bool),
    ) {
        let Some(tolerance) = self.tolerance else { return };
        let p = id.0;
        for (inlet, number) in handed {
            self.known[p][inlet].hand(number);
        }
        let senders = self.senders[p].iter().zip(&self.known[p]);
        let used = senders.map(|(sender, known)| known.complete(self.fired[*sender])).collect();
        self.fired[p] += 1;
        let was_behind = std::mem::replace(&mut self.behind[p], behind);
        if self.is_state[p] {
            if let Some(movement) = movement {
                self.heard[p] = used;
                self.calm[p] = movement <= tolerance && !behind;
            }
            let before = self.travelled[p].rows.back().copied().unwrap_or(0.0);
            let untold = if was_behind { 2.0 * f64::from(tolerance) } else { 0.0 };
            self.travelled[p].rows.push_back(before + f64::from(movement.unwrap_or(0.0)) + untold);
            self.forget(p);
        } else {
            self.used[p].rows.push_back(ErrorAnswer { used, told: !behind });
        }
    }

    /// Takes note of what a firing sent, where messages carry parts: `lost` are places of links, and `parts` tells what
    /// an outlet's message carries of how many of its links.
    pub(super) fn sent(&mut self, id: PopulationId, lost: &[usize], mut parts: impl FnMut(usize) -> Parts) {
        if self.tolerance.is_none() {
            return;
        }
        let number = self.fired[id.0];
        for (place, receiver, inlet) in &self.leaving[id.0] {
            let known = &mut self.known[*receiver][*inlet];
            if !known.is_whole() {
                known.send(number, lost.contains(place), parts(*place));
            }
        }
    }

    /// Forgets what nobody will ask for: firings of error populations that all listeners have gone beyond, and firings of
    /// state populations before those.
    fn forget(&mut self, state: usize) {
        let errors = self.senders[state].clone();
        for error in errors {
            let listeners = self.leaving[error].iter().filter(|(_, receiver, _)| self.is_state[*receiver]);
            let least = listeners.map(|(_, receiver, inlet)| self.heard[*receiver][*inlet]).min().unwrap_or(0);
            self.used[error].forget_before(least);
            for sender in self.senders[error].clone() {
                let needed = |(_, receiver, inlet): &(usize, usize, usize)| {
                    self.used[*receiver].rows.front().map_or(0, |row| row.used[*inlet])
                };
                let least = self.leaving[sender].iter().map(needed).min().unwrap_or(0);
                self.travelled[sender].forget_before(least);
            }
        }
    }

    /// Whether a movement is no more than the tolerance.
    pub(super) fn allows(&self, movement: f32) -> bool {
        self.tolerance.is_some_and(|tolerance| movement <= tolerance)
    }

    /// Whether nothing moves and nothing is in flight.
    pub(super) fn is_quiet(&self) -> bool {
        self.tolerance.is_some() && self.free_states.iter().all(|state| self.is_settled(*state))
    }

    fn is_settled(&self, state: usize) -> bool {
        let answered = |(error, number): (&usize, &u64)| {
            let inputs = self.used[*error].get(*number);
            let good = |answer: &ErrorAnswer| {
                let inputs = self.senders[*error].iter().zip(&answer.used);
                answer.told && inputs.into_iter().all(|(sender, used)| self.is_good(*sender, *used))
            };
            *number > 0 && inputs.is_some_and(good)
        };
        self.calm[state] && self.senders[state].iter().zip(&self.heard[state]).all(answered)
    }

    /// Whether a message of a state population still tells where it is.
    fn is_good(&self, sender: usize, number: u64) -> bool {
        let travelled = &self.travelled[sender];
        let (Some(now), Some(then)) = (travelled.rows.back(), travelled.get(number)) else { return false };
        // Sums of the same numbers may differ in their last digits.
        self.tolerance.is_some_and(|tolerance| now - then <= f64::from(tolerance) * (1.0 + 1e-9))
    }
}
