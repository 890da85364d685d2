//! Afferent synapses: a dense block that belongs to the postsynaptic population.
//!
//! Storage is `[presynaptic, postsynaptic]`, so that everything one presynaptic neuron reaches lies together: a
//! dense batch multiplies from the left, and a single changed component adds one row. Files hold the transpose
//! (design section 2: generative `[to, from]`, feedback `[from, to]`), which is `[postsynaptic, presynaptic]` for both.

use crate::kernels::drive::{self, Nonzero};
use crate::kernels::product::Onto;
use crate::kernels::sparse::List;
use crate::learning::{Ascent, Hebbian, Plasticity};
use crate::matrix::Matrix;
use crate::params::{Norm, Optimizer};
use crate::weights::Weights;

/// Synapses from one presynaptic population to the population that owns them.
#[derive(Debug, Clone)]
pub struct Synapses {
    name: String,
    weights: Weights,
    rule: Hebbian,
    /// The virtual pathway of type 1, where there is one.
    backwards: Option<Backwards>,
}

/// `gain · W`, stored `[postsynaptic, presynaptic]`: a copy, so that reading backwards goes along rows, too.
#[derive(Debug, Clone)]
struct Backwards {
    gain: f32,
    weights: Weights,
}

impl Synapses {
    /// Synapses named as their tensor, from weights `[presynaptic, postsynaptic]`.
    #[must_use]
    pub fn new(name: String, weights: Matrix, optimizer: Optimizer, norm: Norm) -> Self {
        let rule = Hebbian::new(Plasticity::new(optimizer, norm));
        Self { name, weights: weights.into(), rule, backwards: None }
    }

    /// The same synapses, which learn in another way and have learned nothing yet.
    #[must_use]
    pub fn learning(self, plasticity: Plasticity) -> Self {
        Self { rule: Hebbian::new(plasticity), ..self }
    }

    /// The same synapses, which their owner also reads backwards with a gain (type 1).
    #[must_use]
    pub fn with_pathway(mut self, gain: f32) -> Self {
        let (pre, post) = self.shape();
        self.backwards = Some(Backwards { gain, weights: Matrix::zeros(post, pre).into() });
        self.refresh();
        self
    }

    /// Whether the owner reads them backwards.
    #[must_use]
    pub fn has_pathway(&self) -> bool {
        self.backwards.is_some()
    }

    /// The gain of the pathway, where there is one.
    #[must_use]
    pub fn pathway_gain(&self) -> Option<f32> {
        self.backwards.as_ref().map(|backwards| backwards.gain)
    }

    /// The largest singular value.
    #[must_use]
    pub fn norm(&self) -> f32 {
        self.weights.norm()
    }

    /// The name of the tensor, such as `z2_to_z1.generative`: a label for files, not an address.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `[presynaptic, postsynaptic]`
    #[must_use]
    pub fn weights(&self) -> &Matrix {
        self.weights.rows()
    }

    /// Presynaptic and postsynaptic neurons.
    #[must_use]
    pub fn shape(&self) -> (usize, usize) {
        (self.weights().rows(), self.weights().cols())
    }

    /// What presynaptic values `[rows · pre]` drive in the owner, `out (+)= a Wᵀ` `[rows · post]`; `nonzero` is scratch.
    pub fn drive(&self, out: &mut [f32], onto: Onto, presynaptic: &[f32], nonzero: &mut Nonzero) {
        drive::drive(out, onto, presynaptic, self.weights.panels(), nonzero);
    }

    /// What changes of presynaptic values add to the drive of the owner, `out` `[samples · post]`.
    pub fn drive_changes(&self, out: &mut [f32], changes: &List) {
        drive::add_changes(out, changes, self.weights.panels());
    }

    /// The virtual pathway of type 1: the owner's values `[rows · post]` read backwards, `out = gain · e W`
    /// `[rows · pre]`. Nothing happens where there is no pathway.
    pub fn read_backwards(&self, out: &mut [f32], postsynaptic: &[f32], nonzero: &mut Nonzero) {
        if let Some(Backwards { weights, .. }) = &self.backwards {
            drive::drive(out, Onto::Replace, postsynaptic, weights.panels(), nonzero);
        }
    }

    /// What changes of the owner's values add to its pathway, `out` `[samples · pre]`.
    pub fn read_changes_backwards(&self, out: &mut [f32], changes: &List) {
        if let Some(Backwards { weights, .. }) = &self.backwards {
            drive::add_changes(out, changes, weights.panels());
        }
    }

    /// Brings the copy that is read backwards up to date.
    fn refresh(&mut self) {
        if let Some(Backwards { gain, weights }) = &mut self.backwards {
            weights.change(|weights| {
                self.weights.rows().transpose_into(weights);
                if *gain != 1.0 {
                    weights.as_mut_slice().iter_mut().for_each(|w| *w *= *gain);
                }
            });
        }
    }

    /// One learning step of [`Hebbian::learn`].
    pub fn learn(&mut self, gain: f32, pairs: &[(&Matrix, &Matrix)], batch: usize) {
        self.rule.learn(&mut self.weights, gain, pairs, batch);
        self.refresh();
    }

    /// The optimiser, for checkpoints.
    #[must_use]
    pub fn ascent(&self) -> &Ascent {
        self.rule.ascent()
    }

    /// The optimiser, to be restored.
    pub fn ascent_mut(&mut self) -> &mut Ascent {
        self.rule.ascent_mut()
    }

    /// Replaces the weights by others of the same shape.
    ///
    /// # Panics
    /// Where the shapes differ, which is a bug of the caller.
    pub fn set_weights(&mut self, weights: &Matrix) {
        self.weights.change(|own| own.copy_from(weights));
        self.refresh();
    }
}
