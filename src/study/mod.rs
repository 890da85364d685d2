//! Studies: a question that is put to circuits as a grid of settings, and its written answer.
//!
//! [`report`] writes the answer: one HTML page of plain data. Nothing here prints, and nothing here decides who fires when.

pub mod report;
