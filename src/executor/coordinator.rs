//! The coordinator of `Bounded` and `Free`: lends populations to actors, listens, and gets every one of them back.
//!
//! Quiet is exact. What happens before what:
//!
//! 1. a firing is reported before its messages are sent, so that the coordinator hears of senders before it hears of
//!    those who used what they sent: what it knows is at every moment a state that the run could have been in;
//! 2. that state seems quiet (`quiet`) → the stop flag is set and everybody is woken → every actor ends the firing under
//!    way, sends what it sent, reports, and hands itself back → the coordinator has every actor, every report and, in the
//!    mailboxes, every message: what it knows now is the state that the run *is* in;
//! 3. it still seems quiet → under `Free`, every actor takes in all that was sent to it → every error population fires →
//!    its messages are handed over → every free state population fires, on the newest mismatches of the newest states:
//!    a step as in lock-step, recorded as any firing. Nothing was in flight that it did not use. If nobody moved by more
//!    than the tolerance, that is quiet, and if somebody did, it was not;
//! 4. it was not, at 2 or at 3 → actors go on with all that is under way, nothing lost.
//!
//! So a run never stops early: what lock-step calls quiet holds of it. And it stops: once every state has come to rest
//! nothing in 2 and 3 can fail, each actor fires as long as somebody sends, and `actor` says why the run does not end
//! before by its updates being used up. Nothing may overlap with 3; in 1 and 2 firings may, and the order of reports
//! settles which came first. Under `Bounded` an inlet may not be brought up to the newest message, so 2 decides.

use super::actor::{Actor, Next, Pace, Report};
use super::error::SettleError;
use super::gate::Gate;
use super::lane::Notes;
use super::lockstep::Plan;
use super::log::{self, Firing};
use super::quiet::QuietWatch;
use super::settler::{Measure, SettleOptions};
use super::shared::Shared;
use super::trace::{self, Recorder, Trace};
use super::traffic::PopulationWork;
use super::{tasks, threads};
use crate::activities::Activities;
use crate::circuit::wiring::{Kind, PopulationId};
use crate::circuit::{ExecutorKind, Settling, Stopping};
use crate::network::Network;
use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long nothing may happen before it is said who waits for whom.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often the coordinator looks whether a stop was asked for, where it hears nothing.
const GLANCE: Duration = Duration::from_millis(50);

/// How many reports may be under way to the coordinator.
const REPORTS_UNDER_WAY: usize = 32;

/// Threads or tasks, kept between episodes.
#[derive(Debug, Default)]
pub(super) struct Pools {
    threads: threads::Pool,
    tasks: tasks::Pool,
}

/// The channels of one run.
enum Mailboxes {
    Threads(threads::Mailboxes),
    Tasks(tasks::Mailboxes),
}

/// What a run of actors left behind.
#[derive(Default)]
pub(super) struct Ran {
    pub(super) firings: Vec<Firing>,
    pub(super) work: Vec<PopulationWork>,
    /// Firings of each population.
    pub(super) counts: Vec<u64>,
    /// Depth of each population.
    pub(super) depths: Vec<u64>,
    /// Whether the run ended because all was quiet.
    pub(super) quiet: bool,
    /// What actors recorded.
    pub(super) trace: Trace,
}

/// Everything but the actors themselves.
struct Run<'a> {
    pools: &'a mut Pools,
    shared: Arc<Shared>,
    mailboxes: Mailboxes,
    stop: Arc<AtomicBool>,
    quiet: QuietWatch,
}

