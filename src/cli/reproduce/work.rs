//! One trial: trained and measured by the commands that do just that, from wherever it stands.

use super::super::eval::EvalArguments;
use super::super::failure::Failure;
use super::super::memory;
use super::super::ranks::{agreed, is_stopped};
use super::super::train::TrainArguments;
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

/// Does what is left to do of a trial, together with the other ranks where there are any: they train and measure it together,
/// and the leading one writes.
///
/// # Errors
/// Where no trial could do better: the request is wrong, or files can't be written.
pub(super) fn perform(
    ranks: &Ranks,
    row: &PlannedRow,
    trial: &Trial,
    checkpoint_every: Option<usize>,
) -> Result<Outcome, Failure> {
    if is_stopped(ranks) {
        return Ok(Outcome::Stopped);
    }
    let mut record = agreed(ranks, ranks.leads().then(|| begin(row, trial)).transpose())?;
    let every = checkpoint_every.map(|batches| ["--checkpoint-every".to_owned(), batches.to_string()]);
    let mut peaks = Peaks::default();
    let done = attempt(ranks, row, trial, every.as_ref().map_or(&[], |words| &words[..]), &mut peaks);
    let outcome = match done {
        Ok(()) => Outcome::Finished,
        Err(_) if is_stopped(ranks) => Outcome::Stopped,
        Err(Failure::Run(text)) => Outcome::Failed(text.lines().next().unwrap_or_default().to_owned()),
        Err(request) => return Err(request),
    };
    let saved = record.as_mut().map_or(Ok(()), |record| {
        record.train_peak_bytes = peaks.train.max(record.train_peak_bytes);
        record.measure_peak_bytes = peaks.measure.max(record.measure_peak_bytes);
        if let Outcome::Failed(reason) = &outcome {
            record.failed = Some(reason.clone());
        }
        record.save(trial)
    });
    agreed(ranks, saved.map_err(Failure::from))?;
    Ok(outcome)
}

/// The record of a trial, and what its commands read.
fn begin(row: &PlannedRow, trial: &Trial) -> Result<TrialRecord, Failure> {
    let mut record = TrialRecord::load(trial)?.unwrap_or_else(|| TrialRecord::new(trial));
    record.failed = None;
    record.save(trial)?;
    if let Some((fitted, path)) = &row.circuit {
        place(path, &fitted.text)?;
    }
    Ok(record)
}

/// The most memory that was held, in bytes, where it is known.
#[derive(Debug, Default)]
struct Peaks {
    train: Option<u64>,
    measure: Option<u64>,
}

fn attempt(ranks: &Ranks, row: &PlannedRow, trial: &Trial, every: &[String], peaks: &mut Peaks) -> Result<(), Failure> {
    // As the leading rank has found the folder.
    let found =
        ranks.from_leader(|| vec![u8::from(trial.folder.join("run.json").exists()), u8::from(trial.is_trained())]);
    let [is_begun, is_trained] = [0, 1].map(|at| found.get(at) == Some(&1));
    let words = [&trial.train[..], every, &going_on(row, is_begun)].concat();
    let Some(measure) = &trial.measure else {
        // What the compared models are made of has nothing to deal.
        let compare = || if ranks.leads() { compare(&words, trial) } else { Ok(()) };
        return agreed(ranks, watched(&mut peaks.train, compare));
    };
    let circuit = row.circuit.as_ref().map(|(fitted, _)| fitted.circuit.clone());
    if let Some(circuit) = circuit.filter(|_| !is_trained) {
        let train = || agreed(ranks, TrainArguments::parse(&words))?.perform(circuit, trial.train.clone(), ranks);
        watched(&mut peaks.train, train)?;
    }
    watched(&mut peaks.measure, || agreed(ranks, EvalArguments::parse(measure))?.perform(ranks))?;
    Ok(())
}

/// How the commands are told to go on with what is there.
fn going_on(row: &PlannedRow, is_begun: bool) -> Vec<String> {
    let option = match is_begun {
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
