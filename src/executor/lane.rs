//! The moves that executors on shared memory are made of: hand a message over, fire a population, post what it sent.

use super::energy::{PacedEnergies, by_pace, free_energy};
use super::error::SettleError;
use super::gate::Gate;
use super::ledger::{Handed, Load};
use super::plan::Plan;
use super::trace::Recorder;
use crate::activities::{Activities, Lane};
use crate::circuit::wiring::{Kind, Link, PopulationId, Wiring};
use crate::kernels::product::SHARD_ROWS;
use crate::network::Network;
use crate::population::{AnyPopulation, Fired};
use crate::ranks::{Packet, Unpack};
use crate::signal::Signal;
use rayon::prelude::*;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The number of a message of the readout: newer than all others.
const READOUT: u64 = u64::MAX;

/// What a lane remembers between phases.
#[derive(Debug)]
pub(super) struct LaneState {
    /// Measured free energies: by measurement, error population and shard.
    pub(super) energies: Vec<f64>,
    /// By population: free energies as of its last firing, by shard; kept where synapses change between firings.
    fired_energies: Vec<Vec<f64>>,
    /// By population: its firings, in the replay of a run of actors.
    paced: Vec<PacedEnergies>,
    /// By population: the largest movement in its last firing.
    pub(super) movement: Vec<f32>,
    /// By population: whether its last firing left something untold.
    pub(super) behind: Vec<bool>,
    /// By population: the largest finite magnitude so far.
    pub(super) peaks: Vec<f32>,
    /// By population: multiply-accumulates inside of firings, without the readout.
    pub(super) operations: Vec<u64>,
    /// By link, in the order of the wiring.
    pub(super) loads: Vec<Load>,
    /// By link: messages under way, with their numbers.
    under_way: Vec<VecDeque<(u64, Signal)>>,
    /// Whether another rank settles it.
    pub(super) is_away: bool,
    /// What every firing passes.
    pub(super) gate: Gate,
    /// Present where a trace is asked for.
    pub(super) recorder: Option<Recorder>,
    /// Who is at work, and at its which firing: for a panic to name it.
    at: (PopulationId, u64),
}

impl LaneState {
    pub(super) fn new(wiring: &Wiring, gate: Gate) -> Self {
        let (populations, links) = (wiring.populations.len(), wiring.links.len());
        Self {
            energies: Vec::new(),
            fired_energies: vec![Vec::new(); populations],
            paced: vec![PacedEnergies::default(); populations],
            movement: vec![0.0; populations],
            behind: vec![false; populations],
            peaks: vec![0.0; populations],
            operations: vec![0; populations],
            loads: vec![Load::default(); links],
            under_way: vec![VecDeque::new(); links],
            is_away: false,
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

    /// What is known of it at the end, for other ranks.
    pub(super) fn put(&self, packet: &mut Packet) {
        packet.put_counted(&self.energies);
        packet.put(&self.movement);
        packet.put(&self.peaks);
        packet.put(&self.operations);
        self.loads.iter().for_each(|load| load.put(packet));
    }

    /// Takes in what [`LaneState::put`] has told of the same lane.
    pub(super) fn take(&mut self, told: &mut Unpack<'_>) {
        self.energies = told.take_counted();
        told.fill(&mut self.movement);
        told.fill(&mut self.peaks);
        told.fill(&mut self.operations);
        self.loads.iter_mut().for_each(|load| *load = Load::take(told));
    }
}

/// One lane at work, with the populations whose synapses it shares with the other lanes.
pub(super) struct LaneAtWork<'a> {
    pub(super) populations: &'a [AnyPopulation],
    pub(super) wiring: &'a Wiring,
    pub(super) lane: &'a mut Lane,
    pub(super) state: &'a mut LaneState,
}

impl LaneAtWork<'_> {
    /// The `firing`-th firing (from 1) of a population; a value that is not finite is an error.
    pub(super) fn fire(&mut self, id: PopulationId, firing: u64, scale: f32) -> Result<Fired, SettleError> {
        self.state.at = (id, firing);
        self.state.gate.pass(self.wiring, id, firing)?;
        self.state.recorder.iter_mut().for_each(Recorder::begin);
        let fired = self.populations[id.0].fire(&mut self.lane.activities[id.0], scale);
        let peak = &mut self.state.peaks[id.0];
        *peak = peak.max(fired.peak);
        if !fired.finite {
            let population = self.wiring.population(id).name.clone();
            return Err(SettleError::NotFinite { population, firing, magnitude: *peak });
        }
        self.state.operations[id.0] += fired.operations;
        (self.state.movement[id.0], self.state.behind[id.0]) = (fired.movement, fired.behind);
        let activity = &self.lane.activities[id.0];
        if let Some(recorder) = &mut self.state.recorder {
            recorder.end(id, firing, fired.movement, &self.populations[id.0], activity);
        }
        self.state.gate.tell(id, firing, &self.lane.rows, fired.movement, activity);
        Ok(fired)
    }

