//! An actor: one population with its inbox, and the rule that says when it fires. It has no thread and no channel of
//! its own; `threads` and `tasks` are the drivers that give it one.
//!
//! | pace | fires when | uses |
//! |---|---|---|
//! | `Bounded(s)` | no inlet is more than s firings behind lock-step | on every inlet the newest message that lock-step would already have sent |
//! | `Free` | something new has come, or whoever could send something has finished | on every inlet the newest message |
//!
//! Why `Free` ends. Messages are never lost and senders say when they have finished. Suppose that all unfinished actors
//! waited. Each of them then waits for an unfinished sender, so some of them form a ring. The one of the ring that fired
//! last sent to its successor in the ring after that one's own last firing, so the successor has something new and does
//! not wait. A state population finishes after its quota of updates; an error population finishes once all its senders
//! have and nothing new is left.
//!
//! **Depth.** Where a free run ends at quiet, `max_steps` can't bound updates: while the system lets one population
//! wait, two others that answer each other can make thousands of updates, none of which brings the circuit nearer to
//! rest. What counts is how deep an update is, that is how many synchronous steps it has behind it at the least:
//!
//! - of an error population, one more than the least depth of the messages that its inlets hold (0 at rest);
//! - of a state population, the least depth of the messages that its inlets hold; its updates, where it hears nobody.
//!
//! In lock-step the depth of a firing is its number. Where a synchronous step is a contraction in the largest norm,
//! a state of depth d is at least as near to rest as d steps bring it, whoever had to wait for how long. Every link is
//! part of a ring of two (who hears an error population is heard by it), so that depths grow as long as every
//! population gets to fire now and then, and the run ends.

use super::error::SettleError;
use super::lane::{free_energy, operations};
use super::log::Firing;
use super::shared::Shared;
use super::trace::Recorder;
use super::traffic::Traffic;
use crate::circuit::wiring::{Kind, Link, PopulationId, Wiring};
use crate::learning::Refused;
use crate::network::LearningError;
use crate::params::Messages;
use crate::population::{AnyActivity, AnyPopulation};
use crate::signal::Signal;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// What travels between actors.
#[derive(Debug, Clone)]
pub(super) enum Message {
    /// A signal for an inlet, numbered by the sender's firings, with the sender's depth; `None` where it was lost.
    Signal { inlet: usize, number: u64, depth: u64, signal: Option<Signal> },
    /// The sender behind an inlet has finished.
    Finished { inlet: usize },
    /// Look at the stop flag.
    Wake,
}

/// Takes in the messages that have come, and then says whether to stop.
///
/// In this order: whoever stops the actors raises the flag first and wakes them then. An actor that looked at the flag
/// before it took the wake from its inbox would see nothing, fall asleep, and never be woken again.
pub(super) fn heed(messages: impl Iterator<Item = Message>, take: impl FnMut(Message), stop: &AtomicBool) -> bool {
    messages.for_each(take);
    stop.load(Ordering::Acquire)
}

/// When an actor fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    Bounded { staleness: u64 },
    Free,
}

/// What an actor does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Fire,
    /// Wait for a message; the inlet that it waits for.
    Wait(usize),
    Finished,
}

/// A message that is not used yet: see [`Message::Signal`].
#[derive(Debug)]
struct Arrived {
    number: u64,
    depth: u64,
    signal: Option<Signal>,
}

/// One inlet's messages.
#[derive(Debug)]
struct Queue {
    link: usize,
    spec: Link,
    pending: VecDeque<Arrived>,
    /// The number of the message that the inlet holds.
    held: u64,
    /// The newest number that was taken from `pending`, lost or not.
    heard: u64,
    /// The depth of the message that the inlet holds.
    depth: u64,
    /// Nothing will come any more: the sender is clamped or has finished.
    closed: bool,
}

/// One population with its inbox.
#[derive(Debug)]
pub(super) struct Actor {
    pub(super) id: PopulationId,
    kind: Kind,
    pub(super) population: AnyPopulation,
    pub(super) activity: AnyActivity,
    queues: Vec<Queue>,
    /// Links that leave, with their places in the wiring, to receivers that are not clamped.
    leaving: Vec<(usize, Link)>,
    pub(super) fired: u64,
    /// How many synchronous steps it has behind it at the least: see the module.
    pub(super) depth: u64,
    fresh: bool,
    told: bool,
    pub(super) firings: Vec<Firing>,
    pub(super) movement: f32,
    /// The largest finite magnitude so far.
    pub(super) peak: f32,
    /// By link of the wiring; those that arrive here count use, those that leave count sending.
    pub(super) traffic: Vec<Traffic>,
    pub(super) energies: Vec<f64>,
    /// Multiply-accumulates inside of firings.
    pub(super) operations: u64,
    pub(super) computing: f64,
    pub(super) waited: f64,
    /// Present where a trace is asked for.
    pub(super) recorder: Option<Recorder>,
    /// Messages that are about to be sent; kept for its storage.
    out: Vec<(PopulationId, Message)>,
}

