//! `gncn watch`: a run in this terminal; and the same beside a training that goes on in this process.

use super::failure::Failure;
use super::{interrupt, output};
use crate::view::watch::{KeyMeaning, LookAnswer, WatchedRun, look};
use clap::Args;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

const EXAMPLES: &str = "\
Examples:
  gncn watch runs/gncn-pdh              A run, live while `gncn train` goes on
  ssh -t HOST gncn watch runs/gncn-pdh  The same on another machine

Keys: left and right choose a curve, up and down go through the links, q or
Ctrl-C leaves. Nothing is written, and the run goes on.";

/// Watch a run in this terminal
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct WatchArguments {
    /// The run folder
    run: PathBuf,
}

impl WatchArguments {
    pub(super) fn run(&self) -> Result<(), Failure> {
        refuse_no_terminal("gncn watch")?;
        let mut run = WatchedRun::open(&self.run)?;
        interrupt::closing_the_screen()?;
        output::hold();
        let looked = look(&mut run, &mut |meaning| match meaning {
            KeyMeaning::Glance => LookAnswer::GoOn,
            KeyMeaning::Leave | KeyMeaning::Interrupt => LookAnswer::Leave,
        });
        output::let_go();
        looked.map_err(|cause| Failure::Run(format!("the terminal can't be drawn on any more: {cause}")))
    }
}

/// Refuses to draw where nobody would see it, or only letters without sense.
pub(super) fn refuse_no_terminal(what: &str) -> Result<(), Failure> {
    let next = "`gncn view` shows the same on a page, and metrics.jsonl in the run folder has the figures";
    let refuse = |problem: &str| Err(Failure::Request(format!("{what} draws on a terminal, and {problem}; {next}")));
    if !std::io::stdout().is_terminal() {
        return refuse("standard output is none here (over ssh, `ssh -t` asks for one)");
    }
    match std::env::var("TERM") {
        Ok(term) if term == "dumb" => refuse("this one can only print lines (TERM is dumb)"),
        _ => Ok(()),
    }
}

/// A screen beside a training of this process. Dropped, it gives the terminal back.
#[derive(Debug)]
pub(super) struct Beside {
    ended: Arc<AtomicBool>,
    screen: Option<JoinHandle<()>>,
}

impl Beside {
    /// Shows the run in `folder` until it ends, q is pressed, or a stop is asked for.
    pub(super) fn show(folder: &Path) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let (folder, seen) = (folder.to_owned(), Arc::clone(&ended));
        output::hold();
        let screen = std::thread::spawn(move || {
            let looked = WatchedRun::open(&folder).map_err(|error| error.to_string()).and_then(|mut run| {
                let looked = look(&mut run, &mut |meaning| answer(meaning, &seen));
                looked.map_err(|cause| cause.to_string())
            });
            output::let_go();
            if let Err(problem) = looked {
                output::note(&format!("the training goes on, but can't be watched: {problem}"));
            }
        });
        Self { ended, screen: Some(screen) }
    }
}

/// Ctrl-C is a stop for the training; its word can be read once the screen has gone.
fn answer(meaning: KeyMeaning, ended: &AtomicBool) -> LookAnswer {
    if meaning == KeyMeaning::Interrupt {
        interrupt::ask();
    }
    let is_over = ended.load(Ordering::SeqCst) || interrupt::requested();
    if is_over || meaning == KeyMeaning::Leave { LookAnswer::Leave } else { LookAnswer::GoOn }
}

impl Drop for Beside {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        // A screen that panicked has told so and given the terminal back.
        let _ = self.screen.take().map(JoinHandle::join);
    }
}
