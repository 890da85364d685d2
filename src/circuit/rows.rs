//! Many layers alike, with the projections between neighbours, in one line: `rows` of a circuit file.
//!
//! A row names its layers by a word and a number, and each predicts the one before it: of `(name: "z", first: 1, last: 3)`
//! z2 predicts z1, and z3 predicts z2. What is at the ends is for `layers` and `projections` to say. A circuit knows no rows:
//! they become layers and projections before anything is checked.

use super::file::{LayerFile, ProjectionFile};
use super::place::PlaceLearning;
use crate::params::{Feedback, Init, Sign};
use serde::{Deserialize, Serialize};

/// A row of layers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename = "Row", deny_unknown_fields)]
pub struct RowFile {
    /// What the names of its layers begin with.
    pub name: String,
    /// The number of the first layer.
    pub first: usize,
    /// The number of the last layer.
    pub last: usize,
    /// What each layer is.
    pub each: LayerFile,
    /// What each projection between neighbours is, from the higher number to the lower.
    pub between: BetweenFile,
}

/// A projection without its ends.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename = "Between", deny_unknown_fields)]
pub struct BetweenFile {
    /// How the mismatch returns.
    pub feedback: Feedback,
    /// How synapses are drawn, where not as the circuit says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init: Option<Init>,
    /// Which values synapses may have.
    #[serde(default)]
    pub sign: Sign,
    /// How synapses learn.
    #[serde(default, skip_serializing_if = "PlaceLearning::is_silent")]
    pub learning: PlaceLearning,
}

impl RowFile {
    /// Its layers, by name.
    pub fn layers(&self) -> impl Iterator<Item = (String, LayerFile)> {
        (self.first..=self.last).map(|number| (self.layer(number), self.each.clone()))
    }

    /// Its projections, each predicting the layer of the number before.
    pub fn projections(&self) -> impl Iterator<Item = ProjectionFile> {
        let BetweenFile { feedback, init, sign, learning } = self.between;
        (self.first..self.last).map(move |number| ProjectionFile {
            from: self.layer(number + 1),
            to: self.layer(number),
            feedback,
            init,
            sign,
            learning,
        })
    }

    fn layer(&self, number: usize) -> String {
        format!("{}{number}", self.name)
    }
}
