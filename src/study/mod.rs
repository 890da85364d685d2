//! Studies: the mathematics by which runs are compared, and by which a circuit is judged before it runs.
//!
//! [`stability`] linearises a settled circuit and says what its settling bears; [`statistics`] says how sure a difference
//! between runs is. A study file ([`mod@file`]) is checked into a [`Study`] with the points of its grid, each with a circuit of
//! its own. Nothing here prints, and nothing here decides who fires when.

mod check;
pub mod file;
mod plan;
mod runs;
pub mod stability;
pub mod statistics;
mod tree;

pub use plan::{Axis, GridPoint, MOST_POINTS, PointError, Study, StudyCircuit};
