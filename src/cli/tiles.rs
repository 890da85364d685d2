//! Images in blocks: each above what was shown of it and what became of it.

use super::failure::Failure;
use crate::data::Images;
use crate::matrix::Matrix;
use crate::picture::{self, NamedTiles};

/// Images in a row of a picture.
const ACROSS: usize = 10;
/// Pixels of the picture for each pixel of an image.
const SCALE: usize = 3;

/// The bytes of a PNG: the images `chosen`, so many in a block, one below the other as each of `stacked` has them. With
/// `captions` every row has its name, and every block the classes of its images.
pub(super) fn draw(
    images: &Images,
    chosen: &[usize],
    stacked: &[(&str, &Matrix)],
    captions: bool,
) -> Result<Vec<u8>, Failure> {
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
    Ok(picture::named_grid(&rows, images.width(), images.height(), SCALE)?)
}
