//! Studies: the mathematics by which runs are compared, and the written answer.
//!
//! [`statistics`] says how sure a difference
//! between runs is. A study file ([`mod@file`]) is checked into a [`Study`] with the points of its grid, each with a circuit of
//! its own; [`lay_out`] makes what [`run`] works through, [`findings`] are what was found beside the baseline, and [`report`]
//! writes it all as one page. Nothing here prints, and nothing here decides who fires when.

mod check;
pub mod file;
mod findings;
mod layout;
mod plan;
pub mod report;
pub mod run;
mod runs;
pub mod statistics;
mod tree;

pub use findings::findings;
pub use layout::lay_out;
pub use plan::{Axis, GridPoint, MOST_POINTS, PointError, Study, StudyCircuit};
