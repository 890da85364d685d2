//! How one block of synapses learns: what a circuit says of it, or of all its synapses.

use crate::params::{Norm, Optimizer, Sign};

/// How one block of synapses learns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plasticity {
    /// Which optimiser ascends the rule.
    pub optimizer: Optimizer,
    /// The constraint after each step.
    pub norm: Norm,
    /// A step leaves `1 − rate · decay` of what synapses were; 0 or above.
    pub decay: f32,
    /// Which values they may have.
    pub sign: Sign,
    /// Whether they keep their bits, whatever is learned elsewhere.
    pub frozen: bool,
}

impl Plasticity {
    /// Without decay, of any sign, not frozen.
    #[must_use]
    pub fn new(optimizer: Optimizer, norm: Norm) -> Self {
        Self { optimizer, norm, decay: 0.0, sign: Sign::Any, frozen: false }
    }
}
