//! Executors: who fires when, and what carries the messages.
//!
//! | schedule | promise |
//! |---|---|
//! | `Synchronous` | the reference; the same bits for any number of worker threads |
//!
//! An executor sees populations through their contract only. All of them run the same episode: populations at rest,
//! the schedule, then one readout, at which every state population has published and every error population fires
//! once, so that predictions, mismatches and learning refer to the same settled states.

mod lane;
mod lockstep;
mod settler;

pub use settler::{Energies, Measure, SettleError, SettleOptions, Settled, Settler};
