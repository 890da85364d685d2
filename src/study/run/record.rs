//! What is kept of a point: one line of the journal.

use super::phase::Phase;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// One finished point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PointRecord {
    /// Which point of the plan.
    pub point: usize,
    /// What became of it.
    pub phase: Phase,
    /// Why settling broke off, where it did.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub failure: Option<String>,
    /// Measures of the point by their names, with standard deviations over images as `NAME_sd`; `None` where it diverged or
    /// the measure has no meaning.
    pub measures: IndexMap<String, Option<f64>>,
    /// Measures of each image by their names, in the order of the images.
    pub images: IndexMap<String, Vec<Option<f64>>>,
    /// The presentation that each image was part of.
    pub presentations: Vec<usize>,
    /// Free energy by layer after each update and at the readout, mean over images, in nats.
    pub curves: IndexMap<String, Vec<f64>>,
    /// What was spent up to each entry of the curves, an image: operations, messages, seconds; where it is known.
    #[serde(skip_serializing_if = "IndexMap::is_empty", default)]
    pub spent: IndexMap<String, Vec<f64>>,
    /// Ages by link.
    pub ages: Vec<LinkAges>,
    /// How many processes wanted a core, averaged over the last minute, when the point was done; where the system tells.
    pub load: Option<f64>,
}

/// Ages of what one link delivered, over all presentations.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LinkAges {
    /// The sender.
    pub from: String,
    /// The receiver.
    pub to: String,
    /// Firings of the receiver by age in firings of the sender; the last entry counts older ones, too.
    pub staleness: Vec<u64>,
    /// Firings of the receiver by how many of its firings ago it had heard anything.
    pub unheard: Vec<u64>,
}

impl PointRecord {
    /// A measure of the point.
    #[must_use]
    pub fn measure(&self, name: &str) -> Option<f64> {
        self.measures.get(name).copied().flatten()
    }

    /// Free energy of all layers after each update, in nats an image.
    #[must_use]
    pub fn curve(&self) -> Vec<f64> {
        let length = self.curves.values().map(Vec::len).max().unwrap_or(0);
        (0..length).map(|at| self.curves.values().filter_map(|layer| layer.get(at)).sum()).collect()
    }
}
