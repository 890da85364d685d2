//! The summed drive of a population: under events kept up to date by what changes, and computed anew where that is
//! faster, where everything came at once, or where much was added since; see [`super::upkeep`].

use super::upkeep::{Chosen, Renewal, Upkeep};
use crate::kernels::product::SHARD_ROWS;
use crate::kernels::sparse::List;
use crate::matrix::Matrix;

/// A drive `[rows, size]` that remembers which of its samples are out of date.
#[derive(Debug)]
pub(super) struct Drive {
    values: Matrix,
    /// Absent where changes are not added as they come, so that every sample is always out of date.
    upkeep: Option<Upkeep>,
}

impl Drive {
    /// Out of date everywhere; `width` presynaptic neurons drive it, all inlets together.
    pub(super) fn new(rows: usize, size: usize, width: usize, incremental: bool) -> Self {
        Self { values: Matrix::zeros(rows, size), upkeep: incremental.then(|| Upkeep::new(rows, width)) }
    }

    /// What it drives now; meaningful after [`Drive::compute`].
    pub(super) fn values(&self) -> &Matrix {
        &self.values
    }

    /// Something came at once: every sample has to be computed anew.
    pub(super) fn invalidate(&mut self) {
        self.upkeep.iter_mut().for_each(Upkeep::expire_all);
    }

    /// Takes in the changes of a shard by `add(drive of the shard, changes)`, without those of samples that will be computed
    /// anew: `deltas` are values of `width` presynaptic neurons.
    pub(super) fn change(
        &mut self,
        shard: usize,
        deltas: &mut List,
        width: usize,
        add: impl FnOnce(&mut [f32], &List),
    ) {
        let Some(upkeep) = &mut self.upkeep else { return };
        let first = shard * SHARD_ROWS;
        deltas.retain_samples(|sample, moved| upkeep.adds(first + sample, moved, width));
        if !deltas.is_empty() {
            let size = self.values.cols();
            add(&mut self.values.as_mut_slice()[first * size..(first + deltas.rows()) * size], deltas);
        }
    }

    /// Computes samples that are out of date by `anew(samples, their drive)`.
    pub(super) fn compute(&mut self, renewal: &mut Renewal, anew: impl FnMut(&mut Chosen, &mut [f32])) {
        let size = self.values.cols();
        let Self { values, upkeep } = self;
        let is_stale = |row| upkeep.as_ref().is_none_or(|upkeep| upkeep.is_stale(row));
        renewal.renew(values.as_mut_slice(), size, is_stale, anew);
        upkeep.iter_mut().for_each(Upkeep::renewed);
    }

    /// Whether the drive of each sample is out of date.
    pub(super) fn stale(&self) -> impl Iterator<Item = bool> {
        (0..self.values.rows()).map(|row| self.upkeep.as_ref().is_none_or(|upkeep| upkeep.is_stale(row)))
    }
}
