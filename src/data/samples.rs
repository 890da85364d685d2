//! The samples of one sense: what is stored of each value, and how it is read.

use super::DataError;
use super::reader::{SenseMoments, SenseReader};
use crate::matrix::Matrix;
use crate::params::Reading;

/// What is stored of each value.
#[derive(Debug, Clone, PartialEq)]
pub enum Pixels {
    /// One byte per value, 255 being 1. MNIST is 47 MB so, and 188 MB as `f32`.
    Bytes(Vec<u8>),
    /// Values as they were in a floating-point file.
    Real(Vec<f32>),
}

impl Pixels {
    /// How many values there are in all.
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

/// Samples of one size, sample after sample, and how they are read.
#[derive(Debug, Clone, PartialEq)]
pub struct Samples {
    values: Pixels,
    size: usize,
    origin: Origin,
    reader: SenseReader,
}

/// What the stored values were in their file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Origin {
    /// Bytes from 0 to 255, or real values.
    #[default]
    AsStored,
    /// Zeros and ones, stored as 0 and 255.
    Ones,
    /// Integers that are no bytes, stored as real values.
    Integers,
}

impl Samples {
    /// `values` in samples of `size` values; `file` is named in the error.
    ///
    /// # Errors
    /// Where there is no sample, or no whole number of them.
    pub fn new(values: Pixels, size: usize, file: &str) -> Result<Self, DataError> {
        if size == 0 || values.is_empty() {
            return Err(DataError::content(file, "it holds no samples", "at least one of one value is needed"));
        }
        if !values.len().is_multiple_of(size) {
            let problem = format!("{} values are no whole number of samples of {size}", values.len());
            return Err(DataError::content(file, problem, "check that the file is complete"));
        }
        Ok(Self { values, size, origin: Origin::AsStored, reader: SenseReader::default() })
    }

    /// These samples, with what they were in their file.
    #[must_use]
    pub fn of_origin(mut self, origin: Origin) -> Self {
        self.origin = origin;
        self
    }

    /// These samples, read in another way.
    ///
    /// # Errors
    /// Where the reading has no meaning for them: real values outside [0, 1] can't be binarised, and integers that are no
    /// bytes have no brightness. `file` is named.
    pub fn read_by(mut self, reader: SenseReader, file: &str) -> Result<Self, DataError> {
        let reading = reader.reading();
        if self.origin == Origin::Integers && matches!(reading, Reading::Binarised(_) | Reading::Grey) {
            self.refuse_integers(file)?;
        }
        if let Reading::Binarised(_) = reading {
            self.check_binarised(file)?;
        }
        self.reader = reader;
        Ok(self)
    }

    fn refuse_integers(&self, file: &str) -> Result<(), DataError> {
        let Pixels::Real(values) = &self.values else { return Ok(()) };
        let Some((at, value)) = values.iter().enumerate().find(|(_, value)| !(0.0..=255.0).contains(*value)) else {
            return Ok(());
        };
        let (row, col) = (at / self.size, at % self.size);
        let problem = format!("the value at [{row}, {col}] is {value}, which is no byte");
        let expected = "whole numbers of 0 to 255 are legal here; store real values, or let the layer say \
                        `read: Standardised` or `read: Raw`";
        Err(DataError::content(file, problem, expected))
    }

    fn check_binarised(&self, file: &str) -> Result<(), DataError> {
        if let Pixels::Real(values) = &self.values
            && let Some(at) = values.iter().position(|value| !(0.0..=1.0).contains(value))
        {
            let (row, col) = (at / self.size, at % self.size);
            let problem = format!("the value at [{row}, {col}] is {}, which can't be binarised", values[at]);
            let expected = "scale the values to [0, 1], store bytes 0-255, or let a Gaussian layer say `read: Grey` or \
                            `read: Standardised`";
            return Err(DataError::content(file, problem, expected));
        }
        Ok(())
    }

    /// What has to be said where binarised values would all be 0, though not all of them are.
    #[must_use]
    pub fn too_dark(&self) -> Option<String> {
        let Reading::Binarised(threshold) = self.reader.reading() else { return None };
        let largest = self.largest();
        let is_bytes = matches!(self.values, Pixels::Bytes(_));
        let scale = if is_bytes { 255.0 } else { 1.0 };
        if largest == 0.0 || largest / scale >= threshold {
            return None;
        }
        let of_255 = if is_bytes { format!(" of 255, that is {:.3}", largest / scale) } else { String::new() };
        Some(format!(
            "no value reaches {threshold}: the largest is {largest}{of_255}, so all are read as 0; multiply the values by \
             {:.4}, so that the largest is {scale}, or let the layer say `read: Binarised({:.4})` or, where it is Gaussian, \
             `read: Grey`",
            scale / largest,
            largest / scale / 2.0
        ))
    }

    /// The largest stored value.
    pub(super) fn largest(&self) -> f32 {
        match &self.values {
            Pixels::Bytes(bytes) => f32::from(bytes.iter().copied().max().unwrap_or(0)),
            Pixels::Real(values) => values.iter().copied().fold(f32::NEG_INFINITY, f32::max),
        }
    }

