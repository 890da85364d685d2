//! The circuit file: the serde mirror of its RON text, and the ways from text to [`Circuit`] and back.
//!
//! A [`CircuitFile`] holds what was written, with defaults filled in and nothing else believed: names may
//! point nowhere and numbers may be absurd. `reader` makes it from text and refuses what has the wrong shape;
//! `check` makes a [`Circuit`] of it and refuses what has the wrong meaning.

mod shape;
mod writer;

pub use shape::Shape;

use super::Circuit;
use super::check;
use super::error::CircuitError;
use super::places::Places;
use super::reader;
use super::schedule::{Delay, ExecutorKind, Schedule, TimeScale};
use crate::params::{
    Activation, Feedback, Init, Lateral, Likelihood, Messages, Norm, Optimizer, Precision, Prior, Reading, Target, When,
};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::marker::PhantomData;
use std::path::Path;

/// The text of a circuit file, field by field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename = "Circuit", deny_unknown_fields)]
pub struct CircuitFile {
    /// Its name.
    pub name: String,
    /// What it models and where it comes from.
    #[serde(default)]
    pub about: String,
    /// Layers by name.
    pub layers: Listing<LayerFile>,
    /// Projections.
    pub projections: Vec<ProjectionFile>,
    /// How synapses are drawn.
    #[serde(default)]
    pub init: Init,
    /// How an episode settles.
    #[serde(default)]
    pub settling: SettlingFile,
    /// How synapses learn.
    #[serde(default)]
    pub learning: LearningFile,
}

/// One layer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename = "Layer", deny_unknown_fields)]
pub struct LayerFile {
    /// Number of neurons; a layer that says its shape can leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<usize>,
    /// Rows, columns and channels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<Shape>,
    /// The input that clamps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sense: Option<String>,
    /// How its input is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<Reading>,
    /// `φ`
    #[serde(default)]
    pub activation: Activation,
    /// `g`
    #[serde(default)]
    pub mean: Activation,
    /// What is compared with the prediction.
    #[serde(default)]
    pub target: Target,
    /// The distribution that `μ` parametrises.
    #[serde(default)]
    pub likelihood: Likelihood,
    /// Whether feedback is multiplied by `φ'(z)`.
    #[serde(default)]
    pub derivative: bool,
    /// `β`; only a sensory layer can do without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beta: Option<f32>,
    /// `γ`
    #[serde(default)]
    pub leak: f32,
    /// Pull to rest.
    #[serde(default, skip_serializing_if = "is_prior_none")]
    pub prior: Prior,
    /// `V`
    #[serde(default, skip_serializing_if = "is_lateral_none")]
    pub lateral: Lateral,
    /// `Σ⁻¹`
    #[serde(default)]
    pub precision: Precision,
}

/// RON would write this `None` as `r#None`.
fn is_prior_none(prior: &Prior) -> bool {
    *prior == Prior::None
}

/// RON would write this `None` as `r#None`.
fn is_lateral_none(lateral: &Lateral) -> bool {
    *lateral == Lateral::None
}

/// One projection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename = "Projection", deny_unknown_fields)]
pub struct ProjectionFile {
    /// The layer that predicts.
    pub from: String,
    /// The layer that is predicted.
    pub to: String,
    /// How the mismatch returns; required, because no choice is the natural one.
    pub feedback: Feedback,
}

/// How an episode settles.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename = "Settling", default, deny_unknown_fields)]
pub struct SettlingFile {
    /// Updates of every state population; 50 where neither this nor `until` is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<usize>,
    /// The other way to end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<UntilFile>,
    /// Who fires when.
    pub schedule: ScheduleFile,
    /// What runs `Bounded` and `Free`.
    pub executor: ExecutorKind,
    /// What travels on a link.
    pub messages: Messages,
}

/// An end that depends on what the circuit does.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename = "Until", deny_unknown_fields)]
pub enum UntilFile {
    /// Nothing moves any more.
    Quiet {
        /// Largest movement of a component in one firing.
        tolerance: f32,
        /// Upper bound, in updates.
        max_steps: usize,
    },
}

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
    /// Actors at full speed.
    Free,
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

/// The options of virtual time; see [`VirtualTime`](super::VirtualTime).
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
    /// What β refers to.
    pub scale: TimeScale,
    /// Seed of jitter, delays and losses.
    pub seed: u64,
}

impl Default for VirtualTimeFile {
    fn default() -> Self {
        let super::VirtualTime { until, delay, drop, scale, seed, .. } = super::VirtualTime::default();
        let (clocks, clock, delays, lesions) = Default::default();
        Self { until, clocks, clock, delays, delay, drop, lesions, scale, seed }
    }
}

