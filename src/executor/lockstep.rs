//! `Synchronous`: T times, all error populations fire on what the states last sent, then all state populations
//! update on what the errors just sent.
//!
//! Samples do not meet while settling, so each lane (a shard of the batch) runs through all steps alone. What
//! happens before what, in one lane:
//!
//! 1. rest → carry all activities and targets;
//! 2. (but in the first step) carry activities and targets of free state populations → fire every error population →
//!    carry mismatches to every free state population;
//! 3. fire every free state population; back to 2, T times;
//! 4. carry whole activities and targets → fire every error population → carry whole mismatches to *all* state
//!    populations: the readout, which is the same under every schedule.
//!
//! Lanes may overlap at will, but where a decision needs all of them (quiet, learning at every step) they meet after
//! 2 and after 3. On entry and on exit no message is under way.

use super::error::SettleError;
use super::lane::{Crew, Notes, each_lane};
use super::log::Firing;
use super::settler::{Measure, SettleOptions};
use crate::activities::Activities;
use crate::circuit::Stopping;
use crate::circuit::wiring::{Kind, Link, PopulationId, Wiring};
use crate::episode::Episode;
use crate::network::Network;

/// Who fires and what is carried, worked out once for an episode.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) errors: Vec<PopulationId>,
    pub(super) free_states: Vec<PopulationId>,
    /// By population: whether data hold all of it.
    pub(super) clamped: Vec<bool>,
    from_states: Vec<Link>,
    to_states: Vec<Link>,
    /// Links by place in the wiring.
    from_free_states: Vec<usize>,
    to_free_states: Vec<usize>,
}

impl Plan {
    pub(super) fn new(wiring: &Wiring, episode: &Episode) -> Self {
        let is_state = |id: PopulationId| wiring.population(id).kind == Kind::State;
        let clamped: Vec<bool> =
            wiring.populations().map(|(id, p)| is_state(id) && episode.is_clamped(p.layer)).collect();
        let ids = |keep: &dyn Fn(PopulationId) -> bool| {
            wiring.populations().map(|(id, _)| id).filter(|id| keep(*id)).collect::<Vec<_>>()
        };
        let is_free_state = |id: PopulationId| is_state(id) && !clamped[id.0];
        let links = |keep: &dyn Fn(&Link) -> bool| {
            wiring.links.iter().enumerate().filter(|(_, link)| keep(link)).map(|(i, _)| i).collect::<Vec<_>>()
        };
        let copies = |keep: &dyn Fn(&Link) -> bool| links(keep).into_iter().map(|i| wiring.links[i]).collect();
        Self {
            errors: ids(&|id| !is_state(id)),
            free_states: ids(&is_free_state),
            from_states: copies(&|l| is_state(l.from)),
            to_states: copies(&|l| is_state(l.to)),
            from_free_states: links(&|l| is_free_state(l.from)),
            to_free_states: links(&|l| is_free_state(l.to)),
            clamped,
        }
    }
}

/// Settles every lane in lock-step and reads out; returns the number of steps, and whether it ended in quiet where
/// that was asked for.
pub(super) fn settle(
    network: &mut Network,
    activities: &mut Activities,
    notes: &mut [Notes],
    plan: &Plan,
    stopping: Stopping,
    options: SettleOptions,
) -> Result<(usize, Option<bool>), SettleError> {
    let together = options.learn || matches!(stopping, Stopping::Quiet { .. });
    let (steps, quiet) = if together {
        settle_together(network, activities, notes, plan, stopping, options)?
    } else {
        let steps = stopping.max_steps();
        each_lane(network, activities, notes, |crew| {
            if options.measure == Measure::EveryStep {
                crew.notes.reserve(steps + 1, plan.errors.len(), crew.lane.rows.len());
            }
            begin(crew, plan);
            for step in 1..=steps as u64 {
                fire_errors(crew, plan, step, options.measure)?;
                fire_states(crew, plan, step)?;
            }
            Ok(())
        })?;
        (steps, None)
    };
    each_lane(network, activities, notes, |crew| readout(crew, plan, |_| steps as u64 + 1, options.measure))?;
    Ok((steps, quiet))
}

