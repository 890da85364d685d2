//! Finding quiet: nothing moving and nothing in flight.
//!
//! A run seems quiet when, for every free state population, its last firing moved no component by more than the tolerance
//! and used, on every inlet, a mismatch that was computed from activities and targets which are still good: their
//! senders have not moved by more than the tolerance, all firings since then added up. Then every larger change has
//! travelled to all error populations that hear it and back to all state populations that hear those, and none of them
//! answered it: what is under way differs from what was answered by the tolerance at most. The sum matters: an actor that
//! runs ahead of its listeners can go far in small steps. In lock-step this is the same as one step in which nobody
//! moves by more than the tolerance.

use super::lockstep::Plan;
use super::log::Firing;
use crate::circuit::Stopping;
use crate::circuit::wiring::{Kind, PopulationId, Wiring};

/// Watches firings in an order in which senders come before receivers.
#[derive(Debug)]
pub(super) struct QuietWatch {
    /// `None` where nobody asked.
    tolerance: Option<f32>,
    free_states: Vec<usize>,
    is_state: Vec<bool>,
    /// By population and inlet.
    senders: Vec<Vec<usize>>,
    /// By population and firing: the sum of its movements up to there; index 0 is at rest.
    travelled: Vec<Vec<f64>>,
    calm: Vec<bool>,
    /// By population: the newest message on each inlet after each firing; index 0 is at rest. Of state populations only
    /// the last one is kept.
    used: Vec<Vec<Vec<u64>>>,
}

impl QuietWatch {
    pub(super) fn new(wiring: &Wiring, plan: &Plan, stopping: Stopping) -> Self {
        let populations = wiring.populations.len();
        let senders = |id| wiring.arriving(id).map(|link| link.from.0).collect();
        Self {
            tolerance: match stopping {
                Stopping::Quiet { tolerance, .. } => Some(tolerance),
                Stopping::Steps(_) => None,
            },
            free_states: plan.free_states.iter().map(|id| id.0).collect(),
            is_state: wiring.populations.iter().map(|p| p.kind == Kind::State).collect(),
            senders: (0..populations).map(|p| senders(PopulationId(p))).collect(),
            travelled: vec![vec![0.0]; populations],
            calm: vec![false; populations],
            used: wiring.populations.iter().map(|p| vec![vec![0; p.inlets]]).collect(),
        }
    }

    /// Takes note of a firing and of the largest movement in it.
    pub(super) fn note(&mut self, firing: &Firing, movement: f32) {
        let Some(tolerance) = self.tolerance else { return };
        let p = firing.population;
        let mut used = self.used[p].last().cloned().unwrap_or_default();
        for (inlet, number) in &firing.delivered {
            used[*inlet] = used[*inlet].max(*number);
        }
        if self.is_state[p] {
            self.used[p][0] = used;
            self.calm[p] = movement <= tolerance;
            let before = self.travelled[p].last().copied().unwrap_or(0.0);
            self.travelled[p].push(before + f64::from(movement));
        } else {
            self.used[p].push(used);
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
            let inputs = &self.used[*error][*number as usize];
            *number > 0 && self.senders[*error].iter().zip(inputs).all(|(sender, used)| self.is_good(*sender, *used))
        };
        self.calm[state] && self.senders[state].iter().zip(&self.used[state][0]).all(answered)
    }

    /// Whether a message of a state population still tells where it is.
    fn is_good(&self, sender: usize, number: u64) -> bool {
        let travelled = &self.travelled[sender];
        let since = travelled.last().copied().unwrap_or(0.0) - travelled[number as usize];
        // Sums of the same numbers may differ in their last digits.
        self.tolerance.is_some_and(|tolerance| since <= f64::from(tolerance) * (1.0 + 1e-9))
    }
}
