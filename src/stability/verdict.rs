//! The words of a verdict, and the bounds between them.

use serde::{Serialize, Serializer};
use std::fmt;

/// The largest lateness that is looked at, in firings.
pub const MOST_LATENESS: usize = 64;

/// The largest lateness for which a common factor on β is given, in firings.
pub const MOST_FACTORS: usize = 8;

/// A radius within this of 1 is neither below nor above it.
pub const NEUTRAL: f64 = 1e-6;

/// An update that would move no component by more than this, beside the largest state (or 1) of its layer, finds the circuit
/// at rest.
pub const REST: f64 = 1e-4;

/// What a circuit bears, from the best to the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The absolute radius is below 1: every asynchronous order with bounded delays converges, with Dense messages and without
    /// lesions. Sufficient, not necessary.
    AnyOrder,
    /// Messages may be one firing late or more.
    BoundedLateness,
    /// Contracts in lock-step, and with no message late.
    LockStep,
    /// The radius of an update is within 1e-6 of 1.
    Neutral,
    /// An update makes some change larger.
    Grows,
}

/// Where a circuit was linearised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// Where it rests.
    Rest,
    /// After so many updates, moving still.
    AfterUpdates(usize),
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rest => f.write_str("rest"),
            Self::AfterUpdates(updates) => write!(f, "after {updates} updates"),
        }
    }
}

impl Serialize for At {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
