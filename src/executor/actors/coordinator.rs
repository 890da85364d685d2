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
//!
//! **Several ranks** each have a coordinator with the actors of its own populations. Where a line above says all actors, all
//! actors of all ranks are meant: the coordinators come together after each life of their actors, and after each half of
//! a step that confirms quiet, and decide by the same words (`assembly`, `standing`).

use super::actor::{Actor, Next, Report};
use super::afar::FiredWord;
use super::assembly::Assembly;
use super::carrier::Carrier;
use super::shared::Shared;
use super::standing::{Outlook, Standing, first_failure, outlook};
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

/// How many reports may be under way to the coordinator. Bounded, so that actors can't run far ahead of what the coordinator
/// knows; it always listens.
pub(super) const REPORTS_UNDER_WAY: usize = 32;

/// One run of actors.
pub(super) struct Coordinator<'a> {
    pub(super) carrier: &'a mut dyn Carrier,
    pub(super) shared: Arc<Shared>,
    pub(super) quiet: QuietWatch,
    /// The coordinators of other ranks, where there are any.
    pub(super) assembly: Option<Assembly>,
    /// Lives of the actors so far.
    pub(super) lives: u64,
    /// The place of the last firing of all ranks, as of when they came together last.
    pub(super) last: u64,
}

/// What is known of actors that live.
struct Life {
    back: Vec<Actor>,
    failure: Option<SettleError>,
    /// The last progress that was seen, and when.
    progress: (u64, Instant),
}

impl Life {
    fn new(shared: &Shared) -> Self {
        Self { back: Vec::new(), failure: None, progress: (shared.progress(), Instant::now()) }
    }
}

