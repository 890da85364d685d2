//! The folder of a run: what was asked, what came of it, and how to go on.
//!
//! ```text
//! circuit.ron           the circuit as it was run
//! run.json              command, seed, data digest, versions, CPU features
//! metrics.jsonl         one line per finished epoch
//! checkpoints/*.ckpt    the newest two
//! weights.safetensors   at the end of a finished run
//! ```

use super::{Progress, Snapshot, StoreError, weights};
use crate::circuit::Circuit;
use crate::data::atomic;
use crate::network::Tensors;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// How many checkpoints are kept: the newest, and the one before it in case a disk damages the newest.
const KEPT: usize = 2;

/// What `run.json` tells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunInfo {
    /// The words of the command line.
    pub command: Vec<String>,
    /// Version of gncn.
    pub version: String,
    /// Seed of everything random.
    pub seed: u64,
    /// What the user asked data from: a name or a folder.
    pub source: Option<String>,
    /// Name, counts and digest of the data.
    pub data: serde_json::Value,
    /// The schedule, as a word.
    pub schedule: String,
    /// Training images used; absent where all of them.
    pub limit: Option<usize>,
    /// What the CPU offers of what kernels use: bits are promised for one binary on one kind of CPU.
    pub cpu: Vec<String>,
    /// Worker threads.
    pub threads: usize,
    /// Whether the run has come to its end.
    pub finished: bool,
}

/// An open run folder.
#[derive(Debug, Clone)]
pub struct Run {
    folder: PathBuf,
    /// What `run.json` tells.
    pub info: RunInfo,
}

impl Run {
    /// Makes a run folder. An existing run is replaced only where `overwrite` says so.
    ///
    /// # Errors
    /// [`StoreError`] where the folder holds a run already, is something else, or can't be written.
    pub fn create(folder: &Path, circuit: &Circuit, info: RunInfo, overwrite: bool) -> Result<Self, StoreError> {
        if let Some(problem) = occupied(folder) {
            if !overwrite || !folder.join("run.json").exists() {
                return Err(StoreError::folder(folder, problem));
            }
            remove_run(folder)?;
        }
        let make = |path: PathBuf| {
            fs::create_dir_all(&path).map_err(|cause| StoreError::System { action: "create", path, cause })
        };
        make(folder.join("checkpoints"))?;
        let run = Self { folder: folder.to_owned(), info };
        atomic::write(&run.path("circuit.ron"), circuit.to_ron().as_bytes())?;
        atomic::write(&run.path("metrics.jsonl"), b"")?;
        run.write_info()?;
        Ok(run)
    }

