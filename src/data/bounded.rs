//! Whole files into memory, with a bound where a file has none of its own.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use super::DataError;

/// What is read of a pipe or a device, which may never end: 256 MiB.
const MOST_OF_A_STREAM: u64 = 256 << 20;

/// The bytes of a file. A regular file is read whole; of anything else no more than a bound.
///
/// # Errors
/// Where it can't be read, is a folder, or goes on beyond the bound.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, DataError> {
    let failed = |cause| DataError::read(path, cause);
    let file = File::open(path).map_err(failed)?;
    let there = file.metadata().map_err(failed)?;
    let most = if there.is_file() { u64::MAX - 1 } else { MOST_OF_A_STREAM };
    let mut bytes = Vec::new();
    if there.is_file() {
        let length = usize::try_from(there.len()).unwrap_or(usize::MAX);
        // A file that doesn't fit is an error, not an abort.
        let reserved = bytes.try_reserve_exact(length);
        reserved.map_err(|_| failed(std::io::Error::other(format!("its {length} bytes don't fit into memory"))))?;
    }
    file.take(most + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > most {
        let cause = format!("it is no regular file, and doesn't end within {} MiB", MOST_OF_A_STREAM >> 20);
        return Err(failed(std::io::Error::other(cause)));
    }
    Ok(bytes)
}