/// What an actor tells the coordinator.
pub(super) enum Report {
    /// It fired: with which messages, and how far it moved.
    Fired(Firing, f32),
    /// It stopped, finished or failed, and hands itself back.
    Back(Box<Actor>, Result<(), SettleError>),
}

impl Actor {
    pub(super) fn new(
        id: PopulationId,
        population: AnyPopulation,
        activity: AnyActivity,
        wiring: &Wiring,
        clamped: &[bool],
    ) -> Self {
        let links = || wiring.links.iter().copied().enumerate();
        let queue = |(link, spec): (usize, Link)| Queue {
            link,
            spec,
            pending: VecDeque::new(),
            held: 0,
            heard: 0,
            depth: 0,
            closed: clamped[spec.from.0],
        };
        Self {
            id,
            kind: wiring.population(id).kind,
            population,
            activity,
            queues: links().filter(|(_, l)| l.to == id).map(queue).collect(),
            leaving: links().filter(|(_, l)| l.from == id && !clamped[l.to.0]).collect(),
            fired: 0,
            depth: 0,
            fresh: true,
            told: false,
            firings: Vec::new(),
            movement: 0.0,
            peak: 0.0,
            traffic: vec![Traffic::default(); wiring.links.len()],
            energies: Vec::new(),
            operations: 0,
            computing: 0.0,
            waited: 0.0,
            recorder: None,
            out: Vec::new(),
        }
    }

    /// Takes in a message.
    pub(super) fn take(&mut self, message: Message) {
        match message {
            Message::Signal { inlet, number, depth, signal } => {
                self.queues[inlet].pending.push_back(Arrived { number, depth, signal });
                self.fresh = true;
            }
            Message::Finished { inlet } => self.queues[inlet].closed = true,
            Message::Wake => {}
        }
    }

    /// What to do next.
    pub(super) fn next(&self, shared: &Shared) -> Next {
        match shared.pace {
            _ if self.is_lesioned(shared) => Next::Finished,
            Pace::Bounded { .. } if self.fired >= shared.quota => Next::Finished,
            Pace::Bounded { staleness } => {
                let needed = self.limit().saturating_sub(staleness);
                let behind = |queue: &Queue| !queue.closed && self.newest(queue) < needed;
                self.queues.iter().position(behind).map_or(Next::Fire, Next::Wait)
            }
            Pace::Free => {
                let open = self.queues.iter().position(|queue| !queue.closed);
                match (self.kind, open) {
                    (Kind::State, _) if self.has_quota(shared) => Next::Finished,
                    (Kind::Error, None) if !self.fresh => Next::Finished,
                    (_, Some(inlet)) if !self.fresh => Next::Wait(inlet),
                    _ => Next::Fire,
                }
            }
        }
    }

    /// A population that has fallen silent.
    pub(super) fn is_lesioned(&self, shared: &Shared) -> bool {
        self.fired >= shared.limits[self.id.0]
    }

    fn has_quota(&self, shared: &Shared) -> bool {
        if shared.together.is_empty() {
            return self.fired >= shared.quota;
        }
        shared.together.iter().all(|p| shared.depths[*p].load(Ordering::Relaxed) >= shared.quota)
    }

    /// The number of the message that lock-step would use in the coming firing.
    fn limit(&self) -> u64 {
        match self.kind {
            Kind::State => self.fired + 1,
            Kind::Error => self.fired,
        }
    }

