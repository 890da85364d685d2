//! Which runs a table needs: one for each data set, model, number of images and trial, in a folder of its own.

use super::columns::{DataAtHand, DataColumn};
use super::error::PaperError;
use super::models::{self, FittedCircuit, PaperModel};
use super::protocol::Protocol;
use super::published;
use crate::evaluation::EvaluationPart;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What a table shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PaperTable {
    /// BCE, log p(x) and the other measures of all models.
    Table1,
    /// Share of active units of the circuits for which it is published.
    Sparsity,
    /// BCE after learning from a few images, as in figure 4.
    Efficiency,
}

impl PaperTable {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Table1, Self::Sparsity, Self::Efficiency];

    /// Its name in options, files and JSON.
    pub fn name(self) -> &'static str {
        ["table1", "sparsity", "efficiency"][self as usize]
    }

    /// What it shows of a model; nothing where it has no row of it.
    fn parts(self, model: &PaperModel) -> Vec<EvaluationPart> {
        let shows = |part: &EvaluationPart| match self {
            Self::Table1 => true,
            Self::Sparsity => *part == EvaluationPart::Bce && published::has_sparsity(model.key),
            Self::Efficiency => *part == EvaluationPart::Bce,
        };
        model.parts.iter().copied().filter(shows).collect()
    }
}

/// Everything that a plan follows from.
#[derive(Debug)]
pub struct PaperRequest<'a> {
    /// The table.
    pub table: PaperTable,
    /// How each model is trained and measured.
    pub protocol: &'a Protocol,
    /// Which circuit files stand for the GNCNs.
    pub settings: &'a str,
    /// Keys of models; none for all.
    pub models: &'a [String],
    /// Trials of each model.
    pub trials: usize,
    /// The folder that everything is written to.
    pub folder: &'a Path,
}

/// A row of a table, with its trials.
#[derive(Debug)]
pub struct PlannedRow {
    /// The model.
    pub model: &'static PaperModel,
    /// Training images that it learns from, where the table says how many.
    pub images: Option<usize>,
    /// The circuit, and where its text is put.
    pub circuit: Option<(FittedCircuit, PathBuf)>,
    /// Why it can't be run by this program.
    pub blocked: Option<String>,
    /// Its trials, from the first; none where it can't be run.
    pub trials: Vec<Trial>,
}

/// The rows of the table of a data set.
pub type TableRows = (DataColumn, Vec<PlannedRow>);

/// Numbers of training images of [`PaperTable::Efficiency`] unless asked otherwise, where the data have as many.
const IMAGES: [usize; 5] = [500, 1000, 2000, 5000, 10_000];

/// One run.
#[derive(Debug)]
pub struct Trial {
    /// From 1.
    pub number: usize,
    /// Seed of everything that it draws.
    pub seed: u64,
    /// Its run folder.
    pub folder: PathBuf,
    /// What makes its run folder: a whole command line.
    pub train: Vec<String>,
    /// What measures it, where that isn't part of it.
    pub measure: Option<Vec<String>>,
    /// What has to be the same where it goes on.
    pub options: BTreeMap<String, Value>,
    /// What is to be measured.
    pub parts: Vec<EvaluationPart>,
    /// What the request of its `eval.json` has to say.
    pub asked: Vec<(&'static str, Value)>,
}

impl PaperRequest<'_> {
    /// The models of this table that were asked for.
    pub fn check_models(&self) -> Result<(), PaperError> {
        let with_row = || models::MODELS.iter().filter(|model| !self.table.parts(model).is_empty());
        let other = self.models.iter().find(|key| !with_row().any(|model| model.key == key.as_str()));
        other.map_or(Ok(()), |key| {
            let legal: Vec<_> = with_row().map(|model| model.key).collect();
            let table = self.table.name();
            Err(PaperError::Request(format!("--models: {table} has no row for {key}; legal are {}", legal.join(", "))))
        })
    }

    /// What each of the data sets needs; `images` are numbers of training images that were asked for.
    ///
    /// # Errors
    /// [`PaperError::Request`] where no data set is at hand, a table has no row, or there are not as many images.
    pub fn tables(
        &self,
        data: impl Iterator<Item = &'static str>,
        images: &[usize],
    ) -> Result<Vec<TableRows>, PaperError> {
        let columns: Vec<_> = data.map(DataColumn::look).collect();
        if columns.iter().all(|column| column.found.is_err()) {
            let problems: Vec<_> = columns.iter().filter_map(|column| column.found.as_ref().err()).cloned().collect();
            return Err(PaperError::Request(problems.join("\n")));
        }
        let table = |column: DataColumn| {
            let rows = self.rows(&column, &self.images_of(&column, images))?;
            if rows.is_empty() {
                return Err(PaperError::Request("--only: no chosen model has such a part; name others".to_owned()));
            }
            Ok((column, rows))
        };
        columns.into_iter().map(table).collect()
    }

