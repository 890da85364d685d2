//! An actor: one population with its inbox, and the rule that says when it fires. It has no thread and no channel of
//! its own; a carrier gives it one.

use super::afar::{FiredWord, Word};
use super::depth;
use super::inbox::{Inbox, Queue};
use super::message::{Letter, Message, Outgoing};
use super::pace::{Pace, lockstep, waits_for};
use super::shared::Shared;
use crate::circuit::wiring::{Kind, Link, PopulationId, Wiring};
use crate::executor::energy::{PacedEnergies, free_energy};
use crate::executor::error::SettleError;
use crate::executor::ledger::{Book, Load};
use crate::executor::log::Firing;
use crate::executor::trace::Recorder;
use crate::learning::Refused;
use crate::network::LearningError;
use crate::population::{AnyActivity, AnyPopulation};
use std::time::Instant;

/// What an actor does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Fire,
    /// Wait for a message; the inlet that it waits for.
    Wait(usize),
    Finished,
}

/// What an actor tells the coordinator.
pub(super) enum Report {
    /// It fired.
    Fired(FiredWord),
    /// It stopped, finished or failed, and hands itself back.
    Back(Box<Actor>, Result<(), SettleError>),
    /// Another rank has something to say.
    Afar(usize, Word),
}

/// A link that leaves, to a receiver that listens.
#[derive(Debug)]
struct LeavingLink {
    place: usize,
    link: Link,
    /// Whether it is in the account: the receiver can fire.
    counted: bool,
    /// Inlets on which this population hears that receiver.
    heard_on: Vec<usize>,
    book: Book,
    load: Load,
}

/// What an actor writes down.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// Firings with their places in the order, where a log is asked for.
    pub(super) firings: Vec<(u64, Firing)>,
    /// Where energies are asked for, or populations are spread over ranks; energies where they are asked for.
    pub(super) paced: PacedEnergies,
    pub(super) movement: f32,
    /// Whether the last firing left something untold.
    pub(super) behind: bool,
    /// The largest finite magnitude so far.
    pub(super) peak: f32,
    /// Multiply-accumulates inside of firings.
    pub(super) operations: u64,
    /// Seconds spent firing, and waiting.
    pub(super) computing: f64,
    pub(super) waiting: f64,
    /// Present where a trace is asked for.
    pub(super) recorder: Option<Recorder>,
}

/// The book of a link, with the link's place in the wiring.
#[derive(Debug, Default)]
pub(super) struct LinkBook {
    pub(super) place: usize,
    pub(super) book: Book,
    pub(super) load: Load,
    /// Of what arrived: see `Queue::later`.
    pub(super) later: Vec<(u64, u64)>,
}

/// One population with its inbox.
#[derive(Debug)]
pub(super) struct Actor {
    pub(super) id: PopulationId,
    kind: Kind,
    /// A state population that data hold in place: it makes no firing, but its error synapses learn from what comes.
    listens_only: bool,
    pub(super) population: AnyPopulation,
    pub(super) activity: AnyActivity,
    pub(super) inbox: Inbox,
    leaving: Vec<LeavingLink>,
    pub(super) fired: u64,
    pub(super) depth: u64,
    /// Firings since it last became deeper.
    shallow: u64,
    told: bool,
    /// Whether its last firing moved nothing, because it waits for answers.
    held: bool,
    pub(super) notes: Notes,
    /// By population: firings that stand before the one under way; kept for its storage.
    before: Vec<u64>,
    handed: Vec<(usize, u64)>,
    /// Messages that are about to be sent; kept for its storage.
    out: Outgoing,
}

