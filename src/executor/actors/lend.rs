//! Lending populations to actors, and what is known when they are back.

use super::actor::{Actor, Notes};
use super::carrier::Carrier;
use super::coordinator::Coordinator;
use super::pace::Pace;
use super::shared::{Asked, Shared};
use super::tasks::Tasks;
use super::threads::Threads;
use crate::activities::Activities;
use crate::circuit::wiring::{Kind, PopulationId, Wiring};
use crate::circuit::{ExecutorKind, Settling, Stopping};
use crate::executor::error::SettleError;
use crate::executor::gate::Gate;
use crate::executor::lane::LaneState;
use crate::executor::ledger::{Book, Ledger, Load};
use crate::executor::log::Firing;
use crate::executor::options::{Measure, SettleOptions};
use crate::executor::plan::Plan;
use crate::executor::quiet::QuietWatch;
use crate::executor::trace::{self, Recorder, Trace};
use crate::network::Network;
use crate::params::Messages;
use crate::population::{AnyActivity, AnyPopulation};
use std::sync::Arc;

/// Carriers, kept between episodes.
#[derive(Debug, Default)]
pub(in crate::executor) struct Carriers {
    threads: Threads,
    tasks: Tasks,
}

impl Carriers {
    fn of(&mut self, kind: ExecutorKind) -> &mut dyn Carrier {
        match kind {
            ExecutorKind::Threads => &mut self.threads,
            ExecutorKind::Tasks => &mut self.tasks,
        }
    }
}

/// What is to be settled, and how.
pub(in crate::executor) struct Loan<'a> {
    pub(in crate::executor) network: &'a mut Network,
    pub(in crate::executor) activities: &'a mut Activities,
    pub(in crate::executor) state: &'a mut LaneState,
    pub(in crate::executor) ledger: &'a mut Ledger,
    pub(in crate::executor) plan: &'a Plan,
    pub(in crate::executor) settling: &'a Settling,
    pub(in crate::executor) options: SettleOptions,
}

/// What a run of actors left behind.
#[derive(Default)]
pub(in crate::executor) struct ActorsEnd {
    pub(in crate::executor) firings: Vec<Firing>,
    /// What waited in inlets at the end: place of a link and number.
    pub(in crate::executor) waiting: Vec<(usize, u64)>,
    /// Seconds that each population fired, and that it waited.
    pub(in crate::executor) seconds: Vec<(f64, f64)>,
    /// Depth of each population.
    pub(in crate::executor) depths: Vec<u64>,
    /// Whether the run ended because all was quiet.
    pub(in crate::executor) quiet: bool,
    pub(in crate::executor) trace: Trace,
}

