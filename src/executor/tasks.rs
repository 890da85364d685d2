//! `Bounded` and `Free` on tokio tasks: one task for each population, and a tokio channel into each inbox.
//!
//! What happens before what is as in `threads`. A firing runs inside its task and does not yield; a task that waits
//! gives its worker to another. The runtime is kept between episodes.

use super::actor::{Actor, Message, Next, Report, heed};
use super::error::SettleError;
use super::shared::Shared;
use crate::circuit::wiring::PopulationId;
use crossbeam_channel::Sender as Reports;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Channels of a run; they outlive a stop, so that a run can go on with what was under way.
#[derive(Debug)]
pub(super) struct Mailboxes {
    senders: Arc<Vec<UnboundedSender<Message>>>,
    /// A task locks its inbox for as long as it lives; nobody else does.
    receivers: Vec<Arc<Mutex<UnboundedReceiver<Message>>>>,
}

impl Mailboxes {
    pub(super) fn new(populations: usize) -> Self {
        let (senders, receivers): (Vec<_>, Vec<_>) = (0..populations).map(|_| unbounded_channel()).unzip();
        let receivers = receivers.into_iter().map(|receiver| Arc::new(Mutex::new(receiver))).collect();
        Self { senders: Arc::new(senders), receivers }
    }

    /// Hands over what is under way to an actor that does not run.
    pub(super) fn drain(&self, id: PopulationId, mut take: impl FnMut(Message)) {
        let mut inbox =
            self.receivers[id.0].try_lock().expect("a task lets go of its inbox before it hands itself back");
        while let Ok(message) = inbox.try_recv() {
            take(message);
        }
    }

    pub(super) fn wake_all(&self) {
        for sender in self.senders.iter() {
            // A receiver that is gone needs no waking.
            let _ = sender.send(Message::Wake);
        }
    }
}

/// A runtime that waits for populations.
#[derive(Debug, Default)]
pub(super) struct Pool {
    runtime: Option<Runtime>,
}

impl Pool {
    /// Sees to it that there is a runtime, before any population is lent.
    pub(super) fn reserve(&mut self) -> Result<(), SettleError> {
        if self.runtime.is_none() {
            let workers = rayon::current_num_threads();
            let runtime = Builder::new_multi_thread().worker_threads(workers).thread_name("gncn-task").build();
            self.runtime = Some(runtime.map_err(|cause| SettleError::Spawn { cause: cause.to_string() })?);
        }
        Ok(())
    }

    /// Hands every actor to a task of its own; there is a runtime.
    pub(super) fn start(
        &self,
        actors: Vec<Actor>,
        shared: &Arc<Shared>,
        mailboxes: &Mailboxes,
        stop: &Arc<AtomicBool>,
        reports: &Reports<Report>,
    ) {
        let runtime = self.runtime.as_ref().expect("a runtime was reserved");
        for actor in actors {
            let inbox = Arc::clone(&mailboxes.receivers[actor.id.0]);
            let outboxes = Arc::clone(&mailboxes.senders);
            let (shared, stop, reports) = (Arc::clone(shared), Arc::clone(stop), reports.clone());
            runtime.spawn(live(actor, shared, inbox, outboxes, stop, reports));
        }
    }
}

/// The life of an actor, until it has finished or is stopped.
async fn live(
    mut actor: Actor,
    shared: Arc<Shared>,
    inbox: Arc<Mutex<UnboundedReceiver<Message>>>,
    outboxes: Arc<Vec<UnboundedSender<Message>>>,
    stop: Arc<AtomicBool>,
    reports: Reports<Report>,
) {
    let mut inbox = inbox.lock().await;
    let result = loop {
        let come = std::iter::from_fn(|| inbox.try_recv().ok());
        if heed(come, |message| actor.take(message), &stop) {
            break Ok(());
        }
        match turn(&mut actor, &shared, &outboxes, &reports) {
            Ok(Next::Fire) => tokio::task::yield_now().await,
            Ok(Next::Finished) => break Ok(()),
            Ok(Next::Wait(inlet)) => {
                let start = Instant::now();
                shared.waiting[actor.id.0].store(inlet as u64 + 1, Ordering::Relaxed);
                let message = inbox.recv().await;
                shared.waiting[actor.id.0].store(0, Ordering::Relaxed);
                actor.waited_for(inlet, start);
                match message {
                    Some(message) => actor.take(message),
                    None => break Ok(()),
                }
            }
            Err(error) => break Err(error),
        }
    };
    drop(inbox);
    // The coordinator hears every report out, unless it is gone itself.
    let _ = reports.send(Report::Back(Box::new(actor), result));
}

/// What can be done without waiting; a panic becomes an error.
fn turn(
    actor: &mut Actor,
    shared: &Shared,
    outboxes: &[UnboundedSender<Message>],
    reports: &Reports<Report>,
) -> Result<Next, SettleError> {
    let id = actor.id;
    let body = AssertUnwindSafe(|| {
        // A coordinator or receiver that is gone needs no message.
        let report = |report| drop(reports.send(report));
        let send = |to: PopulationId, message| drop(outboxes[to.0].send(message));
        actor.act(shared, report, send)
    });
    catch_unwind(body).unwrap_or_else(|panic| Err(shared.panicked(id, &*panic)))
}
