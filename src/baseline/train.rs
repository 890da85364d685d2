//! Epochs over data in a run folder, as a circuit is trained: the same split, the same order of batches, checkpoints on
//! the way, and the bits of the whole however it was split.

use super::loss::{self, Batch};
use super::{BaselineError, Codes, Kind, Spec, Weights};
use crate::checkpoint::{Progress, Run};
use crate::data::{Batches, Dataset, Images, Split};
use crate::evaluation::Measures;
use crate::matrix::Matrix;
use crate::rng;
use crate::training::{Ended, EpochMetrics, Event, Flow, difference};
use std::time::{Duration, Instant};

/// What a comparison is asked to do.
#[derive(Debug, Clone, PartialEq)]
pub struct ComparisonSpec {
    /// The model.
    pub model: Spec,
    /// Seed of weights, validation split, order and noise.
    pub seed: u64,
    /// Passes over the data.
    pub epochs: usize,
    /// Use only the first so many training images.
    pub limit: Option<usize>,
    /// Checkpoint after so many batches; `None` is once a minute. Always at the end of an epoch.
    pub checkpoint_every: Option<usize>,
}

/// The file of a run folder that says which model it is.
pub const MODEL: &str = "model.json";

/// A model in training.
#[derive(Debug)]
pub struct Comparison<'a> {
    run: &'a mut Run,
    weights: Weights,
    data: &'a Dataset,
    spec: ComparisonSpec,
    split: Split,
    progress: Progress,
}

impl<'a> Comparison<'a> {
    /// Starts with weights drawn from the seed.
    ///
    /// # Errors
    /// [`BaselineError::NoLabels`] where the model needs labels and there are none.
    pub fn start(run: &'a mut Run, data: &'a Dataset, spec: ComparisonSpec) -> Result<Self, BaselineError> {
        let weights = Weights::new(&spec.model, spec.seed);
        let progress = start(data, &spec);
        Self::new(run, weights, data, spec, progress)
    }

    /// Goes on from the newest checkpoint, or from the start where there is none.
    ///
    /// # Errors
    /// [`BaselineError`] where the run was started with another model, seed, limit or data, where another process
    /// writes it, or where it can't be read. Nothing has changed then.
    pub fn resume(run: &'a mut Run, data: &'a Dataset, spec: ComparisonSpec) -> Result<Self, BaselineError> {
        run.lock()?;
        let asked = start(data, &spec);
        let newest = run.newest()?;
        let was = match &newest {
            Some((_, snapshot)) => snapshot.progress.clone(),
            None => Progress { circuit: run.text(MODEL)?, seed: run.info.seed, limit: run.info.limit, ..asked.clone() },
        };
        if let Some(what) = difference(&was, &asked) {
            let problem = format!("was started with {what}; --overwrite starts anew, another --out keeps it");
            return Err(BaselineError::Another { path: run.folder().to_owned(), problem });
        }
        run.clear_leftovers();
        let (weights, progress) = match newest {
            Some((_, snapshot)) => Weights::restore(snapshot, &spec.model),
            None => (Weights::new(&spec.model, spec.seed), asked),
        };
        if run.info.finished && progress.epoch < spec.epochs {
            run.reopen_as(MODEL, &spec.model.text())?;
        }
        Self::new(run, weights, data, spec, progress)
    }

    fn new(
        run: &'a mut Run,
        weights: Weights,
        data: &'a Dataset,
        spec: ComparisonSpec,
        progress: Progress,
    ) -> Result<Self, BaselineError> {
        if spec.model.model == Kind::Dsrn && data.train.labels().is_none() {
            return Err(BaselineError::NoLabels);
        }
        let mut split = data.split(spec.seed);
        split.train.truncate(spec.limit.unwrap_or(usize::MAX));
        Ok(Self { run, weights, data, spec, split, progress })
    }

    /// Training images, and images held out, by their indices.
    #[must_use]
    pub fn split(&self) -> &Split {
        &self.split
    }

    /// Finished epochs.
    #[must_use]
    pub fn epoch(&self) -> usize {
        self.progress.epoch
    }

