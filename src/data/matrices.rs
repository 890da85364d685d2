//! Batches from files of NumPy, whichever of their kinds it is.

use super::npy::Array;
use super::{DataError, npy, npz};
use crate::matrix::Matrix;
use std::fs;
use std::path::{Path, PathBuf};

/// Reads a batch [B, J] from a `.npy` file, from a `.npz` file with a single array, or from the array
/// `member` of a `.npz` file named as `file.npz:member`. Images [B, H, W] are flattened.
///
/// # Errors
/// As [`npy::read`], and where the array has another number of dimensions or is empty.
pub fn read_matrix(path: &Path) -> Result<Matrix, DataError> {
    let (array, shown) = locate(path)?;
    array.into_matrix(false, &shown)
}

/// As [`read_matrix`]; an array `[J]` is one sample.
///
/// # Errors
/// As [`read_matrix`].
pub fn read_matrix_or_row(path: &Path) -> Result<Matrix, DataError> {
    let (array, shown) = locate(path)?;
    array.into_matrix(true, &shown)
}

fn locate(path: &Path) -> Result<(Array, String), DataError> {
    let shown = path.display().to_string();
    if !path.exists()
        && let Some((file, member)) = shown.rsplit_once(':')
        && file.ends_with(".npz")
    {
        return Ok((npz::read_member(&PathBuf::from(file), member)?, shown));
    }
    let bytes = fs::read(path).map_err(|cause| DataError::read(path, cause))?;
    let array = if bytes.starts_with(b"PK") {
        npz::single(&bytes, &shown)?
    } else {
        npy::parse(&bytes[..], bytes.len(), &shown)?
    };
    Ok((array, shown))
}
