//! IDX files, the format of MNIST: a big-endian header and numbers of one of six types, gzip-compressed or not.
//!
//! Whether a file is compressed is told by its content, never by its name. The header is believed only as far as
//! the bytes bear it out: a payload that is smaller or larger than announced is refused.

use std::io::{ErrorKind, Read};

use super::array::{Array, Values, numbers};
use super::gzip::Gunzip;
use super::{DataError, Images, Pixels};

/// First four bytes of a file of images: unsigned bytes, three dimensions.
const IMAGES: u32 = 0x0803;
/// First four bytes of a file of labels: unsigned bytes, one dimension.
const LABELS: u32 = 0x0801;
/// The longest side of an image. Nothing that is presented to a circuit is larger, and a lying header is.
const LONGEST_SIDE: usize = 4096;
/// Deflate can't expand a byte to more than this many, so a compressed file bounds what may be reserved for it.
const LARGEST_RATIO: usize = 1032;

/// The longest array of any kind has so many axes.
const MOST_AXES: u8 = 4;

/// The images in the bytes of an IDX file, of any type; `file` is named in errors.
///
/// # Errors
/// Where the bytes are no complete IDX file of images.
pub fn images(bytes: &[u8], file: &str) -> Result<Images, DataError> {
    let mut source = Payload::open(bytes, file);
    let magic = source.peek().unwrap_or(IMAGES);
    // One axis is labels, which are refused below in the words for it.
    if IdxKind::of(magic).is_some_and(|(_, axes)| axes > 1) && magic != IMAGES {
        return array(bytes, file)?.into_images(file);
    }
    let [count, height, width] = source.header::<3>(IMAGES, "images")?;
    let sides = 1..=LONGEST_SIDE;
    if !sides.contains(&height) || !sides.contains(&width) {
        let problem = format!("its header announces images of {width}x{height} pixels");
        return Err(DataError::content(file, problem, format!("sides of 1 to {LONGEST_SIDE} are legal")));
    }
    let pixels = source.exactly(count.saturating_mul(height * width))?;
    Images::new(Pixels::Bytes(pixels), None, (width, height), file)
}

/// The labels in the bytes of an IDX file, each below `classes` where that is given; `file` is named in errors.
///
/// # Errors
/// Where the bytes are no complete IDX file of labels, or a label is out of range.
pub fn labels(bytes: &[u8], file: &str, classes: Option<usize>) -> Result<Vec<u8>, DataError> {
    let mut source = Payload::open(bytes, file);
    let magic = source.peek().unwrap_or(LABELS);
    let labels = if IdxKind::of(magic).is_some_and(|(_, axes)| axes == 1) && magic != LABELS {
        array(bytes, file)?.into_labels(file)?
    } else {
        let [count] = source.header::<1>(LABELS, "labels")?;
        source.exactly(count)?
    };
    if let Some(classes) = classes
        && let Some(at) = labels.iter().position(|&label| usize::from(label) >= classes)
    {
        let problem = format!("label {} of image {at} is out of range", labels[at]);
        return Err(DataError::content(file, problem, format!("labels 0 to {} are legal", classes - 1)));
    }
    Ok(labels)
}

/// Whether the bytes begin as an IDX file does, compressed or not.
pub(super) fn is_idx(bytes: &[u8]) -> bool {
    Payload::open(bytes, "").peek().is_some_and(|magic| IdxKind::of(magic).is_some())
}

/// The array in the bytes of an IDX file, of any type and of 1 to 4 axes; `file` is named in errors.
///
/// # Errors
/// Where the bytes are no complete IDX file.
pub fn array(bytes: &[u8], file: &str) -> Result<Array, DataError> {
    let mut source = Payload::open(bytes, file);
    let magic = source.word()?;
    let Some((kind, axes)) = IdxKind::of(magic) else {
        let problem = format!("it starts with 0x{magic:08x}");
        let expected = "an IDX file starts with two zero bytes, a type (08, 09, 0b, 0c, 0d or 0e), and 1 to 4 axes";
        return Err(DataError::content(file, problem, expected));
    };
    let shape = (0..axes).map(|_| source.word().map(|side| side as usize)).collect::<Result<Vec<_>, _>>()?;
    let length = shape.iter().try_fold(kind.size(), |product, side| product.checked_mul(*side)).unwrap_or(usize::MAX);
    let bytes = source.exactly(length)?;
    Array::new(shape, kind.decode(bytes), file)
}

/// The types of an IDX file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum IdxKind {
    Unsigned,
    Signed,
    Short,
    Int,
    Float,
    Double,
}

impl IdxKind {
    /// Type and number of axes of a first word.
    fn of(magic: u32) -> Option<(Self, u8)> {
        let [0, 0, kind, axes @ 1..=MOST_AXES] = magic.to_be_bytes() else { return None };
        let kind = match kind {
            0x08 => Self::Unsigned,
            0x09 => Self::Signed,
            0x0b => Self::Short,
            0x0c => Self::Int,
            0x0d => Self::Float,
            0x0e => Self::Double,
            _ => return None,
        };
        Some((kind, axes))
    }

