//! How far probabilities are from images.

use crate::evaluation::log_likelihood;
use crate::matrix::Matrix;
use crate::params::Likelihood;

/// `−log p(x | mean)` summed over all images.
pub(super) fn binary_cross_entropy(probabilities: &Matrix, images: &Matrix) -> f64 {
    let of = |row: usize| -log_likelihood(Likelihood::Bernoulli, images.row(row), probabilities.row(row));
    (0..images.rows()).map(of).sum()
}
