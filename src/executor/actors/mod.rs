//! `Bounded` and `Free`: populations as actors, with nobody who tells them when to fire.
//!
//! `inbox` keeps what has come, `pace` says when an actor fires, `actor` is one population with both, `carrier` is what
//! gives actors a thread of their own and carries messages between them (`threads`, `tasks`), `coordinator` listens to
//! them until all are back, and `lend` moves populations out of the network and puts them back.
//!
//! Where populations are spread over the ranks of a job, each rank has all of this for its own: `afar` is where messages to
//! the others leave, `postman` carries them as `wire` writes them, `assembly` is how coordinators come to one decision
//! (`standing`), and `returning` is how every rank comes to have what all populations did.

mod actor;
mod afar;
mod assembly;
mod carrier;
mod coordinator;
mod depth;
mod inbox;
pub(super) mod lend;
mod message;
pub(super) mod pace;
mod postman;
mod returning;
mod shared;
mod standing;
mod tasks;
mod threads;
mod wire;
