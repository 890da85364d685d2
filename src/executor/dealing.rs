//! Lanes dealt to ranks: each rank settles some samples of the batch, and then every rank has what all of them came to.
//!
//! Which rank settles a sample changes nothing of what it settles to. After the readout ranks meet once and tell each other
//! what nobody else can work out: states, predictions, mismatches, and what was measured. What populations hold of each
//! other follows from that, so that learning, which sums over samples in their order, adds up the same numbers in the same
//! order on every rank. Every rank learns all of it, from the same numbers: synapses need not travel.
//!
//! What happens before what:
//!
//! 1. every rank brings the same episode to rest;
//! 2. each settles its own lanes, up to and including the readout, or one of them fails;
//! 3. all meet; the failure of the first lane that failed is everybody's;
//! 4. each takes in the lanes of the others, and goes on as if it had settled them.
//!
//! Where a decision or a step of learning needs all samples while they settle, nothing is dealt: every rank settles all of
//! it. That costs time, not bits.

use super::agreement::{self, Agreement};
use super::closing::{Driven, Job};
use super::error::SettleError;
use super::lane::{LaneAtWork, LaneState, each_lane};
use super::options::SettleOptions;
use super::plan::Plan;
use crate::activities::Activities;
use crate::circuit::{Schedule, Stopping};
use crate::network::Network;
use crate::ranks::Ranks;

/// Whether lanes of an episode may be dealt: nothing is decided or learned before all have settled. Where populations are
/// actors, they are spread instead: see `homes`.
pub(super) fn is_dealt(ranks: &Ranks, job: &Job<'_>) -> bool {
    let apart = !job.options.learn
        && job.options.stop_at.is_none()
        && !matches!(job.settling.stopping, Stopping::Quiet { .. })
        && !job.options.trace;
    ranks.are_many() && apart && !runs_actors(job)
}

fn runs_actors(job: &Job<'_>) -> bool {
    matches!(job.settling.schedule, Schedule::Bounded { .. } | Schedule::Free { .. })
}

/// Whether ranks can share an episode. What actors of other ranks do at each firing, nobody here sees.
pub(super) fn check(ranks: &Ranks, job: &Job<'_>) -> Result<(), SettleError> {
    if !ranks.are_many() || !runs_actors(job) {
        return Ok(());
    }
    let (size, schedule) = (ranks.size(), job.settling.schedule.name());
    let problem = match job.options {
        SettleOptions { learn: true, .. } => format!(
            "{size} ranks can't share `{schedule}` where synapses learn at every step, for each rank has all synapses and would \
             have to be told of every change; use learning: (when: Readout), another schedule, or one rank"
        ),
        SettleOptions { trace: true, .. } => format!(
            "{size} ranks can't share `{schedule}` where every firing is traced, for clocks of several machines have no common \
             time; record a log and trace its replay on one rank, or use one rank"
        ),
        _ => return Ok(()),
    };
    Err(SettleError::Onset { problem })
}

/// Leaves the lanes of other ranks to them.
pub(super) fn deal(ranks: &Ranks, states: &mut [LaneState]) {
    let own = ranks.share(states.len());
    for (at, state) in states.iter_mut().enumerate() {
        state.is_away = !own.contains(&at);
    }
}

/// Ranks meet: every one has all lanes afterwards, or the first failure.
pub(super) fn meet(
    ranks: &Ranks,
    (network, activities): (&Network, &mut Activities),
    states: &mut [LaneState],
    plan: &Plan,
    driven: Result<Driven, SettleError>,
) -> Result<Driven, SettleError> {
    let lanes = activities.lanes().iter().zip(&*states).filter(|(_, state)| !state.is_away);
    let (driven, told) = agreement::reach(ranks, driven, |_, packet| {
        for (lane, state) in lanes {
            state.put(packet);
            lane.activities.iter().flat_map(|activity| activity.settled()).for_each(|values| packet.put(values));
        }
    })?;
    take(ranks, (network, activities), states, plan, &told)?;
    Ok(driven)
}

/// Takes in the lanes of the others.
fn take(
    ranks: &Ranks,
    (network, activities): (&Network, &mut Activities),
    states: &mut [LaneState],
    plan: &Plan,
    told: &Agreement,
) -> Result<(), SettleError> {
    let count = states.len();
    for rank in (0..ranks.size()).filter(|rank| *rank != ranks.rank()) {
        let mut told = told.of(rank);
        for at in ranks.share_of(rank, count) {
            states[at].take(&mut told);
            for (population, activity) in network.populations().iter().zip(&mut activities.lanes_mut()[at].activities) {
                population.settle_at(activity, |values| told.fill(values));
            }
        }
    }
    // Each rank has its own already.
    states.iter_mut().for_each(|state| state.is_away = !state.is_away);
    each_lane(network, activities, states, |lane: &mut LaneAtWork<'_>| {
        lane.hear_all(plan);
        Ok(())
    })?;
    states.iter_mut().for_each(|state| state.is_away = false);
    Ok(())
}
