//! Images of one split: pixels, labels where there are any, and how they become the numbers that a layer sees.

use super::DataError;
use crate::matrix::Matrix;

/// What is stored of each pixel.
#[derive(Debug, Clone, PartialEq)]
pub enum Pixels {
    /// One byte per pixel, 255 being 1. MNIST is 47 MB so, and 188 MB as `f32`.
    Bytes(Vec<u8>),
    /// Values as they were in a floating-point file.
    Real(Vec<f32>),
}

impl Pixels {
    /// How many pixels there are in all.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Real(values) => values.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// How stored pixels are read into a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reading {
    /// 1 where the value is 0.5 or above, else 0: the protocol of the paper.
    #[default]
    Binary,
    /// The value itself: byte / 255, or the number in the file.
    Grey,
}

impl Reading {
    /// The word for it in `run.json`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Grey => "grey",
        }
    }

    /// The number that a layer sees for each byte: `byte / 255`, as it is or binarised at 0.5.
    fn table(self) -> [f32; 256] {
        std::array::from_fn(|byte| self.of(byte as f32 / 255.0))
    }

    fn of(self, value: f32) -> f32 {
        match self {
            Self::Binary => f32::from(u8::from(value >= 0.5)),
            Self::Grey => value,
        }
    }
}

/// The images of one split. Pixels are row-major, image after image; every image has the same shape.
#[derive(Debug, Clone, PartialEq)]
pub struct Images {
    pixels: Pixels,
    labels: Option<Vec<u8>>,
    width: usize,
    height: usize,
    reading: Reading,
    table: [f32; 256],
}

impl Images {
    /// Checked images; `file` is named in the error.
    ///
    /// # Errors
    /// Where the pixels are not a whole number of images, there are none, or labels and images differ in number.
    pub fn new(
        pixels: Pixels,
        labels: Option<Vec<u8>>,
        (width, height): (usize, usize),
        file: &str,
    ) -> Result<Self, DataError> {
        let size = width * height;
        if size == 0 || pixels.is_empty() {
            return Err(DataError::content(file, "it holds no images", "at least one image of one pixel is needed"));
        }
        if !pixels.len().is_multiple_of(size) {
            let problem = format!("{} pixels are no whole number of {width}x{height} images", pixels.len());
            return Err(DataError::content(file, problem, "check that the file is complete"));
        }
        let images =
            Self { pixels, labels: None, width, height, reading: Reading::Binary, table: Reading::Binary.table() };
        match labels {
            Some(labels) => images.with_labels(labels, file),
            None => Ok(images),
        }
    }

    /// These images with their labels.
    ///
    /// # Errors
    /// Where there is not exactly one label per image; `file` is named.
    pub fn with_labels(mut self, labels: Vec<u8>, file: &str) -> Result<Self, DataError> {
        if labels.len() != self.count() {
            let problem = format!("{} labels for {} images", labels.len(), self.count());
            return Err(DataError::content(file, problem, "give one label per image, or no labels at all"));
        }
        self.labels = Some(labels);
        Ok(self)
    }

    /// These images, read in another way.
    ///
    /// # Errors
    /// Where real values outside [0, 1] would be binarised, which has no meaning; `file` is named.
    pub fn with_reading(mut self, reading: Reading, file: &str) -> Result<Self, DataError> {
        if let (Reading::Binary, Pixels::Real(values)) = (reading, &self.pixels)
            && let Some(at) = values.iter().position(|value| !(0.0..=1.0).contains(value))
        {
            let (row, col) = (at / self.size(), at % self.size());
            let problem = format!("the value at [{row}, {col}] is {}, which can't be binarised", values[at]);
            let expected = "scale the values to [0, 1], store bytes 0-255, or read them as grey values";
            return Err(DataError::content(file, problem, expected));
        }
        self.reading = reading;
        self.table = reading.table();
        Ok(self)
    }

    /// Number of images.
    #[must_use]
    pub fn count(&self) -> usize {
        self.pixels.len() / self.size()
    }

    /// Pixels per image, `width · height`.
    #[must_use]
    pub fn size(&self) -> usize {
        self.width * self.height
    }

    /// Pixels in a row.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows of an image.
    #[must_use]
    pub fn height(&self) -> usize {
        self.height
    }

    /// What is stored.
    #[must_use]
    pub fn pixels(&self) -> &Pixels {
        &self.pixels
    }

    /// One label per image, where there are labels.
    #[must_use]
    pub fn labels(&self) -> Option<&[u8]> {
        self.labels.as_deref()
    }

    /// How pixels become numbers.
    #[must_use]
    pub fn reading(&self) -> Reading {
        self.reading
    }

    /// Writes image `rows[i]` into row `i` of `out` [rows, size], without allocating.
    ///
    /// # Panics
    /// Where `out` has another shape or an index is out of range, which is a bug of the caller.
    pub fn fill(&self, rows: &[usize], out: &mut Matrix) {
        assert_eq!((out.rows(), out.cols()), (rows.len(), self.size()), "shape of a batch");
        for (i, &image) in rows.iter().enumerate() {
            self.fill_one(image, out.row_mut(i));
        }
    }

    /// The images `rows` as a new matrix [rows, size].
    ///
    /// # Panics
    /// Where an index is out of range, which is a bug of the caller.
    #[must_use]
    pub fn matrix(&self, rows: &[usize]) -> Matrix {
        let mut out = Matrix::zeros(rows.len(), self.size());
        self.fill(rows, &mut out);
        out
    }

    fn fill_one(&self, image: usize, out: &mut [f32]) {
        let range = image * self.size()..(image + 1) * self.size();
        match &self.pixels {
            Pixels::Bytes(bytes) => {
                for (value, &byte) in out.iter_mut().zip(&bytes[range]) {
                    *value = self.table[usize::from(byte)];
                }
            }
            Pixels::Real(values) => {
                for (value, &stored) in out.iter_mut().zip(&values[range]) {
                    *value = self.reading.of(stored);
                }
            }
        }
    }

    /// Writes the labels of the images `rows` into `out` [rows, classes], 1 at the class and 0 elsewhere; false
    /// where there are no labels.
    ///
    /// # Panics
    /// Where `out` has another number of rows or too few columns for a label, which is a bug of the caller:
    /// [`Dataset::classes`](super::Dataset::classes) says how many are needed.
    pub fn fill_one_hot(&self, rows: &[usize], out: &mut Matrix) -> bool {
        let Some(labels) = &self.labels else { return false };
        assert_eq!(out.rows(), rows.len(), "rows of a batch of labels");
        out.fill(0.0);
        for (i, &image) in rows.iter().enumerate() {
            out.row_mut(i)[usize::from(labels[image])] = 1.0;
        }
        true
    }
}
