//! One writer for each run folder.
//!
//! The lock is the operating system's, on a file in the folder: it goes with the process that holds it, however that
//! ends, so that a killed run never has to be unlocked by hand. The file itself stays; removing it would let two
//! writers hold locks on two files of one name. Readers take no lock, because every file is whole or not there.

use super::StoreError;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};
use std::path::Path;

/// The file that is locked. It holds the number of the process that last wrote the run.
pub(super) const NAME: &str = ".lock";

/// The right to write a run folder, until it is dropped.
#[derive(Debug)]
pub(super) struct Lock(#[expect(dead_code, reason = "held for its lock, which the system drops with it")] File);

impl Lock {
    /// Takes the lock of `folder`, without waiting.
    pub(super) fn take(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(NAME);
        let failed = |cause| StoreError::System { action: "write", path: path.clone(), cause };
        let open = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path);
        let mut file = open.map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {
                // Only for the message of a second process: without it that one knows a little less.
                let _ = file.set_len(0).and_then(|()| write!(file, "{}", std::process::id()));
                Ok(Self(file))
            }
            Err(TryLockError::WouldBlock) => Err(taken(folder, &mut file)),
            // Some network file systems have no locks; a run there is as safe as its user is careful.
            Err(TryLockError::Error(cause)) => {
                tracing::warn!("{} can't be locked ({cause}); start no second training there", path.display());
                Ok(Self(file))
            }
        }
    }
}

fn taken(folder: &Path, file: &mut File) -> StoreError {
    let mut text = String::new();
    let _ = file.read_to_string(&mut text);
    let process = text.trim().parse::<u32>().map(|id| format!(" (process {id})")).unwrap_or_default();
    let problem = format!("another gncn{process} is training there; wait until it ends, or choose another --out");
    StoreError::folder(folder, problem)
}
