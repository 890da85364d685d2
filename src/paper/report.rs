//! What a table holds: `TABLE-DATA.json`. Every figure is read from the `eval.json` of a run folder.

use super::columns::DataColumn;
use super::error::PaperError;
use super::models;
use super::plan::{PaperRequest, PaperTable, PlannedRow, Trial};
use super::published;
use super::record::{TrialRecord, TrialState, shell};
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
pub struct PaperReport {
    /// Which table.
    pub table: PaperTable,
    /// The data set, by its name in options.
    pub data: &'static str,
    /// The published data set with which figures are compared; absent where there is none at hand.
    pub published_data: Option<&'static str>,
    /// The published data set that is missing, and why.
    pub missing: Option<String>,
    /// What differs from the full protocol.
    pub overrides: Vec<String>,
    /// Which circuit files stand for the GNCNs.
    pub settings: String,
    /// Trials of each model.
    pub trials: usize,
    /// Their seeds.
    pub seeds: Vec<u64>,
    /// Draws for log p(x).
    pub draws: usize,
    /// Images that log_px_is is of, the first ones.
    pub is_images: usize,
    /// Version of gncn that wrote it.
    pub version: &'static str,
    /// The command line that writes it.
    pub command: String,
    /// Name, counts and digest of the data, where they are at hand.
    pub description: Option<Description>,
    /// Training images that are learned from.
    pub learned: Option<usize>,
    /// Test images that are measured on.
    pub measured: Option<usize>,
    /// One for each model, and for each number of training images.
    pub rows: Vec<RowReport>,
}

/// One model.
#[derive(Debug, Serialize)]
pub struct RowReport {
    /// The model, by its name in options.
    pub model: &'static str,
    /// Its name in the paper.
    pub title: &'static str,
    /// Training images, where the table says how many.
    pub images: Option<usize>,
    /// Its circuit, where it is one.
    pub circuit: Option<CircuitReport>,
    /// Why this program can't run it.
    pub blocked: Option<String>,
    /// What was measured, by name, over the trials that have it.
    pub measures: IndexMap<&'static str, Summary>,
    /// Its trials.
    pub trials: Vec<TrialReport>,
}

/// The text of a circuit.
#[derive(Debug, Serialize)]
pub struct CircuitReport {
    /// Where it stands.
    pub file: String,
    /// SHA-256 of its text.
    pub digest: String,
}

/// One run.
#[derive(Debug, Serialize)]
pub struct TrialReport {
    /// From 1.
    pub trial: usize,
    /// Seed of everything that it draws.
    pub seed: u64,
    /// How far it is, in a word.
    pub state: &'static str,
    /// Why it failed, if it did.
    pub failed: Option<String>,
    /// Measures that make no sense for it, and why.
    pub refused: IndexMap<String, String>,
    /// What was measured, by name.
    pub figures: IndexMap<&'static str, f64>,
    /// Epochs that it was trained for.
    pub epochs: usize,
    /// Seconds of training, without measuring between epochs.
    pub train_seconds: f64,
    /// Seconds of measuring, if anything was measured.
    pub measure_seconds: Option<f64>,
    /// The most memory that was held while it was trained, in bytes.
    pub train_peak_bytes: Option<u64>,
    /// The most memory that was held while it was measured, in bytes.
    pub measure_peak_bytes: Option<u64>,
    /// Its run folder.
    pub folder: String,
    /// The version of gncn that began it.
    pub version: Option<String>,
    /// The command lines that do the same.
    pub commands: Vec<String>,
}

impl PaperReport {
    /// What is there now.
    ///
    /// # Errors
    /// As [`TrialRecord::load`].
    pub fn new(
        request: &PaperRequest<'_>,
        column: &DataColumn,
        rows: &[PlannedRow],
        command: &[String],
    ) -> Result<Self, PaperError> {
        let found = column.found.as_ref().ok();
        // What is published of a data set that is not there at all can still be shown: nothing stands beside it.
        let comparable = column.comparable().or(column.published.filter(|_| found.is_none()));
        let rows: Result<_, PaperError> = rows.iter().map(|row| RowReport::new(row, comparable)).collect();
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
            command: shell(command),
            description: found.map(|found| found.description.clone()),
            learned: found.map(|found| found.learned.min(request.protocol.limit.unwrap_or(usize::MAX))),
            measured: found.map(|found| found.measured().min(request.protocol.test_limit.unwrap_or(usize::MAX))),
            rows: rows?,
        })
    }

    /// The trials that some figure is missing of.
    pub fn unfinished(&self) -> impl Iterator<Item = (&RowReport, &TrialReport)> {
        let trials = self.rows.iter().flat_map(|row| row.trials.iter().map(move |trial| (row, trial)));
        trials.filter(|(_, trial)| trial.state != TrialState::Finished.name())
    }
}

impl RowReport {
    fn new(row: &PlannedRow, comparable: Option<usize>) -> Result<Self, PaperError> {
        let trials: Result<Vec<_>, PaperError> = row.trials.iter().map(TrialReport::new).collect();
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
    fn new(trial: &Trial) -> Result<Self, PaperError> {
        let (record, state) = (TrialRecord::load(trial)?, trial.state()?);
        let report = trial.evaluation().unwrap_or_default();
        let refused = report["refused"].as_object().into_iter().flatten();
        let (epochs, train_seconds) = trial.epochs();
        let (train_peak_bytes, measure_peak_bytes) =
            record.as_ref().map_or((None, None), |record| (record.train_peak_bytes, record.measure_peak_bytes));
        Ok(Self {
            trial: trial.number,
            seed: trial.seed,
            state: state.name(),
            failed: if let TrialState::Failed(reason) = state { Some(reason) } else { None },
            refused: refused.map(|(part, why)| (part.clone(), why.as_str().unwrap_or_default().to_owned())).collect(),
            figures: figures(&report),
            epochs,
            train_seconds,
            measure_seconds: trial.measuring(),
            train_peak_bytes,
            measure_peak_bytes,
            folder: trial.folder.display().to_string(),
            version: record.map(|record| record.version),
            commands: TrialRecord::new(trial).commands,
        })
    }
}

fn figures(report: &Value) -> IndexMap<&'static str, f64> {
    let named = FIGURES.into_iter().filter_map(|name| Some((name, report[name].as_f64()?)));
    let layers = report["sparsity"].as_object().into_iter().flatten();
    let shares = SPARSITY.into_iter().zip(layers).filter_map(|(name, (_, share))| Some((name, share.as_f64()?)));
    named.chain(shares).collect()
}
