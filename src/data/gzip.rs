//! gzip streams, as the gzip program reads them: several members one after another, and zero bytes behind the last.

use std::io::{Error, ErrorKind, Read};

use flate2::bufread::GzDecoder;

/// The content of a gzip file. Tapes and some tools fill a file up with zeros, which belong to nothing.
pub(super) struct Gunzip<'a> {
    member: Option<GzDecoder<&'a [u8]>>,
}

impl<'a> Gunzip<'a> {
    /// Whether the bytes begin as a gzip file does.
    pub(super) fn is_gzip(bytes: &[u8]) -> bool {
        bytes.starts_with(&[0x1f, 0x8b])
    }

    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { member: Some(GzDecoder::new(bytes)) }
    }
}

impl Read for Gunzip<'_> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize, Error> {
        loop {
            let Some(member) = &mut self.member else { return Ok(0) };
            let count = member.read(out)?;
            if count > 0 || out.is_empty() {
                return Ok(count);
            }
            let rest = self.member.take().map(GzDecoder::into_inner).unwrap_or_default();
            if Self::is_gzip(rest) {
                self.member = Some(GzDecoder::new(rest));
            } else if rest.iter().any(|byte| *byte != 0) {
                return Err(Error::new(ErrorKind::InvalidData, "other bytes than zeros follow the stream"));
            }
        }
    }
}