    /// The numbers of training images of the rows; `None` is all of them.
    fn images_of(&self, column: &DataColumn, asked: &[usize]) -> Vec<Option<usize>> {
        let most = column.found.as_ref().map_or(usize::MAX, |found| found.learned);
        match (self.table, asked.is_empty()) {
            (PaperTable::Efficiency, true) => IMAGES.into_iter().filter(|n| *n <= most).map(Some).collect(),
            (PaperTable::Efficiency, false) => asked.iter().copied().map(Some).collect(),
            _ => vec![None],
        }
    }

    /// The rows of the table of a data set, for each number of training images; `None` is all of them.
    fn rows(&self, column: &DataColumn, images: &[Option<usize>]) -> Result<Vec<PlannedRow>, PaperError> {
        let mut rows = Vec::new();
        for model in models::MODELS.iter().filter(|model| self.shows(model)) {
            for images in images {
                rows.push(self.row(column, model, *images)?);
            }
        }
        Ok(rows)
    }

    fn shows(&self, model: &PaperModel) -> bool {
        let chosen = self.models.is_empty() || self.models.iter().any(|key| key == model.key);
        chosen && !self.parts(model).is_empty()
    }

    fn parts(&self, model: &PaperModel) -> Vec<EvaluationPart> {
        let only = &self.protocol.only;
        let wanted = |part: &EvaluationPart| only.is_empty() || only.contains(part);
        self.table.parts(model).into_iter().filter(wanted).collect()
    }

    fn row(
        &self,
        column: &DataColumn,
        model: &'static PaperModel,
        images: Option<usize>,
    ) -> Result<PlannedRow, PaperError> {
        let mut row = PlannedRow { model, images, circuit: None, blocked: None, trials: Vec::new() };
        let Ok(found) = &column.found else {
            row.blocked = Some("its data are not at hand".to_owned());
            return Ok(row);
        };
        if let Some(images) = images.filter(|images| *images > found.learned) {
            let (most, name) = (found.learned, column.name);
            let problem = format!("--images: {images} are more than the {most} training images of {name}; name fewer");
            return Err(PaperError::Request(problem));
        }
        if model.is_circuit {
            let Some(shipped) = models::shipped(self.settings, model.key) else {
                row.blocked = Some(format!("no circuit file for the settings `{}`", self.settings));
                return Ok(row);
            };
            let fitted = shipped.fit(found.pixels())?;
            let path = self.folder.join("circuits").join(self.settings).join(&fitted.file);
            row.circuit = Some((fitted, path));
        } else if !cfg!(feature = "baselines") {
            row.blocked = Some("needs a gncn built with: cargo build --release --features baselines".to_owned());
        }
        // A circuit has other measures to go on with; of the compared models it is known before any work is done.
        let is_fitted = !model.is_circuit && self.parts(model).contains(&EvaluationPart::LogPx);
        if let Some(problem) = self.protocol.refuse_mixture(found.learned).filter(|_| is_fitted) {
            return Err(PaperError::Request(problem));
        }
        row.trials = (1..=self.trials).map(|number| self.trial(column.name, found, &row, number)).collect();
        Ok(row)
    }

    fn trial(&self, data: &str, found: &DataAtHand, row: &PlannedRow, number: usize) -> Trial {
        let (model, protocol) = (row.model, self.protocol);
        // The compared models are the same beside every reading of the circuits.
        let settings = if model.is_circuit { self.settings } else { "compared" };
        let mut folder = self.folder.join(data).join(settings).join(model.key);
        if let Some(images) = row.images {
            folder.push(format!("images-{images}"));
        }
        folder.push(format!("trial-{number}"));
        let parts = self.parts(model);
        let out = folder.display().to_string();
        let line = |words: &[&str]| -> Vec<String> { words.iter().map(|word| (*word).to_owned()).collect() };
        let only: Vec<_> = parts.iter().map(|part| part.name()).collect();
        let only = ["--only".to_owned(), only.join(",")];
        let (train, measure) = match &row.circuit {
            Some((_, path)) => {
                let train = line(&["gncn", "train", &path.display().to_string(), "--data", data, "--out", &out]);
                let measure = line(&["gncn", "eval", &out]);
                let measure = [measure, protocol.evaluation(number), only.to_vec()].concat();
                ([train, protocol.training(number, row.images)].concat(), Some(measure))
            }
            None => {
                let train = line(&["gncn", "baseline", model.key, "--data", data, "--out", &out]);
                let options = [protocol.training(number, row.images), protocol.comparison(), only.to_vec()];
                ([train, options.concat()].concat(), None)
            }
        };
        let asked = protocol.asked(number, found.measured(), model.is_circuit);
        let circuit = row.circuit.as_ref().map(|(fitted, _)| models::digest(&fitted.circuit.to_ron()));
        let mut options: BTreeMap<String, Value> =
            asked.iter().map(|(name, value)| (name.replace('_', " "), value.clone())).collect();
        options.extend([
            ("model".to_owned(), json!(model.key)),
            ("data digest".to_owned(), json!(found.description.digest)),
            ("circuit digest".to_owned(), json!(circuit)),
            ("epochs".to_owned(), json!(protocol.epochs)),
            ("batch".to_owned(), json!(protocol.batch)),
            ("limit".to_owned(), json!(row.images.or(protocol.limit))),
        ]);
        Trial { number, seed: protocol.seed_of(number), folder, train, measure, options, parts, asked }
    }
}