impl Coordinator<'_> {
    /// Runs until a line of the module's first table ends it; says whether all is quiet.
    pub(super) fn run(&mut self, mut actors: Vec<Actor>) -> (Vec<Actor>, Result<bool, SettleError>) {
        loop {
            let failure;
            (actors, failure) = self.let_live(actors);
            let own = self.standing(&actors, failure);
            let result = match outlook(&self.come_together(own)) {
                Outlook::GoOn => continue,
                Outlook::Quiet if self.shared.asked.pace.is_free() => match self.confirm(&mut actors) {
                    Ok(false) => continue,
                    result => result,
                },
                Outlook::Quiet => Ok(true),
                Outlook::Over(result) => result.map(|()| false),
            };
            self.drain(&mut actors);
            return (actors, result);
        }
    }

    /// Lets actors live until every one is back; the first failure that was heard of.
    fn let_live(&mut self, actors: Vec<Actor>) -> (Vec<Actor>, Option<SettleError>) {
        let expected = actors.len();
        let (reports, heard) = match &self.assembly {
            Some(assembly) => (assembly.reports.clone(), assembly.heard.clone()),
            None => bounded(REPORTS_UNDER_WAY),
        };
        self.lives += 1;
        self.shared.stop.store(false, Ordering::Release);
        self.carrier.start(actors, &self.shared, &reports);
        drop(reports);
        let mut life = Life::new(&self.shared);
        self.listen(&heard, &mut life, |_, life| life.back.len() == expected);
        life.back.sort_by_key(|actor| actor.id);
        (life.back, life.failure)
    }

    /// How this rank stands, its actors being back.
    fn standing(&self, actors: &[Actor], failure: Option<SettleError>) -> Standing {
        let unfinished = actors.iter().find(|actor| actor.next(&self.shared) != Next::Finished);
        Standing {
            failure,
            unfinished: unfinished.map(|actor| self.stopped(actor)),
            is_stopped: self.shared.gate.stop.is_requested(),
            ..Standing::default()
        }
    }

    fn stopped(&self, actor: &Actor) -> SettleError {
        let population = self.shared.wiring.population(actor.id).name.clone();
        SettleError::Stopped { population, firing: actor.fired + 1 }
    }

    /// How all ranks stand, when all have said so: see `assembly`.
    fn come_together(&mut self, mut own: Standing) -> Vec<Standing> {
        own.last = self.shared.last();
        let all = match &self.assembly {
            None => {
                own.is_quiet = self.quiet.is_quiet();
                vec![own]
            }
            Some(assembly) => {
                let (leads, heard) = (assembly.leads(), assembly.heard.clone());
                if !leads {
                    assembly.say(&own);
                }
                let mut life = Life::new(&self.shared);
                self.listen(&heard, &mut life, |this, _| this.missing().is_empty());
                let is_quiet = self.quiet.is_quiet();
                let assembly = self.assembly.as_mut().expect("as before");
                if leads {
                    own.is_quiet = is_quiet;
                    assembly.say(&own);
                }
                assembly.all(own)
            }
        };
        self.last = all.iter().map(|standing| standing.last).max().unwrap_or(0);
        all
    }

    fn missing(&self) -> Vec<usize> {
        self.assembly.iter().flat_map(Assembly::missing).collect()
    }

    /// One step in lock-step on all that was sent: whether nobody moves by more than the tolerance in it, or leaves
    /// something untold.
    fn confirm(&mut self, actors: &mut [Actor]) -> Result<bool, SettleError> {
        let mut has_moved = false;
        for kind in [Kind::Error, Kind::State] {
            self.drain(actors);
            let mut own = Standing::default();
            for at in 0..actors.len() {
                if own.failure.is_none() && self.shared.wiring.population(actors[at].id).kind == kind {
                    own.failure = self.fire_now(actors, at).err();
                    own.has_moved |= !self.quiet.allows(actors[at].notes.movement) || actors[at].notes.behind;
                }
            }
            let all = self.come_together(own);
            if let Some(failure) = first_failure(&all) {
                return Err(failure);
            }
            has_moved |= all.iter().any(|standing| standing.has_moved);
        }
        Ok(!has_moved)
    }

    /// Every actor takes in what has been brought to it.
    fn drain(&mut self, actors: &mut [Actor]) {
        for actor in actors {
            self.carrier.drain(actor.id, &mut |message| actor.take(message));
        }
    }

    /// A firing on the coordinator's own thread; a panic in it becomes an error.
    fn fire_now(&mut self, actors: &mut [Actor], at: usize) -> Result<(), SettleError> {
        let (id, fired) = (actors[at].id, actors[at].fired);
        if actors[at].is_lesioned(&self.shared) {
            return Ok(());
        }
        let shared = Arc::clone(&self.shared);
        let (mut sent, mut reports) = (Vec::new(), Vec::new());
        let body = AssertUnwindSafe(|| {
            actors[at].act_now(&shared, |report| reports.push(report), |to, message| sent.push((to, message)))
        });
        catch_unwind(body).unwrap_or_else(|panic| Err(shared.panicked(id, fired, &*panic)))?;
        for report in reports {
            self.take_note(report);
        }
        for (to, message) in sent {
            match (shared.away(to), actors.iter_mut().find(|actor| actor.id == to)) {
                (Some(afar), _) => afar.post(to, message),
                (None, Some(receiver)) => receiver.take(message),
                (None, None) => {}
            }
        }
        Ok(())
    }

    /// Hears reports until it is `over`.
    fn listen(&mut self, heard: &Receiver<Report>, life: &mut Life, over: impl Fn(&Self, &Life) -> bool) {
        while !over(self, life) {
            if self.shared.gate.stop.is_requested() {
                // Somebody's next firing says so; who waits is woken.
                self.call_back();
            }
            if self.assembly.as_ref().is_some_and(|assembly| assembly.is_called(self.lives)) {
                self.wake();
            }
            match heard.recv_timeout(GLANCE) {
                Ok(Report::Back(actor, result)) => {
                    life.back.push(*actor);
                    if let Err(error) = result {
                        life.failure.get_or_insert(error);
                        self.call_back();
                    }
                }
                Ok(report) => {
                    self.take_note(report);
                    if self.quiet.is_quiet() {
                        self.call_back();
                    }
                }
                Err(RecvTimeoutError::Timeout) => self.look_for_progress(life),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
    }

    /// Takes note of a firing, or of what another rank says.
    fn take_note(&mut self, report: Report) {
        let Self { quiet, assembly, .. } = self;
        let each = |word: FiredWord| {
            quiet.fired(PopulationId(word.id.0), word.handed.into_iter(), (word.movement, word.behind));
        };
        match (report, assembly) {
            (Report::Fired(word), Some(assembly)) => assembly.fired(word, each),
            (Report::Fired(word), None) => {
                let mut each = each;
                each(word);
            }
            (Report::Afar(from, word), Some(assembly)) => assembly.hear(from, word, each),
            (Report::Afar(..) | Report::Back(..), _) => {}
        }
    }

    /// Wants all actors back, on all ranks.
    fn call_back(&mut self) {
        let life = self.lives;
        self.wake();
        if let Some(assembly) = &mut self.assembly {
            assembly.call(life);
        }
    }

    fn wake(&self) {
        if !self.shared.stop.swap(true, Ordering::AcqRel) {
            self.carrier.wake_all();
        }
    }

    fn look_for_progress(&self, life: &mut Life) {
        let now = self.shared.progress();
        if now != life.progress.0 {
            life.progress = (now, Instant::now());
        } else if life.progress.1.elapsed() > PATIENCE {
            self.tell_who_waits();
            life.progress.1 = Instant::now();
        }
    }

    fn tell_who_waits(&self) {
        let wiring = &self.shared.wiring;
        for (id, spec) in wiring.populations() {
            let inlet = self.shared.waiting[id.0].load(Ordering::Relaxed);
            let link = wiring.arriving(id).find(|link| inlet > 0 && link.inlet as u64 == inlet - 1);
            if let Some(link) = link {
                let sender = &wiring.population(link.from).name;
                let home =
                    self.shared.away(link.from).map(|afar| format!(", on rank {}", afar.homes().of[link.from.0]));
                let home = home.unwrap_or_default();
                tracing::warn!(
                    "no progress for {PATIENCE:?}: \"{}\" waits for a message of \"{sender}\"{home}",
                    spec.name
                );
            }
        }
    }
}
