//! A run that is to be looked at: its circuit, its weights, and the images to look with.

use super::measures::MeasureError;
use super::prior::PriorError;
use super::senses::{self, SenseError, Show};
use super::stimuli::{MomentsFrom, Prepared, prepare};
use crate::blame::{Blame, Blamed};
use crate::checkpoint::{Run, StoreError};
use crate::circuit::Circuit;
use crate::data::{DataError, Dataset, Description, Source, load, load_raw};
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
    /// Where they were read.
    pub source: Source,
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

impl Blamed for EvaluationError {
    fn blame(&self) -> Blame {
        match self {
            Self::Store(cause) => cause.blame(),
            Self::Weights { cause, .. } => cause.blame(),
            Self::Data(cause) => cause.blame(),
            Self::Sense(cause) => cause.blame(),
            Self::Measure(cause) => cause.blame(),
            Self::Prior(cause) => cause.blame(),
        }
    }
}

impl Trained {
    /// Opens a run with the data it was trained on, or with other data. What a person should know of it goes to `note`.
    ///
    /// # Errors
    /// [`EvaluationError`] where the run or the data can't be read, or don't fit each other.
    pub fn open(folder: &Path, other: Option<Source>, note: &dyn Fn(&str)) -> Result<Self, EvaluationError> {
        let run = Run::open(folder)?;
        let circuit = Arc::new(run.circuit()?);
        if !run.info.finished {
            note("the run is not finished; these are the weights of its newest checkpoint");
        }
        let is_own = other.is_none();
        let source = other.unwrap_or_else(|| run.source());
        let weights = run.weights()?;
        let network = Network::with_weights(Arc::clone(&circuit), &weights);
        let network = network.map_err(|cause| EvaluationError::Weights { folder: folder.to_owned(), cause })?;
        let stored = load_stored(&source, note)?;
        let Prepared { data, told } =
            prepare(&circuit, stored, recorded(&run).as_ref(), MomentsFrom::Weights(&weights))?;
        told.iter().for_each(|text| note(text));
        senses::episode(&circuit, data.test_or_train(), &[0], Show::ImagesOnly)?;
        if is_own && run.info.data.get("digest").is_some_and(|digest| *digest != data.digest()) {
            note("note: the data are not the ones that the run was trained on: their digest differs");
        }
        Ok(Self { run, network, data, source })
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

/// What a run folder tells of the data that it was made from.
#[must_use]
pub fn recorded(run: &Run) -> Option<Description> {
    serde_json::from_value(run.info.data.clone()).ok()
}

/// The data of a name or a path, read as binary images; what has to be said of them goes to `note`.
///
/// # Errors
/// As [`load`].
pub fn load_noted(name: Option<&str>, note: &dyn Fn(&str)) -> Result<Dataset, DataError> {
    Ok(noted(load(&Source::parse(name))?, note))
}

/// The data of a source as they are stored; what has to be said of them goes to `note`.
///
/// # Errors
/// As [`load_raw`].
pub fn load_stored(source: &Source, note: &dyn Fn(&str)) -> Result<Dataset, DataError> {
    Ok(noted(load_raw(source)?, note))
}

fn noted(data: Dataset, note: &dyn Fn(&str)) -> Dataset {
    if let Some(notice) = &data.notice {
        note(&format!("note: {}: {notice}", data.name));
    }
    data
}
