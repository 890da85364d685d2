//! Why something is not settled for a page.

use super::shelf::PathRefused;
use crate::circuit::CircuitError;
use crate::episode::EpisodeError;
use crate::evaluation::{EvaluationError, SenseError};
use crate::executor::SettleError;

/// Why nothing was settled.
#[derive(Debug, thiserror::Error)]
pub enum TouchError {
    /// The run is not on the shelf.
    #[error(transparent)]
    Path(#[from] PathRefused),
    /// It can't be opened, or its data can't.
    #[error(transparent)]
    Run(#[from] EvaluationError),
    /// It has no sense that sees images.
    #[error(transparent)]
    Sense(#[from] SenseError),
    /// The schedule is none.
    #[error(transparent)]
    Schedule(#[from] CircuitError),
    /// The image doesn't fit.
    #[error(transparent)]
    Episode(#[from] EpisodeError),
    /// Settling failed, as it does where a state grows without bound.
    #[error(transparent)]
    Settle(#[from] SettleError),
    /// What was asked for can't be shown.
    #[error("{0}")]
    Request(String),
}
