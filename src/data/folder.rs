//! A folder of files, or one file, as a data set: which files belong together, and what they are called.

use std::fs;
use std::path::{Path, PathBuf};

use super::array::Array;
use super::photo::{self, Classes};
use super::{DataError, Dataset, Images, bounded, files, idx, mat, named};

/// Names under which MNIST and its relatives are distributed: images and labels, a dot for the dash included.
const TRAIN: [&str; 1] = ["train"];
const TEST: [&str; 2] = ["t10k", "test"];
/// The head of the training split of KMNIST, which is all that some places have of it.
const SUBSET: &str = "train-first7011";
const SUBSET_NOTICE: &str = "subset: the training images are the first 7,011 of KMNIST's 60,000";
/// What the names of EMNIST's files begin with; its images are stored column by column.
const EMNIST: &str = "emnist-";

const LEGAL: &str = "legal are IDX files (train-images-idx3-ubyte, t10k-images-idx3-ubyte and their labels, .gz or not, \
                     also those of EMNIST), .npy, .npz, .mat or .csv files with arrays `train` and `test`, and folders of \
                     PNG or JPEG files, one for each class";

/// Loads a folder or a file; labels of IDX files are below `classes` where that is given.
pub(super) fn load(path: &Path, name: &str, classes: Option<usize>) -> Result<Dataset, DataError> {
    if path.is_dir() {
        return load_folder(path, name, classes);
    }
    // `FOLDER/emnist-letters` is the files in FOLDER whose names begin so.
    if let (false, Some(folder), Some(prefix)) = (path.exists(), path.parent(), path.file_name())
        && folder.is_dir()
    {
        let (files, prefix) = (list(folder)?, format!("{}-", prefix.to_string_lossy()));
        if files.iter().any(|file| of_idx(file).is_some() && file_name(file).starts_with(&prefix)) {
            return Idx { files: &files, folder, classes, prefix: &prefix }.load(name);
        }
    }
    load_file(path, name)
}

fn load_folder(path: &Path, name: &str, classes: Option<usize>) -> Result<Dataset, DataError> {
    let files = list(path)?;
    if files.iter().any(|file| of_idx(file).is_some()) {
        let prefix = prefix(&files, path)?;
        return Idx { files: &files, folder: path, classes, prefix: &prefix }.load(name);
    }
    let of_kind = |ending: &str| files.iter().filter(|file| file_name(file).ends_with(ending)).collect::<Vec<_>>();
    let arrays = of_kind(".npy");
    let tables = of_kind(".csv");
    let single: Vec<&PathBuf> = [of_kind(".mat"), of_kind(".npz")].concat();
    match (&single[..], &arrays[..], &tables[..]) {
        ([file], [], []) => load_file(file, name),
        ([], [_, ..], []) => named::dataset(read_arrays(&arrays)?, path, name),
        ([], [], [_, ..]) => named::dataset(read_tables(&tables)?, path, name),
        ([], [], []) => pictures(path, &files, name),
        _ => Err(DataError::content(&text(path), "it holds several data sets", "name the file that you mean")),
    }
}

fn load_file(path: &Path, name: &str) -> Result<Dataset, DataError> {
    let shown = text(path);
    // A single IDX file is images, and nothing beside them.
    if of_idx(path).is_some() {
        return Dataset::new(name, turned(path, idx::images(&bounded::read(path)?, &shown)?)?, None, &shown);
    }
    let (file, member) = files::split_member(path);
    if member.is_some() {
        let (array, shown) = files::read_one(path)?;
        return Dataset::new(name, array.into_images(&shown)?, None, &shown);
    }
    let arrays = files::read(&file)?;
    if mat::are_silhouettes(&arrays) {
        return mat::of_arrays(&arrays, name, &shown);
    }
    named::dataset(arrays, path, name)
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
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

/// Of a file that is called like an IDX file, such as `t10k-images-idx3-ubyte.gz`, what stands before `-idx3-`. The
/// names of folders say nothing.
fn of_idx(path: &Path) -> Option<String> {
    let name = file_name(path);
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    let (rest, kind) = name.rsplit_once('-')?;
    if !["ubyte", "byte", "short", "int", "float", "double"].contains(&kind) {
        return None;
    }
    let (rest, axes) = rest.split_at_checked(rest.len().checked_sub("-idx3".len())?)?;
    let axes = axes.strip_prefix(['-', '.'])?.strip_prefix("idx")?;
    axes.parse::<u8>().ok()?;
    Some(rest.to_owned())
}

/// What all names of a folder of IDX files begin with: nothing, or that of the one split of EMNIST that is there.
fn prefix(files: &[PathBuf], folder: &Path) -> Result<String, DataError> {
    let mut found: Vec<String> = Vec::new();
    for stem in files.iter().filter_map(|file| of_idx(file)).filter(|stem| stem.starts_with(EMNIST)) {
        let head = stem.rsplit('-').nth(1).and_then(|split| stem.split_once(&format!("{split}-")));
        let head = head.map_or(String::new(), |(head, _)| head.to_owned());
        if !found.contains(&head) {
            found.push(head);
        }
    }
    match &found[..] {
        [] => Ok(String::new()),
        [one] => Ok(one.clone()),
        several => {
            let names: Vec<String> =
                several.iter().map(|name| format!("{}/{}", folder.display(), name.trim_end_matches('-'))).collect();
            let problem = format!("it holds {} splits of EMNIST", several.len());
            Err(DataError::content(&text(folder), problem, format!("name the one that you mean: {}", names.join(", "))))
        }
    }
}

/// The images of a file, upright: those of EMNIST lie on their sides.
fn turned(file: &Path, images: Images) -> Result<Images, DataError> {
    if !file_name(file).starts_with(EMNIST) {
        return Ok(images);
    }
    let shown = text(file);
    let array: Array = idx::array(&bounded::read(file)?, &shown)?;
    let mut images = array.with_images_turned().into_images(&shown)?;
    images.remark("EMNIST stores images column by column: they are turned upright".to_owned());
    Ok(images)
}

/// IDX files under the standard names.
struct Idx<'a> {
    files: &'a [PathBuf],
    folder: &'a Path,
    classes: Option<usize>,
    /// What the names begin with.
    prefix: &'a str,
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
        let labels = self.find(prefixes, "labels");
        let Some(file) = self.find(prefixes, "images") else {
            return match labels {
                None => Ok(None),
                Some(labels) => {
                    let problem = "it holds labels, and the images that they belong to are missing";
                    Err(DataError::content(&text(labels), problem, "put the images beside it, or remove it"))
                }
            };
        };
        let images = turned(file, idx::images(&bounded::read(file)?, &text(file))?)?;
        let Some(labels) = labels else { return Ok(Some(images)) };
        let shown = text(labels);
        images.with_labels(idx::labels(&bounded::read(labels)?, &shown, self.classes)?, &shown).map(Some)
    }

    fn find(&self, prefixes: &[&str], what: &str) -> Option<&PathBuf> {
        let wanted: Vec<String> = prefixes.iter().map(|prefix| format!("{}{prefix}-{what}", self.prefix)).collect();
        self.files.iter().find(|file| of_idx(file).is_some_and(|stem| wanted.contains(&stem)))
    }
}

