//! The prior of a run: the images it was trained on settle, and a mixture is fitted to what its top comes to. That takes
//! minutes, so the last one is kept in the run folder, for whoever asks for the same again.

use super::descent::Descent;
use super::mixture::{Fit, Mixture};
use super::prior::{FittedPrior, PriorError, PriorEvent, PriorOptions};
use super::progress::EvaluationEvent;
use super::trained::Trained;
use crate::checkpoint::{MIXTURE, weights};
use crate::circuit::Settling;
use crate::circuit::file::SettlingFile;
use crate::data::atomic;
use crate::executor::Settler;
use crate::ranks::Ranks;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Everything that a mixture follows from: mixtures of equal keys are the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Key {
    version: String,
    /// SHA-256 over names and values of all tensors.
    weights: String,
    /// SHA-256 of the data, and how they are read.
    data: String,
    reading: String,
    /// The training images that were learned from follow from these two.
    seed: u64,
    limit: Option<usize>,
    settling: SettlingFile,
    options: PriorOptions,
}

/// What the file says of its mixture.
#[derive(Debug, Serialize, Deserialize)]
struct About {
    key: Key,
    images: usize,
    fit: Fit,
}

/// The prior of a run: that of the run folder where it is the one, else fitted, with progress, and kept there.
///
/// # Errors
/// As [`FittedPrior::fit`].
pub fn fit_prior(
    trained: &mut Trained,
    settling: &Settling,
    options: &PriorOptions,
    watch: &(dyn Fn(EvaluationEvent<'_>) + Sync),
) -> Result<FittedPrior, PriorError> {
    fit_prior_over(&Ranks::alone(), trained, settling, options, watch)
}

/// [`fit_prior`] by several ranks together, which all have it then; the leading one reads and writes the file.
pub(super) fn fit_prior_over(
    ranks: &Ranks,
    trained: &mut Trained,
    settling: &Settling,
    options: &PriorOptions,
    watch: &(dyn Fn(EvaluationEvent<'_>) + Sync),
) -> Result<FittedPrior, PriorError> {
    // Known before anything settles.
    let descent = Descent::new(&trained.network)?;
    let key = Key::new(trained, settling, options);
    let path = trained.run.path(MIXTURE);
    // Where a schedule promises no bits, another fit would be another one.
    let found = settling.promises_bits().then(|| kept(ranks, &path, &key)).flatten();
    if let Some((mixture, About { images, fit, .. })) = found {
        watch(EvaluationEvent::Note(&format!("takes the mixture that is kept in {}", path.display())));
        return Ok(FittedPrior { mixture, fit, images, descent });
    }
    let prior = fit(ranks, trained, settling, options, watch)?;
    if !settling.promises_bits() || !ranks.leads() {
        return Ok(prior);
    }
    let about = About { key, images: prior.images, fit: prior.fit.clone() };
    let about = serde_json::to_string(&about).expect("texts and numbers are JSON");
    // Figures don't need the file: a folder that can't be written costs time, the next time.
    if let Err(problem) = atomic::write(&path, &prior.mixture.to_bytes(&about)) {
        watch(EvaluationEvent::Note(&format!("note: the mixture isn't kept: {problem}")));
    }
    Ok(prior)
}

fn kept(ranks: &Ranks, path: &Path, key: &Key) -> Option<(Mixture, About)> {
    let bytes = ranks.from_leader(|| std::fs::read(path).unwrap_or_default());
    let (mixture, about) = Mixture::from_bytes(&bytes)?;
    let about: About = serde_json::from_str(&about).ok()?;
    (about.key == *key).then_some((mixture, about))
}

impl Key {
    fn new(trained: &Trained, settling: &Settling, options: &PriorOptions) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            weights: weights::fingerprint(&trained.network.tensors()),
            data: trained.data.digest(),
            reading: trained.data.train.reading().name().to_owned(),
            seed: trained.run.info.seed,
            limit: trained.run.info.limit,
            settling: SettlingFile::new(settling, trained.network.circuit()),
            options: *options,
        }
    }
}

fn fit(
    ranks: &Ranks,
    trained: &mut Trained,
    settling: &Settling,
    options: &PriorOptions,
    watch: &(dyn Fn(EvaluationEvent<'_>) + Sync),
) -> Result<FittedPrior, PriorError> {
    let rows = trained.learned_rows();
    watch(EvaluationEvent::Begin { name: "settling", count: rows.len().min(options.images) });
    let Trained { network, data, .. } = trained;
    let settler = &mut Settler::new().over(ranks.clone());
    let (shown, asked) = ((&data.train, &rows[..]), (settling, options));
    let prior = FittedPrior::fit_with(settler, network, shown, asked, |event| match event {
        PriorEvent::Settled(more) => watch(EvaluationEvent::Done(more)),
        PriorEvent::Step(step, likelihood) => {
            watch(EvaluationEvent::Step { step, of: options.mixture.steps, likelihood });
        }
    });
    watch(EvaluationEvent::End);
    prior
}
