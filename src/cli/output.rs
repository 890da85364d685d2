//! The two streams and the files of a command.
//!
//! Nothing here panics where a stream is closed: `gncn check c.ron | head -1` is a normal thing to do.

use super::failure::Failure;
use crate::data::outputs;
use serde::Serialize;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Whether this is one of several ranks, of which another prints. A process is one rank, so this is one for the process.
static SILENT: AtomicBool = AtomicBool::new(false);

/// From here on nothing is printed but by [`cry`].
pub(super) fn be_silent() {
    SILENT.store(true, Ordering::Relaxed);
}

/// Whether nothing is printed.
pub(super) fn is_silent() -> bool {
    SILENT.load(Ordering::Relaxed)
}

/// Writes `text` and a line end to standard output. A reader that went away has had enough; a full disk is a failure.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    if is_silent() {
        return Ok(());
    }
    written(writeln!(std::io::stdout().lock(), "{text}"))
}

/// What became of something on standard output, once all of it has left.
pub(super) fn written(so_far: std::io::Result<()>) -> Result<(), Failure> {
    match so_far.and_then(|()| std::io::stdout().lock().flush()) {
        Err(cause) if cause.kind() != ErrorKind::BrokenPipe => Err(Failure::Run(format!(
            "standard output can't be written ({cause}); free some space or send it elsewhere"
        ))),
        _ => Ok(()),
    }
}

/// Writes `value` as JSON to standard output.
pub(super) fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value);
    print(&text.map_err(|cause| Failure::Run(format!("the result can't be written as JSON ({cause})")))?)
}

/// Writes `value` as JSON to a file, as a whole or not at all.
#[cfg(feature = "baselines")]
pub(super) fn write_json(path: &Path, value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_vec_pretty(value);
    let text = text.map_err(|cause| Failure::Run(format!("the result can't be written as JSON ({cause})")))?;
    Ok(crate::data::atomic::write(path, &text)?)
}

/// Writes `text` and a line end to standard error, or to nobody; once the terminal is let go, where it is held.
pub(super) fn note(text: &str) {
    if !is_silent() {
        cry(text);
    }
}

/// [`note`], whichever rank this is.
pub(super) fn cry(text: &str) {
    match &mut *held() {
        Some(lines) => lines.push(text.to_owned()),
        None => drop(writeln!(std::io::stderr().lock(), "{text}")),
    }
}

/// Lines that wait while a screen holds the terminal; they would be drawn into it.
static HELD: Mutex<Option<Vec<String>>> = Mutex::new(None);

fn held() -> MutexGuard<'static, Option<Vec<String>>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a screen holds the terminal.
pub(super) fn is_held() -> bool {
    held().is_some()
}

/// From here on notes wait until [`let_go`].
#[cfg(feature = "watch")]
pub(super) fn hold() {
    held().get_or_insert_default();
}

/// Gives back a terminal that a screen holds, and writes what has waited.
pub(super) fn let_go() {
    let Some(lines) = held().take() else { return };
    #[cfg(feature = "watch")]
    crate::view::watch::release();
    lines.iter().for_each(|line| note(line));
}

/// Lines of the log, as notes.
#[derive(Debug)]
pub(super) struct LogLines;

impl Write for LogLines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        note(String::from_utf8_lossy(bytes).trim_end_matches('\n'));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Says what a command is about to write.
pub(super) fn announce(path: &Path, what: &str) {
    note(&format!("writes {} ({what})", path.display()));
}

/// Files that are to be written: an option, its path, and the ending of the kind of file that it is.
pub(super) type Written<'a> = (&'a str, &'a Path, &'a str);

/// Refuses, before any work is done, files that can't be written, that are called what they are not, two of one name, and
/// those that the same command reads.
pub(super) fn check_targets(written: &[Written<'_>], read: &[PathBuf]) -> Result<(), Failure> {
    // Two of one name first: one of them has the wrong ending, too, and that would be half the truth.
    for (i, (option, path, _)) in written.iter().enumerate() {
        if let Some((other, ..)) = written[..i].iter().find(|(_, other, _)| other == path) {
            let problem = format!("{}: {other} and {option} name the same file; give each its own", path.display());
            return Err(Failure::Request(problem));
        }
    }
    for (option, path, ending) in written {
        check_target(path)?;
        outputs::check(path, option, ending, read)?;
    }
    Ok(())
}

/// A path as a word that a shell takes as it is.
pub(super) fn quoted(path: &Path) -> String {
    let word = path.display().to_string();
    let is_plain = |c: char| c.is_alphanumeric() || "-_./,=:+".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word,
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

/// Refuses, before any work is done, an output file that could not be written at its end or that would put a plain
/// file in the place of something else (a folder, a device, a pipe).
pub(super) fn check_target(path: &Path) -> Result<(), Failure> {
    let refuse = |problem: &str| Err(Failure::Request(format!("{}: {problem}", path.display())));
    if path.file_name().is_none() {
        return refuse("names no file; give the name of a file to write");
    }
    match std::fs::metadata(path) {
        Ok(there) if there.is_dir() => return refuse("is a folder; give the name of a file to write"),
        Ok(there) if !there.is_file() => return refuse("is no regular file; give the name of a file to write"),
        _ => (),
    }
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() && !folder.is_dir() => {
            refuse("its folder does not exist; make it first, or choose another")
        }
        _ => Ok(()),
    }
}
