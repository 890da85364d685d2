//! Where messages arrive: the newest values of one sender, whole or patched by events.

use crate::kernels::lanes;
use crate::matrix::Matrix;
use crate::signal::{Events, Signal};
use std::sync::Arc;
use wide::f32x8;

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

    /// Takes a message in. `changed(row, neuron, delta)` is told of every component that moved, where the inlet is
    /// patched; a whole message on a whole inlet just replaces what is held.
    pub(super) fn take(&mut self, signal: Signal, mut changed: impl FnMut(usize, usize, f32)) {
        match (self, signal) {
            (Self::Whole(held), Signal::Dense(values)) => *held = values,
            (Self::Patched(held), Signal::Dense(values)) => {
                for row in 0..held.rows() {
                    for (neuron, (h, v)) in held.row_mut(row).iter_mut().zip(values.row(row)).enumerate() {
                        patch(h, *v, |delta| changed(row, neuron, delta));
                    }
                }
            }
            (Self::Patched(held), Signal::Events(events)) => patch_rows(held, &events, &mut changed),
            (held @ Self::Whole(_), Signal::Events(events)) => {
                let mut own = held.values().clone();
                patch_rows(&mut own, &events, &mut changed);
                *held = Self::Patched(own);
            }
        }
    }
}

fn patch_rows(held: &mut Matrix, events: &Events, changed: &mut impl FnMut(usize, usize, f32)) {
    for (row, (neurons, values)) in events.samples().enumerate() {
        let held = held.row_mut(row);
        for (neuron, value) in neurons.iter().zip(values) {
            let neuron = *neuron as usize;
            patch(&mut held[neuron], *value, |delta| changed(row, neuron, delta));
        }
    }
}

fn patch(held: &mut f32, value: f32, changed: impl FnOnce(f32)) {
    let delta = value - *held;
    if delta != 0.0 {
        *held = value;
        changed(delta);
    }
}

/// `drive += delta · weights`, one event at one sample: `weights` is what the neuron reaches.
pub(super) fn add_event(drive: &mut [f32], delta: f32, weights: &[f32]) {
    let delta = f32x8::splat(delta);
    lanes::zip_in_place(drive, weights, |h, w| delta.mul_add(w, h));
}
