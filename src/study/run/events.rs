//! What a study is run on, what happens meanwhile, and what can go wrong.

use super::record::PointRecord;
use crate::blame::{Blame, Blamed};
use crate::checkpoint::StoreError;
use crate::circuit::CircuitError;
use crate::data::DataError;
use crate::evaluation::MeasureError;
use crate::network::WeightsError;
use crate::training::TrainError;
use std::path::PathBuf;

/// What a study is run on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Machine {
    /// The words of the command line.
    pub command: Vec<String>,
    /// What the CPU offers.
    pub cpu: Vec<String>,
    /// Worker threads.
    pub threads: usize,
}

/// What happens while a study runs.
#[derive(Debug, Clone, PartialEq)]
pub enum StudyEvent<'a> {
    /// A batch of a training was learned.
    Training {
        /// The circuit.
        circuit: &'a str,
        /// Which weights.
        weights: &'a str,
        /// The epoch, from 1, of how many.
        epoch: usize,
        /// Epochs in all.
        epochs: usize,
        /// Batches learned, of how many.
        done: usize,
        /// Batches of the epoch.
        of: usize,
    },
    /// A point was finished and kept.
    Point {
        /// Its words.
        words: &'a str,
        /// What it came to.
        record: &'a PointRecord,
        /// Points done in this run, this one included.
        done: usize,
        /// Points of this run.
        of: usize,
        /// Seconds left, if the others take as long as those before.
        left: f64,
    },
}

/// A study that can't be run, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum StudyRunError {
    /// The folder holds something else.
    #[error("{path}: {problem}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What is there, and what to do.
        problem: String,
    },
    /// Weights that don't fit a point's circuit.
    #[error("{point}: {cause}. Weights fit only the layers and projections that they were trained with")]
    Weights {
        /// The point, in words.
        point: String,
        /// What doesn't fit.
        cause: WeightsError,
    },
    /// More images than the data have.
    #[error("{data} has {there} test images, and the study asks for {asked}: lower data.images")]
    Images {
        /// The data.
        data: String,
        /// How many there are.
        there: usize,
        /// How many were asked for.
        asked: usize,
    },
    /// A measure that has no meaning here.
    #[error("{measure} can't be measured: {problem}; leave it out of `measures`, or show other data")]
    Unmeasurable {
        /// The measure, as the file has it.
        measure: &'static str,
        /// Why.
        problem: String,
    },
    /// Data that can't be read or written.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Weights or runs that can't be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A training that failed.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// Settling that failed in another way than by diverging.
    #[error(transparent)]
    Measure(#[from] MeasureError),
    /// A circuit that isn't sound.
    #[error(transparent)]
    Circuit(#[from] CircuitError),
    /// The journal.
    #[error("{path}: can't be written: {cause}")]
    Journal {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// What failed on another rank of the job.
    #[error("{who}: {told}")]
    Elsewhere {
        /// The rank and its machine.
        who: String,
        /// What it told.
        told: String,
        /// Whether the request was wrong there.
        is_request: bool,
    },
    /// Whoever watched asked for it.
    #[error("stopped as asked; the same command goes on with the point that it was at")]
    Stopped,
}

impl Blamed for StudyRunError {
    fn blame(&self) -> Blame {
        match self {
            Self::Folder { .. } | Self::Weights { .. } | Self::Images { .. } => Blame::Request,
            Self::Unmeasurable { .. } => Blame::Request,
            Self::Data(cause) => cause.blame(),
            Self::Store(cause) => cause.blame(),
            Self::Train(cause) => cause.blame(),
            Self::Measure(cause) => cause.blame(),
            Self::Circuit(cause) => cause.blame(),
            Self::Elsewhere { is_request: true, .. } => Blame::Request,
            Self::Elsewhere { .. } | Self::Journal { .. } | Self::Stopped => Blame::Run,
        }
    }
}
