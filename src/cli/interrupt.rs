//! A stop that is asked for from outside: Ctrl-C, SIGTERM, a closed terminal.
//!
//! The first request lets the batch under way end, so that a checkpoint can be written; the second ends the process at
//! once, which costs what came after the last checkpoint and nothing else.

use super::failure::Failure;
use super::output;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How often a stop was asked for. A signal reaches a process, so this is one for the process.
static REQUESTS: AtomicUsize = AtomicUsize::new(0);

/// From here on a stop is a request and no longer the end.
pub(super) fn listen() -> Result<(), Failure> {
    let handler = || {
        if REQUESTS.fetch_add(1, Ordering::SeqCst) > 0 {
            std::process::exit(1);
        }
        output::note("\nstopping after this batch, with a checkpoint; again to stop at once");
    };
    ctrlc::set_handler(handler).map_err(|cause| Failure::Run(format!("can't listen for Ctrl-C ({cause})")))
}

/// Whether a stop was asked for.
pub(super) fn requested() -> bool {
    REQUESTS.load(Ordering::SeqCst) > 0
}
