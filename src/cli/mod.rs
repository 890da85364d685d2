//! The command line: what was asked, which part of the library does it, and how that is told.
//!
//! The library prints nothing; this folder prints. Tables, JSON and lists go to standard output, which may be a pipe
//! that closes early; what is about to be written, progress, logs and errors go to standard error. Every command is a
//! file with its arguments and a `run`, which ends well or with a `Failure` that knows its exit code.

mod baseline;
mod bench;
mod check;
mod complete;
mod completions;
mod data;
mod draw;
mod eval;
mod failure;
mod features;
mod interrupt;
mod kernels;
mod latents;
mod man;
mod memory;
mod new;
mod output;
mod progress;
mod ranks;
#[cfg(test)]
mod readme;
mod reconstruct;
mod reproduce;
mod sample;
mod settle;
mod settling;
mod study;
mod table;
mod train;
mod trained;
mod values;
#[cfg(feature = "view")]
mod view;
#[cfg(feature = "watch")]
mod watch;

use crate::machine::level::Level;
use crate::ranks::Ranks;
use clap::error::ErrorKind;
use clap::{ArgAction, CommandFactory, Parser, Subcommand};
use failure::Failure;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

const EXAMPLES: &str = "\
A circuit is a RON file. It is checked, trained on images, settled on new input
and measured by these commands; each has examples in its own help.

Examples:
  gncn check circuits/gncn-pdh.ron   Validate a circuit and see what it costs
  gncn train circuits/gncn-pdh.ron   Train it on the embedded drawn digits
  gncn eval runs/gncn-pdh            Measure it on test images
  gncn settle --help                 Settle a circuit on arrays of your own

Exit codes: 0 done, 1 the run failed, 2 the request was wrong.";

/// Simulates predictive-coding circuits as populations of neurons that are
/// independent actors
#[derive(Debug, Parser)]
#[command(name = "gncn", version, max_term_width = 80, after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Log what happens to standard error; twice for more (or set RUST_LOG)
    #[arg(short, long, global = true, action = ArgAction::Count, display_order = values::LAST)]
    verbose: u8,
    /// Use the kernels of this level: v2, v3 or v4 (or set GNCN_CPU); bits are
    /// promised for one level
    #[arg(long, global = true, value_name = "LEVEL", value_parser = Level::parse, display_order = values::LAST)]
    cpu: Option<Level>,
    #[command(flatten)]
    ranks: ranks::RankArguments,
}

/// One variant for each file of this folder that is a command.
#[derive(Debug, Subcommand)]
enum Command {
    Check(check::CheckArguments),
    Draw(draw::DrawArguments),
    Settle(Box<settle::SettleArguments>),
    Train(Box<train::TrainArguments>),
    Eval(Box<eval::EvalArguments>),
    Reconstruct(reconstruct::ReconstructArguments),
    Complete(complete::CompleteArguments),
    Sample(sample::SampleArguments),
    Latents(latents::LatentsArguments),
    Features(features::FeaturesArguments),
    Data(data::DataArguments),
    Bench(bench::BenchArguments),
    Study(Box<study::StudyArguments>),
    New(new::NewArguments),
    Baseline(Box<baseline::BaselineArguments>),
    Reproduce(Box<reproduce::ReproduceArguments>),
    Completions(completions::CompletionsArguments),
    Man(man::ManArguments),
    #[cfg(feature = "view")]
    View(view::ViewArguments),
    #[cfg(feature = "watch")]
    Watch(watch::WatchArguments),
}

/// Runs the command line of this process: 0 done, 1 the run failed, 2 the request was wrong.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(message) => {
            // Help and version come this way, too.
            let printed = match message.kind() {
                ErrorKind::DisplayVersion if kernels::is_asked_for() => output::print(&kernels::version()),
                _ => output::written(message.print()),
            };
            if message.use_stderr() {
                return ExitCode::from(failure::REQUEST);
            }
            return ended(printed);
        }
    };
    log_to_stderr(arguments.verbose);
    let fit = kernels::fit(arguments.cpu, arguments.command.computes());
    ended(fit.and_then(|()| ranks::joined(arguments.ranks, |ranks| arguments.command.run(ranks))))
}

impl Command {
    /// Whether speed and bits are those of kernels.
    fn computes(&self) -> bool {
        match self {
            Self::Check(_) | Self::Draw(_) | Self::Data(_) | Self::New(_) | Self::Completions(_) | Self::Man(_) => {
                false
            }
            #[cfg(feature = "watch")]
            Self::Watch(_) => false,
            _ => true,
        }
    }

    fn run(self, ranks: &Ranks) -> Result<(), Failure> {
        if !matches!(self, Self::Train(_) | Self::Settle(_) | Self::Eval(_) | Self::Study(_) | Self::Reproduce(_)) {
            ranks::refuse_many(ranks)?;
        }
        match self {
            Self::Check(command) => command.run(),
            Self::Draw(command) => command.run(),
            Self::Settle(command) => command.run(ranks),
            Self::Train(command) => command.run(ranks),
            Self::Eval(command) => command.run(ranks),
            Self::Reconstruct(command) => command.run(),
            Self::Complete(command) => command.run(),
            Self::Sample(command) => command.run(),
            Self::Latents(command) => command.run(),
            Self::Features(command) => command.run(),
            Self::Data(command) => command.run(),
            Self::Bench(command) => command.run(),
            Self::Study(command) => command.run(ranks),
            Self::New(command) => command.run(),
            Self::Baseline(command) => command.run(),
            Self::Reproduce(command) => command.run(ranks),
            Self::Completions(command) => command.run(Arguments::command()),
            Self::Man(command) => command.run(Arguments::command()),
            #[cfg(feature = "view")]
            Self::View(command) => command.run(),
            #[cfg(feature = "watch")]
            Self::Watch(command) => command.run(),
        }
    }
}

/// The exit code of what was done, and why it failed where it did.
fn ended(done: Result<(), Failure>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::note(&failure.to_string());
            ExitCode::from(failure.exit_code())
        }
    }
}

fn log_to_stderr(verbose: u8) {
    let level = ["warn", "gncn=info", "gncn=debug"][usize::from(verbose.min(2))];
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(|| output::LogLines);
    // A second subscriber, or a standard error that is closed, is no reason to fail.
    let _ = log.with_ansi(false).log_internal_errors(false).try_init();
}
