//! Measures of a network on data, as design section 5 defines them.

mod measures;
mod senses;

pub use measures::{MeasureError, Measures, measure, reconstruct};
pub use senses::{LABEL, SenseError, Show, episode, image_sense, label_layer};
