//! A mixture of Gaussians with full covariances: the prior over top-layer activities (design section 5).
//!
//! `p(x) = Σ_k w_k N(x; m_k, L_k L_kᵀ)`, in `f64` throughout. [`Mixture::fit`] starts at k-means++ (`start`) and climbs
//! by expectation-maximisation (`em`); [`Mixture::log_density`] and [`Mixture::draw`] use what came of it, and `store`
//! keeps it. Samples are rows of a matrix at the edge and columns inside, where one sample lies together. Work is cut
//! into blocks of fixed size and sums run in their order, so that the bits do not depend on the number of threads.
//!
//! Knows nothing of circuits or images.

mod blocks;
mod component;
mod em;
mod model;
mod start;
mod store;

pub use component::{Component, MixtureError};
pub use em::{Fit, FitEnd, MixtureOptions};
pub use model::{Draws, Mixture};
