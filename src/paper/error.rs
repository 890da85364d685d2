//! Why a table of the paper can't be planned, kept or written.

use crate::blame::{Blame, Blamed};
use crate::circuit::CircuitError;
use crate::data::DataError;
use crate::evaluation::SenseError;

/// A failure of `reproduce`, in sentences.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PaperError {
    /// The request can't be met as it stands: an option, a folder that is somebody else's.
    #[error("{0}")]
    Request(String),
    /// The request was sound, and carrying it out failed, such as on a full disk.
    #[error("{0}")]
    Run(String),
}

impl Blamed for PaperError {
    fn blame(&self) -> Blame {
        match self {
            Self::Request(_) => Blame::Request,
            Self::Run(_) => Blame::Run,
        }
    }
}

impl From<DataError> for PaperError {
    fn from(error: DataError) -> Self {
        match error.blame() {
            Blame::Request => Self::Request(error.to_string()),
            Blame::Run | Blame::Bug => Self::Run(error.to_string()),
        }
    }
}

impl From<CircuitError> for PaperError {
    fn from(error: CircuitError) -> Self {
        Self::Request(error.to_string())
    }
}

impl From<SenseError> for PaperError {
    fn from(error: SenseError) -> Self {
        Self::Request(error.to_string())
    }
}
