//! Images in blocks: each above what was shown of it and what became of it.

use crate::circuit::Settling;
use crate::data::{DataError, Images};
use crate::evaluation::{self, EvaluationError};
use crate::matrix::Matrix;
use crate::network::Network;
use crate::picture::{self, NamedTiles};

/// Images in a picture of reconstructions unless asked otherwise.
pub const COUNT: usize = 20;
/// Images in a row of a picture.
const ACROSS: usize = 10;
/// Pixels of the picture for each pixel of an image.
const SCALE: usize = 3;

/// The bytes of a PNG: the images `chosen`, so many in a block, one below the other as each of `stacked` has them. With
/// `captions` every row has its name, and every block the classes of its images.
///
/// # Errors
/// [`DataError`] where the picture would be too large.
pub fn draw(
    images: &Images,
    chosen: &[usize],
    stacked: &[(&str, &Matrix)],
    captions: bool,
) -> Result<Vec<u8>, DataError> {
    let mut rows = Vec::new();
    for start in (0..chosen.len()).step_by(ACROSS) {
        let block = start..(start + ACROSS).min(chosen.len());
        for (depth, (name, matrix)) in stacked.iter().enumerate() {
            let tiles = block.clone().map(|i| matrix.row(i)).collect();
            let labels = images.labels().filter(|_| captions && depth == 0);
            let above = labels.map(|labels| block.clone().map(|i| labels[chosen[i]].to_string()).collect());
            rows.push(NamedTiles { name: if captions { name } else { "" }, tiles, above: above.unwrap_or_default() });
        }
    }
    picture::named_grid(&rows, images.width(), images.height(), SCALE)
}

/// The bytes of a PNG: rows of images, each row above the row of their reconstructions.
///
/// # Errors
/// [`EvaluationError`] where the images don't fit the circuit, settling fails, or the picture would be too large.
pub fn reconstructions(
    network: &mut Network,
    images: &Images,
    (count, captions): (usize, bool),
    settling: &Settling,
) -> Result<Vec<u8>, EvaluationError> {
    let chosen = choose(images, count);
    let shown = images.shades(&images.matrix(&chosen));
    let settled = images.shades(&evaluation::reconstruct(network, images, &chosen, settling)?);
    Ok(draw(images, &chosen, &[("image", &shown), ("settled", &settled)], captions)?)
}

/// The first images of each class in turn, so that a small picture shows all classes; without labels the first ones.
#[must_use]
pub fn choose(images: &Images, count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..images.count()).collect();
    if let Some(labels) = images.labels() {
        let mut seen = [0_usize; 256];
        let mut round = vec![0; labels.len()];
        for (round, label) in round.iter_mut().zip(labels) {
            *round = seen[usize::from(*label)];
            seen[usize::from(*label)] += 1;
        }
        order.sort_by_key(|i| (round[*i], labels[*i]));
    }
    order.truncate(count);
    order
}
