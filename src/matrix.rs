//! A row-major `f32` matrix whose storage is contiguous by construction. A batch is `[rows, size]`.

use ndarray::{Array2, ArrayView2};
use wide::f32x16;

/// Entries of one block of storage: a cache line.
const LINE: usize = 16;

/// Row-major, contiguous, owned. Kernels work on its slices.
///
/// Storage starts at a cache line, because a vector that lies across two of them costs two loads: products over
/// chosen rows of synapses are a quarter faster for it.
#[derive(Debug, Clone, Default)]
pub struct Matrix {
    rows: usize,
    cols: usize,
    /// Whole lines; the entries behind `rows · cols` are never shown.
    lines: Vec<f32x16>,
    sides: FileSides,
}

/// How many sides a matrix has in files.
#[derive(Debug, Clone, Copy, Default)]
enum FileSides {
    /// `[cols]`, of a single row.
    One,
    #[default]
    Two,
    /// Rows in so many blocks.
    Three(usize),
}

impl PartialEq for Matrix {
    fn eq(&self, other: &Self) -> bool {
        (self.rows, self.cols) == (other.rows, other.cols) && self.as_slice() == other.as_slice()
    }
}

impl Matrix {
    /// `[rows, cols]` of zeros.
    #[must_use]
    pub fn zeros(rows: usize, cols: usize) -> Self {
        Self { rows, cols, lines: vec![f32x16::ZERO; (rows * cols).div_ceil(LINE)], sides: FileSides::Two }
    }

    /// The identity of the given size.
    #[must_use]
    pub fn identity(size: usize) -> Self {
        let mut eye = Self::zeros(size, size);
        for i in 0..size {
            eye.row_mut(i)[i] = 1.0;
        }
        eye
    }

    /// `data` read row by row; `None` where its length is not `rows · cols`.
    #[must_use]
    pub fn from_vec(rows: usize, cols: usize, data: Vec<f32>) -> Option<Self> {
        (data.len() == rows * cols).then(|| Self::copied(rows, cols, &data))
    }

    /// The same numbers, whose rows are `blocks` equal blocks: in files they have a third side.
    #[must_use]
    pub fn in_blocks(self, blocks: usize) -> Self {
        Self { sides: FileSides::Three(blocks), ..self }
    }

    /// The same numbers, which in files have one side.
    #[must_use]
    pub fn as_vector(self) -> Self {
        Self { sides: FileSides::One, ..self }
    }

    /// The shape in files.
    #[must_use]
    pub fn shape_in_files(&self) -> Vec<usize> {
        match self.sides {
            FileSides::One => vec![self.rows * self.cols],
            FileSides::Two => vec![self.rows, self.cols],
            FileSides::Three(blocks) => vec![blocks, self.rows / blocks.max(1), self.cols],
        }
    }

    /// Of numbers in a file: one, two or three sides, the first two of three being rows; `None` where there are others.
    #[must_use]
    pub fn of_file(shape: &[usize], data: Vec<f32>) -> Option<Self> {
        match *shape {
            [cols] => Self::from_vec(1, cols, data).map(Self::as_vector),
            [rows, cols] => Self::from_vec(rows, cols, data),
            [blocks, rows, cols] => Self::from_vec(blocks * rows, cols, data).map(|matrix| matrix.in_blocks(blocks)),
            _ => None,
        }
    }

    /// The value of `f(row, column)` everywhere.
    #[must_use]
    pub fn from_fn(rows: usize, cols: usize, mut f: impl FnMut(usize, usize) -> f32) -> Self {
        let mut matrix = Self::zeros(rows, cols);
        for i in 0..rows {
            for (j, entry) in matrix.row_mut(i).iter_mut().enumerate() {
                *entry = f(i, j);
            }
        }
        matrix
    }

    fn copied(rows: usize, cols: usize, data: &[f32]) -> Self {
        let mut matrix = Self::zeros(rows, cols);
        matrix.as_mut_slice().copy_from_slice(data);
        matrix
    }

