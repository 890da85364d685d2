//! The measures of the paper for a trained model, by the code that measures circuits: a mixture over codes gives
//! `log p(x)`, a logistic regression on codes the classification error.

use super::error::BaselineError;
use super::measure::Codes;
use super::spec::ComparedKind;
use crate::data::{Dataset, Images};
use crate::evaluation::mixture::{Draws, Mixture};
use crate::evaluation::{Emission, Logistic, LogisticOptions, PriorDraws, PriorOptions, as_published, balanced};
use crate::matrix::Matrix;
use crate::params::Likelihood;
use crate::rng;
use serde::{Deserialize, Serialize};

/// Added to the diagonal of a covariance of pixels, which take two values and are often constant.
const PIXEL_REGULARISATION: f64 = 0.01;

/// What can be measured for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ComparedPart {
    /// Reconstruction.
    Bce,
    /// Hidden halves.
    Mmse,
    /// Classes.
    Classification,
    /// log p(x), as it is and as it was published.
    LogPx,
}

impl ComparedPart {
    /// Its name on the command line and in `eval.json`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Bce => "bce",
            Self::Mmse => "mmse",
            Self::Classification => "classification",
            Self::LogPx => "log_px",
        }
    }
}

impl ComparedKind {
    /// What can be measured of such a model.
    #[must_use]
    pub fn parts(self) -> &'static [ComparedPart] {
        match self {
            Self::Gmm => &[ComparedPart::LogPx],
            Self::Dsrn => &[ComparedPart::Classification],
            Self::Rae | Self::GvaeCv | Self::Gvae | Self::GanAe => {
                &[ComparedPart::Bce, ComparedPart::Mmse, ComparedPart::Classification, ComparedPart::LogPx]
            }
        }
    }
}

/// What was measured; absent where a model has no such measure.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Images that were measured on.
    pub images: usize,
    /// Mean over images of the summed binary cross-entropy of the reconstruction, in nats.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub bce: Option<f64>,
    /// Squared error over the right half, hidden and completed, summed over pixels, mean over images.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub mmse: Option<f64>,
    /// Share of images of which the class is wrong: by a logistic regression on codes, or by a DSRN itself.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub classification_error: Option<f64>,
    /// Mean over images of `log p(x)`, by draws from the mixture, in nats.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub log_px: Option<f64>,
    /// The same with `log n` added where the estimate subtracts it, as in the published tables.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub log_px_as_published: Option<f64>,
    /// Training images that the mixture was fitted to, where there is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub mixture_images: Option<usize>,
    /// Steps that the fit took.
    #[serde(skip_serializing_if = "Option::is_none", default)]
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
    /// Measure on the first so many test images; `None` is all of them.
    pub limit: Option<usize>,
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

/// A trained model, and what it is measured on.
#[derive(Debug, Clone, Copy)]
pub struct Gauge<'a> {
    /// The model.
    pub codes: &'a Codes<'a>,
    /// Its test images are measured on.
    pub data: &'a Dataset,
    /// The training images that it has learned from.
    pub learned: &'a [usize],
    /// How figures are taken.
    pub options: FigureOptions,
}

/// All figures of a model on the test images; `learned` are the training images that it has learned from, `watch` is
/// told steps of the mixture.
///
/// # Errors
/// As [`Gauge::take`].
pub fn figures(
    codes: &Codes<'_>,
    data: &Dataset,
    learned: &[usize],
    options: &FigureOptions,
    mut watch: impl FnMut(usize, f64),
) -> Result<Taken, BaselineError> {
    let gauge = Gauge { codes, data, learned, options: *options };
    let mut taken = Taken::default();
    for part in codes.spec().model.parts() {
        let prior = gauge.take(*part, &mut taken.figures, &mut watch)?;
        if let Some((drawn, mixture)) = prior {
            (taken.drawn, taken.mixture) = (Some(drawn), Some(mixture));
        }
    }
    Ok(taken)
}

