//! Where states begin an episode, and what shakes them while it lasts.

use serde::{Deserialize, Serialize};

/// Noise in the updates of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum LayerNoise {
    /// None.
    #[default]
    None,
    /// `z ← z + β dz + sd √(2β) ξ` with ξ standard normal, drawn anew for every firing, sample and component that moves.
    /// With an sd of 1 settling is Langevin dynamics (Welling & Teh, 2011; Oliviers et al., Monte Carlo predictive coding,
    /// 2024) wherever `−dz` is the gradient of an energy.
    Gaussian {
        /// In units of the state; above 0.
        sd: f32,
    },
}

impl LayerNoise {
    /// The sd, where there is noise.
    #[must_use]
    pub fn sd(self) -> Option<f32> {
        match self {
            Self::None => None,
            Self::Gaussian { sd } => Some(sd),
        }
    }
}

/// Where the states that data don't hold in place begin an episode.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Start {
    /// At `z = 0`.
    #[default]
    Zeros,
    /// At independent draws from `N(0, sd²)`.
    Gaussian {
        /// In units of the state; above 0.
        sd: f32,
    },
    /// At their predictions, predictors first; layers that nothing predicts at 0.
    Forward,
    /// Where the presentation before ended, sample by sample; at 0 where there was none.
    Last,
}

impl Start {
    /// Whether it is `z = 0`.
    #[must_use]
    pub fn is_zeros(&self) -> bool {
        *self == Self::Zeros
    }
}
