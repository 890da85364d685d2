//! Learning by place: what one layer or one projection says over the circuit's own `learning`.

use crate::params::{Norm, Optimizer};
use serde::{Deserialize, Serialize};

/// `learning: (...)` of a layer (its bias, variances, covariance) or of a projection (its W and E). What is not given comes
/// from the circuit.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename = "Learning", default, deny_unknown_fields)]
pub struct PlaceLearning {
    /// Which optimiser ascends the rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub optimizer: Option<Optimizer>,
    /// The constraint after each step; an explicit `None` counts.
    #[serde(skip_serializing_if = "Option::is_none", with = "given")]
    pub norm: Option<Norm>,
    /// A step leaves `1 − rate · decay` of what synapses were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decay: Option<f32>,
    /// Whether all keeps its bits.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub frozen: bool,
}

impl PlaceLearning {
    /// Whether nothing is said, so that all comes from the circuit.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        *self == Self::default()
    }

    /// The optimiser here, in a circuit that learns by `own`.
    #[must_use]
    pub fn optimizer(&self, own: Optimizer) -> Optimizer {
        self.optimizer.unwrap_or(own)
    }

    /// The norm here, in a circuit whose own is `own`.
    #[must_use]
    pub fn norm(&self, own: Norm) -> Norm {
        self.norm.unwrap_or(own)
    }

    /// The decay here, in a circuit whose own is `own`.
    #[must_use]
    pub fn decay(&self, own: f32) -> f32 {
        self.decay.unwrap_or(own)
    }
}

/// A norm that is there is one, also where it is the word `None`, which would be nothing for an option.
mod given {
    use crate::params::Norm;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(norm: &Option<Norm>, serializer: S) -> Result<S::Ok, S::Error> {
        norm.unwrap_or_default().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Norm>, D::Error> {
        Norm::deserialize(deserializer).map(Some)
    }
}
