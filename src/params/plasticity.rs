//! How synapses are drawn and how they learn: plain values, shared by the circuit file and by the rules.

use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

/// The constraint on synapses after each learning step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Norm {
    /// Every column (the synapses that leave one presynaptic neuron) is scaled to norm 1: the paper.
    UnitColumns,
    /// Every row (the synapses that arrive at one postsynaptic neuron) longer than 1 is scaled to 1: the
    /// authors' code.
    ClipRows,
    /// No constraint.
    #[default]
    None,
}

/// Whether an error population has a bias.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum BiasKind {
    /// It has none.
    #[default]
    None,
    /// One for each neuron, learned from 0.
    Learned,
}

/// Which values synapses may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Sign {
    /// Any.
    #[default]
    Any,
    /// 0 or above: what a learning step makes negative is set to 0, before the norm.
    Positive,
}

/// The optimiser that ascends the local learning rules.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Optimizer {
    /// Plain steps of `rate` times the rule.
    Sgd {
        /// Learning rate.
        rate: f32,
    },
    /// Adam (Kingma & Ba, 2015) with ε = 1e-8.
    Adam {
        /// Learning rate.
        rate: f32,
        /// How much the running mean of the rule keeps of what it was, in [0, 1).
        #[serde(default = "first_moment", skip_serializing_if = "is_first_moment")]
        beta1: f32,
        /// How much the running mean of its square keeps, in [0, 1).
        #[serde(default = "second_moment", skip_serializing_if = "is_second_moment")]
        beta2: f32,
    },
}

fn first_moment() -> f32 {
    Optimizer::BETAS.0
}

fn second_moment() -> f32 {
    Optimizer::BETAS.1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_first_moment(beta: &f32) -> bool {
    *beta == Optimizer::BETAS.0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_second_moment(beta: &f32) -> bool {
    *beta == Optimizer::BETAS.1
}

impl Optimizer {
    /// The moments of Adam's authors.
    pub const BETAS: (f32, f32) = (0.9, 0.999);

    /// Adam with the moments of its authors.
    #[must_use]
    pub const fn adam(rate: f32) -> Self {
        Self::Adam { rate, beta1: Self::BETAS.0, beta2: Self::BETAS.1 }
    }

    /// The learning rate.
    #[must_use]
    pub fn rate(self) -> f32 {
        match self {
            Self::Sgd { rate } | Self::Adam { rate, .. } => rate,
        }
    }
}

impl Default for Optimizer {
    fn default() -> Self {
        Self::adam(0.001)
    }
}

/// How the learning rate goes over the epochs of a training.
///
/// # Examples
/// ```
/// use gncn::{Decline, RateOverTime};
///
/// let time = RateOverTime::Warmup { epochs: 2, then: Decline::Step { every: 10, factor: 0.5 } };
/// let rates: Vec<f32> = [0, 1, 9, 10, 20].map(|epoch| time.rate(0.5, epoch, 30)).to_vec();
/// assert_eq!(rates, [0.25, 0.5, 0.5, 0.25, 0.125]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum RateOverTime {
    /// The same in every epoch.
    #[default]
    Constant,
    /// Times `factor` after every so many epochs.
    Step {
        /// Epochs between two changes.
        every: usize,
        /// What the rate is multiplied by.
        factor: f32,
    },
    /// Down half a cosine, from the optimiser's rate in epoch 0 to another at the end.
    Cosine {
        /// The rate that would be reached in the epoch after the last.
        to: f32,
    },
    /// Up in equal steps first: `rate · (epoch + 1) / epochs`.
    Warmup {
        /// Epochs that it takes.
        epochs: usize,
        /// What comes then, by the same clock: its epoch 0 is that of the training.
        then: Decline,
    },
}

/// What [`RateOverTime`] is after a warm-up.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Decline {
    /// As [`RateOverTime::Constant`].
    #[default]
    Constant,
    /// As [`RateOverTime::Step`].
    Step {
        /// Epochs between two changes.
        every: usize,
        /// What the rate is multiplied by.
        factor: f32,
    },
    /// As [`RateOverTime::Cosine`].
    Cosine {
        /// The rate that would be reached in the epoch after the last.
        to: f32,
    },
}

