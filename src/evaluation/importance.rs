//! `log_px_is`: log p(x) by importance sampling, with a proposal that has settled on the image.
//!
//! An activity of the top layer is written as `a = m_k + L_k u`, with the component k of the mixture and `u` in white
//! coordinates, so that `p(k, u) = w_k N(u; 0, I)` and `p(x) = E_q[p(k, u) p(x | a) / q(k, u)]` exactly, however
//! singular a covariance is. The proposal is
//!
//! ```text
//! q(k, u) = ε w_k N(u; 0, I) + (1 − ε) Σ_{j in C} π_j [k = j] N(u; u*_j, H_j⁻¹)
//! ```
//!
//! - `C`: the component nearest to the activity that the circuit itself settles to on x, and those of the prior draws
//!   under which x is likeliest.
//! - `u*`: in each of them, where `log p(x | a) − ½ |u|²` is largest, by Gauss-Newton steps with backtracking.
//! - `H = I + T D Tᵀ` there (Laplace): `T` is how the image moves along `u`, `D` the information of its pixels.
//! - `π_j`: in proportion to Laplace's evidence of j, `w_j p(x | a*) exp(−½ |u*|²) |H|^(−½)`.
//! - `ε`: a share of prior draws, so that no region of the prior is left out.
//!
//! The estimate of `p(x)` is unbiased for any choice of these; of `log p(x)` it is biased low by about half the squared
//! standard error that is reported with it, and more where few draws carry the weight (see `effective`).

use super::descent::Descent;
use super::likelihood::{self, PriorDraws};
use super::mixture::Mixture;
use super::sums::log_sum_exp;
use crate::matrix::Matrix;
use crate::params::Likelihood;
use faer::linalg::matmul::matmul;
use faer::linalg::solvers::Solve;
use faer::linalg::triangular_solve::solve_upper_triangular_in_place;
use faer::{Accum, Mat, MatRef, Par, Side};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal, StandardUniform};
use serde::Serialize;

/// ε
const PRIOR_SHARE: f64 = 0.05;

/// Components of prior draws that are tried, beside the nearest one.
const TRIED: usize = 2;

/// Gauss-Newton steps at the most, and the gain in nats below which they end.
const STEPS: usize = 12;
const GAIN: f64 = 0.02;

/// Halvings of a step at the most.
const HALVINGS: usize = 8;

/// Draws that are pushed down together.
const BLOCK: usize = 250;

/// What importance sampling says of one image.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// `log p(x)`, in nats.
    pub log_px: f64,
    /// Its standard error over the draws, in nats (delta method).
    pub standard_error: f64,
    /// Effective number of draws, `(Σ w)² / Σ w²`.
    pub effective: f64,
}

/// The prior of a circuit, with what is needed to look for an image in it.
#[derive(Debug)]
pub struct Importance<'a> {
    mixture: &'a Mixture,
    descent: &'a Descent,
    prior: &'a PriorDraws,
    /// `L_kᵀ` of each component in single precision: the directions along which `u` moves the top.
    directions: Vec<Matrix>,
}

/// A Gaussian around the best `u` of one component.
struct Peak {
    component: usize,
    best: Vec<f64>,
    /// `R` with `H = R Rᵀ`.
    root: Mat<f64>,
    /// `½ log |H|`
    log_root: f64,
    /// `log π`, up to a constant at first.
    log_share: f64,
}

/// Where a climb stands.
struct Point {
    u: Vec<f64>,
    value: f64,
}

