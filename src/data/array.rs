//! An array of numbers, whatever file it came from, and what it can be: samples, images, labels.
//!
//! A shape is never guessed in silence: what an array leaves open is refused, or told in a remark.

use super::DataError;
use super::images::{Grid, Images};
use super::samples::{Origin, Pixels, Samples};
use crate::matrix::Matrix;

/// `bytes` as numbers of `$type`, converted to the nearest `f32`.
macro_rules! numbers {
    ($type:ty, $bytes:expr, $big:expr) => {
        $bytes
            .chunks_exact(size_of::<$type>())
            .map(|chunk| {
                let chunk = chunk.try_into().expect("a chunk is as long as the type");
                (if $big { <$type>::from_be_bytes(chunk) } else { <$type>::from_le_bytes(chunk) }) as f32
            })
            .collect()
    };
}

pub(super) use numbers;

/// An array in C order.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    shape: Vec<usize>,
    values: Values,
}

/// The values of an array, as narrow as they were.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Values {
    /// `uint8` and `bool`.
    Bytes(Vec<u8>),
    /// Any other integer.
    Integers(Vec<f32>),
    /// Floating point.
    Real(Vec<f32>),
}

impl Values {
    fn len(&self) -> usize {
        match self {
            Self::Bytes(values) => values.len(),
            Self::Integers(values) | Self::Real(values) => values.len(),
        }
    }

    /// From Fortran order, first index fastest, to C order.
    pub(super) fn reordered(self, shape: &[usize]) -> Self {
        // The axes of the source in reverse are those of a C array, which has to be transposed as a whole.
        let reversed: Vec<usize> = shape.iter().rev().copied().collect();
        let axes: Vec<usize> = (0..shape.len()).rev().collect();
        self.permuted(&reversed, &axes)
    }

    /// The values with the axes in another order: axis i of the result is axis `axes[i]` of the source.
    fn permuted(self, shape: &[usize], axes: &[usize]) -> Self {
        match self {
            Self::Bytes(values) => Self::Bytes(permuted(&values, shape, axes)),
            Self::Integers(values) => Self::Integers(permuted(&values, shape, axes)),
            Self::Real(values) => Self::Real(permuted(&values, shape, axes)),
        }
    }
}

fn permuted<T: Copy>(values: &[T], shape: &[usize], axes: &[usize]) -> Vec<T> {
    let strides: Vec<usize> = (0..shape.len()).map(|axis| shape[axis + 1..].iter().product()).collect();
    let from = |mut index: usize| {
        let mut source = 0;
        for &axis in axes.iter().rev() {
            source += index % shape[axis] * strides[axis];
            index /= shape[axis];
        }
        values[source]
    };
    (0..values.len()).map(from).collect()
}

impl Array {
    /// An array of this shape; `file` is named in the error.
    ///
    /// # Errors
    /// Where the values are not as many as the shape says, or there are none.
    pub(super) fn new(shape: Vec<usize>, values: Values, file: &str) -> Result<Self, DataError> {
        let length = shape.iter().try_fold(1_usize, |product, side| product.checked_mul(*side));
        if values.len() == 0 || length != Some(values.len()) {
            let problem = format!("it has {} values, which are no array of shape {shape:?}", values.len());
            return Err(DataError::content(
                file,
                problem,
                "at least one value is needed, and as many as the shape says",
            ));
        }
        Ok(Self { shape, values })
    }

