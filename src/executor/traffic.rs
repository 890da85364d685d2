//! What went over links and what populations did, counted while it happens.

use serde::Serialize;

/// Ages that are counted one by one; older ones count as the last.
pub const AGES: usize = 64;

/// What went over one link in an episode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LinkTraffic {
    /// The sender.
    pub from: String,
    /// The receiver.
    pub to: String,
    /// Messages sent, without what was sent at rest and at the readout.
    pub sent: u64,
    /// Messages that the receiver used.
    pub used: u64,
    /// Messages that came and were replaced by a newer one before they were used.
    pub overwritten: u64,
    /// Messages that were lost.
    pub dropped: u64,
    /// Bytes sent, all samples together.
    pub bytes: u64,
    /// Multiply-accumulates that used messages caused at synapses, all samples together.
    pub operations: u64,
    /// How often a value of each age was used, in firings of its sender; the last entry counts older ones too.
    pub staleness: Vec<u64>,
}

/// What one population did in an episode.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct PopulationWork {
    /// Its name.
    pub population: String,
    /// Firings, without the readout.
    pub firings: u64,
    /// Seconds spent firing; measured where the population runs as an actor.
    pub computing: f64,
    /// Seconds spent waiting for messages; measured where the population runs as an actor.
    pub waiting: f64,
}

/// The running counts of one link.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Traffic {
    pub(super) sent: u64,
    pub(super) used: u64,
    pub(super) overwritten: u64,
    pub(super) dropped: u64,
    pub(super) bytes: u64,
    pub(super) operations: u64,
    pub(super) staleness: Vec<u64>,
}

impl Traffic {
    /// Counts one value of some age as used.
    pub(super) fn aged(&mut self, age: u64) {
        let at = usize::try_from(age).unwrap_or(usize::MAX).min(AGES - 1);
        if self.staleness.len() <= at {
            // All at once, so that counting takes no memory later.
            self.staleness.reserve_exact(AGES - self.staleness.len());
            self.staleness.resize(at + 1, 0);
        }
        self.staleness[at] += 1;
    }

    /// Adds what the other end of the same link counted.
    pub(super) fn merge(&mut self, other: &Self) {
        self.sent += other.sent;
        self.used += other.used;
        self.overwritten += other.overwritten;
        self.dropped += other.dropped;
        self.bytes += other.bytes;
        self.operations += other.operations;
        if self.staleness.len() < other.staleness.len() {
            self.staleness.resize(other.staleness.len(), 0);
        }
        for (sum, count) in self.staleness.iter_mut().zip(&other.staleness) {
            *sum += count;
        }
    }

    /// Adds what another lane counted on the same link: the messages are the same ones, what they carried is not.
    pub(super) fn add_lane(&mut self, other: &Self) {
        self.bytes += other.bytes;
        self.operations += other.operations;
    }
}
