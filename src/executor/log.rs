//! Delivery logs: for every firing, which messages reached it and which of its own were lost. That is all that a schedule
//! decides, so a log *is* a schedule: whatever ran leaves one behind, and it runs again to the same bits and the same
//! account.
//!
//! Messages of a population are numbered by its firings; number 0 is what it sent at rest.

use super::error::SettleError;
use super::onset::NoiseKey;
use super::turn::Turn;
use crate::circuit::wiring::{PopulationId, Wiring};
use crate::data::{atomic, bounded};
use crate::params::Messages;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
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
    /// The tick, under virtual time.
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    pub tick: Option<u64>,
    /// Messages that arrived since the population's firing before: inlet and number, in the order of arrival. A late
    /// one stands behind newer ones.
    #[serde(rename = "d", default, skip_serializing_if = "Vec::is_empty")]
    pub delivered: Vec<(usize, u64)>,
    /// Links on which what it sent was lost, by their places in the wiring.
    #[serde(rename = "l", default, skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<usize>,
}

impl Firing {
    /// A turn, written down.
    pub(super) fn of(turn: &Turn) -> Self {
        let Turn { population, scale, tick, arrived, lost, .. } = turn;
        Self { population: population.0, scale: *scale, tick: *tick, delivered: arrived.clone(), lost: lost.clone() }
    }
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
    /// Populations that a schedule silences at some time: no step waits for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub silenced: Vec<String>,
    /// What travelled on a link.
    pub messages: Messages,
    /// Updates of every free state population.
    pub steps: usize,
    /// All firings up to the readout; each stands behind those whose messages it uses.
    pub firings: Vec<Firing>,
    /// Messages that had reached an inlet when the run ended, after the last firing there: place of the link and number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<(usize, u64)>,
    /// What the streams of layers with noise were called, where there are any: a replay draws from them again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noise: Option<NoiseKey>,
}

/// The version that this build writes. It reads the one before, too, which knew nothing of lost and waiting messages.
pub(super) const VERSION: u32 = 2;

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
        let bytes = bounded::read(path).map_err(|cause| failed(format!("cannot be read: {cause}")))?;
        Self::parse(&bytes, path)
    }

    /// [`DeliveryLog::load`] of the bytes of a file that is called `path`, whether or not it is there.
    ///
    /// # Errors
    /// As [`DeliveryLog::load`].
    pub fn parse(bytes: &[u8], path: &Path) -> Result<Self, SettleError> {
        let failed = |problem: String| SettleError::Log { path: path.to_owned(), problem };
        let log: Self = serde_json::from_slice(bytes)
            .map_err(|cause| failed(format!("is no delivery log ({cause}); --record FILE writes one")))?;
        if !(1..=VERSION).contains(&log.version) {
            return Err(failed(format!("has version {}, and this gncn reads versions 1 to {VERSION}", log.version)));
        }
        Ok(log)
    }

    /// Whether the log can be run on a circuit with these populations: same names, every inlet there, every message
    /// sent before it is used, and used once.
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
        check_firings(self, wiring, clamped)
    }
}

fn check_firings(log: &DeliveryLog, wiring: &Wiring, clamped: &[bool]) -> Result<(), String> {
    let mut fired = vec![0_u64; wiring.populations.len()];
    let mut handed = HashSet::new();
    let damaged = |i: usize, what: String| Err(format!("firing {i} {what}: the log is damaged"));
    for (i, firing) in log.firings.iter().enumerate() {
        let p = firing.population;
        if clamped.get(p) != Some(&false) {
            return damaged(i, format!("is of a population that does not fire ({p})"));
        }
        if !(firing.scale.is_finite() && firing.scale >= 0.0) {
            return damaged(i, "has a scale that is no positive number".to_owned());
        }
        for (inlet, number) in &firing.delivered {
            let sender = wiring.arriving(PopulationId(p)).find(|link| link.inlet == *inlet);
            let Some(sender) = sender.map(|link| link.from) else { return damaged(i, format!("has no inlet {inlet}")) };
            // Each message is handed over once, after it was sent.
            if *number > fired[sender.0] || *number == 0 || !handed.insert((p, *inlet, *number)) {
                return damaged(i, format!("uses message {number} of {}", wiring.population(sender).name));
            }
        }
        if !firing.lost.is_empty() && log.messages.needs_every_message() {
            return damaged(i, "loses a message where Ternary(...) needs every one".to_owned());
        }
        if firing.lost.iter().any(|link| wiring.links.get(*link).is_none_or(|link| link.from.0 != p)) {
            return damaged(i, "loses a message on a link that does not leave its population".to_owned());
        }
        fired[p] += 1;
    }
    match log.waiting.iter().find(|(link, n)| wiring.links.get(*link).is_none_or(|l| *n > fired[l.from.0])) {
        Some((link, number)) => Err(format!("lets message {number} of link {link} wait: the log is damaged")),
        None => Ok(()),
    }
}
