//! What a table holds: `TABLE-DATA.json`. Every figure is read from the `eval.json` of a run folder.

use super::super::failure::Failure;
use super::columns::Column;
use super::models;
use super::plan::{Request, Row, Table, Trial};
use super::published;
use super::record::{Record, State, shell};
use super::summary::Summary;
use crate::data::Description;
use indexmap::IndexMap;
use serde::Serialize;
use serde_json::Value;

/// Figures of an `eval.json` that stand there under their own names.
const FIGURES: [&str; 7] =
    ["bce", "log_px_as_published", "log_px", "log_px_is", "log_px_is_standard_error", "classification_error", "mmse"];
/// Names of the shares of active units, from the layer above the image upwards.
pub(super) const SPARSITY: [&str; 3] = ["rho_1", "rho_2", "rho_3"];

/// A table of one data set, with all that is needed to run it again.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) table: Table,
    pub(super) data: &'static str,
    /// The published data set with which figures are compared; absent where there is none at hand.
    pub(super) published_data: Option<&'static str>,
    /// The published data set that is missing, and why.
    pub(super) missing: Option<String>,
    /// What differs from the full protocol.
    pub(super) overrides: Vec<String>,
    pub(super) settings: String,
    pub(super) trials: usize,
    pub(super) seeds: Vec<u64>,
    pub(super) draws: usize,
    /// Images that log_px_is is of, the first ones.
    pub(super) is_images: usize,
    pub(super) version: &'static str,
    pub(super) command: String,
    /// Name, counts and digest of the data, where they are at hand.
    pub(super) description: Option<Description>,
    /// Training images that are learned from.
    pub(super) learned: Option<usize>,
    pub(super) measured: Option<usize>,
    pub(super) rows: Vec<RowReport>,
}

/// One model.
#[derive(Debug, Serialize)]
pub(super) struct RowReport {
    pub(super) model: &'static str,
    pub(super) title: &'static str,
    /// Training images, where the table says how many.
    pub(super) images: Option<usize>,
    pub(super) circuit: Option<CircuitReport>,
    /// Why this program can't run it.
    pub(super) blocked: Option<String>,
    pub(super) measures: IndexMap<&'static str, Summary>,
    pub(super) trials: Vec<TrialReport>,
}

/// The text of a circuit.
#[derive(Debug, Serialize)]
pub(super) struct CircuitReport {
    pub(super) file: String,
    /// SHA-256 of its text.
    pub(super) digest: String,
}

/// One run.
#[derive(Debug, Serialize)]
pub(super) struct TrialReport {
    pub(super) trial: usize,
    pub(super) seed: u64,
    pub(super) state: &'static str,
    pub(super) failed: Option<String>,
    /// Measures that make no sense for it, and why.
    pub(super) refused: IndexMap<String, String>,
    pub(super) figures: IndexMap<&'static str, f64>,
    pub(super) epochs: usize,
    pub(super) train_seconds: f64,
    pub(super) measure_seconds: Option<f64>,
    pub(super) train_peak_bytes: Option<u64>,
    pub(super) measure_peak_bytes: Option<u64>,
    pub(super) folder: String,
    /// The version of gncn that began it.
    pub(super) version: Option<String>,
    pub(super) commands: Vec<String>,
}

