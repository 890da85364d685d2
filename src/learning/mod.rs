//! The local learning rules and the optimisers that ascend them.
//!
//! Each rule reads only what its owner has: its own activity or mismatch, and what arrived on one inlet
//! (Eqs. 4, 16-18). Rules are means over the batch, summed over shards in their order.

pub mod ascent;
pub mod bias;
pub mod covariance;
pub mod hebbian;
pub mod initial;
pub mod plasticity;
pub mod precision;
pub mod variance;

pub use ascent::{Ascent, Moments};
pub use bias::Bias;
pub use covariance::{Covariance, Refused};
pub use hebbian::Hebbian;
pub use plasticity::Plasticity;
pub use precision::OwnPrecision;
pub use variance::Variance;