/// Lanes meet after every phase, to decide together or to learn.
fn settle_together(
    network: &mut Network,
    activities: &mut Activities,
    notes: &mut [Notes],
    plan: &Plan,
    stopping: Stopping,
    options: SettleOptions,
) -> Result<(usize, Option<bool>), SettleError> {
    each_lane(network, activities, notes, |crew| {
        begin(crew, plan);
        Ok(())
    })?;
    for done in 1..=stopping.max_steps() {
        let step = done as u64;
        each_lane(network, activities, notes, |crew| fire_errors(crew, plan, step, options.measure))?;
        if options.learn {
            network.learn_some(activities, &plan.errors)?;
        }
        each_lane(network, activities, notes, |crew| fire_states(crew, plan, step))?;
        if options.learn {
            network.learn_some(activities, &plan.free_states)?;
        }
        let movement =
            notes.iter().flat_map(|n| plan.free_states.iter().map(|id| n.movement[id.0])).fold(0.0, f32::max);
        if matches!(stopping, Stopping::Quiet { tolerance, .. } if movement <= tolerance) {
            return Ok((done, Some(true)));
        }
    }
    Ok((stopping.max_steps(), matches!(stopping, Stopping::Quiet { .. }).then_some(false)))
}

/// Every population has what the resting circuit would send.
pub(super) fn begin(crew: &mut Crew<'_>, plan: &Plan) {
    for link in &plan.from_states {
        crew.carry_whole(link);
    }
}

fn fire_errors(crew: &mut Crew<'_>, plan: &Plan, firing: u64, measure: Measure) -> Result<(), SettleError> {
    // At rest everything was carried already.
    for link in plan.from_free_states.iter().filter(|_| firing > 1) {
        crew.carry(*link);
    }
    for id in &plan.errors {
        crew.fire(*id, firing, 1.0)?;
    }
    if measure == Measure::EveryStep {
        crew.measure(&plan.errors);
    }
    for link in &plan.to_free_states {
        crew.carry(*link);
    }
    Ok(())
}

fn fire_states(crew: &mut Crew<'_>, plan: &Plan, firing: u64) -> Result<(), SettleError> {
    for id in &plan.free_states {
        crew.fire(*id, firing, 1.0)?;
    }
    Ok(())
}

/// Every state population publishes, every error population fires once, every state population hears of it: whole
/// vectors, also where events travelled before. `firing` numbers that firing of an error population.
pub(super) fn readout(
    crew: &mut Crew<'_>,
    plan: &Plan,
    firing: impl Fn(PopulationId) -> u64,
    measure: Measure,
) -> Result<(), SettleError> {
    crew.notes.recorder.iter_mut().for_each(|recorder| recorder.readout = true);
    for link in &plan.from_states {
        crew.carry_whole(link);
    }
    for id in &plan.errors {
        crew.fire(*id, firing(*id), 1.0)?;
    }
    if measure != Measure::Never {
        crew.measure(&plan.errors);
    }
    for link in &plan.to_states {
        crew.carry_whole(link);
    }
    Ok(())
}

/// Lock-step as a delivery log.
pub(super) fn firings(wiring: &Wiring, plan: &Plan, steps: usize) -> Vec<Firing> {
    let fire = |id: &PopulationId, number: u64, plan: &Plan| Firing {
        population: id.0,
        scale: 1.0,
        delivered: wiring
            .arriving(*id)
            .filter(|link| number > 0 && !plan.clamped[link.from.0])
            .map(|link| (link.inlet, number))
            .collect(),
    };
    let step = |step: u64| {
        let errors = plan.errors.iter().map(move |id| fire(id, step - 1, plan));
        errors.chain(plan.free_states.iter().map(move |id| fire(id, step, plan)))
    };
    (1..=steps as u64).flat_map(step).collect()
}
