//! The study file: the serde mirror of its RON text (design section 7).
//!
//! A [`StudyFile`] holds what was written and believes nothing of it; `check` makes a [`Study`](super::Study) of it. Values of
//! axes are parts of circuits, so they are skipped here and read where they are put.

use crate::circuit::file::Listing;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

/// The text of a study file, field by field.
#[derive(Debug, Deserialize)]
#[serde(rename = "Study", deny_unknown_fields)]
pub struct StudyFile {
    /// Its name.
    pub name: String,
    /// What it asks.
    #[serde(default)]
    pub question: String,
    /// Circuits by name.
    pub circuits: Listing<CircuitEntry>,
    /// What is shown.
    pub data: DataFile,
    /// Values by the path of a field.
    pub axes: Listing<Vec<IgnoredAny>>,
    /// How often a point whose schedule promises no bits is run.
    #[serde(default = "once")]
    pub repeat: usize,
    /// The point that the others are compared with: one value of some axes.
    #[serde(default)]
    pub baseline: Listing<IgnoredAny>,
    /// What is measured.
    pub measures: Vec<AskedMeasure>,
    /// Neurons whose activities are kept, such as `z1:0..20`: of the first presentation of each point, after each firing.
    #[serde(default)]
    pub probes: Vec<String>,
    /// Smaller numbers for a first look.
    #[serde(default)]
    pub quick: Quick,
}

fn once() -> usize {
    1
}

/// A circuit of a study.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename = "Circuit", deny_unknown_fields)]
pub struct CircuitEntry {
    /// Its file, from the folder of the study.
    pub file: String,
    /// Where its weights come from.
    pub weights: WeightsFrom,
}

/// Where weights come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename = "Weights", deny_unknown_fields)]
pub enum WeightsFrom {
    /// They are trained, once from each seed.
    Train {
        /// The name of a data set.
        data: String,
        /// Passes over it.
        epochs: usize,
        /// Seeds of synapses and batches.
        seeds: Vec<u64>,
    },
    /// Those of finished runs, by their folders, from the folder of the study.
    Runs(Vec<String>),
}

/// What is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename = "Data", deny_unknown_fields)]
pub struct DataFile {
    /// The name of a data set.
    pub name: String,
    /// How many of its test images.
    pub images: usize,
}

/// What is measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename = "Measure", deny_unknown_fields)]
pub enum AskedMeasure {
    /// Free energy, in nats an image.
    FreeEnergy,
    /// Binary cross-entropy of the settled prediction, in nats an image.
    Bce,
    /// Updates, messages, synaptic operations and seconds.
    Work,
    /// The same until F is within a share of what it is at rest, for good.
    Rest {
        /// The share, above 0 and below 1.
        within: f64,
    },
    /// Distance to the rest of lock-step: the largest and the root mean square.
    Distance,
    /// Staleness and unheard firings.
    Ages,
    /// Frequency, amplitude and damping of the mean activity of a layer.
    Oscillation {
        /// The layer.
        layer: String,
    },
    /// Whether F only fell.
    Monotone,
    /// Squared error of the right half of each image, hidden while settling.
    MaskedMse,
    /// Share of images that a regression on settled top activities takes for another class. It is fitted to training images
    /// that settle in the same way, up to ten for each image of the study.
    ClassificationError,
}

/// Smaller numbers for a first look; what is left out stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename = "Quick", default, deny_unknown_fields)]
pub struct Quick {
    /// Test images.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub images: Option<usize>,
    /// How many of the seeds, the first ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seeds: Option<usize>,
    /// Passes over the data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epochs: Option<usize>,
    /// Training images.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// How often what promises no bits is run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeat: Option<usize>,
}
