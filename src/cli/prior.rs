//! The prior of a run: the images it was trained on settle, and a mixture is fitted to what its top comes to. That takes
//! minutes, so the last one is kept in the run folder, for whoever asks for the same again.

use super::eval::digest;
use super::output;
use super::progress::Progress;
use super::trained::Trained;
use crate::checkpoint::MIXTURE;
use crate::circuit::Settling;
use crate::circuit::file::{CircuitFile, SettlingFile};
use crate::data::atomic;
use crate::evaluation::mixture::{Fit, Mixture};
use crate::evaluation::{Descent, Prior, PriorError, PriorEvent, PriorOptions};
use serde::{Deserialize, Serialize};

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
pub(super) fn fit_prior(
    trained: &mut Trained,
    settling: &Settling,
    options: &PriorOptions,
) -> Result<Prior, PriorError> {
    // Known before anything settles.
    let descent = Descent::new(&trained.network)?;
    let key = Key::new(trained, settling, options);
    let path = trained.run.path(MIXTURE);
    if let Some((mixture, About { images, fit, .. })) = kept(trained, &key) {
        output::note(&format!("takes the mixture that is kept in {}", path.display()));
        return Ok(Prior { mixture, fit, images, descent });
    }
    let prior = fit(trained, settling, options)?;
    let about = About { key, images: prior.images, fit: prior.fit.clone() };
    let about = serde_json::to_string(&about).expect("texts and numbers are JSON");
    // Figures don't need the file: a folder that can't be written costs time, the next time.
    if let Err(problem) = atomic::write(&path, &prior.mixture.to_bytes(&about)) {
        output::note(&format!("note: the mixture isn't kept: {problem}"));
    }
    Ok(prior)
}

fn kept(trained: &Trained, key: &Key) -> Option<(Mixture, About)> {
    let bytes = std::fs::read(trained.run.path(MIXTURE)).ok()?;
    let (mixture, about) = Mixture::from_bytes(&bytes)?;
    let about: About = serde_json::from_str(&about).ok()?;
    (about.key == *key).then_some((mixture, about))
}

impl Key {
    fn new(trained: &Trained, settling: &Settling, options: &PriorOptions) -> Self {
        let mut circuit = trained.circuit().as_ref().clone();
        circuit.settling = settling.clone();
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            weights: digest(&trained.network.tensors()),
            data: trained.data.digest(),
            reading: trained.data.train.reading().name().to_owned(),
            seed: trained.run.info.seed,
            limit: trained.run.info.limit,
            settling: CircuitFile::from(&circuit).settling,
            options: *options,
        }
    }
}

fn fit(trained: &mut Trained, settling: &Settling, options: &PriorOptions) -> Result<Prior, PriorError> {
    let rows = trained.learned_rows();
    let bar = Progress::named("settling", rows.len().min(options.images));
    let Trained { network, data, .. } = trained;
    Prior::fit(network, &data.train, &rows, settling, options, |event| match event {
        PriorEvent::Settled(more) => bar.advance(more),
        PriorEvent::Step(step, likelihood) => {
            let name = "fitting the mixture".to_owned();
            bar.stand(name, step, options.mixture.steps, format!("log-likelihood {likelihood:.2}"));
        }
    })
}
