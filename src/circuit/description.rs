//! The checked description of a circuit: layers, projections, settling and learning.

use super::ids::LayerId;
use super::place::PlaceLearning;
use super::schedule::Settling;
use crate::params::{
    Activation, BiasKind, Feedback, Init, Lateral, LayerNoise, Leak, Likelihood, Momentum, Norm, Optimizer, Precision,
    Prior, RateOverTime, Reach, Reading, Sign, StepRule, StepSize, Target, When,
};

/// A checked circuit. It can't be edited: [`Circuit::with_settling`] and its like make another, checked one.
#[derive(Debug, Clone, PartialEq)]
pub struct Circuit {
    /// Its name, as in the file.
    pub(super) name: String,
    /// What it models and where it comes from.
    pub(super) about: String,
    /// Layers in the order of the file, which has no meaning.
    pub(super) layers: Vec<Layer>,
    /// Projections in the order of the file, which has no meaning.
    pub(super) projections: Vec<Projection>,
    /// How synapses are drawn.
    pub(super) init: Init,
    /// How an episode settles.
    pub(super) settling: Settling,
    /// How synapses learn.
    pub(super) learning: Learning,
}

/// One state population and, where the layer is predicted, one error population.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// Unique within the circuit; the state population bears it, the error population is `NAME.error`.
    pub(super) name: String,
    /// Number of neurons.
    pub(super) size: usize,
    /// The input that clamps this layer, if it is sensory.
    pub(super) sense: Option<String>,
    /// How its input is read, where the file says so.
    pub(super) read: Option<Reading>,
    /// Rows, columns and channels that its neurons are laid out in, where the file says so: neuron `(i · w + j) · c + k`
    /// is row i, column j, channel k.
    pub(super) shape: Option<[usize; 3]>,
    /// `φ`
    pub(super) activation: Activation,
    /// `g`
    pub(super) mean: Activation,
    /// What is compared with the prediction.
    pub(super) target: Target,
    /// The distribution that `μ` parametrises.
    pub(super) likelihood: Likelihood,
    /// Whether feedback is multiplied by `φ'(z)`.
    pub(super) derivative: bool,
    /// `β`
    pub(super) beta: StepSize,
    /// Whether β gives way to lateness.
    pub(super) step: StepRule,
    /// `m`
    pub(super) momentum: Momentum,
    /// `γ`
    pub(super) leak: Leak,
    /// Pull to rest.
    pub(super) prior: Prior,
    /// `V`
    pub(super) lateral: Lateral,
    /// `Σ⁻¹`
    pub(super) precision: Precision,
    /// What shakes its states.
    pub(super) noise: LayerNoise,
    /// `b`
    pub(super) bias: BiasKind,
    /// How its bias, variances and covariance learn.
    pub(super) learning: PlaceLearning,
}

/// Generative synapses from one layer to another, with their feedback.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Projection {
    /// The layer that predicts.
    pub(super) from: LayerId,
    /// The layer that is predicted.
    pub(super) to: LayerId,
    /// How the mismatch returns.
    pub(super) feedback: Feedback,
    /// How its synapses are drawn, where not as the circuit says.
    pub(super) init: Option<Init>,
    /// Which values its synapses may have.
    pub(super) sign: Sign,
    /// How its synapses learn.
    pub(super) learning: PlaceLearning,
    /// Which neurons it reaches.
    pub(super) reach: Reach,
    /// From how many frames ago it predicts, 1 or more.
    pub(super) delay: Option<usize>,
}

/// How synapses learn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Learning {
    /// Which optimiser ascends the rules.
    pub optimizer: Optimizer,
    /// The constraint after each step.
    pub norm: Norm,
    /// A step leaves `1 − rate · decay` of what synapses were; 0 or above.
    pub decay: f32,
    /// How the learning rate goes over the epochs.
    pub rate_over_time: RateOverTime,
    /// When the rules are applied.
    pub when: When,
    /// Samples in a batch.
    pub batch: usize,
    /// Passes over the data in a training.
    pub epochs: usize,
}

impl Circuit {
    /// Its name, as in the file.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it models and where it comes from.
    #[must_use]
    pub fn about(&self) -> &str {
        &self.about
    }

    /// Projections in the order of the file, which has no meaning.
    #[must_use]
    pub fn projections(&self) -> &[Projection] {
        &self.projections
    }

    /// How synapses are drawn.
    #[must_use]
    pub fn init(&self) -> Init {
        self.init
    }

    /// How an episode settles.
    #[must_use]
    pub fn settling(&self) -> &Settling {
        &self.settling
    }

    /// How synapses learn.
    #[must_use]
    pub fn learning(&self) -> Learning {
        self.learning
    }

    /// The layer of an id.
    #[must_use]
    pub fn layer(&self, id: LayerId) -> &Layer {
        &self.layers[id.0]
    }

    /// Every layer with its id, in the order of the file, which has no meaning.
    pub fn layers(&self) -> impl ExactSizeIterator<Item = (LayerId, &Layer)> + DoubleEndedIterator + Clone {
        self.layers.iter().enumerate().map(|(i, layer)| (LayerId(i), layer))
    }

