//! Arrays of NumPy: `.npy` files, and the members of `.npz` files, as `f32`.
//!
//! Nothing is believed of a header that the bytes don't bear out. Values that aren't finite are refused with
//! their position, because one of them would silently spoil a whole batch.

use std::fs;
use std::io::{Cursor, Read};
use std::path::Path;

use ndarray_npy::npy::header::{Header, Layout};

use super::{DataError, Images, Pixels};
use crate::matrix::Matrix;

/// Longest header that is parsed. NumPy itself writes 118 bytes and refuses more than 10,000.
const LONGEST_HEADER: usize = 10_000;
const DAMAGED: &str = "the file is damaged or no .npy file: write it again with numpy.save";
const DTYPES: &str = "legal are float32, float64, integers and bool: convert it with .astype('float32')";

/// An array in C order.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    shape: Vec<usize>,
    values: Values,
}

/// The values of an array, as narrow as they were.
#[derive(Debug, Clone, PartialEq)]
enum Values {
    /// `uint8` and `bool`.
    Bytes(Vec<u8>),
    /// Any other integer.
    Integers(Vec<f32>),
    /// Floating point.
    Real(Vec<f32>),
}

/// Reads a `.npy` file.
///
/// # Errors
/// Where the file can't be read, is damaged, or holds something else than finite numbers.
pub fn read(path: &Path) -> Result<Array, DataError> {
    let bytes = fs::read(path).map_err(|cause| DataError::read(path, cause))?;
    parse(&bytes[..], bytes.len(), &path.display().to_string())
}

/// The array in a stream that can't yield more than `at_most` bytes; `file` is named in errors.
///
/// # Errors
/// Where the bytes are no complete `.npy` file of finite numbers.
pub fn parse(mut reader: impl Read, at_most: usize, file: &str) -> Result<Array, DataError> {
    let header = read_header(&mut reader, file)?;
    let descriptor = header.type_descriptor.as_string().cloned().unwrap_or_else(|| header.type_descriptor.to_string());
    let Some((kind, size, big)) = dtype(&descriptor) else {
        return Err(DataError::content(file, format!("its values are of type `{descriptor}`"), DTYPES));
    };
    let length = header.shape.iter().try_fold(size, |product, &side| product.checked_mul(side));
    let shape = &header.shape;
    let Some(length) = length.filter(|&length| (1..usize::MAX / 2).contains(&length)) else {
        let problem = format!("its header announces the shape {shape:?}");
        return Err(DataError::content(
            file,
            problem,
            "at least one value is needed, and no more than fit into memory",
        ));
    };
    let mut bytes = Vec::with_capacity(length.min(at_most));
    // One byte more than announced: a longer payload shows, and a bomb is not unpacked.
    let read = reader.take(length as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|cause| DataError::content(file, format!("its content can't be unpacked ({cause})"), DAMAGED))?;
    if bytes.len() != length {
        let found = if bytes.len() > length { "more" } else { &format!("only {}", bytes.len()) };
        let problem = format!("its header announces {length} bytes of shape {shape:?}, {found} follow");
        return Err(DataError::content(file, problem, DAMAGED));
    }
    let values = decode(bytes, kind, size, big);
    let values = if header.layout == Layout::Fortran { values.reordered(shape) } else { values };
    Array { shape: header.shape, values }.finite(file)
}

