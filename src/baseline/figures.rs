//! The measures of the paper for a trained model, by the code that measures circuits: a mixture over codes gives
//! `log p(x)`, a logistic regression on codes the classification error.

use super::{BaselineError, Codes, Kind};
use crate::data::{Dataset, Images};
use crate::evaluation::mixture::{Draws, Mixture};
use crate::evaluation::{
    Emission, Logistic, LogisticOptions, PriorDraws, PriorOptions, as_published, balanced, log_likelihood,
};
use crate::matrix::Matrix;
use crate::params::Likelihood;
use crate::rng;
use serde::Serialize;

/// Added to the diagonal of a covariance of pixels, which take two values and are often constant.
const PIXEL_REGULARISATION: f64 = 0.01;

/// What was measured; absent where a model has no such measure.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Figures {
    /// Images that were measured on.
    pub images: usize,
    /// Mean over images of the summed binary cross-entropy of the reconstruction, in nats.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bce: Option<f64>,
    /// Share of images of which the class is wrong: by a logistic regression on codes, or by a DSRN itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub classification_error: Option<f64>,
    /// Mean over images of `log p(x)`, by draws from the mixture, in nats.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_px: Option<f64>,
    /// The same with `log n` added where the estimate subtracts it, as in the published tables.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_px_as_published: Option<f64>,
    /// Training images that the mixture was fitted to, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mixture_images: Option<usize>,
    /// Steps that the fit took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mixture_steps: Option<usize>,
}

/// How figures are taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FigureOptions {
    /// How the mixture is fitted.
    pub prior: PriorOptions,
    /// Draws from it.
    pub draws: usize,
    /// Seed of the draws.
    pub seed: u64,
}

/// Figures, and what they were taken from where the model can draw.
#[derive(Debug, Clone, Default)]
pub struct Taken {
    /// The figures.
    pub figures: Figures,
    /// Images that were drawn, `[draws, J]`.
    pub drawn: Option<Matrix>,
    /// The mixture over codes, or over pixels.
    pub mixture: Option<Mixture>,
}

/// Figures on the test images; `learned` are the
/// training images that it has learned from, `watch` is told steps of the mixture.
///
/// # Errors
/// [`BaselineError`] where the mixture can't be fitted or the engine of gradients refuses.
pub fn figures(
    codes: &Codes<'_>,
    data: &Dataset,
    learned: &[usize],
    options: &FigureOptions,
    watch: impl FnMut(usize, f64),
) -> Result<Taken, BaselineError> {
    let test = data.test_or_train();
    let rows: Vec<usize> = (0..test.count()).collect();
    let mut figures = Figures { images: rows.len(), ..Figures::default() };
    let kind = codes.spec().model;
    if kind == Kind::Dsrn {
        figures.classification_error = codes.measure(test, &rows)?.accuracy.map(|accuracy| 1.0 - accuracy);
        return Ok(Taken { figures, ..Taken::default() });
    }
    if kind.is_autoencoder() {
        figures.bce = codes.measure(test, &rows)?.bce;
        figures.classification_error = classification_error(codes, data, learned, test, &rows)?;
    }
    let mut mixture_options = options.prior.mixture;
    if kind == Kind::Gmm {
        mixture_options.regularisation = PIXEL_REGULARISATION;
    }
    let fitted = balanced(&data.train, learned, options.prior.images, mixture_options.seed);
    let (mixture, fit) = Mixture::fit(&codes.encode_rows(&data.train, &fitted)?, &mixture_options, watch)?;
    let draws = mixture.draw(options.draws, &mut rng::stream(options.seed, "prior draws"));
    let drawn = decoded(codes, &mixture, &draws)?;
    let prior = PriorDraws { emission: Emission::new(Likelihood::Bernoulli, &drawn), draws };
    let log_px = prior.log_px(test, &rows, |_| {});
    let mean = log_px.iter().sum::<f64>() / log_px.len().max(1) as f64;
    figures.log_px = Some(mean);
    figures.log_px_as_published = Some(as_published(mean, options.draws));
    (figures.mixture_images, figures.mixture_steps) = (Some(fitted.len()), Some(fit.log_likelihoods.len() - 1));
    Ok(Taken { figures, drawn: Some(drawn), mixture: Some(mixture) })
}

/// The image of each draw. A draw from a mixture on pixels stands for the mean of its component: the density of a
/// Gaussian over pixels can't be compared with probabilities of binary images, and a draw itself is no probability.
fn decoded(codes: &Codes<'_>, mixture: &Mixture, draws: &Draws) -> Result<Matrix, BaselineError> {
    if codes.spec().model != Kind::Gmm {
        return codes.decode(&draws.samples);
    }
    let mean = |i: usize, j: usize| mixture.components()[draws.components[i]].mean()[j] as f32;
    Ok(Matrix::from_fn(draws.components.len(), mixture.size(), mean))
}

fn classification_error(
    codes: &Codes<'_>,
    data: &Dataset,
    learned: &[usize],
    test: &Images,
    rows: &[usize],
) -> Result<Option<f64>, BaselineError> {
    let (Some(train_labels), Some(test_labels)) = (data.train.labels(), test.labels()) else { return Ok(None) };
    let pick = |labels: &[u8], rows: &[usize]| rows.iter().map(|row| labels[*row]).collect::<Vec<_>>();
    let (samples, labels) = (codes.encode_rows(&data.train, learned)?, pick(train_labels, learned));
    let regression = Logistic::fit(&samples, &labels, data.classes(), &LogisticOptions::default());
    Ok(Some(regression.error(&codes.encode_rows(test, rows)?, &pick(test_labels, rows))))
}

/// `−log p(x | mean)` summed over all images.
pub(super) fn binary_cross_entropy(probabilities: &Matrix, images: &Matrix) -> f64 {
    let of = |row: usize| -log_likelihood(Likelihood::Bernoulli, images.row(row), probabilities.row(row));
    (0..images.rows()).map(of).sum()
}
