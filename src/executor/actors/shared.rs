//! What every actor of a run shares: what it was asked for, which nobody changes, and the order of firings, which each
//! actor enters when it fires.

use super::afar::Afar;
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
    /// Where a free run ends at quiet: this rank's free state populations, none of which finishes before all are as deep as the
    /// quota. One that ran ahead and stopped could not answer the others any more, and there would never be quiet.
    pub(super) together: Vec<usize>,
    /// By population: firings that it makes at the most.
    pub(super) limits: Vec<u64>,
    /// What every firing passes.
    pub(super) gate: Gate,
    /// Where populations take bearable steps.
    pub(super) bearing: Option<Bearing>,
    /// The other ranks, where populations are spread over several.
    pub(super) afar: Option<Arc<Afar>>,
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
///
/// Each firing has a place, which is greater than those of all firings that it has heard of: a count of firings, where each
/// message brings its sender's (Lamport 1978), and behind it the population, so that firings of several ranks have
/// different places, too. By place they are in one order on all ranks.
#[derive(Debug, Default)]
struct FiringOrder {
    /// Firings of each population so far.
    fired: Vec<u64>,
    /// The count of the last firing; where there is one rank, of all firings.
    all: u64,
    /// The place of the last firing; 0 before the first.
    last: u64,
}

impl Shared {
    pub(super) fn new(
        network: &Network,
        asked: Asked,
        gate: Gate,
        free: &[PopulationId],
        afar: Option<Arc<Afar>>,
    ) -> Self {
        let (circuit, wiring) = (network.circuit(), Arc::clone(network.wiring()));
        let layers = wiring.populations.iter().map(|p| circuit.layer(p.layer).name().to_owned()).collect();
        let populations = wiring.populations.len();
        let zeros = || (0..populations).map(|_| AtomicU64::new(0)).collect();
        let is_deep = asked.quiet && asked.pace.is_free();
        Self {
            together: free
                .iter()
                .filter(|id| is_deep && afar.as_ref().is_none_or(|afar| !afar.is_away(**id)))
                .map(|id| id.0)
                .collect(),
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
            afar,
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

    /// Enters a firing into the order, behind the place that is the latest it has heard of: gives its place, and `before`
    /// sees how many firings of each population of this rank stand before it.
    pub(super) fn enter(&self, id: PopulationId, heard: u64, before: impl FnOnce(&[u64])) -> u64 {
        let populations = self.wiring.populations.len() as u64;
        let mut order = self.order.lock().unwrap_or_else(PoisonError::into_inner);
        before(&order.fired);
        order.fired[id.0] += 1;
        order.all = order.all.max(heard / populations) + 1;
        order.last = order.all * populations + id.0 as u64;
        order.last
    }

    /// Whose firing has a place.
    pub(super) fn whose(&self, place: u64) -> Option<PopulationId> {
        (place > 0).then(|| PopulationId((place % self.wiring.populations.len() as u64) as usize))
    }

    /// The other ranks, where one of them has a population.
    pub(super) fn away(&self, id: PopulationId) -> Option<&Afar> {
        self.afar.as_deref().filter(|afar| afar.is_away(id))
    }

    /// All firings so far.
    pub(super) fn progress(&self) -> u64 {
        self.order.lock().unwrap_or_else(PoisonError::into_inner).all
    }

    /// The place of the last firing; 0 before the first.
    pub(super) fn last(&self) -> u64 {
        self.order.lock().unwrap_or_else(PoisonError::into_inner).last
    }

    /// A population has become so deep.
    pub(super) fn deepen(&self, id: PopulationId, depth: u64) {
        // In one order with what others write and read, so that of two who are deep enough at once one sees it.
        self.depths[id.0].store(depth, Ordering::SeqCst);
        if let Some(afar) = self.afar.as_ref().filter(|_| !self.together.is_empty() && self.is_own_deep_enough()) {
            afar.tell_depth();
        }
    }

    /// Whether every free state population is as deep as the quota, where that is what ends a run.
    pub(super) fn is_deep_enough(&self) -> bool {
        self.is_own_deep_enough() && self.afar.as_ref().is_none_or(|afar| afar.are_deep_enough())
    }

    fn is_own_deep_enough(&self) -> bool {
        self.together.iter().all(|p| self.depths[*p].load(Ordering::SeqCst) >= self.asked.quota)
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
