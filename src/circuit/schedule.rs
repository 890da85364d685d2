//! Schedules as checked data: who fires when. The executors give them their meaning.

use super::ids::PopulationId;
use crate::params::{Messages, Start};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// How an episode settles.
#[derive(Debug, Clone, PartialEq)]
pub struct Settling {
    /// When it ends.
    pub stopping: Stopping,
    /// Who fires when.
    pub schedule: Schedule,
    /// What runs `Bounded` and `Free`.
    pub executor: ExecutorKind,
    /// Where populations of `Bounded` and `Free` run, where they are spread over the ranks of a job: ranks from 0. Who isn't
    /// placed goes where there is least to do. No rank's number means anything to a process alone.
    pub place: Vec<(PopulationId, usize)>,
    /// What travels on a link.
    pub messages: Messages,
    /// Where free states begin.
    pub start: Start,
    /// Whether inputs are sequences of frames, each of which is an episode that begins where the one before ended;
    /// `stopping` is a number of updates of one frame then.
    pub framed: bool,
}

impl Settling {
    /// Whole messages in lock-step, from rest.
    #[must_use]
    pub fn plain(stopping: Stopping) -> Self {
        Self {
            stopping,
            schedule: Schedule::Synchronous,
            executor: ExecutorKind::default(),
            place: Vec::new(),
            messages: Messages::Dense,
            start: Start::Zeros,
            framed: false,
        }
    }

    /// The same episode with whole messages in lock-step.
    #[must_use]
    pub fn in_lock_step(&self, stopping: Stopping) -> Self {
        Self { executor: self.executor, start: self.start, framed: self.framed, ..Self::plain(stopping) }
    }

    /// Whether settling the same way again gives the same bits.
    #[must_use]
    pub fn promises_bits(&self) -> bool {
        !matches!(self.schedule, Schedule::Free { .. } | Schedule::Bounded { staleness: 1.. })
    }

    /// What is legal and yet likely to surprise, one sentence each.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let drop = self.schedule.largest_drop();
        let lossy = drop > 0.0 && matches!(self.messages, Messages::Events { refresh: None, .. });
        let lost = lossy.then(|| {
            format!(
                "the schedule drops messages (drop: {drop}), and a lost event stays lost until its component moves again; \
                 refresh: 10 in Events(...) sends whole vectors at every 10th firing"
            )
        });
        lost.into_iter().collect()
    }

    /// Why the messages can't travel under the schedule, if they can't.
    #[must_use]
    pub fn unbearable_loss(&self) -> Option<String> {
        let drop = self.schedule.largest_drop();
        (drop > 0.0 && self.messages.needs_every_message()).then(|| {
            format!(
                "Ternary(...) needs every message, for each tells of one step and a lost one leaves its receiver wrong for \
                 good, but the schedule drops messages (drop: {drop}); leave out drop, or use Events(threshold: ..., refresh: 10)"
            )
        })
    }
}

/// When an episode ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stopping {
    /// After `T` updates of every state population.
    Steps(usize),
    /// Once no free state moves by more than `tolerance` in a firing and nothing is in flight, after
    /// `max_steps` at the latest.
    Quiet {
        /// Largest movement of a component in one firing, in units of the state.
        tolerance: f32,
        /// Upper bound, in updates. Under `Free` an update counts only where all that the population listens to was heard
        /// anew: others can be made by the thousand while the system lets somebody wait.
        max_steps: usize,
    },
}

impl Stopping {
    /// The largest number of updates of a state population.
    #[must_use]
    pub fn max_steps(self) -> usize {
        match self {
            Self::Steps(steps) => steps,
            Self::Quiet { max_steps, .. } => max_steps,
        }
    }
}

/// What carries the messages of `Bounded` and `Free`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum ExecutorKind {
    /// An OS thread per population.
    #[default]
    Threads,
    /// A task per population.
    Tasks,
}

/// Who fires when.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Schedule {
    /// All error populations, then all state populations, T times. The reference.
    #[default]
    Synchronous,
    /// Actors that wait until no inlet is more than `staleness` firings behind lock-step.
    Bounded {
        /// s ≥ 0; 0 is lock-step.
        staleness: u64,
    },
    /// Actors at full speed; the newest message wins.
    Free {
        /// What a state population waits for.
        fire: Fire,
    },
    /// The listed populations one after another, each on all that was sent before it.
    Sweep {
        /// Every population that fires, in order.
        order: Vec<PopulationId>,
    },
    /// Seeded discrete-event time.
    VirtualTime(Box<VirtualTime>),
    /// A recorded run, again.
    Replay(PathBuf),
}

impl Schedule {
    /// The word of the circuit file for it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Synchronous => "Synchronous",
            Self::Bounded { .. } => "Bounded",
            Self::Free { .. } => "Free",
            Self::Sweep { .. } => "Sweep",
            Self::VirtualTime(_) => "VirtualTime",
            Self::Replay(_) => "Replay",
        }
    }

    /// The largest probability at which messages of some link are lost.
    #[must_use]
    pub fn largest_drop(&self) -> f64 {
        match self {
            Self::VirtualTime(time) => time.largest_drop(),
            _ => 0.0,
        }
    }
}

