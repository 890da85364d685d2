//! MATLAB files of version 5, which versions 6 and 7 write, too: as much of the format as arrays of numbers need.
//!
//! A file is a header of 128 bytes and then elements: a tag of type and length, and content padded to 8 bytes. The
//! elements of interest are matrices, since version 7 mostly inside a compressed element (zlib).

use std::io::Read as _;

use flate2::read::ZlibDecoder;

use super::DataError;
use super::array::{Array, Values, numbers};

const HEADER: usize = 128;
/// The largest variable that is unpacked. The Caltech file holds 3.2 MB, MNIST as bytes 47 MB.
const LARGEST: u64 = 1 << 30;
const DAMAGED: &str = "the file is damaged or no MATLAB file of version 5 or 7: fetch it again";
const UNPACKED: &str = "save it as .npy, or in parts";

/// Types of elements, classes of matrices and marks of an array, by their names in MathWorks' description.
mod code {
    pub(super) const MATRIX: u32 = 14;
    pub(super) const COMPRESSED: u32 = 15;
    pub(super) const DOUBLE_CLASS: u8 = 6;
    pub(super) const SINGLE_CLASS: u8 = 7;
    pub(super) const UINT8_CLASS: u8 = 9;
    pub(super) const UINT64_CLASS: u8 = 15;
    pub(super) const COMPLEX: u8 = 8;
}

/// Whether the bytes begin as a file of MATLAB does.
pub(super) fn is_matlab(bytes: &[u8]) -> bool {
    bytes.starts_with(b"MATLAB ") || bytes.get(126..HEADER).is_some_and(|order| order == b"IM" || order == b"MI")
}

/// The real numeric arrays of a MATLAB file, by name, in C order. Cells, structures and text are passed over.
///
/// # Errors
/// Where the bytes are no MATLAB file of version 5 or 7 in little-endian order. Version 7.3 is HDF5, and is named.
pub fn arrays(bytes: &[u8], file: &str) -> Result<Vec<(String, Array)>, DataError> {
    if bytes.starts_with(b"MATLAB 7.3") || bytes.get(512..520).is_some_and(|magic| magic == b"\x89HDF\r\n\x1a\n") {
        let problem = "it is a MATLAB file of version 7.3, which is HDF5";
        return Err(DataError::content(file, problem, "save it as version 7 with save(..., '-v7'), or as .npz"));
    }
    let bad = |problem: &str| DataError::content(file, problem, DAMAGED);
    let Some((header, mut rest)) = bytes.split_at_checked(HEADER) else {
        return Err(bad("it ends within its header"));
    };
    if header[126..] != *b"IM" || header[125] != 1 {
        return Err(bad("its header isn't that of a little-endian MATLAB file of version 5"));
    }
    let mut arrays = Vec::new();
    while !rest.is_empty() {
        let element = Element::first(&mut rest, file)?;
        arrays.extend(match element.kind {
            code::COMPRESSED => {
                let content = unpacked(element.content, file)?;
                let inner = Element::first(&mut &content[..], file)?;
                if inner.kind == code::MATRIX { variable(inner.content, file)? } else { None }
            }
            code::MATRIX => variable(element.content, file)?,
            _ => None,
        });
    }
    Ok(arrays)
}

fn unpacked(bytes: &[u8], file: &str) -> Result<Vec<u8>, DataError> {
    let mut content = Vec::new();
    let read = ZlibDecoder::new(bytes).take(LARGEST + 1).read_to_end(&mut content);
    match read {
        Ok(length) if length as u64 <= LARGEST => Ok(content),
        Ok(_) => Err(DataError::content(file, format!("a variable is larger than {LARGEST} bytes"), UNPACKED)),
        Err(cause) => Err(DataError::content(file, format!("its zlib stream is damaged ({cause})"), DAMAGED)),
    }
}