impl Actor {
    /// By population: whether data hold it in place, and whether it listens, which it may do all the same, to learn.
    pub(super) fn new(
        id: PopulationId,
        population: AnyPopulation,
        activity: AnyActivity,
        wiring: &Wiring,
        (clamped, listens): (&[bool], &[bool]),
    ) -> Self {
        let links = || wiring.links.iter().copied().enumerate();
        let outlet = |(place, link): (usize, Link)| LeavingLink {
            place,
            link,
            counted: !clamped[link.to.0],
            heard_on: wiring.arriving(id).filter(|back| back.from == link.to).map(|back| back.inlet).collect(),
            book: Book::default(),
            load: Load::default(),
        };
        Self {
            id,
            kind: wiring.population(id).kind,
            listens_only: clamped[id.0],
            inbox: Inbox::new(id, wiring, clamped),
            leaving: links().filter(|(_, l)| l.from == id && listens[l.to.0]).map(outlet).collect(),
            population,
            activity,
            fired: 0,
            depth: 0,
            shallow: 0,
            told: false,
            held: false,
            notes: Notes::default(),
            before: Vec::with_capacity(wiring.populations.len()),
            handed: Vec::with_capacity(wiring.links.len()),
            out: Vec::with_capacity(wiring.links.len()),
        }
    }

    /// Takes in a message.
    pub(super) fn take(&mut self, message: Message) {
        match message {
            Message::Signal { inlet, letter } => self.inbox.put(inlet, letter),
            Message::Finished { inlet, fired } => self.inbox.close(inlet, fired),
            Message::Wake => {}
        }
    }

    /// What to do next.
    pub(super) fn next(&self, shared: &Shared) -> Next {
        let wait = waits_for(shared.pace(self.id), self.kind, self.fired, &self.inbox);
        if self.listens_only {
            return match self.inbox.find_open(|_| true) {
                _ if self.inbox.has_news() => Next::Fire,
                Some(inlet) => Next::Wait(inlet),
                None => Next::Finished,
            };
        }
        if self.is_finished(shared) {
            return Next::Finished;
        }
        match wait {
            Some(inlet) => Next::Wait(inlet),
            // Error populations answer whatever comes: who waits for their answer makes them no deeper.
            None if self.kind == Kind::State && self.shallow >= shared.shallow() && !self.would_deepen() => {
                self.inbox.shallowest().map_or(Next::Fire, Next::Wait)
            }
            None => Next::Fire,
        }
    }

    fn is_finished(&self, shared: &Shared) -> bool {
        let quota = if shared.together.is_empty() { self.fired >= shared.asked.quota } else { shared.is_deep_enough() };
        let idle = self.inbox.find_open(|_| true).is_none() && !self.inbox.has_news();
        self.is_lesioned(shared)
            || match (shared.asked.pace, self.kind) {
                (Pace::Bounded { .. }, _) => self.fired >= shared.asked.quota,
                (Pace::Free { .. }, Kind::State) => quota,
                (Pace::Free { .. }, Kind::Error) => idle,
            }
    }

    /// A population that has fallen silent.
    pub(super) fn is_lesioned(&self, shared: &Shared) -> bool {
        self.fired >= shared.limits[self.id.0]
    }

    fn would_deepen(&self) -> bool {
        depth::of_firing(self.kind, self.inbox.depth_to_come(), self.fired + 1, self.depth) > self.depth
    }

    /// Does what can be done without waiting: a firing, or the last word of an actor that has finished. `report` hears
    /// of a firing before `send` is given its messages with their receivers.
    pub(super) fn act(
        &mut self,
        shared: &Shared,
        report: impl FnOnce(Report),
        mut send: impl FnMut(PopulationId, Message),
    ) -> Result<Next, SettleError> {
        let next = self.next(shared);
        match next {
            Next::Fire if self.listens_only => self.listen(shared),
            Next::Fire => {
                self.fire(shared)?;
                self.report(shared, report);
            }
            Next::Finished if !std::mem::replace(&mut self.told, true) => {
                if self.is_lesioned(shared) {
                    // The others do not wait for it.
                    shared.deepen(self.id, u64::MAX);
                }
                let fired = self.fired;
                let last = |o: &LeavingLink| (o.link.to, Message::Finished { inlet: o.link.inlet, fired });
                self.out.extend(self.leaving.iter().map(last));
            }
            Next::Finished | Next::Wait(_) => {}
        }
        for (to, message) in self.out.drain(..) {
            send(to, message);
        }
        Ok(next)
    }

