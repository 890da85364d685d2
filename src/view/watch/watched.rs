//! What a run's folder tells, kept up to date.

use crate::checkpoint::{Run, StoreError};
use crate::circuit::{Circuit, Layer, LayerId};
use crate::training::Pulse;
use crate::view::curves::{News, curves, news};
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

/// Rows and beats that are kept, more than a terminal has columns; beyond it every second one goes.
const MOST: usize = 4_000;

/// Curves that most people look at first, in this order.
const FIRST: [&str; 3] = ["validation.accuracy", "validation.bce", TOTAL];

/// The sum over layers, which metrics have one by one.
const TOTAL: &str = "free energy while training";

/// A run that is looked at.
#[derive(Debug, Clone)]
pub struct WatchedRun {
    folder: PathBuf,
    /// The command that made it.
    pub command: String,
    /// Its schedule, as a word.
    pub schedule: String,
    /// Its layers, in the order of the circuit; none where it is no run of a circuit.
    pub layers: Vec<WatchedLayer>,
    /// Whether it has come to its end.
    pub finished: bool,
    /// Whether its folder has vanished.
    pub gone: bool,
    /// How its last batch went; older runs have told nothing of it.
    pub pulse: Option<Pulse>,
    rows: Vec<Map<String, Value>>,
    /// Bytes of metrics that were read.
    end: u64,
    /// Batches that were seen: epochs done then, and nats.
    beats: Vec<(f64, f64)>,
}

/// A layer of its circuit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchedLayer {
    /// Its name.
    pub name: String,
    /// Its neurons.
    pub size: usize,
    /// The sense that clamps it.
    pub sense: Option<String>,
}

/// One figure over epochs.
#[derive(Debug, Clone, PartialEq)]
pub struct WatchedCurve {
    /// Its name, as in `metrics.jsonl`.
    pub name: String,
    /// Epoch and value, finite.
    pub points: Vec<(f64, f64)>,
}

impl WatchedRun {
    /// The run in a folder.
    ///
    /// # Errors
    /// [`StoreError`] where it is none, or its metrics can't be read.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let run = Run::open(folder)?;
        let path = run.path("metrics.jsonl");
        let read = curves(&path);
        let News { rows, end, .. } = read.map_err(|cause| StoreError::System { action: "read", path, cause })?;
        let circuit: Option<Circuit> = run.circuit().ok();
        let layer = |(_, layer): (LayerId, &Layer)| WatchedLayer {
            name: layer.name().to_owned(),
            size: layer.size(),
            sense: layer.sense().map(str::to_owned),
        };
        let mut watched = Self {
            folder: folder.to_owned(),
            command: run.info.command.join(" "),
            schedule: run.info.schedule,
            layers: circuit.iter().flat_map(Circuit::layers).map(layer).collect(),
            finished: run.info.finished,
            gone: false,
            pulse: None,
            rows,
            end,
            beats: Vec::new(),
        };
        watched.take_pulse();
        Ok(watched)
    }

    /// The folder of the run.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Looks again; whether there was anything new.
    pub fn refresh(&mut self) -> bool {
        let gone = !self.folder.is_dir();
        let mut is_new = std::mem::replace(&mut self.gone, gone) != gone;
        if gone {
            return is_new;
        }
        // What can't be read just now may be readable in a moment.
        if let Ok(News { rows, end, anew }) = news(&self.folder.join("metrics.jsonl"), self.end) {
            is_new |= anew || !rows.is_empty();
            self.end = end;
            if anew {
                (self.rows, self.beats) = (Vec::new(), Vec::new());
            }
            self.rows.extend(rows);
            thin(&mut self.rows);
        }
        is_new |= self.take_pulse();
        if let Ok(run) = Run::open(&self.folder) {
            is_new |= std::mem::replace(&mut self.finished, run.info.finished) != run.info.finished;
        }
        is_new
    }

    fn take_pulse(&mut self) -> bool {
        let Some(pulse) = Pulse::of_run(&self.folder) else { return false };
        if self.pulse.as_ref() == Some(&pulse) {
            return false;
        }
        let epochs = pulse.epoch.saturating_sub(1) as f64 + pulse.done as f64 / pulse.of.max(1) as f64;
        // A run that was begun anew, or resumed from before.
        self.beats.retain(|(at, _)| *at < epochs);
        self.beats.push((epochs, pulse.free_energy));
        thin(&mut self.beats);
        self.pulse = Some(pulse);
        true
    }

    /// Every figure over epochs: those that most look at first, then the others, and the batches that were seen.
    #[must_use]
    pub fn curves(&self) -> Vec<WatchedCurve> {
        let mut names: Vec<&str> = Vec::new();
        for row in [self.rows.first(), self.rows.last()].into_iter().flatten() {
            names.extend(row.keys().map(String::as_str).filter(|name| *name != "epoch"));
        }
        names.sort_unstable();
        names.dedup();
        let of =
            |name: &str| WatchedCurve { name: name.to_owned(), points: self.points(|row| row.get(name)?.as_f64()) };
        let mut found: Vec<WatchedCurve> = names.into_iter().map(of).collect();
        found.push(WatchedCurve { name: TOTAL.to_owned(), points: self.points(total) });
        found.sort_by_key(|curve| FIRST.iter().position(|first| *first == curve.name).unwrap_or(FIRST.len()));
        found.push(WatchedCurve { name: "free energy of batches seen".to_owned(), points: finite(self.beats.clone()) });
        found.retain(|curve| !curve.points.is_empty());
        found
    }

    fn points(&self, value: impl Fn(&Map<String, Value>) -> Option<f64>) -> Vec<(f64, f64)> {
        let numbered = self.rows.iter().enumerate();
        let epoch = |at: usize, row: &Map<String, Value>| row.get("epoch").and_then(Value::as_f64).unwrap_or(at as f64);
        finite(numbered.filter_map(|(at, row)| Some((epoch(at + 1, row), value(row)?))).collect())
    }

    /// A figure of the last epoch, by its name in `metrics.jsonl`.
    #[must_use]
    pub fn last(&self, name: &str) -> Option<f64> {
        self.rows.iter().rev().find_map(|row| row.get(name)?.as_f64())
    }
}

/// Free energy of all layers while training.
fn total(row: &Map<String, Value>) -> Option<f64> {
    let of_layers = row.iter().filter(|(name, _)| name.starts_with("train_free_energy."));
    of_layers.filter_map(|(_, value)| value.as_f64()).reduce(|sum, nats| sum + nats)
}

fn finite(mut points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    points.retain(|(at, value)| at.is_finite() && value.is_finite());
    points
}

/// Leaves every second one where there are too many, the newest among them.
fn thin<T>(rows: &mut Vec<T>) {
    if rows.len() > MOST {
        let keep = (rows.len() - 1) % 2;
        let mut at = 0;
        rows.retain(|_| {
            at += 1;
            (at - 1) % 2 == keep
        });
    }
}