/// Runs actors on one lane that holds the whole batch, up to but without the readout.
#[expect(clippy::too_many_arguments, reason = "what a run reads and what it writes, each for itself")]
pub(super) fn settle(
    pools: &mut Pools,
    network: &mut Network,
    activities: &mut Activities,
    notes: &mut Notes,
    plan: &Plan,
    settling: &Settling,
    pace: Pace,
    options: SettleOptions,
    gate: &Gate,
) -> Result<Ran, SettleError> {
    let wiring = Arc::clone(network.wiring());
    let populations = wiring.populations.len();
    let quiet = matches!(settling.stopping, Stopping::Quiet { .. });
    let shared = Arc::new(Shared {
        pace,
        messages: settling.messages,
        quota: settling.stopping.max_steps() as u64,
        together: plan.free_states.iter().filter(|_| quiet && pace == Pace::Free).map(|id| id.0).collect(),
        limits: (0..populations).map(|p| gate.limit(PopulationId(p))).collect(),
        gate: gate.clone(),
        log: options.record || quiet,
        learn: options.learn,
        measure: options.measure == Measure::EveryStep && pace != Pace::Free,
        fired: (0..populations).map(|_| AtomicU64::new(0)).collect(),
        depths: (0..populations).map(|_| AtomicU64::new(0)).collect(),
        waiting: (0..populations).map(|_| AtomicU64::new(0)).collect(),
        layers: wiring.populations.iter().map(|p| network.circuit().layer(p.layer).name().to_owned()).collect(),
        wiring: Arc::clone(&wiring),
    });
    let mailboxes = match settling.executor {
        ExecutorKind::Threads => {
            pools.threads.reserve(populations)?;
            Mailboxes::Threads(threads::Mailboxes::new(populations))
        }
        ExecutorKind::Tasks => {
            pools.tasks.reserve()?;
            Mailboxes::Tasks(tasks::Mailboxes::new(populations))
        }
    };
    let quiet = QuietWatch::new(&wiring, plan, settling.stopping);
    let mut run = Run { pools, shared, mailboxes, stop: Arc::new(AtomicBool::new(false)), quiet };
    let mut still = Vec::new();
    let mut actors = Vec::new();
    let lent = network.populations_mut().drain(..).zip(activities.lanes_mut()[0].activities.drain(..));
    for (i, (population, activity)) in lent.enumerate() {
        if plan.clamped[i] {
            still.push((i, population, activity));
        } else {
            let id = PopulationId(i);
            let mut actor = Actor::new(id, population, activity, &wiring, &plan.clamped);
            actor.recorder.clone_from(&notes.recorder);
            actors.push(actor);
        }
    }
    let (actors, result) = run.until_done(actors);
    let ran = take_back(network, activities, notes, still, actors, options.measure);
    result.map(|quiet| Ran { firings: log::in_order(ran.0, &wiring), quiet, ..ran.1 })
}

