//! A terminal, held while a run is looked at.
//!
//! Happens before: the terminal is taken (raw keys, the other screen, no cursor) before the first frame and given back after
//! the last, by every way out: the end of [`look`], an error, a panic of any thread (whose words would else be lost with the
//! other screen), or [`release`] by who ends the process. Giving back twice does no harm.

use super::glance::{Glance, KeyMeaning};
use super::paint::paint;
use super::watched::WatchedRun;
use ratatui::crossterm::event::{self, Event};
use std::io;
use std::time::{Duration, Instant};

/// How long a key may have to wait for its effect, and how often the run is looked at.
const PAUSE: Duration = Duration::from_millis(100);
const REFRESH: Duration = Duration::from_millis(500);

/// What to do after a key, or after a moment without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LookAnswer {
    /// Show the next frame.
    GoOn,
    /// Give the terminal back.
    Leave,
}

/// Shows `run` on the terminal until `answer` ends it. It is asked with the meaning of every key, and a few times a second
/// with [`KeyMeaning::Glance`].
///
/// # Errors
/// Where the terminal can't be taken, drawn on or read; it is given back then, too.
pub fn look(run: &mut WatchedRun, answer: &mut dyn FnMut(KeyMeaning) -> LookAnswer) -> io::Result<()> {
    let mut terminal = ratatui::try_init()?;
    let held = HeldScreen;
    let mut glance = Glance::default();
    let mut refreshed = Instant::now();
    let mut is_new = true;
    loop {
        if is_new {
            terminal.draw(|frame| paint(frame, run, glance))?;
        }
        let meaning = if event::poll(PAUSE)? {
            is_new = true;
            match event::read()? {
                Event::Key(key) => {
                    let meaning = glance.press(key);
                    glance.link = glance.link.min(run.pulse.as_ref().map_or(0, |pulse| pulse.links.len()));
                    meaning
                }
                _ => KeyMeaning::Glance,
            }
        } else {
            is_new = false;
            KeyMeaning::Glance
        };
        if answer(meaning) == LookAnswer::Leave {
            drop(held);
            return Ok(());
        }
        if refreshed.elapsed() >= REFRESH {
            is_new |= run.refresh();
            refreshed = Instant::now();
        }
    }
}

/// Gives the terminal back, before a process ends that may hold it.
pub fn release() {
    // There is nothing to be done about a terminal that is gone.
    let _ = ratatui::try_restore();
}

/// Gives the terminal back when it goes.
struct HeldScreen;

impl Drop for HeldScreen {
    fn drop(&mut self) {
        release();
    }
}
