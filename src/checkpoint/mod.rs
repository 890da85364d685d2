//! What outlives a process: weights, checkpoints, and the folder of a run.
//!
//! Every file is written under a temporary name, synced and renamed, so that a process killed at any instant leaves
//! the old file or the new one. A checkpoint holds the synapses, what the optimiser remembers and the position in
//! the data; it does not hold activities, because every episode starts from rest, nor the order of the data, which
//! follows from seed and epoch.

mod error;
mod folder;
mod image;
mod info;
mod lock;
pub mod parts;
mod run;
mod snapshot;
pub mod weights;

pub use error::StoreError;
pub(crate) use folder::MIXTURE;
pub use info::RunInfo;
pub use run::Run;
pub use snapshot::{Progress, Snapshot};
