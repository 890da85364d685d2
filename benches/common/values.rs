//! Made-up values.

use gncn::rng;
use rand::RngExt;

/// `len` values from -1 to 1, the same for the same name, of which about so many per cent are not zero.
pub(crate) fn sparse_values(name: &str, len: usize, percent: u32) -> Vec<f32> {
    let mut dice = rng::stream(1, name);
    let mut value = || if dice.random_ratio(percent, 100) { dice.random_range(-1.0..1.0) } else { 0.0 };
    (0..len).map(|_| value()).collect()
}
