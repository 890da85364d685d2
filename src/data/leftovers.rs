//! What a process leaves that is killed while it writes: files under temporary names, which nobody will ever finish.
//!
//! Whoever writes such a file holds the operating system's lock on it, which goes with the process. So a temporary file
//! that nobody holds is a leftover, and the next command that writes into its folder removes it.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The temporary name of a file called `name`, of the process and the number within it that tell it from all others.
pub(super) fn temporary(name: &str, process: u32, serial: u64) -> String {
    format!(".{name}.{process}-{serial}.part")
}

/// Whether a name is one that [`temporary`] makes.
#[must_use]
pub fn is_temporary(name: &str) -> bool {
    let inner = name.strip_prefix('.').and_then(|rest| rest.strip_suffix(".part"));
    let numbers = inner.and_then(|inner| inner.rsplit_once('.')).and_then(|(_, numbers)| numbers.split_once('-'));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    numbers.is_some_and(|(process, serial)| is_number(process) && is_number(serial))
}

/// Removes what killed processes left half-written in `folder`, and nothing that is being written. What can't be removed
/// costs space, not safety, and stays.
pub fn sweep(folder: &Path) {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let named = entries.filter(|entry| entry.file_name().to_str().is_some_and(is_temporary));
    for path in named.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file())).map(|entry| entry.path()) {
        // The lock is held until the name is gone: who makes a file of that name meanwhile sees it vanish, and makes another.
        let Some(_held) = abandoned(&path) else { continue };
        let _ = fs::remove_file(&path);
    }
}

/// Sweeps a folder the first time that this process writes there.
pub(super) fn sweep_once(folder: &Path) {
    static SWEPT: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    let is_new = SWEPT.lock().unwrap_or_else(PoisonError::into_inner).insert(folder.to_owned());
    if is_new {
        sweep(folder);
    }
}

/// The file, locked, where nobody else holds it. Where locks don't work nothing is known to be abandoned.
fn abandoned(path: &Path) -> Option<File> {
    let file = OpenOptions::new().write(true).open(path).ok()?;
    file.try_lock().ok()?;
    Some(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_our_own_are_temporary() {
        assert!(is_temporary(&temporary("settled.npz", 17, 0)));
        for name in ["thesis.part", ".thesis.part", ".x.1.part", ".x.1-.part", ".x.a-b.part", "x.1-2.part", ".x.1-2"] {
            assert!(!is_temporary(name), "{name}");
        }
    }
}
