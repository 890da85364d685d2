//! The summed drive of a population under events: kept up to date by what changes, and computed anew where that is
//! faster or where everything came at once.
//!
//! Kept by shards of the batch, and decided shard by shard, so that bits do not depend on who settles which shard.

use crate::kernels::product::SHARD_ROWS;
use crate::kernels::sparse::{self, List};
use crate::matrix::Matrix;
use std::ops::Range;

/// A drive `[rows, size]` that remembers which of its shards are out of date.
#[derive(Debug)]
pub(super) struct Drive {
    values: Matrix,
    stale: Vec<bool>,
    /// Whether changes are added as they come. If not, every shard is always out of date.
    incremental: bool,
}

impl Drive {
    /// Out of date everywhere.
    pub(super) fn new(rows: usize, size: usize, incremental: bool) -> Self {
        Self { values: Matrix::zeros(rows, size), stale: vec![true; rows.div_ceil(SHARD_ROWS)], incremental }
    }

    /// What it drives now; meaningful after [`Drive::compute`].
    pub(super) fn values(&self) -> &Matrix {
        &self.values
    }

    /// Something came at once: every shard has to be computed anew.
    pub(super) fn invalidate(&mut self) {
        self.stale.fill(true);
    }

    /// Takes in the changes of a shard by `add(drive of the shard)`, unless it will be computed anew: `deltas` are values
    /// of `width` presynaptic neurons.
    pub(super) fn change(&mut self, shard: usize, deltas: &List, width: usize, add: impl FnOnce(&mut [f32])) {
        if self.stale[shard] || !self.incremental {
            return;
        }
        let rows = self.rows(shard);
        if sparse::is_sparse(deltas.len(), rows.len() * width) {
            let size = self.values.cols();
            add(&mut self.values.as_mut_slice()[rows.start * size..rows.end * size]);
        } else {
            self.stale[shard] = true;
        }
    }

    /// Computes shards that are out of date by `anew(samples, drive of the shard)`.
    pub(super) fn compute(&mut self, mut anew: impl FnMut(Range<usize>, &mut [f32])) {
        let size = self.values.cols();
        for shard in 0..self.stale.len() {
            if self.stale[shard] {
                let rows = self.rows(shard);
                anew(rows.clone(), &mut self.values.as_mut_slice()[rows.start * size..rows.end * size]);
                self.stale[shard] = !self.incremental;
            }
        }
    }

    /// The shards, and whether each is out of date.
    pub(super) fn shards(&self) -> impl Iterator<Item = (Range<usize>, bool)> {
        self.stale.iter().enumerate().map(|(shard, stale)| (self.rows(shard), *stale))
    }

    fn rows(&self, shard: usize) -> Range<usize> {
        shard * SHARD_ROWS..((shard + 1) * SHARD_ROWS).min(self.values.rows())
    }
}
