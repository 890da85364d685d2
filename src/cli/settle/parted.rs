//! A circuit in parts: where populations of `Bounded` and `Free` are spread over ranks, each rank has the synapses of its own only.

use super::super::failure::Failure;
use super::super::memory::Use;
use super::super::output;
use super::SettleArguments;
use crate::checkpoint::parts;
use crate::circuit::cost::Cost;
use crate::circuit::wiring::{Kind, PopulationId, Wiring};
use crate::circuit::{Circuit, Schedule, Settling};
use crate::executor::place_by_cost;
use crate::network::{self, Network};
use crate::params::{Start, StepRule};
use crate::ranks::Ranks;
use std::sync::Arc;

/// What this rank has of a circuit.
pub(super) struct Parts {
    /// By population: its rank.
    homes: Vec<usize>,
    rank: usize,
    /// Bytes of the parameters of this rank's populations.
    bytes: u64,
    /// What tells the weights from others: the digest of their file, or how they were drawn.
    pub(super) weights: String,
}

impl SettleArguments {
    /// The circuit with every population in its place, and what this rank has of it; `None` where each rank has all of it,
    /// because there is one, or because something asks for the synapses of others: a start from predictions, steps that know
    /// how stiff their surroundings are, and places that are measured.
    pub(super) fn in_parts(&self, ranks: &Ranks, circuit: Circuit) -> Result<(Circuit, Option<Parts>), Failure> {
        let settling = circuit.settling();
        let is_spread = matches!(settling.schedule, Schedule::Bounded { .. } | Schedule::Free { .. });
        let looks_around = settling.start == Start::Forward
            || circuit.layers().any(|(_, layer)| layer.step() == StepRule::Bearable)
            || self.settling.is_to_be_measured();
        if !ranks.are_many() || !is_spread || looks_around {
            return Ok((circuit, None));
        }
        let wiring = Wiring::new(&circuit);
        let is_shown = |sense: Option<&str>| {
            sense.is_some_and(|sense| self.input.iter().any(|given| given.sense == sense))
                && !self.mask.iter().any(|mask| Some(mask.sense.as_str()) == sense)
        };
        let is_held = |id: PopulationId| {
            let spec = wiring.population(id);
            spec.kind == Kind::State && is_shown(circuit.layer(spec.layer).sense())
        };
        let homes = place_by_cost(ranks, &circuit, &settling.place, &is_held)?;
        let of_own = Cost::new(&circuit).populations.into_iter().zip(&homes).filter(|(_, home)| **home == ranks.rank());
        let bytes = of_own.map(|(cost, _)| cost.bytes).sum();
        let place = homes.iter().enumerate().map(|(p, home)| (PopulationId(p), *home)).collect();
        let circuit = circuit.clone().with_settling(Settling { place, ..settling.clone() })?;
        Ok((circuit, Some(Parts { homes, rank: ranks.rank(), bytes, weights: String::new() })))
    }
}

impl Parts {
    /// What it is to be given memory for: its weights, twice while they are read.
    pub(super) fn needed(&self, samples: usize) -> Use {
        Use::SettlingPart(self.bytes.saturating_mul(2), samples)
    }

    /// The network, with the synapses of this rank's populations.
    pub(super) fn network(&mut self, asked: &SettleArguments, circuit: &Arc<Circuit>) -> Result<Network, Failure> {
        let own = |id: PopulationId| self.homes[id.0] == self.rank;
        let Some(path) = &asked.weights else {
            output::note(&format!("no --weights: synapses are drawn from seed {}", asked.seed));
            self.weights = format!("drawn from seed {}", asked.seed);
            return Ok(Network::drawn_in_part(Arc::clone(circuit), asked.seed, &own));
        };
        let owners = network::synapse_owners(circuit);
        let read = parts::load(path, &|name| network::is_kept(&owners, &own, name))?;
        let network = Network::in_part(Arc::clone(circuit), &read.tensors, &own);
        let mut network = network.map_err(|cause| Failure::Request(format!("{}: {cause}", path.display())))?;
        if asked.learn.is_some() {
            network.remember(read.moments);
        }
        self.weights = read.digest;
        Ok(network)
    }
}