    /// Bytes of a number.
    fn size(self) -> usize {
        match self {
            Self::Unsigned | Self::Signed => 1,
            Self::Short => 2,
            Self::Int | Self::Float => 4,
            Self::Double => 8,
        }
    }

    fn decode(self, bytes: Vec<u8>) -> Values {
        match self {
            Self::Unsigned => Values::Bytes(bytes),
            Self::Signed => Values::Integers(numbers!(i8, bytes, true)),
            Self::Short => Values::Integers(numbers!(i16, bytes, true)),
            Self::Int => Values::Integers(numbers!(i32, bytes, true)),
            Self::Float => Values::Real(numbers!(f32, bytes, true)),
            Self::Double => Values::Real(numbers!(f64, bytes, true)),
        }
    }
}

/// Images as the bytes of an uncompressed IDX file; real values are rounded to bytes.
#[must_use]
pub fn encode_images(images: &Images) -> Vec<u8> {
    let mut bytes = IMAGES.to_be_bytes().to_vec();
    for dimension in [images.count(), images.height(), images.width()] {
        bytes.extend(u32::try_from(dimension).unwrap_or(u32::MAX).to_be_bytes());
    }
    match images.pixels() {
        Pixels::Bytes(pixels) => bytes.extend_from_slice(pixels),
        Pixels::Real(values) => bytes.extend(values.iter().map(|value| (value * 255.0).round() as u8)),
    }
    bytes
}

/// Labels as the bytes of an uncompressed IDX file.
#[must_use]
pub fn encode_labels(labels: &[u8]) -> Vec<u8> {
    let mut bytes = LABELS.to_be_bytes().to_vec();
    bytes.extend(u32::try_from(labels.len()).unwrap_or(u32::MAX).to_be_bytes());
    bytes.extend_from_slice(labels);
    bytes
}

/// The uncompressed content, with an upper bound of its length that doesn't depend on any header.
struct Payload<'a> {
    bytes: &'a [u8],
    reader: Box<dyn Read + 'a>,
    at_most: usize,
    file: &'a str,
}

impl<'a> Payload<'a> {
    fn open(bytes: &'a [u8], file: &'a str) -> Self {
        let (reader, at_most): (Box<dyn Read + 'a>, _) = if Gunzip::is_gzip(bytes) {
            (Box::new(Gunzip::new(bytes)), bytes.len().saturating_mul(LARGEST_RATIO))
        } else {
            (Box::new(bytes), bytes.len())
        };
        Self { bytes, reader, at_most, file }
    }

    /// The first word, which is still there to be read; `None` where there is none.
    fn peek(&self) -> Option<u32> {
        Self::open(self.bytes, self.file).word().ok()
    }

    /// Checks the magic number and reads `N` dimensions.
    fn header<const N: usize>(&mut self, magic: u32, what: &str) -> Result<[usize; N], DataError> {
        let found = self.word()?;
        if found != magic {
            let problem = format!("it starts with 0x{found:08x}");
            let expected = format!("an IDX file of {what} starts with 0x{magic:08x} (unsigned bytes)");
            return Err(DataError::content(self.file, problem, expected));
        }
        let mut dimensions = [0; N];
        for dimension in &mut dimensions {
            *dimension = self.word()? as usize;
        }
        Ok(dimensions)
    }

    fn word(&mut self) -> Result<u32, DataError> {
        let mut word = [0; 4];
        match self.reader.read_exact(&mut word) {
            Ok(()) => Ok(u32::from_be_bytes(word)),
            Err(cause) => Err(self.broken(&cause, "it ends within its header")),
        }
    }

    /// All that is left, which must be `announced` bytes.
    fn exactly(mut self, announced: usize) -> Result<Vec<u8>, DataError> {
        let mut payload = Vec::with_capacity(announced.min(self.at_most));
        // One byte more than announced: a longer payload shows, and a bomb is not unpacked.
        let limit = (announced as u64).saturating_add(1);
        let read = self.reader.by_ref().take(limit).read_to_end(&mut payload);
        if let Err(cause) = read {
            return Err(self.broken(&cause, &format!("it ends after {} of {announced} bytes", payload.len())));
        }
        if payload.len() != announced {
            let found = if payload.len() > announced { "more" } else { &format!("only {}", payload.len()) };
            let problem = format!("its header announces {announced} bytes, {found} follow");
            return Err(DataError::content(self.file, problem, "the file is damaged: fetch it again"));
        }
        payload.shrink_to_fit();
        Ok(payload)
    }

    fn broken(&self, cause: &std::io::Error, ends: &str) -> DataError {
        let problem = match cause.kind() {
            ErrorKind::UnexpectedEof => format!("it is truncated: {ends}"),
            _ => format!("its gzip stream is damaged ({cause})"),
        };
        DataError::content(self.file, problem, "the file is damaged: fetch it again")
    }
}
