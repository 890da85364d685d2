//! Executors: who fires when, and what carries the messages.
//!
//! | schedule | meaning | promise |
//! |---|---|---|
//! | `Synchronous` | T times: all error populations fire on what the states last sent, then all state populations update on what the errors just sent | the reference; same bits for any number of worker threads |
//! | `Bounded(staleness: s)` | actors; a firing uses on every inlet the newest message that lock-step would already have sent, at most s firings older than the one it would use | s = 0 gives the bits of Synchronous |
//! | `Free` | actors at full speed, newest message wins, every state population makes T updates | ends; staleness measured and reported |
//! | `Sweep(order: [...])` | T times: the listed populations one after another, each on all that was sent before it | the bits of the same order under VirtualTime |
//! | `VirtualTime(...)` | seeded discrete-event time: clocks, jitter, delays, loss, lesions | same bits for the same seed; unit clocks and no delay give the bits of Synchronous |
//! | `Replay(file)` | a recorded run again | the bits of the recorded run |
//!
//! Which test of `tests/suite/` holds which promise:
//!
//! | promise | tests |
//! |---|---|
//! | bits of Synchronous, of a sweep's twin, of a seed, of a replay; the bound; all updates | `conformance::every_promise_holds_on_the_golden_circuits`, `..._on_random_circuits`, `..._on_a_trained_circuit`, `recorded_free_runs_replay_to_the_same_bits` |
//! | the meaning of virtual time | `conformance::virtual_time_matches_the_reference_and_its_seed` |
//! | any number of worker threads | `determinism` |
//! | quiet is neither early nor never | `quiet::quiet_is_neither_early_nor_never`, `quiet::free_runs_stop_neither_early_nor_never` |
//! | the right error or a finished run, never a hang | `chaos::a_panic_anywhere_ends_every_run_with_its_name`, `a_late_population_changes_no_promised_bit`, `loss_and_lesions_end_no_run_and_hang_none`, `random_trouble_ends_with_the_right_error_or_a_finished_run` |
//! | no allocation per firing, once warm | `allocations` |
//! | a stop ends every run, and no thread is left | `chaos::a_stop_ends_every_run_within_a_second`, `chaos::no_thread_is_left` |
//!
//! An executor sees populations through their contract only. All of them run the same episode: populations at rest,
//! the schedule, then one readout, at which every state population has published and every error population fires
//! once, so that predictions, mismatches and learning refer to the same settled states.
//!
//! `lockstep` is the reference. `sweep` and `virtual_time` write their run down as a delivery log (`log`) before anything
//! fires, since which message a firing uses never depends on values, and `timeline` runs logs, recorded ones as well.
//! `actor` is the mind of `Bounded` and `Free`, `threads` and `tasks` drive it, and `coordinator` lends populations to
//! them and gets them back. `quiet` says when nothing moves any more; `traffic` counts; `trace` keeps every firing; `gate`
//! is what a firing passes: stop requests, and faults that tests plant.

mod actor;
mod coordinator;
mod error;
mod gate;
mod lane;
mod lockstep;
mod log;
mod quiet;
mod settler;
mod shared;
mod sweep;
mod tasks;
mod threads;
mod timeline;
mod trace;
mod traffic;
mod virtual_time;

pub use error::SettleError;
#[cfg(feature = "testing")]
pub use gate::Fault;
pub use gate::StopFlag;
pub use log::{DeliveryLog, Firing};
pub use settler::{Energies, Measure, SettleOptions, Settled, Settler};
pub use trace::{Trace, TracedFiring, TracedWait};
pub use traffic::{AGES, LinkTraffic, PopulationWork};