    /// Lengths of the axes.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Whether its values are of an integer type.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        !matches!(self.values, Values::Real(_))
    }

    /// This array as a batch `[B, J]` of the numbers as they are: `[B, H, W]` and `[B, H, W, C]` are flattened, and `[J]`
    /// is one sample where `row` allows it.
    ///
    /// # Errors
    /// Where it has another number of dimensions or holds what is no finite number; `file` is named.
    pub fn into_matrix(self, row: bool, file: &str) -> Result<Matrix, DataError> {
        let (rows, cols) = match self.shape[..] {
            [cols] if row => (1, cols),
            [rows, ref sides @ ..] if (1..=3).contains(&sides.len()) => (rows, sides.iter().product()),
            _ => return Err(self.misshapen(file, "[samples, size] or [samples, height, width]")),
        };
        let Self { shape, values } = self.finite(file)?;
        let values = match values {
            Values::Bytes(bytes) => bytes.into_iter().map(f32::from).collect(),
            Values::Integers(values) | Values::Real(values) => values,
        };
        let matrix = Matrix::from_vec(rows, cols, values);
        let problem = || format!("its shape {shape:?} doesn't fit its content");
        matrix.ok_or_else(|| DataError::content(file, problem(), "write the file again"))
    }

    /// This array as images: `[B, H, W]`, `[B, H, W, C]`, `[B, C, H, W]`, or `[B, J]` where a `J` that is a square number
    /// means square images if nobody says otherwise.
    ///
    /// Integers of 0 to 255 are pixels; where none is above 1 they are 0 and 1. Floating-point values stay as
    /// they are.
    ///
    /// # Errors
    /// Where it has another number of dimensions, or it is not clear which axis is that of channels.
    pub fn into_images(self, file: &str) -> Result<Images, DataError> {
        if self.shape.len() < 2 {
            return Err(
                self.misshapen(file, "[images, size], [images, height, width] or [images, height, width, channels]")
            );
        }
        self.into_samples(file)
    }

    /// As [`Array::into_images`]; an array `[B]` is samples of one value.
    ///
    /// # Errors
    /// As [`Array::into_images`].
    pub(super) fn into_samples(self, file: &str) -> Result<Images, DataError> {
        self.into_samples_where(None, file)
    }

    /// As [`Array::into_samples`]; NaN is 0 wherever `observed` `[B, J]`, in the order of channels last, is 0.
    ///
    /// # Errors
    /// As [`Array::into_images`].
    pub(crate) fn into_samples_where(mut self, observed: Option<&Matrix>, file: &str) -> Result<Images, DataError> {
        let layout = ArrayLayout::of(&self.shape).ok_or_else(|| self.unclear(file))?;
        let shape = self.shape.clone();
        if let (true, [count, channels, height, width]) = (layout.is_channels_first, &shape[..]) {
            self.values = self.values.permuted(&shape, &[0, 2, 3, 1]);
            self.shape = vec![*count, *height, *width, *channels];
        }
        let seen = match observed {
            Some(observed) => self.without_missing(observed),
            None => self,
        };
        let Self { values, .. } = seen.finite(file)?;
        let (pixels, origin) = match values {
            Values::Real(values) => (Pixels::Real(values), Origin::AsStored),
            Values::Bytes(bytes) => stretched(bytes),
            Values::Integers(values) => match as_bytes(&values) {
                Some(bytes) => stretched(bytes),
                None => (Pixels::Real(values), Origin::Integers),
            },
        };
        let samples = Samples::new(pixels, layout.grid.size(), file)?.of_origin(origin);
        let mut images = Images::from_samples(samples, layout.grid);
        if layout.is_channels_first {
            images.remark(format!("{file}: read as channels first, {shape:?}: images of {}", layout.grid));
        }
        Ok(if layout.is_guess { images.of_guessed_shape() } else { images })
    }

    /// This array as labels: `[B]`, `[B, 1]` or `[1, B]`, whole numbers of 0 to 255; or one-hot `[B, K]`, a single 1 in each row of
    /// zeros.
    ///
    /// # Errors
    /// Where it has another shape or holds other numbers.
    pub fn into_labels(self, file: &str) -> Result<Vec<u8>, DataError> {
        if let [_, classes @ 2..=256] = self.shape[..]
            && let Some(labels) = self.hot(classes)
        {
            return Ok(labels);
        }
        // To MATLAB every vector is a matrix, and what SciPy writes of one is a row.
        if !matches!(self.shape[..], [_] | [_, 1] | [1, _]) {
            return Err(self.misshapen(file, "one label per image, [images], or one-hot labels [images, classes]"));
        }
        match self.values {
            Values::Bytes(bytes) => Ok(bytes),
            Values::Integers(values) | Values::Real(values) => {
                as_bytes(&values).ok_or_else(|| not_bytes(&values, "labels", file))
            }
        }
    }

    /// Where the 1 is in each row of zeros; `None` where a row is anything else.
    fn hot(&self, classes: usize) -> Option<Vec<u8>> {
        let of = |row: &[f32]| {
            let at = row.iter().position(|value| *value == 1.0)?;
            let is_single = row.iter().enumerate().all(|(i, value)| i == at || *value == 0.0);
            is_single.then(|| u8::try_from(at).ok()).flatten()
        };
        match &self.values {
            Values::Bytes(bytes) => {
                let row = |row: &[u8]| of(&row.iter().map(|byte| f32::from(*byte)).collect::<Vec<_>>());
                bytes.chunks(classes).map(row).collect()
            }
            Values::Integers(values) | Values::Real(values) => values.chunks(classes).map(of).collect(),
        }
    }

    /// The values as bytes, where all of them are whole numbers of 0 to 255.
    pub(super) fn whole_bytes(&self) -> Option<Vec<u8>> {
        match &self.values {
            Values::Bytes(bytes) => Some(bytes.clone()),
            Values::Integers(values) | Values::Real(values) => as_bytes(values),
        }
    }

    /// This array `[B, H, W]` with rows and columns of each image exchanged; of another shape, as it is.
    pub(super) fn with_images_turned(self) -> Self {
        let [count, height, width] = self.shape[..] else { return self };
        let values = self.values.permuted(&self.shape, &[0, 2, 1]);
        Self { shape: vec![count, width, height], values }
    }

    /// This array `[J]` as a batch: as many samples as it has values, where a layer has one neuron, or else one sample.
    pub(crate) fn into_batch(mut self, neurons: usize) -> Self {
        let length = self.shape.iter().product();
        self.shape = if neurons == 1 { vec![length, 1] } else { vec![1, length] };
        self
    }

    /// This array `[frames, samples, ...]`, of `neurons` values a sample, as samples one frame after the other, and how many
    /// frames there are; `Err` with the array where its shape is another.
    ///
    /// # Errors
    /// The array itself.
    pub(crate) fn by_frames(mut self, neurons: usize) -> Result<(Self, usize), Self> {
        match self.shape[..] {
            [frames, samples, ref sides @ ..] if !sides.is_empty() && sides.iter().product::<usize>() == neurons => {
                self.shape.splice(..2, [frames * samples]);
                Ok((self, frames))
            }
            _ => Err(self),
        }
    }

    /// This array `[frames, samples]` of one class each, as classes one frame after the other.
    pub(crate) fn classes_by_frames(mut self) -> Result<(Self, usize), Self> {
        match self.shape[..] {
            [frames, samples] if self.is_whole() => {
                self.shape = vec![frames * samples];
                Ok((self, frames))
            }
            _ => Err(self),
        }
    }

    /// Whether each row of an array `[B, K]` is a single 1 among zeros.
    pub(crate) fn is_one_hot(&self) -> bool {
        matches!(self.shape[..], [_, classes @ 2..=256] if self.hot(classes).is_some())
    }

    /// This array with 0 in place of NaN wherever `observed` `[B, J]` is 0: nothing there is looked at.
    fn without_missing(mut self, observed: &Matrix) -> Self {
        if let Values::Real(values) = &mut self.values
            && values.len() == observed.as_slice().len()
        {
            let missing =
                values.iter_mut().zip(observed.as_slice()).filter(|(value, seen)| value.is_nan() && **seen == 0.0);
            missing.for_each(|(value, _)| *value = 0.0);
        }
        self
    }

    /// This array, whose values are known to be finite.
    ///
    /// # Errors
    /// Where one isn't; it is named with its position.
    pub fn finite(self, file: &str) -> Result<Self, DataError> {
        let Values::Real(values) = &self.values else { return Ok(self) };
        let Some(at) = values.iter().position(|value| !value.is_finite()) else { return Ok(self) };
        let mut index = at;
        let mut position: Vec<usize> = Vec::new();
        for &side in self.shape.iter().rev() {
            position.insert(0, index % side);
            index /= side;
        }
        let problem = format!("the value at {position:?} is {}", values[at]);
        let expected = "all values must be finite as float32: repair or drop that sample, or hide NaN behind a mask of \
                        `gncn settle`";
        Err(DataError::content(file, problem, expected))
    }

    fn misshapen(&self, file: &str, legal: &str) -> DataError {
        DataError::content(
            file,
            format!("its shape is {:?}", self.shape),
            format!("legal is {legal}: use numpy's reshape"),
        )
    }

    fn unclear(&self, file: &str) -> DataError {
        if self.shape.len() != 4 {
            return self
                .misshapen(file, "[images, size], [images, height, width] or [images, height, width, channels]");
        }
        let problem = format!("its shape is {:?}, and it is not clear which axis is that of channels", self.shape);
        let legal = "legal are [images, height, width, channels] and [images, channels, height, width] with 1, 3 or 4 \
                     channels and no such number at the other place; numpy's transpose puts channels last";
        DataError::content(file, problem, legal)
    }
}