    /// What has to be said of values that are legal and perhaps not meant: bytes that end below the middle of their
    /// range, and are read as shares of 255.
    #[must_use]
    pub fn remark(&self) -> Option<String> {
        let Pixels::Bytes(_) = &self.values else { return None };
        let largest = self.largest();
        let is_dark = self.reader.reading() == Reading::Grey && largest < 128.0 && largest > 0.0;
        is_dark.then(|| {
            format!(
                "no byte reaches 128: the largest is {largest}, so the layer sees nothing above {:.3}; multiply the \
                 values by {:.4} if {largest} is meant as 1, or let the layer say `read: Standardised` or `read: Raw`",
                largest / 255.0,
                255.0 / largest
            )
        })
    }

    /// In a few words, how they are read: `binary, bytes / 255`.
    #[must_use]
    pub fn how(&self) -> String {
        let stored = match (&self.values, self.origin) {
            (_, Origin::Ones) => "zeros and ones",
            (Pixels::Bytes(_), _) if self.reader.reading() == Reading::Raw => "bytes as they are",
            (Pixels::Bytes(_), _) => "bytes / 255",
            (Pixels::Real(_), Origin::Integers) => "integers as they are",
            (Pixels::Real(_), _) => "real values as they are",
        };
        format!("{}, {stored}", self.reader.reading().name())
    }

    /// These samples, each of which has `size` values of every sequence in turn, sequence after sequence: frames of a
    /// sequence follow each other.
    ///
    /// # Errors
    /// Where a sample is no whole number of `size` values; `file` is named.
    pub(super) fn sequenced(self, size: usize, file: &str) -> Result<Self, DataError> {
        if size == 0 || !self.size.is_multiple_of(size) {
            let problem = format!("a frame has {} values, which are no whole number of samples of {size}", self.size);
            return Err(DataError::content(file, problem, "an array [frames, samples, values] is needed"));
        }
        let (frames, sequences) = (self.count(), self.size / size);
        let at = |sequence: usize, frame: usize| {
            let start = frame * self.size + sequence * size;
            start..start + size
        };
        let places = || (0..sequences).flat_map(|sequence| (0..frames).map(move |frame| (sequence, frame)));
        let values = match &self.values {
            Pixels::Bytes(bytes) => Pixels::Bytes(places().flat_map(|(s, f)| &bytes[at(s, f)]).copied().collect()),
            Pixels::Real(values) => Pixels::Real(places().flat_map(|(s, f)| &values[at(s, f)]).copied().collect()),
        };
        Ok(Self { values, size, origin: self.origin, reader: self.reader })
    }

    /// Number of samples.
    #[must_use]
    pub fn count(&self) -> usize {
        self.values.len() / self.size
    }

    /// Values of a sample.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// What is stored.
    #[must_use]
    pub fn values(&self) -> &Pixels {
        &self.values
    }

    /// What they were in their file.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// How they are read.
    #[must_use]
    pub fn reader(&self) -> &SenseReader {
        &self.reader
    }

    /// Mean and sd of each value over the samples `rows`, of bytes / 255.
    #[must_use]
    pub fn moments(&self, rows: &[usize]) -> SenseMoments {
        let grey = SenseReader::new(Reading::Grey);
        SenseMoments::of(self.size, rows, |row, out| self.fill_one(row, &grey, out))
    }

    /// Read values `[rows, size]` as shades in [0, 1].
    pub(super) fn shades(&self, read: &Matrix) -> Matrix {
        let (low, high) = self.range();
        Matrix::from_fn(read.rows(), read.cols(), |i, j| {
            let value = read.row(i)[j];
            let stored = self.reader.moments().map_or(value, |moments| value * moments.sd()[j] + moments.mean()[j]);
            ((stored - low) / (high - low)).clamp(0.0, 1.0)
        })
    }

    /// What is black and what is white, before values are standardised.
    fn range(&self) -> (f32, f32) {
        match &self.values {
            Pixels::Bytes(_) if self.reader.reading() == Reading::Raw && self.origin != Origin::Ones => (0.0, 255.0),
            Pixels::Real(values) if values.iter().any(|value| !(0.0..=1.0).contains(value)) => {
                let low = values.iter().copied().fold(f32::INFINITY, f32::min);
                (low, self.largest().max(low + f32::MIN_POSITIVE))
            }
            _ => (0.0, 1.0),
        }
    }

    /// Writes sample `rows[i]` into row `i` of `out` `[rows, size]`, without allocating.
    ///
    /// # Panics
    /// Where `out` has another shape or an index is out of range, which is a bug of the caller.
    pub fn fill(&self, rows: &[usize], out: &mut Matrix) {
        assert_eq!((out.rows(), out.cols()), (rows.len(), self.size), "shape of a batch");
        for (i, &sample) in rows.iter().enumerate() {
            self.fill_one(sample, &self.reader, out.row_mut(i));
        }
    }

    fn fill_one(&self, sample: usize, reader: &SenseReader, out: &mut [f32]) {
        let range = sample * self.size..(sample + 1) * self.size;
        match &self.values {
            Pixels::Bytes(bytes) => reader.bytes(&bytes[range], self.origin == Origin::Ones, out),
            Pixels::Real(values) => reader.real(&values[range], out),
        }
    }

    /// The samples `rows` as a new matrix `[rows, size]`.
    ///
    /// # Panics
    /// Where an index is out of range, which is a bug of the caller.
    #[must_use]
    pub fn matrix(&self, rows: &[usize]) -> Matrix {
        let mut out = Matrix::zeros(rows.len(), self.size);
        self.fill(rows, &mut out);
        out
    }
}
