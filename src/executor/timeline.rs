//! Running a schedule that is known beforehand: turns one after another, each on the messages that have reached it.
//!
//! The order of turns does not depend on data, so it is asked for a few turns ahead and each lane runs those alone. What
//! happens before what, in one lane: a turn takes in the messages that are handed to it, then fires, then what it sent is
//! kept until it is handed over or nobody will use it. The bookkeeper sees every turn once, before the lanes do. Lanes
//! meet after every turn only where quiet is to be found or synapses learn at every step.

use super::bearing::Bearing;
use super::error::SettleError;
use super::knowledge::Parts;
use super::lane::{LaneAtWork, LaneState, each_lane, learn_held};
use super::ledger::{Handed, Ledger};
use super::log::Firing;
use super::options::{Measure, SettleOptions};
use super::plan::Plan;
use super::quiet::QuietWatch;
use super::rounds::StepMeasure;
use super::turn::{Order, Turn};
use crate::activities::Activities;
use crate::circuit::Stopping;
use crate::circuit::wiring::{Kind, Link, Wiring};
use crate::network::Network;
use crate::signal::Content;
use std::sync::Arc;

/// How many turns are known before lanes run them.
const LOOK_AHEAD: usize = 64;

/// What a run is made of.
pub(super) struct Timeline<'a> {
    pub(super) plan: &'a Plan,
    pub(super) order: &'a mut dyn Order,
    pub(super) ledger: &'a mut Ledger,
    pub(super) stopping: Stopping,
    pub(super) options: SettleOptions,
    /// Whether messages are whole vectors.
    pub(super) whole: bool,
    /// When a step is over, and free energy may be measured.
    pub(super) steps: StepMeasure,
    /// Firings so far.
    pub(super) turns: u64,
    /// Whether the run ends before its readout.
    pub(super) cut: bool,
    /// Where populations take bearable steps; a log says of each firing what it did.
    pub(super) bearing: Option<Bearing>,
}

/// What it came to.
#[derive(Debug, Default)]
pub(super) struct TimelineEnd {
    /// Updates of the free state population that made the fewest.
    pub(super) steps: usize,
    pub(super) quiet: Option<bool>,
    /// Where a log or a trace is asked for.
    pub(super) firings: Vec<Firing>,
    /// What waited in inlets at the end.
    pub(super) waiting: Vec<(usize, u64)>,
}

/// A turn with what the bookkeeper made of it.
#[derive(Debug, Default)]
struct Step {
    turn: Turn,
    /// The population's count of firings, from 1.
    number: u64,
    /// Its place in the order of all firings, from 1.
    place: u64,
    handed: Vec<Handed>,
    measured: bool,
}

