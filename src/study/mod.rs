//! Studies: a question that is put to circuits as a grid of settings, and its written answer.
//!
//! [`run`] works through the points of a grid and keeps what was measured; [`report`] writes the answer: one HTML page of
//! plain data. Nothing here prints, and nothing here decides who fires when.

pub mod report;
pub mod run;
