//! Progress of long work on standard error: a bar on a terminal, nothing elsewhere (who calls prints a line at each
//! milestone, by [`Bar::milestone`], which a bar does not garble).

use super::output;
use crate::evaluation::EvaluationEvent;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::sync::{Mutex, PoisonError};

/// A bar, or nothing where nobody would see one.
#[derive(Debug)]
pub(super) struct Bar {
    bar: ProgressBar,
}

impl Bar {
    /// A bar of `length` parts.
    pub(super) fn new(length: usize) -> Self {
        let bar = ProgressBar::new(length as u64);
        if tracing::enabled!(tracing::Level::INFO) || output::is_held() || output::is_silent() {
            // Lines of the log and a bar would overwrite each other, and a bar is no part of a screen.
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        let style = ProgressStyle::with_template("{prefix} {wide_bar} {pos}/{len}  {msg}  {eta} left");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { bar }
    }

    /// A bar of `length` parts with a name.
    pub(super) fn named(name: &'static str, length: usize) -> Self {
        let progress = Self::new(length);
        progress.bar.set_prefix(name);
        progress
    }

    /// Stands at `done` of `of` parts.
    pub(super) fn stand(&self, name: String, done: usize, of: usize, message: String) {
        if done <= 1 {
            self.bar.reset();
        }
        self.bar.set_prefix(name);
        self.bar.set_length(of as u64);
        self.bar.set_position(done as u64);
        self.bar.set_message(message);
    }

    /// `parts` more are done.
    pub(super) fn advance(&self, parts: usize) {
        self.bar.inc(parts as u64);
    }

    /// A line that stays.
    pub(super) fn milestone(&self, line: &str) {
        self.bar.suspend(|| output::note(line));
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Shows what an evaluation tells: a bar for each piece of work, and notes as lines.
#[derive(Debug, Default)]
pub(super) struct Watcher {
    bar: Mutex<Option<Bar>>,
}

impl Watcher {
    /// Shows an event. A watcher that panicked elsewhere is no reason to show no more.
    pub(super) fn see(&self, event: EvaluationEvent<'_>) {
        let mut bar = self.bar.lock().unwrap_or_else(PoisonError::into_inner);
        match (event, &*bar) {
            (EvaluationEvent::Begin { name, count }, _) => *bar = Some(Bar::named(name, count)),
            (EvaluationEvent::End, _) => *bar = None,
            (EvaluationEvent::Note(text), Some(bar)) => bar.milestone(text),
            (EvaluationEvent::Note(text), None) => output::note(text),
            (EvaluationEvent::Done(more), Some(bar)) => bar.advance(more),
            (EvaluationEvent::Step { step, of, likelihood }, Some(bar)) => {
                bar.stand("fitting the mixture".to_owned(), step, of, format!("log-likelihood {likelihood:.2}"));
            }
            (EvaluationEvent::Done(_) | EvaluationEvent::Step { .. }, None) => (),
        }
    }
}
