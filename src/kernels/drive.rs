//! What presynaptic values drive at their receivers: a dense product, or one over what is not zero, whichever is faster.
//!
//! Both give the same bits, so that the choice shows in the time alone. It is made for [`SHARD_ROWS`] samples at a time,
//! whose values stay in the caches of a core.

use super::dense;
use super::meter::{self, Kernel};
use super::pairs::Pairs;
use super::panels::Panels;
use super::product::{Onto, SHARD_ROWS};
use super::sparse::{self, List};

/// Where a drive lists what is not zero; kept for its storage.
#[derive(Debug, Clone, Default)]
pub struct Nonzero {
    pairs: Pairs,
    /// The last sample of an odd number.
    list: List,
}

/// `out (+)= batch · weights`, with `batch` `[rows, n]`, `weights` `[n, m]`, `out` `[rows, m]`; `nonzero` is scratch.
pub fn drive(out: &mut [f32], onto: Onto, batch: &[f32], weights: &Panels, nonzero: &mut Nonzero) {
    let (n, m) = weights.shape();
    for (out, batch) in out.chunks_mut(SHARD_ROWS * m).zip(batch.chunks(SHARD_ROWS * n)) {
        if onto == Onto::Replace {
            out.fill(0.0);
        }
        let listed = sparse::count_nonzero(batch);
        if sparse::is_sparse(listed, batch.len()) {
            meter::time(Kernel::Sparse, listed * m, || {
                let paired = batch.len() / n / 2 * 2;
                let ((batch, last), (out, rest)) = (batch.split_at(paired * n), out.split_at_mut(paired * m));
                nonzero.pairs.of_nonzero(batch, n);
                nonzero.pairs.accumulate(out, weights);
                nonzero.list.of_nonzero(last, n);
                sparse::accumulate(rest, &nonzero.list, weights);
            });
        } else {
            meter::time(Kernel::Dense, batch.len() * m, || dense::accumulate(out, batch, weights));
        }
    }
}

/// `out += Σ_j change_ij · weights[j, :]` over a list of changes: `out` `[samples, m]`, `weights` `[n, m]`.
pub fn add_changes(out: &mut [f32], changes: &List, weights: &Panels) {
    let (_, m) = weights.shape();
    meter::time(Kernel::Events, changes.len() * m, || sparse::accumulate(out, changes, weights));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sparse_and_dense_shards_drive_the_same() {
        let (rows, n, m) = (3 * SHARD_ROWS + 7, 40, 24);
        // Shards of every density, from silent to full.
        let value = |i: usize, j: usize| if (i * 31 + j * 17) % 157 <= i { (j as f32 - 20.0) * 0.1 } else { 0.0 };
        let batch: Vec<f32> = (0..rows * n).map(|p| value(p / n, p % n)).collect();
        let weights: Vec<f32> = (0..n * m).map(|p| (p * 5 % 17) as f32 * 0.1 - 0.8).collect();
        let mut out = vec![1.0; rows * m];
        let mut nonzero = Nonzero::default();
        let panels = Panels::new(&weights, n, m);
        drive(&mut out, Onto::Add, &batch, &panels, &mut nonzero);
        let mut dense = vec![1.0; rows * m];
        super::super::dense::accumulate(&mut dense, &batch, &panels);
        assert!(out.iter().zip(&dense).all(|(a, b)| (a - b).abs() < 1e-5));
        drive(&mut out, Onto::Replace, &batch, &panels, &mut nonzero);
        assert!(out.iter().zip(&dense).all(|(a, b)| (a + 1.0 - b).abs() < 1e-5));
    }
}
