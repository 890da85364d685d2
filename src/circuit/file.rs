//! The circuit file: the serde mirror of its RON text.
//!
//! A [`CircuitFile`] holds what was written, with defaults filled in and nothing else believed: names may
//! point nowhere and numbers may be absurd. `reader` makes it from text and refuses what has the wrong shape;
//! `check` makes a [`Circuit`](super::Circuit) of it and refuses what has the wrong meaning.

pub use super::listing::Listing;
pub use super::place::PlaceLearning;
pub use super::shape::Shape;
pub use super::timing::{ChangeFile, ClockFile, DelayFile, LesionFile, ScheduleFile, TimedChangeFile, VirtualTimeFile};

use super::schedule::ExecutorKind;
use crate::params::{
    Activation, BiasKind, Feedback, Init, Lateral, LayerNoise, Likelihood, Messages, Norm, Optimizer, Precision, Prior,
    RateOverTime, Reach, Reading, Sign, Start, StepRule, Target, When,
};
use serde::{Deserialize, Serialize};

/// The text of a circuit file, field by field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename = "Circuit", deny_unknown_fields)]
pub struct CircuitFile {
    /// Its name.
    pub name: String,
    /// What it models and where it comes from.
    #[serde(default)]
    pub about: String,
    /// Layers by name.
    pub layers: Listing<LayerFile>,
    /// Layers that are alike, with the projections between them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<RowFile>,
    /// Projections.
    pub projections: Vec<ProjectionFile>,
    /// How synapses are drawn.
    #[serde(default)]
    pub init: Init,
    /// How an episode settles.
    #[serde(default)]
    pub settling: SettlingFile,
    /// How synapses learn.
    #[serde(default)]
    pub learning: LearningFile,
}

