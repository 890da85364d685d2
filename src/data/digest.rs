//! Digests as files and screens show them.

use sha2::{Digest, Sha256};

/// What has been hashed, in hexadecimal.
pub(crate) fn hexadecimal(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
