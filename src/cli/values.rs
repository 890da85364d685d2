//! The values of options that several commands have, and the words of a command line.

use super::failure::Failure;
use clap::{Arg, ArgAction, Args, FromArgMatches};

/// Where `--help` lists options of every command: after those of the command itself.
pub(super) const LAST: usize = 100;

/// The options of words that a run remembers, or that another command makes: `gncn NAME ...`.
pub(super) fn parse_words<T: Args + FromArgMatches>(words: &[String], name: &'static str) -> Result<T, Failure> {
    let refuse = |problem: clap::Error| Failure::Request(problem.to_string());
    let verbose = Arg::new("verbose").short('v').long("verbose").global(true).action(ArgAction::Count);
    let cpu = Arg::new("cpu").long("cpu").global(true);
    let command = clap::Command::new("gncn").arg(verbose).arg(cpu).subcommand_required(true);
    let command = command.subcommand(T::augment_args(clap::Command::new(name)));
    let mut matches = command.try_get_matches_from(words).map_err(refuse)?;
    match matches.remove_subcommand() {
        Some((_, mut matches)) => T::from_arg_matches_mut(&mut matches).map_err(refuse),
        None => Err(Failure::Request(format!("not a `gncn {name}`: {}", words.join(" ")))),
    }
}

/// The words that this process was started with.
pub(super) fn command_line() -> Vec<String> {
    std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect()
}

/// The worker threads of `--threads`, or one for each core; the bits do not depend on it. They are started here, where
/// the system may refuse them, and not at the first use, which would panic.
pub(super) fn use_threads(threads: Option<usize>) -> Result<(), Failure> {
    // 0 is as many as there are cores.
    let built = rayon::ThreadPoolBuilder::new().num_threads(threads.unwrap_or(0)).build_global();
    built.map_err(|cause| {
        let number = threads.map_or("worker".to_owned(), |threads| threads.to_string());
        Failure::Run(format!("can't start {number} threads ({cause}); use fewer --threads, or allow more processes"))
    })
}

/// A whole number from 1 to `MOST`.
pub(super) fn up_to<const MOST: usize>(text: &str) -> Result<usize, String> {
    let count = text.parse().ok().filter(|n| (1..=MOST).contains(n));
    count.ok_or_else(|| format!("a whole number from 1 to {MOST} is needed"))
}

/// The legal values of `--threads`.
pub(super) fn thread_count(text: &str) -> Result<usize, String> {
    up_to::<1024>(text)
}

/// A whole number above 0.
pub(super) fn positive(text: &str) -> Result<usize, String> {
    up_to::<1_000_000_000>(text)
}