    /// Number of rows: samples of a batch, or presynaptic neurons of a block of synapses.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    #[must_use]
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Everything, row by row.
    #[must_use]
    pub fn as_slice(&self) -> &[f32] {
        &bytemuck::cast_slice(&self.lines)[..self.rows * self.cols]
    }

    /// Everything, row by row, to be changed.
    #[must_use]
    pub fn as_mut_slice(&mut self) -> &mut [f32] {
        &mut bytemuck::cast_slice_mut(&mut self.lines)[..self.rows * self.cols]
    }

    /// One row.
    #[must_use]
    pub fn row(&self, i: usize) -> &[f32] {
        &self.as_slice()[i * self.cols..(i + 1) * self.cols]
    }

    /// One row, to be changed.
    #[must_use]
    pub fn row_mut(&mut self, i: usize) -> &mut [f32] {
        {
            let cols = self.cols;
            &mut self.as_mut_slice()[i * cols..(i + 1) * cols]
        }
    }

    /// The consecutive rows `range` as one slice.
    #[must_use]
    pub fn rows_slice(&self, range: std::ops::Range<usize>) -> &[f32] {
        &self.as_slice()[range.start * self.cols..range.end * self.cols]
    }

    /// A copy of the consecutive rows `range`.
    #[must_use]
    pub fn rows_copy(&self, range: std::ops::Range<usize>) -> Self {
        Self::copied(range.len(), self.cols, self.rows_slice(range))
    }

    /// The transpose, as a new matrix.
    #[must_use]
    pub fn transposed(&self) -> Self {
        let mut out = Self::zeros(self.cols, self.rows);
        self.transpose_into(&mut out);
        out
    }

    /// Writes the transpose to `out` `[cols, rows]`, in tiles that stay in the first-level cache.
    ///
    /// # Panics
    /// Where the shapes do not fit, which is a bug of the caller.
    pub fn transpose_into(&self, out: &mut Self) {
        const TILE: usize = 16;
        assert_eq!((self.rows, self.cols), (out.cols, out.rows), "shapes of a transposition");
        let (rows, cols) = (self.rows, self.cols);
        let (from, to) = (self.as_slice(), out.as_mut_slice());
        for top in (0..rows).step_by(TILE) {
            for left in (0..cols).step_by(TILE) {
                for j in left..(left + TILE).min(cols) {
                    for i in top..(top + TILE).min(rows) {
                        to[j * rows + i] = from[i * cols + j];
                    }
                }
            }
        }
    }

    /// Sets every entry.
    pub fn fill(&mut self, value: f32) {
        self.as_mut_slice().fill(value);
    }

    /// Copies the entries of `other`, which has the same shape.
    ///
    /// # Panics
    /// Where the shapes differ, which is a bug of the caller.
    pub fn copy_from(&mut self, other: &Self) {
        assert_eq!((self.rows, self.cols), (other.rows, other.cols), "shapes of a copy");
        self.lines.copy_from_slice(&other.lines);
    }

    /// `√(mean of the squares of all entries)`; 0 where there are none.
    #[must_use]
    pub fn root_mean_square(&self) -> f64 {
        let sum: f64 = self.as_slice().iter().map(|value| f64::from(*value).powi(2)).sum();
        (sum / self.as_slice().len().max(1) as f64).sqrt()
    }

    /// A view for the array world.
    #[must_use]
    pub fn view(&self) -> ArrayView2<'_, f32> {
        ArrayView2::from_shape((self.rows, self.cols), self.as_slice()).expect("a matrix is contiguous")
    }
}

/// A batch `[rows, cols]` that is only read: a matrix of one's own, or numbers of somebody else, which are not copied.
///
/// # Examples
/// ```
/// use gncn::InputBatch;
///
/// let pixels = [0.0_f32; 8];
/// let batch = InputBatch::borrowed(2, 4, &pixels).expect("two rows of four");
/// assert_eq!((batch.rows(), batch.cols()), (2, 4));
/// assert_eq!(batch.as_slice().as_ptr(), pixels.as_ptr());
/// assert!(InputBatch::borrowed(3, 4, &pixels).is_none());
/// ```
#[derive(Debug, Clone)]
pub struct InputBatch<'a> {
    rows: usize,
    cols: usize,
    values: InputValues<'a>,
}

