//! Measures of a network on data, as design section 5 defines them.

mod completion;
mod composition;
mod descent;
mod embedding;
mod importance;
mod inputs;
mod latents;
mod lbfgs;
mod likelihood;
mod logistic;
mod measures;
pub mod mixture;
mod prior;
mod senses;
mod stimuli;
mod work;

#[cfg(feature = "baselines")]
pub(crate) use completion::left_half;
pub use completion::{Completed, complete, masked_error};
pub use composition::{Composition, compose, fields, predictors};
pub use descent::{Descent, DescentError, top_layer};
pub use embedding::{FEWEST, embed};
pub use importance::{Estimate, Importance};
pub use inputs::{InputError, input, observed};
pub use latents::{PRIOR_IMAGES, balanced, latent_layer, latents};
pub use likelihood::{Emission, PriorDraws, as_published, log_likelihood};
pub use logistic::{Logistic, LogisticOptions};
#[cfg(feature = "baselines")]
pub(crate) use measures::highest;
pub use measures::{MeasureError, Measured, Measures, measure, reconstruct};
pub use prior::{Prior, PriorError, PriorEvent, PriorOptions};
pub use senses::{LABEL, SenseError, Show, episode, image_sense, label_layer};
pub use stimuli::{Fit, Prepared, keep_moments, prepare};
pub use work::Work;

/// `log Σ exp v`, without overflow; −∞ for nothing.
#[must_use]
pub fn log_sum_exp(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let largest = values.clone().fold(f64::NEG_INFINITY, f64::max);
    if largest == f64::NEG_INFINITY {
        return largest;
    }
    largest + values.map(|value| (value - largest).exp()).sum::<f64>().ln()
}
