//! The variances of an error population, one for each neuron: a covariance that knows nothing between neurons.
//!
//! `e = d / v` and `Δv = ½ (mean of e² − 1 / v)`, the diagonal of the rule for Σ (Eq. 4). Variances ascend by plain steps at the
//! learning rate, as Σ does, whatever optimiser the synapses use.

use super::{Ascent, Refused};
use crate::kernels::neurons;
use crate::matrix::Matrix;
use crate::params::Optimizer;

/// `v` `[1, size]` of an error population, with its optimiser.
#[derive(Debug, Clone)]
pub struct Variance {
    values: Matrix,
    floor: f32,
    frozen: bool,
    ascent: Ascent,
}

impl Variance {
    /// Variances `[1, size]` that never fall below `floor`.
    ///
    /// # Errors
    /// [`Refused`] where one of them is not above 0.
    pub fn new(values: Matrix, floor: f32, optimizer: Optimizer, frozen: bool) -> Result<Self, Refused> {
        if !are_variances(&values) {
            return Err(Refused);
        }
        Ok(Self { values, floor, frozen, ascent: Ascent::plain(optimizer) })
    }

    /// `v` `[1, size]`
    #[must_use]
    pub fn values(&self) -> &Matrix {
        &self.values
    }

    /// `log |Σ|`
    #[must_use]
    pub fn log_determinant(&self) -> f64 {
        self.values.as_slice().iter().map(|v| f64::from(*v).ln()).sum()
    }

    /// The largest precision.
    #[must_use]
    pub fn norm(&self) -> f32 {
        self.values.as_slice().iter().map(|v| 1.0 / v).fold(0.0, f32::max)
    }

    /// `d ← d / v`, for raw mismatches `[rows · size]`.
    pub fn weigh(&self, mismatch: &mut [f32]) {
        neurons::divide(mismatch, self.values.as_slice());
    }

    /// One step of the rule from the mismatches `e` `[rows, size]` of each part of a batch of `batch` samples, summed in
    /// their order; then none is below the floor.
    ///
    /// # Errors
    /// [`Refused`] where one would be no finite number; all stay as they were.
    pub fn learn(&mut self, mismatches: &[&Matrix], batch: usize) -> Result<(), Refused> {
        if self.frozen {
            return Ok(());
        }
        let mut rule = vec![0.0; self.values.cols()];
        for mismatch in mismatches {
            neurons::add_squares(&mut rule, 0.5 / batch as f32, mismatch.as_slice());
        }
        rule.iter_mut().zip(self.values.as_slice()).for_each(|(r, v)| *r -= 0.5 / v);
        let mut values = self.values.clone();
        self.ascent.step(values.as_mut_slice(), &rule);
        // What is no number is not hidden by the floor.
        values.as_mut_slice().iter_mut().filter(|v| **v < self.floor).for_each(|v| *v = self.floor);
        if !are_variances(&values) {
            return Err(Refused);
        }
        self.values = values;
        Ok(())
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

fn are_variances(values: &Matrix) -> bool {
    values.as_slice().iter().all(|v| v.is_finite() && *v > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variances_ascend_the_diagonal_of_the_rule() {
        let start = Matrix::from_fn(1, 3, |_, j| 1.0 + j as f32);
        let mut variance = Variance::new(start.clone(), 0.9, Optimizer::adam(0.5), false).expect("all are above 0");
        let e = Matrix::from_fn(4, 3, |i, j| (i * j) as f32 * 0.5);
        variance.learn(&[&e], 4).expect("finite");
        for j in 0..3 {
            let square: f32 = (0..4).map(|i| e.row(i)[j] * e.row(i)[j]).sum::<f32>() / 4.0;
            let v = start.row(0)[j];
            let expected = (v + 0.5 * 0.5 * (square - 1.0 / v)).max(0.9);
            assert!((variance.values().row(0)[j] - expected).abs() < 1e-6, "{j}");
        }
    }

    #[test]
    fn a_refused_step_leaves_everything_as_it_was() {
        let start = Matrix::from_fn(1, 2, |_, _| 1.0);
        let mut variance = Variance::new(start.clone(), 0.1, Optimizer::Sgd { rate: 1.0 }, false).expect("1");
        assert_eq!(variance.learn(&[&Matrix::from_fn(1, 2, |_, _| 1e30)], 1), Err(Refused));
        assert_eq!(variance.values(), &start);
        assert!(Variance::new(Matrix::zeros(1, 2), 0.1, Optimizer::default(), false).is_err());
    }
}
