//! Executors: who fires when, and what carries the messages.
//!
//! | schedule | meaning | promise |
//! |---|---|---|
//! | `Synchronous` | T times: all error populations fire on what the states last sent, then all states update on what the errors just sent | the reference; same bits for any number of worker threads |
//! | `Bounded(staleness: s)` | actors; a firing uses on every inlet the newest message that lock-step would already have sent, at most s firings older than the one it would use | s = 0 gives the bits of Synchronous |
//! | `Free` | actors at full speed, newest message wins, every state population makes T updates | ends; staleness measured and reported |
//! | `Sweep(order: [...])` | T times: the listed populations one after another, each on all that was sent before it | the bits of the same order under VirtualTime |
//! | `VirtualTime(...)` | seeded discrete-event time: clocks, jitter, delays, loss, lesions | same bits for the same seed; unit clocks and no delay give the bits of Synchronous |
//! | `Replay(file)` | a recorded run again | the bits of the recorded run |
//!
//! An executor sees populations through their contract only. All of them run the same episode: populations at rest,
//! the schedule, then one readout, at which every state population has published and every error population fires
//! once, so that predictions, mismatches and learning refer to the same settled states.
//!
//! `lockstep` is the reference. `sweep` and `virtual_time` write their run down as a delivery log (`log`) before anything
//! fires, since which message a firing uses never depends on values, and `timeline` runs logs, recorded ones as well.
//! `actor` is the mind of `Bounded` and `Free`, `threads` and `tasks` drive it, and `coordinator` lends populations to
//! them and gets them back. `quiet` says when nothing moves any more; `traffic` counts.

mod actor;
mod coordinator;
mod gate;
mod lane;
mod lockstep;
mod log;
mod quiet;
mod settler;
mod sweep;
mod tasks;
mod threads;
mod timeline;
mod trace;
mod traffic;
mod virtual_time;

pub use gate::{Fault, StopFlag};
pub use log::{DeliveryLog, Firing};
pub use settler::{Energies, Measure, SettleError, SettleOptions, Settled, Settler};
pub use trace::{Trace, TracedFiring, TracedWait};
pub use traffic::{AGES, LinkTraffic, PopulationWork};
