//! What carries messages between actors and lets each of them live: threads, or tasks. What is for other ranks is left with
//! `afar`, whichever it is.
//!
//! A carrier is a page of code, because it decides nothing: an actor says what to do next, and the coordinator when to
//! come back.

use super::actor::{Actor, Next, Report};
use super::message::Message;
use super::shared::Shared;
use crate::circuit::wiring::PopulationId;
use crate::executor::error::SettleError;
use crate::executor::sync::Sender;
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Lets actors live.
pub(super) trait Carrier: Debug + Send {
    /// Makes mailboxes for a run, and sees to it that there is a thread for every actor, before any population is lent.
    ///
    /// # Errors
    /// [`SettleError::Spawn`] where the system gives no thread.
    fn open(&mut self, populations: usize, actors: usize) -> Result<(), SettleError>;

    /// Lets every actor live until it has finished, failed or is stopped; each hands itself back in a last report.
    fn start(&mut self, actors: Vec<Actor>, shared: &Arc<Shared>, reports: &Sender<Report>);

    /// Hands over what is under way to an actor that does not live.
    fn drain(&mut self, id: PopulationId, take: &mut dyn FnMut(Message));

    /// Where messages of other ranks come in.
    fn door(&self) -> Door;

    /// Wakes everybody who waits.
    fn wake_all(&self);
}

/// Puts a message into the inbox of an actor of this run.
pub(super) type Door = Box<dyn Fn(PopulationId, Message) + Send>;

/// What an actor can do without waiting; a panic becomes an error. `send` gives a message to its receiver.
pub(super) fn turn(
    actor: &mut Actor,
    shared: &Shared,
    reports: &Sender<Report>,
    mut send: impl FnMut(PopulationId, Message),
) -> Result<Next, SettleError> {
    let (id, fired) = (actor.id, actor.fired);
    let send = |to, message| match shared.away(to) {
        Some(afar) => afar.post(to, message),
        None => send(to, message),
    };
    // A coordinator that is gone needs no report.
    let body = AssertUnwindSafe(|| actor.act(shared, |report| drop(reports.send(report)), send));
    catch_unwind(body).unwrap_or_else(|panic| Err(shared.panicked(id, fired, &*panic)))
}
