//! From bytes to a serde type: limits, the dialect of RON, and where a mistake of shape stands.

use super::bare::Bracketed;
use super::error::{CircuitError, Mistake};
use super::explain::{self, Found};
use super::places::{Places, Position};
use ron::Options;
use ron::error::{Error as RonError, SpannedError};
use ron::extensions::Extensions;
use serde::de::DeserializeOwned;
use serde_path_to_error::{Path as FieldPath, Segment};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// No circuit comes near; a file beyond it is not a circuit, and would cost memory before it is refused.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// The dialect of RON: `Some` may be left out, and `VirtualTime(until: 60)` needs no second pair of brackets.
///
/// RON's own limit on nesting stays on, and no type of a circuit file nests without end, so that no text can
/// exhaust the stack.
pub(super) fn options() -> Options {
    Options::default()
        .with_default_extension(Extensions::IMPLICIT_SOME)
        .with_default_extension(Extensions::UNWRAP_VARIANT_NEWTYPES)
}

/// The bytes of a file, at most one more than a circuit may have.
pub(crate) fn bytes_of(path: &Path) -> Result<Vec<u8>, CircuitError> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MOST_BYTES as u64 + 1).read_to_end(&mut bytes));
    read.map_err(|error| CircuitError::whole(format!("the file cannot be read: {error}")))?;
    Ok(bytes)
}

/// The value that a text holds; `root` is the path of its outermost value.
pub(crate) fn read<T: DeserializeOwned>(text: &[u8], root: &str) -> Result<T, CircuitError> {
    if text.len() > MOST_BYTES {
        let most = MOST_BYTES >> 20;
        return Err(CircuitError::whole(format!("the text is longer than {most} MiB, so it is not a circuit")));
    }
    let text = std::str::from_utf8(text).map_err(|error| not_utf8(text, error.valid_up_to()))?;
    let bracketed = Bracketed::new(text);
    let mistake = |error: &SpannedError, at: String| mistake(&bracketed, root, error, at);
    let mut ron = ron::Deserializer::from_str_with_options(&bracketed.text, &options())
        .map_err(|error| mistake(&error, root.to_owned()))?;
    let value = serde_path_to_error::deserialize(&mut ron).map_err(|error| {
        let at = field_path(root, error.path());
        mistake(&ron.span_error(error.into_inner()), at)
    })?;
    ron.end().map_err(|error| mistake(&ron.span_error(error), root.to_owned()))?;
    Ok(value)
}

fn not_utf8(text: &[u8], valid: usize) -> CircuitError {
    let before = String::from_utf8_lossy(&text[..valid]);
    let line = 1 + before.matches('\n').count();
    let column = 1 + before.chars().rev().take_while(|c| *c != '\n').count();
    Mistake::new(Some((line, column)), "", "this byte is not UTF-8; save the file as UTF-8 text").into()
}

/// The path of a field without the names of enum variants, as [`Places`] has it.
fn field_path(root: &str, path: &FieldPath) -> String {
    let mut out = root.to_owned();
    for segment in path {
        match segment {
            Segment::Seq { index } => out.push_str(&format!("[{index}]")),
            Segment::Map { key } if out.is_empty() => out.push_str(key),
            Segment::Map { key } => out.push_str(&format!(".{key}")),
            Segment::Enum { .. } | Segment::Unknown => (),
        }
    }
    out
}

fn mistake(bracketed: &Bracketed, root: &str, error: &SpannedError, mut at: String) -> CircuitError {
    let text = bracketed.text.as_str();
    let position = position(text, root, error, &at);
    if let RonError::MissingStructField { field, .. } = error.code {
        let dot = if at.is_empty() { "" } else { "." };
        at = format!("{at}{dot}{field}");
    }
    let (found, position) = match position.map(|position| Found::at(text, position)) {
        Some((found, begins)) => (found, Some(begins)),
        None => (Found::End, None),
    };
    let last = if at == root { None } else { at.rsplit(['.', ']']).next() };
    let position = position.map(|position| bracketed.before(position));
    Mistake::new(position, &at, explain::words(&error.code, last, &found)).into()
}

/// RON's cursor stands behind a name that it refuses, and before a value that it cannot read. A missing field
/// has no place of its own, so what should hold it gives one.
fn position(text: &str, root: &str, error: &SpannedError, at: &str) -> Option<Position> {
    let (start, end) = ((error.span.start.line, error.span.start.col), (error.span.end.line, error.span.end.col));
    match error.code {
        RonError::MissingStructField { .. } => Places::of(text.as_bytes(), root).only(at),
        RonError::NoSuchStructField { .. }
        | RonError::NoSuchEnumVariant { .. }
        | RonError::NoSuchExtension(_)
        | RonError::DuplicateStructField { .. }
        | RonError::ExpectedDifferentStructName { .. }
        | RonError::IntegerOutOfBounds => Some(start),
        _ => Some(end),
    }
}
