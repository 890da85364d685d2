//! The covariance of an error population: its factors, its use as a precision, and its rule (Eq. 4).
//!
//! Σ ascends its rule by plain steps at the learning rate, whatever optimiser the synapses use. Adam divides every
//! component by its own size, so that all off-diagonal components move by the rate in their sign at first; 360 of
//! them in a row outweigh a diagonal of 1 within a few dozen batches, and Σ is no covariance any more.

use super::Ascent;
use crate::kernels::dense;
use crate::kernels::drive::{self, Nonzero};
use crate::kernels::meter::{self, Kernel};
use crate::kernels::panels::Panels;
use crate::kernels::product::{self, Onto};
use crate::kernels::spd;
use crate::kernels::spectral;
use crate::matrix::Matrix;
use crate::params::{Optimizer, PrecisionForm};
use crate::weights::Weights;

/// `Σ` of an error population with what is computed from it once per learning step.
#[derive(Debug, Clone)]
pub struct Covariance {
    sigma: Matrix,
    /// Boxed: most populations have no covariance, and shall not be the larger for those that do.
    factors: Box<Factors>,
    floor: f32,
    form: PrecisionForm,
    frozen: bool,
    ascent: Ascent,
}

/// What is computed from Σ once per learning step.
#[derive(Debug, Clone)]
struct Factors {
    /// `Σ⁻¹`
    inverse: Weights,
    /// `R⁻ᵀ`, where mismatches are whitened.
    whitener: Option<Panels>,
    log_determinant: f64,
}

impl Factors {
    fn new(sigma: &Matrix, form: PrecisionForm) -> Result<Self, Refused> {
        let size = sigma.rows();
        let factored = spd::factor(sigma.as_slice(), size, form == PrecisionForm::Factor).ok_or(Refused)?;
        let inverse = Matrix::from_vec(size, size, factored.inverse).expect("a factor has the size of its matrix");
        Ok(Self {
            inverse: inverse.into(),
            whitener: factored.whitener.map(|whitener| Panels::new(&whitener, size, size)),
            log_determinant: factored.log_determinant,
        })
    }
}

/// A covariance that is not positive definite: given by a file, or about to be made by a learning step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the covariance is not positive definite (its Cholesky factorisation fails)")]
pub struct Refused;

impl Covariance {
    /// A covariance `[size, size]`.
    ///
    /// # Errors
    /// [`Refused`] where it has no Cholesky factor.
    pub fn new(sigma: Matrix, floor: f32, form: PrecisionForm, optimizer: Optimizer) -> Result<Self, Refused> {
        let factors = Box::new(Factors::new(&sigma, form)?);
        Ok(Self { sigma, factors, floor, form, frozen: false, ascent: Ascent::plain(optimizer) })
    }

    /// The same covariance, which keeps its bits if `frozen`.
    #[must_use]
    pub fn frozen(self, frozen: bool) -> Self {
        Self { frozen, ..self }
    }

    /// `Σ`
    #[must_use]
    pub fn sigma(&self) -> &Matrix {
        &self.sigma
    }

    /// `log |Σ|`
    #[must_use]
    pub fn log_determinant(&self) -> f64 {
        self.factors.log_determinant
    }

    /// What weighs a mismatch, `[size, size]`: `e = d P`, where `P` is `Σ⁻¹`, or `R⁻ᵀ` for the whitened mismatch.
    #[must_use]
    pub fn panels(&self) -> &Panels {
        self.factors.whitener.as_ref().unwrap_or_else(|| self.factors.inverse.panels())
    }

    /// The largest factor between a raw mismatch and the weighted one: `‖P‖`.
    #[must_use]
    pub fn norm(&self) -> f32 {
        let size = self.sigma.rows();
        let (identity, mut weighed) = (Matrix::identity(size), vec![0.0; size * size]);
        self.weigh(identity.as_slice(), &mut weighed, &mut Nonzero::default());
        spectral::norm(&weighed, size, size)
    }

    /// `e = d P`; `d` and `e` are `[rows · size]`, `list` is scratch.
    pub fn weigh(&self, d: &[f32], e: &mut [f32], nonzero: &mut Nonzero) {
        drive::drive(e, Onto::Replace, d, self.panels(), nonzero);
    }

