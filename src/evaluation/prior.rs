//! The prior over top-layer activities of a trained network, and what can be said of images under it.

use super::descent::{Descent, DescentError};
use super::importance::{Estimate, Importance};
use super::latents::{balanced, latents_with};
use super::likelihood::PriorDraws;
use super::measures::MeasureError;
use super::mixture::{Fit, Mixture, MixtureError, MixtureOptions};
use crate::blame::{Blame, Blamed};
use crate::circuit::Settling;
use crate::data::Images;
use crate::executor::Settler;
use crate::matrix::Matrix;
use crate::network::Network;
use crate::rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// A mixture fitted to what the top layer settles to on training images.
#[derive(Debug, Clone)]
pub struct FittedPrior {
    /// The mixture.
    pub mixture: Mixture,
    /// How its fit went.
    pub fit: Fit,
    /// Images it was fitted to.
    pub images: usize,
    /// The way down from a draw to an image.
    pub descent: Descent,
}

/// How a prior is fitted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PriorOptions {
    /// Training images that it is fitted to, at the most: the same number of each class.
    pub images: usize,
    /// How the mixture is fitted.
    pub mixture: MixtureOptions,
}

/// What fitting is at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PriorEvent {
    /// So many more images have settled.
    Settled(usize),
    /// After this step of the mixture, the mean log-likelihood of a sample was this, in nats.
    Step(usize, f64),
}

/// Why there is no prior.
#[derive(Debug, thiserror::Error)]
pub enum PriorError {
    /// The circuit has no way down from a top to the image.
    #[error(transparent)]
    Descent(#[from] DescentError),
    /// Settling failed.
    #[error(transparent)]
    Measure(#[from] MeasureError),
    /// The mixture could not be fitted.
    #[error(transparent)]
    Mixture(#[from] MixtureError),
}

impl Blamed for PriorError {
    fn blame(&self) -> Blame {
        match self {
            Self::Descent(cause) => cause.blame(),
            Self::Measure(cause) => cause.blame(),
            Self::Mixture(cause) => cause.blame(),
        }
    }
}

impl FittedPrior {
    /// Settles on at most `options.images` of the images `rows` and fits a mixture to the top.
    ///
    /// # Errors
    /// [`PriorError`] where the circuit has no single free top, or settling or fitting fails.
    pub fn fit(
        network: &mut Network,
        images: &Images,
        rows: &[usize],
        settling: &Settling,
        options: &PriorOptions,
        watch: impl FnMut(PriorEvent),
    ) -> Result<Self, PriorError> {
        Self::fit_with(&mut Settler::new(), network, (images, rows), (settling, options), watch)
    }

    /// [`FittedPrior::fit`] with a settler of one's own.
    pub(super) fn fit_with(
        settler: &mut Settler,
        network: &mut Network,
        (images, rows): (&Images, &[usize]),
        (settling, options): (&Settling, &PriorOptions),
        mut watch: impl FnMut(PriorEvent),
    ) -> Result<Self, PriorError> {
        let descent = Descent::new(network)?;
        let rows = balanced(images, rows, options.images, options.mixture.seed);
        let top = descent.top();
        let seen = |more| watch(PriorEvent::Settled(more));
        let activities = latents_with(settler, network, (top, images, &rows), settling, seen)?;
        let step = |step, likelihood| watch(PriorEvent::Step(step, likelihood));
        let (mixture, fit) = Mixture::fit(&activities, &options.mixture, step)?;
        Ok(Self { mixture, fit, images: rows.len(), descent })
    }

    /// `count` draws, pushed down: the same ones for the same seed.
    #[must_use]
    pub fn draw(&self, count: usize, seed: u64) -> PriorDraws {
        PriorDraws::new(&self.descent, self.mixture.draw(count, &mut rng::stream(seed, "prior draws")))
    }

    /// `log_px_is` of each of the images `rows`, on which the top has settled to `settled` `[rows, J]`; each image has a
    /// random stream of its own, so that the bits do not depend on the number of threads.
    ///
    /// # Panics
    /// As [`Importance::new`].
    #[must_use]
    pub fn importance(
        &self,
        draws: &PriorDraws,
        images: &Images,
        (rows, settled): (&[usize], &Matrix),
        (count, seed): (usize, u64),
        seen: impl Fn(usize) + Sync,
    ) -> Vec<Estimate> {
        let importance = Importance::new(&self.mixture, &self.descent, draws);
        let of = |(i, row): (usize, &usize)| {
            let mut rng = rng::stream_at(seed, "importance", *row as u64);
            let estimate = importance.estimate(images.matrix(&[*row]).row(0), settled.row(i), count, &mut rng);
            seen(1);
            estimate
        };
        rows.par_iter().enumerate().map(of).collect()
    }
}
