//! The runs of all tables in the order in which they are done, how far each is, and how long the rest may take.

use super::error::PaperError;
use super::plan::{PlannedRow, TableRows, Trial};
use super::record::TrialState;
use super::summary::Summary;
use indexmap::IndexMap;
use serde::Serialize;

/// What is said of a run that needs another gncn.
const BLOCKED: &str = "not built in";

/// A run of the plan, and how far it is.
pub struct TrialJob<'a> {
    /// The data set.
    pub data: &'static str,
    /// The row that it belongs to.
    pub row: &'a PlannedRow,
    /// The trial.
    pub trial: &'a Trial,
    /// How far it is.
    pub state: TrialState,
}

/// A line of `--dry-run --json`.
#[derive(Debug, Serialize)]
pub struct JobLine<'a> {
    data: &'a str,
    model: &'a str,
    images: Option<usize>,
    trial: usize,
    seed: u64,
    state: &'static str,
    blocked: Option<&'a str>,
    folder: String,
}

/// How many runs are how far.
pub fn counts(jobs: &[TrialJob<'_>]) -> String {
    let mut counts = IndexMap::from(["finished", "begun", "missing", "failed", BLOCKED].map(|state| (state, 0)));
    for job in jobs {
        *counts.entry(job.state()).or_default() += 1;
    }
    let counts: Vec<_> = counts.iter().map(|(state, count)| format!("{count} {state}")).collect();
    format!("{} runs: {}", jobs.len(), counts.join(", "))
}

/// All runs for a program.
pub fn lines<'a>(jobs: &'a [TrialJob<'_>]) -> Vec<JobLine<'a>> {
    jobs.iter().map(TrialJob::line).collect()
}

impl TrialJob<'_> {
    /// Whether this program can't do what is left of it.
    pub fn is_blocked(&self) -> bool {
        self.row.blocked.is_some() && self.state != TrialState::Finished
    }

    /// What it is, for a person.
    pub fn name(&self) -> String {
        let images = self.row.images.map_or_else(String::new, |images| format!(", {images} images"));
        let (model, trial) = (self.row.model.title, self.trial);
        format!("{model} on {}{images}, trial {}, seed {}", self.data, trial.number, trial.seed)
    }

    /// Its state in a word.
    pub fn state(&self) -> &'static str {
        if self.is_blocked() { BLOCKED } else { self.state.name() }
    }

    fn line(&self) -> JobLine<'_> {
        JobLine {
            data: self.data,
            model: self.row.model.key,
            images: self.row.images,
            trial: self.trial.number,
            seed: self.trial.seed,
            state: self.state(),
            blocked: self.row.blocked.as_deref(),
            folder: self.trial.folder.display().to_string(),
        }
    }

    /// Seconds that it took, where it is finished.
    fn seconds(&self) -> Option<f64> {
        let measuring = self.trial.measuring().filter(|_| self.trial.is_measured())?;
        Some(self.trial.epochs().1 + measuring)
    }
}

/// All runs in the order in which they are done.
///
/// # Errors
/// A folder that is somebody else's or was begun with other options; all of them are told.
pub fn jobs(tables: &[TableRows]) -> Result<Vec<TrialJob<'_>>, PaperError> {
    let (mut jobs, mut problems) = (Vec::new(), Vec::new());
    for (column, rows) in tables {
        let trials = rows.iter().flat_map(|row| row.trials.iter().map(move |trial| (row, trial)));
        let mut trials: Vec<_> = trials.collect();
        trials.sort_by_key(|(_, trial)| trial.number);
        for (row, trial) in trials {
            match trial.state() {
                Ok(state) => jobs.push(TrialJob { data: column.name, row, trial, state }),
                Err(PaperError::Request(problem)) => problems.push(problem),
                Err(failure) => return Err(failure),
            }
        }
    }
    if problems.is_empty() { Ok(jobs) } else { Err(PaperError::Request(problems.join("\n"))) }
}

/// How long the runs `left` may take, by those that are finished: of the same model where there are any.
pub fn remaining(jobs: &[TrialJob<'_>], left: &[&TrialJob<'_>]) -> String {
    let finished: Vec<_> = jobs.iter().filter_map(|job| Some((job, job.seconds()?))).collect();
    let mean = |of: &dyn Fn(&TrialJob<'_>) -> bool| {
        let seconds: Vec<f64> = finished.iter().filter(|(job, _)| of(job)).map(|(_, seconds)| *seconds).collect();
        Summary::of(&seconds, None).mean
    };
    let same = |job: &TrialJob<'_>| {
        let key = |job: &TrialJob<'_>| (job.data, job.row.model.key, job.row.images);
        let wanted = key(job);
        mean(&|other| key(other) == wanted).or_else(|| mean(&|_| true))
    };
    let seconds: Option<f64> = left.iter().map(|job| same(job)).sum();
    match seconds {
        None => String::new(),
        Some(seconds) if seconds < 90.0 => format!("; about {seconds:.0} s left"),
        Some(seconds) if seconds < 5400.0 => format!("; about {:.0} min left", seconds / 60.0),
        Some(seconds) => format!("; about {:.1} h left", seconds / 3600.0),
    }
}
