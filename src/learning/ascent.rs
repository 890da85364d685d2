//! Ascending a rule: optimiser state of one tensor, and the step.

use crate::kernels::optimize;
use crate::params::Optimizer;

/// The optimiser of one tensor, with what it remembers.
#[derive(Debug, Clone, PartialEq)]
pub struct Ascent {
    optimizer: Optimizer,
    /// Empty until Adam has made a step.
    moments: Moments,
}

/// What Adam remembers of a tensor, in the tensor's own order; empty for plain steps.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Moments {
    /// Running mean of the rule.
    pub mean: Vec<f32>,
    /// Running mean of its square.
    pub square: Vec<f32>,
    /// Steps made.
    pub step: u64,
}

impl Ascent {
    /// A fresh optimiser.
    #[must_use]
    pub fn new(optimizer: Optimizer) -> Self {
        Self { optimizer, moments: Moments::default() }
    }

    /// `weights` go one step up `rule`, of the same length.
    pub fn step(&mut self, weights: &mut [f32], rule: &[f32]) {
        match self.optimizer {
            Optimizer::Sgd { rate } => optimize::sgd(weights, rule, rate),
            Optimizer::Adam { rate } => {
                let Moments { mean, square, step } = &mut self.moments;
                mean.resize(rule.len(), 0.0);
                square.resize(rule.len(), 0.0);
                *step += 1;
                optimize::adam(weights, rule, mean, square, rate, *step);
            }
        }
    }

    /// What has to be saved for a run to go on with the same bits.
    #[must_use]
    pub fn moments(&self) -> &Moments {
        &self.moments
    }

    /// Puts back what [`Ascent::moments`] gave.
    pub fn restore(&mut self, moments: Moments) {
        self.moments = moments;
    }
}
