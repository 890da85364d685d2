//! The parameters of a population, as plain checked values: which activation, which prior, which lateral
//! synapses, how large a step. They are shared by the circuit file and by the populations, and know neither.

mod onset;
mod plasticity;
mod reach;

pub use onset::{LayerNoise, Start};
pub use plasticity::{BiasKind, Decline, Init, Norm, Optimizer, RateOverTime, Sign, When};
pub use reach::Reach;

use serde::{Deserialize, Serialize};

/// A pointwise (or, for [`Activation::KWinners`], per-sample) function `φ` or mean activation `g`.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub enum Activation {
    /// `v`
    #[default]
    Identity,
    /// `tanh v`
    Tanh,
    /// `1 / (1 + exp(−v))`
    Sigmoid,
    /// `max(v, 0)`, with derivative **1** at 0: a circuit that starts at rest could not move otherwise.
    Relu,
    /// `v` above 0 and `slope · v` below.
    LeakyRelu(f32),
    /// `log(1 + exp v)`
    Softplus,
    /// `v` above 0 and `alpha · (exp v − 1)` below.
    Elu(f32),
    /// The sign of `v`, 0 at 0; it has no derivative.
    Signum,
    /// 1 where `v > 0`, else 0; it has no derivative.
    Heaviside,
    /// Keeps the `k` largest values of each sample and silences the others, ties to the lower index; it has
    /// no derivative.
    KWinners(usize),
}

impl Activation {
    /// Whether `derivative: true` is allowed with this function.
    #[must_use]
    pub fn has_derivative(self) -> bool {
        !matches!(self, Self::Signum | Self::Heaviside | Self::KWinners(_))
    }

    /// Whether `φ(φ(v)) = φ(v)`: an activity stays what it is, and what is no activity becomes one.
    #[must_use]
    pub fn is_idempotent(self) -> bool {
        matches!(self, Self::Identity | Self::Relu | Self::Signum | Self::Heaviside)
    }
}

/// The pull of a state towards rest: the gradient of a log-prior over `z`.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub enum Prior {
    /// No pull.
    #[default]
    None,
    /// `λ sign(z)`
    Laplace(f32),
    /// `2 λ z`
    Gaussian(f32),
    /// `2 λ z / (1 + z²)`
    Cauchy(f32),
}

/// Lateral synapses `V` within one state population; both kinds cost O(J), never O(J²).
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Lateral {
    /// No lateral synapses.
    #[default]
    None,
    /// Groups of `size` neighbours: `(Vφ)_i = inhibit (Σ_group φ − φ_i) − excite φ_i`.
    Columns {
        /// Neurons in one column; divides the size of the layer.
        size: usize,
        /// Self-excitation α.
        excite: f32,
        /// Inhibition β from every other neuron of the column.
        inhibit: f32,
    },
    /// Neighbours up to `width` away, without wrap-around:
    /// `(Vφ)_i = inhibit Σ_{0<|i−j|≤width} φ_j − excite φ_i`.
    Band {
        /// The reach of inhibition, in neurons.
        width: usize,
        /// Self-excitation α.
        excite: f32,
        /// Inhibition β from every neighbour within reach.
        inhibit: f32,
    },
}

/// What a state population sends to its own error population.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Target {
    /// The state `z`.
    #[default]
    State,
    /// The activity `φ(z)`, as the authors' code does in a PDH.
    Activity,
}

/// The distribution that a prediction parametrises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Likelihood {
    /// `t ~ N(μ, Σ)`
    #[default]
    Gaussian,
    /// `t ~ Bernoulli(μ)`, for values in [0, 1].
    Bernoulli,
}

/// How a mismatch is weighted by precision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum PrecisionForm {
    /// `e = d Σ⁻¹`, the paper.
    #[default]
    Inverse,
    /// `e = d R⁻ᵀ` with `Σ = R Rᵀ`, R lower triangular: the whitened mismatch, as the authors' code has it.
    Factor,
}

/// The precision of an error population.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Precision {
    /// `Σ = I`, never learned, at no cost.
    #[default]
    Identity,
    /// `e = p d` with one p for all neurons, never learned: how much the layer weighs beside others.
    Fixed(f32),
    /// A learned variance of each neuron, which never falls below `floor`; nothing between neurons.
    Diagonal {
        /// Lower bound of the variances.
        floor: f32,
    },
    /// A learned covariance whose diagonal never falls below `floor`.
    Learned {
        /// Lower bound of the diagonal of Σ.
        floor: f32,
        /// Which form of the weighted mismatch is sent.
        #[serde(default)]
        form: PrecisionForm,
    },
}

/// How the mismatch of a predicted layer returns to the layer that predicts it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Feedback {
    /// Learned error synapses E (type 2); `rate` is λ of their rule.
    Learned {
        /// λ: the rate of E relative to that of W.
        rate: f32,
    },
    /// The generative synapses read backwards (type 1): `e W`.
    Transposed,
    /// `gain · e W`.
    ScaledTranspose {
        /// Factor on the returned mismatch.
        gain: f32,
    },
    /// No feedback: a skip that predicts and is not corrected.
    Silent,
}

