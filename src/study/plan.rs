//! A checked study: circuits, axes and the points of their grid.

use super::file::{AskedMeasure, DataFile, Quick, WeightsFrom};
use super::tree::{Astray, PathStep, Tree};
use crate::circuit::{Circuit, CircuitError, Schedule};
use std::path::PathBuf;

/// Points of a grid, all circuits together, at the most.
pub const MOST_POINTS: usize = 100_000;

/// A study, known to be sound. Each value of each axis fits each circuit, beside the first values of the axes before it; whether
/// others fit together is known once [`Study::circuit`] has made the circuit of a point.
#[derive(Debug, Clone)]
pub struct Study {
    /// Its name.
    pub name: String,
    /// What it asks.
    pub question: String,
    /// Its circuits, in the order of the file.
    pub circuits: Vec<StudyCircuit>,
    /// What is shown, where no axis says otherwise.
    pub data: DataFile,
    /// Its axes, in the order of the file; the last one changes fastest.
    pub axes: Vec<Axis>,
    /// How often a point whose schedule promises no bits is run.
    pub repeat: usize,
    /// The point that the others are compared with: places of axes and of their values. Along other axes, each value has a
    /// baseline of its own.
    pub baseline: Vec<(usize, usize)>,
    /// What is measured.
    pub measures: Vec<AskedMeasure>,
    /// Neurons whose activities are kept, as `settle --probe` names them.
    pub probes: Vec<String>,
    /// Training images; all where it is `None`.
    pub limit: Option<usize>,
    /// Smaller numbers for a first look.
    pub quick: Quick,
}

/// A circuit of a study.
#[derive(Debug, Clone)]
pub struct StudyCircuit {
    /// Its name in the study.
    pub name: String,
    /// Its file.
    pub path: PathBuf,
    /// As its file has it.
    pub circuit: Circuit,
    /// Where its weights come from, folders of runs from here.
    pub weights: WeightsFrom,
    pub(super) tree: Tree,
}

/// An axis: values of one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Axis {
    /// The path of the field, such as `layers.z1.beta` or `data.images`.
    pub path: String,
    /// Its values, in the text of RON.
    pub values: Vec<String>,
    pub(super) kind: AxisKind,
    pub(super) trees: Vec<Tree>,
}

/// What an axis sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum AxisKind {
    /// A field of the circuits.
    Circuit(Vec<PathStep>),
    /// The name of the data.
    DataName,
    /// How many images.
    DataImages,
    /// The seed of settling.
    Seed,
}

/// One point of the grid of one circuit.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GridPoint {
    /// The circuit, by its place.
    pub circuit: usize,
    /// The value on each axis, by its place.
    pub values: Vec<usize>,
}

/// Why a point has no circuit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at {point} circuit \"{circuit}\" is not sound: {cause}")]
pub struct PointError {
    /// The axes with their values.
    pub point: String,
    /// The circuit, by its name in the study.
    pub circuit: String,
    /// What is wrong with it there.
    pub cause: CircuitError,
}

impl Study {
    /// How many points there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.circuits.len() * self.axes.iter().map(|axis| axis.values.len()).product::<usize>()
    }

    /// Whether there are none; a checked study has some.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All points, circuit by circuit, the last axis fastest.
    pub fn points(&self) -> impl Iterator<Item = GridPoint> + '_ {
        let each = self.len() / self.circuits.len().max(1);
        (0..self.len()).map(move |n| {
            let (circuit, mut rest) = (n / each, n % each);
            let mut values = vec![0; self.axes.len()];
            for (value, axis) in values.iter_mut().zip(&self.axes).rev() {
                (*value, rest) = (rest % axis.values.len(), rest / axis.values.len());
            }
            GridPoint { circuit, values }
        })
    }

    /// The point that another is compared with; `None` where the study has no baseline.
    #[must_use]
    pub fn baseline_of(&self, point: &GridPoint) -> Option<GridPoint> {
        let mut baseline = point.clone();
        self.baseline.iter().for_each(|(axis, value)| baseline.values[*axis] = *value);
        (!self.baseline.is_empty()).then_some(baseline)
    }

    /// The circuit of a point, read and checked anew with the values of its axes in the place of what the file says.
    ///
    /// # Errors
    /// [`PointError`] where values that fit one by one don't fit together.
    pub fn circuit(&self, point: &GridPoint) -> Result<Circuit, PointError> {
        let entry = &self.circuits[point.circuit];
        let mut tree = entry.tree.clone();
        let failed = |cause| PointError { point: self.words(point), circuit: entry.name.clone(), cause };
        for (axis, value) in self.axes.iter().zip(&point.values) {
            if let AxisKind::Circuit(steps) = &axis.kind {
                // Every axis fits every circuit, and no axis takes away what another one needs but by a value of its own,
                // which the circuit's check then complains of.
                let _: Result<(), Astray> = tree.set(steps, &axis.trees[*value]);
            }
        }
        Circuit::parse(tree.to_string().as_bytes()).map_err(failed)
    }

    /// What is shown at a point.
    #[must_use]
    pub fn data(&self, point: &GridPoint) -> DataFile {
        let mut data = self.data.clone();
        for (axis, value) in self.axes.iter().zip(&point.values) {
            let tree = &axis.trees[*value];
            match axis.kind {
                AxisKind::DataName => data.name = tree.word().to_owned(),
                AxisKind::DataImages => data.images = tree.word().parse().unwrap_or(data.images),
                AxisKind::Circuit(_) | AxisKind::Seed => {}
            }
        }
        data
    }

    /// The seed of settling at a point; 0 where no axis says otherwise.
    #[must_use]
    pub fn seed(&self, point: &GridPoint) -> u64 {
        let mut values = self.axes.iter().zip(&point.values).filter(|(axis, _)| axis.kind == AxisKind::Seed);
        values.next().and_then(|(axis, value)| axis.trees[*value].word().parse().ok()).unwrap_or(0)
    }

    /// How often a point is run: once where its schedule promises the same bits.
    #[must_use]
    pub fn repeats(&self, circuit: &Circuit) -> usize {
        match circuit.settling().schedule {
            Schedule::Bounded { staleness } if staleness > 0 => self.repeat,
            Schedule::Free { .. } => self.repeat,
            _ => 1,
        }
    }

    /// The axes of a point with their values, in words.
    #[must_use]
    pub fn words(&self, point: &GridPoint) -> String {
        let words =
            self.axes.iter().zip(&point.values).map(|(axis, value)| format!("{}: {}", axis.path, axis.values[*value]));
        words.collect::<Vec<_>>().join(", ")
    }

    /// The study of a first look: fewer images, seeds, epochs, repeats. Values of axes stay as they are.
    #[must_use]
    pub fn quickly(mut self) -> Self {
        let Quick { images, seeds, epochs, limit, repeat } = self.quick;
        self.repeat = repeat.map_or(self.repeat, |few| few.min(self.repeat));
        self.data.images = images.map_or(self.data.images, |images| images.min(self.data.images));
        self.limit = limit.or(self.limit);
        for circuit in &mut self.circuits {
            match &mut circuit.weights {
                WeightsFrom::Train { epochs: all, seeds: list, .. } => {
                    *all = epochs.map_or(*all, |few| few.min(*all));
                    list.truncate(seeds.unwrap_or(usize::MAX));
                }
                WeightsFrom::Runs(runs) => runs.truncate(seeds.unwrap_or(usize::MAX)),
            }
        }
        self
    }
}
