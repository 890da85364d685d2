//! Faults that tests plant, to see what an executor makes of trouble.

use crate::circuit::wiring::PopulationId;
use std::time::Duration;

/// Something that goes wrong on purpose, to test what an executor makes of it. Firings are counted from 1, each
/// population's by itself; the readout counts as the last one of an error population.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fault {
    /// The population panics instead of making this firing.
    Panic {
        /// Which population.
        population: PopulationId,
        /// Which of its firings.
        firing: u64,
    },
    /// The population sleeps before this firing.
    Delay {
        /// Which population.
        population: PopulationId,
        /// Which of its firings.
        firing: u64,
        /// How long.
        time: Duration,
    },
    /// Messages between actors are lost; the receiver keeps what it has and knows that something was sent. Under
    /// virtual time loss is an option of the schedule, and where no message travels none is lost.
    Loss {
        /// The share of messages that is lost, in [0, 1].
        share: f64,
        /// Which ones: messages are drawn by link and number, not by time.
        seed: u64,
    },
    /// An actor falls silent before this firing. Under virtual time a lesion is an option of the schedule.
    Lesion {
        /// Which population.
        population: PopulationId,
        /// The first firing that it does not make.
        firing: u64,
    },
}