impl Loan<'_> {
    /// Runs actors on one lane that holds the whole batch, up to but without the readout.
    pub(in crate::executor) fn run(
        mut self,
        carriers: &mut Carriers,
        pace: Pace,
        gate: &Gate,
    ) -> Result<ActorsEnd, SettleError> {
        let wiring = Arc::clone(self.network.wiring());
        let asked = Asked {
            pace,
            whole: self.settling.messages == Messages::Dense,
            quota: self.settling.stopping.max_steps() as u64,
            quiet: matches!(self.settling.stopping, Stopping::Quiet { .. }),
            record: self.options.record || self.options.trace,
            learn: self.options.learn,
            measure: self.options.measure == Measure::EveryStep,
        };
        let shared = Shared::new(self.network, asked, gate.clone(), &self.plan.free_states);
        let carrier = carriers.of(self.settling.executor);
        carrier.open(wiring.populations.len(), wiring.populations.len())?;
        // What an actor may use is never newer than what lock-step would, under `Bounded`: inlets are whole vectors to it.
        let quiet = QuietWatch::new(&wiring, self.plan, self.settling.stopping, true);
        let mut coordinator = Coordinator { carrier, shared: Arc::new(shared), quiet };
        let (actors, still) = self.lend(&wiring);
        let (actors, result) = coordinator.run(actors);
        let returned = self.take_back(&coordinator.shared, actors, still);
        result.map(|quiet| ActorsEnd { quiet, ..returned })
    }

    /// Moves populations out of the network; those that do nothing in the episode are kept apart.
    fn lend(&mut self, wiring: &Wiring) -> (Vec<Actor>, Vec<Lent>) {
        let (mut actors, mut still) = (Vec::new(), Vec::new());
        let learns = |population: &AnyPopulation| self.options.learn && !population.synapses().is_empty();
        let populations = self.network.populations().iter().zip(&self.plan.clamped);
        let listens: Vec<bool> = populations.map(|(population, clamped)| !clamped || learns(population)).collect();
        let populations = self.network.populations_mut().drain(..);
        let activities = self.activities.lanes_mut()[0].activities.drain(..);
        for (i, (population, activity)) in populations.zip(activities).enumerate() {
            if !listens[i] {
                still.push((i, population, activity));
                continue;
            }
            let mut actor = Actor::new(PopulationId(i), population, activity, wiring, (&self.plan.clamped, &listens));
            actor.notes.recorder.clone_from(&self.state.recorder);
            actors.push(actor);
        }
        (actors, still)
    }

    /// Puts every population and activity back where it was, and collects what was counted.
    fn take_back(self, shared: &Shared, actors: Vec<Actor>, still: Vec<Lent>) -> ActorsEnd {
        let populations = shared.wiring.populations.len();
        let mut returned =
            ActorsEnd { seconds: vec![(0.0, 0.0); populations], depths: vec![0; populations], ..ActorsEnd::default() };
        let (mut receivers, mut senders, mut all, mut notes) = (Vec::new(), Vec::new(), still, Vec::new());
        for mut actor in actors {
            let id = actor.id;
            returned.waiting.extend(actor.inbox.left(shared.last()));
            returned.depths[id.0] = actor.depth;
            returned.seconds[id.0] = (actor.notes.computing, actor.notes.waiting);
            self.state.movement[id.0] = actor.notes.movement;
            self.state.operations[id.0] = actor.notes.operations;
            let (arrived, left) = actor.books();
            receivers.extend(arrived);
            senders.extend(left);
            notes.push((id, std::mem::take(&mut actor.notes)));
            all.push((id.0, actor.population, actor.activity));
        }
        enter_books(self.ledger, &mut self.state.loads, receivers, senders, shared.fired());
        self.ledger.wait(&returned.waiting);
        all.sort_by_key(|(i, _, _)| *i);
        for (_, population, activity) in all {
            self.network.populations_mut().push(population);
            self.activities.lanes_mut()[0].activities.push(activity);
        }
        let mut firings: Vec<_> = notes.iter_mut().flat_map(|(_, notes)| notes.firings.drain(..)).collect();
        firings.sort_by_key(|(place, firing)| (*place, firing.population));
        returned.firings = firings.into_iter().map(|(_, firing)| firing).collect();
        self.state.energies = energies(&notes, shared);
        let traces = notes.iter_mut().filter_map(|(_, notes)| notes.recorder.take()).map(Recorder::into_trace);
        returned.trace = trace::of_actors(traces);
        returned
    }
}

/// A population that was not lent, with its place and activity.
type Lent = (usize, AnyPopulation, AnyActivity);

/// Takes in the books of actors.
fn enter_books(
    ledger: &mut Ledger,
    loads: &mut [Load],
    receivers: Vec<(usize, Book, Load)>,
    senders: Vec<(usize, Book, Load)>,
    fired: Vec<u64>,
) {
    let mut books = (Vec::new(), Vec::new());
    for (place, book, load) in receivers {
        loads[place] = load;
        books.0.push((place, book));
    }
    for (place, book, load) in senders {
        loads[place].add_sender(&load);
        books.1.push((place, book));
    }
    ledger.take_back(books.0, &books.1, fired);
}

/// Energies by measurement, error population and shard. Under `Bounded` the n-th measurement is of everybody's n-th
/// firing, as in lock-step; under `Free` it is of the last firing before some free state population began the update
/// after the n-th, once all had made n, and of the first where there was none before.
fn energies(notes: &[(PopulationId, Notes)], shared: &Shared) -> Vec<f64> {
    let is = |kind: Kind| move |(id, _): &&(PopulationId, Notes)| shared.wiring.population(*id).kind == kind;
    let errors: Vec<_> = notes.iter().filter(is(Kind::Error)).map(|(_, notes)| notes).collect();
    let states: Vec<_> =
        notes.iter().filter(is(Kind::State)).map(|(_, n)| n).filter(|n| !n.places.is_empty()).collect();
    if errors.iter().any(|notes| notes.places.is_empty()) {
        return Vec::new();
    }
    let of = |notes: &Notes, firing: usize| {
        let shards = notes.energies.len() / notes.places.len();
        notes.energies[firing * shards..(firing + 1) * shards].to_vec()
    };
    if !shared.asked.pace.is_free() {
        let measurements = errors.iter().map(|notes| notes.places.len()).min().unwrap_or(0);
        return (0..measurements).flat_map(|n| errors.iter().flat_map(move |notes| of(notes, n))).collect();
    }
    let updates = states.iter().map(|notes| notes.places.len()).min().unwrap_or(0);
    let over = |n: usize| states.iter().map(|notes| notes.places[n]).max().unwrap_or(0);
    let last = |notes: &Notes, place: u64| notes.places.partition_point(|at| *at < place).saturating_sub(1);
    (0..updates).flat_map(|n| errors.iter().flat_map(move |notes| of(notes, last(notes, over(n))))).collect()
}