/// How the values of a sample are laid out.
struct ArrayLayout {
    grid: Grid,
    is_channels_first: bool,
    /// Whether nothing but the number of values speaks for it.
    is_guess: bool,
}

impl ArrayLayout {
    /// The layout that a shape asks for; `None` where it asks for none, or for two.
    fn of(shape: &[usize]) -> Option<Self> {
        let grid = |height, width, channels| Grid { width, height, channels };
        let clear = |grid| Some(Self { grid, is_channels_first: false, is_guess: false });
        let is_channels = |n: usize| matches!(n, 1 | 3 | 4);
        match *shape {
            [_] => clear(grid(1, 1, 1)),
            [_, size] if size.isqrt() * size.isqrt() == size => {
                Some(Self { grid: grid(size.isqrt(), size.isqrt(), 1), is_channels_first: false, is_guess: size > 1 })
            }
            [_, size] => clear(grid(1, size, 1)),
            [_, height, width] => clear(grid(height, width, 1)),
            // With one channel there is nothing to exchange.
            [_, 1, height, width] if !is_channels(width) => clear(grid(height, width, 1)),
            [_, height, width, channels] if is_channels(channels) && (!is_channels(height) || height == 1) => {
                clear(grid(height, width, channels))
            }
            [_, channels, height, width] if is_channels(channels) && !is_channels(width) => {
                Some(Self { grid: grid(height, width, channels), is_channels_first: true, is_guess: false })
            }
            _ => None,
        }
    }
}

/// Whole numbers of 0 to 255 as bytes; `None` where there is another number.
fn as_bytes(values: &[f32]) -> Option<Vec<u8>> {
    let legal = |value: &f32| (0.0..=255.0).contains(value) && value.fract() == 0.0;
    values.iter().all(legal).then(|| values.iter().map(|&value| value as u8).collect())
}

fn not_bytes(values: &[f32], what: &str, file: &str) -> DataError {
    let legal = |value: &f32| (0.0..=255.0).contains(value) && value.fract() == 0.0;
    let at = values.iter().position(|value| !legal(value)).unwrap_or(0);
    let problem = format!("value {at} of its {what} is {}", values[at]);
    DataError::content(file, problem, "whole numbers of 0 to 255 are legal")
}

/// Zeros and ones become 0 and 255, so that every byte is a 255th.
fn stretched(mut bytes: Vec<u8>) -> (Pixels, Origin) {
    if bytes.iter().any(|&byte| byte > 1) {
        return (Pixels::Bytes(bytes), Origin::AsStored);
    }
    bytes.iter_mut().for_each(|byte| *byte *= 255);
    (Pixels::Bytes(bytes), Origin::Ones)
}
