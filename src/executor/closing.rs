//! The end of an episode: from what drivers leave to what a run leaves.

use super::actors::lend::ActorsEnd;
use super::lane::LaneState;
use super::ledger::{Ends, Ledger, Load};
use super::log::{DeliveryLog, Firing, VERSION};
use super::onset::NoiseKey;
use super::options::SettleOptions;
use super::outcome::{Energies, Settled};
use super::plan::Plan;
use super::timeline::TimelineEnd;
use super::trace::{self, Recorder, Trace};
use crate::activities::Activities;
use crate::circuit::wiring::{PopulationId, Wiring};
use crate::circuit::{Schedule, Settling};
use crate::kernels::product::SHARD_ROWS;
use crate::params::Messages;

/// One episode being settled.
pub(super) struct Job<'a> {
    pub(super) wiring: &'a Wiring,
    pub(super) plan: &'a Plan,
    pub(super) settling: &'a Settling,
    pub(super) options: SettleOptions,
}

impl Job<'_> {
    pub(super) fn whole(&self) -> bool {
        self.settling.messages == Messages::Dense
    }

    pub(super) fn steps(&self) -> usize {
        self.settling.stopping.max_steps()
    }
}

/// What a driver leaves behind, beside activities and books.
#[derive(Default)]
pub(super) struct Driven {
    pub(super) course: TimelineEnd,
    pub(super) actors: Option<ActorsEnd>,
}

/// The outcome of an episode: the books are closed, and what was asked for is put together.
pub(super) fn settled(
    job: &Job<'_>,
    (circuit, activities, noise): (&str, &Activities, Option<&NoiseKey>),
    mut states: Vec<LaneState>,
    ledger: Ledger,
    run: Driven,
) -> Settled {
    let Job { wiring, plan, settling, options } = *job;
    let Driven { course, actors } = run;
    let movement = |n: &LaneState| plan.free_states.iter().map(|id| n.movement[id.0]).fold(0.0, f32::max);
    let operations: Vec<u64> =
        (0..wiring.populations.len()).map(|p| states.iter().map(|state| state.operations[p]).sum()).collect();
    let loads: Vec<&[Load]> = states.iter().map(|state| &state.loads[..]).collect();
    let ends = Ends { operations: &operations, readout: options.stop_at.is_none() };
    let mut account = ledger.close(wiring, plan, &loads, &ends);
    let (movement, energies) = (states.iter().map(movement).fold(0.0, f32::max), energies(activities, plan, &states));
    let mut traced = None;
    if let Some(returned) = actors {
        for (population, (computing, waiting)) in account.populations.iter_mut().zip(returned.seconds) {
            (population.computing, population.waiting) = (computing, waiting);
        }
        for (population, rank) in account.populations.iter_mut().zip(returned.homes.into_iter().flatten()) {
            population.rank = Some(rank);
        }
        traced = Some(returned.trace);
    }
    let TimelineEnd { steps, quiet, firings, waiting } = course;
    let trace = options.trace.then(|| joined(&mut states, traced, &firings));
    let log = options.record.then(|| {
        let names = |keep: &dyn Fn(usize) -> bool| {
            let kept = wiring.populations().filter(|(id, _)| keep(id.0));
            kept.map(|(_, spec)| spec.name.clone()).collect()
        };
        DeliveryLog {
            version: VERSION,
            circuit: circuit.to_owned(),
            schedule: settling.schedule.name().to_owned(),
            populations: names(&|_| true),
            clamped: names(&|p| plan.clamped[p]),
            silenced: names(&|p| silences(&settling.schedule).any(|silent| silent.0 == p)),
            messages: settling.messages,
            steps,
            firings,
            waiting,
            noise: noise.cloned(),
        }
    });
    Settled { steps, quiet, energies, movement, account, log, trace }
}

fn silences(schedule: &Schedule) -> impl Iterator<Item = PopulationId> {
    let time = if let Schedule::VirtualTime(time) = schedule { Some(time) } else { None };
    time.into_iter().flat_map(|time| time.silences()).map(|(silent, _)| silent)
}

/// Sums what lanes measured, shard by shard in the order of the samples.
fn energies(activities: &Activities, plan: &Plan, states: &[LaneState]) -> Energies {
    let populations = plan.errors.len();
    let shards: Vec<_> = activities.lanes().iter().map(|lane| lane.rows.len().div_ceil(SHARD_ROWS)).collect();
    let records = states.first().map_or(0, |n| n.energies.len() / (populations * shards[0]).max(1));
    let sum = |record: usize, population: usize| -> f64 {
        let place = record * populations + population;
        let lanes = states.iter().zip(&shards);
        lanes.flat_map(|(n, shards)| &n.energies[place * shards..(place + 1) * shards]).sum()
    };
    let sums = (0..records).map(|r| (0..populations).map(|p| sum(r, p)).collect()).collect();
    Energies { populations: plan.errors.clone(), sums }
}

/// What lanes recorded, behind what actors did, with the ticks of virtual time.
fn joined(states: &mut [LaneState], actors: Option<Trace>, firings: &[Firing]) -> Trace {
    let lanes = states.iter_mut().filter_map(|n| n.recorder.take()).map(Recorder::into_trace);
    let lanes = trace::of_lanes(lanes);
    let mut all = actors.unwrap_or_default();
    all.firings.extend(lanes.firings);
    for (traced, firing) in all.firings.iter_mut().zip(firings) {
        traced.tick = firing.tick;
    }
    all
}
