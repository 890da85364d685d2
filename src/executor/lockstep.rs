//! `Synchronous`: T times, all error populations fire on what the states last sent, then all state populations
//! update on what the errors just sent.
//!
//! Samples do not meet while settling, so each lane (a shard of the batch) runs through all steps alone. What
//! happens before what, in one lane:
//!
//! 1. rest → carry all activities and targets;
//! 2. fire every error population → carry mismatches to every free state population;
//! 3. fire every free state population → carry activities and targets; back to 2, T times;
//! 4. fire every error population → carry mismatches to *all* state populations: the readout.
//!
//! Lanes may overlap at will, but where a decision needs all of them (quiet, learning at every step) they meet after
//! 2 and after 3. On entry and on exit no message is under way.

use super::lane::Crew;
use super::settler::{Energies, Measure, SettleError, SettleOptions, Settled};
use crate::circuit::Stopping;
use crate::circuit::wiring::{Kind, Link, PopulationId, Wiring};
use crate::episode::{Activities, Episode, Lane};
use crate::kernels::product::SHARD_ROWS;
use crate::network::Network;
use rayon::prelude::*;

/// Who fires and what is carried, worked out once for an episode.
struct Plan {
    errors: Vec<PopulationId>,
    free_states: Vec<PopulationId>,
    from_states: Vec<Link>,
    from_free_states: Vec<Link>,
    to_free_states: Vec<Link>,
    to_states: Vec<Link>,
}

impl Plan {
    fn new(wiring: &Wiring, episode: &Episode) -> Self {
        let of = |kind| wiring.populations().filter(move |(_, p)| p.kind == kind).map(|(id, _)| id);
        let is_free = |id: PopulationId| !episode.is_clamped(wiring.population(id).layer);
        let links = |keep: &dyn Fn(&Link) -> bool| wiring.links.iter().copied().filter(|l| keep(l)).collect::<Vec<_>>();
        let is_state = |id: PopulationId| wiring.population(id).kind == Kind::State;
        Self {
            errors: of(Kind::Error).collect(),
            free_states: of(Kind::State).filter(|id| is_free(*id)).collect(),
            from_states: links(&|l| is_state(l.from)),
            from_free_states: links(&|l| is_state(l.from) && is_free(l.from)),
            to_free_states: links(&|l| is_state(l.to) && is_free(l.to)),
            to_states: links(&|l| is_state(l.to)),
        }
    }
}

/// One lane at work, with what it has measured.
struct Worker<'a> {
    lane: &'a mut Lane,
    energies: Vec<f64>,
    movement: f32,
}

pub(super) fn settle(
    network: &mut Network,
    activities: &mut Activities,
    episode: &Episode,
    stopping: Stopping,
    options: SettleOptions,
) -> Result<Settled, SettleError> {
    let plan = Plan::new(network.wiring(), episode);
    let together = options.learn || matches!(stopping, Stopping::Quiet { .. });
    let steps = if together {
        settle_together(network, activities, &plan, stopping, options)?
    } else {
        settle_apart(network, activities, &plan, stopping.max_steps(), options)?
    };
    Ok(steps)
}

/// Every lane runs through all steps alone.
fn settle_apart(
    network: &Network,
    activities: &mut Activities,
    plan: &Plan,
    steps: usize,
    options: SettleOptions,
) -> Result<Settled, SettleError> {
    let mut workers = workers(activities);
    each_lane(network, &mut workers, |crew, energies, movement| {
        begin(crew, plan);
        for step in 1..=steps as u64 {
            fire_errors(crew, plan, step)?;
            if options.measure == Measure::EveryStep {
                crew.measure(&plan.errors, energies);
            }
            carry(crew, &plan.to_free_states);
            *movement = fire_states(crew, plan, step)?;
        }
        readout(crew, plan, steps as u64 + 1, options.measure, energies)
    })?;
    Ok(finish(plan, &workers, steps))
}

