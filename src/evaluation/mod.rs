//! Measures of a network on data, as design section 5 defines them.

mod measures;
mod senses;
mod work;

pub use measures::{MeasureError, Measured, Measures, measure, reconstruct};
pub use senses::{LABEL, SenseError, Show, episode, image_sense, label_layer};
pub use work::Work;