impl Run<'_> {
    /// Runs until all actors have finished, one has failed, or all is quiet; says whether it is.
    fn until_done(&mut self, mut actors: Vec<Actor>) -> (Vec<Actor>, Result<bool, SettleError>) {
        loop {
            let expected = actors.len();
            // Bounded, so that actors can't run far ahead of what the coordinator knows; it always listens.
            let (reports, heard) = bounded(REPORTS_UNDER_WAY);
            self.stop.store(false, Ordering::Release);
            match &self.mailboxes {
                Mailboxes::Threads(m) => self.pools.threads.start(actors, &self.shared, m, &self.stop, &reports),
                Mailboxes::Tasks(m) => self.pools.tasks.start(actors, &self.shared, m, &self.stop, &reports),
            }
            drop(reports);
            let (back, failure) = self.listen(&heard, expected);
            actors = back;
            if let Some(failure) = failure.or_else(|| self.stopped(&actors)) {
                return (actors, Err(failure));
            }
            let stopped = self.stop.load(Ordering::Acquire);
            let quiet = match stopped && self.quiet.is_quiet() {
                true if self.shared.pace == Pace::Free => self.confirm(&mut actors),
                seems => Ok(seems),
            };
            match quiet {
                Ok(false) if stopped => {}
                result => return (actors, result),
            }
        }
    }

    /// One step in lock-step on all that was sent: whether nobody moves by more than the tolerance in it.
    fn confirm(&mut self, actors: &mut [Actor]) -> Result<bool, SettleError> {
        for actor in &mut *actors {
            match &self.mailboxes {
                Mailboxes::Threads(mailboxes) => mailboxes.drain(actor.id, |message| actor.take(message)),
                Mailboxes::Tasks(mailboxes) => mailboxes.drain(actor.id, |message| actor.take(message)),
            }
        }
        let mut moved = 0.0_f32;
        for kind in [Kind::Error, Kind::State] {
            for at in 0..actors.len() {
                if self.shared.wiring.population(actors[at].id).kind == kind {
                    self.fire_now(actors, at)?;
                    moved = moved.max(actors[at].movement);
                }
            }
        }
        Ok(self.quiet.allows(moved))
    }

    /// A firing on the coordinator's own thread; a panic in it becomes an error.
    fn fire_now(&mut self, actors: &mut [Actor], at: usize) -> Result<(), SettleError> {
        let id = actors[at].id;
        if actors[at].is_lesioned(&self.shared) {
            return Ok(());
        }
        let (shared, quiet) = (&self.shared, &mut self.quiet);
        let mut sent = Vec::new();
        let note = |report| {
            if let Report::Fired(firing, movement) = report {
                quiet.note(&firing, movement);
            }
        };
        let body = AssertUnwindSafe(|| actors[at].act_now(shared, note, |to, message| sent.push((to, message))));
        catch_unwind(body).unwrap_or_else(|panic| Err(shared.panicked(id, &*panic)))?;
        for (to, message) in sent {
            if let Some(receiver) = actors.iter_mut().find(|actor| actor.id == to) {
                receiver.take(message);
            }
        }
        Ok(())
    }

    /// Hears reports until every actor is back.
    fn listen(&mut self, heard: &Receiver<Report>, expected: usize) -> (Vec<Actor>, Option<SettleError>) {
        let mut back: Vec<Actor> = Vec::with_capacity(expected);
        let mut failure = None;
        let (mut last, mut since) = (self.progress(), Instant::now());
        while back.len() < expected {
            if self.shared.gate.stop.is_requested() {
                // Somebody's next firing says so; who waits is woken.
                self.stop_all();
            }
            match heard.recv_timeout(GLANCE) {
                Ok(Report::Fired(firing, movement)) => {
                    self.quiet.note(&firing, movement);
                    if self.quiet.is_quiet() {
                        self.stop_all();
                    }
                }
                Ok(Report::Back(actor, result)) => {
                    back.push(*actor);
                    if let Err(error) = result {
                        failure.get_or_insert(error);
                        self.stop_all();
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    let now = self.progress();
                    if now != last {
                        (last, since) = (now, Instant::now());
                    } else if since.elapsed() > PATIENCE {
                        self.tell_who_waits();
                        since = Instant::now();
                    }
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        back.sort_by_key(|actor| actor.id);
        (back, failure)
    }

    /// Where a stop was asked for and came between two firings.
    fn stopped(&self, actors: &[Actor]) -> Option<SettleError> {
        let unfinished = actors.iter().find(|actor| actor.next(&self.shared) != Next::Finished)?;
        let (id, firing) = (unfinished.id, unfinished.fired + 1);
        let asked = self.shared.gate.stop.is_requested();
        asked.then(|| SettleError::Stopped { population: self.shared.wiring.population(id).name.clone(), firing })
    }

    fn stop_all(&self) {
        if !self.stop.swap(true, Ordering::AcqRel) {
            match &self.mailboxes {
                Mailboxes::Threads(mailboxes) => mailboxes.wake_all(),
                Mailboxes::Tasks(mailboxes) => mailboxes.wake_all(),
            }
        }
    }

    fn progress(&self) -> u64 {
        self.shared.fired.iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }

    fn tell_who_waits(&self) {
        let wiring = &self.shared.wiring;
        for (id, spec) in wiring.populations() {
            let inlet = self.shared.waiting[id.0].load(Ordering::Relaxed);
            let link = wiring.arriving(id).find(|link| inlet > 0 && link.inlet as u64 == inlet - 1);
            if let Some(link) = link {
                let sender = &wiring.population(link.from).name;
                tracing::warn!("no progress for {PATIENCE:?}: \"{}\" waits for a message of \"{sender}\"", spec.name);
            }
        }
    }
}

/// Puts every population and activity back where it was, and collects what was counted.
fn take_back(
    network: &mut Network,
    activities: &mut Activities,
    notes: &mut Notes,
    still: Vec<(usize, crate::population::AnyPopulation, crate::population::AnyActivity)>,
    actors: Vec<Actor>,
    measure: Measure,
) -> (Vec<Vec<Firing>>, Ran) {
    let wiring = Arc::clone(network.wiring());
    let populations = wiring.populations.len();
    let mut own = vec![Vec::new(); populations];
    let none = || vec![0; populations];
    let mut ran = Ran { counts: none(), depths: none(), ..Ran::default() };
    let mut traces = Vec::new();
    let mut all = still;
    let mut energies = Vec::new();
    for mut actor in actors {
        let id = actor.id;
        notes.movement[id.0] = actor.movement;
        for (sum, part) in notes.traffic.iter_mut().zip(&actor.traffic) {
            sum.merge(part);
        }
        own[id.0] = std::mem::take(&mut actor.firings);
        (ran.counts[id.0], ran.depths[id.0]) = (actor.fired, actor.depth);
        notes.operations += actor.operations;
        ran.work.push(PopulationWork {
            population: wiring.population(id).name.clone(),
            firings: actor.fired,
            computing: actor.computing,
            waiting: actor.waited,
        });
        traces.extend(actor.recorder.map(Recorder::into_trace));
        if !actor.energies.is_empty() {
            energies.push((actor.fired as usize, actor.energies));
        }
        all.push((id.0, actor.population, actor.activity));
    }
    all.sort_by_key(|(i, _, _)| *i);
    for (_, population, activity) in all {
        network.populations_mut().push(population);
        activities.lanes_mut()[0].activities.push(activity);
    }
    ran.trace = trace::of_actors(traces.into_iter());
    if measure == Measure::EveryStep {
        notes.energies = interleave(&energies);
    }
    (own, ran)
}

/// From one list for each population to measurement by measurement; as many as all populations have.
fn interleave(energies: &[(usize, Vec<f64>)]) -> Vec<f64> {
    let measurements = energies.iter().map(|(firings, _)| *firings).min().unwrap_or(0);
    let of = |n: usize| {
        energies.iter().flat_map(move |(firings, values)| {
            let shards = values.len() / (*firings).max(1);
            &values[n * shards..(n + 1) * shards]
        })
    };
    (0..measurements).flat_map(of).copied().collect()
}
