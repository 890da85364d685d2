//! Measures of a network on data, as design section 5 defines them.

mod lbfgs;
mod logistic;
mod measures;
pub mod mixture;
mod senses;
mod work;

pub use logistic::{Logistic, LogisticOptions};
pub use measures::{MeasureError, Measured, Measures, measure, reconstruct};
pub use senses::{LABEL, SenseError, Show, episode, image_sense, label_layer};
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
