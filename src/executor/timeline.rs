//! Running a delivery log: firings one after another, each on the messages it names.
//!
//! Each lane runs the whole log alone, because a log does not depend on data. What happens before what, in one lane:
//! a firing takes in the messages it names, then fires, then what it sent is kept until the last firing that uses it.
//! Lanes meet after every firing only where quiet is to be found or synapses learn at every step.

use super::error::SettleError;
use super::lane::{Crew, Notes, each_lane};
use super::lockstep::{self, Plan};
use super::log::Firing;
use super::quiet::QuietWatch;
use super::settler::{Measure, SettleOptions};
use crate::activities::Activities;
use crate::circuit::Stopping;
use crate::circuit::wiring::{Kind, PopulationId, Wiring};
use crate::network::Network;
use crate::signal::Signal;
use std::collections::VecDeque;
use std::sync::Arc;

/// A log with what running it needs: where messages come from, and how long they are kept.
pub(super) struct Timeline<'a> {
    firings: &'a [Firing],
    /// By population and inlet: places of links in the wiring.
    links: Vec<Vec<usize>>,
    /// By population: places of the links that leave it.
    leaving: Vec<Vec<usize>>,
    /// By population and message number: one more than the index of the last firing that uses it; 0 for none.
    needed_until: Vec<Vec<usize>>,
    /// Free energy is measured after every so many firings.
    round: Option<usize>,
}

impl<'a> Timeline<'a> {
    fn new(firings: &'a [Firing], wiring: &Wiring) -> Self {
        let places = |keep: &dyn Fn(PopulationId, usize) -> bool, id| {
            (0..wiring.links.len()).filter(|link| keep(id, *link)).collect::<Vec<_>>()
        };
        let all = |keep: &dyn Fn(PopulationId, usize) -> bool| {
            wiring.populations().map(|(id, _)| places(keep, id)).collect::<Vec<_>>()
        };
        let links = all(&|id, link| wiring.links[link].to == id);
        let leaving = all(&|id, link| wiring.links[link].from == id);
        let mut needed_until = vec![vec![0]; links.len()];
        for (at, firing) in firings.iter().enumerate() {
            for (inlet, number) in &firing.delivered {
                let sender = wiring.links[links[firing.population][*inlet]].from;
                needed_until[sender.0][*number as usize] = at + 1;
            }
            needed_until[firing.population].push(0);
        }
        Self { firings, links, leaving, needed_until, round: None }
    }
}

/// The messages of one lane that are still to be used.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// By population and outlet: message numbers with their signals, oldest first.
    messages: Vec<Vec<VecDeque<(u64, Signal)>>>,
    /// Firings of each population so far.
    fired: Vec<u64>,
}

impl Kept {
    pub(super) fn new(wiring: &Wiring) -> Self {
        let queues = |outlets: &Vec<usize>| outlets.iter().map(|_| VecDeque::new()).collect();
        let messages = wiring.populations.iter().map(|p| queues(&p.outlets)).collect();
        Self { messages, fired: vec![0; wiring.populations.len()] }
    }
}

/// A log to be run.
pub(super) struct Run<'a> {
    pub(super) plan: &'a Plan,
    pub(super) firings: &'a [Firing],
    pub(super) stopping: Stopping,
    pub(super) options: SettleOptions,
    /// Firings in a step, where the schedule has steps: free energy is measured after each.
    pub(super) round: Option<usize>,
}

/// Settles every lane along the log and reads out; returns how many of its firings happened, and whether they ended in
/// quiet where that was asked for.
pub(super) fn settle(
    network: &mut Network,
    activities: &mut Activities,
    notes: &mut [Notes],
    run: &Run<'_>,
) -> Result<(usize, Option<bool>), SettleError> {
    let Run { plan, firings, stopping, options, round } = *run;
    let wiring = Arc::clone(network.wiring());
    let measured = (options.measure == Measure::EveryStep).then_some(round).flatten();
    let timeline = Timeline { round: measured, ..Timeline::new(firings, &wiring) };
    let together = options.learn || matches!(stopping, Stopping::Quiet { .. });
    let (done, quiet) = if together {
        settle_together(network, activities, notes, plan, &timeline, stopping, options)?
    } else {
        each_lane(network, activities, notes, |crew| {
            lockstep::begin(crew, plan);
            (0..firings.len()).try_for_each(|at| fire(crew, plan, &timeline, at))
        })?;
        (firings.len(), None)
    };
    let mut counts = vec![1; wiring.populations.len()];
    firings[..done].iter().for_each(|firing| counts[firing.population] += 1);
    if options.stop_at.is_none() {
        each_lane(network, activities, notes, |crew| {
            lockstep::readout(crew, plan, |id| counts[id.0], options.measure)
        })?;
    }
    Ok((done, quiet))
}