    /// The newest message of a queue that may be used in the coming firing.
    fn newest(&self, queue: &Queue) -> u64 {
        let usable = queue.pending.iter().rev().map(|arrived| arrived.number).find(|number| *number <= self.limit());
        usable.unwrap_or(queue.heard)
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
            Next::Fire => {
                self.fire(shared)?;
                if let Some(firing) = self.firings.last() {
                    report(Report::Fired(firing.clone(), self.movement));
                }
            }
            Next::Finished if !std::mem::replace(&mut self.told, true) => {
                if self.is_lesioned(shared) {
                    // The others do not wait for it.
                    shared.depths[self.id.0].store(u64::MAX, Ordering::Relaxed);
                }
                let notices = self.leaving.iter().map(|(_, l)| (l.to, Message::Finished { inlet: l.inlet }));
                self.out.extend(notices);
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
        self.fire(shared)?;
        if let Some(firing) = self.firings.last() {
            report(Report::Fired(firing.clone(), self.movement));
        }
        for (to, message) in self.out.drain(..) {
            send(to, message);
        }
        Ok(())
    }

    fn fire(&mut self, shared: &Shared) -> Result<(), SettleError> {
        shared.gate.pass(&shared.wiring, self.id, self.fired + 1)?;
        let start = Instant::now();
        let delivered = self.deliver(shared);
        self.recorder.iter_mut().for_each(Recorder::begin);
        let fired = self.population.fire(&mut self.activity, 1.0);
        self.fired += 1;
        self.fresh = false;
        self.movement = fired.movement;
        self.operations += fired.operations;
        self.deepen();
        shared.fired[self.id.0].store(self.fired, Ordering::Relaxed);
        shared.depths[self.id.0].store(self.depth, Ordering::Relaxed);
        self.peak = self.peak.max(fired.peak);
        if !fired.finite {
            let population = shared.wiring.population(self.id).name.clone();
            return Err(SettleError::NotFinite { population, firing: self.fired, magnitude: self.peak });
        }
        let rows = self.activity.rows();
        if shared.measure && self.kind == Kind::Error {
            free_energy(&self.population, &self.activity, rows, &mut self.energies);
        }
        if let Some(recorder) = &mut self.recorder {
            recorder.end(self.id, self.fired, fired.movement, &self.population, &self.activity);
        }
        self.post(shared);
        if shared.learn {
            let layer = || shared.layers[self.id.0].clone();
            let learned = self.population.learn(&[&self.activity], rows);
            learned.map_err(|Refused| LearningError { layer: layer() })?;
        }
        if shared.log {
            self.firings.push(Firing { population: self.id.0, scale: 1.0, delivered });
        }
        self.computing += start.elapsed().as_secs_f64();
        Ok(())
    }

    /// Counts a wait for a message on an inlet.
    pub(super) fn waited_for(&mut self, inlet: usize, since: Instant) {
        self.waited += since.elapsed().as_secs_f64();
        if let Some(recorder) = &mut self.recorder {
            recorder.waited(self.id, inlet, since);
        }
    }

    /// Lays out what was sent for all who hear it.
    fn post(&mut self, shared: &Shared) {
        let (number, depth) = (self.fired, self.depth);
        for (place, link) in &self.leaving {
            let signal = self.activity.sent(link.outlet);
            let traffic = &mut self.traffic[*place];
            traffic.sent += 1;
            traffic.bytes += signal.bytes() as u64;
            let is_lost = shared.gate.loses(*place, number);
            traffic.dropped += u64::from(is_lost);
            let signal = (!is_lost).then_some(signal);
            self.out.push((link.to, Message::Signal { inlet: link.inlet, number, depth, signal }));
        }
    }

    /// Works out the depth after a firing. Depths never fall, because senders' don't.
    fn deepen(&mut self) {
        let heard = self.queues.iter().filter(|queue| !queue.closed).map(|queue| queue.depth).min();
        self.depth = match (self.kind, heard) {
            (Kind::Error, heard) => heard.map_or(u64::MAX, |depth| depth.saturating_add(1)),
            (Kind::State, None | Some(u64::MAX)) => self.fired,
            (Kind::State, Some(depth)) => self.depth.max(depth),
        };
    }

    /// Brings every inlet up to the newest message that may be used.
    fn deliver(&mut self, shared: &Shared) -> Vec<(usize, u64)> {
        let limit = match shared.pace {
            Pace::Bounded { .. } => self.limit(),
            Pace::Free => u64::MAX,
        };
        let mut delivered = Vec::new();
        for queue in &mut self.queues {
            let traffic = &mut self.traffic[queue.link];
            let usable = queue.pending.iter().take_while(|arrived| arrived.number <= limit).count();
            let newest = queue.pending.iter().take(usable).rposition(|arrived| arrived.signal.is_some());
            for (i, Arrived { number, depth, signal }) in queue.pending.drain(..usable).enumerate() {
                queue.heard = number;
                let Some(signal) = signal else { continue };
                if shared.messages == Messages::Dense && Some(i) != newest {
                    traffic.overwritten += 1;
                    continue;
                }
                traffic.used += 1;
                traffic.operations += operations(&queue.spec, &signal);
                self.population.receive(&mut self.activity, queue.spec.inlet, number, signal);
                if shared.log {
                    delivered.push((queue.spec.inlet, number));
                }
                (queue.held, queue.depth) = (number, depth);
            }
            let sender = shared.fired[queue.spec.from.0].load(Ordering::Relaxed);
            traffic.aged(sender.saturating_sub(queue.held));
        }
        delivered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_taken_the_wake_sees_the_stop() {
        // The stop comes at the worst moment: while the inbox is being emptied.
        let stop = AtomicBool::new(false);
        let woken = std::iter::once_with(|| {
            stop.store(true, Ordering::Release);
            Message::Wake
        });
        let mut taken = 0;
        assert!(heed(woken, |_| taken += 1, &stop));
        assert_eq!(taken, 1);
        assert!(!heed(std::iter::empty(), |_| taken += 1, &AtomicBool::new(false)));
    }
}