    /// The layer of a name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<LayerId> {
        self.layers.iter().position(|layer| layer.name == name).map(LayerId)
    }

    /// The layer that a sense clamps.
    #[must_use]
    pub fn sensory(&self, sense: &str) -> Option<LayerId> {
        self.layers.iter().position(|layer| layer.sense.as_deref() == Some(sense)).map(LayerId)
    }

    /// The senses, in the order of the file, with their layers.
    pub fn senses(&self) -> impl Iterator<Item = (&str, LayerId)> {
        self.layers().filter_map(|(id, layer)| Some((layer.sense.as_deref()?, id)))
    }

    /// Whether some projection predicts the layer, so that it has an error population.
    #[must_use]
    pub fn is_predicted(&self, id: LayerId) -> bool {
        self.projections.iter().any(|p| p.to == id)
    }

    /// The projections that predict a layer, ordered by the names of their sources, so that sums do not
    /// depend on the order of the file.
    #[must_use]
    pub fn afferents(&self, to: LayerId) -> Vec<Projection> {
        self.sorted(|p| p.to == to, |p| &self.layer(p.from).name)
    }

    /// The projections by which a layer predicts others, ordered by the names of their targets.
    #[must_use]
    pub fn efferents(&self, from: LayerId) -> Vec<Projection> {
        self.sorted(|p| p.from == from, |p| &self.layer(p.to).name)
    }

    fn sorted<'a>(
        &'a self,
        keep: impl Fn(&Projection) -> bool,
        key: impl Fn(&Projection) -> &'a String,
    ) -> Vec<Projection> {
        let mut found: Vec<_> = self.projections.iter().copied().filter(keep).collect();
        found.sort_by(|p, q| key(p).cmp(key(q)));
        found
    }

    /// The name of a tensor of a projection: `z2_to_z1.generative` or `z2_to_z1.feedback`.
    #[must_use]
    pub fn tensor_name(&self, projection: &Projection, kind: &str) -> String {
        format!("{}_to_{}.{kind}", self.layer(projection.from).name, self.layer(projection.to).name)
    }
}

impl Layer {
    /// Unique within the circuit; the state population bears it, the error population is `NAME.error`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The input that clamps this layer, if it is sensory.
    #[must_use]
    pub fn sense(&self) -> Option<&str> {
        self.sense.as_deref()
    }

    /// How its input is read, where the file says so.
    #[must_use]
    pub fn read(&self) -> Option<Reading> {
        self.read
    }

    /// Rows, columns and channels that its neurons are laid out in, where the file says so: neuron `(i · w + j) · c + k`
    /// is row i, column j, channel k.
    #[must_use]
    pub fn shape(&self) -> Option<[usize; 3]> {
        self.shape
    }

    /// Number of neurons.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// `φ`
    #[must_use]
    pub fn activation(&self) -> Activation {
        self.activation
    }

    /// `g`
    #[must_use]
    pub fn mean(&self) -> Activation {
        self.mean
    }

    /// What is compared with the prediction.
    #[must_use]
    pub fn target(&self) -> Target {
        self.target
    }

    /// The distribution that `μ` parametrises.
    #[must_use]
    pub fn likelihood(&self) -> Likelihood {
        self.likelihood
    }

    /// Whether feedback is multiplied by `φ'(z)`.
    #[must_use]
    pub fn derivative(&self) -> bool {
        self.derivative
    }

    /// `β`
    #[must_use]
    pub fn beta(&self) -> StepSize {
        self.beta
    }

    /// Whether β gives way to lateness.
    #[must_use]
    pub fn step(&self) -> StepRule {
        self.step
    }

    /// Share of its last movement that a state makes again.
    #[must_use]
    pub fn momentum(&self) -> Momentum {
        self.momentum
    }

    /// `γ`
    #[must_use]
    pub fn leak(&self) -> Leak {
        self.leak
    }

    /// Pull to rest.
    #[must_use]
    pub fn prior(&self) -> Prior {
        self.prior
    }

    /// `V`
    #[must_use]
    pub fn lateral(&self) -> Lateral {
        self.lateral
    }

    /// `Σ⁻¹`
    #[must_use]
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// What shakes its states.
    #[must_use]
    pub fn noise(&self) -> LayerNoise {
        self.noise
    }

    /// Whether its error population has a bias.
    #[must_use]
    pub fn is_biased(&self) -> bool {
        self.bias == BiasKind::Learned
    }

    /// How its bias, variances and covariance learn.
    #[must_use]
    pub fn learning(&self) -> PlaceLearning {
        self.learning
    }

    /// The binary cross-entropy, in nats, that a free energy of the layer stands for: precision weighs the one and not the
    /// other. `None` where the layer isn't Bernoulli.
    #[must_use]
    pub fn cross_entropy(&self, free_energy: f64) -> Option<f64> {
        match (self.likelihood, self.precision) {
            (Likelihood::Gaussian, _) => None,
            (Likelihood::Bernoulli, Precision::Fixed(p)) => Some(free_energy / f64::from(p)),
            (Likelihood::Bernoulli, _) => Some(free_energy),
        }
    }
}

impl Projection {
    /// The layer that predicts.
    #[must_use]
    pub fn from(&self) -> LayerId {
        self.from
    }

    /// The layer that is predicted.
    #[must_use]
    pub fn to(&self) -> LayerId {
        self.to
    }

    /// How the mismatch returns.
    #[must_use]
    pub fn feedback(&self) -> Feedback {
        self.feedback
    }

    /// How its synapses are drawn, where not as the circuit says.
    #[must_use]
    pub fn init(&self) -> Option<Init> {
        self.init
    }

    /// Which values its synapses may have.
    #[must_use]
    pub fn sign(&self) -> Sign {
        self.sign
    }

    /// How its synapses learn.
    #[must_use]
    pub fn learning(&self) -> PlaceLearning {
        self.learning
    }

    /// Which neurons it reaches.
    #[must_use]
    pub fn reach(&self) -> Reach {
        self.reach
    }

    /// From how many frames ago it predicts, 1 or more; from the present where it is absent.
    #[must_use]
    pub fn delay(&self) -> Option<usize> {
        self.delay
    }
}