impl RateOverTime {
    /// The learning rate in an epoch (from 0) of a training of `epochs`, for an optimiser of rate `rate`.
    #[must_use]
    pub fn rate(self, rate: f32, epoch: usize, epochs: usize) -> f32 {
        match self {
            Self::Warmup { epochs: n, .. } if epoch < n => rate * ((epoch + 1) as f32 / n as f32),
            Self::Warmup { then, .. } => then.rate(rate, epoch, epochs),
            Self::Constant => rate,
            Self::Step { every, factor } => Decline::Step { every, factor }.rate(rate, epoch, epochs),
            Self::Cosine { to } => Decline::Cosine { to }.rate(rate, epoch, epochs),
        }
    }

    /// Whether rates are others where a training has more epochs.
    #[must_use]
    pub fn knows_the_end(self) -> bool {
        matches!(self, Self::Cosine { .. } | Self::Warmup { then: Decline::Cosine { .. }, .. })
    }
}

impl Decline {
    fn rate(self, rate: f32, epoch: usize, epochs: usize) -> f32 {
        match self {
            Self::Constant => rate,
            Self::Step { every, factor } => {
                let times = i32::try_from(epoch / every.max(1)).unwrap_or(i32::MAX);
                (f64::from(rate) * f64::from(factor).powi(times)) as f32
            }
            Self::Cosine { to } => {
                let share = (epoch as f64 / epochs.max(1) as f64).min(1.0);
                let (rate, to) = (f64::from(rate), f64::from(to));
                (to + (rate - to) * 0.5 * (1.0 + (PI * share).cos())) as f32
            }
        }
    }
}

/// When the learning rules are applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum When {
    /// Once, at the readout of an episode.
    #[default]
    Readout,
    /// After every firing (incremental predictive coding).
    EveryStep,
}

/// How synapses are drawn before the first episode. `in` and `out` are how many synapses arrive at one postsynaptic neuron
/// and leave one presynaptic neuron.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Init {
    /// Independent `N(0, sd²)`.
    Gaussian {
        /// Standard deviation.
        sd: f32,
    },
    /// Independent and uniform within ±`bound`.
    Uniform {
        /// The largest magnitude.
        bound: f32,
    },
    /// Uniform within `±√(6 / (in + out))` (Glorot & Bengio, 2010).
    Xavier,
    /// `N(0, 2 / in)` (He et al., 2015).
    He,
    /// A random matrix with orthonormal rows or columns, whichever are fewer, times `gain` (Saxe et al., 2014).
    Orthogonal {
        /// All of its singular values.
        gain: f32,
    },
    /// All 0.
    Zeros,
}

impl Default for Init {
    fn default() -> Self {
        Self::Gaussian { sd: 0.05 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_follow_their_definitions() {
        let cosine = RateOverTime::Cosine { to: 0.1 };
        for epoch in 0..=8 {
            let expected = 0.1 + 0.9 * 0.5 * (1.0 + (PI * epoch as f64 / 8.0).cos());
            assert!((f64::from(cosine.rate(1.0, epoch, 8)) - expected).abs() < 1e-6, "{epoch}");
        }
        assert_eq!(RateOverTime::Constant.rate(0.3, 7, 8), 0.3);
        let late = RateOverTime::Warmup { epochs: 4, then: Decline::Cosine { to: 0.1 } };
        assert_eq!((late.rate(1.0, 0, 8), late.rate(1.0, 3, 8)), (0.25, 1.0));
        assert_eq!(late.rate(1.0, 6, 8), cosine.rate(1.0, 6, 8), "one clock");
    }
}
