//! A run that is to be looked at: its circuit, its weights, and the images to look with.

use super::measures::MeasureError;
use super::prior::PriorError;
use super::senses::{self, SenseError, Show};
use crate::checkpoint::{Run, StoreError};
use crate::circuit::Circuit;
use crate::data::{DataError, Dataset, Source, load};
use crate::network::{Network, WeightsError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A run folder, opened.
#[derive(Debug)]
pub struct Trained {
    /// The folder.
    pub run: Run,
    /// The circuit with the weights of the run.
    pub network: Network,
    /// The images to look with.
    pub data: Dataset,
}

/// Why a run can't be looked at or measured.
#[derive(Debug, thiserror::Error)]
pub enum EvaluationError {
    /// The run folder is none, is damaged, or can't be written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Its weights don't fit its circuit.
    #[error("{}: {cause}", folder.display())]
    Weights {
        /// The run folder.
        folder: PathBuf,
        /// What doesn't fit.
        cause: WeightsError,
    },
    /// The images can't be had, or figures can't be written.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The images don't fit the circuit.
    #[error(transparent)]
    Sense(#[from] SenseError),
    /// Settling failed.
    #[error(transparent)]
    Measure(#[from] MeasureError),
    /// There is no prior.
    #[error(transparent)]
    Prior(#[from] PriorError),
}

impl Trained {
    /// Opens a run with the data it was trained on, or with other data (a name or a path). What a person should know of
    /// it goes to `note`.
    ///
    /// # Errors
    /// [`EvaluationError`] where the run or the data can't be read, or don't fit each other.
    pub fn open(folder: &Path, data: Option<&str>, note: &dyn Fn(&str)) -> Result<Self, EvaluationError> {
        let run = Run::open(folder)?;
        let circuit = Arc::new(run.circuit()?);
        if !run.info.finished {
            note("the run is not finished; these are the weights of its newest checkpoint");
        }
        let network = Network::with_weights(Arc::clone(&circuit), &run.weights()?);
        let network = network.map_err(|cause| EvaluationError::Weights { folder: folder.to_owned(), cause })?;
        let loaded = load_noted(data.or(run.info.source.as_deref()), note)?;
        senses::episode(&circuit, loaded.test_or_train(), &[0], Show::ImagesOnly)?;
        if data.is_none() && run.info.data.get("digest").is_some_and(|digest| *digest != loaded.digest()) {
            note("note: the data are not the ones that the run was trained on: their digest differs");
        }
        Ok(Self { run, network, data: loaded })
    }

    /// The training images that the run has learned from, or would have, of other data.
    #[must_use]
    pub fn learned_rows(&self) -> Vec<usize> {
        self.data.split(self.run.info.seed).limited(self.run.info.limit).train
    }

    /// Its circuit.
    #[must_use]
    pub fn circuit(&self) -> Arc<Circuit> {
        Arc::clone(self.network.circuit())
    }
}

/// The data of a name or a path; what has to be said of them goes to `note`.
///
/// # Errors
/// As [`load`].
pub fn load_noted(name: Option<&str>, note: &dyn Fn(&str)) -> Result<Dataset, DataError> {
    let data = load(&Source::parse(name))?;
    if let Some(notice) = &data.notice {
        note(&format!("note: {}: {notice}", data.name));
    }
    Ok(data)
}
