//! The largest numbers that a circuit may name.

/// Neurons of one layer. It keeps products of sizes far below the end of `usize`, so that no figure that is
/// computed from a checked circuit can overflow.
pub(super) const MOST_NEURONS: usize = 1 << 24;
/// Generative, feedback and covariance entries of a circuit: 8 GiB of weights.
pub(super) const MOST_PARAMETERS: u64 = 1 << 31;
/// Samples in a batch.
pub(super) const MOST_SAMPLES: usize = 1 << 20;
/// Neurons times samples in a batch: 64 GiB for each copy of the states.
pub(super) const MOST_VALUES: u64 = 1 << 34;
/// Updates of an episode.
pub(super) const MOST_STEPS: usize = 1_000_000_000;
/// Frames that a projection looks back: activities of so many are kept.
pub(super) const MOST_FRAMES_BACK: usize = 1000;
/// Ticks, periods, delays, and firings to wait; sums and products with steps stay below the end of `u64`.
pub(super) const MOST_TICKS: u64 = 1 << 32;
