//! A checkpoint: everything that a training needs to go on with the same bits, in one safetensors file.

use super::weights::DIGEST;
use super::{StoreError, weights};
use crate::data::{atomic, bounded};
use crate::learning::Moments;
use crate::matrix::Matrix;
use crate::network::{Network, Tensors};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

/// Where a training stands in its data, and what it has summed up so far.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Progress {
    /// Finished epochs.
    pub epoch: usize,
    /// Finished batches of the epoch under way.
    pub batch: usize,
    /// Samples seen in the epoch under way.
    pub samples: usize,
    /// Sum over those samples of each quantity of the epoch's metrics.
    pub sums: BTreeMap<String, f64>,
    /// Seconds spent on the epoch under way.
    pub seconds: f64,
    /// Bytes of `metrics.jsonl` that belong to finished epochs.
    pub metrics_bytes: u64,
    /// Seed of the training.
    pub seed: u64,
    /// Text of the circuit that is trained, with the batches and the settling that it is trained with, and without
    /// its number of epochs.
    pub circuit: String,
    /// Digest of the data.
    pub data: String,
    /// How pixels are read: `binary` or `grey`.
    pub reading: String,
    /// Training images used; absent where all of them.
    pub limit: Option<usize>,
}

/// Weights, optimisers and progress.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    tensors: Tensors,
    moments: BTreeMap<String, Moments>,
    /// States `[rows, J]` by layer, where the next episode starts where the last one ended.
    states: Tensors,
    /// Where the training stands.
    pub progress: Progress,
}

const PROGRESS: &str = "progress";
const STEPS: &str = "steps";
const MEAN: &str = "adam.mean/";
const SQUARE: &str = "adam.square/";
const LAST: &str = "last/";

impl Snapshot {
    /// What a network and a position amount to.
    #[must_use]
    pub fn take(network: &Network, progress: Progress) -> Self {
        let moments = network.ascents().into_iter().map(|(name, ascent)| (name, ascent.moments().clone())).collect();
        Self { tensors: network.tensors(), moments, states: Tensors::new(), progress }
    }

    /// What weights, what an optimiser remembers of them (by a name of its own), and a position amount to.
    #[must_use]
    pub fn new(tensors: Tensors, moments: BTreeMap<String, Moments>, progress: Progress) -> Self {
        Self { tensors, moments, states: Tensors::new(), progress }
    }

    /// With states by layer, `[rows, J]` each, that the next episode starts from.
    #[must_use]
    pub fn with_states(self, states: Tensors) -> Self {
        Self { states, ..self }
    }

    /// What [`Snapshot::with_states`] was given.
    #[must_use]
    pub fn states(&self) -> &Tensors {
        &self.states
    }

    /// What [`Snapshot::new`] was given.
    #[must_use]
    pub fn into_parts(self) -> (Tensors, BTreeMap<String, Moments>, Progress) {
        (self.tensors, self.moments, self.progress)
    }

    /// The network that was saved.
    ///
    /// # Errors
    /// [`StoreError::Weights`] where the circuit is another one.
    pub fn restore(
        self,
        circuit: Arc<crate::circuit::Circuit>,
        path: &Path,
    ) -> Result<(Network, Progress), StoreError> {
        let fit = |cause| StoreError::Weights { path: path.to_owned(), cause };
        let mut network = Network::with_weights(circuit, &self.tensors).map_err(fit)?;
        let mut moments = self.moments;
        for (name, ascent) in network.ascents_mut() {
            ascent.restore(moments.remove(&name).unwrap_or_default());
        }
        Ok((network, self.progress))
    }

    /// The weights.
    #[must_use]
    pub fn tensors(&self) -> &Tensors {
        &self.tensors
    }

    /// Writes it, whole or not at all.
    ///
    /// # Errors
    /// [`StoreError`] where the file can't be written.
    pub fn save(&self, path: &Path) -> Result<(), StoreError> {
        Ok(atomic::write(path, &self.encode(path)?)?)
    }

