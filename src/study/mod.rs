//! Studies: the mathematics by which runs are compared, by which a circuit is judged before it runs, and the written answer.
//!
//! [`stability`] linearises a settled circuit and says what its settling bears; [`statistics`] says how sure a difference
//! between runs is. A study file ([`mod@file`]) is checked into a [`Study`] with the points of its grid, each with a circuit of
//! its own; [`run`] works through points and [`report`] writes the answer as one page. Nothing here prints, and nothing here decides who fires when.

mod check;
pub mod file;
mod plan;
pub mod report;
pub mod run;
mod runs;
pub mod stability;
pub mod statistics;
mod tree;

pub use plan::{Axis, GridPoint, MOST_POINTS, PointError, Study, StudyCircuit};
