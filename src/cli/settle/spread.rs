//! What several ranks settle together, and what they can't: they come to the same only from the same request.

use super::super::failure::Failure;
use super::parted::CircuitPart;
use super::{SettleArguments, SettleRequest};
use crate::circuit::cost::Cost;
use crate::circuit::wiring::{Kind, PopulationId, Wiring};
use crate::circuit::{Circuit, Schedule, Settling};
use crate::data::digest::hexadecimal;
use crate::episode::Shown;
use crate::executor::place_by_cost;
use crate::params::{Start, StepRule};
use crate::ranks::Ranks;
use crate::training::alike::first_difference;
use sha2::{Digest, Sha256};

impl SettleArguments {
    /// The circuit with every population in its place, and what this rank has of it; `None` where each rank has all of it,
    /// because there is one, or because something asks for the synapses of others: a start from predictions, steps that know
    /// how stiff their surroundings are, and places that are measured.
    pub(super) fn in_parts(&self, ranks: &Ranks, circuit: Circuit) -> Result<(Circuit, Option<CircuitPart>), Failure> {
        let settling = circuit.settling().clone();
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
        let homes = place_by_cost(ranks, (&circuit, &wiring), &settling.place, &is_held)?;
        let of_own = Cost::new(&circuit).populations.into_iter().zip(&homes).filter(|(_, home)| **home == ranks.rank());
        let bytes = of_own.map(|(cost, _)| cost.bytes).sum();
        let place = homes.iter().enumerate().map(|(p, home)| (PopulationId(p), *home)).collect();
        let circuit = circuit.with_settling(Settling { place, ..settling })?;
        Ok((circuit, Some(CircuitPart { homes, rank: ranks.rank(), bytes, weights: String::new() })))
    }

    /// Refuses what looks at every firing: each rank sees its own only.
    pub(super) fn refuse_of_ranks(&self, ranks: &Ranks) -> Result<(), Failure> {
        let asked = [
            ("--trace", self.trace.is_some()),
            ("--timeline", self.timeline.is_some()),
            ("--probe", self.probing.target().is_some()),
        ];
        match asked.into_iter().find(|(_, is_asked)| *is_asked && ranks.are_many()) {
            None => Ok(()),
            Some((option, _)) => Err(Failure::Request(format!(
                "{option} looks at every firing, and each of {} ranks sees its own; --record a log and look at its replay on one \
                 rank, or leave the launcher out",
                ranks.size()
            ))),
        }
    }

    /// Refuses ranks that were not asked the same.
    pub(super) fn refuse_differing(&self, ranks: &Ranks, request: &SettleRequest) -> Result<(), Failure> {
        if !ranks.are_many() {
            return Ok(());
        }
        let SettleRequest { network, parts, frames, .. } = request;
        let circuit = network.circuit();
        let mut data = Sha256::new();
        for (episode, (layer, _)) in frames.iter().flat_map(|frame| circuit.layers().map(move |layer| (frame, layer))) {
            match episode.shown(layer) {
                Shown::Nothing => data.update([0]),
                Shown::All(values) => add(&mut data, values.as_slice()),
                Shown::Part { data: values, observed } => {
                    add(&mut data, values.as_slice());
                    add(&mut data, observed.as_slice());
                }
            }
        }
        // One that can't be read fails by itself.
        self.from.iter().for_each(|path| data.update(std::fs::read(path).unwrap_or_default()));
        let whole = || {
            let mut weights = Sha256::new();
            for (name, tensor) in network.tensors() {
                weights.update(name.as_bytes());
                add(&mut weights, tensor.as_slice());
            }
            hexadecimal(weights)
        };
        let weights = parts.as_ref().map_or_else(whole, |parts| parts.weights.clone());
        let options = format!(
            "seed {}, learn {}, record {}, stop at {:?}",
            self.seed,
            self.learn.is_some(),
            self.record.is_some(),
            self.stop_at
        );
        let parts = [
            ("circuit", circuit.to_ron(), "give every rank the same circuit file and settling"),
            ("weights", weights, "give every rank the same weights"),
            ("data", hexadecimal(data), "give every rank the same inputs"),
            ("options", options, "start every rank with the same command line"),
        ];
        first_difference(ranks, parts).map_or(Ok(()), |told| Err(Failure::Request(told)))
    }
}

fn add(hash: &mut Sha256, values: &[f32]) {
    hash.update(values.len().to_le_bytes());
    values.iter().for_each(|value| hash.update(value.to_bits().to_le_bytes()));
}
