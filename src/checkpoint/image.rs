//! What a rank that doesn't write a run has to know of it: told by the one that does, so that ranks on other machines need
//! not see its folder.

use super::info::RunInfo;
use super::{Snapshot, StoreError};
use crate::circuit::Circuit;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// A run as it stood when it was opened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct RunImage {
    pub(super) info: RunInfo,
    /// The text of `circuit.ron`.
    pub(super) circuit: String,
    /// Where the newest checkpoint is; its bytes are told beside.
    pub(super) newest: Option<PathBuf>,
    #[serde(skip)]
    pub(super) checkpoint: Vec<u8>,
}

impl RunImage {
    /// As bytes: what it tells as JSON, its length before it, and the checkpoint behind it.
    pub(super) fn encode(&self, folder: &Path) -> Result<Vec<u8>, StoreError> {
        let text = serde_json::to_vec(self).map_err(|cause| StoreError::content(folder, cause.to_string()))?;
        Ok([&(text.len() as u64).to_le_bytes(), &text[..], &self.checkpoint].concat())
    }

    /// What [`RunImage::encode`] made.
    pub(super) fn decode(bytes: &[u8], folder: &Path) -> Result<Self, StoreError> {
        let broken = || StoreError::content(folder, "came incomplete from the rank that writes it; start again");
        let (length, rest) = bytes.split_first_chunk::<8>().ok_or_else(broken)?;
        let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| broken())?;
        let (text, checkpoint) = rest.split_at_checked(length).ok_or_else(broken)?;
        let image: Self = serde_json::from_slice(text).map_err(|_| broken())?;
        Ok(Self { checkpoint: checkpoint.to_vec(), ..image })
    }

    /// The circuit.
    pub(super) fn circuit(&self) -> Result<Circuit, StoreError> {
        Ok(Circuit::parse(self.circuit.as_bytes())?)
    }

    /// The newest checkpoint.
    pub(super) fn newest(&self) -> Result<Option<(PathBuf, Snapshot)>, StoreError> {
        let parse = |path: &PathBuf| Ok((path.clone(), Snapshot::parse(&self.checkpoint, path)?));
        self.newest.as_ref().map(parse).transpose()
    }
}