impl Gauge<'_> {
    /// Takes the figures of one part. For log p(x), gives the images that were drawn, `[draws, J]`, and the mixture.
    ///
    /// # Errors
    /// [`BaselineError`] where the mixture can't be fitted or the engine of gradients refuses.
    pub fn take(
        &self,
        part: ComparedPart,
        figures: &mut Figures,
        watch: impl FnMut(usize, f64),
    ) -> Result<Option<(Matrix, Mixture)>, BaselineError> {
        let test = self.data.test_or_train();
        let rows: Vec<usize> = (0..test.count().min(self.options.limit.unwrap_or(usize::MAX))).collect();
        figures.images = rows.len();
        match part {
            ComparedPart::Bce => figures.bce = self.codes.measure(test, &rows)?.bce,
            ComparedPart::Mmse => figures.mmse = Some(self.codes.masked_error(test, &rows)?),
            ComparedPart::Classification => figures.classification_error = self.classification_error(test, &rows)?,
            ComparedPart::LogPx => return self.log_px(test, &rows, figures, watch).map(Some),
        }
        Ok(None)
    }

    fn log_px(
        &self,
        test: &Images,
        rows: &[usize],
        figures: &mut Figures,
        watch: impl FnMut(usize, f64),
    ) -> Result<(Matrix, Mixture), BaselineError> {
        let Self { codes, data, learned, options } = *self;
        let mut mixture_options = options.prior.mixture;
        if codes.spec().model == ComparedKind::Gmm {
            mixture_options.regularisation = PIXEL_REGULARISATION;
        }
        let fitted = balanced(&data.train, learned, options.prior.images, mixture_options.seed);
        let (mixture, fit) = Mixture::fit(&codes.encode_rows(&data.train, &fitted)?, &mixture_options, watch)?;
        let draws = mixture.draw(options.draws, &mut rng::stream(options.seed, "prior draws"));
        let drawn = decoded(codes, &mixture, &draws)?;
        let prior = PriorDraws { emission: Emission::new(Likelihood::Bernoulli, &drawn), draws };
        let log_px = prior.log_px(test, rows, |_| {});
        let mean = log_px.iter().sum::<f64>() / log_px.len().max(1) as f64;
        figures.log_px = Some(mean);
        figures.log_px_as_published = Some(as_published(mean, options.draws));
        (figures.mixture_images, figures.mixture_steps) = (Some(fitted.len()), Some(fit.log_likelihoods.len() - 1));
        Ok((drawn, mixture))
    }

    /// By a DSRN itself, or by a logistic regression on codes; nothing without labels.
    fn classification_error(&self, test: &Images, rows: &[usize]) -> Result<Option<f64>, BaselineError> {
        let Self { codes, data, learned, .. } = *self;
        let (Some(train_labels), Some(test_labels)) = (data.train.labels(), test.labels()) else { return Ok(None) };
        if codes.spec().model == ComparedKind::Dsrn {
            return Ok(codes.measure(test, rows)?.accuracy.map(|accuracy| 1.0 - accuracy));
        }
        let pick = |labels: &[u8], rows: &[usize]| rows.iter().map(|row| labels[*row]).collect::<Vec<_>>();
        let (samples, labels) = (codes.encode_rows(&data.train, learned)?, pick(train_labels, learned));
        let regression = Logistic::fit(&samples, &labels, data.classes(), &LogisticOptions::default());
        Ok(Some(regression.error(&codes.encode_rows(test, rows)?, &pick(test_labels, rows))))
    }
}

/// The image of each draw. A draw from a mixture on pixels stands for the mean of its component: the density of a
/// Gaussian over pixels can't be compared with probabilities of binary images, and a draw itself is no probability.
fn decoded(codes: &Codes<'_>, mixture: &Mixture, draws: &Draws) -> Result<Matrix, BaselineError> {
    if codes.spec().model != ComparedKind::Gmm {
        return codes.decode(&draws.samples);
    }
    let mean = |i: usize, j: usize| mixture.components()[draws.components[i]].mean()[j] as f32;
    Ok(Matrix::from_fn(draws.components.len(), mixture.size(), mean))
}