impl Report {
    /// What is there now.
    ///
    /// # Errors
    /// As [`Record::load`].
    pub(super) fn new(request: &Request<'_>, column: &Column, rows: &[Row]) -> Result<Self, Failure> {
        let found = column.found.as_ref().ok();
        // What is published of a data set that is not there at all can still be shown: nothing stands beside it.
        let comparable = column.comparable().or(column.published.filter(|_| found.is_none()));
        let words = super::super::command_line().into_iter().skip(1);
        let command: Vec<String> = std::iter::once("gncn".to_owned()).chain(words).collect();
        let rows: Result<_, Failure> = rows.iter().map(|row| RowReport::new(row, comparable)).collect();
        Ok(Self {
            table: request.table,
            data: column.name,
            published_data: comparable.map(|column| published::DATA[column]),
            missing: column.missing(),
            overrides: request.protocol.overrides(),
            settings: request.settings.to_owned(),
            trials: request.trials,
            seeds: (1..=request.trials).map(|trial| request.protocol.seed_of(trial)).collect(),
            draws: request.protocol.draws,
            is_images: request.protocol.is_images,
            version: env!("CARGO_PKG_VERSION"),
            command: shell(&command),
            description: found.map(|found| found.description.clone()),
            learned: found.map(|found| found.learned.min(request.protocol.limit.unwrap_or(usize::MAX))),
            measured: found.map(|found| found.measured().min(request.protocol.test_limit.unwrap_or(usize::MAX))),
            rows: rows?,
        })
    }

    /// The trials that some figure is missing of.
    pub(super) fn unfinished(&self) -> impl Iterator<Item = (&RowReport, &TrialReport)> {
        let trials = self.rows.iter().flat_map(|row| row.trials.iter().map(move |trial| (row, trial)));
        trials.filter(|(_, trial)| trial.state != State::Finished.name())
    }
}

impl RowReport {
    fn new(row: &Row, comparable: Option<usize>) -> Result<Self, Failure> {
        let trials: Result<Vec<_>, Failure> = row.trials.iter().map(TrialReport::new).collect();
        let trials = trials?;
        let summary = |name: &'static str| {
            let figures: Vec<f64> = trials.iter().filter_map(|trial| trial.figures.get(name).copied()).collect();
            // Figures after a few images have nothing published beside them.
            let published = comparable.filter(|_| row.images.is_none());
            let published = published.and_then(|column| published::figure(name, row.model.key, column));
            (name, Summary::of(&figures, published))
        };
        let is_known = |(_, summary): &(&str, Summary)| summary.n > 0 || summary.published.is_some();
        let measures = FIGURES.into_iter().chain(SPARSITY).map(summary).filter(is_known).collect();
        let circuit = row.circuit.as_ref();
        Ok(Self {
            model: row.model.key,
            title: row.model.title,
            images: row.images,
            circuit: circuit.map(|(fitted, path)| CircuitReport {
                file: path.display().to_string(),
                digest: models::digest(&fitted.text),
            }),
            blocked: row.blocked.clone(),
            measures,
            trials,
        })
    }
}

impl TrialReport {
    fn new(trial: &Trial) -> Result<Self, Failure> {
        let (record, state) = (Record::load(trial)?, trial.state()?);
        let report = trial.evaluation().unwrap_or_default();
        let refused = report["refused"].as_object().into_iter().flatten();
        let (epochs, train_seconds) = trial.epochs();
        let (train_peak_bytes, measure_peak_bytes) =
            record.as_ref().map_or((None, None), |record| (record.train_peak_bytes, record.measure_peak_bytes));
        Ok(Self {
            trial: trial.number,
            seed: trial.seed,
            state: state.name(),
            failed: if let State::Failed(reason) = state { Some(reason) } else { None },
            refused: refused.map(|(part, why)| (part.clone(), why.as_str().unwrap_or_default().to_owned())).collect(),
            figures: figures(&report),
            epochs,
            train_seconds,
            measure_seconds: trial.measuring(),
            train_peak_bytes,
            measure_peak_bytes,
            folder: trial.folder.display().to_string(),
            version: record.map(|record| record.version),
            commands: Record::new(trial).commands,
        })
    }
}

fn figures(report: &Value) -> IndexMap<&'static str, f64> {
    let named = FIGURES.into_iter().filter_map(|name| Some((name, report[name].as_f64()?)));
    let layers = report["sparsity"].as_object().into_iter().flatten();
    let shares = SPARSITY.into_iter().zip(layers).filter_map(|(name, (_, share))| Some((name, share.as_f64()?)));
    named.chain(shares).collect()
}
