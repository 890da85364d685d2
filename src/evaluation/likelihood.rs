//! log p(x) of images under the prior of their circuit (design section 5): what it is called in reports, and from what.
//!
//! `p(x) = ∫ p(a) p(x | a) da`, with a [`Mixture`] `p(a)` over activities of the top layer and an image that is
//! Bernoulli or Gaussian around the ancestral mean of `a` ([`Descent`]). `log_px` draws the same `n` activities for
//! all images, as the paper does: `log Σ_i p(x | a_i) − log n`. By Jensen it is biased low, the more so the fewer
//! draws come near an image. `log_px_as_published` adds `log n` where `log_px` subtracts it, as the authors' released
//! script does: it is 2 log n higher, and no log-likelihood. `log_px_is` is in [`super::importance`].

use super::descent::Descent;
use super::mixture::Draws;
use super::sums::log_sum_exp;
use crate::data::Images;
use crate::kernels::mismatch::CLIP;
use crate::matrix::Matrix;
use crate::params::Likelihood;
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par};
use rayon::prelude::*;
use std::f64::consts::TAU;

/// Images whose likelihoods under all draws are held at once by one worker.
pub(super) const BLOCK: usize = 64;

/// Images under each of some means, ready for many images: `log p(x | i) = x · slope_i + level_i + level(x)`.
#[derive(Debug, Clone)]
pub struct Emission {
    likelihood: Likelihood,
    /// `[pixels, n]`, one mean in a column.
    slopes: Mat<f32>,
    levels: Vec<f64>,
}

impl Emission {
    /// Under means of the image `[n, pixels]`; those of a Bernoulli are kept inside [1e-7, 1 − 1e-7].
    #[must_use]
    pub fn new(likelihood: Likelihood, means: &Matrix) -> Self {
        let pixels = means.cols();
        let slope = |mean: f64| match likelihood {
            Likelihood::Bernoulli => (mean / (1.0 - mean)).ln(),
            Likelihood::Gaussian => mean,
        };
        let level = |mean: f64| match likelihood {
            Likelihood::Bernoulli => (1.0 - mean).ln(),
            Likelihood::Gaussian => -0.5 * (mean * mean + TAU.ln()),
        };
        let slopes = Mat::from_fn(pixels, means.rows(), |pixel, i| slope(kept(likelihood, means.row(i)[pixel])) as f32);
        let levels = (0..means.rows()).map(|i| means.row(i).iter().map(|m| level(kept(likelihood, *m))).sum());
        Self { likelihood, slopes, levels: levels.collect() }
    }

    /// `log p(x | i)` of each image of `images` `[rows, pixels]` under each mean, `[n]` each.
    #[must_use]
    pub fn log_likelihoods(&self, images: &Matrix) -> Vec<Vec<f64>> {
        let (rows, n) = (images.rows(), self.levels.len());
        let mut products = Mat::<f32>::zeros(n, rows);
        // One image in a column, as the rows of a matrix are.
        let columns = MatRef::from_column_major_slice(images.as_slice(), images.cols(), rows);
        matmul(products.as_mut(), Accum::Replace, self.slopes.transpose(), columns, 1.0, Par::Seq);
        let of = |row: usize| {
            let own = own_level(self.likelihood, images.row(row));
            let values = products.col_as_slice(row).iter().zip(&self.levels);
            values.map(|(product, level)| f64::from(*product) + level + own).collect()
        };
        (0..rows).map(of).collect()
    }
}

/// A mean as it may enter a likelihood.
pub(super) fn kept(likelihood: Likelihood, mean: f32) -> f64 {
    let clip = f64::from(CLIP);
    match likelihood {
        Likelihood::Bernoulli => f64::from(mean).clamp(clip, 1.0 - clip),
        Likelihood::Gaussian => f64::from(mean),
    }
}

/// The part of `log p(x | i)` that is the same for all means.
fn own_level(likelihood: Likelihood, image: &[f32]) -> f64 {
    match likelihood {
        Likelihood::Bernoulli => 0.0,
        Likelihood::Gaussian => -0.5 * image.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>(),
    }
}

/// `log p(x | mean)` of one image, in nats.
#[must_use]
pub fn log_likelihood(likelihood: Likelihood, image: &[f32], mean: &[f32]) -> f64 {
    let pairs = image.iter().zip(mean).map(|(x, m)| (f64::from(*x), kept(likelihood, *m)));
    match likelihood {
        Likelihood::Bernoulli => pairs.map(|(x, m)| x * m.ln() + (1.0 - x) * (1.0 - m).ln()).sum(),
        Likelihood::Gaussian => pairs.map(|(x, m)| -0.5 * ((x - m).powi(2) + TAU.ln())).sum(),
    }
}

/// Draws from the prior, pushed down: one set for all images.
#[derive(Debug, Clone)]
pub struct PriorDraws {
    /// As they came from the mixture.
    pub draws: Draws,
    /// Images under them.
    pub emission: Emission,
}

impl PriorDraws {
    /// Pushes `draws` down.
    #[must_use]
    pub fn new(descent: &Descent, draws: Draws) -> Self {
        let emission = Emission::new(descent.likelihood(), &descent.means(&draws.samples));
        Self { draws, emission }
    }

    /// `log_px` of each of the images `rows`, in nats; `seen` is told how many are done.
    ///
    /// What the draws of the same `n` give for different images is not independent: they share their luck.
    #[must_use]
    pub fn log_px(&self, images: &Images, rows: &[usize], seen: impl Fn(usize) + Sync) -> Vec<f64> {
        let log_n = (self.draws.components.len() as f64).ln();
        let of_block = |rows: &[usize]| {
            let likelihoods = self.emission.log_likelihoods(&images.matrix(rows));
            seen(rows.len());
            likelihoods.iter().map(|values| log_sum_exp(values.iter().copied()) - log_n).collect::<Vec<_>>()
        };
        rows.par_chunks(BLOCK).flat_map_iter(of_block).collect()
    }
}

/// What the authors' released script makes of a mean `log_px` over `draws` draws: `log n` is added where it should be
/// subtracted.
#[must_use]
pub fn as_published(log_px: f64, draws: usize) -> f64 {
    log_px + 2.0 * (draws as f64).ln()
}
