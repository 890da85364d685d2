//! A circuit: the checked description of layers, projections, settling and learning.
//!
//! A [`Circuit`] is made from the text of a circuit file by [`Circuit::parse`] and is then known to be sound:
//! every name resolves, every number is in range, every column divides its layer. Nothing further in checks
//! again. This folder knows text and checked data only; it has never heard of a population at work.
//!
//! Order of reading: [`mod@file`] is the serde mirror of the text, `check` turns it into a [`Circuit`] or into all
//! of its mistakes at once, [`wiring`] says who talks to whom, and [`cost`] what that costs.

pub mod advice;
mod bare;
mod change;
pub(crate) mod check;
pub mod cost;
mod description;
mod downward;
pub(crate) mod error;
mod explain;
pub mod file;
mod ids;
mod listing;
pub mod options;
mod place;
pub(crate) mod places;
mod reach;
pub(crate) mod reader;
pub mod schedule;
mod shape;
mod text;
mod timing;
pub mod wiring;
mod writer;

pub use description::{Circuit, Layer, Learning, Projection};
pub use error::{CircuitError, Mistake};
pub use ids::{LayerId, PopulationId};
pub use place::PlaceLearning;
pub use schedule::{
    Change, Clock, Delay, ExecutorKind, Fire, Noise, Schedule, Settling, Stopping, TimeScale, VirtualTime,
};
pub use text::{parse_messages, parse_place};
