//! Constraints on the length of synapse vectors. Storage is `[presynaptic, postsynaptic]`, so that a *column* of
//! the paper's `W` (what leaves one presynaptic neuron) is a row here, and a *row* (what arrives at one
//! postsynaptic neuron) is a column here.

use super::lanes::{self, Vector};
use crate::params::Norm;

/// The least norm that is divided by.
const LEAST: f32 = 1e-8;

/// Applies the constraint to `weights` `[pre, post]`; `scratch` is reused between calls.
pub fn constrain(norm: Norm, weights: &mut [f32], post: usize, scratch: &mut Vec<f32>) {
    match norm {
        Norm::None => {}
        Norm::UnitColumns => {
            for row in weights.chunks_exact_mut(post) {
                let scale = Vector::splat(1.0 / lanes::sum_of_squares(row).sqrt().max(LEAST));
                lanes::map_in_place(row, |w| w * scale);
            }
        }
        Norm::ClipRows => {
            scratch.clear();
            scratch.resize(post, 0.0);
            for row in weights.chunks_exact(post) {
                lanes::zip_in_place(scratch, row, |sum, w| sum + w * w);
            }
            for sum in scratch.iter_mut() {
                let length = sum.sqrt();
                *sum = if length > 1.0 { 1.0 / length } else { 1.0 };
            }
            for row in weights.chunks_exact_mut(post) {
                lanes::zip_in_place(row, scratch, |w, scale| w * scale);
            }
        }
    }
}

/// What is below 0 becomes 0; what is no number stays, so that it is seen.
pub fn rectify(weights: &mut [f32]) {
    weights.iter_mut().filter(|w| **w < 0.0).for_each(|w| *w = 0.0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraints_equal_their_definitions() {
        for (pre, post) in [(1_usize, 1_usize), (3, 5), (8, 8), (13, 29)] {
            let start: Vec<f32> = (0..pre * post).map(|i| ((i * 5 % 13) as f32 - 6.0) * 0.2).collect();
            let norm = |w: &dyn Fn(usize) -> f32, n: usize| (0..n).map(|k| f64::from(w(k)).powi(2)).sum::<f64>().sqrt();
            let mut unit = start.clone();
            constrain(Norm::UnitColumns, &mut unit, post, &mut Vec::new());
            let mut clipped = start.clone();
            constrain(Norm::ClipRows, &mut clipped, post, &mut Vec::new());
            for i in 0..pre {
                for j in 0..post {
                    let p = i * post + j;
                    let leaving = norm(&|k| start[i * post + k], post).max(1e-8);
                    assert!((f64::from(unit[p]) - f64::from(start[p]) / leaving).abs() < 1e-6);
                    let arriving = norm(&|k| start[k * post + j], pre).max(1.0);
                    assert!((f64::from(clipped[p]) - f64::from(start[p]) / arriving).abs() < 1e-6);
                }
            }
        }
    }
}
