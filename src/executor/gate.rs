//! What every firing passes, under every executor: a look at whether a stop was asked for, the faults that a test has
//! planted, and, when it has happened, those who watch. Populations know nothing of it.

use super::error::SettleError;
use super::faults::Fault;
use super::observer::{Observed, Watchers};
use crate::circuit::wiring::{PopulationId, Wiring};
use crate::population::AnyActivity;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A stop that is asked for from outside, such as by Ctrl-C. Clones are the same flag.
///
/// Settling looks at it before every firing and ends with [`SettleError::Stopped`].
///
/// ```
/// let flag = gncn::StopFlag::default();
/// flag.clone().request();
/// assert!(flag.is_requested());
/// ```
#[derive(Debug, Clone, Default)]
pub struct StopFlag(Arc<AtomicBool>);

impl StopFlag {
    /// Asks for the stop. It stays asked for until [`StopFlag::clear`].
    pub fn request(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Takes the request back, so that the next episode can settle.
    pub fn clear(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    /// Whether the stop was asked for.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What a firing passes.
#[derive(Debug, Clone, Default)]
pub(super) struct Gate {
    pub(super) stop: StopFlag,
    pub(super) faults: Arc<Vec<Fault>>,
    pub(super) watchers: Watchers,
}

impl Gate {
    /// Lets a firing (from 1) happen, or says why not.
    ///
    /// # Panics
    /// Where a test has planted it.
    pub(super) fn pass(&self, wiring: &Wiring, id: PopulationId, number: u64) -> Result<(), SettleError> {
        for fault in &*self.faults {
            match *fault {
                Fault::Panic { population, firing } if (population, firing) == (id, number) => {
                    panic!("a test asked for this panic");
                }
                Fault::Delay { population, firing, time } if (population, firing) == (id, number) => {
                    std::thread::sleep(time);
                }
                _ => {}
            }
        }
        if self.stop.is_requested() {
            return Err(SettleError::Stopped { population: wiring.population(id).name.clone(), firing: number });
        }
        Ok(())
    }

    /// Tells those who watch of a firing of some samples.
    pub(super) fn tell(&self, id: PopulationId, number: u64, samples: &Range<usize>, movement: f32, a: &AnyActivity) {
        self.watchers.tell(|| Observed {
            population: id,
            number,
            samples: samples.clone(),
            movement,
            state: a.state().map(|state| state.state()),
            activity: a.state().map(|state| state.activity()),
            mean: a.error().map(|error| error.mean()),
            mismatch: a.error().map(|error| error.mismatch()),
        });
    }

    /// Whether message `number` of a link is lost.
    pub(super) fn loses(&self, link: usize, number: u64) -> bool {
        self.faults.iter().any(|fault| match *fault {
            Fault::Loss { share, seed } => unit(seed ^ mix(number ^ mix(link as u64))) < share,
            _ => false,
        })
    }

    /// Whether messages may be lost.
    pub(super) fn loses_any(&self) -> bool {
        self.faults.iter().any(|fault| matches!(fault, Fault::Loss { share, .. } if *share > 0.0))
    }

    /// How many firings a population makes at the most.
    pub(super) fn limit(&self, id: PopulationId) -> u64 {
        let limit = |fault: &Fault| match *fault {
            Fault::Lesion { population, firing } if population == id => Some(firing.saturating_sub(1)),
            _ => None,
        };
        self.faults.iter().filter_map(limit).min().unwrap_or(u64::MAX)
    }
}

/// A number in [0, 1) that depends on all bits of another one.
fn unit(bits: u64) -> f64 {
    (mix(bits) >> 11) as f64 / (1_u64 << 53) as f64
}

/// The finaliser of SplitMix64.
fn mix(mut bits: u64) -> u64 {
    bits = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_of_lost_messages_is_the_one_asked_for() {
        let gate = Gate { faults: Arc::new(vec![Fault::Loss { share: 0.3, seed: 5 }]), ..Gate::default() };
        let lost =
            (0..20).flat_map(|link| (0..1000).map(move |n| (link, n))).filter(|(l, n)| gate.loses(*l, *n)).count();
        assert!((5700..6300).contains(&lost), "{lost} of 20,000");
        assert!(!Gate::default().loses(0, 0));
    }
}