    /// One step of `ΔΣ = ½ (eᵀ e / B − Σ⁻¹)` with `e = d Σ⁻¹`; then Σ is made symmetric and its diagonal kept at
    /// `floor` or above. `differences` are the raw mismatches `d` `[rows, size]` of each part of the batch.
    ///
    /// # Errors
    /// [`Refused`] where the new Σ would have no Cholesky factor; Σ then stays as it was.
    pub fn learn(&mut self, differences: &[&Matrix], batch: usize) -> Result<(), Refused> {
        if self.frozen {
            return Ok(());
        }
        let size = self.sigma.rows();
        // The rule is two products of the batch with a matrix of this size; the factorisation counts as time only.
        meter::time(Kernel::Learn, 2 * batch * size * size, || self.ascend(differences, batch))
    }

    fn ascend(&mut self, differences: &[&Matrix], batch: usize) -> Result<(), Refused> {
        let rule = self.rule(differences, batch);
        let (mut sigma, mut ascent) = (self.sigma.clone(), self.ascent.clone());
        ascent.step(sigma.as_mut_slice(), rule.as_slice());
        symmetrise(&mut sigma, self.floor);
        *self.factors = Factors::new(&sigma, self.form)?;
        self.sigma = sigma;
        self.ascent = ascent;
        Ok(())
    }

    fn rule(&self, differences: &[&Matrix], batch: usize) -> Matrix {
        let size = self.sigma.rows();
        let mut rule = Matrix::zeros(size, size);
        for d in differences {
            let mut e = Matrix::zeros(d.rows(), size);
            // Σ⁻¹ is symmetric, so rows serve as columns.
            dense::accumulate(e.as_mut_slice(), d.as_slice(), self.factors.inverse.panels());
            let half = 0.5 / batch as f32;
            product::outer(rule.as_mut_slice(), half, e.as_slice(), e.as_slice(), size, size, 0..size);
        }
        for (r, p) in rule.as_mut_slice().iter_mut().zip(self.factors.inverse.rows().as_slice()) {
            *r -= 0.5 * p;
        }
        rule
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

fn symmetrise(sigma: &mut Matrix, floor: f32) {
    let size = sigma.rows();
    let data = sigma.as_mut_slice();
    for i in 0..size {
        for j in 0..i {
            let mean = 0.5 * (data[i * size + j] + data[j * size + i]);
            data[i * size + j] = mean;
            data[j * size + i] = mean;
        }
        data[i * size + i] = data[i * size + i].max(floor);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_step_leaves_everything_as_it_was() {
        let optimizer = Optimizer::Sgd { rate: -1e6 };
        let mut covariance =
            Covariance::new(Matrix::identity(3), 1e-3, PrecisionForm::Inverse, optimizer).expect("identity");
        let before = covariance.sigma().clone();
        let d = Matrix::from_fn(5, 3, |i, j| (i * 3 + j) as f32);
        assert_eq!(covariance.learn(&[&d], 5), Err(Refused));
        assert_eq!(covariance.sigma(), &before);
        assert_eq!(covariance.log_determinant(), 0.0);
    }

    #[test]
    fn the_whitened_mismatch_has_the_length_of_the_weighted_one() {
        let sigma = Matrix::from_fn(4, 4, |i, j| if i == j { 2.0 } else { 0.3 });
        let d = Matrix::from_fn(2, 4, |i, j| i as f32 - 0.5 * j as f32);
        let weigh = |form| {
            let covariance =
                Covariance::new(sigma.clone(), 1.0, form, Optimizer::default()).expect("positive definite");
            let mut e = Matrix::zeros(2, 4);
            covariance.weigh(d.as_slice(), e.as_mut_slice(), &mut Nonzero::default());
            e
        };
        let (inverse, factor) = (weigh(PrecisionForm::Inverse), weigh(PrecisionForm::Factor));
        for i in 0..2 {
            let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
            assert!((dot(d.row(i), inverse.row(i)) - dot(factor.row(i), factor.row(i))).abs() < 1e-5);
        }
    }
}
