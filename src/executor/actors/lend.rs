//! Lending populations to actors, and what is known when they are back.

use super::actor::{Actor, LinkBook, Notes};
use super::afar::Afar;
use super::assembly::Assembly;
use super::carrier::Carrier;
use super::coordinator::{Coordinator, REPORTS_UNDER_WAY};
use super::pace::Pace;
use super::returning::{self, ActorReturn};
use super::shared::{Asked, Shared};
use super::tasks::Tasks;
use super::threads::Threads;
use crate::activities::Activities;
use crate::circuit::wiring::{Kind, PopulationId, Wiring};
use crate::circuit::{ExecutorKind, Settling, Stopping};
use crate::executor::agreement;
use crate::executor::energy::by_pace;
use crate::executor::error::SettleError;
use crate::executor::gate::Gate;
use crate::executor::homes::Homes;
use crate::executor::lane::LaneState;
use crate::executor::ledger::{Ledger, Load};
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
    /// The rank of each population, where there are several.
    pub(in crate::executor) homes: Option<Vec<usize>>,
    /// Depth of each population.
    pub(in crate::executor) depths: Vec<u64>,
    /// Whether the run ended because all was quiet.
    pub(in crate::executor) quiet: bool,
    pub(in crate::executor) trace: Trace,
}

impl Loan<'_> {
    /// Runs actors on one lane that holds the whole batch, up to but without the readout. Where other ranks have populations,
    /// too, all have what all came to afterwards, or the same error.
    pub(in crate::executor) fn run(
        mut self,
        carriers: &mut Carriers,
        pace: Pace,
        gate: &Gate,
        homes: &Homes,
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
        let carrier = carriers.of(self.settling.executor);
        let actors = (0..wiring.populations.len()).filter(|p| !homes.is_away(PopulationId(*p))).count();
        let opened = carrier.open(wiring.populations.len(), actors);
        let (afar, assembly) = match homes.ranks.are_many() {
            false => opened.map(|()| (None, None))?,
            true => {
                let newest_wins = pace.is_free() && asked.whole;
                let afar = Arc::new(Afar::new(homes.clone(), &wiring, newest_wins, &self.plan.free_states));
                let join = |()| Assembly::join(&afar, &wiring, carrier.door(), REPORTS_UNDER_WAY);
                let assembly = agreement::reach(&homes.ranks, opened.and_then(join), |_, _| ())?.0;
                (Some(afar), Some(assembly))
            }
        };
        let shared = Arc::new(Shared::new(self.network, asked, gate.clone(), &self.plan.free_states, afar));
        // What an actor may use is never newer than what lock-step would, under `Bounded`: inlets are whole vectors to it.
        let quiet = QuietWatch::new(&wiring, self.plan, self.settling.stopping, true);
        let shared_too = Arc::clone(&shared);
        let mut coordinator = Coordinator { carrier, shared: shared_too, quiet, assembly, lives: 0, last: 0 };
        let (actors, still) = self.lend(&wiring, homes);
        let (actors, result) = coordinator.run(actors);
        let last = shared.whose(coordinator.last);
        // The postman has nothing left to bring, and goes before anybody can begin another run.
        drop(coordinator);
        let returned = self.take_back(actors, still, last);
        let quiet = result?;
        let all = self.share(returned, homes, &shared)?;
        let places = homes.ranks.are_many().then(|| homes.of.clone());
        Ok(ActorsEnd { quiet, homes: places, ..self.close(all, &shared) })
    }

    /// Moves populations out of the network; those that do nothing in the episode, or that another rank has, are kept apart.
    fn lend(&mut self, wiring: &Wiring, homes: &Homes) -> (Vec<Actor>, Vec<Lent>) {
        let (mut actors, mut still) = (Vec::new(), Vec::new());
        let learns = |population: &AnyPopulation| self.options.learn && !population.synapses().is_empty();
        let populations = self.network.populations().iter().zip(&self.plan.clamped);
        let listens: Vec<bool> = populations.map(|(population, clamped)| !clamped || learns(population)).collect();
        let populations = self.network.populations_mut().drain(..);
        let activities = self.activities.lanes_mut()[0].activities.drain(..);
        for (i, (population, activity)) in populations.zip(activities).enumerate() {
            if !listens[i] || homes.is_away(PopulationId(i)) {
                still.push((i, population, activity));
                continue;
            }
            let mut actor = Actor::new(PopulationId(i), population, activity, wiring, (&self.plan.clamped, &listens));
            actor.notes.recorder.clone_from(&self.state.recorder);
            actors.push(actor);
        }
        (actors, still)
    }

    /// Puts every population and activity back where it was; what actors bring back beside them.
    fn take_back(&mut self, actors: Vec<Actor>, still: Vec<Lent>, last: Option<PopulationId>) -> Vec<ActorReturn> {
        let (mut all, mut returned) = (still, Vec::with_capacity(actors.len()));
        for mut actor in actors {
            returned.push(ActorReturn::of(&mut actor, last));
            all.push((actor.id.0, actor.population, actor.activity));
        }
        all.sort_by_key(|(i, _, _)| *i);
        for (_, population, activity) in all {
            self.network.populations_mut().push(population);
            self.activities.lanes_mut()[0].activities.push(activity);
        }
        returned
    }

    /// Tells other ranks what this one's actors have come to: what all have, of all ranks, by population.
    fn share(
        &mut self,
        own: Vec<ActorReturn>,
        homes: &Homes,
        shared: &Shared,
    ) -> Result<Vec<ActorReturn>, SettleError> {
        let Some(afar) = &shared.afar else { return Ok(own) };
        let lane = &mut self.activities.lanes_mut()[0].activities;
        let free = &self.plan.free_states;
        let (_, told) = agreement::reach(&homes.ranks, Ok(()), |(), packet| {
            packet.put(&[own.len() as u64]);
            own.iter().for_each(|returned| returned.put(packet));
            packet.put_counted(&afar.crossed().iter().map(|(messages, bytes)| [*messages, *bytes]).collect::<Vec<_>>());
            let settled = homes.own(free).into_iter().flat_map(|id| lane[id.0].settled());
            settled.for_each(|values| packet.put(values));
        })?;
        let mut all = own;
        for rank in 0..homes.ranks.size() {
            let mut told = told.of(rank);
            let returned: Vec<_> = (0..told.take::<u64>()).map(|_| ActorReturn::take(&mut told)).collect();
            let crossed: Vec<[u64; 2]> = told.take_counted();
            self.ledger.cross(crossed);
            if rank == homes.ranks.rank() {
                continue;
            }
            all.extend(returned);
            for id in free.iter().filter(|id| homes.of[id.0] == rank) {
                self.network.population(*id).settle_at(&mut lane[id.0], |values| told.fill(values));
            }
        }
        all.sort_by_key(|returned| returned.id);
        returning::age(&mut all, &shared.wiring);
        Ok(all)
    }

    /// Collects what was counted.
    fn close(self, mut all: Vec<ActorReturn>, shared: &Shared) -> ActorsEnd {
        let populations = shared.wiring.populations.len();
        let mut end =
            ActorsEnd { seconds: vec![(0.0, 0.0); populations], depths: vec![0; populations], ..ActorsEnd::default() };
        let (mut receivers, mut senders, mut fired) = (Vec::new(), Vec::new(), vec![0; populations]);
        for returned in &mut all {
            let (id, notes) = (returned.id, &returned.notes);
            end.waiting.append(&mut returned.waiting);
            end.depths[id] = returned.depth;
            end.seconds[id] = (notes.computing, notes.waiting);
            fired[id] = returned.fired;
            self.state.movement[id] = notes.movement;
            self.state.operations[id] = notes.operations;
            receivers.append(&mut returned.arrived);
            senders.append(&mut returned.left);
        }
        enter_books(self.ledger, &mut self.state.loads, receivers, senders, fired);
        self.ledger.wait(&end.waiting);
        let mut firings: Vec<_> = all.iter_mut().flat_map(|returned| returned.notes.firings.drain(..)).collect();
        firings.sort_by_key(|(place, firing)| (*place, firing.population));
        end.firings = firings.into_iter().map(|(_, firing)| firing).collect();
        let mut notes: Vec<_> = all.into_iter().map(|returned| (PopulationId(returned.id), returned.notes)).collect();
        self.state.energies = energies(&notes, shared);
        let traces = notes.iter_mut().filter_map(|(_, notes)| notes.recorder.take()).map(Recorder::into_trace);
        end.trace = trace::of_actors(traces);
        end
    }
}

/// A population that was not lent, with its place and activity.
type Lent = (usize, AnyPopulation, AnyActivity);

/// Takes in the books of actors.
fn enter_books(
    ledger: &mut Ledger,
    loads: &mut [Load],
    receivers: Vec<LinkBook>,
    senders: Vec<LinkBook>,
    fired: Vec<u64>,
) {
    let mut books = (Vec::new(), Vec::new());
    for LinkBook { place, book, load, .. } in receivers {
        loads[place] = load;
        books.0.push((place, book));
    }
    for LinkBook { place, book, load, .. } in senders {
        loads[place].add_sender(&load);
        books.1.push((place, book));
    }
    ledger.take_back(books.0, &books.1, fired);
}

/// As [`by_pace`], of what actors have noted.
fn energies(notes: &[(PopulationId, Notes)], shared: &Shared) -> Vec<f64> {
    let of = |kind: Kind| {
        let those = notes.iter().filter(move |(id, _)| shared.wiring.population(*id).kind == kind);
        those.map(|(id, notes)| (id.0, &notes.paced))
    };
    by_pace(of(Kind::Error), of(Kind::State), shared.asked.pace.is_free())
}
