//! What a training is asked to do.

use super::best::Keep;
use crate::circuit::{Circuit, Settling};

/// What a training is asked to do.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainSpec {
    /// Seed of synapses, validation split and order.
    pub seed: u64,
    /// Passes over the data.
    pub epochs: usize,
    /// Samples in a batch.
    pub batch: usize,
    /// Use only the first so many training images.
    pub limit: Option<usize>,
    /// How an episode settles.
    pub settling: Settling,
    /// Checkpoint after so many batches; `None` is once a minute. Always at the end of an epoch.
    pub checkpoint_every: Option<usize>,
    /// Measure on the test images after every epoch, too, not only after the last.
    pub test_each_epoch: bool,
    /// Which weights it leaves at its end.
    pub keep: Keep,
}

impl TrainSpec {
    /// What the circuit itself asks for: its epochs, batch and settling, of all images, and nothing further.
    #[must_use]
    pub fn of(circuit: &Circuit, seed: u64) -> Self {
        Self {
            seed,
            epochs: circuit.learning().epochs,
            batch: circuit.learning().batch,
            limit: None,
            settling: circuit.settling().clone(),
            checkpoint_every: None,
            test_each_epoch: false,
            keep: Keep::Last,
        }
    }
}
