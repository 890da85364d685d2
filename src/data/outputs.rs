//! What a file that is to be written may be called: nothing that the same command reads, and nothing that promises
//! another kind of file.

use std::path::{Path, PathBuf};

use super::DataError;

/// Endings that promise a kind of file. Any other ending, and none, promises nothing.
const PROMISES: [&str; 28] = [
    "bmp",
    "ckpt",
    "csv",
    "dot",
    "gif",
    "gz",
    "h5",
    "html",
    "idx",
    "jpeg",
    "jpg",
    "json",
    "jsonl",
    "mat",
    "md",
    "npy",
    "npz",
    "onnx",
    "parquet",
    "pdf",
    "png",
    "pt",
    "ron",
    "safetensors",
    "svg",
    "tsv",
    "txt",
    "zip",
];

/// Refuses `output`, which an option called `option` names, where its ending promises another kind of file than
/// `ending`, or where it is one of `inputs`, by whatever path; a folder among them stands for all that is in it.
/// An empty `ending` allows any.
///
/// # Errors
/// Where the output would replace an input, or be called what it isn't.
pub fn check(output: &Path, option: &str, ending: &str, inputs: &[PathBuf]) -> Result<(), DataError> {
    let shown = output.display().to_string();
    let has = output.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    if let Some(has) = has.filter(|has| !ending.is_empty() && has != ending && PROMISES.contains(&has.as_str())) {
        let problem = format!("{option} writes a .{ending} file, which `.{has}` doesn't fit");
        return Err(DataError::content(
            &shown,
            problem,
            format!("call it {}", output.with_extension(ending).display()),
        ));
    }
    match inputs.iter().find(|input| is_or_holds(input, output)) {
        Some(input) if input.is_dir() => {
            let problem = format!("{option} would replace a file of {}, which this command reads", input.display());
            Err(DataError::content(&shown, problem, "choose another name"))
        }
        Some(_) => {
            let problem = format!("{option} would replace a file that this command reads");
            Err(DataError::content(&shown, problem, "choose another name"))
        }
        None => Ok(()),
    }
}

/// Whether `output` is there, and is `input` or lies in it.
fn is_or_holds(input: &Path, output: &Path) -> bool {
    if same_file::is_same_file(input, output).unwrap_or(false) {
        return true;
    }
    let (Ok(folder), Ok(file)) = (input.canonicalize(), output.canonicalize()) else { return false };
    folder.is_dir() && file.starts_with(&folder)
}
