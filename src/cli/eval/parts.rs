//! The parts of an evaluation, each of which fills its own fields of the report.

use super::super::failure::Failure;
use super::super::prior::fit_prior;
use super::super::progress::Progress;
use super::super::trained::Trained;
use super::EvalArguments;
use super::report::{LogPx, LogPxIs, Report};
use crate::circuit::Settling;
use crate::evaluation::mixture::MixtureError;
use crate::evaluation::{
    Estimate, Logistic, LogisticOptions, Prior, PriorDraws, PriorError, as_published, latent_layer, latents,
    masked_error, measure,
};
use std::ops::ControlFlow;

/// What is measured with.
pub(super) struct Bench {
    trained: Trained,
    settling: Settling,
    /// Test images, the first ones.
    rows: Vec<usize>,
    /// Fitted once for both parts that need it.
    prior: Option<(Prior, PriorDraws)>,
}

impl Bench {
    pub(super) fn new(trained: Trained, settling: &Settling, limit: Option<usize>) -> Self {
        let count = trained.data.test_or_train().count().min(limit.unwrap_or(usize::MAX));
        Self { trained, settling: settling.clone(), rows: (0..count).collect(), prior: None }
    }

    pub(super) fn settle(&mut self, report: &mut Report) -> Result<(), Failure> {
        let bar = Progress::named("settling", self.rows.len());
        let Trained { network, data, .. } = &mut self.trained;
        let seen = |done| {
            bar.advance(done);
            ControlFlow::Continue(())
        };
        let measured = measure(network, data.test_or_train(), &self.rows, &self.settling, seen)?;
        (report.measures, report.work) = (Some(measured.measures), Some(measured.work));
        Ok(())
    }

    pub(super) fn complete(&mut self, report: &mut Report) -> Result<(), Failure> {
        let bar = Progress::named("completing", self.rows.len());
        let Trained { network, data, .. } = &mut self.trained;
        let seen = |done| bar.advance(done);
        report.mmse = Some(masked_error(network, data.test_or_train(), &self.rows, &self.settling, seen)?);
        Ok(())
    }

    pub(super) fn classify(&mut self, options: &LogisticOptions, report: &mut Report) -> Result<(), Failure> {
        let mut refuse = |why: String| {
            report.refused.insert("classification".to_owned(), why);
            Ok(())
        };
        let learned = self.trained.learned_rows();
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
        let bar = Progress::named("classifying", learned.len() + self.rows.len());
        let mut settle =
            |images, rows: &[usize]| latents(network, layer, images, rows, &self.settling, |done| bar.advance(done));
        let pick = |labels: &[u8], rows: &[usize]| rows.iter().map(|row| labels[*row]).collect::<Vec<_>>();
        let regression = {
            let activities = settle(&data.train, &learned)?;
            Logistic::fit(&activities, &pick(train_labels, &learned), classes, options)
        };
        if !regression.converged {
            bar.milestone(&format!("note: the regression has not converged after {} steps", regression.iterations));
        }
        let activities = settle(test, &self.rows)?;
        report.classification_error = Some(regression.error(&activities, &pick(test_labels, &self.rows)));
        Ok(())
    }

    pub(super) fn log_px(&mut self, arguments: &EvalArguments, report: &mut Report) -> Result<(), Failure> {
        if let Err(why) = self.fit_prior(arguments)? {
            report.refused.insert("log_px".to_owned(), why);
            return Ok(());
        }
        let Some((prior, draws)) = &self.prior else { return Ok(()) };
        let log_px = self.mean_log_px(draws, &self.rows);
        report.log_px = Some(LogPx {
            log_px,
            log_px_as_published: as_published(log_px, arguments.draws),
            mixture_images: prior.images,
            mixture_steps: prior.fit.log_likelihoods.len() - 1,
            mixture_end: prior.fit.end,
            mixture_log_likelihood: prior.fit.log_likelihoods.last().copied().unwrap_or(f64::NAN),
        });
        Ok(())
    }

    pub(super) fn log_px_is(&mut self, arguments: &EvalArguments, report: &mut Report) -> Result<(), Failure> {
        let mut refuse = |why: String| {
            report.refused.insert("log_px_is".to_owned(), why);
            Ok(())
        };
        if let Err(why) = self.fit_prior(arguments)? {
            return refuse(why);
        }
        let Some((prior, draws)) = &self.prior else { return Ok(()) };
        if !prior.descent.is_smooth() {
            return refuse("a function between the top and the image has no derivative".to_owned());
        }
        let rows = &self.rows[..arguments.is_images.min(self.rows.len())];
        let Trained { network, data, .. } = &mut self.trained;
        let images = data.test_or_train();
        let settled = latents(network, prior.descent.top(), images, rows, &self.settling, |_| {})?;
        let bar = Progress::named("importance", rows.len());
        let (shown, drawn) = ((rows, &settled), (arguments.is_draws, arguments.seed));
        let estimates = prior.importance(draws, images, shown, drawn, |done| bar.advance(done));
        drop(bar);
        report.log_px_is = Some(LogPxIs { log_px_on_is_images: self.mean_log_px(draws, rows), ..summary(&estimates) });
        Ok(())
    }

    fn mean_log_px(&self, draws: &PriorDraws, rows: &[usize]) -> f64 {
        let values = draws.log_px(self.trained.data.test_or_train(), rows, |_| {});
        values.iter().sum::<f64>() / values.len().max(1) as f64
    }

    /// Fits the prior unless it is there; the inner error is a circuit or data for which there can be none.
    fn fit_prior(&mut self, arguments: &EvalArguments) -> Result<Result<(), String>, Failure> {
        if self.prior.is_some() {
            return Ok(Ok(()));
        }
        match fit_prior(&mut self.trained, &self.settling, &arguments.prior()) {
            Ok(prior) => {
                let draws = prior.draw(arguments.draws, arguments.seed);
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
