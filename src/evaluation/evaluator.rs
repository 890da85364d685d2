//! The parts of an evaluation, each of which fills its own fields of the record.

use super::completion::masked_error_with;
use super::importance::Estimate;
use super::kept::fit_prior_over;
use super::latents::{latent_layer, latents_with};
use super::likelihood::{BLOCK, PriorDraws, as_published};
use super::logistic::{Logistic, LogisticOptions};
use super::measures::measure_with;
use super::mixture::MixtureError;
use super::prior::{FittedPrior, PriorError};
use super::progress::EvaluationEvent;
use super::record::{Evaluation, EvaluationOptions, EvaluationPart, LogPx, LogPxIs};
use super::sorting::SortedSamples;
use super::trained::{EvaluationError, Trained};
use crate::circuit::Settling;
use crate::data::Images;
use crate::executor::{Presentation, Purpose, Settler};
use crate::matrix::Matrix;
use crate::ranks::{Packet, Ranks, Unpack};
use crate::rng;
use bytemuck::{AnyBitPattern, NoUninit};
use std::ops::ControlFlow;
use std::time::Instant;

/// What is measured with.
#[derive(Debug)]
pub struct Evaluator {
    trained: Trained,
    settling: Settling,
    options: EvaluationOptions,
    /// Test images, the first ones.
    rows: Vec<usize>,
    /// Fitted once for both parts that need it.
    prior: Option<(FittedPrior, PriorDraws)>,
    ranks: Ranks,
}

/// Iterations of a regression on pixels at the most: beyond them the classes that it tells hardly change any more.
const PIXEL_ITERATIONS: usize = 200;

