//! Why a comparison fails.

use crate::blame::{Blame, Blamed};
use crate::checkpoint::StoreError;
use crate::evaluation::mixture::MixtureError;
use std::path::PathBuf;

/// A comparison that can't be made.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// A checkpoint or a file of the run.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The mixture could not be fitted.
    #[error(transparent)]
    Mixture(#[from] MixtureError),
    /// Labels are needed and there are none.
    #[error("dsrn learns labels, and the data have none; give data with labels, or choose another model")]
    NoLabels,
    /// A run of something else.
    #[error("{path}: {problem}")]
    Another {
        /// The run folder.
        path: PathBuf,
        /// What differs.
        problem: String,
    },
    /// Learning grew without bound.
    #[error("{model}: the loss is {loss} in batch {batch} of epoch {epoch}; give a smaller --rate")]
    Diverged {
        /// Which model.
        model: &'static str,
        /// Epoch, from 1.
        epoch: usize,
        /// Batch of the epoch, from 1.
        batch: usize,
        /// What it is.
        loss: f64,
    },
    /// The engine of gradients refused, which is a bug of this crate.
    #[error("the computation of gradients failed ({0}); please report it")]
    Engine(#[from] candle_core::Error),
}

impl Blamed for BaselineError {
    fn blame(&self) -> Blame {
        match self {
            Self::Store(cause) => cause.blame(),
            Self::Mixture(cause) => cause.blame(),
            Self::NoLabels | Self::Another { .. } => Blame::Request,
            Self::Diverged { .. } => Blame::Run,
            Self::Engine(_) => Blame::Bug,
        }
    }
}