/// Lanes meet after every phase, to decide together or to learn.
fn settle_together(
    network: &mut Network,
    activities: &mut Activities,
    plan: &Plan,
    stopping: Stopping,
    options: SettleOptions,
) -> Result<Settled, SettleError> {
    let mut kept: Vec<(Vec<f64>, f32)> = vec![(Vec::new(), 0.0); activities.lanes().len()];
    let mut phase = |network: &Network, activities: &mut Activities, run: &LanePhase<'_>| {
        let mut workers = workers(activities);
        for (worker, kept) in workers.iter_mut().zip(&mut kept) {
            (worker.energies, worker.movement) = std::mem::take(kept);
        }
        let result = each_lane(network, &mut workers, run);
        let movement = workers.iter().fold(0.0, |m: f32, w| m.max(w.movement));
        for (worker, kept) in workers.into_iter().zip(&mut kept) {
            *kept = (worker.energies, worker.movement);
        }
        result.map(|()| movement)
    };
    phase(network, activities, &|crew, _, _| {
        begin(crew, plan);
        Ok(())
    })?;
    let mut done = 0;
    while done < stopping.max_steps() {
        let firing = done as u64 + 1;
        phase(network, activities, &|crew, energies, _| {
            fire_errors(crew, plan, firing)?;
            if options.measure == Measure::EveryStep {
                crew.measure(&plan.errors, energies);
            }
            Ok(())
        })?;
        if options.learn {
            network.learn_some(activities, &plan.errors)?;
        }
        let movement = phase(network, activities, &|crew, _, movement| {
            carry(crew, &plan.to_free_states);
            *movement = fire_states(crew, plan, firing)?;
            Ok(())
        })?;
        if options.learn {
            network.learn_some(activities, &plan.free_states)?;
        }
        done += 1;
        if matches!(stopping, Stopping::Quiet { tolerance, .. } if movement <= tolerance) {
            break;
        }
    }
    phase(network, activities, &|crew, energies, _| readout(crew, plan, done as u64 + 1, options.measure, energies))?;
    let mut workers = workers(activities);
    for (worker, kept) in workers.iter_mut().zip(kept) {
        (worker.energies, worker.movement) = kept;
    }
    Ok(finish(plan, &workers, done))
}

/// What a lane does in one phase: with its crew, its energies, its movement.
type LanePhase<'a> = dyn Fn(&mut Crew<'_>, &mut Vec<f64>, &mut f32) -> Result<(), SettleError> + Sync + 'a;

fn workers(activities: &mut Activities) -> Vec<Worker<'_>> {
    activities.lanes_mut().iter_mut().map(|lane| Worker { lane, energies: Vec::new(), movement: 0.0 }).collect()
}

/// Runs every lane; of several failures the one of the first lane is told, whichever came first in time.
fn each_lane(
    network: &Network,
    workers: &mut [Worker<'_>],
    run: impl Fn(&mut Crew<'_>, &mut Vec<f64>, &mut f32) -> Result<(), SettleError> + Sync,
) -> Result<(), SettleError> {
    let (populations, wiring) = (network.populations(), network.wiring());
    let results: Vec<_> = workers
        .par_iter_mut()
        .map(|worker| {
            let mut crew = Crew { populations, wiring, lane: worker.lane };
            run(&mut crew, &mut worker.energies, &mut worker.movement)
        })
        .collect();
    results.into_iter().collect()
}

fn begin(crew: &mut Crew<'_>, plan: &Plan) {
    carry(crew, &plan.from_states);
}

fn carry(crew: &mut Crew<'_>, links: &[Link]) {
    for link in links {
        crew.carry(link);
    }
}

fn fire_errors(crew: &mut Crew<'_>, plan: &Plan, firing: u64) -> Result<(), SettleError> {
    for id in &plan.errors {
        crew.fire(*id, firing, 1.0)?;
    }
    Ok(())
}

fn fire_states(crew: &mut Crew<'_>, plan: &Plan, firing: u64) -> Result<f32, SettleError> {
    let mut movement: f32 = 0.0;
    for id in &plan.free_states {
        movement = movement.max(crew.fire(*id, firing, 1.0)?.movement);
    }
    carry(crew, &plan.from_free_states);
    Ok(movement)
}

fn readout(
    crew: &mut Crew<'_>,
    plan: &Plan,
    firing: u64,
    measure: Measure,
    energies: &mut Vec<f64>,
) -> Result<(), SettleError> {
    fire_errors(crew, plan, firing)?;
    if measure != Measure::Never {
        crew.measure(&plan.errors, energies);
    }
    carry(crew, &plan.to_states);
    Ok(())
}

/// Sums what lanes measured, shard by shard in the order of the samples.
fn finish(plan: &Plan, workers: &[Worker<'_>], steps: usize) -> Settled {
    let shards = |worker: &Worker<'_>| worker.lane.rows.len().div_ceil(SHARD_ROWS);
    let populations = plan.errors.len();
    let records = workers.first().map_or(0, |w| w.energies.len() / (populations * shards(w)).max(1));
    let sum = |record: usize, population: usize| -> f64 {
        let parts = workers.iter().flat_map(|w| {
            let (n, start) = (shards(w), (record * populations + population) * shards(w));
            &w.energies[start..start + n]
        });
        parts.sum()
    };
    let sums = (0..records).map(|r| (0..populations).map(|p| sum(r, p)).collect()).collect();
    let movement = workers.iter().fold(0.0, |m: f32, w| m.max(w.movement));
    Settled { steps, energies: Energies { populations: plan.errors.clone(), sums }, movement }
}
