//! Afferent synapses: a block, of all pairs of neurons or of a pattern, that belongs to the postsynaptic population.
//!
//! Storage is `[presynaptic, postsynaptic]`, so that everything one presynaptic neuron reaches lies together: a
//! dense batch multiplies from the left, and a single changed component adds one row. Files hold the transpose
//! (design section 2: generative `[to, from]`, feedback `[from, to]`), which is `[postsynaptic, presynaptic]` for both.

use crate::kernels::drive::Nonzero;
use crate::kernels::product::Onto;
use crate::kernels::sparse::List;
use crate::learning::{Ascent, Hebbian, Plasticity};
use crate::matrix::Matrix;
use crate::params::{Norm, Optimizer};
use crate::weights::Weights;
use std::borrow::Cow;
use std::sync::Arc;

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
    /// Of a pattern: the place of each of these synapses among those that they are a copy of.
    order: Vec<u32>,
}

impl Synapses {
    /// Synapses named as their tensor, from weights `[presynaptic, postsynaptic]`.
    #[must_use]
    pub fn new<W: Into<Weights>>(name: String, weights: W, optimizer: Optimizer, norm: Norm) -> Self {
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
        let (weights, order) = match self.weights.pattern() {
            None if self.weights.are_elsewhere() => (Weights::elsewhere(post, pre), Vec::new()),
            None => (Matrix::zeros(post, pre).into(), Vec::new()),
            Some(pattern) => {
                let (back, order) = pattern.transposed();
                (Weights::of_pattern(Arc::new(back), vec![0.0; order.len()]), order)
            }
        };
        self.backwards = Some(Backwards { gain, weights, order });
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

    /// The numbers, as they are kept.
    #[must_use]
    pub fn weights(&self) -> &Weights {
        &self.weights
    }

    /// `[presynaptic, postsynaptic]`, with 0 where there is no synapse.
    #[must_use]
    pub fn spread(&self) -> Cow<'_, Matrix> {
        self.weights.spread()
    }

    /// How many synapses there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.weights.values().as_slice().len()
    }

    /// Multiply-accumulates that a list of presynaptic values causes.
    #[must_use]
    pub fn operations(&self, list: &List) -> u64 {
        match self.weights.pattern() {
            None => (list.len() * self.shape().1) as u64,
            Some(pattern) => pattern.count(list),
        }
    }

    /// Multiply-accumulates that a list of the owner's values causes, read backwards.
    #[must_use]
    pub fn operations_backwards(&self, list: &List) -> u64 {
        match self.backwards.as_ref().and_then(|backwards| backwards.weights.pattern()) {
            None => (list.len() * self.shape().0) as u64,
            Some(pattern) => pattern.count(list),
        }
    }

    /// Presynaptic and postsynaptic neurons.
    #[must_use]
    pub fn shape(&self) -> (usize, usize) {
        self.weights.shape()
    }

    /// What presynaptic values `[rows · pre]` drive in the owner, `out (+)= a Wᵀ` `[rows · post]`; `nonzero` is scratch.
    pub fn drive(&self, out: &mut [f32], onto: Onto, presynaptic: &[f32], nonzero: &mut Nonzero) {
        self.weights.drive(out, onto, presynaptic, nonzero);
    }

    /// What changes of presynaptic values add to the drive of the owner, `out` `[samples · post]`.
    pub fn drive_changes(&self, out: &mut [f32], changes: &List) {
        self.weights.add_changes(out, changes);
    }

    /// The virtual pathway of type 1: the owner's values `[rows · post]` read backwards, `out = gain · e W`
    /// `[rows · pre]`. Nothing happens where there is no pathway.
    pub fn read_backwards(&self, out: &mut [f32], postsynaptic: &[f32], nonzero: &mut Nonzero) {
        if let Some(Backwards { weights, .. }) = &self.backwards {
            weights.drive(out, Onto::Replace, postsynaptic, nonzero);
        }
    }

    /// What changes of the owner's values add to its pathway, `out` `[samples · pre]`.
    pub fn read_changes_backwards(&self, out: &mut [f32], changes: &List) {
        if let Some(Backwards { weights, .. }) = &self.backwards {
            weights.add_changes(out, changes);
        }
    }

    /// Brings the copy that is read backwards up to date.
    fn refresh(&mut self) {
        if let Some(Backwards { gain, weights, order }) = &mut self.backwards {
            let own = self.weights.values();
            let is_pattern = self.weights.pattern().is_some();
            weights.change(|weights| {
                if is_pattern {
                    let turned = order.iter().map(|at| own.as_slice()[*at as usize]);
                    weights.as_mut_slice().iter_mut().zip(turned).for_each(|(w, own)| *w = own);
                } else {
                    own.transpose_into(weights);
                }
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
