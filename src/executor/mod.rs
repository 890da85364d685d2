//! Executors: who fires when, and what carries the messages.
//!
//! | schedule | meaning | promise |
//! |---|---|---|
//! | `Synchronous` | T times: all error populations fire on what the states last sent, then all state populations update on what the errors just sent | the reference; same bits for any number of worker threads |
//! | `Bounded(staleness: s)` | actors; a firing uses on every inlet the newest message that lock-step would already have sent, at most s firings older than the one it would use | s = 0 gives the bits of Synchronous |
//! | `Free(fire: ...)` | actors at full speed, newest message wins, every state population makes T updates; `fire` says what it waits for | ends; staleness measured and reported |
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
//! # Where what is
//!
//! | file | holds |
//! |---|---|
//! | `options`, `outcome`, `error` | what a run is asked, what it leaves, what can go wrong |
//! | `settler`, `closing` | one episode: picks the driver, and closes the books |
//! | `plan` | who can fire in an episode, and which links matter |
//! | `account`, `ledger` | what each figure means, and the one bookkeeper who counts |
//! | `turn`, `orders/` | schedules that are known beforehand, as lazy sequences of firings: sweeps, virtual time, logs |
//! | `dealing` | lanes dealt to the ranks of a job |
//! | `homes`, `placing`, `readout` | populations spread over the ranks of a job, where by measured cost, and the readout that brings them together |
//! | `lane`, `lockstep`, `timeline` | drivers on shared memory: moves, lock-step, and any order of turns |
//! | `actors/` | `Bounded` and `Free`: populations as actors, on threads or tasks |
//! | `quiet`, `knowledge` | when nothing moves any more and nothing is under way |
//! | `bearing`, `roundtrip` | step sizes that lateness and stiffness bear |
//! | `onset`, `past` | where states begin, and what is carried from frame to frame |
//! | `gate`, `faults`, `observer` | what every firing passes: stops, planted trouble, those who watch |
//! | `log`, `trace`, `rounds` | what is written down |
//!
//! A new schedule is a file in `orders/` and a line in `settler`.

mod account;
mod actors;
mod agreement;
mod bearing;
mod closing;
mod dealing;
mod energy;
mod error;
mod faults;
mod gate;
mod homes;
mod knowledge;
mod lane;
mod ledger;
mod lockstep;
mod log;
mod observer;
mod onset;
mod options;
mod orders;
mod outcome;
mod past;
mod placing;
mod plan;
mod quiet;
mod readout;
mod rounds;
mod roundtrip;
mod settler;
mod sync;
mod timeline;
mod trace;
mod turn;

pub use account::{AGES, Account, LinkAccount, NeverHeard, PopulationAccount};
pub use error::SettleError;
#[cfg(feature = "testing")]
pub use faults::Fault;
pub use gate::StopFlag;
pub use homes::place_by_cost;
pub use log::{DeliveryLog, Firing};
pub use observer::{Observed, Observer};
pub use onset::NoiseKey;
pub use options::{Measure, Presentation, Purpose, SettleOptions};
pub use outcome::{Energies, Settled};
pub use past::{Recalled, recalled};
pub use placing::{Placement, place_by_time};
pub use settler::Settler;
pub use trace::{Trace, TracedFiring, TracedWait};
