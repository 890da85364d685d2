//! The rule of generative and error synapses: Hebbian, from what arrived and what the owner has (Eqs. 16-18).

use super::{Ascent, Plasticity};
use crate::kernels::meter::{self, Kernel};
use crate::kernels::pattern::Pattern;
use crate::kernels::{neurons, norms, product};
use crate::matrix::Matrix;
use crate::params::Sign;
use crate::weights::Weights;
use rayon::prelude::*;

/// Rows of the rule that are computed as one piece of work.
const RULE_ROWS: usize = 64;

/// The rule of one block of synapses, with its optimiser and its constraint.
#[derive(Debug, Clone)]
pub struct Hebbian {
    plasticity: Plasticity,
    ascent: Ascent,
    /// The rule of the last step, `[presynaptic, postsynaptic]`; kept for its storage.
    rule: Matrix,
    scratch: Vec<f32>,
}

impl Hebbian {
    /// A rule that has not learned yet.
    #[must_use]
    pub fn new(plasticity: Plasticity) -> Self {
        Self { plasticity, ascent: Ascent::new(plasticity.optimizer), rule: Matrix::default(), scratch: Vec::new() }
    }

    /// One learning step: `Δ[pre, post] = gain · preᵀ post / B` after what decay takes away, then the sign and the
    /// constraint (Eqs. 16-18); nothing where the synapses are frozen. `weights` are
    /// `[presynaptic, postsynaptic]`; `pairs` are presynaptic and postsynaptic values of each part of the batch of `batch`
    /// samples. Sums run over parts and shards in their order.
    pub fn learn(&mut self, weights: &mut Weights, gain: f32, pairs: &[(&Matrix, &Matrix)], batch: usize) {
        if self.plasticity.frozen || weights.are_elsewhere() {
            return;
        }
        let (rows, cols) = (weights.values().rows(), weights.values().cols());
        if (self.rule.rows(), self.rule.cols()) != (rows, cols) {
            self.rule = Matrix::zeros(rows, cols);
        }
        let scale = gain / batch as f32;
        let pattern = weights.pattern().cloned();
        meter::time(Kernel::Learn, batch * rows * cols, || {
            match &pattern {
                None => self.sum(scale, pairs),
                Some(pattern) => self.sum_of(pattern, scale, pairs),
            }
            weights.change(|weights| self.apply(weights.as_mut_slice(), cols, pattern.as_deref()));
        });
    }

    /// `W ← (1 − rate · decay) W + step`, then the sign, then the norm.
    fn apply(&mut self, weights: &mut [f32], post: usize, pattern: Option<&Pattern>) {
        let Plasticity { norm, decay, sign, .. } = self.plasticity;
        // Nothing is multiplied where there is no decay, so that a rate without bound leaves finite weights alone.
        if decay > 0.0 {
            neurons::scale(weights, 1.0 - self.ascent.rate() * decay);
        }
        self.ascent.step(weights, self.rule.as_slice());
        if sign == Sign::Positive {
            norms::rectify(weights);
        }
        match pattern {
            None => norms::constrain(norm, weights, post, &mut self.scratch),
            Some(pattern) => pattern.constrain(norm, weights, &mut self.scratch),
        }
    }

    /// `rule = scale · preᵀ post`
    fn sum(&mut self, scale: f32, pairs: &[(&Matrix, &Matrix)]) {
        let (pre, post) = (self.rule.rows(), self.rule.cols());
        self.rule.as_mut_slice().par_chunks_mut(RULE_ROWS * post).enumerate().for_each(|(i, part)| {
            let columns = i * RULE_ROWS..(i * RULE_ROWS + part.len() / post);
            part.fill(0.0);
            for (left, right) in pairs {
                product::outer(part, scale, left.as_slice(), right.as_slice(), pre, post, columns.clone());
            }
        });
    }

    /// As `sum`, of the synapses of a pattern.
    fn sum_of(&mut self, pattern: &Pattern, scale: f32, pairs: &[(&Matrix, &Matrix)]) {
        self.rule.fill(0.0);
        for (left, right) in pairs {
            pattern.outer(self.rule.as_mut_slice(), scale, left.as_slice(), right.as_slice());
        }
    }

    /// The optimiser, for checkpoints.
    #[must_use]
    pub fn ascent(&self) -> &Ascent {
        &self.ascent
    }

    /// The optimiser, to be restored.
    pub fn ascent_mut(&mut self) -> &mut Ascent {
        &mut self.ascent
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::{Norm, Optimizer};

    #[test]
    fn a_step_adds_the_mean_product_of_what_arrived_and_what_is_here() {
        let (pre, post) = (Matrix::from_fn(4, 2, |i, j| (i + j) as f32), Matrix::from_fn(4, 3, |i, j| (i * j) as f32));
        let mut weights = Weights::from(Matrix::zeros(2, 3));
        let mut rule = Hebbian::new(Plasticity::new(Optimizer::Sgd { rate: 1.0 }, Norm::None));
        rule.learn(&mut weights, 0.5, &[(&pre, &post)], 4);
        for i in 0..2 {
            for j in 0..3 {
                let sum: f32 = (0..4).map(|b| pre.row(b)[i] * post.row(b)[j]).sum();
                assert_eq!(weights.values().row(i)[j], 0.5 * sum / 4.0);
            }
        }
    }
}
