//! What lies in a run folder: which files are a run's own, and which are somebody else's and stay.

use super::StoreError;
use super::lock::NAME as LOCK;
use crate::data::leftovers;
use std::fs;
use std::path::{Path, PathBuf};

/// The mixture that was last fitted to what a run's top layer settles to.
pub(crate) const MIXTURE: &str = "mixture.safetensors";

/// The weights of the best epoch so far.
pub(super) const BEST: &str = "best.safetensors";

/// Makes a folder, and those above it.
pub(super) fn make(path: &Path) -> Result<(), StoreError> {
    let failed = |cause| StoreError::System { action: "create", path: path.to_owned(), cause };
    fs::create_dir_all(path).map_err(failed)
}

/// Whether a file has a name that `Run::save` gives: other files that end like it are somebody else's.
pub(super) fn is_checkpoint(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    let parts = name.and_then(|name| name.strip_suffix(".ckpt")).and_then(|stem| stem.split_once('-'));
    let is_number = |text: &str, least: usize| text.len() >= least && text.bytes().all(|byte| byte.is_ascii_digit());
    parts.is_some_and(|(epoch, batch)| is_number(epoch, 6) && is_number(batch, 8))
}

/// Whether a file is one of those that gncn writes for TensorBoard.
fn is_event_file(name: &str) -> bool {
    name.starts_with("events.out.tfevents.") && name.ends_with(".gncn")
}

/// Why a folder can't take a new run, if it can't; `is_finished` is what the run says that is there already.
pub(super) fn occupied(folder: &Path, is_finished: Option<bool>) -> Option<String> {
    if let Some(is_finished) = is_finished {
        return Some(if is_finished {
            "holds a finished run; --overwrite replaces it, another --out keeps it".to_owned()
        } else {
            "holds a run that was not finished; --resume goes on with it, --overwrite replaces it".to_owned()
        });
    }
    if folder.is_file() {
        return Some("is a file; --out names a folder".to_owned());
    }
    let names: Vec<String> = fs::read_dir(folder).ok()?.filter_map(|e| Some(file_name(&e.ok()?))).collect();
    // What a process leaves that is killed before it has written run.json is no run, and nobody's work: it begins with the
    // lock, and without that a circuit.ron is somebody's own.
    let begun: &[&str] = match names.iter().any(|name| name == LOCK) {
        true => &["circuit.ron", "model.json", "metrics.jsonl", "pulse.json", BEST, "checkpoints", LOCK],
        false => &[],
    };
    let is_begun = |name: &String| begun.contains(&name.as_str()) || leftovers::is_temporary(name);
    let is_empty = names.iter().all(is_begun);
    (!is_empty).then(|| "is not empty and not a run folder; choose another --out".to_owned())
}

fn file_name(entry: &fs::DirEntry) -> String {
    entry.file_name().to_string_lossy().into_owned()
}

/// Removes what a run has written, and nothing else.
pub(super) fn remove_run(folder: &Path) -> Result<(), StoreError> {
    let remove = |path: PathBuf| match fs::remove_file(&path) {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
            Err(StoreError::System { action: "remove", path, cause })
        }
        _ => Ok(()),
    };
    // run.json goes first: without it the rest is no run, whenever this is cut off.
    for name in [
        "run.json",
        "weights.safetensors",
        BEST,
        "metrics.jsonl",
        "pulse.json",
        "eval.json",
        MIXTURE,
        "reconstructions.png",
        "samples.png",
    ] {
        remove(folder.join(name))?;
    }
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    entries.filter(|entry| is_event_file(&file_name(entry))).map(|entry| entry.path()).try_for_each(remove)?;
    // What else somebody keeps there is nobody's checkpoint, and stays.
    let checkpoints = folder.join("checkpoints");
    leftovers::sweep(&checkpoints);
    let entries = fs::read_dir(checkpoints).into_iter().flatten();
    entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| is_checkpoint(path)).try_for_each(remove)
}
