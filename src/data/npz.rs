//! Archives of NumPy arrays: read with the care of [`super::npy`], written whole or not at all.

use std::fs::File;
use std::io::{BufWriter, Cursor};
use std::path::Path;

use ndarray::{ArrayView1, ArrayView4, Axis};
use ndarray_npy::{NpzWriter, WriteNpzError};
use zip::ZipArchive;
use zip::write::SimpleFileOptions;

use super::array::Array;
use super::atomic::Pending;
use super::latch::Latch;
use super::{DataError, bounded, npy};
use crate::matrix::Matrix;

const DAMAGED: &str = "the file is damaged or no .npz file: write it again with numpy.savez";
/// Deflate can't expand a byte to more than this many.
const LARGEST_RATIO: u64 = 1032;
/// Above this a member needs the 64-bit form of the archive.
const LARGE: usize = 0xf000_0000;

/// All arrays of a `.npz` file with their names, in the order of the archive.
///
/// # Errors
/// Where the file can't be read, is damaged, or one of its members is.
pub fn read(path: &Path) -> Result<Vec<(String, Array)>, DataError> {
    parse(&bounded::read(path)?, &path.display().to_string())
}

/// The array called `member`.
///
/// # Errors
/// As [`read`], and where there is no such array.
pub fn read_member(path: &Path, member: &str) -> Result<Array, DataError> {
    let (bytes, file) = (bounded::read(path)?, path.display().to_string());
    let mut archive = open(&bytes, &file)?;
    let names: Vec<String> = archive.file_names().map(array_name).collect();
    for index in 0..archive.len() {
        let (name, array) = entry(&mut archive, index, &file, |name| name == member)?;
        if let Some(array) = array.filter(|_| name == member) {
            return Ok(array);
        }
    }
    let problem = format!("it has no array `{member}`");
    Err(DataError::content(&file, problem, format!("it has {}", names.join(", "))))
}

/// All arrays in the bytes of a `.npz` file; `file` is named in errors.
///
/// # Errors
/// Where the bytes are no archive of arrays.
pub fn parse(bytes: &[u8], file: &str) -> Result<Vec<(String, Array)>, DataError> {
    let mut archive = open(bytes, file)?;
    let mut arrays = Vec::new();
    for index in 0..archive.len() {
        if let (name, Some(array)) = entry(&mut archive, index, file, |_| true)? {
            arrays.push((name, array));
        }
    }
    Ok(arrays)
}

type Archive<'a> = ZipArchive<Cursor<&'a [u8]>>;

fn open<'a>(bytes: &'a [u8], file: &str) -> Result<Archive<'a>, DataError> {
    let archive = ZipArchive::new(Cursor::new(bytes));
    archive.map_err(|cause| DataError::content(file, format!("it can't be opened ({cause})"), DAMAGED))
}

fn array_name(member: &str) -> String {
    member.strip_suffix(".npy").unwrap_or(member).to_owned()
}

/// Name and, where it is wanted, content of a member.
fn entry(
    archive: &mut Archive<'_>,
    index: usize,
    file: &str,
    wanted: impl Fn(&str) -> bool,
) -> Result<(String, Option<Array>), DataError> {
    let member = archive.by_index(index);
    let member = member.map_err(|cause| DataError::content(file, format!("member {index}: {cause}"), DAMAGED))?;
    let name = array_name(member.name());
    if !wanted(&name) {
        return Ok((name, None));
    }
    // What the archive says of sizes is as little to be trusted as a header.
    let at_most = usize::try_from(member.compressed_size().saturating_mul(LARGEST_RATIO)).unwrap_or(usize::MAX);
    let array = npy::parse(member, at_most.min(MODEST), &format!("{file}:{name}"))?;
    Ok((name, Some(array)))
}

/// What is reserved for a member at first; it grows as bytes arrive.
const MODEST: usize = 1 << 20;

/// A `.npz` file that is being written. It gets its name in [`NpzOut::finish`] and never exists in part.
///
/// ```no_run
/// # use gncn::{Matrix, data::npz::NpzOut};
/// let mut out = NpzOut::create("settled.npz".as_ref())?;
/// out.matrix("state.z1", &Matrix::zeros(2, 3))?;
/// out.vector("energy.z1", &[1.5, 0.5])?;
/// out.finish()?;
/// # Ok::<(), gncn::data::DataError>(())
/// ```
pub struct NpzOut {
    pending: Pending,
    writer: NpzWriter<BufWriter<Latch<File>>>,
}