/// What a state population waits for before it fires again; error populations fire on anything new. Inlets that nothing
/// comes to any more are not waited for, and an empty message is news and an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Fire {
    /// Anything new.
    #[default]
    OnAny,
    /// Something new on every open inlet.
    OnAll,
    /// On every open mismatch inlet a message that used this population's own newest firing, so that its own pull is
    /// never late.
    OnAnswer,
}

/// Seeded discrete-event time, in ticks.
#[derive(Debug, Clone, PartialEq)]
pub struct VirtualTime {
    /// The first tick that does not happen; `None` is twice the steps.
    pub until: Option<u64>,
    /// The clock of a population, where it is not the one for all.
    pub clocks: Vec<(PopulationId, Clock)>,
    /// The clock for all; `None` is period 2 with phase 0 for error and 1 for state populations.
    pub clock: Option<Clock>,
    /// The delay between two populations, where it is not the one for all.
    pub delays: Vec<(PopulationId, PopulationId, Delay)>,
    /// The delay for all links.
    pub delay: Delay,
    /// Probability that a message is lost, in [0, 1).
    pub drop: f64,
    /// Populations that fall silent from a tick on.
    pub lesions: Vec<(PopulationId, u64)>,
    /// What a hand does while it settles: each holds from its tick on.
    pub changes: Vec<(u64, Change)>,
    /// What β refers to.
    pub scale: TimeScale,
    /// Seed of jitter, delays and losses.
    pub seed: u64,
    /// Whether presentations differ in what is drawn.
    pub noise: Noise,
    /// What a firing waits for: a clock that ticks without it makes none. `None` is nothing.
    pub fire: Option<Fire>,
    /// After so many ticks of its own clock without a firing a population fires all the same, since what was lost is
    /// never answered.
    pub patience: u64,
}

impl VirtualTime {
    /// Populations that fall silent, by lesion or by a change, and from which tick on.
    pub fn silences(&self) -> impl Iterator<Item = (PopulationId, u64)> {
        let changed = self.changes.iter().filter_map(|(at, change)| match change {
            Change::Silence(population) => Some((*population, *at)),
            _ => None,
        });
        self.lesions.iter().copied().chain(changed)
    }

    /// The largest probability at which messages of some link are lost.
    #[must_use]
    pub fn largest_drop(&self) -> f64 {
        let changed = self.changes.iter().filter_map(|(_, change)| match change {
            Change::Drop(_, _, share) => Some(*share),
            _ => None,
        });
        changed.fold(self.drop, f64::max)
    }
}

/// What a hand does to a settle under way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Change {
    /// A layer's step size β becomes this, in (0, 1].
    Beta(PopulationId, f32),
    /// A population fires by this clock: at the ticks of `phase + n · period` from the change on.
    Clock(PopulationId, Clock),
    /// A population is silent for good; what it sent last stays where it was heard.
    Silence(PopulationId),
    /// Messages that are sent from one population to another from now on travel so long.
    Delay(PopulationId, PopulationId, Delay),
    /// Messages that are sent from one population to another from now on are lost with this probability, in [0, 1).
    Drop(PopulationId, PopulationId, f64),
}

/// The default of [`VirtualTime::patience`].
const PATIENCE: u64 = 16;

/// Whether jitter, delays and losses are drawn anew for every presentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Noise {
    /// Every presentation has draws of its own.
    #[default]
    Fresh,
    /// Every presentation has the same draws.
    Frozen,
}

impl Noise {
    /// Whether every presentation has the same draws.
    #[must_use]
    pub fn is_frozen(self) -> bool {
        self == Self::Frozen
    }
}

impl Default for VirtualTime {
    fn default() -> Self {
        Self {
            until: None,
            clocks: Vec::new(),
            clock: None,
            delays: Vec::new(),
            delay: Delay::Fixed(0),
            drop: 0.0,
            lesions: Vec::new(),
            changes: Vec::new(),
            scale: TimeScale::PerFiring,
            seed: 0,
            noise: Noise::Fresh,
            fire: None,
            patience: PATIENCE,
        }
    }
}

/// When a population fires: at `phase + n · period`, each firing up to `jitter` ticks later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    /// Ticks between firings, at least 1.
    pub period: u64,
    /// Tick of the first firing; `None` is 0 for error and 1 for state populations.
    pub phase: Option<u64>,
    /// Largest lateness of a firing, drawn uniformly from 0 to this, below the period.
    pub jitter: u64,
}

impl Default for Clock {
    fn default() -> Self {
        Self { period: 2, phase: None, jitter: 0 }
    }
}

/// How long a message travels, in ticks.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Delay {
    /// Always the same.
    Fixed(u64),
    /// Uniform over `lo..=hi`.
    Uniform(u64, u64),
    /// Exponential with this mean, rounded to whole ticks.
    Exponential(f64),
}

/// What β refers to under virtual time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum TimeScale {
    /// One firing is one update, however long the last one is ago.
    #[default]
    PerFiring,
    /// β times the time since the population's last firing over its nominal period 2.
    PerTime,
}
