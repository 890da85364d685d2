//! Images of one split, labels where there are any, and what other senses are shown with them.

use super::DataError;
use super::reader::SenseReader;
use super::samples::{Pixels, Samples};
use crate::matrix::Matrix;
use crate::params::Reading;

/// Rows, columns and channels of an image. Value `(i · width + j) · channels + k` is row i, column j, channel k.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Values of a pixel: 1 for grey, 3 for red, green and blue.
    pub channels: usize,
}

impl Grid {
    /// Values of an image.
    #[must_use]
    pub fn size(self) -> usize {
        self.width.saturating_mul(self.height).saturating_mul(self.channels)
    }
}

impl std::fmt::Display for Grid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}x{}", self.width, self.height)?;
        if self.channels == 1 { Ok(()) } else { write!(f, "x{}", self.channels) }
    }
}

/// The images of one split. Pixels are row-major, image after image; every image has the same shape.
///
/// "Images" is the usual case. What is said here of images holds of any vectors that a sense is shown; those without
/// a shape of their own are one row of pixels.
#[derive(Debug, Clone, PartialEq)]
pub struct Images {
    samples: Samples,
    labels: Option<Vec<u8>>,
    grid: Grid,
    /// The sense that they are for, where that was said.
    sense: Option<String>,
    /// What other senses are shown, sample by sample.
    others: Vec<Stimulus>,
    /// How many consecutive images are the frames of one sequence, where they are sequences.
    frames: Option<usize>,
    /// Whether the grid is nothing but a guess from the number of values.
    is_guess: bool,
    /// What has to be said of how they were read.
    remarks: Vec<String>,
}

/// What a sense beside that of the images is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Stimulus {
    /// The sense.
    pub sense: String,
    /// One sample per image.
    pub samples: Samples,
    /// How a sample is laid out; as many values as a sample has.
    pub grid: Grid,
}

