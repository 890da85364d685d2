//! A folder of files, or one file, as a data set: which files belong together, and what they are called.

use std::fs;
use std::path::{Path, PathBuf};

use super::npy::Array;
use super::{DataError, Dataset, Images, idx, mat, npy, npz};

/// Names under which MNIST and its relatives are distributed: images and labels, a dot for the dash included.
const TRAIN: [&str; 1] = ["train"];
const TEST: [&str; 2] = ["t10k", "test"];
/// The head of the training split of KMNIST, which is all that some places have of it.
const SUBSET: &str = "train-first7011";
const SUBSET_NOTICE: &str = "subset: the training images are the first 7,011 of KMNIST's 60,000";

const LEGAL: &str = "legal are IDX files (train-images-idx3-ubyte, t10k-images-idx3-ubyte and their labels, .gz or not), \
                     .npy or .npz files with arrays `train` and `test`, or one .mat file of Caltech silhouettes";

/// Loads a folder or a file; labels of IDX files are below `classes` where that is given.
pub(super) fn load(path: &Path, name: &str, classes: Option<usize>) -> Result<Dataset, DataError> {
    if !path.is_dir() {
        return load_file(path, name);
    }
    let files = list(path)?;
    if files.iter().any(|file| text(file).contains("-ubyte")) {
        return Idx { files: &files, folder: path, classes }.load(name);
    }
    let of_kind = |ending: &str| files.iter().filter(|file| text(file).ends_with(ending)).collect::<Vec<_>>();
    let arrays = of_kind(".npy");
    let single: Vec<&PathBuf> = [of_kind(".mat"), of_kind(".npz")].concat();
    match (&single[..], &arrays[..]) {
        ([file], []) => load_file(file, name),
        ([], [_, ..]) => from_arrays(read_arrays(&arrays)?, path, name),
        ([], []) => Err(DataError::content(&text(path), "it holds no data that can be read", LEGAL)),
        _ => Err(DataError::content(&text(path), "it holds several data sets", "name the file that you mean")),
    }
}

fn load_file(path: &Path, name: &str) -> Result<Dataset, DataError> {
    let shown = text(path);
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("mat") => mat::silhouettes(&read(path)?, name, &shown),
        Some("npz") => from_arrays(npz::read(path)?, path, name),
        Some("npy") => from_arrays(vec![("train".to_owned(), npy::read(path)?)], path, name),
        _ if shown.contains("-ubyte") => Dataset::new(name, idx::images(&read(path)?, &shown)?, None, &shown),
        _ => {
            read(path)?;
            Err(DataError::content(&shown, "it is no kind of data that can be read", LEGAL))
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, DataError> {
    fs::read(path).map_err(|cause| DataError::read(path, cause))
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

/// The files of a folder, in the order of their names: a listing has no order of its own.
fn list(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let failed = |cause| DataError::read(folder, cause);
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        files.push(entry.map_err(failed)?.path());
    }
    files.sort();
    Ok(files)
}

/// IDX files under the standard names.
struct Idx<'a> {
    files: &'a [PathBuf],
    folder: &'a Path,
    classes: Option<usize>,
}

impl Idx<'_> {
    fn load(&self, name: &str) -> Result<Dataset, DataError> {
        let (train, notice) = match self.images(&TRAIN)? {
            Some(train) => (Some(train), None),
            None => (self.images(&[SUBSET])?, Some(SUBSET_NOTICE.to_owned())),
        };
        let test = self.images(&TEST)?;
        let shown = text(self.folder);
        let Some(train) = train else {
            return Err(DataError::content(&shown, "it holds no training images", LEGAL));
        };
        let name = if notice.is_some() { format!("{name} (subset)") } else { name.to_owned() };
        let mut data = Dataset::new(&name, train, test, &shown)?;
        data.notice = notice;
        Ok(data)
    }

    /// The images with one of these prefixes, and their labels where there are any.
    fn images(&self, prefixes: &[&str]) -> Result<Option<Images>, DataError> {
        let labels = self.find(prefixes, "labels", "idx1");
        let Some(file) = self.find(prefixes, "images", "idx3") else {
            return match labels {
                None => Ok(None),
                Some(labels) => {
                    let problem = "it holds labels, and the images that they belong to are missing";
                    Err(DataError::content(&text(labels), problem, "put the images beside it, or remove it"))
                }
            };
        };
        let images = idx::images(&read(file)?, &text(file))?;
        let Some(labels) = labels else { return Ok(Some(images)) };
        let shown = text(labels);
        images.with_labels(idx::labels(&read(labels)?, &shown, self.classes)?, &shown).map(Some)
    }

    fn find(&self, prefixes: &[&str], what: &str, kind: &str) -> Option<&PathBuf> {
        let legal = |file: &str| {
            prefixes.iter().any(|prefix| {
                let stem = file.strip_suffix(".gz").unwrap_or(file);
                let rest = stem.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('-'));
                let rest = rest.and_then(|rest| rest.strip_prefix(what));
                rest.is_some_and(|rest| rest.strip_prefix(['-', '.']) == Some(&format!("{kind}-ubyte")))
            })
        };
        self.files.iter().find(|file| file.file_name().and_then(|name| name.to_str()).is_some_and(legal))
    }
}

fn read_arrays(files: &[&PathBuf]) -> Result<Vec<(String, Array)>, DataError> {
    let stem = |file: &Path| file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    files.iter().map(|file| Ok((stem(file), npy::read(file)?))).collect()
}

/// Names of arrays: those of this program first, then those of other tools.
const ARRAYS: [[&str; 3]; 4] = [
    ["train", "x_train", "train_images"],
    ["train_labels", "y_train", "labels"],
    ["test", "x_test", "test_images"],
    ["test_labels", "y_test", "test_targets"],
];

/// Arrays called `train`, `train_labels`, `test` and `test_labels`; or a single one.
fn from_arrays(mut arrays: Vec<(String, Array)>, path: &Path, name: &str) -> Result<Dataset, DataError> {
    let shown = text(path);
    if let [(single, _)] = &mut arrays[..] {
        "train".clone_into(single);
    }
    let found: Vec<String> = arrays.iter().map(|(name, _)| name.clone()).collect();
    let mut take = |names: &[&str]| {
        let at = arrays.iter().position(|(name, _)| names.contains(&name.as_str()))?;
        Some(arrays.swap_remove(at).1)
    };
    let [train, train_labels, test, test_labels] = ARRAYS.map(|names| take(&names));
    let Some(train) = assemble(train, train_labels, &shown)? else {
        let problem = format!("no array is called `train` (found: {})", found.join(", "));
        return Err(DataError::content(&shown, problem, LEGAL));
    };
    Dataset::new(name, train, assemble(test, test_labels, &shown)?, &shown)
}

fn assemble(images: Option<Array>, labels: Option<Array>, file: &str) -> Result<Option<Images>, DataError> {
    match (images, labels) {
        (None, None) => Ok(None),
        (None, Some(_)) => {
            Err(DataError::content(file, "it holds labels without images", "add the images, or remove the labels"))
        }
        (Some(images), None) => images.into_images(file).map(Some),
        (Some(images), Some(labels)) => {
            images.into_images(file)?.with_labels(labels.into_labels(file)?, file).map(Some)
        }
    }
}
