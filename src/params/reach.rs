//! Which neurons of the predicted layer a projection reaches.

use serde::{Deserialize, Serialize};

/// Which pairs of neurons have a synapse. Error synapses have the transposed pattern.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Reach {
    /// Every pair.
    #[default]
    All,
    /// Neuron i reaches neuron i; both layers have the same size.
    OneToOne,
    /// A share of all pairs, drawn once.
    Random {
        /// Above 0, at most 1.
        share: f32,
        /// Seed of the draw.
        seed: u64,
    },
    /// Position (i, j) of the *from* layer's grid reaches rows `i·s … i·s + a − 1` and columns `j·t … j·t + b − 1` of the
    /// *to* layer, all channels with all channels.
    Patch {
        /// `(a, b)`: rows and columns that one position reaches.
        field: (usize, usize),
        /// `(s, t)`: rows and columns from one position's field to the next.
        stride: (usize, usize),
    },
}

impl Reach {
    /// Whether it is every pair.
    #[must_use]
    pub fn is_all(&self) -> bool {
        *self == Self::All
    }
}
