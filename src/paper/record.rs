//! What is known of a trial: a record beside its run folder, and what the folder itself holds.
//!
//! The record is written before the run folder, so that a folder without one is somebody else's. What was trained and
//! measured is read from the run folder alone: a trial is where its files are, whenever its process was killed.

use super::error::PaperError;
use super::plan::Trial;
use crate::checkpoint::Run;
use crate::data::atomic;
use crate::training::EpochMetrics;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// `trial-N.json`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TrialRecord {
    /// Version of gncn that began it.
    pub version: String,
    /// What it was begun with.
    pub options: BTreeMap<String, Value>,
    /// The command lines that do the same.
    pub commands: Vec<String>,
    /// The most memory that was held while it was trained, in bytes.
    pub train_peak_bytes: Option<u64>,
    /// The most memory that was held while it was measured, in bytes.
    pub measure_peak_bytes: Option<u64>,
    /// Why it failed, if it did.
    pub failed: Option<String>,
}

/// How far a trial is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrialState {
    /// Nothing is there.
    Missing,
    /// Some of it is done.
    Begun,
    /// It is trained, and all that is wanted is measured.
    Finished,
    /// It ended with this error.
    Failed(String),
}

impl TrialState {
    /// It in a word.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Begun => "begun",
            Self::Finished => "finished",
            Self::Failed(_) => "failed",
        }
    }
}

impl TrialRecord {
    /// The record of a trial that was not begun yet.
    pub fn new(trial: &Trial) -> Self {
        let lines = [Some(&trial.train), trial.measure.as_ref()];
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            options: trial.options.clone(),
            commands: lines.into_iter().flatten().map(|words| shell(words)).collect(),
            train_peak_bytes: None,
            measure_peak_bytes: None,
            failed: None,
        }
    }

    fn path(trial: &Trial) -> PathBuf {
        trial.folder.with_file_name(format!("trial-{}.json", trial.number))
    }

    /// What is recorded of a trial, if anything is.
    ///
    /// # Errors
    /// A folder that is somebody else's, or that was begun with other options.
    pub fn load(trial: &Trial) -> Result<Option<Self>, PaperError> {
        let path = Self::path(trial);
        let refuse = |problem: &str| Err(PaperError::Request(format!("{}: {problem}", path.display())));
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {
                return if trial.folder.exists() {
                    let problem = "is not there, but its run folder is; choose another --out, or remove that folder";
                    refuse(problem)
                } else {
                    Ok(None)
                };
            }
            Err(cause) => return refuse(&format!("can't be read ({cause}); mend it, or choose another --out")),
        };
        let Ok(record) = serde_json::from_slice::<Self>(&text) else {
            return refuse("is not what gncn writes there; choose another --out, or remove it with its run folder");
        };
        let differing = trial.options.iter().find(|(name, value)| record.options.get(*name) != Some(value));
        if let Some((name, value)) = differing {
            let was = record.options.get(name).unwrap_or(&Value::Null);
            let problem = format!(
                "was begun with {name} {}, not {}; give the options it was begun with, or choose another --out",
                told(was),
                told(value)
            );
            return refuse(&problem);
        }
        Ok(Some(record))
    }

    /// Writes the record.
    pub fn save(&self, trial: &Trial) -> Result<(), PaperError> {
        let path = Self::path(trial);
        if let Some(folder) = path.parent() {
            let made = std::fs::create_dir_all(folder);
            made.map_err(|cause| PaperError::Run(format!("cannot write {}: {cause}", path.display())))?;
        }
        let text = serde_json::to_vec_pretty(self).expect("texts and numbers are JSON");
        Ok(atomic::write(&path, &text)?)
    }
}

impl Trial {
    /// How far it is.
    ///
    /// # Errors
    /// As [`TrialRecord::load`].
    pub fn state(&self) -> Result<TrialState, PaperError> {
        let Some(record) = TrialRecord::load(self)? else { return Ok(TrialState::Missing) };
        if let Some(reason) = record.failed {
            return Ok(TrialState::Failed(reason));
        }
        Ok(if self.is_trained() && self.is_measured() { TrialState::Finished } else { TrialState::Begun })
    }

    /// Whether its training has come to its end, with the picture that stands there.
    pub fn is_trained(&self) -> bool {
        let is_drawn = self.measure.is_none() || self.folder.join("reconstructions.png").exists();
        is_drawn && Run::open(&self.folder).is_ok_and(|run| run.info.finished)
    }

    /// Whether all that is wanted is measured.
    pub fn is_measured(&self) -> bool {
        let done = self.evaluation().map(|report| report["done"].clone()).unwrap_or_default();
        let has = |name: &str| done.as_array().is_some_and(|done| done.iter().any(|part| part == name));
        self.parts.iter().all(|part| has(part.name()))
    }

