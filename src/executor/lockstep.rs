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
use super::lane::{LaneAtWork, LaneState, each_lane, learn_held};
use super::options::{Measure, SettleOptions};
use super::plan::Plan;
use crate::activities::Activities;
use crate::circuit::Stopping;
use crate::network::Network;

/// Settles every lane in lock-step and reads out; returns the number of steps, and whether it ended in quiet where
/// that was asked for.
pub(super) fn settle(
    network: &mut Network,
    activities: &mut Activities,
    states: &mut [LaneState],
    plan: &Plan,
    stopping: Stopping,
    options: SettleOptions,
) -> Result<(usize, Option<bool>), SettleError> {
    let together = options.learn || matches!(stopping, Stopping::Quiet { .. });
    let measured = options.measure == Measure::EveryStep;
    let (steps, quiet) = if together {
        settle_together(network, activities, states, plan, stopping, options)?
    } else {
        let steps = stopping.max_steps();
        each_lane(network, activities, states, |lane| {
            if measured {
                lane.state.reserve(steps + 1, plan.errors.len(), lane.lane.rows.len());
            }
            lane.begin(&plan.from_states);
            for step in 1..=steps as u64 {
                fire_errors(lane, plan, step, measured)?;
                fire_states(lane, plan, step)?;
            }
            Ok(())
        })?;
        (steps, None)
    };
    let last = steps as u64 + 1;
    each_lane(network, activities, states, |lane| lane.readout(plan, |_| last, options.measure != Measure::Never))?;
    Ok((steps, quiet))
}

/// Lanes meet after every phase, to decide together or to learn.
fn settle_together(
    network: &mut Network,
    activities: &mut Activities,
    states: &mut [LaneState],
    plan: &Plan,
    stopping: Stopping,
    options: SettleOptions,
) -> Result<(usize, Option<bool>), SettleError> {
    let measured = options.measure == Measure::EveryStep;
    each_lane(network, activities, states, |lane| {
        lane.begin(&plan.from_states);
        Ok(())
    })?;
    for done in 1..=stopping.max_steps() {
        let step = done as u64;
        each_lane(network, activities, states, |lane| fire_errors(lane, plan, step, measured))?;
        if options.learn {
            network.learn_some(activities, &plan.errors)?;
            learn_held(network, activities, states, &plan.to_clamped, step)?;
        }
        each_lane(network, activities, states, |lane| fire_states(lane, plan, step))?;
        if options.learn {
            network.learn_some(activities, &plan.free_states)?;
        }
        let movement =
            states.iter().flat_map(|n| plan.free_states.iter().map(|id| n.movement[id.0])).fold(0.0, f32::max);
        let behind = states.iter().any(|state| state.behind.contains(&true));
        if matches!(stopping, Stopping::Quiet { tolerance, .. } if movement <= tolerance && !behind) {
            return Ok((done, Some(true)));
        }
    }
    Ok((stopping.max_steps(), matches!(stopping, Stopping::Quiet { .. }).then_some(false)))
}

fn fire_errors(lane: &mut LaneAtWork<'_>, plan: &Plan, firing: u64, measured: bool) -> Result<(), SettleError> {
    // At rest everything was carried already.
    for link in plan.from_free_states.iter().filter(|_| firing > 1) {
        lane.carry(*link, firing - 1);
    }
    for id in &plan.errors {
        lane.fire(*id, firing, 1.0)?;
    }
    if measured {
        lane.measure(&plan.errors);
    }
    for link in &plan.to_free_states {
        lane.post(*link, firing, false);
        lane.carry(*link, firing);
    }
    Ok(())
}

fn fire_states(lane: &mut LaneAtWork<'_>, plan: &Plan, firing: u64) -> Result<(), SettleError> {
    for id in &plan.free_states {
        lane.fire(*id, firing, 1.0)?;
    }
    for link in &plan.from_free_states {
        lane.post(*link, firing, false);
    }
    Ok(())
}
