//! BCE, free energy, sparsity and, for circuits with a label, accuracy.

use super::senses::{self, SenseError, Show};
use super::work::{SettlingWork, WorkSums};
use crate::blame::{Blame, Blamed};
use crate::circuit::{LayerId, Settling};
use crate::data::{Batches, Images};
use crate::executor::{Measure, Presentation, SettleError, SettleOptions, Settler};
use crate::matrix::Matrix;
use crate::network::Network;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;
use std::time::Instant;

/// Activity above which a unit counts as active (the paper's sparsity).
const ACTIVE: f32 = 1e-6;

/// Images settled at once: enough shards for every worker, little memory.
const BATCH: usize = 500;

/// Measures of a network on some images. A sense `label` is released: nothing here has seen the labels.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Measures {
    /// Number of images.
    pub images: usize,
    /// Mean over images of the summed binary cross-entropy of the settled prediction, in nats; for Bernoulli images.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub bce: Option<f64>,
    /// Free energy of each predicted layer, mean over images, in nats (constants of π dropped).
    pub free_energy: IndexMap<String, f64>,
    /// Share of units above 1e-6, for each free layer.
    pub sparsity: IndexMap<String, f64>,
    /// Share of images whose released label settles highest at the true class.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub accuracy: Option<f64>,
}

impl Measures {
    /// Free energy summed over layers.
    #[must_use]
    pub fn total_free_energy(&self) -> f64 {
        self.free_energy.values().sum()
    }
}

/// Why measuring failed.
#[derive(Debug, thiserror::Error)]
pub enum MeasureError {
    /// The data do not fit the circuit.
    #[error(transparent)]
    Sense(#[from] SenseError),
    /// Settling failed.
    #[error(transparent)]
    Settle(#[from] SettleError),
    /// Whoever watched asked for a stop.
    #[error("stopped as asked, while measuring")]
    Stopped,
}

impl Blamed for MeasureError {
    fn blame(&self) -> Blame {
        match self {
            Self::Sense(cause) => cause.blame(),
            Self::Settle(cause) => cause.blame(),
            Self::Stopped => Blame::Run,
        }
    }
}

/// Measures, and what settling for them cost.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Measured {
    /// What was measured: the same for the same bits of settling.
    pub measures: Measures,
    /// What it cost; seconds differ from run to run.
    pub work: SettlingWork,
}

/// Settles on the images `rows` and measures, each batch as a presentation of its own; of a circuit that settles frame by
/// frame, on the sequences that begin among them, and figures are means over frames. `seen` is told after every batch, or
/// frame of it, how many images more are done, and may break it off.
///
/// # Errors
/// [`MeasureError`] where the data do not fit, settling fails, or `seen` breaks it off.
pub fn measure(
    network: &mut Network,
    images: &Images,
    rows: &[usize],
    shown: (&Settling, Presentation),
    seen: impl FnMut(usize) -> ControlFlow<()>,
) -> Result<Measured, MeasureError> {
    measure_with(&mut Settler::new(), network, images, rows, shown, seen)
}

/// [`measure`] with a settler of one's own.
///
/// # Errors
/// As [`measure`].
pub(crate) fn measure_with(
    settler: &mut Settler,
    network: &mut Network,
    images: &Images,
    rows: &[usize],
    (settling, presentation): (&Settling, Presentation),
    mut seen: impl FnMut(usize) -> ControlFlow<()>,
) -> Result<Measured, MeasureError> {
    let (mut sums, mut work) = (Sums::new(network), WorkSums::default());
    let beginnings = settling.framed.then(|| images.beginnings(rows));
    for (at, batch) in (&Batches::in_order(beginnings.as_deref().unwrap_or(rows), BATCH)).into_iter().enumerate() {
        let presentation = Presentation { batch: at as u64, ..presentation };
        for (frame, episode) in senses::sequence(network.circuit(), images, batch, Show::ImagesOnly)?.iter().enumerate()
        {
            let presentation = presentation.frame(frame);
            let options = SettleOptions { measure: Measure::Readout, presentation, ..SettleOptions::default() };
            let started = Instant::now();
            let settled = settler.settle(network, episode, settling, options)?;
            work.add(&settled, batch.len(), started.elapsed().as_secs_f64());
            for (sum, value) in sums.energy.iter_mut().zip(settled.energies.sums.last().into_iter().flatten()) {
                *sum += value;
            }
            let shown: Vec<usize> = batch.iter().map(|row| row + frame).collect();
            sums.add(network, settler, images, &shown);
            if seen(batch.len()).is_break() {
                return Err(MeasureError::Stopped);
            }
        }
    }
    Ok(Measured { measures: sums.finish(network), work: work.finish() })
}

/// The settled predictions of the images `rows`, `[rows, size]`.
///
/// # Errors
/// [`MeasureError`] where the data do not fit or settling fails.
pub fn reconstruct(
    network: &mut Network,
    images: &Images,
    rows: &[usize],
    settling: &Settling,
) -> Result<Matrix, MeasureError> {
    let (_, layer) = senses::image_sense(network.circuit())?;
    if settling.framed && images.frames() > 1 {
        return reconstruct_frames(network, images, rows, settling, layer);
    }
    let episode = senses::episode(network.circuit(), images, rows, Show::ImagesOnly)?;
    let mut settler = Settler::new();
    settler.settle(network, &episode, settling, SettleOptions::default())?;
    let mean = settler.activities().mean(network.wiring(), layer);
    Ok(mean.unwrap_or_else(|| settler.activities().state(network.wiring(), layer)))
}

/// The predictions of frames `rows`, each after the frames that come before it in its sequence.
fn reconstruct_frames(
    network: &mut Network,
    images: &Images,
    rows: &[usize],
    settling: &Settling,
    layer: LayerId,
) -> Result<Matrix, MeasureError> {
    let frame_of = |row: &usize| row % images.frames();
    let beginnings: Vec<usize> = rows.iter().map(|row| row - frame_of(row)).collect();
    let last = rows.iter().map(frame_of).max().unwrap_or(0);
    let mut settler = Settler::new();
    let mut predicted = Matrix::zeros(rows.len(), network.circuit().layer(layer).size());
    let episodes = senses::sequence(network.circuit(), images, &beginnings, Show::ImagesOnly)?;
    for (frame, episode) in episodes.iter().enumerate().take(last + 1) {
        let presentation = Presentation::default().frame(frame);
        settler.settle(network, episode, settling, SettleOptions { presentation, ..SettleOptions::default() })?;
        let activities = settler.activities();
        let mean = activities.mean(network.wiring(), layer);
        let mean = mean.unwrap_or_else(|| activities.state(network.wiring(), layer));
        for (i, _) in rows.iter().enumerate().filter(|(_, row)| frame_of(row) == frame) {
            predicted.row_mut(i).copy_from_slice(mean.row(i));
        }
    }
    Ok(predicted)
}

/// Running sums over batches.
struct Sums {
    images: usize,
    energy: Vec<f64>,
    active: Vec<u64>,
    right: Option<u64>,
}

impl Sums {
    fn new(network: &Network) -> Self {
        let circuit = network.circuit();
        let predicted = circuit.layers().filter(|(id, _)| circuit.is_predicted(*id)).count();
        Self { images: 0, energy: vec![0.0; predicted], active: vec![0; circuit.layers().len()], right: None }
    }