/// The array in the content of an element, or `None` where it isn't numeric and real.
fn variable(mut content: &[u8], file: &str) -> Result<Option<(String, Array)>, DataError> {
    let bad = |problem: &str| DataError::content(file, problem, DAMAGED);
    let rest = &mut content;
    let flags = Element::first(rest, file)?;
    let [class, marks, ..] = *flags.content else { return Err(bad("a matrix has no flags")) };
    if !(code::DOUBLE_CLASS..=code::UINT64_CLASS).contains(&class) || marks & code::COMPLEX != 0 {
        return Ok(None);
    }
    let dimensions = Element::first(rest, file)?.content;
    let name = String::from_utf8_lossy(Element::first(rest, file)?.content).into_owned();
    let sides =
        dimensions.chunks_exact(4).map(|side| u32::from_le_bytes([side[0], side[1], side[2], side[3]]) as usize);
    let shape = sides.collect::<Vec<_>>();
    let data = Element::first(rest, file)?;
    let Some(numbers) = data.numbers() else {
        return Err(bad(&format!("`{name}` is stored as elements of type {}, which hold no numbers", data.kind)));
    };
    if shape.iter().try_fold(1_usize, |product, side| product.checked_mul(*side)) != Some(numbers.len()) {
        let announced = shape.iter().map(usize::to_string).collect::<Vec<_>>().join("x");
        return Err(bad(&format!("`{name}` is announced as {announced} and holds {} values", numbers.len())));
    }
    if numbers.is_empty() {
        return Ok(None);
    }
    let values = match class {
        code::DOUBLE_CLASS | code::SINGLE_CLASS => Values::Real(numbers),
        code::UINT8_CLASS => Values::Bytes(numbers.into_iter().map(|value| value as u8).collect()),
        _ => Values::Integers(numbers),
    };
    let values = values.reordered(&shape);
    Ok(Some((name, Array::new(shape, values, file)?)))
}

/// One element: its type and its content.
struct Element<'a> {
    kind: u32,
    content: &'a [u8],
}

impl<'a> Element<'a> {
    /// Takes the first element, and the padding behind it, off `bytes`.
    fn first(bytes: &mut &'a [u8], file: &str) -> Result<Self, DataError> {
        let cut = || DataError::content(file, "it ends within an element", DAMAGED);
        let (tag, rest) = bytes.split_first_chunk::<8>().ok_or_else(cut)?;
        let word = |at: usize| u32::from_le_bytes([tag[at], tag[at + 1], tag[at + 2], tag[at + 3]]);
        // A small element has its length in the upper half of its type, and its content in the tag.
        if word(0) >> 16 != 0 {
            let content = bytes.get(4..).and_then(|content| content.get(..(word(0) >> 16) as usize));
            let content = content.filter(|content| content.len() <= 4).ok_or_else(cut)?;
            *bytes = rest;
            return Ok(Self { kind: word(0) & 0xffff, content });
        }
        let (content, rest) = rest.split_at_checked(word(4) as usize).ok_or_else(cut)?;
        // Compressed elements are the ones without padding.
        let padding = if word(0) == code::COMPRESSED { 0 } else { content.len().wrapping_neg() % 8 };
        *bytes = &rest[padding.min(rest.len())..];
        Ok(Self { kind: word(0), content })
    }

    /// The content as numbers. MATLAB stores any class in the narrowest type that fits.
    fn numbers(&self) -> Option<Vec<f32>> {
        let bytes = self.content;
        match self.kind {
            1 => Some(numbers!(i8, bytes, false)),
            2 => Some(numbers!(u8, bytes, false)),
            3 => Some(numbers!(i16, bytes, false)),
            4 => Some(numbers!(u16, bytes, false)),
            5 => Some(numbers!(i32, bytes, false)),
            6 => Some(numbers!(u32, bytes, false)),
            7 => Some(numbers!(f32, bytes, false)),
            9 => Some(numbers!(f64, bytes, false)),
            12 => Some(numbers!(i64, bytes, false)),
            13 => Some(numbers!(u64, bytes, false)),
            _ => None,
        }
    }
}
