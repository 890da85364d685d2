//! The folder of a run: what was asked, what came of it, and how to go on.
//!
//! ```text
//! circuit.ron           the circuit as it was run
//! run.json              command, seed, data digest, versions, CPU features
//! metrics.jsonl         one line per finished epoch
//! pulse.json            how the training goes right now, for whoever watches
//! checkpoints/*.ckpt    the newest two
//! weights.safetensors   at the end of a finished run
//! best.safetensors      of the best epoch so far, where it is asked for
//! mixture.safetensors   the prior that was last fitted, once one was
//! .lock                 held by the process that writes the run
//! ```

use super::folder::{self, BEST, MIXTURE};
use super::image::RunImage;
use super::info::RunInfo;
use super::lock::Lock;
use super::{Progress, Snapshot, StoreError, weights};
use crate::circuit::Circuit;
use crate::data::digest::hexadecimal;
use crate::data::{Source, atomic, leftovers};
use crate::machine::KernelBuild;
use crate::network::Tensors;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How many checkpoints are kept: the newest, and the one before it in case a disk damages the newest.
const KEPT: usize = 2;

/// The files of which one says what is run; `run.json` has its digest.
const DESCRIBES: [&str; 2] = ["circuit.ron", "model.json"];

/// An open run folder.
#[derive(Debug, Clone)]
pub struct Run {
    folder: PathBuf,
    /// What `run.json` tells.
    pub info: RunInfo,
    /// Held by whoever writes the run; shared by clones, which are one writer.
    lock: Option<Arc<Lock>>,
    /// Where another rank writes the run: what that one has told of it. Nothing is read or written here then.
    image: Option<Arc<RunImage>>,
}

impl Run {
    /// Makes a run folder. An existing run is replaced only where `overwrite` says so.
    ///
    /// # Errors
    /// [`StoreError`] where the folder holds a run already, is something else, is being written by another process, or
    /// can't be written.
    pub fn create(folder: &Path, circuit: &Circuit, info: RunInfo, overwrite: bool) -> Result<Self, StoreError> {
        Self::create_as(folder, ("circuit.ron", &circuit.to_ron()), info, overwrite)
    }

    /// Makes the folder of a run of something else than a circuit, which a file of this name and text describes.
    ///
    /// # Errors
    /// As [`Run::create`].
    pub fn create_as(
        folder: &Path,
        (name, text): (&str, &str),
        info: RunInfo,
        overwrite: bool,
    ) -> Result<Self, StoreError> {
        refuse_occupied(folder, overwrite)?;
        folder::make(folder)?;
        let lock = Lock::take(folder)?;
        // Once more: a process that held the lock a moment ago may have made a run of its own here.
        refuse_occupied(folder, overwrite)?;
        folder::remove_run(folder)?;
        folder::make(&folder.join("checkpoints"))?;
        let info = RunInfo { text: Some(digest_of(text)), build: Some(KernelBuild::this()), ..info };
        let run = Self { folder: folder.to_owned(), info, lock: Some(Arc::new(lock)), image: None };
        atomic::write(&run.path(name), text.as_bytes())?;
        atomic::write(&run.path("metrics.jsonl"), b"")?;
        run.write_info()?;
        Ok(run)
    }

    /// What has to be said where these kernels go on with what others began.
    #[must_use]
    pub fn other_kernels(&self) -> Option<String> {
        self.info.build.as_ref().and_then(|began| KernelBuild::this().differs_from(began))
    }

