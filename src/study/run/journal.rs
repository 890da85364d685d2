//! The journal of a study: a line of JSON for each finished point, synced before the next point begins.
//!
//! A process killed while it writes leaves a torn last line; the next one cuts it off and runs that point again.

use super::record::PointRecord;
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// An open journal, and what it holds.
#[derive(Debug, Default)]
pub(super) struct Journal {
    /// Absent where another process keeps the journal.
    file: Option<File>,
    /// The finished points, by their places in the plan.
    pub(super) records: BTreeMap<usize, PointRecord>,
}

impl Journal {
    /// Opens the journal at `path`, or begins it. A line that isn't whole is cut off with all that follows.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let mut file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let (mut records, mut sound) = (BTreeMap::new(), 0);
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let record = line.strip_suffix(b"\n").and_then(|line| serde_json::from_slice::<PointRecord>(line).ok());
            let Some(record) = record else { break };
            records.insert(record.point, record);
            sound += line.len() as u64;
        }
        if sound < bytes.len() as u64 {
            tracing::warn!("{}: the last line is not whole; its point is run again", path.display());
            file.set_len(sound)?;
            file.sync_all()?;
        }
        file.seek(SeekFrom::Start(sound))?;
        Ok(Self { file: Some(file), records })
    }

    /// Keeps a finished point, for good once this returns.
    pub(super) fn keep(&mut self, record: PointRecord) -> io::Result<()> {
        let mut line = serde_json::to_vec(&record)?;
        line.push(b'\n');
        if let Some(file) = &mut self.file {
            file.write_all(&line)?;
            file.sync_data()?;
        }
        self.records.insert(record.point, record);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::phase::Phase;
    use super::*;
    use indexmap::IndexMap;

    fn record(point: usize) -> PointRecord {
        PointRecord {
            point,
            phase: Phase::Rests,
            failure: None,
            measures: IndexMap::from([("free_energy".to_owned(), Some(0.1 + point as f64)), ("bce".to_owned(), None)]),
            images: IndexMap::new(),
            presentations: vec![0, 0, 1],
            curves: IndexMap::from([("z0".to_owned(), vec![1.0 / 3.0])]),
            ages: Vec::new(),
            spent: IndexMap::new(),
            load: None,
        }
    }

    #[test]
    fn a_journal_cut_anywhere_gives_back_its_whole_lines() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("points.jsonl");
        let mut journal = Journal::open(&path).expect("a new journal");
        (0..3).for_each(|point| journal.keep(record(point)).expect("kept"));
        drop(journal);
        let whole = std::fs::read(&path).expect("written");
        let ends: Vec<_> = whole.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(i, _)| i + 1).collect();
        for length in 0..=whole.len() {
            std::fs::write(&path, &whole[..length]).expect("cut");
            let mut journal = Journal::open(&path).expect("opened again");
            let left = ends.iter().filter(|end| **end <= length).count();
            assert_eq!(journal.records.len(), left, "{length} bytes");
            (left..3).for_each(|point| journal.keep(record(point)).expect("kept"));
            drop(journal);
            assert_eq!(std::fs::read(&path).expect("written"), whole, "{length} bytes");
        }
    }
}
