//! What every actor of a run shares: what it was asked for, which nobody changes, and counts that each actor keeps of
//! itself for the others to read.

use super::actor::Pace;
use super::error::SettleError;
use super::gate::Gate;
use crate::circuit::wiring::{PopulationId, Wiring};
use crate::params::Messages;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What every actor of a run shares.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) wiring: Arc<Wiring>,
    /// By population: the name of its layer.
    pub(super) layers: Vec<String>,
    pub(super) pace: Pace,
    pub(super) messages: Messages,
    /// Updates of every free state population.
    pub(super) quota: u64,
    /// Where a free run ends at quiet: the free state populations, none of which finishes before all are as deep as the
    /// quota. One that ran ahead and stopped could not answer the others any more, and there would never be quiet.
    pub(super) together: Vec<usize>,
    /// By population: firings that it makes at the most.
    pub(super) limits: Vec<u64>,
    /// What every firing passes.
    pub(super) gate: Gate,
    /// Whether firings are written down.
    pub(super) log: bool,
    /// Whether synapses learn at every firing.
    pub(super) learn: bool,
    /// Whether free energy is measured at every firing.
    pub(super) measure: bool,
    /// Firings of each population so far: what staleness and progress are measured against.
    pub(super) fired: Vec<AtomicU64>,
    /// Depth of each population so far.
    pub(super) depths: Vec<AtomicU64>,
    /// By population: one more than the inlet it waits for; 0 while it does not wait.
    pub(super) waiting: Vec<AtomicU64>,
}

impl Shared {
    /// The error of a panic that was caught in an actor.
    pub(super) fn panicked(&self, id: PopulationId, panic: &(dyn std::any::Any + Send)) -> SettleError {
        let firing = 1 + self.fired[id.0].load(Ordering::Relaxed);
        SettleError::panicked(&self.wiring.population(id).name, firing, panic)
    }
}
