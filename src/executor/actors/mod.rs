//! `Bounded` and `Free`: populations as actors, with nobody who tells them when to fire.
//!
//! `inbox` keeps what has come, `pace` says when an actor fires, `actor` is one population with both, `carrier` is what
//! gives actors a thread of their own and carries messages between them (`threads`, `tasks`), `coordinator` listens to
//! them until all are back, and `lend` moves populations out of the network and puts them back.

mod actor;
mod carrier;
mod coordinator;
mod depth;
mod inbox;
pub(super) mod lend;
mod message;
pub(super) mod pace;
mod shared;
mod tasks;
mod threads;
