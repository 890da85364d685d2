//! What TensorBoard is told of a training: curves of every batch and epoch, and the picture at the end.

use super::tensorboard::{EventFile, EventPicture};
use crate::data::DataError;
use crate::training::{EpochMetrics, Event};
use serde_json::Value;
use std::path::Path;

/// An event file that is written while a training goes on, or none.
#[derive(Debug, Default)]
pub struct Board {
    file: Option<EventFile>,
    /// The first thing that couldn't be written; training is worth more than its curves, so it goes on.
    failure: Option<DataError>,
}

impl Board {
    /// A file in the run folder, of a training with so many epochs done.
    ///
    /// # Errors
    /// [`DataError`] where it can't be written.
    pub fn create(folder: &Path, epochs: usize) -> Result<Self, DataError> {
        Ok(Self { file: Some(EventFile::create(folder, epochs as u64 + 1)?), failure: None })
    }

    /// Writes what an event tells; steps are epochs, and those of batches are batches from the first one.
    pub fn see(&mut self, event: &Event<'_>) {
        match event {
            Event::Batch { epoch, done, of, free_energy } => {
                let step = (epoch - 1) * of + done;
                self.scalars(step, &[("batch/free_energy".to_owned(), *free_energy)]);
            }
            Event::Epoch(metrics) => self.scalars(metrics.epoch, &figures(metrics)),
            Event::Measured { .. } | Event::Checkpoint(_) | Event::Warning(_) => (),
        }
    }

    /// Writes the picture of an epoch, the bytes of a PNG.
    pub fn picture(&mut self, epoch: usize, png: &[u8]) {
        // The sides of a PNG stand in its header, at a fixed place.
        let side = |at: usize| png.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map(u32::from_be_bytes);
        let (Some(width), Some(height)) = (side(16), side(20)) else { return };
        self.write(|file| file.picture(epoch as u64, "reconstructions", EventPicture { png, width, height }));
    }

    /// Ends it.
    ///
    /// # Errors
    /// The first thing that couldn't be written.
    pub fn end(self) -> Result<(), DataError> {
        self.failure.map_or(Ok(()), Err)
    }

    fn scalars(&mut self, step: usize, values: &[(String, f64)]) {
        self.write(|file| file.scalars(step as u64, values));
    }

    fn write(&mut self, write: impl FnOnce(&mut EventFile) -> Result<(), DataError>) {
        if let (Some(file), None) = (&mut self.file, &self.failure) {
            self.failure = write(file).err();
        }
    }
}

/// Every number of an epoch by its path: `validation/bce`, `train_free_energy/z1`.
fn figures(metrics: &EpochMetrics) -> Vec<(String, f64)> {
    let mut found = Vec::new();
    if let Ok(value) = serde_json::to_value(metrics) {
        list("", &value, &mut found);
    }
    found.retain(|(tag, _)| tag != "epoch");
    found
}

fn list(at: &str, value: &Value, found: &mut Vec<(String, f64)>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let tag = if at.is_empty() { name.clone() } else { format!("{at}/{name}") };
                list(&tag, value, found);
            }
        }
        value => found.extend(value.as_f64().map(|number| (at.to_owned(), number))),
    }
}