/// When a population fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename = "Clock", deny_unknown_fields)]
pub struct ClockFile {
    /// Ticks between firings.
    pub period: u64,
    /// Tick of the first firing; required, because it is what decides who waits for whom.
    pub phase: u64,
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

/// How synapses learn.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename = "Learning", default, deny_unknown_fields)]
pub struct LearningFile {
    /// Which optimiser ascends the rules.
    pub optimizer: Optimizer,
    /// The constraint after each step.
    pub norm: Norm,
    /// When the rules are applied.
    pub when: When,
    /// Samples in a batch.
    pub batch: usize,
    /// Passes over the data.
    pub epochs: usize,
}

impl Default for LearningFile {
    fn default() -> Self {
        Self { optimizer: Optimizer::default(), norm: Norm::default(), when: When::default(), batch: 200, epochs: 50 }
    }
}

/// A map of the text: entries by name, in the order of the file, a name that is given twice kept twice so
/// that it can be reported.
#[derive(Debug, Clone, PartialEq)]
pub struct Listing<T>(pub Vec<(String, T)>);

impl<T> Default for Listing<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Serialize> Serialize for Listing<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Listing<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Entries(PhantomData))
    }
}

/// The serde visitor of a [`Listing`].
struct Entries<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
    type Value = Listing<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map from names, `{\"name\": (...), ...}`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Listing(entries))
    }
}

impl CircuitFile {
    /// Checks what is written.
    ///
    /// # Errors
    /// Every mistake of the file at once, without places in a text, because there is none.
    pub fn check(self) -> Result<Circuit, CircuitError> {
        check::circuit(self, Places::unknown())
    }
}

impl Circuit {
    /// The circuit that a text describes.
    ///
    /// # Errors
    /// The first mistake of shape (a misspelt field, a missing bracket, bytes that aren't UTF-8), or else
    /// every mistake of meaning at once.
    ///
    /// # Examples
    /// ```
    /// let text = br#"Circuit(
    ///     name: "smallest",
    ///     layers: {
    ///         "z0": (size: 4, sense: "image"),
    ///         "z1": (size: 2, beta: 0.1),
    ///     },
    ///     projections: [(from: "z1", to: "z0", feedback: Transposed)],
    /// )"#;
    /// let circuit = gncn::circuit::Circuit::parse(text).unwrap();
    /// assert_eq!(circuit.settling.stopping.max_steps(), 50);
    /// ```
    pub fn parse(text: &[u8]) -> Result<Self, CircuitError> {
        // Windows editors begin a file with a byte order mark, which means nothing in UTF-8.
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let file: CircuitFile = reader::read(text, "")?;
        check::circuit(file, Places::of(text, ""))
    }

    /// The circuit that a file describes.
    ///
    /// # Errors
    /// As [`Circuit::parse`], and a file that cannot be read; every line names the file.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, CircuitError> {
        let path = path.as_ref();
        let parsed = reader::bytes_of(path).and_then(|text| Self::parse(&text));
        parsed.map_err(|error| error.in_file(path))
    }

    /// A circuit file, defaults written out, that reads back as this very circuit.
    #[must_use]
    pub fn to_ron(&self) -> String {
        writer::write(&CircuitFile::from(self))
    }
}

impl Schedule {
    /// The schedule that a text such as `Bounded(staleness: 2)` describes, with the populations of `circuit`.
    ///
    /// # Errors
    /// As [`Circuit::parse`].
    ///
    /// # Examples
    /// ```
    /// # let text = br#"(name: "x", layers: {"z0": (size: 4, sense: "image"), "z1": (size: 2, beta: 0.1)},
    /// #     projections: [(from: "z1", to: "z0", feedback: Transposed)])"#;
    /// # let circuit = gncn::circuit::Circuit::parse(text).unwrap();
    /// use gncn::circuit::Schedule;
    ///
    /// let schedule = Schedule::parse(r#"Sweep(order: ["z0.error", "z1"])"#, &circuit).unwrap();
    /// assert_eq!(schedule.name(), "Sweep");
    /// let error = Schedule::parse("Bonded(staleness: 1)", &circuit).unwrap_err();
    /// assert!(error.to_string().ends_with("did you mean `Bounded`?"));
    /// ```
    pub fn parse(text: &str, circuit: &Circuit) -> Result<Self, CircuitError> {
        let file: ScheduleFile = reader::read(text.as_bytes(), "schedule")?;
        check::schedule(&file, circuit, Places::of(text.as_bytes(), "schedule"))
    }
}

/// The messages that a text such as `Events(threshold: 0.1)` describes.
///
/// # Errors
/// As [`Circuit::parse`].
///
/// # Examples
/// ```
/// use gncn::circuit::file::parse_messages;
/// use gncn::params::Messages;
///
/// assert_eq!(parse_messages("Events(threshold: 0.1)").unwrap(), Messages::Events { threshold: 0.1 });
/// assert!(parse_messages("Events(threshold: -0.1)").is_err());
/// ```
pub fn parse_messages(text: &str) -> Result<Messages, CircuitError> {
    let messages = reader::read(text.as_bytes(), "messages")?;
    check::messages(messages, Places::of(text.as_bytes(), "messages"))
}
