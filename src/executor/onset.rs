//! How an episode begins: where free states are before anybody fires, and which streams their noise comes from.
//!
//! It happens between rest and the first message. `Forward` lets error populations fire once, predictors first, and brings
//! them back to rest: nothing of it is in the account.

use super::error::SettleError;
use super::options::Presentation;
use super::past::{Past, rows_of};
use crate::activities::{Activities, Lane};
use crate::circuit::wiring::{PopulationId, Wiring};
use crate::circuit::{Circuit, LayerId, Schedule, Settling, Stopping};
use crate::episode::Episode;
use crate::matrix::Matrix;
use crate::network::Network;
use crate::params::{Carries, LayerNoise, Start};
use crate::population::{Onset, Stream};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// What streams of noise of a run are called: the same key, the same draws.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoiseKey {
    /// Seed of the schedule, where it has one.
    pub seed: u64,
    /// The presentation, which holds the seed of the run.
    pub presentation: String,
}

impl NoiseKey {
    /// The key of a presentation; `None` where nothing is drawn.
    pub(super) fn of(circuit: &Circuit, settling: &Settling, presentation: Presentation) -> Option<Self> {
        let draws = matches!(settling.start, Start::Gaussian { .. })
            || circuit.layers().any(|(_, layer)| layer.noise() != LayerNoise::None);
        let (seed, frozen) = match &settling.schedule {
            Schedule::VirtualTime(time) => (time.seed, time.noise.is_frozen()),
            _ => (0, false),
        };
        let presentation = if frozen { String::new() } else { presentation.label() };
        draws.then_some(Self { seed, presentation })
    }
}

/// The beginnings of all populations.
pub(super) struct Onsets<'a> {
    pub(super) settling: &'a Settling,
    /// Where free states begin: a frame that isn't the first goes on where the one before ended.
    pub(super) start: Start,
    pub(super) key: Option<&'a NoiseKey>,
    /// By layer: where the episode before ended.
    pub(super) last: Option<Vec<Matrix>>,
    /// What delayed projections predict from.
    pub(super) past: &'a Past,
}

impl Onsets<'_> {
    /// Whether the episode can begin so.
    pub(super) fn check(&self, circuit: &Circuit, episode: &Episode) -> Result<(), SettleError> {
        let noisy = circuit.layers().find(|(_, layer)| layer.noise() != LayerNoise::None);
        if let (Stopping::Quiet { .. }, Some((_, layer))) = (self.settling.stopping, noisy) {
            let name = layer.name();
            let problem =
                format!("layer \"{name}\" has noise, so that nothing comes to rest; settle for a number of steps");
            return Err(SettleError::Onset { problem });
        }
        if self.start == Start::Forward
            && let Err(cycle) = circuit.downward(&free(circuit, episode))
        {
            let names: Vec<_> = cycle.iter().map(|id| format!("\"{}\"", circuit.layer(*id).name())).collect();
            let problem = format!(
                "a downward pass (start: Forward) has no first layer among {}, which predict each other in a circle; give one \
                 of them an input, or start at Zeros",
                names.join(", ")
            );
            return Err(SettleError::Onset { problem });
        }
        Ok(())
    }

    /// Lets every activity, which is at rest, begin.
    pub(super) fn begin(&self, network: &Network, episode: &Episode, activities: &mut Activities) {
        if !network.wiring().delayed.is_empty() {
            activities.lanes_mut().par_iter_mut().for_each(|lane| self.past.recall(network, lane));
        }
        if self.key.is_none() && self.start.is_zeros() {
            return;
        }
        let circuit = network.circuit();
        let order = match self.start {
            Start::Forward => circuit.downward(&free(circuit, episode)).unwrap_or_default(),
            _ => circuit.layers().map(|(id, _)| id).filter(|id| !episode.is_clamped(*id)).collect(),
        };
        activities.lanes_mut().par_iter_mut().for_each(|lane| {
            for layer in &order {
                self.begin_layer(network, *layer, lane);
            }
            if self.start == Start::Forward {
                rest_errors(network, lane);
                self.past.recall(network, lane);
            }
        });
    }

    fn begin_layer(&self, network: &Network, layer: LayerId, lane: &mut Lane) {
        let id = network.wiring().state_of(layer);
        let spec = network.wiring().population(id);
        let size = spec.outlets[0];
        let none = NoiseKey { seed: 0, presentation: String::new() };
        let key = self.key.unwrap_or(&none);
        let name = |what: &str| format!("{}{what} {}", key.presentation, spec.name);
        let states = match self.start {
            Start::Zeros => None,
            Start::Gaussian { sd } => {
                Some(Stream { seed: key.seed, name: &name("start") }.draw(lane.rows.clone(), size, sd))
            }
            Start::Forward => predicted(network, layer, lane),
            Start::Last => self.last.as_ref().map(|last| rows_of(&last[layer.0], lane.rows.clone())),
        };
        let stream = Stream { seed: key.seed, name: &name("noise") };
        let onset = Onset { states: states.as_ref().map(Matrix::as_slice), stream, first: lane.rows.start };
        network.population(id).begin(&mut lane.activities[id.0], onset);
    }
}

/// By layer: whether some of it moves.
fn free(circuit: &Circuit, episode: &Episode) -> Vec<bool> {
    circuit.layers().map(|(id, _)| !episode.is_clamped(id)).collect()
}

/// `μ` of a layer on what the layers that predict it have now; `None` where nothing does.
fn predicted(network: &Network, layer: LayerId, lane: &mut Lane) -> Option<Matrix> {
    let wiring: &Wiring = network.wiring();
    let error = wiring.error_of(layer)?;
    let population = network.population(error);
    for link in wiring.arriving(error).filter(|link| link.carries == Carries::Activity) {
        let signal = lane.activities[link.from.0].whole(link.outlet);
        population.receive(&mut lane.activities[error.0], link.inlet, 0, signal);
    }
    population.fire(&mut lane.activities[error.0], 1.0);
    lane.activities[error.0].error().map(|activity| activity.mean().clone())
}

/// Error populations have not fired yet.
fn rest_errors(network: &Network, lane: &mut Lane) {
    let is_error = |i: &usize| network.populations()[*i].hears().contains(&Carries::Target);
    for i in (0..network.populations().len()).filter(is_error) {
        let presented = crate::population::Presented::Free;
        network.population(PopulationId(i)).rest_again(&mut lane.activities[i], presented);
    }
}
