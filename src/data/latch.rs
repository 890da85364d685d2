//! A writer that fails once.
//!
//! An archive that can't be written tries again when it is dropped, to write its directory, and complains on standard error
//! where that fails as well. Behind a latch the first failure is told, and what follows goes nowhere and is fine: nobody
//! can mistake the file for a whole one, because [`Latch::into_inner`] tells the failure again. Places go on as if all were
//! well, because the archive relies on them.

use std::io::{self, Seek, SeekFrom, Write};

/// Passes on to `inner` until that fails.
#[derive(Debug)]
pub(super) struct Latch<W> {
    inner: W,
    failure: Option<io::Error>,
    /// Where the next byte goes, and how many there are.
    at: u64,
    length: u64,
}

impl<W> Latch<W> {
    pub(super) fn new(inner: W) -> Self {
        Self { inner, failure: None, at: 0, length: 0 }
    }

    /// The writer, where it never failed.
    ///
    /// # Errors
    /// The first failure.
    pub(super) fn into_inner(self) -> io::Result<W> {
        self.failure.map_or(Ok(self.inner), Err)
    }

    /// What `done` did, or `idle` once something has failed.
    fn pass<T>(&mut self, idle: T, done: impl FnOnce(&mut W) -> io::Result<T>) -> io::Result<T> {
        if self.failure.is_some() {
            return Ok(idle);
        }
        let done = done(&mut self.inner);
        if let Err(cause) = &done
            && cause.kind() != io::ErrorKind::Interrupted
        {
            self.failure = Some(io::Error::new(cause.kind(), cause.to_string()));
        }
        done
    }
}

impl<W: Write> Write for Latch<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.pass(bytes.len(), |inner| match inner.write(bytes)? {
            0 if !bytes.is_empty() => Err(io::ErrorKind::WriteZero.into()),
            written => Ok(written),
        })?;
        self.at += written as u64;
        self.length = self.length.max(self.at);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pass((), Write::flush)
    }
}

impl<W: Seek> Seek for Latch<W> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let place = match to {
            SeekFrom::Start(place) => Some(place),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
        };
        let place = place.ok_or(io::ErrorKind::InvalidInput)?;
        self.at = self.pass(place, |inner| inner.seek(to))?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A disk of so many bytes.
    struct Disk(usize);

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if bytes.len() > self.0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.0 -= bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_first_failure_is_told_twice_and_others_never() {
        let mut latch = Latch::new(Disk(3));
        latch.write_all(b"one").unwrap();
        assert_eq!(latch.write_all(b"two").unwrap_err().kind(), io::ErrorKind::StorageFull);
        latch.write_all(b"three").unwrap();
        latch.flush().unwrap();
        assert_eq!(latch.into_inner().err().map(|cause| cause.kind()), Some(io::ErrorKind::StorageFull));
        assert!(Latch::new(Disk(0)).into_inner().is_ok());
    }

    #[test]
    fn places_go_on_after_a_failure() {
        let mut whole = Latch::new(io::Cursor::new(Vec::new()));
        let mut small = [0; 4];
        let mut full = Latch::new(io::Cursor::new(&mut small[..]));
        assert!(full.write_all(b"seven b").is_err());
        full.write_all(b" b").unwrap();
        whole.write_all(b"six by").unwrap();
        for to in [SeekFrom::Current(-2), SeekFrom::End(0), SeekFrom::Start(3)] {
            assert_eq!(whole.seek(to).unwrap(), full.seek(to).unwrap(), "{to:?}");
        }
        assert!(whole.seek(SeekFrom::End(-9)).is_err() && full.seek(SeekFrom::End(-9)).is_err());
    }
}
