//! Running a study: points of a grid in, tables and the data of a report out.
//!
//! A [`StudyPlan`] lists checked circuits, the weights that they settle with, and what is shown to them. [`StudyRun`] works
//! through it and keeps every finished point as a line of a journal that is synced before the next point begins, so that a
//! process killed at any instant goes on with the point that it was at. Tables are made from the journal alone, and so are
//! the same whether or not a run was interrupted; seconds and schedules without promised bits are what the one run of a
//! point measured.
//!
//! Points are run one after another, each on all cores: what one takes is no other's loss, and seconds can be compared.
//! Ranks of a job each have a point at a time (`dealt`).
//!
//! ```text
//! study.json       provenance: the plan, versions, machine, load
//! points.jsonl     the journal: a line for each finished point
//! probes/          what probes kept, a table for each finished point
//! weights/         runs of the weights that are trained here
//! points, images, series    .csv and .parquet: tables made from the journal
//! report.html
//! .lock            held by the process that writes the folder
//! ```
//!
//! It knows the public settler and prints nothing: what happens is told to whoever watches, who may also stop it.

mod answer;
mod aside;
mod bench;
mod cautions;
#[cfg(feature = "tables")]
mod columnar;
mod dealt;
mod equal;
mod estimate;
mod events;
mod figures;
mod groups;
mod headers;
mod journal;
mod load;
mod measure;
mod over;
mod pairs;
mod phase;
mod plan;
mod probed;
mod record;
mod rest;
mod spent;
mod sums;
mod swing;
mod table;
mod tabulate;
mod weights;
mod work;

pub use answer::answer;
#[cfg(feature = "tables")]
pub use columnar::write as write_parquet;
pub use estimate::CostEstimate;
pub use events::{Machine, StudyEvent, StudyRunError};
pub use pairs::{PairedMeasure, PairedValue, paired};
pub use phase::Phase;
pub use plan::{PlannedPoint, PlannedWeights, StudyMeasure, StudyPlan, WeightsRecipe};
pub use probed::probe_table;
pub use record::{LinkAges, PointRecord};
pub use table::{ColumnValues, StudyTable, TableColumn};
pub use tabulate::{images, points, series};
pub use work::StudyRun;
