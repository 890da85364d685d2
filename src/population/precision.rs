//! Precision at work: `e = d P`, whole, or under events by the components of `d` that moved.

use crate::kernels::drive::{self, Nonzero};
use crate::kernels::sparse::{self, List};
use crate::learning::Covariance;
use crate::matrix::Matrix;

/// The raw mismatch of a batch, and what of it has been weighed.
#[derive(Debug)]
pub(super) struct Weighing {
    /// `d` `[rows, size]`
    pub(super) difference: Matrix,
    /// The `d` that the mismatch was computed from, with the threshold that a component has to pass to be weighed
    /// again; absent where all of it is weighed at every firing.
    weighed: Option<(Matrix, f32)>,
}

impl Weighing {
    /// Nothing weighed yet; `threshold` is that of events.
    pub(super) fn new(rows: usize, size: usize, threshold: Option<f32>) -> Self {
        let weighed = threshold.map(|threshold| (Matrix::zeros(rows, size), threshold));
        Self { difference: Matrix::zeros(rows, size), weighed }
    }

    /// Brings `mismatch` `[rows, size]`, which still holds what it held before, up to date with the difference. `whole`
    /// tells of each shard and whether all of it has to be weighed. Returns the multiply-accumulates it took.
    pub(super) fn weigh(
        &mut self,
        covariance: &Covariance,
        mismatch: &mut [f32],
        whole: impl Iterator<Item = (std::ops::Range<usize>, bool)>,
        list: &mut List,
        nonzero: &mut Nonzero,
    ) -> u64 {
        let size = self.difference.cols();
        let mut operations = 0;
        for (rows, whole) in whole {
            let part = rows.start * size..rows.end * size;
            let (d, e) = (&self.difference.as_slice()[part.clone()], &mut mismatch[part.clone()]);
            let moved = match &mut self.weighed {
                Some((weighed, threshold)) if !whole => {
                    list.clear();
                    list.append_deltas(*threshold, &mut weighed.as_mut_slice()[part.clone()], d, size);
                    list.len()
                }
                _ => d.len(),
            };
            if self.weighed.is_some() && !whole && sparse::is_sparse(moved, d.len()) {
                drive::add_changes(e, list, covariance.panels());
                operations += moved * size;
            } else {
                covariance.weigh(d, e, nonzero);
                if let Some((weighed, _)) = &mut self.weighed {
                    weighed.as_mut_slice()[part].copy_from_slice(d);
                }
                operations += d.len() * size;
            }
        }
        operations as u64
    }
}
