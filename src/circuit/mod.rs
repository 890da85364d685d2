//! A circuit: the checked description of layers, projections, settling and learning.
//!
//! A [`Circuit`] is made from the text of a circuit file by [`Circuit::parse`] and is then known to be sound:
//! every name resolves, every number is in range, every column divides its layer. Nothing further in checks
//! again. This folder knows text and checked data only; it has never heard of a population at work.
//!
//! Order of reading: [`mod@file`] is the serde mirror of the text, `check` turns it into a [`Circuit`] or into all
//! of its mistakes at once, [`wiring`] says who talks to whom, and [`cost`] what that costs.

mod check;
pub mod cost;
mod error;
mod explain;
pub mod file;
mod places;
mod reader;
pub mod schedule;
pub mod wiring;

pub use error::{CircuitError, Mistake};
pub use schedule::{Clock, Delay, ExecutorKind, Schedule, Settling, Stopping, TimeScale, VirtualTime};

use crate::params::{
    Activation, Feedback, Init, Lateral, Leak, Likelihood, Norm, Optimizer, Precision, Prior, Reading, StepSize,
    Target, When,
};

/// A layer of a circuit, by its place in [`Circuit::layers`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LayerId(pub usize);

/// A checked circuit.
#[derive(Debug, Clone, PartialEq)]
pub struct Circuit {
    /// Its name, as in the file.
    pub name: String,
    /// What it models and where it comes from.
    pub about: String,
    /// Layers in the order of the file, which has no meaning.
    pub layers: Vec<Layer>,
    /// Projections in the order of the file, which has no meaning.
    pub projections: Vec<Projection>,
    /// How synapses are drawn.
    pub init: Init,
    /// How an episode settles.
    pub settling: Settling,
    /// How synapses learn.
    pub learning: Learning,
}

/// One state population and, where the layer is predicted, one error population.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// Unique within the circuit; the state population bears it, the error population is `NAME.error`.
    pub name: String,
    /// Number of neurons.
    pub size: usize,
    /// The input that clamps this layer, if it is sensory.
    pub sense: Option<String>,
    /// How its input is read, where the file says so.
    pub read: Option<Reading>,
    /// Rows, columns and channels that its neurons are laid out in, where the file says so: neuron `(i · w + j) · c + k`
    /// is row i, column j, channel k.
    pub shape: Option<[usize; 3]>,
    /// `φ`
    pub activation: Activation,
    /// `g`
    pub mean: Activation,
    /// What is compared with the prediction.
    pub target: Target,
    /// The distribution that `μ` parametrises.
    pub likelihood: Likelihood,
    /// Whether feedback is multiplied by `φ'(z)`.
    pub derivative: bool,
    /// `β`
    pub beta: StepSize,
    /// `γ`
    pub leak: Leak,
    /// Pull to rest.
    pub prior: Prior,
    /// `V`
    pub lateral: Lateral,
    /// `Σ⁻¹`
    pub precision: Precision,
}

/// Generative synapses from one layer to another, with their feedback.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Projection {
    /// The layer that predicts.
    pub from: LayerId,
    /// The layer that is predicted.
    pub to: LayerId,
    /// How the mismatch returns.
    pub feedback: Feedback,
}

/// How synapses learn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Learning {
    /// Which optimiser ascends the rules.
    pub optimizer: Optimizer,
    /// The constraint after each step.
    pub norm: Norm,
    /// When the rules are applied.
    pub when: When,
    /// Samples in a batch.
    pub batch: usize,
    /// Passes over the data in a training.
    pub epochs: usize,
}

impl Circuit {
    /// The layer of an id.
    #[must_use]
    pub fn layer(&self, id: LayerId) -> &Layer {
        &self.layers[id.0]
    }

    /// Every layer with its id.
    pub fn layers(&self) -> impl Iterator<Item = (LayerId, &Layer)> {
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
