//! A file of any kind as arrays with names. What kind it is, its content says; CSV, which looks like any text, its name.

use std::path::{Path, PathBuf};

use super::array::{Array, Values};
use super::sheet::Sheet;
use super::{DataError, bounded, idx, level5, npy, npz, photo};
use crate::matrix::Matrix;

/// What can be read, in words.
pub(super) const KINDS: &str =
    "legal are .npy, .npz, IDX (.gz or not), MATLAB (.mat, versions 5 and 7), .csv, .png and .jpg";

/// Whether a text is a file that is there, or an array in one.
pub(super) fn split_member(path: &Path) -> (PathBuf, Option<String>) {
    if !path.exists()
        && let Some((file, member)) = path.to_string_lossy().rsplit_once(':')
        && !member.is_empty()
        && Path::new(file).is_file()
    {
        return (PathBuf::from(file), Some(member.to_owned()));
    }
    (path.to_owned(), None)
}

/// The same path from wherever it is looked at.
pub(super) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// All arrays of a file, by name, in its order. An array without a name bears that of the file without its ending.
///
/// # Errors
/// Where the file can't be read, is damaged, or is no kind of data.
pub fn read(path: &Path) -> Result<Vec<(String, Array)>, DataError> {
    parse(&bounded::read(path)?, path)
}

/// [`read`] of the bytes of a file that is called `path`, whether or not it is there.
///
/// # Errors
/// As [`read`].
pub fn parse(bytes: &[u8], path: &Path) -> Result<Vec<(String, Array)>, DataError> {
    let file = path.display().to_string();
    let stem = || path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(match kind(bytes, path, &file)? {
        FileKind::Npy => vec![(stem(), npy::parse(bytes, bytes.len(), &file)?)],
        FileKind::Npz => npz::parse(bytes, &file)?,
        FileKind::Idx => vec![(stem(), idx::array(bytes, &file)?)],
        FileKind::Matlab => level5::arrays(bytes, &file)?,
        FileKind::Photo => vec![(stem(), photo_array(bytes, &file)?)],
        FileKind::Csv => Sheet::parse(bytes, &file)?.arrays(&file)?,
    })
}

/// The array that `path` names: the only one of a file, or the one called NAME in `FILE:NAME`, be it a member of an
/// archive, a variable of a MATLAB file or a column of a CSV file. Also told: how it is called in errors.
///
/// # Errors
/// As [`read`], where there is no such array, and where there are several and none is named.
pub fn read_one(path: &Path) -> Result<(Array, String), DataError> {
    let (path, member) = split_member(path);
    let file = path.display().to_string();
    let Some(member) = member else { return Ok((only(read(&path)?, &file)?, file)) };
    let shown = format!("{file}:{member}");
    let bytes = bounded::read(&path)?;
    if kind(&bytes, &path, &file)? == FileKind::Csv {
        return Ok((Sheet::parse(&bytes, &file)?.column(&member, &file)?, shown));
    }
    drop(bytes);
    let arrays = read(&path)?;
    let names: Vec<&str> = arrays.iter().map(|(name, _)| name.as_str()).collect();
    let Some(at) = names.iter().position(|name| *name == member) else {
        let problem = format!("it has no array `{member}`");
        return Err(DataError::content(&file, problem, format!("it has {}", names.join(", "))));
    };
    let array = arrays.into_iter().nth(at).map(|(_, array)| array);
    array.map(|array| (array, shown)).ok_or_else(|| DataError::content(&file, "it holds no array", KINDS))
}

fn only(mut arrays: Vec<(String, Array)>, file: &str) -> Result<Array, DataError> {
    if let [_, _, ..] = &arrays[..] {
        let names: Vec<&str> = arrays.iter().map(|(name, _)| name.as_str()).collect();
        let problem = format!("it has {} arrays ({})", names.len(), names.join(", "));
        return Err(DataError::content(
            file,
            problem,
            "name the one that you mean as FILE:NAME, such as FILE.npz:NAME",
        ));
    }
    let array = arrays.pop().map(|(_, array)| array);
    array.ok_or_else(|| DataError::content(file, "it holds no array of real numbers", KINDS))
}

/// Reads a batch `[B, J]` of the numbers as they are, of what [`read_one`] finds. Images `[B, H, W]` are flattened.
///
/// # Errors
/// As [`read_one`], and where the array has another number of dimensions or holds what is no finite number.
pub fn read_matrix(path: &Path) -> Result<Matrix, DataError> {
    let (array, shown) = read_one(path)?;
    array.into_matrix(false, &shown)
}

/// As [`read_matrix`]; an array `[J]` is one sample.
///
/// # Errors
/// As [`read_matrix`].
pub fn read_matrix_or_row(path: &Path) -> Result<Matrix, DataError> {
    let (array, shown) = read_one(path)?;
    array.into_matrix(true, &shown)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FileKind {
    Npy,
    Npz,
    Idx,
    Matlab,
    Photo,
    Csv,
}

fn kind(bytes: &[u8], path: &Path, file: &str) -> Result<FileKind, DataError> {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    Ok(match ending.as_str() {
        _ if bytes.starts_with(b"\x93NUMPY") => FileKind::Npy,
        _ if bytes.starts_with(b"PK") => FileKind::Npz,
        _ if photo::is_photo(bytes) => FileKind::Photo,
        _ if idx::is_idx(bytes) => FileKind::Idx,
        _ if level5::is_matlab(bytes) => FileKind::Matlab,
        // What is damaged is refused in the words of what it should be.
        "npy" => FileKind::Npy,
        "npz" => FileKind::Npz,
        "mat" => FileKind::Matlab,
        "png" | "jpg" | "jpeg" => FileKind::Photo,
        "csv" | "tsv" => FileKind::Csv,
        _ if path.to_string_lossy().contains("-ubyte") => FileKind::Idx,
        _ => return Err(DataError::content(file, "it is no kind of data that can be read", KINDS)),
    })
}

fn photo_array(bytes: &[u8], file: &str) -> Result<Array, DataError> {
    let photo::Photo { grid, bytes } = photo::parse(bytes, file)?;
    let shape = vec![1, grid.height, grid.width, grid.channels];
    Array::new(if grid.channels == 1 { shape[..3].to_vec() } else { shape }, Values::Bytes(bytes), file)
}
