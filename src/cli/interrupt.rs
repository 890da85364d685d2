//! A stop that is asked for from outside: Ctrl-C, SIGTERM, a closed terminal. What it means is up to the command, and
//! each but `view` ends with exit code 1 and without a file that is half written:
//!
//! | command | the first request | the second |
//! |---|---|---|
//! | `train`, `baseline` | the batch under way is learned or measured, then a checkpoint is written | the end, at once: the last checkpoint is good |
//! | `settle` | the firing under way is the last | the end, at once |
//! | `eval` | the end, at once: its one file is written as a whole when all is measured | |
//! | `bench`, `complete`, `data make`, `features`, `latents`, `reconstruct`, `sample` | the end, at once: files are written as wholes | |
//! | `reproduce` | the batch under way is learned, or the measure under way taken; then the tables are written | the end, at once |
//! | `view`, `watch` | the end, at once, with exit code 0: that is how a page or a screen is closed | |
//!
//! A command that runs others decides for them: only the first one that listens is heard.

use super::failure::Failure;
use super::output;
use crate::data::atomic;
use crate::executor::StopFlag;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How often a stop was asked for. A signal reaches a process, so this is one for the process.
static REQUESTS: AtomicUsize = AtomicUsize::new(0);

/// From here on a stop is a request to end after the batch under way.
pub(super) fn after_the_batch() -> Result<(), Failure> {
    after_what_is_under_way(
        "stopping after this batch, with a checkpoint; again to stop at once",
        "stopped at once, within a batch; if there is a checkpoint, --resume goes on from it",
    )
}

/// From here on a stop is a request to end after the batch or the measure under way, and to write the tables.
pub(super) fn before_the_tables() -> Result<(), Failure> {
    after_what_is_under_way(
        "stopping after this batch or measure; again to stop at once",
        "stopped at once; the same command goes on from the last checkpoint",
    )
}

/// The first stop is `requested`, and told as `soon`; the second one ends the process, told as `at_once`.
fn after_what_is_under_way(soon: &'static str, at_once: &'static str) -> Result<(), Failure> {
    listen(move |request| match request {
        1 => output::note(&format!("\n{soon}")),
        _ => end(at_once),
    })
}

/// From here on a stop ends the episode under way.
pub(super) fn within_the_episode(flag: StopFlag) -> Result<(), Failure> {
    listen(move |request| match request {
        1 => flag.request(),
        _ => end("stopped at once; no file was written"),
    })
}

/// From here on a stop ends the process, with the exit code of a run that failed.
/// What came of it is told as `told`.
pub(super) fn at_once(told: &'static str) -> Result<(), Failure> {
    listen(move |_| end(told))
}

/// Ends the process, and what it was writing.
fn end(told: &str) -> ! {
    output::let_go();
    output::note(&format!("\n{told}"));
    atomic::abandon();
    std::process::exit(1);
}

/// From here on a stop closes the page, which is no failure: nothing is under way that could be lost.
#[cfg(feature = "view")]
pub(super) fn closing_the_page() -> Result<(), Failure> {
    listen(|_| {
        output::note("\nthe page is closed");
        std::process::exit(0);
    })
}

/// From here on a stop gives the terminal back and ends the process, which is no failure: who watches writes nothing.
#[cfg(feature = "watch")]
pub(super) fn closing_the_screen() -> Result<(), Failure> {
    listen(|_| {
        output::let_go();
        std::process::exit(0);
    })
}

/// Asks for a stop, as Ctrl-C does; for keys of a terminal that makes no signals of them.
#[cfg(feature = "watch")]
pub(super) fn ask() {
    request();
}

/// Whether a stop was asked for.
pub(super) fn requested() -> bool {
    REQUESTS.load(Ordering::SeqCst) > 0
}

/// What a request means to the command that listens, by its number.
type Listener = Box<dyn Fn(usize) + Send + Sync>;

/// Who listens; a process has one.
static LISTENER: OnceLock<Listener> = OnceLock::new();

/// Hands the number of every request, from 1, to `handle`.
fn listen(handle: impl Fn(usize) + Send + Sync + 'static) -> Result<(), Failure> {
    if LISTENER.set(Box::new(handle)).is_err() {
        return Ok(());
    }
    ctrlc::set_handler(request).map_err(|cause| Failure::Run(format!("can't listen for Ctrl-C ({cause})")))
}

fn request() {
    let number = REQUESTS.fetch_add(1, Ordering::SeqCst) + 1;
    if let Some(listener) = LISTENER.get() {
        listener(number);
    }
}
