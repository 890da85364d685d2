//! Matrix products between a batch and synapses, and those of learning.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};

/// Rows of a batch that go together: sums over samples are taken shard by shard, and events choose their product for a
/// shard. Fixed, so that bits do not depend on how a batch is spread over threads; large enough that fetching the
/// synapses is a small share of a product, and small enough that activities stay in the caches of a core.
pub const SHARD_ROWS: usize = 50;

/// What happens to the output before the product arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Onto {
    /// It is overwritten.
    Replace,
    /// The product is added to it.
    Add,
}

/// `out = left · right` in one piece, with `left` `[rows, n]`, `right` `[n, m]`: what the machine can do at best.
pub fn whole(out: &mut [f32], left: &[f32], right: &[f32], rows: usize, n: usize, m: usize) {
    let out = MatMut::from_row_major_slice_mut(out, rows, m);
    let (left, right) = (MatRef::from_row_major_slice(left, rows, n), MatRef::from_row_major_slice(right, n, m));
    matmul(out, Accum::Replace, left, right, 1.0, Par::Seq);
}

/// `out += gain · left[:, from..to]ᵀ · right`, with `left` `[rows, n]`, `right` `[rows, m]`, `out`
/// `[to − from, m]`: a part of the outer product of a learning rule, summed over shards in their order.
pub fn outer(
    out: &mut [f32],
    gain: f32,
    left: &[f32],
    right: &[f32],
    n: usize,
    m: usize,
    columns: std::ops::Range<usize>,
) {
    for (left, right) in left.chunks(SHARD_ROWS * n).zip(right.chunks(SHARD_ROWS * m)) {
        let rows = left.len() / n;
        let left = MatRef::from_row_major_slice(left, rows, n).subcols(columns.start, columns.len());
        let right = MatRef::from_row_major_slice(right, rows, m);
        let out = MatMut::from_row_major_slice_mut(&mut *out, columns.len(), m);
        matmul(out, Accum::Add, left.transpose(), right, gain, Par::Seq);
    }
}

#[cfg(test)]
mod tests {
    use super::super::twin::ramp;
    use super::*;

    fn close(fast: &[f32], slow: impl Fn(usize) -> f64) {
        for (i, v) in fast.iter().enumerate() {
            assert!((f64::from(*v) - slow(i)).abs() < 1e-4, "entry {i}: {v} against {}", slow(i));
        }
    }

    #[test]
    fn outer_products_equal_triple_loops_at_ragged_sizes() {
        for (rows, n, m) in [(1, 1, 1), (3, 5, 7), (50, 9, 4), (51, 16, 33), (120, 7, 12), (200, 36, 20)] {
            let batch = ramp(rows * n, 3);
            let right = ramp(rows * m, 11);
            let half = n / 2..n;
            let mut part = vec![0.0; half.len() * m];
            outer(&mut part, 0.5, &batch, &right, n, m, half.clone());
            close(&part, |i| {
                let (k, j) = (half.start + i / m, i % m);
                0.5 * (0..rows).map(|r| f64::from(batch[r * n + k]) * f64::from(right[r * m + j])).sum::<f64>()
            });
        }
    }
}