impl Timeline<'_> {
    /// Settles every lane along the order and reads out.
    pub(super) fn settle(
        mut self,
        network: &mut Network,
        activities: &mut Activities,
        states: &mut [LaneState],
    ) -> Result<TimelineEnd, SettleError> {
        let wiring = Arc::clone(network.wiring());
        each_lane(network, activities, states, |lane| {
            lane.begin(&self.plan.from_states);
            Ok(())
        })?;
        let mut course = TimelineEnd::default();
        if self.options.learn || matches!(self.stopping, Stopping::Quiet { .. }) {
            self.run_together(network, activities, states, &wiring, &mut course)?;
        } else {
            self.run_apart(network, activities, states, &mut course)?;
        }
        course.waiting = self.order.waiting();
        self.ledger.wait(&course.waiting);
        let free = wiring.populations().filter(|(id, p)| p.kind == Kind::State && !self.plan.clamped[id.0]);
        course.steps = free.map(|(id, _)| self.ledger.fired(id.0)).min().unwrap_or(0) as usize;
        if let Some(is_free) = self.paced() {
            each_lane(network, activities, states, |lane| {
                lane.measure_paced(self.plan, is_free);
                Ok(())
            })?;
        }
        if !self.cut {
            let (plan, ledger, measured) = (self.plan, &self.ledger, self.options.measure != Measure::Never);
            each_lane(network, activities, states, |lane| lane.readout(plan, |id| ledger.fired(id.0) + 1, measured))?;
        }
        Ok(course)
    }

    /// The next turn, noted in the books; `None` where there is none.
    fn prepare(&mut self, step: &mut Step, course: &mut TimelineEnd) -> Result<bool, SettleError> {
        if !self.order.next(&mut step.turn)? {
            return Ok(false);
        }
        step.handed.clear();
        self.ledger.fire(&step.turn, &mut step.handed);
        let population = step.turn.population.0;
        if let Some(bearing) = &self.bearing {
            step.turn.scale *= bearing.scale(population, self.ledger.answered(population));
            if step.turn.scale > 0.0 {
                self.ledger.moves(population);
            }
        }
        step.number = self.ledger.fired(population);
        self.turns += 1;
        step.place = self.turns;
        let is_over = match &mut self.steps {
            StepMeasure::AtRounds(rounds) => rounds.fired(population),
            StepMeasure::ByPace { .. } => false,
        };
        step.measured = is_over && self.options.measure == Measure::EveryStep;
        if self.options.record || self.options.trace {
            course.firings.push(Firing::of(&step.turn));
        }
        Ok(true)
    }

    /// Lanes run as many turns as are known, each for itself.
    fn run_apart(
        &mut self,
        network: &Network,
        activities: &mut Activities,
        states: &mut [LaneState],
        course: &mut TimelineEnd,
    ) -> Result<(), SettleError> {
        let mut steps: Vec<Step> = Vec::new();
        let mut more = true;
        while more {
            let mut known = 0;
            while known < LOOK_AHEAD {
                if known == steps.len() {
                    steps.push(Step::default());
                }
                more = self.prepare(&mut steps[known], course)?;
                if !more {
                    break;
                }
                known += 1;
            }
            let (run, mover) = (&steps[..known], self.mover());
            each_lane(network, activities, states, |lane| run.iter().try_for_each(|step| mover.take(lane, step)))?;
        }
        Ok(())
    }

    /// Lanes take every turn together, to learn from it or to see whether all is quiet.
    fn run_together(
        &mut self,
        network: &mut Network,
        activities: &mut Activities,
        states: &mut [LaneState],
        wiring: &Wiring,
        course: &mut TimelineEnd,
    ) -> Result<(), SettleError> {
        let mut quiet = QuietWatch::new(wiring, self.plan, self.stopping, self.whole);
        let mut step = Step::default();
        while self.prepare(&mut step, course)? {
            let mover = self.mover();
            each_lane(network, activities, states, |lane| mover.take(lane, &step))?;
            let id = step.turn.population;
            if self.options.learn {
                network.learn_some(activities, &[id])?;
                let heard: Vec<_> = self.plan.to_clamped.iter().filter(|link| link.from == id).copied().collect();
                learn_held(network, activities, states, &heard, step.number)?;
            }
            if quiet.is_asked() {
                let movement = states.iter().map(|state| state.movement[id.0]).fold(0.0, f32::max);
                let movement = (step.turn.scale > 0.0).then_some(movement);
                let behind = states.iter().any(|state| state.behind[id.0]);
                let handed = step.handed.iter().map(|h| (wiring.links[h.link].inlet, h.number));
                quiet.fired(id, handed, (movement, behind));
                quiet.sent(id, &step.turn.lost, |link| parts(activities, &wiring.links[link]));
                if quiet.is_quiet() {
                    course.quiet = Some(true);
                    return Ok(());
                }
            }
        }
        course.quiet = matches!(self.stopping, Stopping::Quiet { .. }).then_some(false);
        Ok(())
    }

    /// Whether firings are measured as actors do, and if so, as under `Free`.
    fn paced(&self) -> Option<bool> {
        match self.steps {
            StepMeasure::ByPace { is_free } if self.options.measure == Measure::EveryStep => Some(is_free),
            _ => None,
        }
    }

    fn mover(&self) -> Mover<'_> {
        let is_paced = self.paced().is_some();
        Mover { plan: self.plan, ledger: self.ledger, options: self.options, whole: self.whole, is_paced }
    }
}

/// What lanes need to know of a run.
struct Mover<'a> {
    plan: &'a Plan,
    ledger: &'a Ledger,
    options: SettleOptions,
    whole: bool,
    /// Whether every firing is noted with its energy.
    is_paced: bool,
}

impl Mover<'_> {
    /// One turn of one lane.
    fn take(&self, lane: &mut LaneAtWork<'_>, step: &Step) -> Result<(), SettleError> {
        let Step { turn, number, place, handed, measured } = step;
        let id = turn.population;
        for handed in handed {
            lane.hand(*handed);
            if self.whole {
                lane.let_go(handed.link, handed.number);
            }
        }
        lane.fire(id, *number, turn.scale)?;
        if self.is_paced {
            lane.note_paced(id, *place);
        } else if self.options.learn && self.options.measure == Measure::EveryStep {
            lane.note_energy(id);
        }
        for link in self.ledger.leaving(id.0) {
            lane.post(*link, *number, !turn.lost.contains(link) && !turn.unused.contains(link));
        }
        for (link, number) in &turn.dead {
            lane.let_go_of(*link, *number);
        }
        match measured {
            true if self.options.learn => lane.measure_noted(&self.plan.errors),
            true => lane.measure(&self.plan.errors),
            false => {}
        }
        Ok(())
    }
}

/// What the last message on a link carries, of all samples.
fn parts(activities: &Activities, link: &Link) -> Parts {
    let mut parts = Vec::new();
    for lane in activities.lanes() {
        match lane.activities[link.from.0].sent(link.outlet).content() {
            Content::Dense(_) => return Parts::All,
            Content::Events(events) | Content::Steps(events) => {
                for (row, (neurons, _)) in lane.rows.clone().zip(events.samples()) {
                    parts.extend(neurons.iter().map(|neuron| (row * link.width) as u64 + u64::from(*neuron)));
                }
            }
        }
    }
    Parts::Some(parts)
}
