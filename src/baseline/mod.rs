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
//! A [`Spec`] says what is trained, [`ComparedWeights`] are its parameters as plain matrices, `loss` builds what is descended,
//! and [`Comparison`] trains it in a run folder. An automatic-differentiation crate computes gradients only; parameters,
//! optimiser and random numbers are those of the rest of the crate, so that checkpoints and promises about bits are, too.
//!
//! Knows data, checkpoints and measures, and no circuit.

mod entropy;
mod error;
mod figures;
mod loss;
mod measure;
mod net;
mod spec;
mod train;
mod weights;

pub use error::BaselineError;
pub use figures::{ComparedPart, FigureOptions, Figures, Gauge, Taken, figures};
pub use measure::{Codes, ROUNDS};
pub use spec::{ComparedKind, SYNAPSES, Spec};
pub use train::{Comparison, ComparisonSpec, MODEL};
pub use weights::ComparedWeights;
