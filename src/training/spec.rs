//! What a training is asked to do.

use super::best::Keep;
use crate::circuit::Settling;

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
