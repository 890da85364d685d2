//! Training: epochs over data, each batch one episode and one learning step, with checkpoints on the way.
//!
//! A training is a position in the data and a network. The order of the data follows from seed and epoch, every
//! episode starts from rest, and learning happens once a batch has settled: so a checkpoint taken between two
//! batches holds all there is, and any split of a training gives the bits of the whole.

mod identity;

use crate::checkpoint::{Progress, Run, Snapshot, StoreError};
use crate::circuit::Settling;
use crate::data::{Batches, Dataset, Images, Split};
use crate::evaluation::{self, MeasureError, Measures, Show};
use crate::executor::{Measure, SettleError, SettleOptions, Settler};
use crate::network::{LearningError, Network};
use crate::params::When;
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

#[cfg(feature = "baselines")]
pub(crate) use identity::difference;

/// What a training is asked to do.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainSpec {
    /// Seed of synapses, validation split and order.
    pub seed: u64,
    /// Passes over the data.
    pub epochs: usize,
    /// Samples in a batch.
    pub batch: usize,
    /// Use only the first so many training images.
    pub limit: Option<usize>,
    /// How an episode settles.
    pub settling: Settling,
    /// Checkpoint after so many batches; `None` is once a minute. Always at the end of an epoch.
    pub checkpoint_every: Option<usize>,
    /// Measure on the test images after every epoch, too, not only after the last.
    pub test_each_epoch: bool,
}

/// One line of `metrics.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochMetrics {
    /// Finished epochs, from 1.
    pub epoch: usize,
    /// Free energy of each predicted layer while training, mean over images, in nats.
    pub train_free_energy: std::collections::BTreeMap<String, f64>,
    /// On the images held out.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub validation: Option<Measures>,
    /// On the test images.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub test: Option<Measures>,
    /// Seconds of training, without measuring.
    pub seconds: f64,
    /// Training images per second.
    pub samples_per_second: f64,
}

/// What an observer is told.
#[derive(Debug)]
pub enum Event<'a> {
    /// A batch was learned.
    Batch {
        /// Epoch under way, from 1.
        epoch: usize,
        /// Batches done in it.
        done: usize,
        /// Batches in it.
        of: usize,
        /// Free energy of the batch, mean over its images, all layers.
        free_energy: f64,
    },
    /// Images were settled to measure the epoch.
    Measured {
        /// Epoch whose batches are done, from 1.
        epoch: usize,
        /// Images measured, validation and test together.
        done: usize,
        /// Images to measure.
        of: usize,
    },
    /// An epoch was finished and measured.
    Epoch(&'a EpochMetrics),
    /// A checkpoint was written.
    Checkpoint(PathBuf),
}

/// What an observer answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Go on.
    GoOn,
    /// Write a checkpoint and stop.
    Stop,
}

/// How a training ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// All epochs are done.
    Finished,
    /// The observer stopped it; it can be resumed.
    Stopped,
}

/// Training that failed. The last checkpoint is good.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// A checkpoint or a file of the run.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Data or settling.
    #[error(transparent)]
    Measure(#[from] MeasureError),
    /// A learning step.
    #[error(transparent)]
    Learning(#[from] LearningError),
    /// A checkpoint of something else.
    #[error("{path}: {problem}")]
    Another {
        /// The run folder.
        path: PathBuf,
        /// What differs.
        problem: String,
    },
}

impl From<SettleError> for TrainError {
    fn from(error: SettleError) -> Self {
        Self::Measure(error.into())
    }
}

/// A training under way.
#[derive(Debug)]
pub struct Training<'a> {
    run: &'a mut Run,
    network: Network,
    data: &'a Dataset,
    spec: TrainSpec,
    split: Split,
    progress: Progress,
    settler: Settler,
}

impl<'a> Training<'a> {
    /// Starts from a network with nothing learned.
    #[must_use]
    pub fn start(run: &'a mut Run, network: Network, data: &'a Dataset, spec: TrainSpec) -> Self {
        let progress = identity::start(network.circuit(), data, &spec);
        Self::new(run, network, data, spec, progress)
    }

    /// Goes on from the newest checkpoint of the run, or from the start where there is none. A run that is given more
    /// epochs than it was asked for is under way again.
    ///
    /// # Errors
    /// [`TrainError`] where the run was started with another circuit, seed, limit or data, with other batches or another
    /// settling, where another process writes it, or where it can't be read. Nothing has changed then.
    pub fn resume(run: &'a mut Run, network: Network, data: &'a Dataset, spec: TrainSpec) -> Result<Self, TrainError> {
        run.lock()?;
        let asked = identity::start(network.circuit(), data, &spec);
        let newest = run.newest()?;
        let was = match &newest {
            Some((_, snapshot)) => snapshot.progress.clone(),
            None => identity::recorded(run, &spec, &asked)?,
        };
        if let Some(what) = identity::difference(&was, &asked) {
            let problem = format!(
                "was started with {what}; go on with what it was started with, or start anew with --overwrite or \
                 another --out"
            );
            return Err(TrainError::Another { path: run.folder().to_owned(), problem });
        }
        run.clear_leftovers();
        let circuit = Arc::clone(network.circuit());
        let (network, progress) = match newest {
            Some((path, snapshot)) => snapshot.restore(Arc::clone(&circuit), &path)?,
            None => (network, asked),
        };
        if run.circuit()?.learning.epochs != circuit.learning.epochs {
            run.reopen(&circuit)?;
        }
        Ok(Self::new(run, network, data, spec, progress))
    }

