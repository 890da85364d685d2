//! What the weights of a run make of a few images, and what its settling bears.

use super::error::TouchError;
use crate::circuit::Stopping;
use crate::evaluation::{self, Show, Trained};
use crate::executor::{SettleOptions, Settler};
use crate::stability::Stability;
use crate::view::tiles;
use serde::Serialize;

/// Images that are reconstructed, and samples that are linearised.
const IMAGES: usize = 10;
const SAMPLES: usize = 3;

/// More free neurons than this take minutes to linearise, which a page does not wait for.
const MOST_NEURONS: usize = 2_048;

/// The verdict on a run.
#[derive(Debug, Clone, Serialize)]
pub struct ShownVerdict {
    /// In words.
    pub words: String,
    /// With its figures.
    pub stability: Stability,
}

/// Test images of all classes above what the run makes of them, as PNG.
pub(super) fn reconstructions(trained: &mut Trained) -> Result<Vec<u8>, TouchError> {
    let settling = trained.circuit().settling().clone();
    let images = trained.data.test_or_train();
    Ok(tiles::reconstructions(&mut trained.network, images, (IMAGES, false), &settling)?)
}

/// What settling bears where a few test images have settled in lock-step: the verdict of `gncn check --stability`.
pub(super) fn verdict(trained: &mut Trained) -> Result<ShownVerdict, TouchError> {
    let circuit = trained.circuit();
    let free: usize =
        circuit.layers().filter(|(_, layer)| layer.sense().is_none()).map(|(_, layer)| layer.size()).sum();
    if free > MOST_NEURONS {
        return Err(TouchError::Request(format!(
            "{free} free neurons take minutes to linearise; `gncn check CIRCUIT --weights FILE --stability` does it"
        )));
    }
    let images = trained.data.test_or_train();
    let rows: Vec<usize> = (0..images.count().min(SAMPLES)).collect();
    let episode = evaluation::episode(&circuit, images, &rows, Show::Everything)?;
    let steps = circuit.settling().stopping.max_steps();
    let settling = circuit.settling().in_lock_step(Stopping::Steps(steps));
    let mut settler = Settler::new();
    settler.settle(&mut trained.network, &episode, &settling, SettleOptions::default())?;
    let stability = Stability::of(&trained.network, &episode, settler.activities(), steps);
    let stability = stability.map_err(|error| TouchError::Request(error.to_string()))?;
    Ok(ShownVerdict { words: format!("{} {}", circuit.name(), stability.words()), stability })
}
