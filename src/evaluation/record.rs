//! What an evaluation was asked and what it found: `eval.json`.

use super::latents::PRIOR_IMAGES;
use super::measures::Measures;
use super::mixture::{FitEnd, MixtureOptions};
use super::prior::PriorOptions;
use super::sorting::{SAMPLES, SortedSamples};
use super::trained::Trained;
use super::work::SettlingWork;
use crate::checkpoint::weights;
use crate::circuit::Circuit;
use crate::circuit::file::{CircuitFile, SettlingFile};
use crate::data::{DataError, Description, atomic};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Components of the mixture in the paper.
pub const COMPONENTS: usize = 75;

/// What can be measured for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EvaluationPart {
    /// Binary cross-entropy of the settled prediction, free energy, sparsity, accuracy, and what settling costs.
    Bce,
    /// Squared error over a hidden half that is completed.
    Mmse,
    /// Error of a logistic regression on the activities of the top layer.
    Classification,
    /// log p(x) from draws that are the same for all images.
    LogPx,
    /// log p(x) by importance sampling.
    LogPxIs,
    /// Ancestral samples, sorted by a classifier.
    Samples,
}

impl EvaluationPart {
    /// All of them, in the order in which they are measured.
    pub const ALL: [Self; 6] = [Self::Bce, Self::Mmse, Self::Classification, Self::LogPx, Self::LogPxIs, Self::Samples];

    /// Those that are measured where none is named.
    pub const USUAL: [Self; 5] = [Self::Bce, Self::Mmse, Self::Classification, Self::LogPx, Self::LogPxIs];

    /// Its name in options and in `eval.json`.
    #[must_use]
    pub fn name(self) -> &'static str {
        ["bce", "mmse", "classification", "log_px", "log_px_is", "samples"][self as usize]
    }
}

/// How a run is measured, its settling apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EvaluationOptions {
    /// The first so many test images only.
    pub limit: Option<usize>,
    /// Training images that the mixture is fitted to, at the most: the same number of each class.
    pub prior_images: usize,
    /// Components of the mixture.
    pub components: usize,
    /// Draws from the mixture for `log_px`.
    pub draws: usize,
    /// Test images for `log_px_is`, the first ones.
    pub is_images: usize,
    /// Draws for each image for `log_px_is`.
    pub is_draws: usize,
    /// Ancestral samples that are sorted.
    pub samples: usize,
    /// Seed of the mixture and of all draws.
    pub seed: u64,
}

impl Default for EvaluationOptions {
    fn default() -> Self {
        Self {
            limit: None,
            prior_images: PRIOR_IMAGES,
            components: COMPONENTS,
            draws: 5000,
            is_images: 500,
            is_draws: 1000,
            samples: SAMPLES,
            seed: 0,
        }
    }
}

impl EvaluationOptions {
    /// How the prior is fitted.
    #[must_use]
    pub fn prior(&self) -> PriorOptions {
        let mixture = MixtureOptions { components: self.components, seed: self.seed, ..MixtureOptions::default() };
        PriorOptions { images: self.prior_images, mixture }
    }
}

/// Everything that figures depend on: figures of equal requests are the same.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct EvaluationRequest {
    /// Version of gncn.
    pub version: String,
    /// Name of the circuit.
    pub circuit: String,
    /// SHA-256 over names and values of all tensors.
    pub weights: String,
    /// The data.
    pub data: Description,
    /// Which images of the data: `test`, or `training` where there are no others.
    pub split: String,
    /// Images that are measured on, the first ones.
    pub images: usize,
    /// How every image settled.
    pub settling: SettlingFile,
    /// As in [`EvaluationOptions`].
    pub prior_images: usize,
    /// As in [`EvaluationOptions`].
    pub components: usize,
    /// As in [`EvaluationOptions`].
    pub draws: usize,
    /// As in [`EvaluationOptions`], where there are as many.
    pub is_images: usize,
    /// As in [`EvaluationOptions`].
    pub is_draws: usize,
    /// As in [`EvaluationOptions`].
    #[serde(default = "usual_samples")]
    pub samples: usize,
    /// As in [`EvaluationOptions`].
    pub seed: u64,
}

/// What was asked of files that are older than the option.
fn usual_samples() -> usize {
    SAMPLES
}

impl EvaluationRequest {
    /// What is asked of a run whose images settle as `circuit` says.
    #[must_use]
    pub fn new(trained: &Trained, circuit: &Circuit, options: &EvaluationOptions) -> Self {
        let images = trained.data.test_or_train().count();
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            weights: weights::fingerprint(&trained.network.tensors()),
            data: trained.data.describe(),
            split: if trained.data.test.is_some() { "test" } else { "training" }.to_owned(),
            images: images.min(options.limit.unwrap_or(usize::MAX)),
            settling: CircuitFile::from(circuit).settling,
            prior_images: options.prior_images,
            components: options.components,
            draws: options.draws,
            is_images: options.is_images.min(images).min(options.limit.unwrap_or(usize::MAX)),
            is_draws: options.is_draws,
            samples: options.samples,
            seed: options.seed,
            circuit: circuit.name().to_owned(),
        }
    }
}