    /// Its `eval.json`, where that answers what is asked here.
    pub fn evaluation(&self) -> Option<Value> {
        let text = std::fs::read(self.folder.join("eval.json")).ok()?;
        let report: Value = serde_json::from_slice(&text).ok()?;
        let answers = |(name, value): &(&str, Value)| report["request"][name] == *value;
        self.asked.iter().all(answers).then_some(report)
    }

    /// Epochs that it was trained for, and seconds that they took.
    pub fn epochs(&self) -> (usize, f64) {
        let text = std::fs::read_to_string(self.folder.join("metrics.jsonl")).unwrap_or_default();
        let epochs: Vec<EpochMetrics> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        // A sum of nothing would be -0.
        (epochs.len(), epochs.iter().fold(0.0, |sum, epoch| sum + epoch.seconds))
    }

    /// Seconds that measuring took, if anything was measured.
    pub fn measuring(&self) -> Option<f64> {
        let report = self.evaluation()?;
        Some(report["seconds"].as_object()?.values().filter_map(Value::as_f64).sum())
    }
}

/// Words as a line for a shell.
pub(super) fn shell(words: &[String]) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./,=:+".contains(c);
    let quoted = |word: &String| match !word.is_empty() && word.chars().all(is_plain) {
        true => word.clone(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    };
    words.iter().map(quoted).collect::<Vec<_>>().join(" ")
}

fn told(value: &Value) -> String {
    match value {
        Value::Null => "of the protocol".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::plan::Trial;
    use super::{TrialRecord, TrialState, shell};
    use crate::evaluation::EvaluationPart;
    use serde_json::json;
    use std::collections::BTreeMap;
    use std::fs;
    use std::path::Path;

    /// A trial of a compared model, whose run folder has no picture to wait for.
    fn trial(folder: &Path) -> Trial {
        Trial {
            number: 3,
            seed: 2,
            folder: folder.join("trial-3"),
            train: vec!["gncn".to_owned(), "baseline".to_owned()],
            measure: None,
            options: BTreeMap::from([("epochs".to_owned(), json!(5))]),
            parts: vec![EvaluationPart::Bce, EvaluationPart::LogPx],
            asked: vec![("draws", json!(100))],
        }
    }

    #[test]
    fn a_trial_is_where_its_files_are() {
        let folder = tempfile::tempdir().expect("a folder");
        let trial = trial(folder.path());
        let state = || trial.state().expect("a state");
        assert_eq!(state(), TrialState::Missing);
        TrialRecord::new(&trial).save(&trial).expect("a record");
        assert_eq!(state(), TrialState::Begun);

        fs::create_dir(&trial.folder).expect("a folder");
        let info = json!({"command": [], "version": "", "seed": 2, "source": null, "data": {}, "schedule": "none",
                          "limit": null, "cpu": [], "threads": 1, "finished": true});
        let write = |name: &str, value: serde_json::Value| {
            fs::write(trial.folder.join(name), value.to_string()).expect("a file");
        };
        write("run.json", info);
        assert!(trial.is_trained() && state() == TrialState::Begun);
        write("eval.json", json!({"request": {"draws": 100}, "done": ["bce"]}));
        assert_eq!(state(), TrialState::Begun, "log p(x) is missing");
        write("eval.json", json!({"request": {"draws": 7}, "done": ["bce", "log_px"]}));
        assert_eq!(state(), TrialState::Begun, "of other draws");
        write("eval.json", json!({"request": {"draws": 100}, "done": ["bce", "log_px"]}));
        assert_eq!(state(), TrialState::Finished);

        let failed = TrialRecord { failed: Some("why".to_owned()), ..TrialRecord::new(&trial) };
        failed.save(&trial).expect("a record");
        assert_eq!(state(), TrialState::Failed("why".to_owned()));
    }

    #[test]
    fn other_options_and_folders_of_others_are_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut trial = trial(folder.path());
        fs::create_dir(&trial.folder).expect("a folder");
        assert!(trial.state().expect_err("a folder without a record").to_string().contains("trial-3.json"));
        TrialRecord::new(&trial).save(&trial).expect("a record");
        trial.options.insert("epochs".to_owned(), json!(6));
        let told = trial.state().expect_err("other options").to_string();
        assert!(told.contains("was begun with epochs 5, not 6"), "{told}");
        fs::write(folder.path().join("trial-3.json"), "{").expect("a file");
        assert!(trial.state().expect_err("half a record").to_string().contains("not what gncn writes"));
    }

    #[test]
    fn commands_are_quoted_for_a_shell() {
        let words = ["gncn", "train", "my file", "it's", "a.ron"].map(str::to_owned);
        assert_eq!(shell(&words), "gncn train 'my file' 'it'\\''s' a.ron");
    }
}
