//! What weighs the mismatch of an error population: nothing, one number, variances, or a covariance.

use super::{Ascent, Covariance, Refused, Variance};
use crate::kernels::{mismatch, neurons};
use crate::matrix::Matrix;

/// The precision of one error population. Under a Bernoulli likelihood it is `Identity` or `Fixed`.
#[derive(Debug, Clone, Default)]
pub enum OwnPrecision {
    /// `e = d`
    #[default]
    Identity,
    /// `e = p d`
    Fixed(f32),
    /// `e = d / v`
    Diagonal(Variance),
    /// `e = d Σ⁻¹`, or the whitened mismatch.
    Full(Covariance),
}

impl OwnPrecision {
    /// The largest factor between a raw mismatch and what is sent of it.
    #[must_use]
    pub fn norm(&self) -> f32 {
        match self {
            Self::Identity => 1.0,
            Self::Fixed(p) => *p,
            Self::Diagonal(variance) => variance.norm(),
            Self::Full(covariance) => covariance.norm(),
        }
    }

    /// Σ, where it is a whole matrix.
    #[must_use]
    pub fn covariance(&self) -> Option<&Covariance> {
        if let Self::Full(covariance) = self { Some(covariance) } else { None }
    }

    /// The variances, where there is one for each neuron.
    #[must_use]
    pub fn variance(&self) -> Option<&Variance> {
        if let Self::Diagonal(variance) = self { Some(variance) } else { None }
    }

    /// `d ← e` in place, for raw mismatches `[rows · size]`, where neurons are weighed one by one; returns the multiplications
    /// that it took. A covariance does nothing here: its mismatch is a product.
    pub fn scale(&self, mismatch: &mut [f32]) -> u64 {
        match self {
            Self::Fixed(p) => neurons::scale(mismatch, *p),
            Self::Diagonal(variance) => variance.weigh(mismatch),
            Self::Identity | Self::Full(_) => return 0,
        }
        mismatch.len() as u64
    }

    /// What the free energy of a Bernoulli layer is multiplied by.
    #[must_use]
    pub fn factor(&self) -> f64 {
        if let Self::Fixed(p) = self { f64::from(*p) } else { 1.0 }
    }

    /// `½ d·e + ½ log|Σ|` of each sample, added to `out` `[rows]`: of a prediction `mean` of `target`, with the mismatch `e`,
    /// all `[rows · size]`; `difference` is d, where it is kept.
    pub fn gaussian_energy(&self, of: Compared<'_>, difference: Option<&[f32]>, size: usize, out: &mut [f64]) {
        let Compared { target, mean, mismatch: e } = of;
        match self {
            Self::Identity => mismatch::gaussian_energy(e, e, 0.0, size, out),
            Self::Full(covariance) => {
                mismatch::gaussian_energy(difference.unwrap_or(e), e, covariance.log_determinant(), size, out);
            }
            Self::Fixed(p) => {
                mismatch::compared_energy(target, mean, e, -f64::from(*p).ln() * size as f64, size, out);
            }
            Self::Diagonal(variance) => {
                mismatch::compared_energy(target, mean, e, variance.log_determinant(), size, out);
            }
        }
    }

    /// One step of what is learned of it, from the mismatches `e` and the raw ones `d` of each part of a batch.
    ///
    /// # Errors
    /// [`Refused`] where a covariance would be none any more; it stays as it was.
    pub fn learn(&mut self, mismatches: &[&Matrix], differences: &[&Matrix], batch: usize) -> Result<(), Refused> {
        match self {
            Self::Identity | Self::Fixed(_) => Ok(()),
            Self::Diagonal(variance) => variance.learn(mismatches, batch),
            Self::Full(covariance) => covariance.learn(differences, batch),
        }
    }

    /// Its optimiser, where something is learned.
    #[must_use]
    pub fn ascent(&self) -> Option<&Ascent> {
        match self {
            Self::Identity | Self::Fixed(_) => None,
            Self::Diagonal(variance) => Some(variance.ascent()),
            Self::Full(covariance) => Some(covariance.ascent()),
        }
    }

    /// Its optimiser, to be restored.
    pub fn ascent_mut(&mut self) -> Option<&mut Ascent> {
        match self {
            Self::Identity | Self::Fixed(_) => None,
            Self::Diagonal(variance) => Some(variance.ascent_mut()),
            Self::Full(covariance) => Some(covariance.ascent_mut()),
        }
    }
}

/// A prediction beside what it was compared with, and what came of it; all `[rows · size]`.
#[derive(Debug, Clone, Copy)]
pub struct Compared<'a> {
    /// `t`
    pub target: &'a [f32],
    /// `μ`
    pub mean: &'a [f32],
    /// `e`
    pub mismatch: &'a [f32],
}
