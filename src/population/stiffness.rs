//! How stiff a population's surroundings are: how strongly a change of its state is answered. Each population knows what it
//! owns, and messages bring the rest: an error population tells on each link how strongly it answers there.
//!
//! An error population with synapses `W`, precision `P` and mean `g` answers a change of the activity it hears by at most
//! `‖P‖ max|g'| ‖W‖`; along a pathway of type 1 that is multiplied by `gain ‖W‖` once more. A state population that owns
//! error synapses `E` multiplies by `‖E‖`. Its stiffness is the sum over all that it hears, with the slopes of leak, prior
//! and lateral inhibition: an upper bound of the curvature that it meets.

use super::error::ErrorPopulation;
use super::state::{Returned, StatePopulation};
use crate::params::{Activation, Lateral, Prior};

/// The largest slope of a function.
fn slope(function: Activation) -> f32 {
    match function {
        Activation::Sigmoid => 0.25,
        Activation::LeakyRelu(slope) => slope.abs().max(1.0),
        Activation::Elu(alpha) => alpha.abs().max(1.0),
        _ => 1.0,
    }
}

impl ErrorPopulation {
    /// By inlet, how strongly the population answers a change of what it hears there, the target last. What is delayed
    /// doesn't change.
    #[must_use]
    pub fn answers(&self) -> Vec<f32> {
        let precision = self.precision_norm();
        let of = |(synapses, delayed): (&crate::synapse::Synapses, bool)| {
            if delayed {
                return 0.0;
            }
            let forth = precision * slope(self.mean()) * synapses.norm();
            forth * synapses.pathway_gain().map_or(1.0, |gain| gain.abs() * synapses.norm())
        };
        self.synapses().zip(self.delayed()).map(of).chain([precision]).collect()
    }
}

impl StatePopulation {
    /// The largest curvature that the population can meet, where `answers` are those of its senders, by inlet.
    #[must_use]
    pub fn stiffness(&self, answers: &[f32]) -> f32 {
        let rule = self.rule();
        let returned = self.returned().iter().map(|returned| match returned {
            Returned::Learned { synapses, .. } => synapses.norm(),
            Returned::Pathway => 1.0,
        });
        // Beyond those with synapses stands its own mismatch.
        let heard: f32 = answers.iter().zip(returned.chain([1.0])).map(|(answer, gain)| answer * gain).sum();
        let prior = match rule.prior {
            Prior::Gaussian(lambda) | Prior::Cauchy(lambda) => 2.0 * lambda,
            Prior::None | Prior::Laplace(_) => 0.0,
        };
        let lateral = match rule.lateral {
            Lateral::None => 0.0,
            Lateral::Columns { size, inhibit, .. } => inhibit * size.saturating_sub(1) as f32,
            Lateral::Band { width, inhibit, .. } => 2.0 * inhibit * width as f32,
        };
        slope(rule.activation) * heard + rule.leak + prior + lateral.max(0.0)
    }
}