/// What travels on a link.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Messages {
    /// The whole vector at every firing.
    #[default]
    Dense,
    /// Only the components that moved by more than `threshold` since they were last sent.
    Events {
        /// θ, in units of the component.
        threshold: f32,
        /// Every so many firings (1 or more) the whole vector goes out, whatever moved. A sender can't know what was
        /// lost: without it a lost event stays lost until its component moves again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refresh: Option<u64>,
    },
    /// Only which components are further than `threshold` from what was told of them, and whether up or down: sender and
    /// receiver both move what they remember of such a component by ±θ, once a firing at the most.
    Ternary {
        /// θ, in units of the component; above 0.
        threshold: f32,
    },
}

/// How the values of a sense become the numbers that its layer sees.
///
/// Bytes, which are whole numbers of 0 to 255, are divided by 255 first, except under [`Reading::Raw`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Reading {
    /// 1 where the value is at the threshold or above it, else 0. At 0.5 it is the protocol of the paper.
    Binarised(f32),
    /// The value itself.
    Grey,
    /// `(value − mean) / sd`, both of this value alone over the training samples. They are kept with the weights, as
    /// the tensors `SENSE.mean` and `SENSE.sd`. What never varies has an sd of 1.
    Standardised,
    /// The number as it is stored, bytes from 0 to 255.
    Raw,
}

impl Default for Reading {
    fn default() -> Self {
        Self::Binarised(0.5)
    }
}

impl Reading {
    /// What a sense is read as whose layer names nothing: binarised at 0.5 for a Bernoulli layer, grey for a Gaussian one.
    #[must_use]
    pub fn natural(likelihood: Likelihood) -> Self {
        match likelihood {
            Likelihood::Bernoulli => Self::default(),
            Likelihood::Gaussian => Self::Grey,
        }
    }

    /// The word for it in `run.json`: `binary`, `grey`, `standardised`, `raw`, or `binarised at` another threshold.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Binarised(0.5) => "binary".to_owned(),
            Self::Binarised(threshold) => format!("binarised at {threshold}"),
            Self::Grey => "grey".to_owned(),
            Self::Standardised => "standardised".to_owned(),
            Self::Raw => "raw".to_owned(),
        }
    }

    /// The reading of such a word.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "binary" => Some(Self::default()),
            "grey" => Some(Self::Grey),
            "standardised" => Some(Self::Standardised),
            "raw" => Some(Self::Raw),
            other => other.strip_prefix("binarised at ")?.parse().ok().map(Self::Binarised),
        }
    }
}

impl Messages {
    /// Events above a threshold, which are never refreshed.
    #[must_use]
    pub const fn events(threshold: f32) -> Self {
        Self::Events { threshold, refresh: None }
    }

    /// θ, where messages tell of changes only.
    #[must_use]
    pub const fn threshold(self) -> Option<f32> {
        match self {
            Self::Dense => None,
            Self::Events { threshold, .. } | Self::Ternary { threshold } => Some(threshold),
        }
    }

    /// Whether a lost message leaves a receiver wrong for good, and not only out of date.
    #[must_use]
    pub const fn needs_every_message(self) -> bool {
        matches!(self, Self::Ternary { .. })
    }
}

/// What a signal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Carries {
    /// `a_k`, from a state population to an error population that it predicts.
    Activity,
    /// `t_s`, from a state population to its own error population.
    Target,
    /// `e_s`, from an error population to a state population that owns error synapses, or to its own.
    Mismatch,
    /// `gain · e_s W_{k→s}`, along the virtual pathway of type 1.
    Pathway,
}

/// In which order the messages of one sender are handed to a receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Arrivals {
    /// In the order in which they were sent, one at the most between two firings of the receiver: each message is newer
    /// than all that its inlet holds, and nothing has to be remembered.
    #[default]
    InOrder,
    /// In any order, several between two firings: under events an inlet remembers which message told each component.
    AnyOrder,
}

/// `γ`, the pull of a state towards 0 per update; not negative.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default, Serialize)]
pub struct Leak(f32);

impl Leak {
    /// `None` where the value is negative or not finite.
    #[must_use]
    pub fn new(gamma: f32) -> Option<Self> {
        (gamma.is_finite() && gamma >= 0.0).then_some(Self(gamma))
    }

    /// The value.
    #[must_use]
    pub fn get(self) -> f32 {
        self.0
    }
}

/// `β`, the size of one update of a state: in (0, 1], and not a learning rate.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize)]
pub struct StepSize(f32);

/// What a state population does with its step size where it is answered late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum StepRule {
    /// It takes β, whatever comes.
    #[default]
    Given,
    /// It takes no larger step than its lateness and its stiffness bear; β where it is not late.
    Bearable,
    /// It takes β, but moves only once everybody that it hears has answered where it moved to before.
    Answered,
}

/// `m`, the share of its last movement that a state makes again (heavy ball): in [0, 1), 0 for none.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default, Serialize)]
pub struct Momentum(f32);

impl Momentum {
    /// `None` outside [0, 1).
    #[must_use]
    pub fn new(share: f32) -> Option<Self> {
        (0.0..1.0).contains(&share).then_some(Self(share))
    }

    /// The value.
    #[must_use]
    pub fn get(self) -> f32 {
        self.0
    }
}

impl StepSize {
    /// What a sensory layer uses where it is masked or released and its circuit file gives no `beta`.
    pub const SENSORY: Self = Self(0.1);

    /// `None` outside (0, 1].
    #[must_use]
    pub fn new(beta: f32) -> Option<Self> {
        (beta > 0.0 && beta <= 1.0).then_some(Self(beta))
    }

    /// The value.
    #[must_use]
    pub fn get(self) -> f32 {
        self.0
    }
}
