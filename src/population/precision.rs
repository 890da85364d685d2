//! Precision at work: `e = d P`, whole, or under events by the components of `d` that moved.

use super::upkeep::{Renewal, Upkeep};
use crate::kernels::drive::{self, Nonzero};
use crate::kernels::product::SHARD_ROWS;
use crate::kernels::sparse::List;
use crate::learning::Covariance;
use crate::matrix::Matrix;

/// The raw mismatch of a batch, and what of it has been weighed.
#[derive(Debug)]
pub(super) struct Weighing {
    /// `d` `[rows, size]`
    pub(super) difference: Matrix,
    /// Absent where all of `d` is weighed at every firing.
    weighed: Option<Weighed>,
}

/// What the mismatch was computed from.
#[derive(Debug)]
struct Weighed {
    /// `d` as it was, `[rows, size]`
    difference: Matrix,
    /// What a component has to move by to be weighed again.
    threshold: f32,
    upkeep: Upkeep,
}

/// Storage for a firing.
pub(super) struct Scratch<'a> {
    pub(super) list: &'a mut List,
    pub(super) nonzero: &'a mut Nonzero,
    pub(super) renewal: &'a mut Renewal,
}

impl Weighing {
    /// Nothing weighed yet; `threshold` is that of events.
    pub(super) fn new(rows: usize, size: usize, threshold: Option<f32>) -> Self {
        let weighed = threshold.map(|threshold| {
            let (difference, upkeep) = (Matrix::zeros(rows, size), Upkeep::new(rows, size));
            Weighed { difference, threshold, upkeep }
        });
        Self { difference: Matrix::zeros(rows, size), weighed }
    }

    /// Brings `mismatch` `[rows, size]`, which still holds what it held before, up to date with the difference. `whole`
    /// tells of each sample whether all of it has to be weighed. Returns the multiply-accumulates it took.
    pub(super) fn weigh(
        &mut self,
        covariance: &Covariance,
        mismatch: &mut [f32],
        whole: &[bool],
        scratch: Scratch<'_>,
    ) -> u64 {
        let (d, size) = (&self.difference, self.difference.cols());
        let Scratch { list, nonzero, renewal } = scratch;
        let Some(Weighed { difference: had, threshold, upkeep }) = &mut self.weighed else {
            covariance.weigh(d.as_slice(), mismatch, nonzero);
            return (d.as_slice().len() * size) as u64;
        };
        (0..whole.len()).filter(|row| whole[*row]).for_each(|row| upkeep.expire(row));
        let mut operations = 0;
        for (shard, mismatch) in mismatch.chunks_mut(SHARD_ROWS * size).enumerate() {
            let first = shard * SHARD_ROWS;
            list.clear();
            for row in first..first + mismatch.len() / size {
                if upkeep.is_stale(row) {
                    list.append_nothing();
                } else {
                    list.append_deltas(*threshold, had.row_mut(row), d.row(row), size);
                }
            }
            list.retain_samples(|sample, moved| upkeep.adds(first + sample, moved, size));
            if !list.is_empty() {
                drive::add_changes(mismatch, list, covariance.panels());
                operations += list.len() * size;
            }
        }
        for row in (0..whole.len()).filter(|row| upkeep.is_stale(*row)) {
            had.row_mut(row).copy_from_slice(d.row(row));
        }
        let is_stale = |row| upkeep.is_stale(row);
        let samples = renewal.renew(mismatch, size, is_stale, |samples, e| covariance.weigh(samples.of(d), e, nonzero));
        upkeep.renewed();
        operations += samples * size * size;
        operations as u64
    }
}
