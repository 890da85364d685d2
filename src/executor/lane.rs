//! The moves that executors on shared memory are made of: fire a population, carry a message.

use super::error::SettleError;
use super::gate::Gate;
use super::timeline::Kept;
use super::trace::Recorder;
use super::traffic::Traffic;
use crate::activities::{Activities, Lane};
use crate::circuit::wiring::{Link, PopulationId, Wiring};
use crate::kernels::product::SHARD_ROWS;
use crate::network::Network;
use crate::population::{AnyPopulation, Fired};
use crate::signal::Signal;
use rayon::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a lane remembers between phases.
#[derive(Debug)]
pub(super) struct Notes {
    /// Measured free energies: by measurement, error population and shard.
    pub(super) energies: Vec<f64>,
    /// By population: the largest movement in its last firing.
    pub(super) movement: Vec<f32>,
    /// By population: the largest finite magnitude so far.
    pub(super) peaks: Vec<f32>,
    /// Multiply-accumulates inside of firings.
    pub(super) operations: u64,
    /// By link, in the order of the wiring.
    pub(super) traffic: Vec<Traffic>,
    /// Messages that are still to be used.
    pub(super) kept: Kept,
    /// What every firing passes.
    pub(super) gate: Gate,
    /// Present where a trace is asked for.
    pub(super) recorder: Option<Recorder>,
    /// Who is at work, and at its which firing: for a panic to name it.
    at: (PopulationId, u64),
}

impl Notes {
    pub(super) fn new(wiring: &Wiring, gate: Gate) -> Self {
        Self {
            energies: Vec::new(),
            movement: vec![0.0; wiring.populations.len()],
            peaks: vec![0.0; wiring.populations.len()],
            operations: 0,
            traffic: vec![Traffic::default(); wiring.links.len()],
            kept: Kept::new(wiring),
            gate,
            recorder: None,
            at: (PopulationId(0), 0),
        }
    }

    /// Makes room for `measurements` of the free energy of `errors` populations, on a lane of `rows` samples.
    pub(super) fn reserve(&mut self, measurements: usize, errors: usize, rows: usize) {
        // A stop may end a run that asks for more than memory holds; room beyond this comes when it is needed.
        const MOST: usize = 10_000;
        let measurements = measurements.min(MOST);
        self.energies.reserve(measurements * errors * rows.div_ceil(SHARD_ROWS) + rows);
    }
}

/// One lane with the populations whose synapses it shares with the other lanes.
pub(super) struct Crew<'a> {
    pub(super) populations: &'a [AnyPopulation],
    pub(super) wiring: &'a Wiring,
    pub(super) lane: &'a mut Lane,
    pub(super) notes: &'a mut Notes,
}

impl Crew<'_> {
    /// The `firing`-th firing (from 1) of a population; a value that is not finite is an error.
    pub(super) fn fire(&mut self, id: PopulationId, firing: u64, scale: f32) -> Result<Fired, SettleError> {
        self.notes.at = (id, firing);
        self.notes.gate.pass(self.wiring, id, firing)?;
        self.notes.recorder.iter_mut().for_each(Recorder::begin);
        let fired = self.populations[id.0].fire(&mut self.lane.activities[id.0], scale);
        let peak = &mut self.notes.peaks[id.0];
        *peak = peak.max(fired.peak);
        if !fired.finite {
            let population = self.wiring.population(id).name.clone();
            return Err(SettleError::NotFinite { population, firing, magnitude: *peak });
        }
        self.notes.operations += fired.operations;
        self.notes.movement[id.0] = fired.movement;
        if let Some(recorder) = &mut self.notes.recorder {
            recorder.end(id, firing, fired.movement, &self.populations[id.0], &self.lane.activities[id.0]);
        }
        Ok(fired)
    }

    /// Hands the receiver of a link what its sender sent last, and counts it.
    pub(super) fn carry(&mut self, link: usize) {
        let spec = self.wiring.links[link];
        let signal = self.lane.activities[spec.from.0].sent(spec.outlet);
        let traffic = &mut self.notes.traffic[link];
        traffic.sent += 1;
        traffic.bytes += signal.bytes() as u64;
        self.deliver(link, signal, 0);
    }

    /// Hands the receiver of a link a message whose value is `age` firings old.
    pub(super) fn deliver(&mut self, link: usize, signal: Signal, age: u64) {
        let spec = self.wiring.links[link];
        let traffic = &mut self.notes.traffic[link];
        traffic.used += 1;
        traffic.operations += operations(&spec, &signal);
        traffic.aged(age);
        self.populations[spec.to.0].receive(&mut self.lane.activities[spec.to.0], spec.inlet, 0, signal);
    }

    /// Hands the receiver of a link the whole of what its sender has, uncounted: at rest and at the readout.
    pub(super) fn carry_whole(&mut self, link: &Link) {
        let signal = self.lane.activities[link.from.0].whole(link.outlet);
        self.populations[link.to.0].receive(&mut self.lane.activities[link.to.0], link.inlet, 0, signal);
    }

    /// The free energy of every error population as of its last firing, summed over each shard of the lane, appended
    /// to the notes population by population.
    pub(super) fn measure(&mut self, errors: &[PopulationId]) {
        for id in errors {
            let activity = &self.lane.activities[id.0];
            free_energy(&self.populations[id.0], activity, self.lane.rows.len(), &mut self.notes.energies);
        }
    }
}

/// Multiply-accumulates that a message causes at the synapses of its receiver, all samples together.
pub(super) fn operations(link: &Link, signal: &Signal) -> u64 {
    (signal.values() * link.fan / link.width.max(1)) as u64
}

/// The free energy of an error population, summed over each shard, appended to `out`. There is room in `out` for the
/// samples meanwhile, so that it takes no memory where [`Notes::reserve`] was called.
pub(super) fn free_energy(
    population: &AnyPopulation,
    activity: &crate::population::AnyActivity,
    rows: usize,
    out: &mut Vec<f64>,
) {
    let start = out.len();
    out.resize(start + rows, 0.0);
    let each = &mut out[start..];
    if let (AnyPopulation::Error(population), Some(activity)) = (population, activity.error()) {
        population.free_energy(activity, each);
    }
    let shards = rows.div_ceil(SHARD_ROWS);
    for shard in 0..shards {
        // A sum stands no further back than the first of its samples, so that no sample is lost before its turn.
        let samples = shard * SHARD_ROWS..((shard + 1) * SHARD_ROWS).min(rows);
        each[shard] = each[samples].iter().sum();
    }
    out.truncate(start + shards);
}

/// Runs every lane in parallel; of several failures the one of the first lane is told, whichever came first in time.
pub(super) fn each_lane(
    network: &Network,
    activities: &mut Activities,
    notes: &mut [Notes],
    run: impl Fn(&mut Crew<'_>) -> Result<(), SettleError> + Sync,
) -> Result<(), SettleError> {
    let (populations, wiring) = (network.populations(), &**network.wiring());
    let lanes = activities.lanes_mut().par_iter_mut().zip(notes);
    let run = |(lane, notes): (&mut Lane, &mut Notes)| {
        let body = AssertUnwindSafe(|| run(&mut Crew { populations, wiring, lane, notes: &mut *notes }));
        catch_unwind(body).unwrap_or_else(|panic| {
            let (id, firing) = notes.at;
            Err(SettleError::panicked(&wiring.population(id).name, firing, &*panic))
        })
    };
    // The order of lanes is kept, so that the first failure is the one of the first lane.
    lanes.map(run).reduce(|| Ok(()), Result::and)
}
