//! Watching a run: an observer is told of every firing, with what the population holds then.

use crate::circuit::wiring::PopulationId;
use crate::matrix::Matrix;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// Somebody who watches firings, from whichever thread they happen on. A run waits while it watches.
///
/// ```
/// use gncn::{Observed, Observer, Settler};
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// #[derive(Default)]
/// struct Count(AtomicU64);
/// impl Observer for Count {
///     fn fired(&self, _firing: &Observed<'_>) {
///         self.0.fetch_add(1, Ordering::Relaxed);
///     }
/// }
/// let mut settler = Settler::new();
/// settler.watch(Arc::new(Count::default()));
/// ```
pub trait Observer: Send + Sync {
    /// A population has fired. Where a batch is split over threads, each part of it is told of by itself.
    fn fired(&self, firing: &Observed<'_>);
}

/// One firing, and what the population holds after it; matrices are `[samples, neurons]`.
#[derive(Debug, Clone)]
pub struct Observed<'a> {
    /// Who fired.
    pub population: PopulationId,
    /// Its own count of firings, from 1.
    pub number: u64,
    /// Which samples of the batch.
    pub samples: Range<usize>,
    /// The largest change of a component of the state; 0 for error populations.
    pub movement: f32,
    /// `z`, of state populations.
    pub state: Option<&'a Matrix>,
    /// `φ(z)`, of state populations.
    pub activity: Option<&'a Matrix>,
    /// `μ`, of error populations.
    pub mean: Option<&'a Matrix>,
    /// `e`, of error populations.
    pub mismatch: Option<&'a Matrix>,
}

/// Those who watch.
#[derive(Clone, Default)]
pub(super) struct Watchers(Option<Arc<dyn Observer>>);

impl Watchers {
    /// One who watches.
    pub(super) fn of(observer: Arc<dyn Observer>) -> Self {
        Self(Some(observer))
    }

    /// Tells of a firing, where anybody watches.
    pub(super) fn tell<'a>(&self, firing: impl FnOnce() -> Observed<'a>) {
        if let Some(observer) = &self.0 {
            observer.fired(&firing());
        }
    }
}

impl fmt::Debug for Watchers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Watchers").field(&self.0.is_some()).finish()
    }
}
