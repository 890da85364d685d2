//! A circuit in parts: where populations of `Bounded` and `Free` are spread over ranks, each rank has the synapses of its own only.

use super::super::failure::Failure;
use super::super::memory::Use;
use super::super::output;
use crate::checkpoint::parts;
use crate::circuit::Circuit;
use crate::circuit::wiring::PopulationId;
use crate::network::{self, Network};
use std::path::Path;
use std::sync::Arc;

/// What this rank has of a circuit.
pub(super) struct CircuitPart {
    /// By population: its rank.
    pub(super) homes: Vec<usize>,
    pub(super) rank: usize,
    /// Bytes of the parameters of this rank's populations.
    pub(super) bytes: u64,
    /// What tells the weights from others: the digest of their file, or how they were drawn.
    pub(super) weights: String,
}

impl CircuitPart {
    /// What it is to be given memory for: its weights, twice while they are read.
    pub(super) fn needed(&self, samples: usize) -> Use {
        Use::SettlingPart(self.bytes.saturating_mul(2), samples)
    }

    /// The network, with the synapses of this rank's populations: of a file, or drawn from a seed. Where it `learns`, with
    /// what optimisers remember.
    pub(super) fn network(
        &mut self,
        circuit: &Arc<Circuit>,
        file: Option<&Path>,
        (seed, learns): (u64, bool),
    ) -> Result<Network, Failure> {
        let own = |id: PopulationId| self.homes[id.0] == self.rank;
        let Some(path) = file else {
            output::note(&format!("no --weights: synapses are drawn from seed {seed}"));
            self.weights = format!("drawn from seed {seed}");
            return Ok(Network::drawn_in_part(Arc::clone(circuit), seed, &own));
        };
        let owners = network::synapse_owners(circuit);
        let read = parts::load(path, &|name| network::is_kept(&owners, &own, name))?;
        let network = Network::in_part(Arc::clone(circuit), &read.tensors, &own);
        let mut network = network.map_err(|cause| Failure::Request(format!("{}: {cause}", path.display())))?;
        if learns {
            network.remember(read.moments);
        }
        self.weights = read.digest;
        Ok(network)
    }
}