fn stem(file: &Path) -> String {
    file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

fn read_arrays(paths: &[&PathBuf]) -> Result<Vec<(String, Array)>, DataError> {
    let mut arrays = Vec::new();
    for path in paths {
        arrays.extend(files::read(path)?.into_iter().map(|(_, array)| (stem(path), array)));
    }
    Ok(arrays)
}

/// The arrays of `train.csv` and `test.csv`, or of one table of any name.
fn read_tables(paths: &[&PathBuf]) -> Result<Vec<(String, Array)>, DataError> {
    if let [path] = paths {
        return files::read(path);
    }
    let mut arrays = Vec::new();
    for path in paths {
        let named = |(name, array)| {
            let split = stem(path);
            (if name == "labels" { format!("{split}_labels") } else { split }, array)
        };
        arrays.extend(files::read(path)?.into_iter().map(named));
    }
    Ok(arrays)
}

/// `train/CLASS/` and `test/CLASS/`, or `CLASS/` alone, or pictures without a class.
fn pictures(folder: &Path, entries: &[PathBuf], name: &str) -> Result<Dataset, DataError> {
    let shown = text(folder);
    let folders = |entries: &[PathBuf]| entries.iter().filter(|entry| entry.is_dir()).cloned().collect::<Vec<_>>();
    let split =
        |names: &[&str]| entries.iter().find(|entry| entry.is_dir() && names.contains(&file_name(entry).as_str()));
    let mut remarks = Vec::new();
    let (train, test) = match split(&["train", "training"]) {
        Some(train) => {
            let test = split(&["test", "testing"]);
            let (train_classes, images) = by_class(train)?;
            let test = test.map(|test| by_class(test)).transpose()?;
            if let Some((classes, _)) = test.as_ref().filter(|(classes, _)| !classes.are(&train_classes)) {
                let problem =
                    format!("its classes are {}, but those of training {}", classes.told(), train_classes.told());
                return Err(DataError::content(&shown, problem, "both splits need a folder for each class"));
            }
            remarks.push(train_classes.told());
            (images, test.map(|(_, images)| images))
        }
        None if !folders(entries).is_empty() => {
            let (classes, images) = by_class(folder)?;
            remarks.push(classes.told());
            (images, None)
        }
        None if entries.iter().any(|entry| photo::is_named_photo(entry)) => (photo::unlabelled(folder, &shown)?, None),
        None => return Err(DataError::content(&shown, "it holds no data that can be read", LEGAL)),
    };
    let mut data = Dataset::new(name, train, test, &shown)?;
    remarks.into_iter().filter(|told| !told.is_empty()).for_each(|told| data.remark(format!("classes: {told}")));
    Ok(data)
}

fn by_class(folder: &Path) -> Result<(Classes, Images), DataError> {
    let shown = text(folder);
    let folders: Vec<PathBuf> = list(folder)?.into_iter().filter(|entry| entry.is_dir()).collect();
    if folders.is_empty() {
        return Ok((Classes::default(), photo::unlabelled(folder, &shown)?));
    }
    let classes = Classes::of(&folders, &shown)?;
    let images = photo::images(&folders, &classes, &shown)?;
    Ok((classes, images))
}
