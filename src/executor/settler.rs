//! Settling: one episode under one schedule, and what is known afterwards.

use super::lockstep;
use crate::circuit::Schedule;
use crate::circuit::Settling;
use crate::circuit::wiring::PopulationId;
use crate::episode::{Activities, Episode};
use crate::network::{LearningError, Network};
use crate::params::When;

/// Settles episodes, keeping storage between them.
#[derive(Debug, Default)]
pub struct Settler {
    activities: Activities,
}

/// What to do beside settling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SettleOptions {
    /// When free energy is measured.
    pub measure: Measure,
    /// When synapses learn while settling; learning at the readout is [`Network::learn`].
    pub learn: bool,
}

/// When free energy is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Measure {
    /// Never.
    #[default]
    Never,
    /// At the readout.
    Readout,
    /// At every firing of the error populations, and at the readout.
    EveryStep,
}

/// Free energies of error populations, summed over the batch.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Energies {
    /// The error populations, in the order of the wiring.
    pub populations: Vec<PopulationId>,
    /// One row for each measurement, the last at the readout; columns as `populations`.
    pub sums: Vec<Vec<f64>>,
}

/// What settling one episode came to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Settled {
    /// Updates of every free state population.
    pub steps: usize,
    /// As asked for.
    pub energies: Energies,
    /// The largest change of a component of a state in its last firing.
    pub movement: f32,
}

/// Settling that failed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SettleError {
    /// A value that is not finite.
    #[error(
        "population \"{population}\" is no longer finite at its firing {firing}; the largest magnitude before that was \
         {magnitude:e}. Its states grow without bound: a smaller beta, more leak or smaller weights keep them in bounds"
    )]
    NotFinite {
        /// Whose value.
        population: String,
        /// The population's own count of firings, from 1.
        firing: u64,
        /// The largest finite magnitude seen in it.
        magnitude: f32,
    },
    /// A learning step that was refused.
    #[error(transparent)]
    Learning(#[from] LearningError),
    /// A schedule or message form that has no executor in this version.
    #[error("{what} is not available yet; this version runs {available}")]
    NotAvailable {
        /// What was asked for.
        what: String,
        /// What there is.
        available: &'static str,
    },
}

impl Settler {
    /// A settler without storage yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether this version can run a settling.
    ///
    /// # Errors
    /// [`SettleError::NotAvailable`] naming what has no executor.
    pub fn check(settling: &Settling) -> Result<(), SettleError> {
        match settling.schedule {
            Schedule::Synchronous => Ok(()),
            ref other => Err(SettleError::NotAvailable {
                what: format!("the schedule {}", other.name()),
                available: "Synchronous",
            }),
        }
    }

    /// Settles one episode under the schedule of the circuit, up to and including the readout.
    ///
    /// # Errors
    /// [`SettleError`]; the network is whole afterwards, with the synapses it had.
    pub fn settle(
        &mut self,
        network: &mut Network,
        episode: &Episode,
        settling: &Settling,
        options: SettleOptions,
    ) -> Result<Settled, SettleError> {
        Self::check(settling)?;
        self.activities.rest(network, episode, settling.messages, 1);
        let learn = options.learn && network.circuit().learning.when == When::EveryStep;
        lockstep::settle(network, &mut self.activities, episode, settling.stopping, SettleOptions { learn, ..options })
    }

    /// The activities of the last episode.
    #[must_use]
    pub fn activities(&self) -> &Activities {
        &self.activities
    }
}
