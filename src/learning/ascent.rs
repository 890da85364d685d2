//! Ascending a rule: optimiser state of one tensor, and the step.

use crate::kernels::optimize::{self, AdamStep};
use crate::params::{Optimizer, RateOverTime};

/// The optimiser of one tensor, with what it remembers.
#[derive(Debug, Clone, PartialEq)]
pub struct Ascent {
    optimizer: Optimizer,
    /// The learning rate of the epoch under way.
    rate: f32,
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
        Self { optimizer, rate: optimizer.rate(), moments: Moments::default() }
    }

    /// A fresh optimiser of plain steps at the rate of another.
    #[must_use]
    pub fn plain(optimizer: Optimizer) -> Self {
        Self::new(Optimizer::Sgd { rate: optimizer.rate() })
    }

    /// From now on the learning rate is that of `epoch` (from 0) of a training of `epochs`.
    pub fn at_epoch(&mut self, time: RateOverTime, epoch: usize, epochs: usize) {
        self.rate = time.rate(self.optimizer.rate(), epoch, epochs);
    }

    /// The learning rate of the epoch under way.
    #[must_use]
    pub fn rate(&self) -> f32 {
        self.rate
    }

    /// `weights` go one step up `rule`, of the same length.
    pub fn step(&mut self, weights: &mut [f32], rule: &[f32]) {
        match self.optimizer {
            Optimizer::Sgd { .. } => optimize::sgd(weights, rule, self.rate),
            Optimizer::Adam { beta1, beta2, .. } => {
                let Moments { mean, square, step } = &mut self.moments;
                mean.resize(rule.len(), 0.0);
                square.resize(rule.len(), 0.0);
                *step += 1;
                let made = AdamStep { rate: self.rate, betas: (beta1, beta2), number: *step };
                optimize::adam(weights, rule, mean, square, made);
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
