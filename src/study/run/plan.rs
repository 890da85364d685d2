//! What a study is to run: every point with its circuit, its weights and what is shown. Whoever reads a study file makes it.

use crate::circuit::{Circuit, Delay, Schedule};
use crate::data::digest::hexadecimal;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::path::PathBuf;
use std::sync::Arc;

/// A study as it is run.
#[derive(Debug, Clone, PartialEq)]
pub struct StudyPlan {
    /// Its name.
    pub name: String,
    /// What it asks.
    pub question: String,
    /// The paths of its axes, in the order of the file.
    pub axes: Vec<String>,
    /// The weights that points settle with.
    pub weights: Vec<PlannedWeights>,
    /// The points, in the order of the tables.
    pub points: Vec<PlannedPoint>,
    /// What is measured.
    pub measures: Vec<StudyMeasure>,
    /// Neurons whose activities are kept, as `settle --probe` names them.
    pub probes: Vec<String>,
}

/// Weights of a circuit of the study.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedWeights {
    /// The circuit, by its name in the study.
    pub circuit: String,
    /// What tells them from others of the same circuit: the seed, or the run.
    pub name: String,
    /// A number that is the same for the weights of one seed, for pairs.
    pub seed: u64,
    /// Where they come from.
    pub recipe: WeightsRecipe,
}

/// Where weights come from.
#[derive(Debug, Clone, PartialEq)]
pub enum WeightsRecipe {
    /// A weights file.
    File(PathBuf),
    /// A run folder.
    Run(PathBuf),
    /// They are trained in the folder of the study.
    Train {
        /// As it is trained, epochs included.
        circuit: Arc<Circuit>,
        /// The data, by name or path.
        data: String,
        /// Seed of synapses, split and order.
        seed: u64,
        /// Training images; all where it is `None`.
        limit: Option<usize>,
    },
}

/// One row of the table of points.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedPoint {
    /// Its weights, by their place in the plan.
    pub weights: usize,
    /// The circuit with the values of the axes in place.
    pub circuit: Arc<Circuit>,
    /// The values of the axes as text, in their order.
    pub values: Vec<String>,
    /// What is shown, by name or path.
    pub data: String,
    /// How many of its test images.
    pub images: usize,
    /// Seed of the streams of noise.
    pub seed: u64,
    /// Which repeat it is, from 0.
    pub repeat: usize,
    /// The point with the same weights that it is compared with, by its place; a baseline has none.
    pub baseline: Option<usize>,
}

/// What is measured of every point, beside what became of it, its updates and its movement.
#[derive(Debug, Clone, PartialEq)]
pub enum StudyMeasure {
    /// Free energy, in nats an image.
    FreeEnergy,
    /// Binary cross-entropy of the settled prediction, in nats an image.
    Bce,
    /// Synaptic operations, messages, bytes and seconds, an image.
    Work,
    /// Updates until F stays within a share of what it is at the rest of lock-step.
    Rest {
        /// The share, above 0 and below 1.
        within: f64,
    },
    /// Distance to the rest of lock-step: the largest of a component, and the root mean square.
    Distance,
    /// Staleness and unheard firings.
    Ages,
    /// At how many updates F rose, and whether it rose at none.
    Rises,
    /// Frequency, amplitude and decay of the mean activity of a layer.
    Oscillation {
        /// The layer.
        layer: String,
    },
    /// Squared error of the right half of each image, hidden while settling.
    MaskedMse,
    /// Which images a regression on the settled top activities of training images takes for another class.
    ClassificationError,
}

impl StudyPlan {
    /// Text by which a point can be chosen: the circuit, its weights, and axes with their values.
    #[must_use]
    pub fn words(&self, point: usize) -> String {
        let planned = &self.points[point];
        let weights = &self.weights[planned.weights];
        let axes = self.axes.iter().zip(&planned.values).map(|(path, value)| format!("{path}: {value}"));
        let mut words = vec![weights.circuit.clone(), format!("weights: {}", weights.name)];
        words.extend(axes);
        words.join(", ")
    }

    /// The points whose words hold every one of `only`.
    #[must_use]
    pub fn chosen(&self, only: &[String]) -> Vec<usize> {
        let holds = |point: &usize| {
            let words = self.words(*point);
            only.iter().all(|part| words.contains(part.as_str()))
        };
        (0..self.points.len()).filter(holds).collect()
    }

    /// Whether a measure is asked for.
    pub(super) fn measures(&self, wanted: impl Fn(&StudyMeasure) -> bool) -> bool {
        self.measures.iter().any(wanted)
    }

    /// Digest of everything that rows depend on: a folder holds points of one plan.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(format!("{:?} {:?} {:?}", self.name, self.axes, self.measures));
        if !self.probes.is_empty() {
            hash.update(format!("{:?}", self.probes));
        }
        for weights in &self.weights {
            hash.update(weights.describe().to_string());
        }
        for point in &self.points {
            let PlannedPoint { weights, values, data, images, seed, repeat, circuit, .. } = point;
            hash.update(format!("{weights} {values:?} {data:?} {images} {seed} {repeat} {}", circuit.to_ron()));
        }
        hexadecimal(hash)
    }

    /// The plan as `study.json` tells it.
    pub(super) fn describe(&self) -> Value {
        json!({
            "name": self.name,
            "question": self.question,
            "axes": self.axes,
            "points": self.points.len(),
            "weights": self.weights.iter().map(PlannedWeights::describe).collect::<Vec<_>>(),
            "measures": self.measures.iter().map(|measure| format!("{measure:?}")).collect::<Vec<_>>(),
            "digest": self.digest(),
        })
    }
}

impl PlannedPoint {
    /// Whether images of one presentation share delays or losses, so that presentations are independent and images are not:
    /// actors are late with a batch as a whole, and virtual time draws for it as a whole.
    #[must_use]
    pub fn shares_noise(&self) -> bool {
        let settling = self.circuit.settling();
        match &settling.schedule {
            Schedule::VirtualTime(time) => {
                let delays = time.delays.iter().map(|(.., delay)| delay).chain([&time.delay]);
                let clocks = time.clocks.iter().map(|(_, clock)| clock).chain(&time.clock);
                time.drop > 0.0
                    || delays.into_iter().any(|delay| !matches!(delay, Delay::Fixed(_)))
                    || clocks.into_iter().any(|clock| clock.jitter > 0)
            }
            _ => !settling.promises_bits(),
        }
    }
}

impl PlannedWeights {
    /// Which weights these are.
    fn describe(&self) -> Value {
        let from = match &self.recipe {
            WeightsRecipe::File(path) => json!({"file": path}),
            WeightsRecipe::Run(path) => json!({"run": path}),
            WeightsRecipe::Train { circuit, data, seed, limit } => {
                json!({"trained": {"circuit": circuit.to_ron(), "data": data, "seed": seed, "limit": limit}})
            }
        };
        json!({"circuit": self.circuit, "name": self.name, "from": from})
    }
}
