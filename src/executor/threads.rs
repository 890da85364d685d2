//! `Bounded` and `Free` on OS threads: one thread for each population, kept alive between episodes, and a crossbeam
//! channel into each inbox.
//!
//! What happens before what:
//!
//! 1. the coordinator moves every population with its activity into its thread;
//! 2. a firing happens before its messages are sent, and a message is sent before it is received, so that a receiver
//!    sees whole vectors only, and per link in the order of sending;
//! 3. an actor reports a firing before it sends that firing's messages: the coordinator hears of firings in an order in
//!    which senders come before receivers;
//! 4. the last report of every thread hands its population back, and the coordinator goes on only when all have.
//!
//! Everything else may overlap. On entry and on exit the coordinator owns every population, and no thread runs any.

use super::actor::{Actor, Message, Next, Report, heed};
use super::error::SettleError;
use super::shared::Shared;
use crate::circuit::wiring::PopulationId;
use crossbeam_channel::{Receiver, Sender, unbounded};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Instant;

/// Channels of a run; they outlive a stop, so that a run can go on with what was under way.
#[derive(Debug)]
pub(super) struct Mailboxes {
    senders: Arc<Vec<Sender<Message>>>,
    receivers: Vec<Receiver<Message>>,
}

impl Mailboxes {
    /// Unbounded, because a full inbox in a ring of actors would be a deadlock; the quota bounds what can be in one.
    pub(super) fn new(populations: usize) -> Self {
        let (senders, receivers) = (0..populations).map(|_| unbounded()).unzip();
        Self { senders: Arc::new(senders), receivers }
    }

    /// Hands over what is under way to an actor that does not run.
    pub(super) fn drain(&self, id: PopulationId, take: impl FnMut(Message)) {
        self.receivers[id.0].try_iter().for_each(take);
    }

    pub(super) fn wake_all(&self) {
        for sender in self.senders.iter() {
            // A receiver that is gone needs no waking.
            let _ = sender.send(Message::Wake);
        }
    }
}

type Job = Box<dyn FnOnce() + Send>;

/// Threads that wait for populations.
#[derive(Debug, Default)]
pub(super) struct Pool {
    workers: Vec<(Sender<Job>, JoinHandle<()>)>,
}

impl Pool {
    /// Sees to it that there is a thread for each of so many actors, before any population is lent.
    pub(super) fn reserve(&mut self, actors: usize) -> Result<(), SettleError> {
        while self.workers.len() < actors {
            self.workers.push(worker()?);
        }
        Ok(())
    }

    /// Hands every actor to a thread of its own; there are enough of them.
    pub(super) fn start(
        &self,
        actors: Vec<Actor>,
        shared: &Arc<Shared>,
        mailboxes: &Mailboxes,
        stop: &Arc<AtomicBool>,
        reports: &Sender<Report>,
    ) {
        assert!(actors.len() <= self.workers.len(), "threads were reserved");
        for (actor, (jobs, _)) in actors.into_iter().zip(&self.workers) {
            let inbox = mailboxes.receivers[actor.id.0].clone();
            let outboxes = Arc::clone(&mailboxes.senders);
            let (shared, stop, reports) = (Arc::clone(shared), Arc::clone(stop), reports.clone());
            let job: Job = Box::new(move || run(actor, &shared, &inbox, &outboxes, &stop, &reports));
            // A worker lives as long as its channel, which is held here.
            let _ = jobs.send(job);
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        for (jobs, handle) in self.workers.drain(..) {
            drop(jobs);
            // Jobs catch their panics, so a worker has nothing to tell.
            let _ = handle.join();
        }
    }
}

fn worker() -> Result<(Sender<Job>, JoinHandle<()>), SettleError> {
    let (sender, receiver) = unbounded::<Job>();
    let body = move || receiver.into_iter().for_each(|job| job());
    let handle = std::thread::Builder::new().name("gncn-population".to_owned()).spawn(body);
    let handle = handle.map_err(|cause| SettleError::Spawn { cause: cause.to_string() })?;
    Ok((sender, handle))
}

fn run(
    mut actor: Actor,
    shared: &Shared,
    inbox: &Receiver<Message>,
    outboxes: &[Sender<Message>],
    stop: &AtomicBool,
    reports: &Sender<Report>,
) {
    let body = AssertUnwindSafe(|| live(&mut actor, shared, inbox, outboxes, stop, reports));
    let result = catch_unwind(body).unwrap_or_else(|panic| Err(shared.panicked(actor.id, &*panic)));
    // The coordinator hears every report out, unless it is gone itself.
    let _ = reports.send(Report::Back(Box::new(actor), result));
}

/// The life of an actor, until it has finished or is stopped.
fn live(
    actor: &mut Actor,
    shared: &Shared,
    inbox: &Receiver<Message>,
    outboxes: &[Sender<Message>],
    stop: &AtomicBool,
    reports: &Sender<Report>,
) -> Result<(), SettleError> {
    while !heed(inbox.try_iter(), |message| actor.take(message), stop) {
        // A coordinator or receiver that is gone needs no message.
        let report = |report| drop(reports.send(report));
        let send = |to: PopulationId, message| drop(outboxes[to.0].send(message));
        match actor.act(shared, report, send)? {
            Next::Fire => {}
            Next::Finished => break,
            Next::Wait(inlet) => {
                let start = Instant::now();
                shared.waiting[actor.id.0].store(inlet as u64 + 1, Ordering::Relaxed);
                let message = inbox.recv();
                shared.waiting[actor.id.0].store(0, Ordering::Relaxed);
                actor.waited_for(inlet, start);
                match message {
                    Ok(message) => actor.take(message),
                    Err(_) => break,
                }
            }
        }
    }
    Ok(())
}