    /// The model as it stands.
    #[must_use]
    pub fn codes(&self) -> Codes<'_> {
        Codes::new(&self.spec.model, &self.weights)
    }

    /// Trains until all epochs are done or `observe` stops it.
    ///
    /// # Errors
    /// [`BaselineError`]; the last checkpoint is good, and `--resume` goes on from there.
    pub fn run(&mut self, observe: &mut dyn FnMut(&Event<'_>) -> Flow) -> Result<Ended, BaselineError> {
        while self.progress.epoch < self.spec.epochs {
            if self.run_epoch(observe)? == Ended::Stopped {
                return Ok(Ended::Stopped);
            }
        }
        self.run.finish(self.weights.tensors())?;
        Ok(Ended::Finished)
    }

    fn run_epoch(&mut self, observe: &mut dyn FnMut(&Event<'_>) -> Flow) -> Result<Ended, BaselineError> {
        let epoch = self.progress.epoch as u64;
        let batches = Batches::new(&self.split.train, self.spec.model.batch, self.spec.seed, epoch);
        let mut saved = Instant::now();
        while self.progress.batch < batches.len() {
            let start = Instant::now();
            let free_energy = self.learn(batches.get(self.progress.batch))?;
            self.progress.seconds += start.elapsed().as_secs_f64();
            self.progress.batch += 1;
            let (epoch, done, of) = (self.progress.epoch + 1, self.progress.batch, batches.len());
            let flow = observe(&Event::Batch { epoch, done, of, free_energy });
            let due = match self.spec.checkpoint_every {
                Some(every) => done % every.max(1) == 0,
                None => saved.elapsed() > Duration::from_secs(60),
            };
            if flow == Flow::Stop || (due && done < of) {
                self.checkpoint(observe)?;
                saved = Instant::now();
            }
            if flow == Flow::Stop {
                return Ok(Ended::Stopped);
            }
        }
        self.finish_epoch(observe)
    }

    /// One step; returns the cross-entropy per image.
    fn learn(&mut self, rows: &[usize]) -> Result<f64, BaselineError> {
        let Progress { epoch, batch, .. } = self.progress;
        let images = self.data.train.matrix(rows);
        let mut labels = Matrix::zeros(rows.len(), self.spec.model.classes);
        let labelled = self.spec.model.model == Kind::Dsrn && self.data.train.fill_one_hot(rows, &mut labels);
        let shown = Batch { images: &images, labels: labelled.then_some(&labels) };
        // Noise of its own for each batch: a resumed run draws what it would have drawn.
        let random = rng::stream_at(self.spec.seed, "baseline noise", (epoch as u64) << 32 | batch as u64);
        let error = loss::learn(&self.spec.model, &mut self.weights, &shown, random)?;
        if !error.is_finite() {
            let model = self.spec.model.model.name();
            return Err(BaselineError::Diverged { model, epoch: epoch + 1, batch: batch + 1, loss: error });
        }
        *self.progress.sums.entry("image".to_owned()).or_default() += error * rows.len() as f64;
        self.progress.samples += rows.len();
        Ok(error)
    }

    /// Measures, writes the epoch's line, moves on to the next epoch and saves that.
    fn finish_epoch(&mut self, observe: &mut dyn FnMut(&Event<'_>) -> Flow) -> Result<Ended, BaselineError> {
        let samples = self.progress.samples.max(1) as f64;
        let seconds = self.progress.seconds;
        let last = self.progress.epoch + 1 == self.spec.epochs;
        let validation = &self.split.validation;
        let metrics = EpochMetrics {
            epoch: self.progress.epoch + 1,
            train_free_energy: self.progress.sums.iter().map(|(name, sum)| (name.clone(), sum / samples)).collect(),
            validation: match validation.is_empty() {
                true => None,
                false => Some(self.codes().measure(&self.data.train, validation)?),
            },
            test: if last { self.test()? } else { None },
            seconds,
            samples_per_second: samples / seconds.max(1e-9),
        };
        let metrics_bytes = self.run.append_metrics(self.progress.metrics_bytes, &metrics)?;
        let Progress { seed, circuit, data, reading, limit, .. } = std::mem::take(&mut self.progress);
        let epoch = metrics.epoch;
        self.progress = Progress { epoch, metrics_bytes, seed, circuit, data, reading, limit, ..Progress::default() };
        self.checkpoint(observe)?;
        match observe(&Event::Epoch(&metrics)) {
            Flow::Stop if !last => Ok(Ended::Stopped),
            _ => Ok(Ended::Finished),
        }
    }

    /// Measures on the test images, where there are any.
    ///
    /// # Errors
    /// [`BaselineError::Engine`].
    pub fn test(&self) -> Result<Option<Measures>, BaselineError> {
        let measure = |images: &Images| self.codes().measure(images, &(0..images.count()).collect::<Vec<_>>());
        self.data.test.as_ref().map(measure).transpose()
    }

    fn checkpoint(&self, observe: &mut dyn FnMut(&Event<'_>) -> Flow) -> Result<(), BaselineError> {
        let path = self.run.save(&self.weights.snapshot(self.progress.clone()))?;
        // A stop that is asked for here is asked for again after the next batch.
        let _ = observe(&Event::Checkpoint(path));
        Ok(())
    }
}

/// The start of a training.
fn start(data: &Dataset, spec: &ComparisonSpec) -> Progress {
    Progress {
        seed: spec.seed,
        circuit: spec.model.text(),
        data: data.digest(),
        reading: data.train.reading().name().to_owned(),
        limit: spec.limit,
        ..Progress::default()
    }
}
