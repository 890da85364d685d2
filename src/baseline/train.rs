//! Epochs over data in a run folder, as a circuit is trained: the same split, the same order of batches, checkpoints on
//! the way, and the bits of the whole however it was split.

use super::error::BaselineError;
use super::loss::{self, Batch};
use super::measure::Codes;
use super::spec::{ComparedKind, Spec};
use super::weights::ComparedWeights;
use crate::checkpoint::{Progress, Run, Snapshot};
use crate::data::{Dataset, Images, Split};
use crate::evaluation::Measures;
use crate::matrix::Matrix;
use crate::network::Tensors;
use crate::rng;
use crate::training::course::{self, Course, CoursePlan, Learner, MeasuredRows, Seen};
use crate::training::{Ended, Event, Flow, Keep, difference};
use std::ops::ControlFlow;

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
    course: Course<'a>,
    data: &'a Dataset,
    pupil: ComparedLearner,
}

impl<'a> Comparison<'a> {
    /// Starts with weights drawn from the seed.
    ///
    /// # Errors
    /// [`BaselineError::NoLabels`] where the model needs labels and there are none.
    pub fn start(run: &'a mut Run, data: &'a Dataset, spec: ComparisonSpec) -> Result<Self, BaselineError> {
        let weights = ComparedWeights::new(&spec.model, spec.seed);
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
            Some((_, snapshot)) => ComparedWeights::restore(snapshot, &spec.model),
            None => (ComparedWeights::new(&spec.model, spec.seed), asked),
        };
        if run.info.finished && progress.epoch < spec.epochs {
            run.reopen_as(MODEL, &spec.model.text())?;
        }
        Self::new(run, weights, data, spec, progress)
    }

    fn new(
        run: &'a mut Run,
        weights: ComparedWeights,
        data: &'a Dataset,
        spec: ComparisonSpec,
        progress: Progress,
    ) -> Result<Self, BaselineError> {
        if spec.model.model == ComparedKind::Dsrn && data.train.labels().is_none() {
            return Err(BaselineError::NoLabels);
        }
        let ComparisonSpec { model, epochs, checkpoint_every, .. } = spec;
        let plan =
            CoursePlan { epochs, batch: model.batch, checkpoint_every, test_each_epoch: false, keep: Keep::Last };
        let pupil = ComparedLearner { spec: model, weights };
        Ok(Self { course: Course::new(run, data, plan, progress), data, pupil })
    }

    /// Training images, and images held out, by their indices.
    #[must_use]
    pub fn split(&self) -> &Split {
        self.course.split()
    }

    /// Finished epochs.
    #[must_use]
    pub fn epoch(&self) -> usize {
        self.course.epoch()
    }

    /// The model as it stands.
    #[must_use]
    pub fn codes(&self) -> Codes<'_> {
        self.pupil.codes()
    }

    /// Trains until all epochs are done or `observe` stops it.
    ///
    /// # Errors
    /// [`BaselineError`]; the last checkpoint is good, and `--resume` goes on from there.
    pub fn run(&mut self, observe: &mut dyn FnMut(&Event<'_>) -> Flow) -> Result<Ended, BaselineError> {
        self.course.follow(&mut self.pupil, observe)
    }

    /// Measures on the test images, where there are any.
    ///
    /// # Errors
    /// [`BaselineError::Engine`].
    pub fn test(&self) -> Result<Option<Measures>, BaselineError> {
        let measure = |images: &Images| self.codes().measure(images, &(0..images.count()).collect::<Vec<_>>());
        self.data.test.as_ref().map(measure).transpose()
    }
}

/// A model that descends its loss.
#[derive(Debug)]
struct ComparedLearner {
    spec: Spec,
    weights: ComparedWeights,
}

impl ComparedLearner {
    fn codes(&self) -> Codes<'_> {
        Codes::new(&self.spec, &self.weights)
    }
}

impl Learner for ComparedLearner {
    type Error = BaselineError;

    fn learn(&mut self, images: &Images, rows: &[usize], progress: &mut Progress) -> Result<f64, BaselineError> {
        let (epoch, batch) = (progress.epoch, progress.batch);
        let shown = images.matrix(rows);
        let mut labels = Matrix::zeros(rows.len(), self.spec.classes);
        let labelled = self.spec.model == ComparedKind::Dsrn && images.fill_one_hot(rows, &mut labels);
        let shown = Batch { images: &shown, labels: labelled.then_some(&labels) };
        // Noise of its own for each batch: a resumed run draws what it would have drawn.
        let random = rng::stream_at(progress.seed, "baseline noise", (epoch as u64) << 32 | batch as u64);
        let error = loss::learn(&self.spec, &mut self.weights, &shown, random)?;
        if !error.is_finite() {
            let model = self.spec.model.name();
            return Err(BaselineError::Diverged { model, epoch: epoch + 1, batch: batch + 1, loss: error });
        }
        *progress.sums.entry("image".to_owned()).or_default() += error * rows.len() as f64;
        Ok(error)
    }

    fn measure(&mut self, shown: MeasuredRows<'_>, seen: Seen<'_>) -> Result<Option<Measures>, BaselineError> {
        let rows = shown.rows;
        let measures = self.codes().measure(shown.images, rows)?;
        // All of them take a second, so a stop is heard at their end.
        Ok(match seen(rows.len()) {
            ControlFlow::Continue(()) => Some(measures),
            ControlFlow::Break(()) => None,
        })
    }

    fn snapshot(&self, progress: Progress) -> Snapshot {
        self.weights.snapshot(progress)
    }

    fn tensors(&self) -> Tensors {
        self.weights.tensors().clone()
    }
}

/// The start of a training.
fn start(data: &Dataset, spec: &ComparisonSpec) -> Progress {
    course::start(spec.model.text(), data, spec.seed, spec.limit)
}
