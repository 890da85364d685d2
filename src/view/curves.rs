//! Curves of a run, out of its `metrics.jsonl`: as many points as a screen can show, and what has been added since.

use serde_json::{Map, Value};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

/// A file up to this many bytes is read as a whole; of a longer one, lines at even distances.
const WHOLE: u64 = 2 << 20;

/// How many lines are taken of a longer one: more than a screen has columns of pixels.
const POINTS: u64 = 2_000;

/// No line of metrics is longer.
const LONGEST: u64 = 1 << 16;

/// What a file of metrics tells.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct News {
    /// One for each line: numbers by name, inner ones with a dot between the names.
    pub rows: Vec<Map<String, Value>>,
    /// Where the last whole line ends, in bytes.
    pub end: u64,
    /// The file has become shorter than it was: what was read of it before counts no more.
    pub anew: bool,
}

/// The rows of a file of metrics, thinned out where it has many. A file that isn't there has none.
///
/// # Errors
/// Where it can't be read.
pub fn curves(path: &Path) -> io::Result<News> {
    let Some(mut file) = open(path)? else { return Ok(News::default()) };
    let length = file.metadata()?.len();
    if length <= WHOLE {
        return since(&mut file, 0, length);
    }
    let mut rows = Vec::new();
    for point in 0..POINTS {
        rows.extend(row_after(&mut file, length / POINTS * point)?);
    }
    // The end is told as a whole, so that what is added goes on from it.
    let tail = since_next_line(&mut file, length - LONGEST.min(length), length)?;
    rows.extend(tail.rows.last().cloned());
    Ok(News { rows, end: tail.end, anew: false })
}

/// The rows that were added behind the first `end` bytes.
///
/// # Errors
/// As [`curves`].
pub fn news(path: &Path, end: u64) -> io::Result<News> {
    let Some(mut file) = open(path)? else { return Ok(News { anew: end > 0, ..News::default() }) };
    let length = file.metadata()?.len();
    // Shorter than it was, or so much longer that all of it would be thinned out anyway.
    if length < end || length - end > WHOLE {
        return Ok(News { anew: true, ..curves(path)? });
    }
    since(&mut file, end, length)
}

fn open(path: &Path) -> io::Result<Option<File>> {
    match File::open(path) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
        opened => opened.map(Some),
    }
}

/// Whole lines between two places, the first of which begins a line.
fn since(file: &mut File, from: u64, to: u64) -> io::Result<News> {
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(to - from).read_to_end(&mut bytes)?;
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let rows = bytes[..whole].split(|byte| *byte == b'\n').filter_map(row).collect();
    Ok(News { rows, end: from + whole as u64, anew: false })
}

/// As [`since`], from the first line that begins behind a place.
fn since_next_line(file: &mut File, from: u64, to: u64) -> io::Result<News> {
    file.seek(SeekFrom::Start(from))?;
    let mut skipped = Vec::new();
    BufReader::new(&mut *file).take(LONGEST).read_until(b'\n', &mut skipped)?;
    since(file, (from + skipped.len() as u64).min(to), to)
}

/// The first whole line that begins at or behind a place.
fn row_after(file: &mut File, place: u64) -> io::Result<Option<Map<String, Value>>> {
    file.seek(SeekFrom::Start(place.saturating_sub(1)))?;
    let mut reader = BufReader::with_capacity(4096, file).take(2 * LONGEST);
    let mut line = Vec::new();
    if place > 0 {
        reader.read_until(b'\n', &mut line)?;
        line.clear();
    }
    reader.read_until(b'\n', &mut line)?;
    Ok(if line.ends_with(b"\n") { row(&line) } else { None })
}

fn row(line: &[u8]) -> Option<Map<String, Value>> {
    let value: Value = serde_json::from_slice(line).ok()?;
    let mut flat = Map::new();
    flatten("", &value, &mut flat);
    Some(flat)
}

fn flatten(name: &str, value: &Value, flat: &mut Map<String, Value>) {
    match value {
        Value::Number(_) => {
            flat.insert(name.to_owned(), value.clone());
        }
        Value::Object(inner) => inner.iter().for_each(|(key, value)| {
            let dot = if name.is_empty() { "" } else { "." };
            flatten(&format!("{name}{dot}{key}"), value, flat);
        }),
        Value::Array(inner) => {
            inner.iter().enumerate().for_each(|(i, value)| flatten(&format!("{name}.{i}"), value, flat));
        }
        _ => (),
    }
}
