//! Which layer and which population is meant.

/// A layer of a circuit, by its place in the order of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LayerId(pub usize);

/// A population, by its place in [`Wiring::populations`](super::wiring::Wiring::populations).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PopulationId(pub usize);