impl Images {
    /// Checked images of one channel; `file` is named in the error.
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
        let images = Self::from_samples(Samples::new(pixels, size, file)?, Grid { width, height, channels: 1 });
        match labels {
            Some(labels) => images.with_labels(labels, file),
            None => Ok(images),
        }
    }

    /// Images of these samples.
    ///
    /// # Panics
    /// Where a sample has not as many values as the grid, which is a bug of the caller.
    #[must_use]
    pub fn from_samples(samples: Samples, grid: Grid) -> Self {
        assert_eq!(samples.size(), grid.size(), "values of an image");
        Self {
            samples,
            labels: None,
            grid,
            sense: None,
            others: Vec::new(),
            frames: None,
            is_guess: false,
            remarks: Vec::new(),
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

    /// These images, of which so many that follow each other are the frames of one sequence; as they are where that is no
    /// whole number of sequences.
    #[must_use]
    pub(crate) fn in_sequences(mut self, frames: usize) -> Self {
        if frames > 0 && self.count().is_multiple_of(frames) {
            self.frames = Some(frames);
        }
        self
    }

    /// These images `[frames, sequences, size]`, each of which has a row for every sequence, as sequences of frames.
    ///
    /// # Errors
    /// Where a sense has not as many sequences as the others; `file` is named.
    pub(crate) fn of_frames(self, size: impl Fn(Option<&str>) -> usize, file: &str) -> Result<Self, DataError> {
        let frames = self.count();
        let samples = self.samples.sequenced(size(None), file)?;
        let grid = Grid { width: samples.size(), height: 1, channels: 1 };
        let mut images = Self::from_samples(samples, grid).in_sequences(frames);
        images.sense = self.sense;
        for Stimulus { sense, samples, .. } in self.others {
            let samples = samples.sequenced(size(Some(&sense)), file)?;
            let grid = Grid { width: samples.size(), height: 1, channels: 1 };
            images = images.with_stimulus(Stimulus { sense, samples, grid }, file)?;
        }
        Ok(images)
    }

    /// How many consecutive images are the frames of one sequence; 1 where each stands by itself.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.frames.unwrap_or(1)
    }

    /// Whether somebody has said which of them are a sequence.
    #[must_use]
    pub fn is_sequences(&self) -> bool {
        self.frames.is_some()
    }

    /// Those of the images `rows` that a sequence begins with.
    #[must_use]
    pub fn beginnings(&self, rows: &[usize]) -> Vec<usize> {
        rows.iter().copied().filter(|row| row.is_multiple_of(self.frames())).collect()
    }

    /// These images, whose grid nothing speaks for but the number of their values.
    #[must_use]
    pub(super) fn of_guessed_shape(mut self) -> Self {
        self.is_guess = true;
        self
    }

    /// Keeps something that has to be said of how they were read.
    pub(super) fn remark(&mut self, text: String) {
        self.remarks.push(text);
    }

    /// What has to be said of how they were read; nothing is left of it.
    pub(crate) fn take_remarks(&mut self) -> Vec<String> {
        std::mem::take(&mut self.remarks)
    }

    /// Whether the grid is nothing but a guess from the number of values.
    #[must_use]
    pub fn is_guess(&self) -> bool {
        self.is_guess
    }

    /// These images, for the sense of this name.
    #[must_use]
    pub fn for_sense(mut self, sense: &str) -> Self {
        self.sense = Some(sense.to_owned());
        self
    }

    /// These images, and what another sense is shown with each of them; `file` is named in the error.
    ///
    /// # Errors
    /// Where there is not one sample per image.
    pub fn with_stimulus(mut self, stimulus: Stimulus, file: &str) -> Result<Self, DataError> {
        let (sense, count) = (&stimulus.sense, stimulus.samples.count());
        if count != self.count() {
            let first = self.sense.as_deref().unwrap_or("image");
            let problem = format!("{count} samples for \"{sense}\", but {} for \"{first}\"", self.count());
            return Err(DataError::content(file, problem, "every sense needs as many samples as the others"));
        }
        self.others.push(stimulus);
        Ok(self)
    }

    /// These images laid out in another way.
    ///
    /// # Errors
    /// Where the grid has another number of values; `file` is named.
    pub fn with_grid(mut self, grid: Grid, file: &str) -> Result<Self, DataError> {
        if grid.size() != self.size() {
            let problem =
                format!("its images are {} ({} values), not {grid} ({})", self.grid, self.size(), grid.size());
            return Err(DataError::content(
                file,
                problem,
                "let the layer's shape have as many neurons as the data values",
            ));
        }
        self.grid = grid;
        self.is_guess = false;
        Ok(self)
    }

    /// These images, read in another way; other senses stay as they are. [`Reading::Standardised`] needs a reader that
    /// knows the training data: [`Images::read_by`].
    ///
    /// # Errors
    /// As [`Samples::read_by`].
    pub fn with_reading(self, reading: Reading, file: &str) -> Result<Self, DataError> {
        self.read_by(SenseReader::new(reading), file)
    }

    /// These images, read by a reader.
    ///
    /// # Errors
    /// As [`Samples::read_by`], and where all of them would be black, though they are not.
    pub fn read_by(mut self, reader: SenseReader, file: &str) -> Result<Self, DataError> {
        self.samples = self.samples.read_by(reader, file)?;
        match self.samples.too_dark() {
            Some(problem) => Err(DataError::content(file, problem, "nothing could be learned from them")),
            None => Ok(self),
        }
    }

    /// These images with the samples of each other sense changed by `change`, which is given its name.
    ///
    /// # Errors
    /// Those of `change`.
    pub fn change_others<E>(mut self, mut change: impl FnMut(&str, Samples) -> Result<Samples, E>) -> Result<Self, E> {
        let others = std::mem::take(&mut self.others).into_iter().map(|Stimulus { sense, samples, grid }| {
            let samples = change(&sense, samples)?;
            Ok(Stimulus { sense, samples, grid })
        });
        self.others = others.collect::<Result<_, E>>()?;
        Ok(self)
    }

    /// These images with the labels changed by `change`.
    #[must_use]
    pub fn change_labels(mut self, change: impl Fn(u8) -> u8) -> Self {
        self.labels.iter_mut().flatten().for_each(|label| *label = change(*label));
        self
    }

    /// These images and the sense `sense`, which is among the others, changed in their places: it is the one that is
    /// drawn, completed and measured.
    #[must_use]
    pub fn led_by(mut self, sense: &str) -> Self {
        let Some(other) = self.others.iter_mut().find(|other| other.sense == sense) else { return self };
        let was_called = self.sense.replace(std::mem::take(&mut other.sense));
        other.sense = was_called.unwrap_or_else(|| "image".to_owned());
        std::mem::swap(&mut self.samples, &mut other.samples);
        std::mem::swap(&mut self.grid, &mut other.grid);
        self
    }

    /// Number of images.
    #[must_use]
    pub fn count(&self) -> usize {
        self.samples.count()
    }

    /// Values per image, `width · height · channels`.
    #[must_use]
    pub fn size(&self) -> usize {
        self.samples.size()
    }

    /// Rows, columns and channels.
    #[must_use]
    pub fn grid(&self) -> Grid {
        self.grid
    }

    /// Pixels in a row.
    #[must_use]
    pub fn width(&self) -> usize {
        self.grid.width
    }

    /// Rows of an image.
    #[must_use]
    pub fn height(&self) -> usize {
        self.grid.height
    }

    /// What is stored.
    #[must_use]
    pub fn pixels(&self) -> &Pixels {
        self.samples.values()
    }

    /// The images without their shape.
    #[must_use]
    pub fn samples(&self) -> &Samples {
        &self.samples
    }

    /// The images without their shape and all that was said of them.
    pub(super) fn into_samples(self) -> Samples {
        self.samples
    }

    /// The sense that they are for, where that was said.
    #[must_use]
    pub fn sense(&self) -> Option<&str> {
        self.sense.as_deref()
    }

    /// What other senses are shown.
    #[must_use]
    pub fn others(&self) -> &[Stimulus] {
        &self.others
    }

    /// One label per image, where there are labels.
    #[must_use]
    pub fn labels(&self) -> Option<&[u8]> {
        self.labels.as_deref()
    }

    /// How pixels become numbers.
    #[must_use]
    pub fn reading(&self) -> Reading {
        self.samples.reader().reading()
    }

    /// What a layer sees or makes of images, `[rows, size]`, as shades in [0, 1] for a picture: 0 is the smallest stored
    /// value and 1 the largest where images are real values beyond [0, 1], and else black and white.
    #[must_use]
    pub fn shades(&self, seen: &Matrix) -> Matrix {
        self.samples.shades(seen)
    }

    /// Writes image `rows[i]` into row `i` of `out` [rows, size], without allocating.
    ///
    /// # Panics
    /// Where `out` has another shape or an index is out of range, which is a bug of the caller.
    pub fn fill(&self, rows: &[usize], out: &mut Matrix) {
        self.samples.fill(rows, out);
    }

    /// The images `rows` as a new matrix [rows, size].
    ///
    /// # Panics
    /// Where an index is out of range, which is a bug of the caller.
    #[must_use]
    pub fn matrix(&self, rows: &[usize]) -> Matrix {
        self.samples.matrix(rows)
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