/// Lanes take every firing together.
fn settle_together(
    network: &mut Network,
    activities: &mut Activities,
    notes: &mut [Notes],
    plan: &Plan,
    timeline: &Timeline<'_>,
    stopping: Stopping,
    options: SettleOptions,
) -> Result<(usize, Option<bool>), SettleError> {
    let mut quiet = QuietWatch::new(network.wiring(), plan, stopping);
    each_lane(network, activities, notes, |crew| {
        lockstep::begin(crew, plan);
        Ok(())
    })?;
    for (at, firing) in timeline.firings.iter().enumerate() {
        each_lane(network, activities, notes, |crew| fire(crew, plan, timeline, at))?;
        if options.learn {
            network.learn_some(activities, &[PopulationId(firing.population)])?;
        }
        let movement = notes.iter().map(|n| n.movement[firing.population]).fold(0.0, f32::max);
        quiet.note(firing, movement);
        if quiet.is_quiet() {
            return Ok((at + 1, Some(true)));
        }
    }
    Ok((timeline.firings.len(), matches!(stopping, Stopping::Quiet { .. }).then_some(false)))
}

/// One firing of one lane.
fn fire(crew: &mut Crew<'_>, plan: &Plan, timeline: &Timeline<'_>, at: usize) -> Result<(), SettleError> {
    let firing = &timeline.firings[at];
    let id = PopulationId(firing.population);
    for (inlet, number) in &firing.delivered {
        let link = timeline.links[id.0][*inlet];
        let spec = crew.wiring.links[link];
        let kept = &crew.notes.kept;
        // Few messages are under way at once, so a search from the newest ends soon.
        let found = kept.messages[spec.from.0][spec.outlet].iter().rev().find(|(n, _)| n == number);
        if let Some((_, signal)) = found {
            let (signal, age) = (signal.clone(), kept.fired[spec.from.0] - number);
            crew.deliver(link, signal, age);
        }
    }
    crew.notes.kept.fired[id.0] += 1;
    let count = crew.notes.kept.fired[id.0];
    crew.fire(id, count, firing.scale)?;
    keep(crew, timeline, at, id, count);
    if timeline.round.is_some_and(|round| (at + 1).is_multiple_of(round)) {
        crew.measure(&plan.errors);
    }
    Ok(())
}

/// Keeps what a firing sent for as long as it is needed, and lets go of what is not needed any more.
fn keep(crew: &mut Crew<'_>, timeline: &Timeline<'_>, at: usize, id: PopulationId, count: u64) {
    for link in &timeline.leaving[id.0] {
        let bytes = crew.lane.activities[id.0].sent(crew.wiring.links[*link].outlet).bytes() as u64;
        let traffic = &mut crew.notes.traffic[*link];
        traffic.sent += 1;
        traffic.bytes += bytes;
    }
    let needed_until = &timeline.needed_until[id.0];
    for (outlet, queue) in crew.notes.kept.messages[id.0].iter_mut().enumerate() {
        while queue.front().is_some_and(|(n, _)| needed_until[*n as usize] <= at) {
            queue.pop_front();
        }
        if needed_until[count as usize] > at {
            queue.push_back((count, crew.lane.activities[id.0].sent(outlet)));
        }
    }
}

/// How many updates the least busy free state population makes in a log.
pub(super) fn steps(firings: &[Firing], wiring: &Wiring, plan: &Plan) -> usize {
    let mut counts = vec![0; wiring.populations.len()];
    firings.iter().for_each(|firing| counts[firing.population] += 1);
    let free = wiring.populations().filter(|(id, p)| p.kind == Kind::State && !plan.clamped[id.0]);
    free.map(|(id, _)| counts[id.0]).min().unwrap_or(0)
}
