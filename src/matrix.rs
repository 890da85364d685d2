//! A row-major `f32` matrix whose storage is contiguous by construction. A batch is `[rows, size]`.

use ndarray::{Array2, ArrayView2};

/// Row-major, contiguous, owned. Kernels work on its slices.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Matrix {
    rows: usize,
    cols: usize,
    data: Vec<f32>,
}

impl Matrix {
    /// `[rows, cols]` of zeros.
    #[must_use]
    pub fn zeros(rows: usize, cols: usize) -> Self {
        Self { rows, cols, data: vec![0.0; rows * cols] }
    }

    /// The identity of the given size.
    #[must_use]
    pub fn identity(size: usize) -> Self {
        let mut eye = Self::zeros(size, size);
        for i in 0..size {
            eye.data[i * size + i] = 1.0;
        }
        eye
    }

    /// `data` read row by row; `None` where its length is not `rows · cols`.
    #[must_use]
    pub fn from_vec(rows: usize, cols: usize, data: Vec<f32>) -> Option<Self> {
        (data.len() == rows * cols).then_some(Self { rows, cols, data })
    }

    /// The value of `f(row, column)` everywhere.
    #[must_use]
    pub fn from_fn(rows: usize, cols: usize, mut f: impl FnMut(usize, usize) -> f32) -> Self {
        let mut data = Vec::with_capacity(rows * cols);
        for i in 0..rows {
            data.extend((0..cols).map(|j| f(i, j)));
        }
        Self { rows, cols, data }
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
        &self.data
    }

    /// Everything, row by row, to be changed.
    #[must_use]
    pub fn as_mut_slice(&mut self) -> &mut [f32] {
        &mut self.data
    }

    /// One row.
    #[must_use]
    pub fn row(&self, i: usize) -> &[f32] {
        &self.data[i * self.cols..(i + 1) * self.cols]
    }

    /// One row, to be changed.
    #[must_use]
    pub fn row_mut(&mut self, i: usize) -> &mut [f32] {
        &mut self.data[i * self.cols..(i + 1) * self.cols]
    }

    /// The consecutive rows `range` as one slice.
    #[must_use]
    pub fn rows_slice(&self, range: std::ops::Range<usize>) -> &[f32] {
        &self.data[range.start * self.cols..range.end * self.cols]
    }

    /// A copy of the consecutive rows `range`.
    #[must_use]
    pub fn rows_copy(&self, range: std::ops::Range<usize>) -> Self {
        Self { rows: range.len(), cols: self.cols, data: self.rows_slice(range).to_vec() }
    }

    /// The transpose, as a new matrix.
    #[must_use]
    pub fn transposed(&self) -> Self {
        Self::from_fn(self.cols, self.rows, |i, j| self.data[j * self.cols + i])
    }

    /// Sets every entry.
    pub fn fill(&mut self, value: f32) {
        self.data.fill(value);
    }

    /// Copies the entries of `other`, which has the same shape.
    ///
    /// # Panics
    /// Where the shapes differ, which is a bug of the caller.
    pub fn copy_from(&mut self, other: &Self) {
        assert_eq!((self.rows, self.cols), (other.rows, other.cols), "shapes of a copy");
        self.data.copy_from_slice(&other.data);
    }

    /// A view for the array world.
    #[must_use]
    pub fn view(&self) -> ArrayView2<'_, f32> {
        ArrayView2::from_shape((self.rows, self.cols), &self.data).expect("a matrix is contiguous")
    }
}

impl From<Array2<f32>> for Matrix {
    fn from(array: Array2<f32>) -> Self {
        let (rows, cols) = array.dim();
        let data = if array.is_standard_layout() {
            array.into_raw_vec_and_offset().0
        } else {
            array.iter().copied().collect()
        };
        Self { rows, cols, data }
    }
}

impl From<&Matrix> for Array2<f32> {
    fn from(matrix: &Matrix) -> Self {
        matrix.view().to_owned()
    }
}
