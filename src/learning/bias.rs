//! The bias of an error population: what it predicts of a layer with every sender silent.
//!
//! `h = Σ_k a_k W_{k→s}ᵀ + b`, and `Δb` is the mean of `e` over the batch: the rule of ΔW with a constant 1 for the activity
//! (Eq. 16). Neither norm nor decay holds for it.

use super::Ascent;
use crate::kernels::neurons;
use crate::matrix::Matrix;
use crate::params::Optimizer;

/// `b` `[1, size]` of an error population, with its optimiser.
#[derive(Debug, Clone)]
pub struct Bias {
    values: Matrix,
    frozen: bool,
    ascent: Ascent,
}

impl Bias {
    /// A bias `[1, size]` that ascends by `optimizer`, or stays as it is where it is frozen.
    #[must_use]
    pub fn new(values: Matrix, optimizer: Optimizer, frozen: bool) -> Self {
        Self { values, frozen, ascent: Ascent::new(optimizer) }
    }

    /// `b` `[1, size]`
    #[must_use]
    pub fn values(&self) -> &Matrix {
        &self.values
    }

    /// `h ← h + b`, for drives `[rows · size]`.
    pub fn add_to(&self, drive: &mut [f32]) {
        neurons::add(drive, self.values.as_slice());
    }

    /// One step up the mean of the mismatches `[rows, size]` of each part of a batch of `batch` samples, summed in their
    /// order.
    pub fn learn(&mut self, mismatches: &[&Matrix], batch: usize) {
        if self.frozen {
            return;
        }
        let mut rule = vec![0.0; self.values.cols()];
        for mismatch in mismatches {
            neurons::add_rows(&mut rule, 1.0 / batch as f32, mismatch.as_slice());
        }
        self.ascent.step(self.values.as_mut_slice(), &rule);
    }

    /// Its optimiser, for checkpoints.
    #[must_use]
    pub fn ascent(&self) -> &Ascent {
        &self.ascent
    }

    /// Its optimiser, to be restored.
    pub fn ascent_mut(&mut self) -> &mut Ascent {
        &mut self.ascent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bias_ascends_the_mean_mismatch() {
        let parts = [Matrix::from_fn(3, 5, |i, j| (i + j) as f32), Matrix::from_fn(1, 5, |_, j| j as f32)];
        let mut bias = Bias::new(Matrix::zeros(1, 5), Optimizer::Sgd { rate: 0.5 }, false);
        bias.learn(&parts.iter().collect::<Vec<_>>(), 4);
        let mut drive = vec![1.0; 10];
        bias.add_to(&mut drive);
        for (j, h) in drive.iter().enumerate() {
            let mean: f32 = ((0..3).map(|i| i + j % 5).sum::<usize>() + j % 5) as f32 / 4.0;
            assert_eq!(*h, 1.0 + 0.5 * mean);
        }
    }

    #[test]
    fn a_frozen_bias_stays() {
        let mut bias = Bias::new(Matrix::zeros(1, 2), Optimizer::adam(0.5), true);
        bias.learn(&[&Matrix::from_fn(3, 2, |_, _| 1.0)], 3);
        assert_eq!(bias.values(), &Matrix::zeros(1, 2));
    }
}
