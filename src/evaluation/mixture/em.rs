//! Expectation-maximisation, as scikit-learn's `GaussianMixture` does it: regularisation is added to the diagonal of
//! every covariance, and the climb ends once the mean log-likelihood gains less than a tolerance.
//!
//! With regularisation a step is not quite the maximum, and could lower the likelihood where a covariance is nearly
//! singular. Such a step is not taken: the likelihood never falls.

use super::blocks::columns;
use super::component::{Component, MixtureError};
use super::model::{Mixture, log_sum};
use super::start;
use crate::matrix::Matrix;
use faer::linalg::matmul::triangular::{BlockStructure, matmul};
use faer::{Accum, Mat, MatRef, Par};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// How a mixture is fitted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MixtureOptions {
    /// Number of components.
    pub components: usize,
    /// Added to the diagonal of every covariance, in squared units of the samples.
    pub regularisation: f64,
    /// The climb ends at a gain below this, in nats per sample.
    pub tolerance: f64,
    /// Steps at the most.
    pub steps: usize,
    /// Seed of the start.
    pub seed: u64,
}

impl Default for MixtureOptions {
    /// 75 components as in the paper; the rest is scikit-learn's default, which the authors' released code uses.
    fn default() -> Self {
        Self { components: 75, regularisation: 1e-6, tolerance: 1e-3, steps: 100, seed: 0 }
    }
}

/// Why a climb ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FitEnd {
    /// The gain fell below the tolerance.
    Converged,
    /// No more steps were allowed.
    Steps,
    /// The next step would have lowered the likelihood, because of the regularisation.
    Regularised,
}

/// How a fit went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fit {
    /// Mean log-likelihood of a sample before each step and at the end, in nats; it never falls.
    pub log_likelihoods: Vec<f64>,
    /// Why it ended.
    pub end: FitEnd,
}

/// The responsibility of a component for samples: which ones, and how much.
type Share = Vec<(usize, f64)>;

impl Mixture {
    /// Fits a mixture to the rows of `samples` `[n, J]`; `watch` is told the step and the mean log-likelihood.
    ///
    /// # Errors
    /// [`MixtureError`] where there are too few samples, or a covariance has no Cholesky factor.
    pub fn fit(
        samples: &Matrix,
        options: &MixtureOptions,
        watch: impl FnMut(usize, f64),
    ) -> Result<(Self, Fit), MixtureError> {
        check(samples, options.components)?;
        let samples = columns(samples);
        let shares = start::shares(samples.as_ref(), options.components, options.seed);
        let start = maximise(None, samples.as_ref(), &shares, options.regularisation)?;
        climb(start, samples.as_ref(), options, watch)
    }

    /// Climbs from this mixture on; of `options`, components and seed are not used.
    ///
    /// # Errors
    /// As [`Mixture::fit`].
    pub fn refit(self, samples: &Matrix, options: &MixtureOptions) -> Result<(Self, Fit), MixtureError> {
        check(samples, 1)?;
        climb(self, columns(samples).as_ref(), options, |_, _| {})
    }
}

fn check(samples: &Matrix, components: usize) -> Result<(), MixtureError> {
    if components == 0 {
        return Err(MixtureError::NoComponents);
    }
    if samples.rows() < components {
        return Err(MixtureError::TooFewSamples { samples: samples.rows(), components });
    }
    match samples.as_slice().iter().position(|v| !v.is_finite()) {
        Some(at) => Err(MixtureError::NotFinite { sample: at / samples.cols() }),
        None => Ok(()),
    }
}

fn climb(
    mut mixture: Mixture,
    samples: MatRef<'_, f64>,
    options: &MixtureOptions,
    mut watch: impl FnMut(usize, f64),
) -> Result<(Mixture, Fit), MixtureError> {
    let (mut likelihood, mut shares) = expect(&mixture, samples);
    let mut fit = Fit { log_likelihoods: vec![likelihood], end: FitEnd::Steps };
    for step in 1..=options.steps {
        let next = maximise(Some(&mixture), samples, &shares, options.regularisation)?;
        let (gained, next_shares) = expect(&next, samples);
        if gained < likelihood {
            fit.end = FitEnd::Regularised;
            break;
        }
        let gain = gained - likelihood;
        (mixture, likelihood, shares) = (next, gained, next_shares);
        fit.log_likelihoods.push(likelihood);
        watch(step, likelihood);
        if gain < options.tolerance {
            fit.end = FitEnd::Converged;
            break;
        }
    }
    Ok((mixture, fit))
}

/// The E step: mean log-likelihood, and the responsibilities by component.
fn expect(mixture: &Mixture, samples: MatRef<'_, f64>) -> (f64, Vec<Share>) {
    let joints = mixture.joints(samples);
    let mut shares = vec![Share::new(); mixture.components.len()];
    let mut sum = 0.0;
    for (i, joint) in joints.iter().enumerate() {
        let log_density = log_sum(joint);
        sum += log_density;
        for (k, value) in joint {
            shares[*k].push((i, (value - log_density).exp()));
        }
    }
    (sum / joints.len() as f64, shares)
}

/// The M step; a component that nobody belongs to any more stays where it was, without weight.
fn maximise(
    before: Option<&Mixture>,
    samples: MatRef<'_, f64>,
    shares: &[Share],
    regularisation: f64,
) -> Result<Mixture, MixtureError> {
    let totals: Vec<f64> = shares.iter().map(|share| share.iter().map(|(_, r)| r).sum()).collect();
    let total: f64 = totals.iter().sum();
    let component = |(k, share): (usize, &Share)| {
        let weight = totals[k] / total;
        match before {
            Some(before) if totals[k] < f64::EPSILON => Ok(before.components[k].weighted(0.0)),
            _ => gaussian(samples, share, totals[k], weight, regularisation)
                .ok_or(MixtureError::NotPositiveDefinite { component: k }),
        }
    };
    let components: Result<_, _> = shares.par_iter().enumerate().map(component).collect();
    Ok(Mixture { components: components? })
}

/// Mean and covariance of the samples of a component.
fn gaussian(
    samples: MatRef<'_, f64>,
    share: &Share,
    total: f64,
    weight: f64,
    regularisation: f64,
) -> Option<Component> {
    let size = samples.nrows();
    let mut mean = vec![0.0; size];
    for (i, r) in share {
        mean.iter_mut().enumerate().for_each(|(row, m)| *m += r / total * samples[(row, *i)]);
    }
    let weighted = Mat::from_fn(size, share.len(), |row, column| {
        let (i, r) = share[column];
        (r / total).sqrt() * (samples[(row, i)] - mean[row])
    });
    let mut covariance = Mat::<f64>::zeros(size, size);
    let (lower, full) = (BlockStructure::TriangularLower, BlockStructure::Rectangular);
    matmul(
        covariance.as_mut(),
        lower,
        Accum::Replace,
        weighted.as_ref(),
        full,
        weighted.transpose(),
        full,
        1.0,
        Par::Seq,
    );
    (0..size).for_each(|i| covariance[(i, i)] += regularisation);
    Component::new(weight, mean, covariance.as_ref())
}
