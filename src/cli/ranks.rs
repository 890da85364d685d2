//! The ranks of a job: `mpirun -n 4 gncn train ...`. One of them leads: it prints, and writes files.
//!
//! What fails on one rank, fails on all: ranks meet after each part of a command ([`agreed`]) and go on together or not at
//! all, so that none waits for one that has gone. A panic ends the job at once.

use super::failure::Failure;
use super::{interrupt, output};
use crate::ranks::Ranks;
use clap::Args;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How ranks of a job bear with each other, where a launcher has started several.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(super) struct RankArguments {
    /// Of several ranks: end all where one gives no sign of life for so long
    /// [default: 5 s]
    #[cfg(feature = "mpi")]
    #[arg(long, global = true, value_name = "SECONDS", value_parser = super::values::up_to::<86_400>)]
    #[arg(display_order = super::values::LAST)]
    patience: Option<usize>,
}

/// Runs `command` as one rank of the job that this process belongs to; without one, alone.
#[cfg_attr(not(feature = "mpi"), expect(unused_variables, reason = "there is nobody to bear with"))]
pub(super) fn joined(asked: RankArguments, command: impl FnOnce(&Ranks) -> Result<(), Failure>) -> Result<(), Failure> {
    #[cfg(feature = "mpi")]
    let patience = asked.patience.map(|seconds| std::time::Duration::from_secs(seconds as u64));
    #[cfg(feature = "mpi")]
    if let Some(job) = crate::ranks::mpi::join(patience).map_err(Failure::Run)? {
        return as_one_of(job.ranks(), command);
    }
    as_one_of(&Ranks::alone(), command)
}

fn as_one_of(ranks: &Ranks, command: impl FnOnce(&Ranks) -> Result<(), Failure>) -> Result<(), Failure> {
    if !ranks.are_many() {
        return command(ranks);
    }
    if !ranks.leads() {
        output::be_silent();
    }
    let done = catch_unwind(AssertUnwindSafe(|| command(ranks))).unwrap_or_else(|_| {
        // The panic itself was told; others may be waiting for this one.
        output::cry(&format!("error: {} panicked, which ends all {} ranks", ranks.label(), ranks.size()));
        ranks.end_all()
    });
    if let Err(failure) = &done {
        // Before anybody leaves: a launcher ends the others at once where one has gone with a failure.
        output::note(&failure.to_string());
        output::be_silent();
    }
    done
}

/// A stop that one rank is asked for is everybody's.
pub(super) fn is_stopped(ranks: &Ranks) -> bool {
    let [is_stopped] = ranks.any_of([interrupt::requested()]);
    is_stopped
}

/// What became of a part of a command that all ranks run: the first failure, for all of them.
pub(super) fn agreed<T>(ranks: &Ranks, done: Result<T, Failure>) -> Result<T, Failure> {
    if !ranks.are_many() {
        return done;
    }
    let told = done.as_ref().err().map(Failure::to_tell);
    match (ranks.first_failure(told.as_deref()), done) {
        (None, done) => done,
        // The leading rank's own failure needs no name.
        (Some(first), _) if first.rank == 0 => Err(Failure::told(&first.told)),
        (Some(first), _) => Err(Failure::told(&first.told).of_whom(&first.who())),
    }
}

/// Refuses several ranks where a command has nothing to deal to them.
pub(super) fn refuse_many(ranks: &Ranks) -> Result<(), Failure> {
    match ranks.are_many() {
        false => Ok(()),
        true => Err(Failure::Request(format!(
            "this command has nothing to deal to {} ranks; leave the launcher out, or use -n 1 (train, settle, eval, study and reproduce can be dealt)",
            ranks.size()
        ))),
    }
}