    /// Counts what a population has just sent on a link, and keeps it until it is handed over, if `kept`.
    pub(super) fn post(&mut self, link: usize, number: u64, kept: bool) {
        let spec = &self.wiring.links[link];
        let signal = self.lane.activities[spec.from.0].sent(spec.outlet);
        self.state.loads[link].post(signal.bits());
        if kept {
            self.state.under_way[link].push_back((number, signal));
        }
    }

    /// Hands a message that is under way to its receiver.
    pub(super) fn hand(&mut self, handed: Handed) {
        let queue = &mut self.state.under_way[handed.link];
        // Few messages are under way at once, so a search from the newest ends soon.
        let found = queue.iter().rposition(|(number, _)| *number == handed.number);
        if let Some((_, signal)) = found.and_then(|at| queue.remove(at)) {
            self.receive(handed, signal);
        }
    }

    /// Lets go of messages of a link that nobody will use any more: all up to a number.
    pub(super) fn let_go(&mut self, link: usize, through: u64) {
        let queue = &mut self.state.under_way[link];
        while queue.front().is_some_and(|(number, _)| *number <= through) {
            queue.pop_front();
        }
    }

    /// Lets go of one message of a link.
    pub(super) fn let_go_of(&mut self, link: usize, number: u64) {
        self.state.under_way[link].retain(|(n, _)| *n != number);
    }

    /// Hands the receiver of a link what its sender sent last, at once.
    pub(super) fn carry(&mut self, link: usize, number: u64) {
        let spec = &self.wiring.links[link];
        let signal = self.lane.activities[spec.from.0].sent(spec.outlet);
        self.receive(Handed { link, number, doubtful: false }, signal);
    }

    fn receive(&mut self, handed: Handed, signal: Signal) {
        let spec = &self.wiring.links[handed.link];
        let activity = &mut self.lane.activities[spec.to.0];
        let heard = self.populations[spec.to.0].receive(activity, spec.inlet, handed.number, signal);
        let load = &mut self.state.loads[handed.link];
        load.hand(heard);
        if handed.doubtful {
            load.doubt(heard);
        }
    }

    /// Hands the receiver of a link the whole of what its sender has: at rest and at the readout, which are no part of
    /// the account's figures.
    fn carry_whole(&mut self, link: &Link, number: u64) {
        let signal = self.lane.activities[link.from.0].whole(link.outlet);
        self.tell(link, number, signal);
    }

    /// Hands a population that makes no update what its sender sent last, outside the account: nothing is counted on
    /// links whose receiver can't fire.
    fn carry_to_held(&mut self, link: &Link, number: u64) {
        let signal = self.lane.activities[link.from.0].sent(link.outlet);
        self.tell(link, number, signal);
    }

    fn tell(&mut self, link: &Link, number: u64, signal: Signal) {
        let activity = &mut self.lane.activities[link.to.0];
        self.populations[link.to.0].receive(activity, link.inlet, number, signal);
    }

    /// Every population has what the resting circuit would send.
    pub(super) fn begin(&mut self, from_states: &[Link]) {
        for link in from_states {
            self.carry_whole(link, 0);
        }
    }

    /// Every state population publishes, every error population fires once, every state population hears of it: whole
    /// vectors, also where events travelled before. `firing` numbers that firing of an error population.
    pub(super) fn readout(
        &mut self,
        plan: &Plan,
        firing: impl Fn(PopulationId) -> u64,
        measured: bool,
    ) -> Result<(), SettleError> {
        self.answer(plan, &plan.errors, firing)?;
        if measured {
            self.measure(&plan.errors);
        }
        self.hear_answers(plan);
        Ok(())
    }

    /// The first part of the readout: every state population publishes, and some error populations fire once.
    pub(super) fn answer(
        &mut self,
        plan: &Plan,
        errors: &[PopulationId],
        firing: impl Fn(PopulationId) -> u64,
    ) -> Result<(), SettleError> {
        self.state.recorder.iter_mut().for_each(|recorder| recorder.readout = true);
        for link in &plan.from_states {
            self.carry_whole(link, READOUT);
        }
        for id in errors {
            let before = self.state.operations[id.0];
            self.fire(*id, firing(*id), 1.0)?;
            self.state.operations[id.0] = before;
        }
        Ok(())
    }