    /// Fires on what has come, whether it is new or not, as `act` does.
    pub(super) fn act_now(
        &mut self,
        shared: &Shared,
        report: impl FnOnce(Report),
        mut send: impl FnMut(PopulationId, Message),
    ) -> Result<(), SettleError> {
        if self.listens_only {
            return Ok(());
        }
        self.fire(shared)?;
        self.report(shared, report);
        for (to, message) in self.out.drain(..) {
            send(to, message);
        }
        Ok(())
    }

    /// Only where it is to be found whether all is quiet does anybody want to know.
    fn report(&self, shared: &Shared, report: impl FnOnce(Report)) {
        if shared.asked.quiet {
            let (handed, movement) = (self.handed.clone(), (!self.held).then_some(self.notes.movement));
            report(Report::Fired(FiredWord { id: self.id, handed, movement, behind: self.notes.behind }));
        }
    }

    fn fire(&mut self, shared: &Shared) -> Result<(), SettleError> {
        shared.gate.pass(&shared.wiring, self.id, self.fired + 1)?;
        let start = Instant::now();
        let place = shared.enter(self.id, self.inbox.latest(), |fired| {
            self.before.clear();
            self.before.extend_from_slice(fired);
        });
        self.hand_over(shared, place);
        self.notes.recorder.iter_mut().for_each(Recorder::begin);
        let scale = self.scale(shared);
        let fired = self.population.fire(&mut self.activity, scale);
        self.fired += 1;
        self.held = scale == 0.0;
        (self.notes.movement, self.notes.behind) = (fired.movement, fired.behind);
        self.notes.operations += fired.operations;
        self.notes.peak = self.notes.peak.max(fired.peak);
        self.deepen(shared);
        if !fired.finite {
            let population = shared.wiring.population(self.id).name.clone();
            return Err(SettleError::NotFinite { population, firing: self.fired, magnitude: self.notes.peak });
        }
        self.note(shared, place);
        self.post(shared, place, scale);
        if shared.asked.learn {
            let rows = self.activity.rows();
            let learned = self.population.learn(&[&self.activity], rows);
            learned.map_err(|Refused| LearningError { layer: shared.layers[self.id.0].clone() })?;
        }
        self.notes.computing += start.elapsed().as_secs_f64();
        Ok(())
    }

    /// What β is multiplied by in the firing under way.
    fn scale(&mut self, shared: &Shared) -> f32 {
        let Some(bearing) = &shared.bearing else { return 1.0 };
        let scale = bearing.scale(self.id.0, self.inbox.answered(self.fired));
        if scale > 0.0 {
            self.inbox.moves(self.fired);
        }
        scale
    }

    /// What the firing came to, for those who asked.
    fn note(&mut self, shared: &Shared, place: u64) {
        let rows = self.activity.rows();
        if shared.asked.measure || shared.afar.is_some() {
            self.notes.paced.places.push(place);
        }
        if shared.asked.measure && self.kind == Kind::Error {
            free_energy(&self.population, &self.activity, rows, &mut self.notes.paced.energies);
        }
        let movement = self.notes.movement;
        if let Some(recorder) = &mut self.notes.recorder {
            recorder.end(self.id, self.fired, movement, &self.population, &self.activity);
        }
        shared.gate.tell(self.id, self.fired, &(0..rows), movement, &self.activity);
    }

    /// Counts a wait for a message on an inlet.
    pub(super) fn waited_for(&mut self, inlet: usize, since: Instant) {
        self.notes.waiting += since.elapsed().as_secs_f64();
        if let Some(recorder) = &mut self.notes.recorder {
            recorder.waited(self.id, inlet, since);
        }
    }