/// Whoever watches an evaluation, from any thread.
type Watch<'a> = &'a (dyn Fn(EvaluationEvent<'_>) + Sync);

impl Evaluator {
    /// Measures a run whose images settle as `settling` says.
    #[must_use]
    pub fn new(trained: Trained, settling: &Settling, options: EvaluationOptions) -> Self {
        let count = trained.data.test_or_train().count().min(options.limit.unwrap_or(usize::MAX));
        let (rows, settling, prior) = ((0..count).collect(), settling.clone(), None);
        Self { trained, settling, options, rows, prior, ranks: Ranks::alone() }
    }

    /// The same as one of several ranks, which measure together and all have the figures, to the bit those of one: of each
    /// batch every rank settles some samples, and of images whose likelihood is looked at it has some. A mixture and a
    /// classifier every rank fits by itself. They measure the same parts in the same order.
    #[must_use]
    pub fn over(self, ranks: Ranks) -> Self {
        Self { ranks, ..self }
    }

    fn settler(&self) -> Settler {
        Settler::new().over(self.ranks.clone())
    }

    /// Measures a part anew: its figures, or why it makes no sense here, are in `found` then.
    ///
    /// # Errors
    /// [`EvaluationError`] where settling fails or the images don't fit.
    pub fn measure(
        &mut self,
        part: EvaluationPart,
        found: &mut Evaluation,
        watch: Watch<'_>,
    ) -> Result<(), EvaluationError> {
        let started = Instant::now();
        found.forget(part);
        let done = match part {
            EvaluationPart::Bce => self.settle(found, watch),
            EvaluationPart::Mmse => self.complete(found, watch),
            EvaluationPart::Classification => self.classify(&LogisticOptions::default(), found, watch),
            EvaluationPart::LogPx => self.log_px(found, watch),
            EvaluationPart::LogPxIs => self.log_px_is(found, watch),
            EvaluationPart::Samples => self.sort_samples(found, watch),
        };
        watch(EvaluationEvent::End);
        done?;
        found.finish(part, started.elapsed().as_secs_f64());
        Ok(())
    }

    fn settle(&mut self, found: &mut Evaluation, watch: Watch<'_>) -> Result<(), EvaluationError> {
        watch(EvaluationEvent::Begin { name: "settling", count: self.rows.len() });
        let settler = &mut self.settler();
        let Trained { network, data, .. } = &mut self.trained;
        let seen = |done| {
            watch(EvaluationEvent::Done(done));
            ControlFlow::Continue(())
        };
        let presentation = Presentation::of_run(self.options.seed).at(Purpose::Measuring, 0, 0);
        let shown = (&self.settling, presentation);
        let measured = measure_with(settler, network, data.test_or_train(), &self.rows, shown, seen)?;
        (found.measures, found.work) = (Some(measured.measures), Some(measured.work));
        Ok(())
    }

    fn complete(&mut self, found: &mut Evaluation, watch: Watch<'_>) -> Result<(), EvaluationError> {
        watch(EvaluationEvent::Begin { name: "completing", count: self.rows.len() });
        let settler = &mut self.settler();
        let Trained { network, data, .. } = &mut self.trained;
        let seen = |done| watch(EvaluationEvent::Done(done));
        let shown = (data.test_or_train(), &self.rows[..]);
        found.mmse = Some(masked_error_with(settler, network, shown, &self.settling, seen)?);
        Ok(())
    }

    fn classify(
        &mut self,
        options: &LogisticOptions,
        found: &mut Evaluation,
        watch: Watch<'_>,
    ) -> Result<(), EvaluationError> {
        let mut refuse = |why: String| {
            found.refused.insert("classification".to_owned(), why);
            Ok(())
        };
        let (learned, settler) = (self.trained.learned_rows(), &mut self.settler());
        let Trained { network, data, .. } = &mut self.trained;
        let layer = match latent_layer(network) {
            Ok(layer) => layer,
            Err(error) => return refuse(error.to_string()),
        };
        let test = data.test_or_train();
        let (Some(train_labels), Some(test_labels)) = (data.train.labels(), test.labels()) else {
            return refuse("the data have no labels".to_owned());
        };
        let classes = data.classes();
        watch(EvaluationEvent::Begin { name: "classifying", count: learned.len() + self.rows.len() });
        let seen = |done| watch(EvaluationEvent::Done(done));
        let mut settle =
            |images, rows: &[usize]| latents_with(settler, network, (layer, images, rows), &self.settling, seen);
        let pick = |labels: &[u8], rows: &[usize]| rows.iter().map(|row| labels[*row]).collect::<Vec<_>>();
        let regression = {
            let activities = settle(&data.train, &learned)?;
            Logistic::fit(&activities, &pick(train_labels, &learned), classes, options)
        };
        if !regression.converged {
            let steps = regression.iterations;
            let note = format!("note: the regression has not converged after {steps} steps");
            watch(EvaluationEvent::Note(&note));
        }
        let activities = settle(test, &self.rows)?;
        found.classification_error = Some(regression.error(&activities, &pick(test_labels, &self.rows)));
        Ok(())
    }

    fn log_px(&mut self, found: &mut Evaluation, watch: Watch<'_>) -> Result<(), EvaluationError> {
        if let Err(why) = self.fit_prior(watch)? {
            found.refused.insert("log_px".to_owned(), why);
            return Ok(());
        }
        let Some((prior, draws)) = &self.prior else { return Ok(()) };
        let log_px = self.mean_log_px(draws, &self.rows);
        found.log_px = Some(LogPx {
            log_px,
            log_px_as_published: as_published(log_px, self.options.draws),
            mixture_images: prior.images,
            mixture_steps: prior.fit.log_likelihoods.len() - 1,
            mixture_end: prior.fit.end,
            mixture_log_likelihood: prior.fit.log_likelihoods.last().copied().unwrap_or(f64::NAN),
        });
        Ok(())
    }

    fn log_px_is(&mut self, found: &mut Evaluation, watch: Watch<'_>) -> Result<(), EvaluationError> {
        let mut refuse = |why: String| {
            found.refused.insert("log_px_is".to_owned(), why);
            Ok(())
        };
        if let Err(why) = self.fit_prior(watch)? {
            return refuse(why);
        }
        let Some((prior, draws)) = &self.prior else { return Ok(()) };
        if !prior.descent.is_smooth() {
            return refuse("a function between the top and the image has no derivative".to_owned());
        }
        let rows = &self.rows[..self.options.is_images.min(self.rows.len())];
        let settler = &mut self.settler();
        let Trained { network, data, .. } = &mut self.trained;
        let images = data.test_or_train();
        let top = prior.descent.top();
        let settled = latents_with(settler, network, (top, images, rows), &self.settling, |_| {})?;
        watch(EvaluationEvent::Begin { name: "importance", count: rows.len() });
        let own = self.ranks.share(rows.len());
        let own_settled = Matrix::from_fn(own.len(), settled.cols(), |i, j| settled.row(own.start + i)[j]);
        let (shown, drawn) = ((&rows[own], &own_settled), (self.options.is_draws, self.options.seed));
        let seen = |done| watch(EvaluationEvent::Done(done));
        let own = prior.importance(draws, images, shown, drawn, seen);
        let own: Vec<_> = own.iter().map(|e| [e.log_px, e.standard_error, e.effective]).collect();
        let estimate = |[log_px, standard_error, effective]: [f64; 3]| Estimate { log_px, standard_error, effective };
        let estimates: Vec<_> = together(&self.ranks, &own).into_iter().map(estimate).collect();
        watch(EvaluationEvent::End);
        found.log_px_is = Some(LogPxIs { log_px_on_is_images: self.mean_log_px(draws, rows), ..summary(&estimates) });
        Ok(())
    }

    /// A classifier that is fitted to the training images sorts samples from the prior.
    fn sort_samples(&mut self, found: &mut Evaluation, watch: Watch<'_>) -> Result<(), EvaluationError> {
        let mut refuse = |why: String| {
            found.refused.insert("samples".to_owned(), why);
            Ok(())
        };
        let data = &self.trained.data;
        if data.train.labels().is_none() || data.test_or_train().labels().is_none() {
            return refuse("the data have no labels".to_owned());
        }
        if let Err(why) = self.fit_prior(watch)? {
            return refuse(why);
        }
        let Some((prior, _)) = &self.prior else { return Ok(()) };
        let draws = prior.mixture.draw(self.options.samples, &mut rng::stream(self.options.seed, "samples"));
        let samples = prior.descent.means(&draws.samples);
        let (rows, data) = (self.trained.learned_rows(), &self.trained.data);
        let pick = |images: &Images, rows: &[usize]| -> Vec<u8> {
            images.labels().map_or_else(Vec::new, |labels| rows.iter().map(|row| labels[*row]).collect())
        };
        watch(EvaluationEvent::Note(&format!("fits a classifier to {} training images", rows.len())));
        let learned = pick(&data.train, &rows);
        let options = LogisticOptions { iterations: PIXEL_ITERATIONS, ..LogisticOptions::default() };
        let classifier = Logistic::fit(&data.train.matrix(&rows), &learned, data.classes(), &options);
        let test = data.test_or_train();
        let shown = (&test.matrix(&self.rows), &pick(test, &self.rows)[..]);
        found.samples = Some(SortedSamples::new(&classifier, &samples, &learned, shown));
        Ok(())
    }

    /// Mean over the images `rows`, in nats.
    fn mean_log_px(&self, draws: &PriorDraws, rows: &[usize]) -> f64 {
        // Whole blocks, of which a product of matrices is the same wherever it is taken.
        let own = self.ranks.share(rows.len().div_ceil(BLOCK));
        let own = own.start * BLOCK..(own.end * BLOCK).min(rows.len());
        let values = draws.log_px(self.trained.data.test_or_train(), &rows[own], |_| {});
        let values = together(&self.ranks, &values);
        values.iter().sum::<f64>() / values.len().max(1) as f64
    }

    /// Fits the prior unless it is there; the inner error is a circuit or data for which there can be none.
    fn fit_prior(&mut self, watch: Watch<'_>) -> Result<Result<(), String>, EvaluationError> {
        if self.prior.is_some() {
            return Ok(Ok(()));
        }
        match fit_prior_over(&self.ranks, &mut self.trained, &self.settling, &self.options.prior(), watch) {
            Ok(prior) => {
                let draws = prior.draw(self.options.draws, self.options.seed);
                self.prior = Some((prior, draws));
                Ok(Ok(()))
            }
            Err(error @ (PriorError::Descent(_) | PriorError::Mixture(MixtureError::TooFewSamples { .. }))) => {
                Ok(Err(error.to_string()))
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// What each rank has of some images, behind what the ranks before have.
fn together<T: NoUninit + AnyBitPattern + Default>(ranks: &Ranks, own: &[T]) -> Vec<T> {
    let mut packet = Packet::default();
    packet.put_counted(own);
    let all = ranks.gather(packet.bytes());
    (0..ranks.size()).flat_map(|rank| Unpack::new(all.of(rank)).take_counted()).collect()
}

/// Means over images, with their errors.
fn summary(estimates: &[Estimate]) -> LogPxIs {
    let n = estimates.len().max(1) as f64;
    let mean = estimates.iter().map(|e| e.log_px).sum::<f64>() / n;
    let spread = estimates.iter().map(|e| (e.log_px - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
    let mut effective: Vec<f64> = estimates.iter().map(|e| e.effective).collect();
    effective.sort_by(f64::total_cmp);
    LogPxIs {
        log_px_is: mean,
        log_px_is_standard_error: (spread / n).sqrt(),
        log_px_is_draws_error: estimates.iter().map(|e| e.standard_error.powi(2)).sum::<f64>().sqrt() / n,
        log_px_is_effective_draws: effective.get(effective.len() / 2).copied().unwrap_or(0.0),
        log_px_is_images: estimates.len(),
        log_px_on_is_images: f64::NAN,
    }
}
