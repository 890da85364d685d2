//! Samples as columns, in blocks of fixed size.

use crate::matrix::Matrix;
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par};

/// Samples that are looked at together.
const BLOCK: usize = 256;

/// Rows of a matrix as columns of `f64`.
pub(super) fn columns(samples: &Matrix) -> Mat<f64> {
    Mat::from_fn(samples.cols(), samples.rows(), |row, column| f64::from(samples.row(column)[row]))
}

pub(super) fn blocks(samples: MatRef<'_, f64>) -> Vec<MatRef<'_, f64>> {
    let starts = (0..samples.ncols()).step_by(BLOCK);
    starts.map(|start| samples.subcols(start, BLOCK.min(samples.ncols() - start))).collect()
}

/// The nearest mean of each column: `|x − m|² = |x|² − 2 m·x + |m|²`, of which the first term is the same for all.
pub(super) fn nearest(means: &Mat<f64>, block: MatRef<'_, f64>) -> Vec<usize> {
    let mut products = Mat::<f64>::zeros(means.ncols(), block.ncols());
    matmul(products.as_mut(), Accum::Replace, means.transpose(), block, 1.0, Par::Seq);
    let norms: Vec<f64> = (0..means.ncols()).map(|k| means.col_as_slice(k).iter().map(|m| m * m).sum()).collect();
    let distance = |k: usize, i: usize| norms[k] - 2.0 * products[(k, i)];
    let of = |i: usize| (1..norms.len()).fold(0, |best, k| if distance(k, i) < distance(best, i) { k } else { best });
    (0..block.ncols()).map(of).collect()
}
