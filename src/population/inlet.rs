//! Where messages arrive: the newest values of one sender, whole or patched by events.

use crate::kernels::meter::{self, Kernel};
use crate::kernels::product::SHARD_ROWS;
use crate::kernels::sparse::List;
use crate::matrix::Matrix;
use crate::signal::Signal;
use std::sync::Arc;

/// What an inlet holds of its sender, `[rows, width]`.
#[derive(Debug)]
pub(super) enum Inlet {
    /// The newest whole message, shared with whoever else received it.
    Whole(Arc<Matrix>),
    /// A copy that events patch.
    Patched(Matrix),
}

impl Inlet {
    /// An inlet at rest: zeros, until something arrives.
    pub(super) fn new(rows: usize, width: usize, patched: bool) -> Self {
        let zeros = Matrix::zeros(rows, width);
        if patched { Self::Patched(zeros) } else { Self::Whole(Arc::new(zeros)) }
    }

    /// Back to zeros, before a presentation.
    pub(super) fn clear(&mut self) {
        match self {
            Self::Whole(held) => match Arc::get_mut(held) {
                Some(own) => own.fill(0.0),
                None => *held = Arc::new(Matrix::zeros(held.rows(), held.cols())),
            },
            Self::Patched(held) => held.fill(0.0),
        }
    }

    /// The values held.
    pub(super) fn values(&self) -> &Matrix {
        match self {
            Self::Whole(values) => values,
            Self::Patched(values) => values,
        }
    }

    /// Takes a message in. A whole one replaces what is held, and `arrived` hears [`Arrived::Whole`]. Of events, `arrived`
    /// hears shard by shard which components moved and how far, in `deltas`, which is scratch.
    pub(super) fn take(&mut self, signal: Signal, deltas: &mut List, mut arrived: impl FnMut(Arrived<'_>)) {
        match (&mut *self, signal) {
            (Self::Whole(held), Signal::Dense(values)) => {
                *held = values;
                arrived(Arrived::Whole);
            }
            (Self::Patched(held), Signal::Dense(values)) => {
                held.copy_from(&values);
                arrived(Arrived::Whole);
            }
            (Self::Whole(held), Signal::Events(events)) => {
                *self = Self::Patched(Matrix::clone(held));
                self.patch(&events, deltas, arrived);
            }
            (Self::Patched(_), Signal::Events(events)) => self.patch(&events, deltas, arrived),
        }
    }

    fn patch(&mut self, events: &List, deltas: &mut List, mut arrived: impl FnMut(Arrived<'_>)) {
        let Self::Patched(held) = self else { return };
        let mut samples = events.samples();
        for (shard, start) in (0..held.rows()).step_by(SHARD_ROWS).enumerate() {
            let rows = start..(start + SHARD_ROWS).min(held.rows());
            meter::time(Kernel::Changes, 0, || {
                deltas.clear();
                for (row, (neurons, values)) in rows.zip(&mut samples) {
                    let held = held.row_mut(row);
                    let patch = |neuron: usize, value| value - std::mem::replace(&mut held[neuron], value);
                    deltas.append_sample(neurons, values, patch);
                }
            });
            arrived(Arrived::Changes { shard, deltas });
        }
    }
}

/// What a message did to an inlet.
pub(super) enum Arrived<'a> {
    /// Everything was replaced.
    Whole,
    /// Some components of a shard moved.
    Changes {
        /// Which shard of the batch.
        shard: usize,
        /// How far which component of each of its samples moved.
        deltas: &'a List,
    },
}
