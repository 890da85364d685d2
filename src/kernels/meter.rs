//! Where the time goes: seconds and multiply-accumulates of each kind of kernel, counted only while somebody asks.
//!
//! Kernels run on every thread of a process, and whoever measures wants them all, so the counts are one for the
//! process. Switched off, as it is but for a benchmark, the meter costs one relaxed load per kernel and shard.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

/// The kinds of kernels that are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernel {
    /// Dense products of a batch with synapses or a precision.
    Dense,
    /// Products over what is not zero.
    Sparse,
    /// Products over what changed since the last message.
    Events,
    /// Finding what changed, and taking it in.
    Changes,
    /// Predictions and mismatches, component by component.
    Compare,
    /// Updates of states with lateral synapses, and their activities.
    Update,
    /// Learning rules, optimisers, constraints.
    Learn,
}

impl Kernel {
    /// All of them, in the order of this module.
    pub const ALL: [Self; 7] =
        [Self::Dense, Self::Sparse, Self::Events, Self::Changes, Self::Compare, Self::Update, Self::Learn];

    /// A word for reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Dense => "dense products",
            Self::Sparse => "sparse products",
            Self::Events => "event products",
            Self::Changes => "finding changes",
            Self::Compare => "predictions, mismatches",
            Self::Update => "updates, lateral",
            Self::Learn => "learning",
        }
    }
}

/// What one kind of kernel did, all threads together.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct MeterReading {
    /// Seconds of thread time.
    pub seconds: f64,
    /// Multiply-accumulates at synapses.
    pub operations: u64,
}

static ON: AtomicBool = AtomicBool::new(false);
static NANOSECONDS: [AtomicU64; Kernel::ALL.len()] = [const { AtomicU64::new(0) }; Kernel::ALL.len()];
static OPERATIONS: [AtomicU64; Kernel::ALL.len()] = [const { AtomicU64::new(0) }; Kernel::ALL.len()];

/// Starts counting from zero, or stops it.
pub fn switch(on: bool) {
    if on {
        NANOSECONDS.iter().chain(&OPERATIONS).for_each(|count| count.store(0, Ordering::Relaxed));
    }
    ON.store(on, Ordering::Relaxed);
}

/// What was counted since it was switched on, in the order of [`Kernel::ALL`].
#[must_use]
pub fn read() -> [MeterReading; Kernel::ALL.len()] {
    std::array::from_fn(|i| MeterReading {
        seconds: NANOSECONDS[i].load(Ordering::Relaxed) as f64 * 1e-9,
        operations: OPERATIONS[i].load(Ordering::Relaxed),
    })
}

/// Runs `work`, which makes so many multiply-accumulates, and counts it where the meter is on.
#[inline]
pub fn time<R>(kernel: Kernel, operations: usize, work: impl FnOnce() -> R) -> R {
    if !ON.load(Ordering::Relaxed) {
        return work();
    }
    let start = Instant::now();
    let result = work();
    let spent = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
    NANOSECONDS[kernel as usize].fetch_add(spent, Ordering::Relaxed);
    OPERATIONS[kernel as usize].fetch_add(operations as u64, Ordering::Relaxed);
    result
}
