//! The coordinator of `Bounded` and `Free`: lends populations to actors, listens, and gets every one of them back.
//!
//! Quiet is exact. The coordinator hears of firings in an order in which senders come before receivers, so that what it
//! knows is always a state that the run has really been in. Once that state is quiet it stops all actors, hears out
//! what they did in the meantime, and looks again: if it is still quiet, nothing is in flight that anybody would answer
//! to; if not, every actor goes on with all that was under way.

use super::actor::{Actor, Pace, Report, Shared};
use super::lane::Notes;
use super::lockstep::Plan;
use super::log::{self, Firing};
use super::quiet::QuietWatch;
use super::settler::{Measure, SettleError, SettleOptions};
use super::traffic::PopulationWork;
use super::{tasks, threads};
use crate::circuit::wiring::PopulationId;
use crate::circuit::{ExecutorKind, Settling, Stopping};
use crate::episode::Activities;
use crate::network::Network;
use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// How long nothing may happen before it is said who waits for whom.
const PATIENCE: Duration = Duration::from_secs(5);

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
pub(super) struct Ran {
    pub(super) firings: Vec<Firing>,
    pub(super) work: Vec<PopulationWork>,
    /// Firings of each population.
    pub(super) counts: Vec<u64>,
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
) -> Result<Ran, SettleError> {
    let wiring = Arc::clone(network.wiring());
    let populations = wiring.populations.len();
    let quiet = matches!(settling.stopping, Stopping::Quiet { .. });
    let shared = Arc::new(Shared {
        pace,
        messages: settling.messages,
        quota: settling.stopping.max_steps() as u64,
        together: plan.free_states.iter().filter(|_| quiet).map(|id| id.0).collect(),
        log: options.record || quiet,
        learn: options.learn,
        measure: options.measure == Measure::EveryStep && pace != Pace::Free,
        fired: (0..populations).map(|_| AtomicU64::new(0)).collect(),
        waiting: (0..populations).map(|_| AtomicU64::new(0)).collect(),
        layers: wiring.populations.iter().map(|p| network.circuit().layer(p.layer).name.clone()).collect(),
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
            actors.push(Actor::new(id, population, activity, &wiring, &plan.clamped));
        }
    }
    let (actors, result) = run.until_done(actors);
    let ran = take_back(network, activities, notes, still, actors, options.measure);
    result.map(|()| Ran { firings: log::in_order(ran.0, &wiring), ..ran.1 })
}

impl Run<'_> {
    /// Runs until all actors have finished, one has failed, or all is quiet.
    fn until_done(&mut self, mut actors: Vec<Actor>) -> (Vec<Actor>, Result<(), SettleError>) {
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
            if let Some(failure) = failure {
                return (actors, Err(failure));
            }
            let stopped = self.stop.load(Ordering::Acquire);
            if !stopped || self.quiet.is_quiet() {
                return (actors, Ok(()));
            }
        }
    }

    /// Hears reports until every actor is back.
    fn listen(&mut self, heard: &Receiver<Report>, expected: usize) -> (Vec<Actor>, Option<SettleError>) {
        let mut back: Vec<Actor> = Vec::with_capacity(expected);
        let mut failure = None;
        let mut last = self.progress();
        while back.len() < expected {
            match heard.recv_timeout(PATIENCE) {
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
                    if now == last {
                        self.tell_who_waits();
                    }
                    last = now;
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        back.sort_by_key(|actor| actor.id);
        (back, failure)
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
    let mut ran = Ran { firings: Vec::new(), work: Vec::new(), counts: vec![0; populations] };
    let mut all = still;
    let mut energies = Vec::new();
    for mut actor in actors {
        let id = actor.id;
        notes.movement[id.0] = actor.movement;
        for (sum, part) in notes.traffic.iter_mut().zip(&actor.traffic) {
            sum.merge(part);
        }
        own[id.0] = std::mem::take(&mut actor.firings);
        ran.counts[id.0] = actor.fired;
        ran.work.push(PopulationWork {
            population: wiring.population(id).name.clone(),
            firings: actor.fired,
            computing: actor.computing,
            waiting: actor.waited,
        });
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
