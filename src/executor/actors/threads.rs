//! Actors on OS threads: one thread for each population, kept alive between episodes, and a crossbeam channel into each
//! inbox.
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

use super::actor::{Actor, Next, Report};
use super::carrier::{Carrier, Door, turn};
use super::message::{Message, heed};
use super::shared::Shared;
use crate::circuit::wiring::PopulationId;
use crate::executor::error::SettleError;
use crate::executor::sync::{Ordering, Receiver, Sender, thread, unbounded};
use std::sync::Arc;
use std::time::Instant;

type Job = Box<dyn FnOnce() + Send>;

/// Threads that wait for populations, and the channels of a run.
#[derive(Debug, Default)]
pub(super) struct Threads {
    workers: Vec<(Sender<Job>, thread::JoinHandle<()>)>,
    /// Unbounded, because a full inbox in a ring of actors would be a deadlock; the quota bounds what can be in one. They
    /// outlive a stop, so that a run can go on with what was under way.
    outboxes: Arc<Vec<Sender<Message>>>,
    inboxes: Vec<Receiver<Message>>,
}

impl Carrier for Threads {
    fn open(&mut self, populations: usize, actors: usize) -> Result<(), SettleError> {
        while self.workers.len() < actors {
            self.workers.push(worker()?);
        }
        let (outboxes, inboxes) = (0..populations).map(|_| unbounded()).unzip();
        (self.outboxes, self.inboxes) = (Arc::new(outboxes), inboxes);
        Ok(())
    }

    fn start(&mut self, actors: Vec<Actor>, shared: &Arc<Shared>, reports: &Sender<Report>) {
        assert!(actors.len() <= self.workers.len(), "threads were reserved");
        for (actor, (jobs, _)) in actors.into_iter().zip(&self.workers) {
            let (inbox, outboxes) = (self.inboxes[actor.id.0].clone(), Arc::clone(&self.outboxes));
            let (shared, reports) = (Arc::clone(shared), reports.clone());
            let job: Job = Box::new(move || live(actor, &shared, &inbox, &outboxes, &reports));
            // A worker lives as long as its channel, which is held here.
            let _ = jobs.send(job);
        }
    }

    fn drain(&mut self, id: PopulationId, take: &mut dyn FnMut(Message)) {
        self.inboxes[id.0].try_iter().for_each(take);
    }

    fn door(&self) -> Door {
        let outboxes = Arc::clone(&self.outboxes);
        // A receiver that is gone needs no message.
        Box::new(move |to, message| drop(outboxes[to.0].send(message)))
    }

    fn wake_all(&self) {
        for outbox in self.outboxes.iter() {
            // A receiver that is gone needs no waking.
            let _ = outbox.send(Message::Wake);
        }
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        for (jobs, handle) in self.workers.drain(..) {
            drop(jobs);
            // Jobs catch their panics, so a worker has nothing to tell.
            let _ = handle.join();
        }
    }
}

fn worker() -> Result<(Sender<Job>, thread::JoinHandle<()>), SettleError> {
    let (sender, receiver) = unbounded::<Job>();
    let body = move || receiver.into_iter().for_each(|job| job());
    let handle = thread::Builder::new().name("gncn-population".to_owned()).spawn(body);
    let handle = handle.map_err(|cause| SettleError::Spawn { cause: cause.to_string() })?;
    Ok((sender, handle))
}

/// The life of an actor, until it has finished, failed or is stopped.
fn live(
    mut actor: Actor,
    shared: &Shared,
    inbox: &Receiver<Message>,
    outboxes: &[Sender<Message>],
    reports: &Sender<Report>,
) {
    let result = loop {
        if heed(inbox.try_iter(), |message| actor.take(message), &shared.stop) {
            break Ok(());
        }
        // A receiver that is gone needs no message.
        match turn(&mut actor, shared, reports, |to, message| drop(outboxes[to.0].send(message))) {
            Ok(Next::Fire) => {}
            Ok(Next::Finished) => break Ok(()),
            Ok(Next::Wait(inlet)) => {
                let start = Instant::now();
                shared.waiting[actor.id.0].store(inlet as u64 + 1, Ordering::Relaxed);
                let message = inbox.recv();
                shared.waiting[actor.id.0].store(0, Ordering::Relaxed);
                actor.waited_for(inlet, start);
                match message {
                    Ok(message) => actor.take(message),
                    Err(_) => break Ok(()),
                }
            }
            Err(error) => break Err(error),
        }
    };
    // The coordinator hears every report out, unless it is gone itself.
    let _ = reports.send(Report::Back(Box::new(actor), result));
}