impl NpzOut {
    /// Starts the file `path`.
    ///
    /// # Errors
    /// [`DataError::Write`] where its folder can't be written.
    pub fn create(path: &Path) -> Result<Self, DataError> {
        let (pending, file) = Pending::create(path)?;
        Ok(Self { pending, writer: NpzWriter::new(BufWriter::new(Latch::new(file))) })
    }

    /// Adds a matrix as `float32` [rows, columns].
    ///
    /// # Errors
    /// [`DataError::Write`] where the disk is full, or the name is there already.
    pub fn matrix(&mut self, name: &str, matrix: &Matrix) -> Result<(), DataError> {
        let options = options(matrix.as_slice().len() * 4);
        let done = self.writer.add_array_with_options(name, &matrix.view(), options);
        done.map_err(|cause| self.failed(cause))
    }

    /// Adds numbers as `float64` `[length]`.
    ///
    /// # Errors
    /// As [`NpzOut::matrix`].
    pub fn vector(&mut self, name: &str, values: &[f64]) -> Result<(), DataError> {
        let done = self.writer.add_array_with_options(name, &ArrayView1::from(values), options(values.len() * 8));
        done.map_err(|cause| self.failed(cause))
    }

    /// Adds matrices of one shape as `float32` [matrices, rows, columns]; nothing where there are none.
    ///
    /// # Errors
    /// As [`NpzOut::matrix`].
    pub fn matrices(&mut self, name: &str, matrices: &[&Matrix]) -> Result<(), DataError> {
        let views: Vec<_> = matrices.iter().map(|matrix| matrix.view()).collect();
        let Ok(stacked) = ndarray::stack(Axis(0), &views) else { return Ok(()) };
        let done = self.writer.add_array_with_options(name, &stacked, options(stacked.len() * 4));
        done.map_err(|cause| self.failed(cause))
    }

    /// Adds rows of numbers of one length as `float64` [rows, length]; nothing where there are none.
    ///
    /// # Errors
    /// As [`NpzOut::matrix`].
    pub fn rows(&mut self, name: &str, rows: &[&[f64]]) -> Result<(), DataError> {
        let views: Vec<_> = rows.iter().map(|row| ArrayView1::from(*row)).collect();
        let Ok(stacked) = ndarray::stack(Axis(0), &views) else { return Ok(()) };
        let done = self.writer.add_array_with_options(name, &stacked, options(stacked.len() * 8));
        done.map_err(|cause| self.failed(cause))
    }

    /// Adds frames of sequences, of images as bytes, sequence after sequence, as `uint8` [frames, sequences, rows, columns];
    /// nothing where there are not as many bytes.
    ///
    /// # Errors
    /// As [`NpzOut::matrix`].
    pub fn frames(&mut self, name: &str, bytes: &[u8], shape: [usize; 4]) -> Result<(), DataError> {
        let [frames, sequences, rows, columns] = shape;
        let Ok(view) = ArrayView4::from_shape([sequences, frames, rows, columns], bytes) else { return Ok(()) };
        let turned = view.permuted_axes([1, 0, 2, 3]).as_standard_layout().into_owned();
        let done = self.writer.add_array_with_options(name, &turned, options(bytes.len()));
        done.map_err(|cause| self.failed(cause))
    }

    /// Adds whole numbers, such as places and labels, as `int64` `[length]`.
    ///
    /// # Errors
    /// As [`NpzOut::matrix`].
    pub fn integers(&mut self, name: &str, values: &[i64]) -> Result<(), DataError> {
        let done = self.writer.add_array_with_options(name, &ArrayView1::from(values), options(values.len() * 8));
        done.map_err(|cause| self.failed(cause))
    }

    /// Syncs the file and gives it its name.
    ///
    /// # Errors
    /// [`DataError::Write`]; then nothing of that name was changed.
    pub fn finish(self) -> Result<(), DataError> {
        let Self { pending, writer } = self;
        let failed = |cause: std::io::Error| DataError::write(pending.target(), cause);
        let buffered = writer.finish().map_err(|cause| failed(std::io::Error::other(cause)))?;
        let latch = buffered.into_inner().map_err(|cause| failed(cause.into_error()))?;
        let file = latch.into_inner().map_err(failed)?;
        pending.commit(&file)
    }

    fn failed(&self, cause: WriteNpzError) -> DataError {
        DataError::write(self.pending.target(), std::io::Error::other(cause))
    }
}

/// Not compressed: activities hardly shrink, and NumPy can map what is stored as it is.
fn options(bytes: usize) -> SimpleFileOptions {
    SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored).large_file(bytes > LARGE)
}
