//! The MATLAB file (version 5) of the Caltech 101 silhouettes, and no more of that format than it needs.
//!
//! A file is a header of 128 bytes and then elements: a tag of type and length, and content padded to 8 bytes. The
//! elements of interest are matrices, mostly inside a compressed element (zlib). Cells, structures and text
//! are passed over.
//!
//! The file has background 1 and object 0, and its rows are column-major images. Here images are upright
//! and **inverted: the object is 1**, as in MNIST, and as the density models that follow van den Berg et al.
//! (Sylvester flows: `1. - data`, reshaped in Fortran order) read it. Other work takes the file as it is.
//! For a Bernoulli model with free biases the two are equivalent, for sparse codes they aren't.

use std::io::Read as _;

use flate2::read::ZlibDecoder;

use super::{DataError, Dataset, Images, Pixels};

const HEADER: usize = 128;
/// The largest variable that is unpacked. The Caltech file holds 3.2 MB.
const LARGEST: u64 = 256 << 20;
const DAMAGED: &str = "the file is damaged or no MATLAB file of version 5: fetch it again";
const EXPECTED: &str = "expected are train_data, val_data, test_data (images x pixels, 0 and 1) and their *_labels, as in \
                        caltech101_silhouettes_28_split1.mat";

/// Types of elements and classes of matrices, by their names in MathWorks' description.
mod code {
    pub(super) const MATRIX: u32 = 14;
    pub(super) const COMPRESSED: u32 = 15;
    pub(super) const DOUBLE_CLASS: u8 = 6;
    pub(super) const UINT64_CLASS: u8 = 15;
}

/// A numeric matrix whose values are whole numbers of 0 to 255, column-major.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub cols: usize,
    /// Values, first column first.
    pub values: Vec<u8>,
}

/// The silhouettes in the bytes of a MATLAB file, as a data set called `name`; its own validation split is
/// kept. `file` is named in errors.
///
/// # Errors
/// Where the bytes are no such file, or lack one of the arrays.
pub fn silhouettes(bytes: &[u8], name: &str, file: &str) -> Result<Dataset, DataError> {
    let variables = variables(bytes, file)?;
    let (mut pixels, mut labels, side) = split(&variables, "train", file)?;
    let (more_pixels, more_labels, _) = split(&variables, "val", file)?;
    let (test, test_labels, test_side) = split(&variables, "test", file)?;
    let held_out = more_labels.len();
    pixels.extend(more_pixels);
    labels.extend(more_labels);
    let train = Images::new(Pixels::Bytes(pixels), Some(labels), (side, side), file)?;
    let test = Images::new(Pixels::Bytes(test), Some(test_labels), (test_side, test_side), file)?;
    Ok(Dataset::new(name, train, Some(test), file)?.with_published_validation(held_out))
}

/// Upright pixels with the object at 255, labels from 0, and the side of an image.
fn split(variables: &[Variable], name: &str, file: &str) -> Result<(Vec<u8>, Vec<u8>, usize), DataError> {
    let find = |name: String| {
        let found = variables.iter().find(|variable| variable.name == name);
        found.ok_or_else(|| DataError::content(file, format!("it has no array `{name}`"), EXPECTED))
    };
    let (data, labels) = (find(format!("{name}_data"))?, find(format!("{name}_labels"))?);
    let side = data.cols.isqrt();
    let malformed = |problem: &str| DataError::content(file, format!("`{name}_data` {problem}"), EXPECTED);
    if side * side != data.cols || side == 0 || data.rows == 0 {
        return Err(malformed(&format!("is {}x{}, which are no square images", data.rows, data.cols)));
    }
    if data.values.iter().any(|&value| value > 1) {
        return Err(malformed("holds other values than 0 and 1"));
    }
    if labels.values.contains(&0) || labels.values.len() != data.rows {
        return Err(malformed(&format!("has {} rows and needs as many labels, from 1 upwards", data.rows)));
    }
    let mut pixels = Vec::with_capacity(data.values.len());
    for image in 0..data.rows {
        for row in 0..side {
            pixels.extend((0..side).map(|col| (1 - data.values[(col * side + row) * data.rows + image]) * 255));
        }
    }
    Ok((pixels, labels.values.iter().map(|label| label - 1).collect(), side))
}

