//! What a training tells whoever observes it, and what it is answered.

use crate::evaluation::Measures;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// One line of `metrics.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochMetrics {
    /// Finished epochs, from 1.
    pub epoch: usize,
    /// Free energy of each predicted layer while training, mean over images, in nats.
    pub train_free_energy: std::collections::BTreeMap<String, f64>,
    /// On the images held out.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub validation: Option<Measures>,
    /// On the test images.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub test: Option<Measures>,
    /// Seconds of training, without measuring.
    pub seconds: f64,
    /// Training images per second.
    pub samples_per_second: f64,
}

/// What an observer is told.
#[derive(Debug)]
pub enum Event<'a> {
    /// A batch was learned.
    Batch {
        /// Epoch under way, from 1.
        epoch: usize,
        /// Batches done in it.
        done: usize,
        /// Batches in it.
        of: usize,
        /// Free energy of the batch, mean over its images, all layers.
        free_energy: f64,
    },
    /// Learning goes wrong; a sentence.
    Warning(&'a str),
    /// Images were settled to measure the epoch.
    Measured {
        /// Epoch whose batches are done, from 1.
        epoch: usize,
        /// Images measured, validation and test together.
        done: usize,
        /// Images to measure.
        of: usize,
    },
    /// An epoch was finished and measured.
    Epoch(&'a EpochMetrics),
    /// A checkpoint was written.
    Checkpoint(PathBuf),
}

/// What an observer answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Go on.
    GoOn,
    /// Write a checkpoint and stop.
    Stop,
}

/// How a training ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// All epochs are done.
    Finished,
    /// The observer stopped it; it can be resumed.
    Stopped,
}