/// What was asked and what was found: the content of `eval.json`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Evaluation {
    /// What the figures depend on.
    pub request: EvaluationRequest,
    /// Parts that were measured or refused.
    pub done: Vec<EvaluationPart>,
    /// Seconds that each part took.
    pub seconds: IndexMap<String, f64>,
    /// Why a part makes no sense for this circuit or these data.
    pub refused: IndexMap<String, String>,
    /// Of [`EvaluationPart::Bce`].
    #[serde(flatten)]
    pub measures: Option<Measures>,
    /// What settling one image cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work: Option<SettlingWork>,
    /// Squared error over the hidden half of an image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mmse: Option<f64>,
    /// Share of images that are classified wrongly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub classification_error: Option<f64>,
    /// Of [`EvaluationPart::LogPx`].
    #[serde(flatten)]
    pub log_px: Option<LogPx>,
    /// Of [`EvaluationPart::LogPxIs`].
    #[serde(flatten)]
    pub log_px_is: Option<LogPxIs>,
    /// Of [`EvaluationPart::Samples`].
    #[serde(flatten)]
    pub samples: Option<SortedSamples>,
}

/// log p(x) from one set of draws, in nats, mean over images.
#[derive(Debug, Serialize, Deserialize)]
pub struct LogPx {
    /// The estimate.
    pub log_px: f64,
    /// The estimate with log n added instead of subtracted, as the authors' script has it.
    pub log_px_as_published: f64,
    /// Images that the mixture was fitted to.
    pub mixture_images: usize,
    /// Steps of its fit.
    pub mixture_steps: usize,
    /// Why the fit ended.
    pub mixture_end: FitEnd,
    /// Mean log-likelihood of an image that it was fitted to.
    pub mixture_log_likelihood: f64,
}

/// log p(x) by importance sampling on the first images, in nats, mean over images.
#[derive(Debug, Serialize, Deserialize)]
pub struct LogPxIs {
    /// The estimate.
    pub log_px_is: f64,
    /// Of the mean over images: how far another set of images would differ.
    pub log_px_is_standard_error: f64,
    /// Of the mean over images: how far other draws would differ.
    pub log_px_is_draws_error: f64,
    /// Effective number of draws of the median image.
    pub log_px_is_effective_draws: f64,
    /// Images that it is of.
    pub log_px_is_images: usize,
    /// `log_px` on the same images, to compare with.
    pub log_px_on_is_images: f64,
}

impl Evaluation {
    /// Nothing measured yet.
    #[must_use]
    pub fn new(request: EvaluationRequest) -> Self {
        let (done, seconds, refused) = (Vec::new(), IndexMap::new(), IndexMap::new());
        let (measures, work, mmse, classification_error) = (None, None, None, None);
        Self {
            request,
            done,
            seconds,
            refused,
            measures,
            work,
            mmse,
            classification_error,
            log_px: None,
            log_px_is: None,
            samples: None,
        }
    }

    /// What an earlier evaluation has left in a file, if it was of the same request.
    #[must_use]
    pub fn earlier(path: &Path, request: &EvaluationRequest) -> Option<Self> {
        let text = std::fs::read(path).ok()?;
        serde_json::from_slice::<Self>(&text).ok().filter(|earlier| earlier.request == *request)
    }

    /// Takes out what was found for a part.
    pub fn forget(&mut self, part: EvaluationPart) {
        match part {
            EvaluationPart::Bce => (self.measures, self.work) = (None, None),
            EvaluationPart::Mmse => self.mmse = None,
            EvaluationPart::Classification => self.classification_error = None,
            EvaluationPart::LogPx => self.log_px = None,
            EvaluationPart::LogPxIs => self.log_px_is = None,
            EvaluationPart::Samples => self.samples = None,
        }
        self.refused.shift_remove(part.name());
    }

    /// Marks a part as done.
    pub fn finish(&mut self, part: EvaluationPart, seconds: f64) {
        self.seconds.insert(part.name().to_owned(), seconds);
        self.done.push(part);
        self.done.sort_unstable();
    }

    /// Writes it as JSON, whole or not at all.
    ///
    /// # Errors
    /// [`DataError::Write`].
    pub fn save(&self, path: &Path) -> Result<(), DataError> {
        let text = serde_json::to_vec_pretty(self).expect("texts and numbers are JSON");
        atomic::write(path, &text)
    }
}