/// One layer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename = "Layer", deny_unknown_fields)]
pub struct LayerFile {
    /// Number of neurons; a layer that says its shape can leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<usize>,
    /// Rows, columns and channels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<Shape>,
    /// The input that clamps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sense: Option<String>,
    /// How its input is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<Reading>,
    /// `φ`
    #[serde(default)]
    pub activation: Activation,
    /// `g`
    #[serde(default)]
    pub mean: Activation,
    /// What is compared with the prediction.
    #[serde(default)]
    pub target: Target,
    /// The distribution that `μ` parametrises.
    #[serde(default)]
    pub likelihood: Likelihood,
    /// Whether feedback is multiplied by `φ'(z)`.
    #[serde(default)]
    pub derivative: bool,
    /// `β`; only a sensory layer can do without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beta: Option<f32>,
    /// Whether β gives way to lateness.
    #[serde(default, skip_serializing_if = "is_given")]
    pub step: StepRule,
    /// Share of its last movement that a state makes again.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub momentum: f32,
    /// `γ`
    #[serde(default)]
    pub leak: f32,
    /// Pull to rest.
    #[serde(default, skip_serializing_if = "is_prior_none")]
    pub prior: Prior,
    /// `V`
    #[serde(default, skip_serializing_if = "is_lateral_none")]
    pub lateral: Lateral,
    /// `Σ⁻¹`
    #[serde(default)]
    pub precision: Precision,
    /// What shakes its states.
    #[serde(default, skip_serializing_if = "is_calm")]
    pub noise: LayerNoise,
    /// `b`
    #[serde(default, skip_serializing_if = "is_unbiased")]
    pub bias: BiasKind,
    /// How its bias, variances and covariance learn.
    #[serde(default, skip_serializing_if = "PlaceLearning::is_silent")]
    pub learning: PlaceLearning,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_given(step: &StepRule) -> bool {
    *step == StepRule::Given
}

/// RON would write this `None` as `r#None`.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_calm(noise: &LayerNoise) -> bool {
    *noise == LayerNoise::None
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_unbiased(bias: &BiasKind) -> bool {
    *bias == BiasKind::None
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_any(sign: &Sign) -> bool {
    *sign == Sign::Any
}

fn is_constant(time: &RateOverTime) -> bool {
    *time == RateOverTime::Constant
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_zero(number: &f32) -> bool {
    *number == 0.0
}

/// RON would write this `None` as `r#None`.
fn is_prior_none(prior: &Prior) -> bool {
    *prior == Prior::None
}

/// RON would write this `None` as `r#None`.
fn is_lateral_none(lateral: &Lateral) -> bool {
    *lateral == Lateral::None
}

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
    /// Which neurons it reaches.
    #[serde(default, skip_serializing_if = "Reach::is_all")]
    pub reach: Reach,
    /// From how many frames ago it predicts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay: Option<usize>,
}

/// One projection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename = "Projection", deny_unknown_fields)]
pub struct ProjectionFile {
    /// The layer that predicts.
    pub from: String,
    /// The layer that is predicted.
    pub to: String,
    /// How the mismatch returns; required, because no choice is the natural one.
    pub feedback: Feedback,
    /// How its synapses are drawn, where not as the circuit says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init: Option<Init>,
    /// Which values its synapses may have.
    #[serde(default, skip_serializing_if = "is_any")]
    pub sign: Sign,
    /// How its synapses learn.
    #[serde(default, skip_serializing_if = "PlaceLearning::is_silent")]
    pub learning: PlaceLearning,
    /// Which neurons it reaches.
    #[serde(default, skip_serializing_if = "Reach::is_all")]
    pub reach: Reach,
    /// From how many frames ago it predicts; from the present where this is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay: Option<usize>,
}

/// How an episode settles.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename = "Settling", default, deny_unknown_fields)]
pub struct SettlingFile {
    /// Updates of every state population; 50 where neither this, `per_frame` nor `until` is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<usize>,
    /// Updates for each frame of an input of frames, in place of `steps`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_frame: Option<usize>,
    /// The other way to end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<UntilFile>,
    /// Who fires when.
    pub schedule: ScheduleFile,
    /// What runs `Bounded` and `Free`.
    pub executor: ExecutorKind,
    /// Ranks that populations of `Bounded` and `Free` run on, where there are several.
    #[serde(skip_serializing_if = "Listing::is_empty")]
    pub place: Listing<usize>,
    /// What travels on a link.
    pub messages: Messages,
    /// Where free states begin.
    #[serde(skip_serializing_if = "Start::is_zeros")]
    pub start: Start,
}

/// An end that depends on what the circuit does.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename = "Until", deny_unknown_fields)]
pub enum UntilFile {
    /// Nothing moves any more.
    Quiet {
        /// Largest movement of a component in one firing.
        tolerance: f32,
        /// Upper bound, in updates.
        max_steps: usize,
    },
}

/// How synapses learn.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename = "Learning", default, deny_unknown_fields)]
pub struct LearningFile {
    /// Which optimiser ascends the rules.
    pub optimizer: Optimizer,
    /// The constraint after each step.
    pub norm: Norm,
    /// A step leaves `1 − rate · decay` of what synapses were.
    #[serde(skip_serializing_if = "is_zero")]
    pub decay: f32,
    /// How the learning rate goes over the epochs.
    #[serde(skip_serializing_if = "is_constant")]
    pub rate_over_time: RateOverTime,
    /// When the rules are applied.
    pub when: When,
    /// Samples in a batch.
    pub batch: usize,
    /// Passes over the data.
    pub epochs: usize,
}

impl RowFile {
    /// Its layers, by name.
    pub fn layers(&self) -> impl Iterator<Item = (String, LayerFile)> {
        (self.first..=self.last).map(|number| (self.layer(number), self.each.clone()))
    }

    /// Its projections, each predicting the layer of the number before.
    pub fn projections(&self) -> impl Iterator<Item = ProjectionFile> {
        let BetweenFile { feedback, init, sign, learning, reach, delay } = self.between;
        (self.first..self.last).map(move |number| ProjectionFile {
            from: self.layer(number + 1),
            to: self.layer(number),
            feedback,
            init,
            sign,
            learning,
            reach,
            delay,
        })
    }

    fn layer(&self, number: usize) -> String {
        format!("{}{number}", self.name)
    }
}

impl Default for LearningFile {
    fn default() -> Self {
        let (optimizer, norm, when, rate_over_time) = Default::default();
        Self { optimizer, norm, decay: 0.0, rate_over_time, when, batch: 200, epochs: 50 }
    }
}
