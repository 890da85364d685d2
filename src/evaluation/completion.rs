//! Completion: the right half of an image hidden, the missing part moved by its own mismatch while the circuit settles
//! (Eq. 19), and how far it ends from the truth (design section 5).

use super::hidden::Hidden;
use super::measures::MeasureError;
use super::senses::{self, Show};
use crate::circuit::Settling;
use crate::data::{Batches, Images};
use crate::executor::{Presentation, SettleOptions, Settler};
use crate::matrix::Matrix;
use crate::network::Network;

/// Images settled at once.
const BATCH: usize = 500;

/// Images `[n, pixels]` as they are, as they are shown, and as they are completed.
#[derive(Debug, Clone, PartialEq)]
pub struct Completed {
    /// The truth.
    pub images: Matrix,
    /// 1 where a pixel is shown, 0 where it is hidden.
    pub observed: Matrix,
    /// What the layer of the image settles to: the truth where it is shown.
    pub settled: Matrix,
}

impl Completed {
    /// Squared error of each image, summed over its hidden pixels.
    #[must_use]
    pub fn squared_errors(&self) -> Vec<f64> {
        // A sum of nothing would be -0.
        let of = |i: usize| {
            let pixels = self.images.row(i).iter().zip(self.settled.row(i)).zip(self.observed.row(i));
            pixels
                .filter(|(_, seen)| **seen == 0.0)
                .map(|((x, z), _)| f64::from(x - z).powi(2))
                .fold(0.0, |sum, error| sum + error)
        };
        (0..self.images.rows()).map(of).collect()
    }
}

/// Completes the right halves of the images `rows`, as many as are wanted at once.
///
/// # Errors
/// [`MeasureError`] where the data do not fit or settling fails.
pub fn complete(
    network: &mut Network,
    images: &Images,
    rows: &[usize],
    settling: &Settling,
) -> Result<Completed, MeasureError> {
    complete_where(network, images, rows, settling, &Hidden::Right)
}

/// Completes what is hidden of the images `rows`, as many as are wanted at once.
///
/// # Errors
/// As [`complete`].
pub fn complete_where(
    network: &mut Network,
    images: &Images,
    rows: &[usize],
    settling: &Settling,
    hidden: &Hidden,
) -> Result<Completed, MeasureError> {
    complete_as(network, images, rows, (hidden, settling), SettleOptions::measuring(0).presentation)
}

/// The same, as a presentation of one's own.
///
/// # Errors
/// As [`complete`].
pub fn complete_as(
    network: &mut Network,
    images: &Images,
    rows: &[usize],
    (hidden, settling): (&Hidden, &Settling),
    presentation: Presentation,
) -> Result<Completed, MeasureError> {
    complete_with(&mut Settler::new(), network, (images, rows), (hidden, settling), presentation)
}

/// [`complete_as`] with a settler of one's own.
fn complete_with(
    settler: &mut Settler,
    network: &mut Network,
    (images, rows): (&Images, &[usize]),
    (hidden, settling): (&Hidden, &Settling),
    presentation: Presentation,
) -> Result<Completed, MeasureError> {
    let (sense, layer) = senses::image_sense(network.circuit())?;
    let sense = sense.to_owned();
    let observed = hidden.observed(images.grid(), rows);
    let episode = senses::episode(network.circuit(), images, rows, Show::ImagesOnly)?;
    let episode = episode.mask(network.circuit(), &sense, observed.clone()).map_err(senses::SenseError::from)?;
    settler.settle(network, &episode, settling, SettleOptions { presentation, ..SettleOptions::default() })?;
    let settled = settler.activities().state(network.wiring(), layer);
    Ok(Completed { images: images.matrix(rows), observed, settled })
}

/// M-MSE: the squared error over the hidden halves of the images `rows`, summed over pixels, mean over images.
///
/// # Errors
/// As [`complete`].
pub fn masked_error(
    network: &mut Network,
    images: &Images,
    rows: &[usize],
    settling: &Settling,
    seen: impl FnMut(usize),
) -> Result<f64, MeasureError> {
    masked_error_with(&mut Settler::new(), network, (images, rows), settling, seen)
}

/// [`masked_error`] with a settler of one's own.
pub(super) fn masked_error_with(
    settler: &mut Settler,
    network: &mut Network,
    (images, rows): (&Images, &[usize]),
    settling: &Settling,
    mut seen: impl FnMut(usize),
) -> Result<f64, MeasureError> {
    let mut sum = 0.0;
    for (at, batch) in (&Batches::in_order(rows, BATCH)).into_iter().enumerate() {
        let presentation = SettleOptions::measuring(at).presentation;
        let shown = (&Hidden::Right, settling);
        let completed = complete_with(settler, network, (images, batch), shown, presentation)?;
        sum += completed.squared_errors().iter().sum::<f64>();
        seen(batch.len());
    }
    Ok(sum / rows.len().max(1) as f64)
}
