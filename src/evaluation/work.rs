//! What settling costs: synaptic operations, messages, bytes and seconds for each image, so that schedules and event
//! thresholds can be compared at equal quality.

use crate::executor::Settled;
use serde::{Deserialize, Serialize};

/// What settling one image cost, as the mean over images. It isn't part of [`Measures`](super::Measures), because
/// seconds differ from run to run.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct SettlingWork {
    /// Synaptic operations: multiply-accumulates that messages caused, and those inside of firings (precision, pathways of
    /// type 1), without the readout.
    pub operations: f64,
    /// Messages that firings sent to those who can fire, without rest and readout. A message carries its batch, so each
    /// image of the batch has a part in every one of them.
    pub messages: f64,
    /// Bytes sent over all links.
    pub bytes: f64,
    /// Seconds of settling by the clock, readout included; a batch shares them out evenly over its images.
    pub seconds: f64,
}

/// Sums of [`Work`] over batches.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct WorkSums {
    images: usize,
    sums: SettlingWork,
}

impl WorkSums {
    /// Adds a batch of `images` that took `seconds`.
    pub(super) fn add(&mut self, settled: &Settled, images: usize, seconds: f64) {
        self.images += images;
        let account = &settled.account;
        self.sums.operations += account.operations() as f64;
        self.sums.messages += account.messages() as f64 * images as f64;
        self.sums.bytes += account.bytes() as f64;
        self.sums.seconds += seconds;
    }

    /// Means over all images added.
    pub(super) fn finish(self) -> SettlingWork {
        let images = self.images.max(1) as f64;
        let SettlingWork { operations, messages, bytes, seconds } = self.sums;
        SettlingWork {
            operations: operations / images,
            messages: messages / images,
            bytes: bytes / images,
            seconds: seconds / images,
        }
    }
}
