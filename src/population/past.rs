//! What delayed projections drive: it stays as it is through an episode, so that it is multiplied once.

use super::inlet::Inlet;
use crate::kernels::drive::Nonzero;
use crate::kernels::product::{Onto, SHARD_ROWS};
use crate::matrix::Matrix;
use crate::synapse::Synapses;

/// The part of a drive `[rows, size]` that comes from before the episode.
#[derive(Debug)]
pub(super) struct PastDrive {
    values: Matrix,
    is_stale: bool,
}

impl PastDrive {
    /// Out of date.
    pub(super) fn new(rows: usize, size: usize) -> Self {
        Self { values: Matrix::zeros(rows, size), is_stale: true }
    }

    /// What was remembered, or what it is multiplied by, is another.
    pub(super) fn expire(&mut self) {
        self.is_stale = true;
    }

    /// What it drives; meaningful after [`PastDrive::renew`].
    pub(super) fn values(&self) -> &Matrix {
        &self.values
    }

    /// `Σ a Wᵀ` over the synapses and inlets of `delayed`, where it is out of date.
    pub(super) fn renew<'a>(
        &mut self,
        delayed: impl Iterator<Item = (&'a Synapses, &'a Inlet)> + Clone,
        nonzero: &mut Nonzero,
    ) {
        if !std::mem::take(&mut self.is_stale) {
            return;
        }
        let (rows, size) = (self.values.rows(), self.values.cols());
        for start in (0..rows).step_by(SHARD_ROWS) {
            let shard = start..(start + SHARD_ROWS).min(rows);
            let out = &mut self.values.as_mut_slice()[shard.start * size..shard.end * size];
            let mut onto = Onto::Replace;
            for (synapses, inlet) in delayed.clone() {
                synapses.drive(out, onto, inlet.values().rows_slice(shard.clone()), nonzero);
                onto = Onto::Add;
            }
        }
    }
}