#[derive(Debug, Clone)]
enum InputValues<'a> {
    Own(Matrix),
    Borrowed(&'a [f32]),
}

impl<'a> InputBatch<'a> {
    /// Somebody else's numbers, row by row; `None` where there are not `rows · cols` of them.
    #[must_use]
    pub fn borrowed(rows: usize, cols: usize, values: &'a [f32]) -> Option<Self> {
        let fits = rows.checked_mul(cols) == Some(values.len());
        fits.then_some(Self { rows, cols, values: InputValues::Borrowed(values) })
    }

    /// Samples.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Values of a sample.
    #[must_use]
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Everything, row by row.
    #[must_use]
    pub fn as_slice(&self) -> &[f32] {
        match &self.values {
            InputValues::Own(matrix) => matrix.as_slice(),
            InputValues::Borrowed(values) => values,
        }
    }

    /// One sample.
    #[must_use]
    pub fn row(&self, i: usize) -> &[f32] {
        self.rows_slice(i..i + 1)
    }

    /// The consecutive samples `range` as one slice.
    #[must_use]
    pub fn rows_slice(&self, range: std::ops::Range<usize>) -> &[f32] {
        &self.as_slice()[range.start * self.cols..range.end * self.cols]
    }

    /// A copy of the consecutive samples `range`.
    #[must_use]
    pub fn rows_copy(&self, range: std::ops::Range<usize>) -> Matrix {
        Matrix::copied(range.len(), self.cols, self.rows_slice(range))
    }
}

impl From<Matrix> for InputBatch<'_> {
    fn from(matrix: Matrix) -> Self {
        Self { rows: matrix.rows(), cols: matrix.cols(), values: InputValues::Own(matrix) }
    }
}

impl PartialEq for InputBatch<'_> {
    fn eq(&self, other: &Self) -> bool {
        (self.rows, self.cols) == (other.rows, other.cols) && self.as_slice() == other.as_slice()
    }
}

impl PartialEq<InputBatch<'_>> for Matrix {
    fn eq(&self, other: &InputBatch<'_>) -> bool {
        (self.rows(), self.cols()) == (other.rows(), other.cols()) && self.as_slice() == other.as_slice()
    }
}

impl From<Array2<f32>> for Matrix {
    fn from(array: Array2<f32>) -> Self {
        let (rows, cols) = array.dim();
        let mut matrix = Self::zeros(rows, cols);
        matrix.as_mut_slice().iter_mut().zip(&array).for_each(|(entry, value)| *entry = *value);
        matrix
    }
}

impl From<&Matrix> for Array2<f32> {
    fn from(matrix: &Matrix) -> Self {
        matrix.view().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn storage_starts_at_a_cache_line_and_shows_only_its_entries() {
        for (rows, cols) in [(0, 0), (1, 1), (3, 5), (4, 4), (7, 9), (33, 17)] {
            let matrix = Matrix::from_fn(rows, cols, |i, j| (i * cols + j) as f32);
            assert_eq!(matrix.as_slice().len(), rows * cols);
            assert_eq!(matrix.as_slice().as_ptr() as usize % 64, 0);
            assert_eq!(Matrix::from_vec(rows, cols, matrix.as_slice().to_vec()).as_ref(), Some(&matrix));
            assert_eq!(Matrix::from(Array2::from(&matrix)), matrix);
            let turned = matrix.transposed();
            assert!((0..rows * cols).all(|p| turned.row(p % cols)[p / cols] == matrix.as_slice()[p]));
            assert_eq!(turned.transposed(), matrix);
        }
        assert_eq!(Matrix::from_vec(2, 2, vec![0.0; 3]), None);
    }
}
