//! What can go wrong with files that outlive a process.

use crate::blame::{Blame, Blamed};
use crate::circuit::CircuitError;
use crate::data::DataError;
use crate::network::WeightsError;
use std::path::{Path, PathBuf};

/// A file or run folder that can't be read, written or used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The operating system refused.
    #[error("cannot {action} {path}: {cause}{}", if *action == "read" { "" } else { "; choose another folder, or mend this one" })]
    System {
        /// Read, write, create ...
        action: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// Writing failed, with what is needed to make it work.
    #[error(transparent)]
    Write(#[from] DataError),
    /// A file that is not what its name says.
    #[error("{path}: {problem}")]
    Content {
        /// Which file.
        path: PathBuf,
        /// What is wrong, what was expected.
        problem: String,
    },
    /// A circuit file of a run folder that is not sound.
    #[error(transparent)]
    Circuit(#[from] CircuitError),
    /// Weights that do not fit the circuit.
    #[error("{path}: {cause}")]
    Weights {
        /// Which file.
        path: PathBuf,
        /// In which way they do not fit.
        cause: WeightsError,
    },
    /// Something that another rank of the job has met with.
    #[error("{who}: {problem}")]
    Rank {
        /// Which rank, on which machine.
        who: String,
        /// What it told, or what is wrong with what it has.
        problem: String,
    },
    /// A folder that can't be used for what was asked.
    #[error("{path}: {problem}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What is there and what to do.
        problem: String,
    },
}

impl Blamed for StoreError {
    fn blame(&self) -> Blame {
        match self {
            Self::Rank { .. } => Blame::Run,
            Self::System { action, .. } => Blame::request_if(*action == "read"),
            Self::Write(cause) => cause.blame(),
            Self::Content { .. } | Self::Circuit(_) | Self::Weights { .. } | Self::Folder { .. } => Blame::Request,
        }
    }
}

impl StoreError {
    pub(super) fn read(path: &Path, cause: std::io::Error) -> Self {
        Self::System { action: "read", path: path.to_owned(), cause }
    }

    pub(super) fn content(path: &Path, problem: impl Into<String>) -> Self {
        Self::Content { path: path.to_owned(), problem: problem.into() }
    }

    pub(super) fn folder(path: &Path, problem: impl Into<String>) -> Self {
        Self::Folder { path: path.to_owned(), problem: problem.into() }
    }
}
