//! A course: epochs over the data of a run folder, whatever it is that learns.
//!
//! The order of the data follows from seed and epoch, and a checkpoint taken between two batches holds all there is, so
//! that any split of a course gives the bits of the whole, where the learner keeps its word.

use super::best::{BestEpoch, Keep};
use super::events::{Ended, EpochMetrics, Event, Flow};
use super::pulse::{Heart, Pulse};
use crate::checkpoint::weights::fingerprint;
use crate::checkpoint::{Progress, Run, Snapshot, StoreError};
use crate::data::{Batches, Dataset, Images, Split};
use crate::evaluation::Measures;
use crate::network::Tensors;
use crate::ranks::Ranks;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Told after every few images how many more are done; may break off.
pub(crate) type Seen<'a> = &'a mut dyn FnMut(usize) -> ControlFlow<()>;

/// Images to be measured on, and how far the training is then.
pub(crate) struct MeasuredRows<'a> {
    pub(crate) images: &'a Images,
    pub(crate) rows: &'a [usize],
    pub(crate) progress: &'a Progress,
}

/// What learns from batches, and can be measured and kept.
pub(crate) trait Learner {
    /// Why it fails.
    type Error: From<StoreError>;

    /// One step on the training images `rows`; adds nats, summed over images, to `progress.sums`. Returns the nats of an
    /// image.
    fn learn(&mut self, images: &Images, rows: &[usize], progress: &mut Progress) -> Result<f64, Self::Error>;

    /// A sentence about the last step, where there is reason for one.
    fn warning(&mut self) -> Option<String> {
        None
    }

    /// How the last step went, for whoever watches; where in the course that was, the course knows.
    fn pulse(&self) -> Pulse {
        Pulse::default()
    }

    /// Whether it learns from whole sequences, each by the image that it begins with.
    fn takes_sequences(&self) -> bool {
        false
    }

    /// Measures on the images `rows`; `None` where `seen` has broken it off.
    fn measure(&mut self, shown: MeasuredRows<'_>, seen: Seen<'_>) -> Result<Option<Measures>, Self::Error>;

    /// All that it is, at a position in the data.
    fn snapshot(&self, progress: Progress) -> Snapshot;

    /// All that it has learned.
    fn tensors(&self) -> Tensors;
}

/// How a course is followed; of which data, and in what order, its progress says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CoursePlan {
    pub(crate) epochs: usize,
    pub(crate) batch: usize,
    /// Checkpoint after so many batches; `None` is once a minute. Always at the end of an epoch.
    pub(crate) checkpoint_every: Option<usize>,
    /// Measure on the test images after every epoch, too, not only after the last.
    pub(crate) test_each_epoch: bool,
    /// Which weights are left at the end.
    pub(crate) keep: Keep,
}

/// The start of a course in learning what `circuit` says, or what stands for a circuit.
pub(crate) fn start(circuit: String, data: &Dataset, seed: u64, limit: Option<usize>) -> Progress {
    let reading = data.train.reading().name().to_owned();
    let digest = mark(data.digest(), data.is_all_learned());
    Progress { seed, circuit, data: digest, reading, limit, ..Progress::default() }
}

/// Ends the digest of data that are all learned from.
pub(super) const ALL_LEARNED: &str = " without validation";

/// The digest of data in a checkpoint, which says whether some of them were held out.
pub(super) fn mark(digest: String, without_validation: bool) -> String {
    if without_validation { digest + ALL_LEARNED } else { digest }
}

/// Ranks compute the same from the same, so that this is a machine at fault.
const ANOTHER_WAY: &str = "has learned other weights than rank 0 from the same data, which only a fault of its machine or of the \
                           network can do; nothing was written. Leave that machine out, and go on from the last checkpoint";

/// A course under way.
#[derive(Debug)]
pub(crate) struct Course<'a> {
    run: &'a mut Run,
    data: &'a Dataset,
    plan: CoursePlan,
    split: Split,
    progress: Progress,
    heart: Heart,
    ranks: Ranks,
}

impl<'a> Course<'a> {
    /// A course that stands at `progress`.
    pub(crate) fn new(run: &'a mut Run, data: &'a Dataset, plan: CoursePlan, progress: Progress) -> Self {
        let split = data.split(progress.seed).limited(progress.limit);
        let heart = Heart::of(run.folder());
        Self { run, data, plan, split, progress, heart, ranks: Ranks::alone() }
    }

    /// Lets all of `ranks` follow it together: the leading one decides when a checkpoint is due and writes, and a stop that
    /// one is asked for is everybody's.
    pub(super) fn over(&mut self, ranks: Ranks) {
        self.ranks = ranks;
    }

