//! What every actor of a run shares: what it was asked for, which nobody changes, and the order of firings, which each
//! actor enters when it fires.

use super::depth::SHALLOW;
use super::pace::Pace;
use crate::circuit::Fire;
use crate::circuit::wiring::{PopulationId, Wiring};
use crate::executor::bearing::Bearing;
use crate::executor::error::SettleError;
use crate::executor::gate::Gate;
use crate::executor::sync::{AtomicBool, AtomicU64, Mutex, Ordering, PoisonError};
use crate::network::Network;
use std::sync::Arc;

/// What a run of actors is asked.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) pace: Pace,
    /// Whether messages are whole vectors.
    pub(super) whole: bool,
    /// Updates of every free state population.
    pub(super) quota: u64,
    /// Whether the run is to end at quiet.
    pub(super) quiet: bool,
    /// Whether firings are written down.
    pub(super) record: bool,
    /// Whether synapses learn at every firing.
    pub(super) learn: bool,
    /// Whether free energy is measured at every firing.
    pub(super) measure: bool,
}

/// What every actor of a run shares.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) wiring: Arc<Wiring>,
    /// By population: the name of its layer.
    pub(super) layers: Vec<String>,
    pub(super) asked: Asked,
    /// Where a free run ends at quiet: the free state populations, none of which finishes before all are as deep as the
    /// quota. One that ran ahead and stopped could not answer the others any more, and there would never be quiet.
    pub(super) together: Vec<usize>,
    /// By population: firings that it makes at the most.
    pub(super) limits: Vec<u64>,
    /// What every firing passes.
    pub(super) gate: Gate,
    /// Where populations take bearable steps.
    pub(super) bearing: Option<Bearing>,
    /// Raised to bring all actors back; who raises it wakes them.
    pub(super) stop: AtomicBool,
    order: Mutex<FiringOrder>,
    /// Depth of each population so far.
    pub(super) depths: Vec<AtomicU64>,
    /// By population: one more than the inlet it waits for; 0 while it does not wait.
    pub(super) waiting: Vec<AtomicU64>,
}

/// The order of firings. A firing enters it before its messages are sent, and after those that it uses have come, so
/// that senders stand before receivers.
#[derive(Debug, Default)]
struct FiringOrder {
    /// Firings of each population so far.
    fired: Vec<u64>,
    /// All firings so far.
    all: u64,
    last: Option<PopulationId>,
}

impl Shared {
    pub(super) fn new(network: &Network, asked: Asked, gate: Gate, free: &[PopulationId]) -> Self {
        let (circuit, wiring) = (network.circuit(), Arc::clone(network.wiring()));
        let layers = wiring.populations.iter().map(|p| circuit.layer(p.layer).name().to_owned()).collect();
        let populations = wiring.populations.len();
        let zeros = || (0..populations).map(|_| AtomicU64::new(0)).collect();
        let is_deep = asked.quiet && asked.pace.is_free();
        Self {
            together: free.iter().filter(|_| is_deep).map(|id| id.0).collect(),
            limits: (0..populations).map(|p| gate.limit(PopulationId(p))).collect(),
            stop: AtomicBool::new(false),
            order: Mutex::new(FiringOrder { fired: vec![0; populations], ..FiringOrder::default() }),
            depths: zeros(),
            waiting: zeros(),
            wiring,
            layers,
            asked,
            gate,
            bearing: Bearing::of(network),
        }
    }

    /// The pace of a population: who takes answered steps waits for answers, where it may fire when it likes.
    pub(super) fn pace(&self, id: PopulationId) -> Pace {
        match self.asked.pace {
            Pace::Free { .. } if self.bearing.as_ref().is_some_and(|bearing| bearing.waits(id.0)) => {
                Pace::Free { fire: Fire::OnAnswer }
            }
            pace => pace,
        }
    }

    /// Enters a firing into the order: gives its place, and `before` sees how many firings of each population stand before
    /// it.
    pub(super) fn enter(&self, id: PopulationId, before: impl FnOnce(&[u64])) -> u64 {
        let mut order = self.order.lock().unwrap_or_else(PoisonError::into_inner);
        before(&order.fired);
        order.fired[id.0] += 1;
        order.all += 1;
        order.last = Some(id);
        order.all
    }

    /// Firings of each population so far.
    pub(super) fn fired(&self) -> Vec<u64> {
        self.order.lock().unwrap_or_else(PoisonError::into_inner).fired.clone()
    }

    /// All firings so far.
    pub(super) fn progress(&self) -> u64 {
        self.order.lock().unwrap_or_else(PoisonError::into_inner).all
    }

    /// Whose firing was the last one.
    pub(super) fn last(&self) -> Option<PopulationId> {
        self.order.lock().unwrap_or_else(PoisonError::into_inner).last
    }

    /// Whether every free state population is as deep as the quota, where that is what ends a run.
    pub(super) fn is_deep_enough(&self) -> bool {
        self.together.iter().all(|p| self.depths[*p].load(Ordering::Relaxed) >= self.asked.quota)
    }

    /// Firings that a population may make without becoming deeper.
    pub(super) fn shallow(&self) -> u64 {
        if self.together.is_empty() { u64::MAX } else { SHALLOW }
    }

    /// The error of a panic that was caught in an actor.
    pub(super) fn panicked(&self, id: PopulationId, fired: u64, panic: &(dyn std::any::Any + Send)) -> SettleError {
        SettleError::panicked(&self.wiring.population(id).name, fired + 1, panic)
    }
}