fn read_header(reader: &mut impl Read, file: &str) -> Result<Header, DataError> {
    let bad = |problem: String| DataError::content(file, problem, DAMAGED);
    let mut bytes = vec![0; 10];
    reader.read_exact(&mut bytes).map_err(|_| bad("it ends within its header".to_owned()))?;
    if !bytes.starts_with(b"\x93NUMPY") {
        return Err(bad("it doesn't start with the signature of a .npy file".to_owned()));
    }
    let mut length = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    if bytes[6] >= 2 {
        let mut high = [0; 2];
        reader.read_exact(&mut high).map_err(|_| bad("it ends within its header".to_owned()))?;
        length += usize::from(u16::from_le_bytes(high)) << 16;
        bytes.extend(high);
    }
    if length > LONGEST_HEADER {
        return Err(bad(format!("its header claims {length} bytes")));
    }
    let start = bytes.len();
    bytes.resize(start + length, 0);
    reader.read_exact(&mut bytes[start..]).map_err(|_| bad("it ends within its header".to_owned()))?;
    // The parser of the dictionary recurses, and a header of nothing but brackets would exhaust the stack.
    let brackets = bytes[start..].iter().filter(|byte| b"([{".contains(byte)).count();
    if brackets > 8 {
        return Err(bad("its values are structured or its header is malformed".to_owned()));
    }
    Header::from_reader(&mut Cursor::new(bytes)).map_err(|cause| bad(format!("its header is malformed ({cause})")))
}

/// Kind (`f`, `i`, `u`, `b`), bytes per value and whether they are big-endian, of a legal type.
fn dtype(descriptor: &str) -> Option<(u8, usize, bool)> {
    let (order, kind) = match descriptor.as_bytes() {
        [order @ (b'<' | b'>' | b'|' | b'='), kind @ ..] => (*order, kind),
        kind => (b'=', kind),
    };
    let big = order == b'>' || (order == b'=' && cfg!(target_endian = "big"));
    match kind {
        [kind @ b'f', size @ (b'4' | b'8')] => Some((*kind, usize::from(size - b'0'), big)),
        [kind @ (b'i' | b'u'), size @ (b'1' | b'2' | b'4' | b'8')] => Some((*kind, usize::from(size - b'0'), big)),
        b"b1" | b"?" => Some((b'b', 1, big)),
        _ => None,
    }
}

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

fn decode(mut bytes: Vec<u8>, kind: u8, size: usize, big: bool) -> Values {
    match (kind, size) {
        (b'f', 4) => Values::Real(numbers!(f32, bytes, big)),
        (b'f', _) => Values::Real(numbers!(f64, bytes, big)),
        (b'b', _) => {
            bytes.iter_mut().for_each(|byte| *byte = u8::from(*byte != 0));
            Values::Bytes(bytes)
        }
        (b'u', 1) => Values::Bytes(bytes),
        (b'u', 2) => Values::Integers(numbers!(u16, bytes, big)),
        (b'u', 4) => Values::Integers(numbers!(u32, bytes, big)),
        (b'u', _) => Values::Integers(numbers!(u64, bytes, big)),
        (_, 1) => Values::Integers(numbers!(i8, bytes, big)),
        (_, 2) => Values::Integers(numbers!(i16, bytes, big)),
        (_, 4) => Values::Integers(numbers!(i32, bytes, big)),
        _ => Values::Integers(numbers!(i64, bytes, big)),
    }
}

impl Values {
    /// From Fortran order, first index fastest, to C order.
    fn reordered(self, shape: &[usize]) -> Self {
        match self {
            Self::Bytes(values) => Self::Bytes(c_order(&values, shape)),
            Self::Integers(values) => Self::Integers(c_order(&values, shape)),
            Self::Real(values) => Self::Real(c_order(&values, shape)),
        }
    }
}

fn c_order<T: Copy>(values: &[T], shape: &[usize]) -> Vec<T> {
    let from = |mut index: usize| {
        // The last axis is the fastest of the result and the slowest of the source.
        let mut stride = values.len();
        let mut source = 0;
        for &side in shape.iter().rev() {
            stride /= side;
            source += index % side * stride;
            index /= side;
        }
        values[source]
    };
    (0..values.len()).map(from).collect()
}

