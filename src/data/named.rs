//! NamedArrays with names as a data set: which are images and which are labels, of which split.

use std::path::Path;

use super::array::Array;
use super::{DataError, Dataset, Images};

/// Names of arrays, in lower case: those of this program first, then those of other tools.
const TRAIN: [&str; 8] = ["train", "x_train", "train_images", "train_x", "train_data", "images", "values", "data"];
const TRAIN_LABELS: [&str; 7] = ["train_labels", "y_train", "train_targets", "train_y", "labels", "targets", "label"];
const TEST: [&str; 5] = ["test", "x_test", "test_images", "test_x", "test_data"];
const TEST_LABELS: [&str; 4] = ["test_labels", "y_test", "test_targets", "test_y"];

/// NamedArrays called `train`, `train_labels`, `test` and `test_labels`, or the same by names that other tools use; or a
/// single one.
///
/// # Errors
/// Where there are no training images, or labels without images.
pub(super) fn dataset(mut arrays: Vec<(String, Array)>, path: &Path, name: &str) -> Result<Dataset, DataError> {
    let shown = path.display().to_string();
    if let [(single, _)] = &mut arrays[..] {
        "train".clone_into(single);
    }
    let found: Vec<String> = arrays.iter().map(|(name, _)| name.clone()).collect();
    let mut take = |names: &[&str]| {
        let at = names.iter().find_map(|wanted| arrays.iter().position(|(name, _)| name.to_lowercase() == *wanted))?;
        Some(arrays.remove(at).1)
    };
    let (train, train_labels) = (take(&TRAIN), take(&TRAIN_LABELS));
    let (test, test_labels) = (take(&TEST), take(&TEST_LABELS));
    let found = NamedArrays { names: &found, file: &shown };
    let Some(train) = found.assemble(train, train_labels, "train")? else {
        let problem = format!("no array is called `train` (found: {})", found.names.join(", "));
        return Err(DataError::content(&shown, problem, known()));
    };
    let mut data = Dataset::new(name, train, found.assemble(test, test_labels, "test")?, &shown)?;
    if !arrays.is_empty() {
        let unused: Vec<String> = arrays.iter().map(|(name, _)| format!("`{name}`")).collect();
        data.remark(format!("{shown}: {} not used; {}", unused.join(", "), known()));
    }
    Ok(data)
}

/// The names that are known, in words.
fn known() -> String {
    let list = |names: &[&str]| names.join(", ");
    format!(
        "known names are {} (training images), {} (their labels), {}, {} (those of the test); any other is named with its \
         sense, as in `--data image=FILE:NAME`",
        list(&TRAIN),
        list(&TRAIN_LABELS),
        list(&TEST),
        list(&TEST_LABELS)
    )
}

/// The names of a file, for what has to be said of them.
struct NamedArrays<'a> {
    names: &'a [String],
    file: &'a str,
}

impl NamedArrays<'_> {
    fn assemble(&self, images: Option<Array>, labels: Option<Array>, split: &str) -> Result<Option<Images>, DataError> {
        let file = self.file;
        match (images, labels) {
            (None, None) => Ok(None),
            (None, Some(_)) => {
                let problem =
                    format!("it holds labels without images for the {split} split (found: {})", self.names.join(", "));
                Err(DataError::content(file, problem, known()))
            }
            (Some(images), None) => images.into_images(file).map(Some),
            (Some(images), Some(labels)) => with_labels(images.into_images(file)?, labels, file).map(Some),
        }
    }
}

/// Images with an array of labels, one-hot or not.
///
/// # Errors
/// Where there is not one label per image.
pub(super) fn with_labels(mut images: Images, labels: Array, file: &str) -> Result<Images, DataError> {
    let is_hot = matches!(labels.shape(), [_, 2..=256]);
    let shape = labels.shape().to_vec();
    let labels = labels.into_labels(file)?;
    if is_hot {
        images.remark(format!("{file}: the labels are one-hot, {shape:?}: the place of the 1 is the class, from 0"));
    }
    images.with_labels(labels, file)
}