/// The numeric matrices of a MATLAB file.
///
/// # Errors
/// Where the bytes are no MATLAB file of version 5 in little-endian order, or a matrix holds other numbers than
/// whole ones of 0 to 255.
pub fn variables(bytes: &[u8], file: &str) -> Result<Vec<Variable>, DataError> {
    let bad = |problem: &str| DataError::content(file, problem, DAMAGED);
    let Some((header, mut rest)) = bytes.split_at_checked(HEADER) else {
        return Err(bad("it ends within its header"));
    };
    if header[126..] != *b"IM" || header[125] != 1 {
        return Err(bad("its header isn't that of a little-endian MATLAB file of version 5"));
    }
    let mut variables = Vec::new();
    while !rest.is_empty() {
        let element = Element::first(&mut rest, file)?;
        variables.extend(match element.kind {
            code::COMPRESSED => {
                let content = unpacked(element.content, file)?;
                let inner = Element::first(&mut &content[..], file)?;
                if inner.kind == code::MATRIX { variable(inner.content, file)? } else { None }
            }
            code::MATRIX => variable(element.content, file)?,
            _ => None,
        });
    }
    Ok(variables)
}

fn unpacked(bytes: &[u8], file: &str) -> Result<Vec<u8>, DataError> {
    let mut content = Vec::new();
    let read = ZlibDecoder::new(bytes).take(LARGEST + 1).read_to_end(&mut content);
    match read {
        Ok(length) if length as u64 <= LARGEST => Ok(content),
        Ok(_) => Err(DataError::content(file, format!("a variable is larger than {LARGEST} bytes"), EXPECTED)),
        Err(cause) => Err(DataError::content(file, format!("its zlib stream is damaged ({cause})"), DAMAGED)),
    }
}

/// The matrix in the content of an element, or `None` where it isn't numeric and real.
fn variable(mut content: &[u8], file: &str) -> Result<Option<Variable>, DataError> {
    let bad = |problem: &str| DataError::content(file, problem, DAMAGED);
    let rest = &mut content;
    let flags = Element::first(rest, file)?;
    let [class, _, ..] = *flags.content else { return Err(bad("a matrix has no flags")) };
    if !(code::DOUBLE_CLASS..=code::UINT64_CLASS).contains(&class) {
        return Ok(None);
    }
    let dimensions = Element::first(rest, file)?.content;
    let name = String::from_utf8_lossy(Element::first(rest, file)?.content).into_owned();
    let sides =
        dimensions.chunks_exact(4).map(|side| u32::from_le_bytes([side[0], side[1], side[2], side[3]]) as usize);
    let [rows, cols] = sides.collect::<Vec<_>>()[..] else { return Ok(None) };
    let data = Element::first(rest, file)?;
    let values = data.numbers().ok_or_else(|| {
        DataError::content(file, format!("`{name}` holds other numbers than whole ones of 0 to 255"), EXPECTED)
    })?;
    if rows.checked_mul(cols) != Some(values.len()) {
        return Err(bad(&format!("`{name}` is announced as {rows}x{cols} and holds {} values", values.len())));
    }
    Ok(Some(Variable { name, rows, cols, values }))
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

    /// The content as whole numbers of 0 to 255. MATLAB stores any class in the narrowest type that fits.
    fn numbers(&self) -> Option<Vec<u8>> {
        let wide = |size: usize| {
            let small = |chunk: &[u8]| chunk[1..].iter().all(|&byte| byte == 0).then_some(chunk[0]);
            self.content.chunks_exact(size).map(small).collect()
        };
        let real = |value: f64| ((0.0..=255.0).contains(&value) && value.fract() == 0.0).then_some(value as u8);
        match self.kind {
            1 => self.content.iter().map(|&byte| (byte < 128).then_some(byte)).collect(),
            2 => Some(self.content.to_vec()),
            3 | 4 => wide(2),
            5 | 6 => wide(4),
            7 => self.content.as_chunks().0.iter().map(|&chunk| real(f64::from(f32::from_le_bytes(chunk)))).collect(),
            9 => self.content.as_chunks().0.iter().map(|&chunk| real(f64::from_le_bytes(chunk))).collect(),
            12 | 13 => wide(8),
            _ => None,
        }
    }
}