    /// Lays out what was sent for all who hear it.
    fn post(&mut self, shared: &Shared, place: u64, scale: f32) {
        let (number, depth) = (self.fired, self.depth);
        let mut lost = Vec::new();
        for outlet in &mut self.leaving {
            let signal = self.activity.sent(outlet.link.outlet);
            let is_lost = outlet.counted && shared.gate.loses(outlet.place, number);
            if outlet.counted {
                outlet.load.post(signal.bits());
                outlet.book.post(is_lost);
            }
            if is_lost {
                lost.push(outlet.place);
            }
            let answers = outlet.heard_on.iter().map(|inlet| self.inbox.heard_on(*inlet)).min().unwrap_or(0);
            let letter =
                Letter { number, depth, answers, place, superseded: Vec::new(), signal: (!is_lost).then_some(signal) };
            self.out.push((outlet.link.to, Message::Signal { inlet: outlet.link.inlet, letter }));
        }
        if shared.asked.record {
            let place = match shared.asked.pace {
                Pace::Free { .. } => place,
                // Errors before states, step by step.
                Pace::Bounded { .. } => 2 * number + u64::from(self.kind == Kind::State),
            };
            let (population, delivered) = (self.id.0, self.handed.clone());
            let firing = Firing { population, scale, tick: None, delivered, lost };
            self.notes.firings.push((place, firing));
        }
    }

    fn deepen(&mut self, shared: &Shared) {
        let before = self.depth;
        self.depth = depth::of_firing(self.kind, self.inbox.depth(), self.fired, before);
        self.shallow = if self.depth > before { 0 } else { self.shallow + 1 };
        shared.deepen(self.id, self.depth);
    }

    /// Brings every inlet up to the newest message that may be used.
    fn hand_over(&mut self, shared: &Shared, place: u64) {
        let Self { population, activity, inbox, before, handed, kind, fired, .. } = self;
        let lockstep = lockstep(*kind, *fired);
        let free = shared.asked.pace.is_free();
        let limit = if free { u64::MAX } else { lockstep };
        let before = |queue: &Queue| match free {
            true => shared.away(queue.link.from).is_none().then(|| before[queue.link.from.0]),
            false => Some(lockstep.min(queue.last().unwrap_or(u64::MAX))),
        };
        handed.clear();
        inbox.take((limit, place), shared.asked.whole, before, handed, |queue, number, signal, doubtful| {
            let heard = population.receive(activity, queue.link.inlet, number, signal);
            queue.load.hand(heard);
            // An actor holds all samples, so that nothing has to be kept for the end.
            if doubtful {
                queue.book.decide(heard.told > 0, heard.taken > 0);
            }
        });
    }

    /// Learns from every mismatch that has come, one after the other.
    fn listen(&mut self, _shared: &Shared) {
        let Self { population, activity, inbox, .. } = self;
        while let Some((inlet, number, signal)) = inbox.next_letter() {
            population.receive(activity, inlet, number, signal);
            let rows = activity.rows();
            population.learn_inlet(inlet, &[&*activity], rows);
        }
    }

    /// Its books, by place of link: those of what arrived, and of what left.
    pub(super) fn books(&mut self) -> (Vec<LinkBook>, Vec<LinkBook>) {
        let Self { inbox, leaving, listens_only, .. } = self;
        let entry = |place, book, load, later| LinkBook { place, book, load, later };
        let arrived = inbox.queues.drain(..).filter(|_| !*listens_only);
        let arrived = arrived.map(|queue| entry(queue.place, queue.book, queue.load, queue.later));
        let left = leaving.drain(..).filter(|outlet| outlet.counted);
        (arrived.collect(), left.map(|o| entry(o.place, o.book, o.load, Vec::new())).collect())
    }
}