    /// Opens a run folder, to be read. [`Run::lock`] makes this its writer.
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
        Ok(Self { folder: folder.to_owned(), info, lock: None, image: None })
    }

    /// Makes this process the one that writes the run, until it ends or drops the run.
    ///
    /// # Errors
    /// [`StoreError`] where another process writes it, or the folder can't be written.
    pub fn lock(&mut self) -> Result<(), StoreError> {
        if self.lock.is_none() && self.image.is_none() {
            self.lock = Some(Arc::new(Lock::take(&self.folder)?));
        }
        Ok(())
    }

    /// What other ranks have to know of the run, as bytes.
    ///
    /// # Errors
    /// [`StoreError`] where it can't be read.
    pub fn to_tell(&self) -> Result<Vec<u8>, StoreError> {
        let newest = self.newest()?;
        let checkpoint = newest.as_ref().map(|(path, snapshot)| snapshot.encode(path)).transpose()?.unwrap_or_default();
        let image = RunImage {
            info: self.info.clone(),
            circuit: self.text("circuit.ron")?,
            newest: newest.map(|(path, _)| path),
            checkpoint,
        };
        image.encode(&self.folder)
    }

    /// The run that another rank writes, from what [`Run::to_tell`] has told there: whatever is written to it, is written by
    /// that rank alone.
    ///
    /// # Errors
    /// [`StoreError`] where that is not whole.
    pub fn told(folder: &Path, bytes: &[u8]) -> Result<Self, StoreError> {
        let image = RunImage::decode(bytes, folder)?;
        Ok(Self { folder: folder.to_owned(), info: image.info.clone(), lock: None, image: Some(Arc::new(image)) })
    }

    /// The files that a command reads of the run in `folder`.
    #[must_use]
    pub fn files_of(folder: &Path) -> Vec<PathBuf> {
        let names =
            ["circuit.ron", "model.json", "run.json", "metrics.jsonl", "weights.safetensors", MIXTURE, "checkpoints"];
        names.iter().map(|name| folder.join(name)).collect()
    }

    /// The data that it was made from.
    #[must_use]
    pub fn source(&self) -> Source {
        Source::remembered(self.info.source.as_deref(), &self.info.senses)
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
        if let Some(image) = &self.image {
            return image.circuit();
        }
        if !self.path("circuit.ron").exists() {
            let problem = "is the run of no circuit (it has no circuit.ron); name a folder that `gncn train` has made";
            return Err(StoreError::folder(&self.folder, problem));
        }
        let circuit = Circuit::load(self.path("circuit.ron"))?;
        self.text("circuit.ron")?;
        Ok(circuit)
    }

    /// The circuit of a file, which may be that of a run: then it is checked as [`Run::circuit`] does.
    ///
    /// # Errors
    /// [`StoreError`] where it can't be read, or is another one than its run was made with.
    pub fn circuit_at(path: &Path) -> Result<Circuit, StoreError> {
        let circuit = Circuit::load(path)?;
        let folder = path.parent().filter(|folder| path.ends_with("circuit.ron") && folder.join("run.json").is_file());
        if let Some(run) = folder.and_then(|folder| Self::open(folder).ok()) {
            run.text("circuit.ron")?;
        }
        Ok(circuit)
    }

    /// The text of one of its files.
    ///
    /// # Errors
    /// [`StoreError`] where it can't be read, or where it is the text that the run was made with, `circuit.ron` or what
    /// [`Run::create_as`] was given, and isn't any more.
    pub fn text(&self, name: &str) -> Result<String, StoreError> {
        let path = self.path(name);
        let text = fs::read_to_string(&path).map_err(|cause| StoreError::read(&path, cause))?;
        if DESCRIBES.contains(&name) {
            self.verify(name, &text)?;
        }
        Ok(text)
    }

    /// The weights of a finished run, or else of its newest checkpoint that is whole.
    ///
    /// # Errors
    /// [`StoreError`] where there are none yet, or none that is whole.
    pub fn weights(&self) -> Result<Tensors, StoreError> {
        let path = self.path("weights.safetensors");
        let mut damaged = None;
        // A finished run that is being trained for longer still has the weights of its first end.
        if self.info.finished && path.exists() {
            match weights::load(&path) {
                Err(error @ StoreError::Content { .. }) => damaged = Some(error),
                loaded => return loaded,
            }
        }
        match (self.newest()?, damaged) {
            (Some((from, snapshot)), damaged) => {
                if let Some(error) = damaged {
                    tracing::warn!("taking the weights of {} instead: {error}", from.display());
                }
                Ok(snapshot.tensors().clone())
            }
            (None, Some(error)) => Err(error),
            (None, None) => {
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
        let checkpoints = self.folder.join("checkpoints");
        let path = checkpoints.join(format!("{epoch:06}-{batch:08}.ckpt"));
        if self.image.is_some() {
            return Ok(path);
        }
        // Somebody may have taken the folder away to save space; what can't be made is told by the write.
        let _ = fs::create_dir_all(&checkpoints);
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
        let folders = [self.folder.clone(), self.folder.join("checkpoints")];
        for folder in folders.into_iter().filter(|_| self.image.is_none()) {
            leftovers::sweep(&folder);
        }
    }

    /// The newest checkpoint that is whole.
    ///
    /// # Errors
    /// [`StoreError`] where there are checkpoints and none of them can be read.
    pub fn newest(&self) -> Result<Option<(PathBuf, Snapshot)>, StoreError> {
        if let Some(image) = &self.image {
            return image.newest();
        }
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
        if self.image.is_some() {
            return Ok(bytes);
        }
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

    /// The lines of `metrics.jsonl` within its first `bytes` bytes.
    ///
    /// # Errors
    /// [`StoreError`] where they can't be read.
    pub fn metrics<T: DeserializeOwned>(&self, bytes: u64) -> Result<Vec<T>, StoreError> {
        let path = self.path("metrics.jsonl");
        let text = self.text("metrics.jsonl")?;
        let text = usize::try_from(bytes).ok().and_then(|bytes| text.get(..bytes)).unwrap_or(&text);
        let line = |line| serde_json::from_str(line).map_err(|e| StoreError::content(&path, e.to_string()));
        text.lines().map(line).collect()
    }

    /// Keeps the weights of the best epoch so far.
    ///
    /// # Errors
    /// [`StoreError`] where they can't be written; those before them are still there.
    pub fn save_best(&self, tensors: &Tensors) -> Result<(), StoreError> {
        if self.image.is_some() { Ok(()) } else { weights::save(&self.path(BEST), tensors) }
    }

    /// What [`Run::save_best`] kept.
    ///
    /// # Errors
    /// [`StoreError`] where it can't be read.
    pub fn best(&self) -> Result<Option<Tensors>, StoreError> {
        let path = self.path(BEST);
        (self.image.is_none() && path.exists()).then(|| weights::load(&path)).transpose()
    }

    /// Writes the final weights and marks the run as finished.
    ///
    /// # Errors
    /// [`StoreError`] where they can't be written.
    pub fn finish(&mut self, tensors: &Tensors) -> Result<(), StoreError> {
        if self.image.is_none() {
            weights::save(&self.path("weights.safetensors"), tensors)?;
        }
        self.info.finished = true;
        self.write_info()
    }

    /// Marks a finished run as under way again, to be trained for longer.
    ///
    /// # Errors
    /// [`StoreError`] where it can't be written.
    pub fn reopen(&mut self, circuit: &Circuit) -> Result<(), StoreError> {
        self.reopen_as("circuit.ron", &circuit.to_ron())
    }

    /// [`Run::reopen`] for what [`Run::create_as`] has made.
    ///
    /// # Errors
    /// [`StoreError`] where it can't be written.
    pub fn reopen_as(&mut self, name: &str, text: &str) -> Result<(), StoreError> {
        // Without a digest in between: cut off at any instant, the run has a text that it doesn't contradict.
        self.info.text = None;
        self.write_info()?;
        if self.image.is_none() {
            atomic::write(&self.path(name), text.as_bytes())?;
        }
        self.info.text = Some(digest_of(text));
        self.info.finished = false;
        self.write_info()
    }

    /// Refuses the text of a file that is not the one that the run was made with.
    fn verify(&self, name: &str, text: &str) -> Result<(), StoreError> {
        match &self.info.text {
            Some(stated) if *stated != digest_of(text) => {
                let problem = "was changed since the run was made; put it back as it was, or train the changed circuit with \
                               another --out";
                Err(StoreError::content(&self.path(name), problem))
            }
            _ => Ok(()),
        }
    }

    fn write_info(&self) -> Result<(), StoreError> {
        if self.image.is_some() {
            return Ok(());
        }
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
        let mut paths: Vec<_> = paths.filter(|path| folder::is_checkpoint(path)).collect();
        paths.sort();
        Ok(paths)
    }
}

fn digest_of(text: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(text);
    hexadecimal(hash)
}

/// Refuses a folder that holds something which is not to be replaced.
fn refuse_occupied(folder: &Path, overwrite: bool) -> Result<(), StoreError> {
    // Whatever calls itself run.json: a run is what can be opened as one.
    let is_finished = Run::open(folder).ok().map(|run| run.info.finished);
    match folder::occupied(folder, is_finished) {
        Some(problem) if !overwrite || is_finished.is_none() => Err(StoreError::folder(folder, problem)),
        _ => Ok(()),
    }
}
