//! The coordinator of `Bounded` and `Free`: lends populations to actors, listens, and gets every one of them back.
//!
//! **Every way out.** On entry, and on exit whatever the result, the network owns every population and no actor lives.
//! After each time that actors come back, the first line that holds decides:
//!
//! | what holds | what follows |
//! |---|---|
//! | an actor failed or panicked | the run fails with the first failure heard |
//! | every actor has finished, whether a stop was asked for or not | the run is over; a stop shows at the readout |
//! | a stop was asked for | the run fails as stopped, before the next firing of somebody who has one left |
//! | they were called back, and it is quiet | the run is over, and quiet |
//! | they were called back, and it is not | they go on with all that is under way |
//!
//! There is no other: actors come back by themselves only when they have finished or failed, and are called back only for
//! a failure, a stop, or quiet.
//!
//! **Quiet is exact.** What happens before what:
//!
//! 1. a firing is reported before its messages are sent, so that the coordinator hears of senders before it hears of
//!    those who used what they sent: what it knows is at every moment a state that the run could have been in;
//! 2. that state seems quiet (`quiet`) → the stop flag is raised and everybody is woken → every actor ends the firing
//!    under way, sends what it sent, reports, and hands itself back → the coordinator has every actor, every report and,
//!    in the mailboxes, every message: what it knows now is the state that the run *is* in;
//! 3. it still seems quiet → under `Free`, every actor takes in all that was sent to it → every error population fires →
//!    its messages are handed over → every free state population fires, on the newest mismatches of the newest states:
//!    a step as in lock-step, recorded as any firing. Nothing was in flight that it did not use. If nobody moved by more
//!    than the tolerance, that is quiet, and if somebody did, it was not;
//! 4. it was not, at 2 or at 3 → actors go on with all that is under way, nothing lost.
//!
//! So a run never stops early: what lock-step calls quiet holds of it. And it stops: once every state has come to rest
//! nothing in 2 and 3 can fail, each actor fires as long as somebody sends, and `depth` says why the run does not end
//! before by its updates being used up. Nothing may overlap with 3; in 1 and 2 firings may, and the order of reports
//! settles which came first. Under `Bounded` an inlet may not be brought up to the newest message, so 2 decides.

use super::actor::{Actor, Next, Report};
use super::carrier::Carrier;
use super::shared::Shared;
use crate::circuit::wiring::{Kind, PopulationId};
use crate::executor::error::SettleError;
use crate::executor::quiet::QuietWatch;
use crate::executor::sync::{Ordering, Receiver, RecvTimeoutError, bounded};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long nothing may happen before it is said who waits for whom.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often the coordinator looks whether a stop was asked for, where it hears nothing.
const GLANCE: Duration = Duration::from_millis(50);

/// How many reports may be under way to the coordinator.
const REPORTS_UNDER_WAY: usize = 32;

/// One run of actors.
pub(super) struct Coordinator<'a> {
    pub(super) carrier: &'a mut dyn Carrier,
    pub(super) shared: Arc<Shared>,
    pub(super) quiet: QuietWatch,
}

impl Coordinator<'_> {
    /// Runs until a line of the module's first table ends it; says whether all is quiet.
    pub(super) fn run(&mut self, mut actors: Vec<Actor>) -> (Vec<Actor>, Result<bool, SettleError>) {
        loop {
            let failure;
            (actors, failure) = self.let_live(actors);
            let unfinished = actors.iter().find(|actor| actor.next(&self.shared) != Next::Finished);
            let result = match (failure, unfinished) {
                (Some(failure), _) => Err(failure),
                (None, None) => Ok(false),
                (None, Some(actor)) if self.shared.gate.stop.is_requested() => Err(self.stopped(actor)),
                (None, Some(_)) if !self.quiet.is_quiet() => continue,
                (None, Some(_)) if self.shared.asked.pace.is_free() => match self.confirm(&mut actors) {
                    Ok(false) => continue,
                    result => result,
                },
                (None, Some(_)) => Ok(true),
            };
            for actor in &mut actors {
                self.carrier.drain(actor.id, &mut |message| actor.take(message));
            }
            return (actors, result);
        }
    }

    /// Lets actors live until every one is back; the first failure that was heard of.
    fn let_live(&mut self, actors: Vec<Actor>) -> (Vec<Actor>, Option<SettleError>) {
        let expected = actors.len();
        // Bounded, so that actors can't run far ahead of what the coordinator knows; it always listens.
        let (reports, heard) = bounded(REPORTS_UNDER_WAY);
        self.shared.stop.store(false, Ordering::Release);
        self.carrier.start(actors, &self.shared, &reports);
        drop(reports);
        self.listen(&heard, expected)
    }

    fn stopped(&self, actor: &Actor) -> SettleError {
        let population = self.shared.wiring.population(actor.id).name.clone();
        SettleError::Stopped { population, firing: actor.fired + 1 }
    }

    /// One step in lock-step on all that was sent: whether nobody moves by more than the tolerance in it, or leaves
    /// something untold.
    fn confirm(&mut self, actors: &mut [Actor]) -> Result<bool, SettleError> {
        for actor in &mut *actors {
            self.carrier.drain(actor.id, &mut |message| actor.take(message));
        }
        let (mut moved, mut behind) = (0.0_f32, false);
        for kind in [Kind::Error, Kind::State] {
            for at in 0..actors.len() {
                if self.shared.wiring.population(actors[at].id).kind == kind {
                    self.fire_now(actors, at)?;
                    moved = moved.max(actors[at].notes.movement);
                    behind |= actors[at].notes.behind;
                }
            }
        }
        Ok(self.quiet.allows(moved) && !behind)
    }

    /// A firing on the coordinator's own thread; a panic in it becomes an error.
    fn fire_now(&mut self, actors: &mut [Actor], at: usize) -> Result<(), SettleError> {
        let (id, fired) = (actors[at].id, actors[at].fired);
        if actors[at].is_lesioned(&self.shared) {
            return Ok(());
        }
        let (shared, quiet) = (&self.shared, &mut self.quiet);
        let mut sent = Vec::new();
        let body = AssertUnwindSafe(|| {
            actors[at].act_now(shared, |report| note(quiet, &report), |to, message| sent.push((to, message)))
        });
        catch_unwind(body).unwrap_or_else(|panic| Err(shared.panicked(id, fired, &*panic)))?;
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
        let (mut last, mut since) = (self.shared.progress(), Instant::now());
        while back.len() < expected {
            if self.shared.gate.stop.is_requested() {
                // Somebody's next firing says so; who waits is woken.
                self.call_back();
            }
            match heard.recv_timeout(GLANCE) {
                Ok(Report::Back(actor, result)) => {
                    back.push(*actor);
                    if let Err(error) = result {
                        failure.get_or_insert(error);
                        self.call_back();
                    }
                }
                Ok(report) => {
                    note(&mut self.quiet, &report);
                    if self.quiet.is_quiet() {
                        self.call_back();
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    let now = self.shared.progress();
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

    fn call_back(&self) {
        if !self.shared.stop.swap(true, Ordering::AcqRel) {
            self.carrier.wake_all();
        }
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

fn note(quiet: &mut QuietWatch, report: &Report) {
    if let Report::Fired { id, handed, movement, behind } = report {
        quiet.fired(PopulationId(id.0), handed.iter().copied(), (*movement, *behind));
    }
}