    /// The last part of the readout: every state population hears of those firings.
    pub(super) fn hear_answers(&mut self, plan: &Plan) {
        for link in &plan.to_states {
            self.carry_whole(link, READOUT);
        }
    }

    /// Everybody hears what a readout that happened elsewhere has published.
    pub(super) fn hear_all(&mut self, plan: &Plan) {
        for link in plan.from_states.iter().chain(&plan.to_states) {
            self.carry_whole(link, READOUT);
        }
    }

    /// The free energy of every error population as of its last firing, summed over each shard of the lane, appended
    /// to what was measured population by population.
    pub(super) fn measure(&mut self, errors: &[PopulationId]) {
        for id in errors {
            let activity = &self.lane.activities[id.0];
            free_energy(&self.populations[id.0], activity, self.lane.rows.len(), &mut self.state.energies);
        }
    }

    /// Notes the free energy of a population that has just fired, before its synapses change.
    pub(super) fn note_energy(&mut self, id: PopulationId) {
        let (activity, noted) = (&self.lane.activities[id.0], &mut self.state.fired_energies[id.0]);
        noted.clear();
        free_energy(&self.populations[id.0], activity, self.lane.rows.len(), noted);
    }

    /// Notes a firing with its place in the order of all, and its free energy, before its synapses change.
    pub(super) fn note_paced(&mut self, id: PopulationId, place: u64) {
        let noted = &mut self.state.paced[id.0];
        noted.places.push(place);
        if self.wiring.population(id).kind == Kind::Error {
            let activity = &self.lane.activities[id.0];
            free_energy(&self.populations[id.0], activity, self.lane.rows.len(), &mut noted.energies);
        }
    }

    /// As `measure` at every step, of what [`LaneAtWork::note_paced`] has noted.
    pub(super) fn measure_paced(&mut self, plan: &Plan, is_free: bool) {
        let noted = |id: &PopulationId| (id.0, &self.state.paced[id.0]);
        let steps = by_pace(plan.errors.iter().map(noted), plan.free_states.iter().map(noted), is_free);
        self.state.energies.extend(steps);
    }

    /// As `measure`, of what was noted.
    pub(super) fn measure_noted(&mut self, errors: &[PopulationId]) {
        for id in errors {
            self.state.energies.extend_from_slice(&self.state.fired_energies[id.0]);
        }
    }
}

/// State populations that data hold in place make no update, but their error synapses learn, too: each time an error
/// population has fired that they hear, for the `number`-th time. `links` are those on which they hear it. They learn from
/// what was sent, as every population does: with events that is less than the whole mismatch.
pub(super) fn learn_held(
    network: &mut Network,
    activities: &mut Activities,
    states: &mut [LaneState],
    links: &[Link],
    number: u64,
) -> Result<(), SettleError> {
    if links.is_empty() {
        return Ok(());
    }
    each_lane(network, activities, states, |lane| {
        links.iter().for_each(|link| lane.carry_to_held(link, number));
        Ok(())
    })?;
    for link in links {
        network.learn_inlet(activities, link.to, link.inlet);
    }
    Ok(())
}

/// Runs every lane that is not away in parallel; of several failures the one of the first lane is told, whichever came
/// first in time.
pub(super) fn each_lane(
    network: &Network,
    activities: &mut Activities,
    states: &mut [LaneState],
    run: impl Fn(&mut LaneAtWork<'_>) -> Result<(), SettleError> + Sync,
) -> Result<(), SettleError> {
    let (populations, wiring) = (network.populations(), &**network.wiring());
    let lanes = activities.lanes_mut().par_iter_mut().zip(states).filter(|(_, state)| !state.is_away);
    let run = |(lane, state): (&mut Lane, &mut LaneState)| {
        let body = AssertUnwindSafe(|| run(&mut LaneAtWork { populations, wiring, lane, state: &mut *state }));
        catch_unwind(body).unwrap_or_else(|panic| {
            let (id, firing) = state.at;
            Err(SettleError::panicked(&wiring.population(id).name, firing, &*panic))
        })
    };
    // The order of lanes is kept, so that the first failure is the one of the first lane.
    lanes.map(run).reduce(|| Ok(()), Result::and)
}
