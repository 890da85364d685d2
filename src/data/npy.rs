//! Arrays of NumPy: `.npy` files, and the members of `.npz` files, as `f32`.
//!
//! Nothing is believed of a header that the bytes don't bear out.

use std::io::{Cursor, Read};
use std::path::Path;

use ndarray_npy::npy::header::{Header, Layout};

use super::array::{Array, Values, numbers};
use super::{DataError, bounded};

/// Longest header that is parsed. NumPy itself writes 118 bytes and refuses more than 10,000.
const LONGEST_HEADER: usize = 10_000;
const DAMAGED: &str = "the file is damaged or no .npy file: write it again with numpy.save";
const DTYPES: &str = "legal are float32, float64, integers and bool: convert it with .astype('float32')";

/// Reads a `.npy` file.
///
/// # Errors
/// Where the file can't be read, is damaged, or holds something else than finite numbers.
pub fn read(path: &Path) -> Result<Array, DataError> {
    let (bytes, file) = (bounded::read(path)?, path.display().to_string());
    parse(&bytes[..], bytes.len(), &file)?.finite(&file)
}

/// The array in a stream that can't yield more than `at_most` bytes; `file` is named in errors. What isn't finite is
/// refused where the array is used, because NaN may stand for what is missing.
///
/// # Errors
/// Where the bytes are no complete `.npy` file of numbers.
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
    Array::new(header.shape, values, file)
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
