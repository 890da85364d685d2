//! Curves and pictures as the event files that TensorBoard opens.
//!
//! A file is a row of records in TFRecord framing: the length of the content (u64, little-endian), the masked CRC-32C of
//! those eight bytes, the content, and its masked CRC-32C. The content is a protobuf message `Event`, of which these
//! fields are written: `wall_time` 1, `step` 2, `file_version` 3, `summary` 5, and `session_log` 7, which tells that what an
//! earlier process wrote of this step and later ones no longer holds. Every record is written at once, so that a file that
//! is cut off lacks at most its last record, which TensorBoard leaves out.

use crate::data::DataError;
use crc::{CRC_32_ISCSI, Crc};
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// What names of event files begin with, by which TensorBoard knows them.
const BEGIN: &str = "events.out.tfevents.";
/// What those end with that gncn writes.
const END: &str = ".gncn";

/// An event file that is being written.
#[derive(Debug)]
pub struct EventFile {
    path: PathBuf,
    file: File,
}

/// A picture as TensorBoard shows it.
#[derive(Debug, Clone, Copy)]
pub struct EventPicture<'a> {
    /// The bytes of a PNG.
    pub png: &'a [u8],
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

impl EventFile {
    /// Starts a file in `folder`, the continuation of those that are there: what they tell of `step` and later is void.
    ///
    /// # Errors
    /// [`DataError::Write`] where the folder can't be written.
    pub fn create(folder: &Path, step: u64) -> Result<Self, DataError> {
        let seconds = now() as u64;
        let path = folder.join(format!("{BEGIN}{seconds:010}.{}{END}", std::process::id()));
        let file = OpenOptions::new().create(true).append(true).open(&path);
        let file = file.map_err(|cause| DataError::write(&path, cause))?;
        let mut events = Self { path, file };
        events.record(&[text(3, b"brain.Event:2")], 0)?;
        events.record(&[text(7, &number(1, 1))], step)?;
        Ok(events)
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds the value of each curve at a step.
    ///
    /// # Errors
    /// [`DataError::Write`] where the disk is full.
    pub fn scalars(&mut self, step: u64, values: &[(String, f64)]) -> Result<(), DataError> {
        let value = |(tag, value): &(String, f64)| {
            let mut message = text(1, tag.as_bytes());
            message.push(2 << 3 | 5);
            message.extend((*value as f32).to_le_bytes());
            text(1, &message)
        };
        let summary: Vec<u8> = values.iter().flat_map(value).collect();
        self.record(&[text(5, &summary)], step)
    }

    /// Adds a picture at a step.
    ///
    /// # Errors
    /// As [`EventFile::scalars`].
    pub fn picture(&mut self, step: u64, tag: &str, picture: EventPicture<'_>) -> Result<(), DataError> {
        let EventPicture { png, width, height } = picture;
        // A colour space of 3 is RGB; the PNG itself knows better.
        let image = [number(1, height.into()), number(2, width.into()), number(3, 3), text(4, png)].concat();
        let value = [text(1, tag.as_bytes()), text(4, &image)].concat();
        self.record(&[text(5, &text(1, &value))], step)
    }

    fn record(&mut self, fields: &[Vec<u8>], step: u64) -> Result<(), DataError> {
        let mut event = vec![1 << 3 | 1];
        event.extend(now().to_le_bytes());
        event.extend(number(2, step));
        fields.iter().for_each(|field| event.extend(field));
        self.file.write_all(&framed(&event)).map_err(|cause| DataError::write(&self.path, cause))
    }
}

/// Seconds since 1970.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

/// A record with this content.
fn framed(content: &[u8]) -> Vec<u8> {
    let length = (content.len() as u64).to_le_bytes();
    [&length[..], &masked(&length), content, &masked(content)].concat()
}

/// CRC-32C, turned so that the checksum of data that hold checksums stays a good one.
fn masked(bytes: &[u8]) -> [u8; 4] {
    const CASTAGNOLI: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);
    CASTAGNOLI.checksum(bytes).rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes()
}

/// A protobuf field of bytes: text, or a message.
fn text(field: u64, bytes: &[u8]) -> Vec<u8> {
    let mut out = varint(field << 3 | 2);
    out.extend(varint(bytes.len() as u64));
    out.extend(bytes);
    out
}

/// A protobuf field of a whole number.
fn number(field: u64, value: u64) -> Vec<u8> {
    let mut out = varint(field << 3);
    out.extend(varint(value));
    out
}

/// Seven bits a byte, the lowest first; the highest bit says that more follow.
fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_framed_as_tensorflow_frames_them() {
        // RFC 3720, B.4: CRC-32C of 32 bytes of zeros is 0x8a9136aa; masked as TFRecord masks it.
        let crc = 0x8a91_36aa_u32;
        let expected = crc.rotate_right(15).wrapping_add(0xa282_ead8);
        assert_eq!(masked(&[0; 32]), expected.to_le_bytes());
        let record = framed(b"abc");
        assert_eq!(&record[..8], 3_u64.to_le_bytes());
        assert_eq!((&record[12..15], record.len()), (&b"abc"[..], 19));
    }

    #[test]
    fn numbers_take_seven_bits_a_byte() {
        assert_eq!(varint(127), [127]);
        assert_eq!(varint(300), [0xac, 0x02]);
        assert_eq!(number(2, 1), [0x10, 1]);
        assert_eq!(text(1, b"a"), [0x0a, 1, b'a']);
    }
}
