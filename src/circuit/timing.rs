//! Who fires when, as a circuit file writes it: the serde mirror of schedules.

use super::listing::Listing;
use super::schedule::{Delay, Fire, Noise, TimeScale, VirtualTime};
use serde::{Deserialize, Serialize};

/// Who fires when, with populations by name.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename = "Schedule", deny_unknown_fields)]
pub enum ScheduleFile {
    /// Lock-step.
    #[default]
    Synchronous,
    /// Actors within a bound of lock-step.
    Bounded {
        /// s ≥ 0.
        staleness: u64,
    },
    /// Actors at full speed; bare `Free` has no options.
    Free {
        /// What a state population waits for.
        #[serde(default)]
        fire: Fire,
    },
    /// One after another.
    Sweep {
        /// Names of populations.
        order: Vec<String>,
    },
    /// Seeded discrete-event time.
    VirtualTime(VirtualTimeFile),
    /// A recorded run, again.
    Replay(String),
}

/// The options of virtual time; see [`VirtualTime`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename = "VirtualTime", default, deny_unknown_fields)]
pub struct VirtualTimeFile {
    /// The first tick that does not happen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
    /// Clocks by name of population.
    pub clocks: Listing<ClockFile>,
    /// The clock for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock: Option<ClockFile>,
    /// Delays of single links.
    pub delays: Vec<DelayFile>,
    /// The delay for all.
    pub delay: Delay,
    /// Probability that a message is lost.
    pub drop: f64,
    /// Populations that fall silent.
    pub lesions: Vec<LesionFile>,
    /// What a hand does while it settles.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<TimedChangeFile>,
    /// What β refers to.
    pub scale: TimeScale,
    /// Seed of jitter, delays and losses.
    pub seed: u64,
    /// Whether presentations differ in what is drawn.
    #[serde(skip_serializing_if = "is_fresh")]
    pub noise: Noise,
    /// What a firing waits for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fire: Option<Fire>,
    /// After so many ticks of its own without a firing a population fires all the same.
    pub patience: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_fresh(noise: &Noise) -> bool {
    !noise.is_frozen()
}

impl Default for VirtualTimeFile {
    fn default() -> Self {
        let VirtualTime { until, delay, drop, scale, seed, noise, fire, patience, .. } = VirtualTime::default();
        let (clocks, clock, delays, lesions, changes) = Default::default();
        Self { until, clocks, clock, delays, delay, drop, lesions, changes, scale, seed, noise, fire, patience }
    }
}

/// When a population fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename = "Clock", deny_unknown_fields)]
pub struct ClockFile {
    /// Ticks between firings.
    pub period: u64,
    /// Tick of the first firing; 0 for error and 1 for state populations where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<u64>,
    /// Largest lateness of a firing.
    #[serde(default)]
    pub jitter: u64,
}

/// The delay of one link.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename = "Link", deny_unknown_fields)]
pub struct DelayFile {
    /// The population that sends.
    pub from: String,
    /// The population that receives.
    pub to: String,
    /// How long a message travels.
    pub delay: Delay,
}

/// A population that falls silent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename = "Lesion", deny_unknown_fields)]
pub struct LesionFile {
    /// Its name.
    pub population: String,
    /// The first tick of its silence.
    pub at: u64,
}

/// What a hand does at a tick.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename = "Timed", deny_unknown_fields)]
pub struct TimedChangeFile {
    /// The first tick at which it holds.
    pub at: u64,
    /// What it does.
    pub change: ChangeFile,
}

/// A [`Change`](super::Change), with populations by name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename = "Change")]
pub enum ChangeFile {
    /// Another step size of a layer.
    Beta(String, f32),
    /// Another clock of a population.
    Clock(String, ClockFile),
    /// A population falls silent.
    Silence(String),
    /// Another delay from one population to another.
    Delay(String, String, Delay),
    /// Another probability that messages from one population to another are lost.
    Drop(String, String, f64),
}
