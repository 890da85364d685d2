//! Files that are there as a whole or not at all: written under a temporary name beside the target, synced,
//! renamed. A run that is killed at any instant leaves the old file or the new one, never half of one.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{DataError, leftovers};

/// Writes `bytes` to `path`, whole or not at all.
///
/// # Errors
/// [`DataError::Write`] where the folder is missing, full or read-only.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), DataError> {
    let (pending, mut file) = Pending::create(path)?;
    file.write_all(bytes).map_err(|cause| DataError::write(path, cause))?;
    pending.commit(&file)
}

/// As [`write()`], without a sync: whoever reads sees the old file or the new one, and after a power cut maybe an empty one.
/// For what is rewritten every moment and nothing goes on from.
///
/// # Errors
/// As [`write()`].
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), DataError> {
    let (pending, mut file) = Pending::create(path)?;
    let written = file.write_all(bytes).and_then(|()| fs::rename(&pending.temporary, &pending.real));
    written.map_err(|cause| DataError::write(path, cause))
}

/// A file that is being written under a temporary name. Dropped without [`Pending::commit`], it vanishes.
#[derive(Debug)]
pub struct Pending {
    target: PathBuf,
    /// Where the name leads, through symbolic links: they are written through, not replaced.
    real: PathBuf,
    temporary: PathBuf,
}

impl Pending {
    /// Opens a temporary file in the folder of `target`, or of what a symbolic link of that name leads to, because a rename is atomic only within a file system.
    ///
    /// # Errors
    /// [`DataError::Write`] where that folder can't be written.
    pub fn create(target: &Path) -> Result<(Self, File), DataError> {
        let real = followed(target);
        leftovers::sweep_once(folder_of(&real));
        let (temporary, file) = held(&real).map_err(|cause| DataError::write(target, cause))?;
        under_way().insert(temporary.clone());
        Ok((Self { target: target.to_owned(), real, temporary }, file))
    }

    /// The name that the file will have.
    #[must_use]
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Syncs `file`, which [`Pending::create`] gave, and gives it its name.
    ///
    /// # Errors
    /// [`DataError::Write`] where the sync or the rename fails.
    pub fn commit(self, file: &File) -> Result<(), DataError> {
        let renamed = file.sync_all().and_then(|()| fs::rename(&self.temporary, &self.real));
        renamed.map_err(|cause| DataError::write(&self.target, cause))?;
        // The rename itself survives a power cut only once the folder is synced; not every system can do that.
        let _ = File::open(folder_of(&self.real)).and_then(|folder| folder.sync_all());
        Ok(())
    }
}

/// Removes what this process is writing, before it ends at once. What is written meanwhile can't be given its name.
pub fn abandon() {
    for temporary in &*under_way() {
        // It may have its name by now, or be gone.
        let _ = fs::remove_file(temporary);
    }
}

/// The temporary files of this process.
fn under_way() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    static UNDER_WAY: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A new temporary file beside `real`, locked for as long as it is open, so that nobody takes it for a leftover.
fn held(real: &Path) -> io::Result<(PathBuf, File)> {
    // Two writers of one process must not share a name, and neither must two processes.
    static SERIAL: AtomicU64 = AtomicU64::new(0);
    let name = real.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    loop {
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        let temporary = real.with_file_name(leftovers::temporary(&name, std::process::id(), serial));
        let file = match OpenOptions::new().read(true).write(true).create_new(true).open(&temporary) {
            // A process that had this number long ago, on a file system without locks.
            Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => continue,
            opened => opened?,
        };
        match file.try_lock() {
            // Between the two steps somebody who sweeps may have held it; then it is gone, or about to go.
            Ok(()) if temporary.exists() => return Ok((temporary, file)),
            Ok(()) | Err(TryLockError::WouldBlock) => {}
            // Where there are no locks nobody sweeps.
            Err(TryLockError::Error(_)) => return Ok((temporary, file)),
        }
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Where a name leads. A link to nothing leads to the file that it names.
fn followed(target: &Path) -> PathBuf {
    let is_link = fs::symlink_metadata(target).is_ok_and(|there| there.is_symlink());
    if !is_link {
        return target.to_owned();
    }
    target.canonicalize().ok().unwrap_or_else(|| match fs::read_link(target) {
        Ok(named) => target.parent().map_or_else(|| named.clone(), |folder| folder.join(&named)),
        Err(_) => target.to_owned(),
    })
}

impl Drop for Pending {
    fn drop(&mut self) {
        // After a commit there is nothing of that name; before, a leftover is worth no second error.
        let _ = fs::remove_file(&self.temporary);
        under_way().remove(&self.temporary);
    }
}