    fn new(run: &'a mut Run, network: Network, data: &'a Dataset, spec: TrainSpec, progress: Progress) -> Self {
        let mut split = data.split(spec.seed);
        if let Some(limit) = spec.limit {
            split.train.truncate(limit);
        }
        Self { run, network, data, spec, split, progress, settler: Settler::new() }
    }

    /// Finished epochs.
    #[must_use]
    pub fn epoch(&self) -> usize {
        self.progress.epoch
    }

    /// Training images, and images held out.
    #[must_use]
    pub fn images(&self) -> (usize, usize) {
        (self.split.train.len(), self.split.validation.len())
    }

    /// The network as it stands.
    #[must_use]
    pub fn network_mut(&mut self) -> &mut Network {
        &mut self.network
    }

    /// Trains until all epochs are done or `observe` stops it.
    ///
    /// # Errors
    /// [`TrainError`]; the last checkpoint is good, and `--resume` goes on from there.
    pub fn run(&mut self, observe: &mut dyn FnMut(&Event<'_>) -> Flow) -> Result<Ended, TrainError> {
        while self.progress.epoch < self.spec.epochs {
            if self.run_epoch(observe)? == Ended::Stopped {
                return Ok(Ended::Stopped);
            }
        }
        let tensors = self.network.tensors();
        self.run.finish(&tensors)?;
        Ok(Ended::Finished)
    }

    fn run_epoch(&mut self, observe: &mut dyn FnMut(&Event<'_>) -> Flow) -> Result<Ended, TrainError> {
        let batches = Batches::new(&self.split.train, self.spec.batch, self.spec.seed, self.progress.epoch as u64);
        let mut saved = Instant::now();
        while self.progress.batch < batches.len() {
            let start = Instant::now();
            let free_energy = self.learn_batch(batches.get(self.progress.batch))?;
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

    /// One episode and one learning step; returns the free energy per image.
    fn learn_batch(&mut self, rows: &[usize]) -> Result<f64, TrainError> {
        let circuit = Arc::clone(self.network.circuit());
        let episode =
            evaluation::episode(&circuit, &self.data.train, rows, Show::Everything).map_err(MeasureError::from)?;
        let options = SettleOptions { measure: Measure::Readout, learn: true, ..SettleOptions::default() };
        let settled = self.settler.settle(&mut self.network, &episode, &self.spec.settling, options)?;
        if circuit.learning.when == When::Readout {
            self.network.learn(self.settler.activities())?;
        }
        let energies = settled.energies.populations.iter().zip(settled.energies.sums.last().into_iter().flatten());
        let mut total = 0.0;
        for (id, energy) in energies {
            let layer = circuit.layer(self.network.wiring().population(*id).layer);
            *self.progress.sums.entry(layer.name.clone()).or_default() += energy;
            total += energy;
        }
        self.progress.samples += rows.len();
        Ok(total / rows.len() as f64)
    }

    /// Measures, writes the epoch's line, moves on to the next epoch and saves that.
    fn finish_epoch(&mut self, observe: &mut dyn FnMut(&Event<'_>) -> Flow) -> Result<Ended, TrainError> {
        let samples = self.progress.samples.max(1) as f64;
        let seconds = self.progress.seconds;
        let last = self.progress.epoch + 1 == self.spec.epochs;
        let measured = self.measure(last || self.spec.test_each_epoch, observe);
        if matches!(measured, Err(TrainError::Measure(MeasureError::Stopped))) {
            // All batches of the epoch are learned: resumed, it is measured from the start.
            self.checkpoint(observe)?;
            return Ok(Ended::Stopped);
        }
        let (validation, test) = measured?;
        let metrics = EpochMetrics {
            epoch: self.progress.epoch + 1,
            train_free_energy: self.progress.sums.iter().map(|(name, sum)| (name.clone(), sum / samples)).collect(),
            validation,
            test,
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

    fn checkpoint(&self, observe: &mut dyn FnMut(&Event<'_>) -> Flow) -> Result<(), TrainError> {
        let path = self.run.save(&Snapshot::take(&self.network, self.progress.clone()))?;
        // A stop that is asked for here is asked for again after the next batch.
        let _ = observe(&Event::Checkpoint(path));
        Ok(())
    }

    /// Measures of the images held out, and with `tested` of the test images, where there are any.
    fn measure(
        &mut self,
        tested: bool,
        observe: &mut dyn FnMut(&Event<'_>) -> Flow,
    ) -> Result<(Option<Measures>, Option<Measures>), TrainError> {
        let Self { network, data, split, spec, progress, .. } = self;
        let test = data.test.as_ref().filter(|_| tested);
        let test_rows: Vec<usize> = (0..test.map_or(0, Images::count)).collect();
        let (epoch, mut done, of) = (progress.epoch + 1, 0, split.validation.len() + test_rows.len());
        let mut measure = |images: &Images, rows: &[usize]| {
            let seen = |more| {
                done += more;
                match observe(&Event::Measured { epoch, done, of }) {
                    // There is nothing left to break off.
                    Flow::Stop if done < of => ControlFlow::Break(()),
                    _ => ControlFlow::Continue(()),
                }
            };
            evaluation::measure(network, images, rows, &spec.settling, seen).map(|measured| measured.measures)
        };
        let validation = match split.validation.as_slice() {
            [] => None,
            rows => Some(measure(&data.train, rows)?),
        };
        Ok((validation, test.map(|images| measure(images, &test_rows)).transpose()?))
    }
}
