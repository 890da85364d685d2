//! The MATLAB file of the Caltech 101 silhouettes.
//!
//! The file has background 1 and object 0, and its rows are column-major images. Here images are upright
//! and **inverted: the object is 1**, as in MNIST, and as the density models that follow van den Berg et al.
//! (Sylvester flows: `1. - data`, reshaped in Fortran order) read it. Other work takes the file as it is.
//! For a Bernoulli model with free biases the two are equivalent, for sparse codes they aren't.

use super::array::Array;
use super::{DataError, Dataset, Images, Pixels, level5};

const EXPECTED: &str = "expected are train_data, val_data, test_data (images x pixels, 0 and 1) and their *_labels, as in \
                        caltech101_silhouettes_28_split1.mat";

/// Whether arrays of these names are the silhouettes.
pub(super) fn are_silhouettes(arrays: &[(String, Array)]) -> bool {
    ["train_data", "val_data", "train_labels", "val_labels"]
        .iter()
        .all(|wanted| arrays.iter().any(|(name, _)| name == wanted))
}

/// The silhouettes in the bytes of a MATLAB file, as a data set called `name`; its own validation split is
/// kept. `file` is named in errors.
///
/// # Errors
/// Where the bytes are no such file, or lack one of the arrays.
pub fn silhouettes(bytes: &[u8], name: &str, file: &str) -> Result<Dataset, DataError> {
    of_arrays(&level5::arrays(bytes, file)?, name, file)
}

/// The silhouettes in the arrays of such a file.
pub(super) fn of_arrays(variables: &[(String, Array)], name: &str, file: &str) -> Result<Dataset, DataError> {
    let (mut pixels, mut labels, side) = split(variables, "train", file)?;
    let (more_pixels, more_labels, _) = split(variables, "val", file)?;
    let (test, test_labels, test_side) = split(variables, "test", file)?;
    let held_out = more_labels.len();
    pixels.extend(more_pixels);
    labels.extend(more_labels);
    let train = Images::new(Pixels::Bytes(pixels), Some(labels), (side, side), file)?;
    let test = Images::new(Pixels::Bytes(test), Some(test_labels), (test_side, test_side), file)?;
    Ok(Dataset::new(name, train, Some(test), file)?.with_published_validation(held_out))
}

/// Upright pixels with the object at 255, labels from 0, and the side of an image.
fn split(variables: &[(String, Array)], name: &str, file: &str) -> Result<(Vec<u8>, Vec<u8>, usize), DataError> {
    let malformed = |problem: &str| DataError::content(file, format!("`{name}_data` {problem}"), EXPECTED);
    let find = |name: String| {
        let found = variables.iter().find(|(found, _)| *found == name);
        let (_, array) =
            found.ok_or_else(|| DataError::content(file, format!("it has no array `{name}`"), EXPECTED))?;
        let whole = array.whole_bytes();
        let whole = whole.ok_or_else(|| {
            DataError::content(file, format!("`{name}` holds other numbers than whole ones of 0 to 255"), EXPECTED)
        })?;
        Ok((array.shape(), whole))
    };
    let ((shape, data), (_, labels)) = (find(format!("{name}_data"))?, find(format!("{name}_labels"))?);
    let [rows, cols] = *shape else { return Err(malformed(&format!("has the shape {shape:?}"))) };
    let side = cols.isqrt();
    if side * side != cols {
        return Err(malformed(&format!("is {rows}x{cols}, which are no square images")));
    }
    if data.iter().any(|&value| value > 1) {
        return Err(malformed("holds other values than 0 and 1"));
    }
    if labels.contains(&0) || labels.len() != rows {
        return Err(malformed(&format!("has {rows} rows and needs as many labels, from 1 upwards")));
    }
    let mut pixels = Vec::with_capacity(data.len());
    for image in data.chunks(cols) {
        for row in 0..side {
            pixels.extend((0..side).map(|col| (1 - image[col * side + row]) * 255));
        }
    }
    Ok((pixels, labels.iter().map(|label| label - 1).collect(), side))
}
