//! Multinomial logistic regression: how well the classes can be told apart in settled activities (design section 5).
//!
//! `p(c | x) ∝ exp(x·w_c + b_c)`, fitted by L-BFGS to the least `Σ_i −log p(c_i | x_i) + |w|² / (2 C)`; biases are not
//! penalised. That is scikit-learn's `LogisticRegression` with the same `C`, which is 1 by default there and here.

use super::lbfgs;
use crate::matrix::Matrix;
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par};
use rayon::prelude::*;
use serde::Serialize;

/// Samples that are looked at together; fixed, so that the bits do not depend on the number of threads.
const BLOCK: usize = 512;

/// How a regression is fitted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LogisticOptions {
    /// C: the inverse strength of the penalty.
    pub inverse_penalty: f64,
    /// The fit ends once no component of the gradient of the mean loss is above this.
    pub tolerance: f64,
    /// Iterations at the most.
    pub iterations: usize,
}

impl Default for LogisticOptions {
    /// scikit-learn's defaults, with ten times as many iterations, so that the fit comes to its end.
    fn default() -> Self {
        Self { inverse_penalty: 1.0, tolerance: 1e-4, iterations: 1000 }
    }
}

/// A fitted regression.
#[derive(Debug, Clone, PartialEq)]
pub struct Logistic {
    /// `w` by class, then `b`: `[J + 1, classes]`, column by column.
    parameters: Vec<f64>,
    size: usize,
    classes: usize,
    /// Whether the gradient fell below the tolerance.
    pub converged: bool,
    /// Iterations done.
    pub iterations: usize,
}

impl Logistic {
    /// Fits the rows of `samples` `[n, J]` with their `labels` `[n]`, which are below `classes`.
    ///
    /// # Panics
    /// Where there are no samples or not as many labels, or a label is out of range: bugs of the caller.
    #[must_use]
    pub fn fit(samples: &Matrix, labels: &[u8], classes: usize, options: &LogisticOptions) -> Self {
        assert!(samples.rows() == labels.len() && !labels.is_empty(), "one label for each sample");
        assert!(labels.iter().all(|label| usize::from(*label) < classes), "labels below the number of classes");
        let (size, count) = (samples.cols(), samples.rows() as f64);
        let decay = 1.0 / (options.inverse_penalty * count);
        let function = |parameters: &[f64]| objective(parameters, samples, labels, classes, decay);
        let start = vec![0.0; (size + 1) * classes];
        let minimum = lbfgs::minimise(start, options.tolerance, options.iterations, function);
        let (converged, iterations) = (minimum.converged, minimum.iterations);
        Self { parameters: minimum.point, size, classes, converged, iterations }
    }

    /// The likeliest class of each row of `samples` `[n, J]`, the first of equals.
    #[must_use]
    pub fn predict(&self, samples: &Matrix) -> Vec<usize> {
        self.tell(samples).into_iter().map(|(class, _)| class).collect()
    }

    /// The likeliest class of each row of `samples` `[n, J]`, the first of equals, and its probability.
    #[must_use]
    pub fn tell(&self, samples: &Matrix) -> Vec<(usize, f64)> {
        let of_block = |block: &[f32]| {
            let scores = scores(&self.parameters, block, self.size, self.classes);
            let of_row = |row: usize| {
                let score = |class: usize| scores[(row, class)];
                let best = (1..self.classes).fold(0, |best, c| if score(c) > score(best) { c } else { best });
                let log_sum = super::sums::log_sum_exp((0..self.classes).map(score));
                (best, (score(best) - log_sum).exp())
            };
            (0..scores.nrows()).map(of_row).collect::<Vec<_>>()
        };
        samples.as_slice().par_chunks(BLOCK * self.size).flat_map_iter(of_block).collect()
    }

    /// How many classes there are.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// The share of rows of `samples` whose likeliest class is not their label.
    #[must_use]
    pub fn error(&self, samples: &Matrix, labels: &[u8]) -> f64 {
        let wrong = self.predict(samples).iter().zip(labels).filter(|(c, label)| **c != usize::from(**label)).count();
        wrong as f64 / labels.len().max(1) as f64
    }

    /// `w_c`, `[J]`
    #[must_use]
    pub fn weights(&self, class: usize) -> &[f64] {
        &self.parameters[class * (self.size + 1)..][..self.size]
    }

    /// `b_c`
    #[must_use]
    pub fn bias(&self, class: usize) -> f64 {
        self.parameters[class * (self.size + 1) + self.size]
    }
}

/// The mean loss with its penalty, and its gradient.
fn objective(parameters: &[f64], samples: &Matrix, labels: &[u8], classes: usize, decay: f64) -> (f64, Vec<f64>) {
    let size = samples.cols();
    let blocks = samples.as_slice().par_chunks(BLOCK * size).zip(labels.par_chunks(BLOCK));
    let parts: Vec<_> = blocks.map(|(block, labels)| part(parameters, block, labels, size, classes)).collect();
    let count = samples.rows() as f64;
    let (mut value, mut gradient) = (0.0, vec![0.0; parameters.len()]);
    for (loss, slopes) in parts {
        value += loss / count;
        gradient.iter_mut().zip(slopes).for_each(|(sum, slope)| *sum += slope / count);
    }
    for (at, parameter) in parameters.iter().enumerate().filter(|(at, _)| at % (size + 1) != size) {
        value += 0.5 * decay * parameter * parameter;
        gradient[at] += decay * parameter;
    }
    (value, gradient)
}

/// Loss and gradient of a block, summed over its samples.
fn part(parameters: &[f64], block: &[f32], labels: &[u8], size: usize, classes: usize) -> (f64, Vec<f64>) {
    let mut scores = scores(parameters, block, size, classes);
    let mut loss = 0.0;
    for (row, label) in labels.iter().enumerate() {
        let log_sum = super::sums::log_sum_exp((0..classes).map(|c| scores[(row, c)]));
        loss += log_sum - scores[(row, usize::from(*label))];
        for class in 0..classes {
            let is_label = f64::from(u8::from(class == usize::from(*label)));
            scores[(row, class)] = (scores[(row, class)] - log_sum).exp() - is_label;
        }
    }
    let mut gradient = Mat::<f64>::zeros(size + 1, classes);
    matmul(gradient.as_mut(), Accum::Replace, extended(block, size).transpose(), scores.as_ref(), 1.0, Par::Seq);
    (loss, (0..classes).flat_map(|class| gradient.col_as_slice(class).to_vec()).collect())
}

/// `x·w_c + b_c`, `[rows, classes]`
fn scores(parameters: &[f64], block: &[f32], size: usize, classes: usize) -> Mat<f64> {
    let parameters = MatRef::from_column_major_slice(parameters, size + 1, classes);
    let rows = extended(block, size);
    let mut scores = Mat::<f64>::zeros(rows.nrows(), classes);
    matmul(scores.as_mut(), Accum::Replace, rows.as_ref(), parameters, 1.0, Par::Seq);
    scores
}

/// The samples with a 1 behind each, for the bias.
fn extended(block: &[f32], size: usize) -> Mat<f64> {
    let value = |row: usize, column: usize| if column < size { f64::from(block[row * size + column]) } else { 1.0 };
    Mat::from_fn(block.len() / size, size + 1, value)
}
