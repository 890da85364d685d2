//! One trial: trained and measured by the commands that do just that, from wherever it stands.

use super::super::eval::EvalArguments;
use super::super::failure::Failure;
use super::super::train::TrainArguments;
use super::super::{interrupt, memory};
use crate::data::atomic;
use crate::paper::{PlannedRow, Trial, TrialRecord};
use crate::ranks::Ranks;
use std::path::Path;

/// How a trial ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Finished,
    /// The others go on.
    Failed(String),
    /// As was asked from outside.
    Stopped,
}

/// Does what is left to do of a trial.
///
/// # Errors
/// Where no trial could do better: the request is wrong, or files can't be written.
pub(super) fn perform(row: &PlannedRow, trial: &Trial, checkpoint_every: Option<usize>) -> Result<Outcome, Failure> {
    if interrupt::requested() {
        return Ok(Outcome::Stopped);
    }
    let mut record = TrialRecord::load(trial)?.unwrap_or_else(|| TrialRecord::new(trial));
    record.failed = None;
    record.save(trial)?;
    if let Some((fitted, path)) = &row.circuit {
        place(path, &fitted.text)?;
    }
    let every = checkpoint_every.map(|batches| ["--checkpoint-every".to_owned(), batches.to_string()]);
    let done = attempt(row, trial, every.as_ref().map_or(&[], |words| &words[..]), &mut record);
    let outcome = match done {
        Ok(()) => Outcome::Finished,
        Err(_) if interrupt::requested() => Outcome::Stopped,
        Err(Failure::Run(text)) => Outcome::Failed(text.lines().next().unwrap_or_default().to_owned()),
        Err(request) => return Err(request),
    };
    if let Outcome::Failed(reason) = &outcome {
        record.failed = Some(reason.clone());
    }
    record.save(trial)?;
    Ok(outcome)
}

fn attempt(row: &PlannedRow, trial: &Trial, every: &[String], record: &mut TrialRecord) -> Result<(), Failure> {
    let words = [&trial.train[..], every, &going_on(row, trial)].concat();
    let Some(measure) = &trial.measure else {
        return watched(&mut record.train_peak_bytes, || compare(&words, trial));
    };
    let circuit = row.circuit.as_ref().map(|(fitted, _)| fitted.circuit.clone());
    if let Some(circuit) = circuit.filter(|_| !trial.is_trained()) {
        let train = || TrainArguments::parse(&words)?.perform(circuit, trial.train.clone(), &Ranks::alone());
        watched(&mut record.train_peak_bytes, train)?;
    }
    watched(&mut record.measure_peak_bytes, || EvalArguments::parse(measure)?.perform())?;
    Ok(())
}

/// How the commands are told to go on with what is there.
fn going_on(row: &PlannedRow, trial: &Trial) -> Vec<String> {
    let option = match trial.folder.join("run.json").exists() {
        // A mixture on pixels is fitted in one go.
        true if row.model.key == "gmm" => Some("--overwrite"),
        true => Some("--resume"),
        false => None,
    };
    option.map(str::to_owned).into_iter().collect()
}

/// Does some work, and notes the most memory that was held meanwhile.
fn watched<T>(peak: &mut Option<u64>, work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    let (done, held) = memory::watched(work);
    *peak = held.max(*peak);
    done
}

#[cfg(feature = "baselines")]
fn compare(words: &[String], trial: &Trial) -> Result<(), Failure> {
    let arguments = super::super::baseline::BaselineArguments::parse(words)?;
    arguments.perform(trial.train.clone()).map(|_| ())
}

#[cfg(not(feature = "baselines"))]
fn compare(_: &[String], trial: &Trial) -> Result<(), Failure> {
    Err(Failure::Request(format!("{}: this gncn was built without the compared models", trial.folder.display())))
}

/// Puts the text of a circuit beside the runs, for whoever runs it again.
fn place(path: &Path, text: &str) -> Result<(), Failure> {
    if std::fs::read(path).is_ok_and(|there| there == text.as_bytes()) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        let made = std::fs::create_dir_all(folder);
        made.map_err(|cause| Failure::Run(format!("cannot create {}: {cause}", folder.display())))?;
    }
    Ok(atomic::write(path, text.as_bytes())?)
}
