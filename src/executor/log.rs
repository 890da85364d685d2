//! Delivery logs: for every firing, which message of each inlet arrived before it. That is all that a schedule decides,
//! so a log *is* a schedule: virtual time and sweeps are written down as one before they run, actors leave one behind,
//! and all of them run again from it to the same bits.
//!
//! Messages of a population are numbered by its firings; number 0 is what it sent at rest.

use super::SettleError;
use crate::circuit::wiring::{PopulationId, Wiring};
use crate::data::atomic;
use crate::params::Messages;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// One firing of one population.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Firing {
    /// Which population, by its place in the log's list.
    #[serde(rename = "p")]
    pub population: usize,
    /// What β is multiplied by.
    #[serde(rename = "s", default = "unit", skip_serializing_if = "is_unit")]
    pub scale: f32,
    /// Messages that arrived since the population's firing before: inlet and number, in the order of arrival.
    #[serde(rename = "d", default, skip_serializing_if = "Vec::is_empty")]
    pub delivered: Vec<(usize, u64)>,
}

fn unit() -> f32 {
    1.0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_unit(scale: &f32) -> bool {
    *scale == 1.0
}

/// A run, written down.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeliveryLog {
    /// Version of this format.
    pub version: u32,
    /// Name of the circuit.
    pub circuit: String,
    /// The schedule that was run, as a word.
    pub schedule: String,
    /// Names of all populations; firings refer to them by place.
    pub populations: Vec<String>,
    /// Which of them data held in place.
    pub clamped: Vec<String>,
    /// What travelled on a link.
    pub messages: Messages,
    /// Updates of every free state population.
    pub steps: usize,
    /// All firings up to the readout; each stands behind those whose messages it uses.
    pub firings: Vec<Firing>,
}

/// The version that this build writes and reads.
pub(super) const VERSION: u32 = 1;

impl DeliveryLog {
    /// Writes the log, whole or not at all.
    ///
    /// # Errors
    /// [`SettleError::Log`] where the file can't be written.
    pub fn save(&self, path: &Path) -> Result<(), SettleError> {
        let failed = |cause: String| SettleError::Log { path: path.to_owned(), problem: cause };
        let bytes = serde_json::to_vec(self).map_err(|cause| failed(cause.to_string()))?;
        atomic::write(path, &bytes).map_err(|cause| failed(cause.to_string()))
    }

    /// Reads a log; [`DeliveryLog::check`] says whether it fits a circuit.
    ///
    /// # Errors
    /// [`SettleError::Log`] where the file can't be read or is no log.
    pub fn load(path: &Path) -> Result<Self, SettleError> {
        let failed = |problem: String| SettleError::Log { path: path.to_owned(), problem };
        let bytes = std::fs::read(path).map_err(|cause| failed(format!("cannot be read: {cause}")))?;
        let log: Self = serde_json::from_slice(&bytes)
            .map_err(|cause| failed(format!("is no delivery log ({cause}); --record FILE writes one")))?;
        if log.version != VERSION {
            return Err(failed(format!("has version {}, and this gncn reads version {VERSION}", log.version)));
        }
        Ok(log)
    }

    /// Whether the log can be run on a circuit with these populations: same names, every inlet there, every message
    /// sent before it is used and never older than the one before it.
    ///
    /// # Errors
    /// The first thing that does not fit, in words.
    pub fn check(&self, wiring: &Wiring, clamped: &[bool]) -> Result<(), String> {
        let names: Vec<&str> = wiring.populations.iter().map(|p| p.name.as_str()).collect();
        if self.populations != names {
            return Err(format!("was recorded from other populations: {}", self.populations.join(", ")));
        }
        let held: Vec<_> = wiring.populations().filter(|(id, _)| clamped[id.0]).map(|(_, p)| p.name.clone()).collect();
        if self.clamped != held {
            let list = |names: &[String]| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            return Err(format!("was recorded with clamped: {}; now clamped: {}", list(&self.clamped), list(&held)));
        }
        check_firings(&self.firings, wiring, clamped)
    }
}

fn check_firings(firings: &[Firing], wiring: &Wiring, clamped: &[bool]) -> Result<(), String> {
    let mut fired = vec![0_u64; wiring.populations.len()];
    let mut used: Vec<Vec<u64>> = wiring.populations.iter().map(|p| vec![0; p.inlets]).collect();
    for (i, firing) in firings.iter().enumerate() {
        let problem = |what: String| Err(format!("firing {i} {what}: the log is damaged"));
        let Some(used) = used.get_mut(firing.population).filter(|_| !clamped[firing.population]) else {
            return problem(format!("is of a population that does not fire ({})", firing.population));
        };
        if !(firing.scale.is_finite() && firing.scale >= 0.0) {
            return problem("has a scale that is no positive number".to_owned());
        }
        for (inlet, number) in &firing.delivered {
            let sender = wiring.arriving(PopulationId(firing.population)).find(|link| link.inlet == *inlet);
            let Some(sender) = sender.map(|link| link.from) else { return problem(format!("has no inlet {inlet}")) };
            if *number > fired[sender.0] || *number <= used[*inlet] {
                return problem(format!("uses message {number} of {}", wiring.population(sender).name));
            }
            used[*inlet] = *number;
        }
        fired[firing.population] += 1;
    }
    Ok(())
}

/// One order of the firings of all populations that respects which message each of them used: `own[p]` are the
/// firings of population `p` in their order. Ties go to the lower population, so the order is a function of the log.
pub(super) fn in_order(own: Vec<Vec<Firing>>, wiring: &Wiring) -> Vec<Firing> {
    let total = own.iter().map(Vec::len).sum();
    let mut queues: Vec<_> = own.into_iter().map(|firings| firings.into_iter().peekable()).collect();
    let mut fired = vec![0_u64; queues.len()];
    let senders: Vec<Vec<usize>> =
        (0..queues.len()).map(|p| wiring.arriving(PopulationId(p)).map(|link| link.from.0).collect()).collect();
    let mut order = Vec::with_capacity(total);
    while order.len() < total {
        let before = order.len();
        for p in 0..queues.len() {
            let ready = |firing: &Firing| firing.delivered.iter().all(|(inlet, n)| *n <= fired[senders[p][*inlet]]);
            if let Some(firing) = queues[p].next_if(ready) {
                order.push(firing);
                fired[p] += 1;
            }
        }
        assert!(order.len() > before, "actors use only what was sent");
    }
    order
}