impl<'a> Importance<'a> {
    /// For a mixture over the top of `descent`, with draws from it.
    ///
    /// # Panics
    /// Where the mixture has another size than the top, or a function on the way down has no derivative
    /// ([`Descent::is_smooth`]): bugs of the caller.
    #[must_use]
    pub fn new(mixture: &'a Mixture, descent: &'a Descent, prior: &'a PriorDraws) -> Self {
        assert_eq!(mixture.size(), descent.top_size(), "dimensions of the prior");
        assert!(descent.is_smooth(), "a proposal needs derivatives");
        let direction = |lower: MatRef<'_, f64>| {
            Matrix::from_fn(lower.nrows(), lower.nrows(), |i, j| if j >= i { lower[(j, i)] as f32 } else { 0.0 })
        };
        let directions = mixture.components().iter().map(|c| direction(c.lower())).collect();
        Self { mixture, descent, prior, directions }
    }

    /// `log p(x)` of `image` `[pixels]`, on which the top layer settles to `settled` `[J]`, from `draws` draws.
    #[must_use]
    pub fn estimate(&self, image: &[f32], settled: &[f32], draws: usize, rng: &mut impl Rng) -> Estimate {
        let mut peaks: Vec<Peak> =
            self.starts(image, settled).into_iter().map(|(k, u)| self.climb(image, k, u)).collect();
        let total = log_sum_exp(peaks.iter().map(|peak| peak.log_share));
        peaks.iter_mut().for_each(|peak| peak.log_share -= total);
        let mut weights = Vec::with_capacity(draws);
        while weights.len() < draws {
            let count = BLOCK.min(draws - weights.len());
            let drawn: Vec<_> = (0..count).map(|_| self.propose(&peaks, rng)).collect();
            let values = self.log_likelihoods(image, &drawn);
            let weight = |((k, u), value): (&(usize, Vec<f64>), f64)| {
                value + self.log_prior(*k, u) - self.log_proposal(&peaks, *k, u)
            };
            weights.extend(drawn.iter().zip(values).map(weight));
        }
        summary(&weights)
    }

    /// Components to climb in, and where: at the best of the prior draws of the component, or at its mean.
    fn starts(&self, image: &[f32], settled: &[f32]) -> Vec<(usize, Vec<f64>)> {
        let draws = &self.prior.draws;
        let likelihoods = self.prior.emission.log_likelihoods(&row(image)).remove(0);
        let mut order: Vec<usize> = (0..likelihoods.len()).collect();
        order.sort_by(|a, b| likelihoods[*b].total_cmp(&likelihoods[*a]));
        let mut starts: Vec<(usize, Vec<f64>)> = Vec::new();
        for i in order.iter().copied() {
            let k = draws.components[i];
            if starts.len() < TRIED && starts.iter().all(|(other, _)| *other != k) {
                starts.push((k, draws.whitened[i].clone()));
            }
        }
        let nearest = self.mixture.nearest(&row(settled))[0];
        let is_drawable = self.mixture.components()[nearest].weight() > 0.0;
        if is_drawable && starts.iter().all(|(k, _)| *k != nearest) {
            let best = order.into_iter().find(|i| draws.components[*i] == nearest);
            starts.push((nearest, best.map_or_else(|| vec![0.0; settled.len()], |i| draws.whitened[i].clone())));
        }
        starts
    }

    /// Gauss-Newton from `u` to a peak of `log p(x | m_k + L_k u) − ½ |u|²`.
    fn climb(&self, image: &[f32], k: usize, u: Vec<f64>) -> Peak {
        let value = self.objective(image, k, &u);
        let mut at = Point { u, value };
        let (mut root, mut ascent) = self.linearise(image, k, &at.u);
        for _ in 0..STEPS {
            let Some(next) = self.step(image, k, &at, &ascent) else { break };
            let gain = next.value - at.value;
            at = next;
            (root, ascent) = self.linearise(image, k, &at.u);
            if gain < GAIN {
                break;
            }
        }
        let log_root: f64 = (0..at.u.len()).map(|i| root[(i, i)].ln()).sum();
        let log_share = self.mixture.components()[k].weight().ln() + at.value - log_root;
        Peak { component: k, best: at.u, root, log_root, log_share }
    }

    /// The first of ever shorter steps that gains; none where none does.
    fn step(&self, image: &[f32], k: usize, at: &Point, ascent: &[f64]) -> Option<Point> {
        let mut length = 1.0;
        for _ in 0..HALVINGS {
            let u: Vec<f64> = at.u.iter().zip(ascent).map(|(u, a)| u + length * a).collect();
            let value = self.objective(image, k, &u);
            if value > at.value {
                return Some(Point { u, value });
            }
            length *= 0.5;
        }
        None
    }

    fn objective(&self, image: &[f32], k: usize, u: &[f64]) -> f64 {
        let likelihood = self.log_likelihoods(image, &[(k, u.to_vec())])[0];
        likelihood - 0.5 * u.iter().map(|v| v * v).sum::<f64>()
    }

    /// The root of `H` at `u`, and the Gauss-Newton step `H⁻¹ (T ∇ log p(x | μ) − u)`.
    fn linearise(&self, image: &[f32], k: usize, u: &[f64]) -> (Mat<f64>, Vec<f64>) {
        let (size, likelihood) = (u.len(), self.descent.likelihood());
        let (mean, tangents) = self.descent.tangents(&self.tops(&[(k, u.to_vec())]), &self.directions[k]);
        let mut scaled = tangents.clone();
        let mut slope = vec![0.0_f32; image.len()];
        let mut root_information = vec![0.0_f32; image.len()];
        for (pixel, (x, m)) in image.iter().zip(mean.as_slice()).enumerate() {
            let kept = likelihood::kept(likelihood, *m);
            let information = match likelihood {
                Likelihood::Bernoulli => 1.0 / (kept * (1.0 - kept)),
                Likelihood::Gaussian => 1.0,
            };
            slope[pixel] = ((f64::from(*x) - kept) * information) as f32;
            root_information[pixel] = information.sqrt() as f32;
        }
        for row in scaled.as_mut_slice().chunks_exact_mut(image.len()) {
            row.iter_mut().zip(&root_information).for_each(|(t, r)| *t *= r);
        }
        let scaled = MatRef::from_row_major_slice(scaled.as_slice(), size, image.len());
        let mut curvature = Mat::<f32>::identity(size, size);
        matmul(curvature.as_mut(), Accum::Add, scaled, scaled.transpose(), 1.0, Par::Seq);
        let curvature = Mat::from_fn(size, size, |i, j| f64::from(curvature[(i, j)]));
        let along =
            |i: usize| tangents.row(i).iter().zip(&slope).map(|(t, s)| f64::from(*t) * f64::from(*s)).sum::<f64>();
        let gradient = Mat::from_fn(size, 1, |i, _| along(i) - u[i]);
        match curvature.llt(Side::Lower) {
            Ok(factor) => {
                let step = factor.solve(&gradient);
                (factor.L().to_owned(), step.col_as_slice(0).to_vec())
            }
            // Only a mean that is not finite can do this; the prior itself is a sound proposal then.
            Err(_) => (Mat::identity(size, size), vec![0.0; size]),
        }
    }

    fn propose(&self, peaks: &[Peak], rng: &mut impl Rng) -> (usize, Vec<f64>) {
        let mut left: f64 = StandardUniform.sample(rng);
        let mut noise = Mat::from_fn(self.mixture.size(), 1, |_, _| StandardNormal.sample(rng));
        left -= PRIOR_SHARE;
        if left < 0.0 {
            return (self.mixture.draw_component(rng), noise.col_as_slice(0).to_vec());
        }
        let chosen = peaks.iter().find(|peak| {
            left -= (1.0 - PRIOR_SHARE) * peak.log_share.exp();
            left < 0.0
        });
        // Shares sum to 1 up to rounding.
        let peak = chosen.unwrap_or_else(|| peaks.last().expect("there is a draw, so there is a start"));
        solve_upper_triangular_in_place(peak.root.transpose(), noise.as_mut(), Par::Seq);
        (peak.component, peak.best.iter().zip(noise.col_as_slice(0)).map(|(b, n)| b + n).collect())
    }

    /// `log w_k − ½ |u|²`; `½ J log 2π` is left out here and in [`Self::log_proposal`].
    fn log_prior(&self, k: usize, u: &[f64]) -> f64 {
        self.mixture.components()[k].weight().ln() - 0.5 * u.iter().map(|v| v * v).sum::<f64>()
    }

    fn log_proposal(&self, peaks: &[Peak], k: usize, u: &[f64]) -> f64 {
        let of_peak = |peak: &Peak| {
            let away = Mat::from_fn(u.len(), 1, |i, _| u[i] - peak.best[i]);
            let white = peak.root.transpose() * away;
            let square: f64 = white.col_as_slice(0).iter().map(|v| v * v).sum();
            (1.0 - PRIOR_SHARE).ln() + peak.log_share + peak.log_root - 0.5 * square
        };
        let of_peaks = peaks.iter().filter(|peak| peak.component == k).map(of_peak);
        let prior = PRIOR_SHARE.ln() + self.log_prior(k, u);
        let all: Vec<f64> = of_peaks.chain([prior]).collect();
        log_sum_exp(all.into_iter())
    }

    /// `log p(x | m_k + L_k u)` of each.
    fn log_likelihoods(&self, image: &[f32], drawn: &[(usize, Vec<f64>)]) -> Vec<f64> {
        let means = self.descent.means(&self.tops(drawn));
        let likelihood = self.descent.likelihood();
        (0..drawn.len()).map(|i| likelihood::log_likelihood(likelihood, image, means.row(i))).collect()
    }

    /// `m_k + L_k u` of each, `[n, J]`.
    fn tops(&self, drawn: &[(usize, Vec<f64>)]) -> Matrix {
        let mut tops = Matrix::zeros(drawn.len(), self.mixture.size());
        for (i, (k, u)) in drawn.iter().enumerate() {
            let point = self.mixture.components()[*k].colour(u);
            tops.row_mut(i).iter_mut().zip(point).for_each(|(out, value)| *out = value as f32);
        }
        tops
    }
}

fn row(values: &[f32]) -> Matrix {
    Matrix::from_fn(1, values.len(), |_, column| values[column])
}

/// The logarithm of the mean weight, its standard error, and the effective number of draws.
fn summary(log_weights: &[f64]) -> Estimate {
    let n = log_weights.len() as f64;
    let sum = log_sum_exp(log_weights.iter().copied());
    let squares = log_sum_exp(log_weights.iter().map(|w| 2.0 * w));
    let effective = (2.0 * sum - squares).exp();
    // Relative variance of the mean: (n Σ w² / (Σ w)² − 1) / n.
    Estimate { log_px: sum - n.ln(), standard_error: ((n / effective - 1.0).max(0.0) / n).sqrt(), effective }
}
