//! How a training goes right now: `pulse.json` in the run folder, for whoever watches.
//!
//! It is rewritten about once a second and is no part of what a run promises: nothing reads it to go on, it is not synced,
//! and where it can't be written the training goes on without it.

use crate::data::{DataError, atomic};
use crate::executor::{Account, LinkAccount};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Its name in a run folder.
pub const PULSE: &str = "pulse.json";

/// From one beat to the next, at the least.
const PAUSE: Duration = Duration::from_secs(1);

/// How a training goes: its last batch.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Pulse {
    /// Epoch under way, from 1.
    pub epoch: usize,
    /// Epochs asked for.
    pub epochs: usize,
    /// Batches done in this epoch.
    pub done: usize,
    /// Batches in it.
    pub of: usize,
    /// Free energy of the batch, mean over its images, all layers, in nats.
    pub free_energy: f64,
    /// Images in the batch; 0 where the one who wrote it did not tell.
    pub batch: usize,
    /// Training images per second in this epoch.
    pub images_per_second: f64,
    /// Layers, in the order of the circuit.
    pub layers: Vec<PulseLayer>,
    /// Links whose receivers can fire, in the order of the wiring.
    pub links: Vec<PulseLink>,
    /// The last warning of this epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
}

/// One layer in the last batch.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct PulseLayer {
    /// Its name.
    pub name: String,
    /// Free energy, mean over images, in nats; absent where nothing predicts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free_energy: Option<f64>,
    /// Its activity at the readout, `√(mean of φ(z)²)` over images and neurons.
    #[serde(default)]
    pub activity: f64,
}

/// One link in the last batch; the account says what each figure means.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct PulseLink {
    /// The sender.
    pub from: String,
    /// The receiver.
    pub to: String,
    /// Messages that firings sent.
    pub sent: u64,
    /// Messages of which a firing took in something.
    pub used: u64,
    /// Messages that were lost.
    pub dropped: u64,
    /// Mean staleness, in firings of the sender; absent where the receiver did not fire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub staleness: Option<f64>,
    /// Mean of how many firings of the receiver ago something new was heard; absent where the sender can't fire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unheard: Option<f64>,
}

impl PulseLink {
    /// The figures of an account that a glance takes in.
    #[must_use]
    pub fn of(account: &Account) -> Vec<Self> {
        let link = |link: &LinkAccount| Self {
            from: link.from.clone(),
            to: link.to.clone(),
            sent: link.sent,
            used: link.used,
            dropped: link.dropped,
            staleness: mean(&link.staleness),
            unheard: mean(&link.unheard),
        };
        account.links.iter().map(link).collect()
    }
}

/// The mean of a histogram of ages.
fn mean(counts: &[u64]) -> Option<f64> {
    let total: u64 = counts.iter().sum();
    let sum: f64 = counts.iter().enumerate().map(|(age, count)| age as f64 * *count as f64).sum();
    (total > 0).then(|| sum / total as f64)
}

impl Pulse {
    /// What the run in `folder` told last; `None` where it has told nothing, or nothing whole.
    #[must_use]
    pub fn of_run(folder: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(folder.join(PULSE)).ok()?).ok()
    }
}

/// Writes the pulse of one run.
#[derive(Debug)]
pub(super) struct Heart {
    path: PathBuf,
    last: Option<Instant>,
    warning: Option<String>,
}

impl Heart {
    pub(super) fn of(folder: &Path) -> Self {
        Self { path: folder.join(PULSE), last: None, warning: None }
    }

    /// Keeps a warning for the beats of this epoch.
    pub(super) fn warn(&mut self, text: &str) {
        self.warning = Some(text.to_owned());
    }

    /// An epoch begins.
    pub(super) fn forget(&mut self) {
        self.warning = None;
    }

    /// Writes what `pulse` gives where a beat is due, or `at_once`.
    pub(super) fn beat(&mut self, at_once: bool, pulse: impl FnOnce() -> Pulse) {
        if !at_once && self.last.is_some_and(|last| last.elapsed() < PAUSE) {
            return;
        }
        let pulse = Pulse { warning: self.warning.clone(), ..pulse() };
        if let Err(error) = self.write(&pulse) {
            tracing::debug!("{error}");
        }
        self.last = Some(Instant::now());
    }

    fn write(&self, pulse: &Pulse) -> Result<(), DataError> {
        atomic::replace(&self.path, &serde_json::to_vec(pulse).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_age_weighs_its_counts() {
        assert_eq!(mean(&[1, 0, 3]), Some(1.5));
        assert_eq!(mean(&[0, 0]), None);
    }
}