impl Array {
    /// Lengths of the axes.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// This array as a batch `[B, J]`: `[B, H, W]` is flattened, and `[J]` is one sample where `row` allows it.
    ///
    /// # Errors
    /// Where it has another number of dimensions or is empty; `file` is named.
    pub fn into_matrix(self, row: bool, file: &str) -> Result<Matrix, DataError> {
        let (rows, cols) = match self.shape[..] {
            [cols] if row => (1, cols),
            [rows, cols] => (rows, cols),
            [rows, height, width] => (rows, height * width),
            _ => return Err(self.misshapen(file, "[samples, size] or [samples, height, width]")),
        };
        let shape = self.shape.clone();
        let values = match self.values {
            Values::Bytes(bytes) => bytes.into_iter().map(f32::from).collect(),
            Values::Integers(values) | Values::Real(values) => values,
        };
        let matrix = Matrix::from_vec(rows, cols, values);
        matrix.ok_or_else(|| DataError::content(file, format!("its shape {shape:?} doesn't fit its content"), DAMAGED))
    }

    /// This array as images: [B, H, W], or [B, J] where a `J` that is a square number means square images.
    ///
    /// Integers of 0 to 255 are pixels; where none is above 1 they are 0 and 1. Floating-point values stay as
    /// they are.
    ///
    /// # Errors
    /// Where it has another number of dimensions, is empty, or holds integers outside 0 to 255.
    pub fn into_images(self, file: &str) -> Result<Images, DataError> {
        let (width, height) = match self.shape[..] {
            [_, size] if size.isqrt() * size.isqrt() == size => (size.isqrt(), size.isqrt()),
            [_, size] => (size, 1),
            [_, height, width] => (width, height),
            _ => return Err(self.misshapen(file, "[images, size] or [images, height, width]")),
        };
        let pixels = match self.values {
            Values::Real(values) => Pixels::Real(values),
            Values::Bytes(bytes) => Pixels::Bytes(stretched(bytes)),
            Values::Integers(values) => Pixels::Bytes(stretched(bytes(&values, "pixels", file)?)),
        };
        Images::new(pixels, None, (width, height), file)
    }

    /// This array as labels: `[B]` or `[B, 1]`, whole numbers of 0 to 255.
    ///
    /// # Errors
    /// Where it has another shape or holds other numbers.
    pub fn into_labels(self, file: &str) -> Result<Vec<u8>, DataError> {
        if !matches!(self.shape[..], [_] | [_, 1]) {
            return Err(self.misshapen(file, "one label per image, [images]"));
        }
        match self.values {
            Values::Bytes(bytes) => Ok(bytes),
            Values::Integers(values) | Values::Real(values) => bytes(&values, "labels", file),
        }
    }

    fn misshapen(&self, file: &str, legal: &str) -> DataError {
        DataError::content(
            file,
            format!("its shape is {:?}", self.shape),
            format!("legal is {legal}: use numpy's reshape"),
        )
    }

    fn finite(self, file: &str) -> Result<Self, DataError> {
        let Values::Real(values) = &self.values else { return Ok(self) };
        let Some(at) = values.iter().position(|value| !value.is_finite()) else { return Ok(self) };
        let mut index = at;
        let mut position: Vec<usize> = Vec::new();
        for &side in self.shape.iter().rev() {
            position.insert(0, index % side);
            index /= side;
        }
        let problem = format!("the value at {position:?} is {}", values[at]);
        Err(DataError::content(file, problem, "all values must be finite as float32: repair or drop that sample"))
    }
}

fn bytes(values: &[f32], what: &str, file: &str) -> Result<Vec<u8>, DataError> {
    let legal = |value: &f32| (0.0..=255.0).contains(value) && value.fract() == 0.0;
    if let Some(at) = values.iter().position(|value| !legal(value)) {
        let problem = format!("value {at} of its {what} is {}", values[at]);
        return Err(DataError::content(file, problem, "whole numbers of 0 to 255 are legal"));
    }
    Ok(values.iter().map(|&value| value as u8).collect())
}

/// Zeros and ones become 0 and 255, so that every byte is a 255th.
fn stretched(mut bytes: Vec<u8>) -> Vec<u8> {
    if bytes.iter().all(|&byte| byte <= 1) {
        bytes.iter_mut().for_each(|byte| *byte *= 255);
    }
    bytes
}
