//! The models that Ororbia & Kifer (2022) compare with, trained by back-propagation under the protocol of the circuits:
//! the same images, split, batches and measures, about as many synapses, gradients rescaled to a ball of radius 5.
//!
//! | name | model | learned by |
//! |---|---|---|
//! | `gmm` | Gaussian mixture on the pixels | expectation maximisation |
//! | `rae` | regularised auto-encoder | reconstruction + L2 of weights and latent |
//! | `gvae-cv` | variational auto-encoder, constant variance | reconstruction + KL, variance given |
//! | `gvae` | Gaussian variational auto-encoder | reconstruction + KL (Kingma & Welling, 2014) |
//! | `gan-ae` | adversarial auto-encoder | reconstruction, then discriminator, then encoder against it (Makhzani et al., 2015) |
//! | `dsrn` | discriminative sparse rectifier network | cross-entropy of the label + L1 of activities (Glorot et al., 2011) |
//!
//! A [`Spec`] says what is trained, [`Weights`] are its parameters as plain matrices, `loss` builds what is descended,
//! and [`Comparison`] trains it in a run folder. An automatic-differentiation crate computes gradients only; parameters,
//! optimiser and random numbers are those of the rest of the crate, so that checkpoints and promises about bits are, too.
//!
//! Knows data, checkpoints and measures, and no circuit.

mod figures;
mod loss;
mod measure;
mod net;
mod spec;
mod train;
mod weights;

pub use figures::{FigureOptions, Figures, Gauge, Part, Taken, figures};
pub use measure::{Codes, ROUNDS};
pub use spec::{Kind, SYNAPSES, Spec};
pub use train::{Comparison, ComparisonSpec, MODEL};
pub use weights::Weights;

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

impl BaselineError {
    /// Whether the request was wrong (exit code 2), rather than the run failed (exit code 1).
    #[must_use]
    pub fn is_request(&self) -> bool {
        match self {
            Self::Store(error) => error.is_request(),
            Self::NoLabels | Self::Another { .. } | Self::Mixture(MixtureError::TooFewSamples { .. }) => true,
            Self::Mixture(_) | Self::Diverged { .. } | Self::Engine(_) => false,
        }
    }
}
