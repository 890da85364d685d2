//! How much is tried: a few dozens, or as many as a variable of the environment asks for.

use std::ops::Range;

/// How often something is tried, where more is better: `variable` of the environment, or `otherwise`.
pub(crate) fn count(variable: &str, otherwise: usize) -> usize {
    std::env::var(variable).map_or(otherwise, |text| text.parse().expect("a whole number"))
}

/// Seeds of random circuits: `GNCN_CIRCUITS` of them (`otherwise` where it is not set), from `GNCN_FIRST_CIRCUIT` on.
pub(crate) fn seeds(otherwise: usize) -> Range<u64> {
    let first = count("GNCN_FIRST_CIRCUIT", 0) as u64;
    first..first + count("GNCN_CIRCUITS", otherwise) as u64
}