    fn add(&mut self, network: &Network, settler: &Settler, images: &Images, batch: &[usize]) {
        let (circuit, wiring, activities) = (network.circuit(), network.wiring(), settler.activities());
        self.images += batch.len();
        for (id, _) in circuit.layers().filter(|(_, layer)| layer.sense().is_none()) {
            for activity in activities.of(wiring.state_of(id)).iter().filter_map(|a| a.state()) {
                self.active[id.0] += activity.activity().as_slice().iter().filter(|a| **a > ACTIVE).count() as u64;
            }
        }
        if let (Some((label, _)), Some(labels)) = (senses::label_layer(circuit), images.labels()) {
            let state = activities.state(wiring, label);
            let is_right = |(i, row): (usize, &usize)| highest(state.row(i)) == usize::from(labels[*row]);
            let right = batch.iter().enumerate().filter(|pair| is_right(*pair)).count() as u64;
            *self.right.get_or_insert(0) += right;
        }
    }

    fn finish(self, network: &Network) -> Measures {
        let circuit = network.circuit();
        let images = self.images.max(1) as f64;
        let predicted = circuit.layers().filter(|(id, _)| circuit.is_predicted(*id));
        let energy: IndexMap<_, _> =
            predicted.zip(&self.energy).map(|((_, layer), sum)| (layer.name().to_owned(), sum / images)).collect();
        let free = circuit.layers().filter(|(_, layer)| layer.sense().is_none());
        let share = |id: usize, size: usize| self.active[id] as f64 / (images * size as f64);
        let image = senses::image_sense(circuit).ok().map(|(_, id)| circuit.layer(id));
        Measures {
            images: self.images,
            bce: image.and_then(|layer| layer.cross_entropy(*energy.get(layer.name())?)),
            sparsity: free.map(|(id, layer)| (layer.name().to_owned(), share(id.0, layer.size()))).collect(),
            accuracy: self.right.map(|right| right as f64 / images),
            free_energy: energy,
        }
    }
}

/// The index of the largest value, the first of equals.
pub(crate) fn highest(values: &[f32]) -> usize {
    let better = |best: usize, i: usize| if values[i] > values[best] { i } else { best };
    (1..values.len()).fold(0, better)
}
