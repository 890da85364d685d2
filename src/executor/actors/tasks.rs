//! Actors on tokio tasks: one task for each population, and a tokio channel into each inbox.
//!
//! What happens before what is as in `threads`. A firing runs inside its task and does not yield; a task that waits
//! gives its worker to another. The runtime is kept between episodes.

use super::actor::{Actor, Next, Report};
use super::carrier::{Carrier, Door, turn};
use super::message::{Message, heed};
use super::shared::Shared;
use crate::circuit::wiring::PopulationId;
use crate::executor::error::SettleError;
use crate::executor::sync::{Ordering, Sender};
use std::sync::Arc;
use std::time::Instant;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// A runtime that waits for populations, and the channels of a run.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    runtime: Option<Runtime>,
    outboxes: Arc<Vec<UnboundedSender<Message>>>,
    /// A task locks its inbox for as long as it lives; nobody else does.
    inboxes: Vec<Arc<Mutex<UnboundedReceiver<Message>>>>,
}

impl Carrier for Tasks {
    fn open(&mut self, populations: usize, _actors: usize) -> Result<(), SettleError> {
        if self.runtime.is_none() {
            let workers = rayon::current_num_threads();
            can_spawn(workers)?;
            let runtime = Builder::new_multi_thread().worker_threads(workers).thread_name("gncn-task").build();
            self.runtime = Some(runtime.map_err(|cause| SettleError::Spawn { cause: cause.to_string() })?);
        }
        let (outboxes, inboxes): (Vec<_>, Vec<_>) = (0..populations).map(|_| unbounded_channel()).unzip();
        self.outboxes = Arc::new(outboxes);
        self.inboxes = inboxes.into_iter().map(|inbox| Arc::new(Mutex::new(inbox))).collect();
        Ok(())
    }

    fn start(&mut self, actors: Vec<Actor>, shared: &Arc<Shared>, reports: &Sender<Report>) {
        let runtime = self.runtime.as_ref().expect("a runtime was opened");
        for actor in actors {
            let (inbox, outboxes) = (Arc::clone(&self.inboxes[actor.id.0]), Arc::clone(&self.outboxes));
            runtime.spawn(live(actor, Arc::clone(shared), inbox, outboxes, reports.clone()));
        }
    }

    fn drain(&mut self, id: PopulationId, take: &mut dyn FnMut(Message)) {
        let mut inbox = self.inboxes[id.0].try_lock().expect("a task lets go of its inbox before it hands itself back");
        while let Ok(message) = inbox.try_recv() {
            take(message);
        }
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

/// Whether the system gives so many threads at once. The runtime can't be asked: where it is given some of its threads and
/// not the others, it waits for ever for those.
fn can_spawn(threads: usize) -> Result<(), SettleError> {
    let (open, shut) = std::sync::mpsc::channel::<()>();
    let shut = Arc::new(std::sync::Mutex::new(shut));
    let wait = || {
        let shut = Arc::clone(&shut);
        // Until the other end is gone, whoever holds the lock.
        move || drop(shut.lock().map(|shut| shut.recv()))
    };
    let spawned: Result<Vec<_>, _> = (0..threads).map(|_| std::thread::Builder::new().spawn(wait())).collect();
    drop(open);
    let threads = spawned.map_err(|cause| SettleError::Spawn { cause: cause.to_string() })?;
    // They do nothing that could panic.
    threads.into_iter().for_each(|thread| drop(thread.join()));
    Ok(())
}

/// The life of an actor, until it has finished, failed or is stopped.
async fn live(
    mut actor: Actor,
    shared: Arc<Shared>,
    inbox: Arc<Mutex<UnboundedReceiver<Message>>>,
    outboxes: Arc<Vec<UnboundedSender<Message>>>,
    reports: Sender<Report>,
) {
    let mut inbox = inbox.lock().await;
    let result = loop {
        let come = std::iter::from_fn(|| inbox.try_recv().ok());
        if heed(come, |message| actor.take(message), &shared.stop) {
            break Ok(());
        }
        // A receiver that is gone needs no message.
        match turn(&mut actor, &shared, &reports, |to, message| drop(outboxes[to.0].send(message))) {
            Ok(Next::Fire) => tokio::task::yield_now().await,
            Ok(Next::Finished) => break Ok(()),
            Ok(Next::Wait(inlet)) => {
                let start = Instant::now();
                shared.waiting[actor.id.0].store(inlet as u64 + 1, Ordering::Relaxed);
                let message = inbox.recv().await;
                shared.waiting[actor.id.0].store(0, Ordering::Relaxed);
                actor.waited_for(inlet, start);
                match message {
                    // Who is woken would run before those that have waited longer, so that two populations that answer each
                    // other fast would make all of their updates while the slow ones wait for a worker.
                    Some(message) => {
                        actor.take(message);
                        tokio::task::yield_now().await;
                    }
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
