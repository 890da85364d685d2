//! What can go wrong while settling, in words for whoever asked for it.

use crate::blame::{Blame, Blamed};
use crate::network::LearningError;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Settling that failed.
#[derive(Debug, Clone, PartialEq, thiserror::Error, Serialize, Deserialize)]
pub enum SettleError {
    /// A value that is not finite.
    #[error(
        "population \"{population}\" is no longer finite at its firing {firing}; the largest magnitude before that was \
         {magnitude:e}. Its states grow without bound: a smaller beta, more leak or smaller weights keep them in bounds"
    )]
    NotFinite {
        /// Whose value.
        population: String,
        /// The population's own count of firings, from 1.
        firing: u64,
        /// The largest finite magnitude seen in it.
        magnitude: f32,
    },
    /// A learning step that was refused.
    #[error(transparent)]
    Learning(#[from] LearningError),
    /// A panic while a population fired: a bug of gncn.
    #[error(
        "population \"{population}\" panicked at its firing {firing}: {message}. This is a bug in gncn; please report it"
    )]
    Panicked {
        /// Which population.
        population: String,
        /// The firing that it did not finish.
        firing: u64,
        /// What the panic said.
        message: String,
    },
    /// A delivery log that can't be read, written or run.
    #[error("delivery log {path} {problem}", path = .path.display())]
    Log {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// An order of firings that can't be run on this episode.
    #[error("the order of firings {problem}")]
    Order {
        /// What is wrong with it.
        problem: String,
    },
    /// An episode that can't begin as it is asked to.
    #[error("settling can't begin: {problem}")]
    Onset {
        /// Why not.
        problem: String,
    },
    /// A stop that was asked for: see [`StopFlag`](crate::executor::StopFlag).
    #[error("stopped as asked, before firing {firing} of population \"{population}\"")]
    Stopped {
        /// The population that would have fired.
        population: String,
        /// Its firing, from 1.
        firing: u64,
    },
    /// The system gives no thread.
    #[error("no thread for a population: {cause}")]
    Spawn {
        /// What the system said.
        cause: String,
    },
}

impl Blamed for SettleError {
    fn blame(&self) -> Blame {
        match self {
            Self::Log { .. } | Self::Order { .. } | Self::Onset { .. } => Blame::Request,
            Self::Learning(cause) => cause.blame(),
            Self::Panicked { .. } => Blame::Bug,
            Self::NotFinite { .. } | Self::Stopped { .. } | Self::Spawn { .. } => Blame::Run,
        }
    }
}

impl SettleError {
    /// The error of a panic that was caught while a population was at work.
    pub(super) fn panicked(population: &str, firing: u64, panic: &(dyn std::any::Any + Send)) -> Self {
        let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
        Self::Panicked {
            population: population.to_owned(),
            firing,
            message: text
                .or_else(|| panic.downcast_ref::<String>().cloned())
                .unwrap_or_else(|| "no message".to_owned()),
        }
    }
}
