//! Clocks of virtual time at work.

use crate::circuit::wiring::{Kind, PopulationId, PopulationSpec};
use crate::circuit::{Clock, VirtualTime};
use crate::rng;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// A population's clock.
pub(super) struct Ticker {
    period: u64,
    phase: u64,
    jitter: u64,
    rng: ChaCha8Rng,
    /// Firings scheduled so far.
    count: u64,
    /// Tick of the last firing; −1 stands for rest.
    last: i64,
}

/// When somebody is due; alarms of a tick go off in a fixed order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Alarm {
    pub(super) tick: u64,
    pub(super) is_state: bool,
    pub(super) id: usize,
}

impl Ticker {
    /// The clock of a population; `label` is what the names of streams begin with.
    pub(super) fn new(time: &VirtualTime, id: PopulationId, spec: &PopulationSpec, label: &str) -> Self {
        let own = time.clocks.iter().find(|(population, _)| *population == id).map(|(_, clock)| *clock);
        let Clock { period, phase, jitter } = own.or(time.clock).unwrap_or_default();
        Self {
            period,
            phase: phase.unwrap_or(u64::from(spec.kind == Kind::State)),
            jitter,
            rng: rng::stream(time.seed, &format!("{label}jitter {}", spec.name)),
            count: 0,
            last: -1,
        }
    }

    /// Goes by another clock from a tick on.
    pub(super) fn change(&mut self, clock: Clock, kind: Kind, tick: u64) {
        let Clock { period, phase, jitter } = clock;
        (self.period, self.jitter) = (period, jitter);
        self.phase = phase.unwrap_or(u64::from(kind == Kind::State));
        self.count = tick.saturating_sub(self.phase).div_ceil(period);
    }

    /// The tick of the next firing.
    pub(super) fn next(&mut self) -> u64 {
        let late = if self.jitter == 0 { 0 } else { self.rng.random_range(0..=self.jitter) };
        self.count += 1;
        self.phase + (self.count - 1) * self.period + late
    }

    /// Fires at a tick; says how long the last firing is ago.
    pub(super) fn fire(&mut self, tick: u64) -> i64 {
        let elapsed = tick as i64 - self.last;
        self.last = tick as i64;
        elapsed
    }
}
