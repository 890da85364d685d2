//! The readout after a run of actors: every state population publishes, every error population fires once, and every state
//! population hears of it.
//!
//! Where populations are spread over ranks, every rank has all states by then, and lets its own error populations fire; ranks
//! meet once and tell each other what those came to. Then each has what a rank alone would have, to the bit.

use super::agreement;
use super::energy::free_energy;
use super::error::SettleError;
use super::homes::Homes;
use super::lane::{LaneState, each_lane};
use super::plan::Plan;
use crate::activities::Activities;
use crate::circuit::wiring::PopulationId;
use crate::network::Network;

/// Reads out one lane that holds the whole batch; `firing` numbers the firing of an error population.
pub(super) fn read_out(
    homes: &Homes,
    (network, activities): (&Network, &mut Activities),
    states: &mut [LaneState],
    plan: &Plan,
    (firing, measured): (impl Fn(PopulationId) -> u64 + Sync, bool),
) -> Result<(), SettleError> {
    if !homes.ranks.are_many() {
        return each_lane(network, activities, states, |lane| lane.readout(plan, &firing, measured));
    }
    let own = homes.own(&plan.errors);
    let fired = each_lane(network, activities, states, |lane| lane.answer(plan, &own, &firing));
    let lane = &mut activities.lanes_mut()[0];
    let (_, told) = agreement::reach(&homes.ranks, fired, |(), packet| {
        for id in &own {
            let (activity, mut energies) = (&lane.activities[id.0], Vec::new());
            free_energy(network.population(*id), activity, lane.rows.len(), &mut energies);
            packet.put_counted(&energies);
            activity.settled().into_iter().for_each(|values| packet.put(values));
        }
    })?;
    let mut told: Vec<_> = (0..homes.ranks.size()).map(|rank| told.of(rank)).collect();
    for id in &plan.errors {
        let (told, activity) = (&mut told[homes.of[id.0]], &mut lane.activities[id.0]);
        let energies: Vec<f64> = told.take_counted();
        states[0].energies.extend(energies.iter().filter(|_| measured));
        // Each rank's own come back as they are.
        network.population(*id).settle_at(activity, |values| told.fill(values));
    }
    each_lane(network, activities, states, |lane| {
        lane.hear_answers(plan);
        Ok(())
    })
}
