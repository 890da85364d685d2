//! The tables of the paper: which runs they need, what is kept of each, and what is written beside what is published.
//!
//! Order: a [`PaperRequest`] says which table is wanted; [`PaperRequest::tables`] plans its rows and their trials;
//! [`jobs()`] says how far each trial is; whoever runs trials keeps a [`TrialRecord`] beside each; [`write_tables`] reads
//! the run folders and writes the tables. Nothing here trains or measures: a trial holds the command lines that do.

mod columns;
mod error;
mod files;
mod jobs;
mod models;
mod plan;
mod protocol;
mod published;
mod record;
mod render;
mod report;
mod summary;

pub use columns::{DataAtHand, DataColumn};
pub use error::PaperError;
pub use files::write_tables;
pub use jobs::{JobLine, TrialJob, counts, jobs, lines, remaining};
pub use models::{FittedCircuit, MODELS, PaperModel, settings};
pub use plan::{PaperRequest, PaperTable, PlannedRow, TableRows, Trial};
pub use protocol::{DRAWS, IS, Protocol};
pub use record::{TrialRecord, TrialState};
#[cfg(test)]
pub(crate) use render::tests::report as example;
pub use render::{Section, banners, markdown, sections, title};
pub use report::{CircuitReport, PaperReport, RowReport, TrialReport};
pub use summary::Summary;