    /// How far it is.
    pub(super) fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Finished epochs.
    pub(crate) fn epoch(&self) -> usize {
        self.progress.epoch
    }

    /// Training images, and images held out, by their indices.
    pub(crate) fn split(&self) -> &Split {
        &self.split
    }

    /// Lets `learner` learn until all epochs are done or `observe` stops it.
    ///
    /// # Errors
    /// Those of the learner, and of the run folder; the last checkpoint is good.
    pub(crate) fn follow<L: Learner>(
        &mut self,
        learner: &mut L,
        observe: &mut dyn FnMut(&Event<'_>) -> Flow,
    ) -> Result<Ended, L::Error> {
        while self.progress.epoch < self.plan.epochs {
            if self.follow_epoch(learner, observe)? == Ended::Stopped {
                return Ok(Ended::Stopped);
            }
        }
        let finished = self.finish(learner);
        self.agree(finished)?;
        Ok(Ended::Finished)
    }

    fn finish<L: Learner>(&mut self, learner: &L) -> Result<(), StoreError> {
        let best = if self.plan.keep == Keep::Best { self.run.best()? } else { None };
        self.run.finish(&best.unwrap_or_else(|| learner.tensors()))
    }

    /// What came of something that the leading rank did: its failure is everybody's.
    fn agree<T>(&self, done: Result<T, StoreError>) -> Result<T, StoreError> {
        if !self.ranks.are_many() {
            return done;
        }
        let told = done.as_ref().err().map(ToString::to_string);
        match (self.ranks.first_failure(told.as_deref()), done) {
            (Some(first), Ok(_)) => Err(StoreError::Rank { who: first.who(), problem: first.told }),
            (_, done) => done,
        }
    }

    fn follow_epoch<L: Learner>(
        &mut self,
        learner: &mut L,
        observe: &mut dyn FnMut(&Event<'_>) -> Flow,
    ) -> Result<Ended, L::Error> {
        let beginnings = learner.takes_sequences().then(|| self.data.train.beginnings(&self.split.train));
        let learned = beginnings.as_ref().unwrap_or(&self.split.train);
        let batches = Batches::new(learned, self.plan.batch, self.progress.seed, self.progress.epoch as u64);
        let mut saved = Instant::now();
        self.heart.forget();
        while self.progress.batch < batches.len() {
            let start = Instant::now();
            let rows = batches.get(self.progress.batch);
            let free_energy = learner.learn(&self.data.train, rows, &mut self.progress)?;
            if let Some(text) = learner.warning() {
                // A stop is asked for again after the batch.
                let _ = observe(&Event::Warning(&text));
                self.heart.warn(&text);
            }
            self.progress.samples += rows.len();
            self.progress.seconds += start.elapsed().as_secs_f64();
            self.progress.batch += 1;
            let (epoch, done, of) = (self.progress.epoch + 1, self.progress.batch, batches.len());
            let is_last = done == of && epoch == self.plan.epochs;
            let images_per_second = self.progress.samples as f64 / self.progress.seconds.max(1e-9);
            if self.ranks.leads() {
                self.heart.beat(is_last, || {
                    let epochs = self.plan.epochs;
                    let batch = rows.len();
                    Pulse { epoch, epochs, done, of, free_energy, batch, images_per_second, ..learner.pulse() }
                });
            }
            let flow = observe(&Event::Batch { epoch, done, of, free_energy });
            let due = match self.plan.checkpoint_every {
                Some(every) => done % every.max(1) == 0,
                None => saved.elapsed() > Duration::from_secs(60),
            };
            let [is_stopped, due] = self.ranks.any_of([flow == Flow::Stop, due && self.ranks.leads()]);
            if is_stopped || (due && done < of) {
                self.checkpoint(learner, observe)?;
                saved = Instant::now();
            }
            if is_stopped {
                return Ok(Ended::Stopped);
            }
        }
        self.finish_epoch(learner, observe)
    }

    /// Measures, writes the epoch's line, moves on to the next epoch and saves that.
    fn finish_epoch<L: Learner>(
        &mut self,
        learner: &mut L,
        observe: &mut dyn FnMut(&Event<'_>) -> Flow,
    ) -> Result<Ended, L::Error> {
        let last = self.progress.epoch + 1 == self.plan.epochs;
        let Some((validation, test)) = self.measure(learner, last || self.plan.test_each_epoch, observe)? else {
            // All batches of the epoch are learned: resumed, it is measured from the start.
            self.checkpoint(learner, observe)?;
            return Ok(Ended::Stopped);
        };
        let (samples, seconds) = (self.progress.samples.max(1) as f64, self.progress.seconds);
        let metrics = EpochMetrics {
            epoch: self.progress.epoch + 1,
            train_free_energy: self.progress.sums.iter().map(|(name, sum)| (name.clone(), sum / samples)).collect(),
            validation,
            test,
            seconds,
            samples_per_second: samples / seconds.max(1e-9),
        };
        let written = self.write_epoch(learner, &metrics);
        let metrics_bytes = self.agree(written)?;
        let Progress { seed, circuit, data, reading, limit, .. } = std::mem::take(&mut self.progress);
        let epoch = metrics.epoch;
        self.progress = Progress { epoch, metrics_bytes, seed, circuit, data, reading, limit, ..Progress::default() };
        self.checkpoint(learner, observe)?;
        let [is_stopped] = self.ranks.any_of([observe(&Event::Epoch(&metrics)) == Flow::Stop]);
        Ok(if is_stopped && !last { Ended::Stopped } else { Ended::Finished })
    }

    /// Writes an epoch's line, and keeps what was learned where it is the best so far; where the lines end then.
    fn write_epoch<L: Learner>(&self, learner: &L, metrics: &EpochMetrics) -> Result<u64, StoreError> {
        let bytes = self.run.append_metrics(self.progress.metrics_bytes, metrics)?;
        if self.plan.keep == Keep::Best && self.ranks.leads() {
            self.keep_best(learner, metrics, bytes)?;
        }
        Ok(bytes)
    }

    /// Keeps what was learned where the epoch just measured is the best so far.
    fn keep_best<L: Learner>(&self, learner: &L, metrics: &EpochMetrics, bytes: u64) -> Result<(), StoreError> {
        let epochs: Vec<EpochMetrics> = self.run.metrics(bytes)?;
        let is_best = BestEpoch::of(&epochs).is_some_and(|best| best.epoch == metrics.epoch);
        if is_best { self.run.save_best(&learner.tensors()) } else { Ok(()) }
    }

    fn checkpoint<L: Learner>(
        &self,
        learner: &L,
        observe: &mut dyn FnMut(&Event<'_>) -> Flow,
    ) -> Result<(), StoreError> {
        let saved = self.save(learner);
        let path = self.agree(saved)?;
        // A stop that is asked for here is asked for again after the next batch.
        let _ = observe(&Event::Checkpoint(path));
        Ok(())
    }

    /// Saves what all ranks have, if they have the same.
    fn save<L: Learner>(&self, learner: &L) -> Result<PathBuf, StoreError> {
        if self.ranks.are_many() {
            let other = self.ranks.first_other(&fingerprint(&learner.tensors()));
            if let Some(other) = other {
                return Err(StoreError::Rank { who: other.who(), problem: ANOTHER_WAY.to_owned() });
            }
        }
        self.run.save(&learner.snapshot(self.progress.clone()))
    }

    /// Measures of the images held out, and with `tested` of the test images, where there are any; `None` where
    /// `observe` has stopped it.
    fn measure<L: Learner>(
        &self,
        learner: &mut L,
        tested: bool,
        observe: &mut dyn FnMut(&Event<'_>) -> Flow,
    ) -> Result<Option<Measured>, L::Error> {
        let test = self.data.test.as_ref().filter(|_| tested);
        let test_rows: Vec<usize> = (0..test.map_or(0, Images::count)).collect();
        let validation = (!self.split.validation.is_empty()).then_some(&self.data.train);
        let ranks = &self.ranks;
        let (epoch, mut done, of) = (self.progress.epoch + 1, 0, self.split.validation.len() + test_rows.len());
        let mut seen = |more| {
            done += more;
            let [is_stopped] = ranks.any_of([observe(&Event::Measured { epoch, done, of }) == Flow::Stop]);
            // Where all is done there is nothing left to break off.
            if is_stopped && done < of { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let mut measured = [None, None];
        let parts = [(validation, &self.split.validation), (test, &test_rows)];
        for (slot, (images, rows)) in measured.iter_mut().zip(parts) {
            let Some(images) = images else { continue };
            *slot = learner.measure(MeasuredRows { images, rows, progress: &self.progress }, &mut seen)?;
            if slot.is_none() {
                return Ok(None);
            }
        }
        Ok(Some(measured.into()))
    }
}

/// Measures of the images held out, and of the test images.
type Measured = (Option<Measures>, Option<Measures>);