    /// Opens a run folder.
    ///
    /// # Errors
    /// [`StoreError`] where it is none.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join("run.json");
        if !path.exists() {
            let problem = "is not a run folder (it has no run.json); `gncn train CIRCUIT --out FOLDER` makes one";
            return Err(StoreError::folder(folder, problem));
        }
        let text = fs::read(&path).map_err(|cause| StoreError::read(&path, cause))?;
        let info = serde_json::from_slice(&text);
        let info =
            info.map_err(|cause| StoreError::content(&path, format!("is not what gncn writes there: {cause}")))?;
        Ok(Self { folder: folder.to_owned(), info })
    }

    /// A file of the run.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The circuit as it was run.
    ///
    /// # Errors
    /// [`StoreError`] where it can't be read.
    pub fn circuit(&self) -> Result<Circuit, StoreError> {
        Ok(Circuit::load(self.path("circuit.ron"))?)
    }

    /// The weights of a finished run, or else of its newest checkpoint.
    ///
    /// # Errors
    /// [`StoreError`] where there are none yet.
    pub fn weights(&self) -> Result<Tensors, StoreError> {
        let path = self.path("weights.safetensors");
        if path.exists() {
            return weights::load(&path);
        }
        match self.newest()? {
            Some((_, snapshot)) => Ok(snapshot.tensors().clone()),
            None => {
                Err(StoreError::folder(&self.folder, "holds neither weights nor a checkpoint yet; go on with --resume"))
            }
        }
    }

    /// Saves a checkpoint and lets go of the oldest.
    ///
    /// # Errors
    /// [`StoreError`] where it can't be written; the checkpoints before it are still there.
    pub fn save(&self, snapshot: &Snapshot) -> Result<PathBuf, StoreError> {
        let Progress { epoch, batch, .. } = snapshot.progress;
        let path = self.folder.join("checkpoints").join(format!("{epoch:06}-{batch:08}.ckpt"));
        snapshot.save(&path)?;
        let all = self.checkpoints()?;
        for old in all.iter().rev().skip(KEPT) {
            // A checkpoint that can't be removed costs space, not safety.
            let _ = fs::remove_file(old);
        }
        Ok(path)
    }

    /// Removes what a killed process left half-written. Only for whoever goes on with the run.
    pub fn clear_leftovers(&self) {
        for folder in [self.folder.clone(), self.folder.join("checkpoints")] {
            let files = fs::read_dir(folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
            for path in files.filter(|path| path.extension().is_some_and(|e| e == "part")) {
                // A leftover that can't be removed costs space, not safety.
                let _ = fs::remove_file(path);
            }
        }
    }

    /// The newest checkpoint that is whole.
    ///
    /// # Errors
    /// [`StoreError`] where there are checkpoints and none of them can be read.
    pub fn newest(&self) -> Result<Option<(PathBuf, Snapshot)>, StoreError> {
        let mut failure = None;
        for path in self.checkpoints()?.into_iter().rev() {
            match Snapshot::load(&path) {
                Ok(snapshot) => return Ok(Some((path, snapshot))),
                Err(error) => {
                    tracing::warn!("passing over a damaged checkpoint: {error}");
                    failure.get_or_insert(error);
                }
            }
        }
        failure.map_or(Ok(None), Err)
    }

    /// Appends one line to `metrics.jsonl` after its first `bytes` bytes, and returns where it ends. What stands behind
    /// `bytes` belongs to an epoch that was cut off, and goes.
    ///
    /// # Errors
    /// [`StoreError`] where it can't be written.
    pub fn append_metrics(&self, bytes: u64, line: &impl Serialize) -> Result<u64, StoreError> {
        let path = self.path("metrics.jsonl");
        let mut text = serde_json::to_vec(line).map_err(|e| StoreError::content(&path, e.to_string()))?;
        text.push(b'\n');
        let write = || -> std::io::Result<()> {
            let mut file = fs::OpenOptions::new().create(true).truncate(false).write(true).open(&path)?;
            file.set_len(bytes)?;
            file.seek(SeekFrom::Start(bytes))?;
            file.write_all(&text)?;
            file.sync_all()
        };
        write().map_err(|cause| StoreError::System { action: "write", path, cause })?;
        Ok(bytes + text.len() as u64)
    }

    /// Writes the final weights and marks the run as finished.
    ///
    /// # Errors
    /// [`StoreError`] where they can't be written.
    pub fn finish(&mut self, tensors: &Tensors) -> Result<(), StoreError> {
        weights::save(&self.path("weights.safetensors"), tensors)?;
        self.info.finished = true;
        self.write_info()
    }

    /// Marks a finished run as under way again, to be trained for longer.
    ///
    /// # Errors
    /// [`StoreError`] where it can't be written.
    pub fn reopen(&mut self, circuit: &Circuit) -> Result<(), StoreError> {
        atomic::write(&self.path("circuit.ron"), circuit.to_ron().as_bytes())?;
        self.info.finished = false;
        self.write_info()
    }

    fn write_info(&self) -> Result<(), StoreError> {
        let path = self.path("run.json");
        let text = serde_json::to_vec_pretty(&self.info).map_err(|e| StoreError::content(&path, e.to_string()))?;
        Ok(atomic::write(&path, &text)?)
    }

    fn checkpoints(&self) -> Result<Vec<PathBuf>, StoreError> {
        let folder = self.folder.join("checkpoints");
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(cause) => return Err(StoreError::read(&folder, cause)),
        };
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        let mut paths: Vec<_> = paths.filter(|p| p.extension().is_some_and(|e| e == "ckpt")).collect();
        paths.sort();
        Ok(paths)
    }
}

/// The digest of a circuit, without what may change between a run and its continuation: its number of epochs.
#[must_use]
pub fn circuit_digest(circuit: &Circuit) -> String {
    let mut fixed = circuit.clone();
    fixed.learning.epochs = 1;
    hex(&Sha256::digest(fixed.to_ron().as_bytes()))
}

/// Bytes in hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Why a folder can't take a new run, if it can't.
fn occupied(folder: &Path) -> Option<String> {
    if let Ok(run) = Run::open(folder) {
        return Some(if run.info.finished {
            "holds a finished run; --overwrite replaces it, another --out keeps it".to_owned()
        } else {
            "holds a run that was not finished; --resume goes on with it, --overwrite replaces it".to_owned()
        });
    }
    if folder.is_file() {
        return Some("is a file; --out names a folder".to_owned());
    }
    // What a process leaves that is killed before it has written run.json is no run, and nobody's work.
    let begun = |name: &str| ["circuit.ron", "metrics.jsonl", "checkpoints"].contains(&name) || name.ends_with(".part");
    let mut entries = fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.file_name()));
    entries
        .find(|name| !begun(&name.to_string_lossy()))
        .map(|_| "is not empty and not a run folder; choose another --out".to_owned())
}

fn remove_run(folder: &Path) -> Result<(), StoreError> {
    let remove = |path: PathBuf| match fs::remove_file(&path) {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
            Err(StoreError::System { action: "remove", path, cause })
        }
        _ => Ok(()),
    };
    // run.json goes first: without it the rest is no run, whenever this is cut off.
    for name in ["run.json", "weights.safetensors", "metrics.jsonl", "eval.json", "reconstructions.png"] {
        remove(folder.join(name))?;
    }
    let checkpoints = folder.join("checkpoints");
    match fs::remove_dir_all(&checkpoints) {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
            Err(StoreError::System { action: "remove", path: checkpoints, cause })
        }
        _ => Ok(()),
    }
}
