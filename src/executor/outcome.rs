//! What a run leaves.

use super::account::Account;
use super::log::DeliveryLog;
use super::trace::Trace;
use crate::circuit::wiring::PopulationId;

/// What settling one episode came to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Settled {
    /// Updates of every free state population (the least of them, under virtual time). Under `Free` that ends at
    /// quiet: synchronous steps that every free state population has behind it at the least, which its updates may
    /// exceed, since an update counts only where all has been heard anew.
    pub steps: usize,
    /// Whether the circuit came to rest, where the episode was to end at quiet.
    pub quiet: Option<bool>,
    /// As asked for.
    pub energies: Energies,
    /// The largest change of a component of a free state in its last firing.
    pub movement: f32,
    /// What became of every message, and what populations did.
    pub account: Account,
    /// The delivery log, where one was asked for.
    pub log: Option<DeliveryLog>,
    /// Every firing, where that was asked for.
    pub trace: Option<Trace>,
}

/// Free energies of error populations, summed over the batch.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Energies {
    /// The error populations, in the order of the wiring.
    pub populations: Vec<PopulationId>,
    /// One row for each measurement, the last at the readout; columns as `populations`.
    pub sums: Vec<Vec<f64>>,
}