    /// The bytes of a file of it that is called `path`.
    ///
    /// # Errors
    /// [`StoreError`] where there are numbers that no file holds.
    pub fn encode(&self, path: &Path) -> Result<Vec<u8>, StoreError> {
        let mut flat: Vec<(String, Vec<usize>, &[f32])> = Vec::new();
        for (name, m) in &self.tensors {
            flat.push((name.clone(), vec![m.rows(), m.cols()], m.as_slice()));
        }
        for (name, m) in &self.states {
            flat.push((format!("{LAST}{name}"), vec![m.rows(), m.cols()], m.as_slice()));
        }
        for (name, moments) in self.moments.iter().filter(|(_, m)| m.step > 0) {
            flat.push((format!("{MEAN}{name}"), vec![moments.mean.len()], &moments.mean));
            flat.push((format!("{SQUARE}{name}"), vec![moments.square.len()], &moments.square));
        }
        let steps: BTreeMap<&String, u64> = self.moments.iter().map(|(name, m)| (name, m.step)).collect();
        let text = |value: serde_json::Result<String>| value.map_err(|e| StoreError::content(path, e.to_string()));
        let (progress, steps) = (text(serde_json::to_string(&self.progress))?, text(serde_json::to_string(&steps))?);
        let arrays = flat.iter().map(|(name, shape, values)| (name.as_str(), &shape[..], *values));
        let digest = weights::digest(arrays, &[&progress, &steps]);
        let metadata = [(PROGRESS, progress), (STEPS, steps), (DIGEST, digest)];
        let metadata = HashMap::from(metadata.map(|(key, value)| (key.to_owned(), value)));
        weights::encode(path, &flat, Some(metadata))
    }

    /// Reads it.
    ///
    /// # Errors
    /// [`StoreError`] where the file can't be read or is not a whole checkpoint.
    pub fn load(path: &Path) -> Result<Self, StoreError> {
        Self::parse(&bounded::read(path)?, path)
    }

    /// [`Snapshot::load`] of the bytes of a file that is called `path`, whether or not it is there.
    ///
    /// # Errors
    /// As [`Snapshot::load`].
    pub fn parse(bytes: &[u8], path: &Path) -> Result<Self, StoreError> {
        let (arrays, metadata) = weights::decode(path, bytes)?;
        let entry = |key: &str| {
            let missing =
                || StoreError::content(path, format!("is not a checkpoint: it has no \"{key}\" in its header"));
            metadata.get(key).ok_or_else(missing)
        };
        weights::verify(path, entry(DIGEST)?, &arrays, &[entry(PROGRESS)?, entry(STEPS)?])?;
        let broken = |cause: serde_json::Error| StoreError::content(path, format!("is not a checkpoint: {cause}"));
        let progress = serde_json::from_str(entry(PROGRESS)?).map_err(broken)?;
        let steps: BTreeMap<String, u64> = serde_json::from_str(entry(STEPS)?).map_err(broken)?;
        let (mut tensors, mut states, mut moments) = (Tensors::new(), Tensors::new(), BTreeMap::new());
        for (name, (shape, values)) in &arrays {
            if let [rows, cols] = **shape {
                let matrix = Matrix::from_vec(rows, cols, values.clone());
                let (into, name) = match name.strip_prefix(LAST) {
                    Some(layer) => (&mut states, layer),
                    None => (&mut tensors, name.as_str()),
                };
                into.extend(matrix.map(|m| (name.to_owned(), m)));
            }
        }
        for (name, step) in steps {
            let of = |prefix: &str| arrays.get(&format!("{prefix}{name}")).map(|(_, v)| v.clone()).unwrap_or_default();
            moments.insert(name.clone(), Moments { mean: of(MEAN), square: of(SQUARE), step });
        }
        Ok(Self { tensors, moments, states, progress })
    }
}
