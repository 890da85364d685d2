//! What the top layer settles to: `φ(z)`, image by image. Priors and classifiers are fitted to it.

use super::descent::{DescentError, top_layer};
use super::measures::MeasureError;
use super::senses::{self, Show};
use crate::circuit::{LayerId, Settling};
use crate::data::{Batches, Images};
use crate::executor::{SettleOptions, Settler};
use crate::matrix::Matrix;
use crate::network::Network;
use crate::rng;
use rand::seq::SliceRandom as _;

/// Images settled at once.
const BATCH: usize = 500;

/// Images that a prior is fitted to unless asked otherwise, as in the authors' released code.
pub const PRIOR_IMAGES: usize = 18_000;

/// The layer whose activities stand for an image: the top.
///
/// # Errors
/// [`DescentError`] where there is no single top.
pub fn latent_layer(network: &Network) -> Result<LayerId, DescentError> {
    top_layer(network.circuit())
}

/// `φ(z)` of `layer`, settled on the images `rows`: `[rows, J]`. A sense `label` is released.
///
/// # Errors
/// [`MeasureError`] where the data do not fit or settling fails.
pub fn latents(
    network: &mut Network,
    layer: LayerId,
    images: &Images,
    rows: &[usize],
    settling: &Settling,
    seen: impl FnMut(usize),
) -> Result<Matrix, MeasureError> {
    latents_with(&mut Settler::new(), network, (layer, images, rows), settling, seen)
}

/// [`latents`] with a settler of one's own.
pub(super) fn latents_with(
    settler: &mut Settler,
    network: &mut Network,
    (layer, images, rows): (LayerId, &Images, &[usize]),
    settling: &Settling,
    mut seen: impl FnMut(usize),
) -> Result<Matrix, MeasureError> {
    let size = network.circuit().layer(layer).size();
    let mut all = Vec::with_capacity(rows.len() * size);
    for (at, batch) in (&Batches::in_order(rows, BATCH)).into_iter().enumerate() {
        let episode = senses::episode(network.circuit(), images, batch, Show::ImagesOnly)?;
        settler.settle(network, &episode, settling, SettleOptions::measuring(at))?;
        all.extend_from_slice(settler.activities().activity(network.wiring(), layer).as_slice());
        seen(batch.len());
    }
    Ok(Matrix::from_vec(rows.len(), size, all).expect("one row for each image"))
}

/// At most `count` of the images `rows`, the same number of each class as far as there are so many, drawn by seed; in
/// ascending order. Without labels, any of them.
#[must_use]
pub fn balanced(images: &Images, rows: &[usize], count: usize, seed: u64) -> Vec<usize> {
    let mut order = rows.to_vec();
    order.shuffle(&mut rng::stream(seed, "latents"));
    if let Some(labels) = images.labels() {
        let mut met = [0_usize; 256];
        let mut ranked: Vec<(usize, usize)> = Vec::with_capacity(order.len());
        for row in order {
            let class = &mut met[usize::from(labels[row])];
            ranked.push((*class, row));
            *class += 1;
        }
        // The first of each class, then the second of each, and so on.
        ranked.sort_by_key(|(rank, _)| *rank);
        order = ranked.into_iter().map(|(_, row)| row).collect();
    }
    order.truncate(count);
    order.sort_unstable();
    order
}
