//! Training: epochs over data, each batch one episode and one learning step, with checkpoints on the way.
//!
//! A training is a position in the data and a network. The order of the data follows from seed and epoch, every
//! episode starts from rest, and learning happens once a batch has settled: so a checkpoint taken between two
//! batches holds all there is, and any split of a training gives the bits of the whole.

pub(crate) mod alike;
mod best;
pub(crate) mod course;
mod events;
mod identity;
mod pulse;
mod spec;
mod vigil;

pub use best::{BestEpoch, Keep};
pub use events::{Ended, EpochMetrics, Event, Flow};
pub use pulse::{PULSE, Pulse, PulseLayer, PulseLink};
pub use spec::TrainSpec;

use crate::blame::{Blame, Blamed};
use crate::checkpoint::{Progress, Run, Snapshot, StoreError};
use crate::circuit::{Layer, LayerId, Settling};
use crate::data::{Dataset, Images};
use crate::episode::Episode;
use crate::evaluation::{self, MeasureError, Measures, Show};
use crate::executor::{Account, Measure, Presentation, Purpose, SettleError, SettleOptions, Settled, Settler};
use crate::network::{LearningError, Network, Tensors};
use crate::params::{Start, When};
use crate::ranks::Ranks;
use course::{Course, CoursePlan, Learner, MeasuredRows, Seen};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use vigil::{Moment, Vigil};

#[cfg(feature = "baselines")]
pub(crate) use identity::difference;

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
    /// States that are no numbers any more, after something was learned.
    #[error("epoch {epoch}, batch {batch}, at the learning rate {rate:e}: {why}")]
    Diverged {
        /// Epoch under way, from 1.
        epoch: usize,
        /// Batch under way, from 1.
        batch: usize,
        /// The learning rate of the epoch.
        rate: f32,
        /// What settling found, what the free energy did, and what has grown.
        why: String,
    },
    /// Ranks that can't train together.
    #[error("{0}")]
    Mixed(String),
    /// A checkpoint of something else.
    #[error("{path}: {problem}")]
    Another {
        /// The run folder.
        path: PathBuf,
        /// What differs.
        problem: String,
    },
}

impl Blamed for TrainError {
    fn blame(&self) -> Blame {
        match self {
            Self::Store(cause) => cause.blame(),
            Self::Measure(cause) => cause.blame(),
            Self::Learning(cause) => cause.blame(),
            Self::Diverged { .. } => Blame::Run,
            Self::Another { .. } | Self::Mixed(_) => Blame::Request,
        }
    }
}

impl From<SettleError> for TrainError {
    fn from(error: SettleError) -> Self {
        Self::Measure(error.into())
    }
}

/// A training under way.
#[derive(Debug)]
pub struct Training<'a> {
    course: Course<'a>,
    pupil: Pupil,
    spec: TrainSpec,
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
    /// settling, or for more epochs, where another process writes it, or where it can't be read. Nothing has changed then.
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
        let (was, is) = (run.circuit()?.learning().epochs, network.circuit().learning().epochs);
        if is < was {
            let problem = format!("was asked for {was} epochs; --resume goes on to as many or more, not to {is}");
            return Err(TrainError::Another { path: run.folder().to_owned(), problem });
        }
        run.clear_leftovers();
        let circuit = Arc::clone(network.circuit());
        let (states, (network, progress)) = match newest {
            Some((path, snapshot)) => (snapshot.states().clone(), snapshot.restore(Arc::clone(&circuit), &path)?),
            None => (Tensors::new(), (network, asked)),
        };
        if is > was {
            run.reopen(&circuit)?;
        }
        let mut training = Self::new(run, network, data, spec, progress);
        training.pupil.go_on_from(states);
        Ok(training)
    }

    /// The same training as one of several ranks, each of which settles some samples of every batch and learns from all. The
    /// weights are the same for any number of ranks. Of the run folder, the leading rank has the one that is written, the
    /// others have [`Run::told`].
    ///
    /// # Errors
    /// [`TrainError::Mixed`] on every rank, where one has another program, circuit, data or options than the others.
    pub fn over(mut self, ranks: &Ranks) -> Result<Self, TrainError> {
        if let Some(what) = alike::difference(ranks, self.course.progress(), &self.spec) {
            return Err(TrainError::Mixed(what));
        }
        self.pupil.settler = std::mem::take(&mut self.pupil.settler).over(ranks.clone());
        self.course.over(ranks.clone());
        Ok(self)
    }

    fn new(run: &'a mut Run, network: Network, data: &'a Dataset, spec: TrainSpec, progress: Progress) -> Self {
        let TrainSpec { epochs, batch, settling, checkpoint_every, test_each_epoch, keep, .. } = spec.clone();
        let plan = CoursePlan { epochs, batch, checkpoint_every, test_each_epoch, keep };
        let course = Course::new(run, data, plan, progress);
        let pupil =
            Pupil { network, settling, settler: Settler::new(), vigil: Vigil::default(), last: LastBatch::default() };
        Self { course, pupil, spec }
    }

    /// Finished epochs.
    #[must_use]
    pub fn epoch(&self) -> usize {
        self.course.epoch()
    }

    /// Training images, and images held out.
    #[must_use]
    pub fn images(&self) -> (usize, usize) {
        let split = self.course.split();
        (split.train.len(), split.validation.len())
    }

    /// The network as it stands.
    #[must_use]
    pub fn network_mut(&mut self) -> &mut Network {
        &mut self.pupil.network
    }

    /// Trains until all epochs are done or `observe` stops it.
    ///
    /// # Errors
    /// [`TrainError`]; the last checkpoint is good, and `--resume` goes on from there.
    pub fn run(&mut self, observe: &mut dyn FnMut(&Event<'_>) -> Flow) -> Result<Ended, TrainError> {
        self.course.follow(&mut self.pupil, observe)
    }
}

/// A network that learns once a batch has settled.
#[derive(Debug)]
struct Pupil {
    network: Network,
    settling: Settling,
    settler: Settler,
    vigil: Vigil,
    last: LastBatch,
}

/// What is known of the last batch.
#[derive(Debug, Default)]
struct LastBatch {
    /// What it gives reason to say.
    warning: Option<String>,
    /// Free energy by layer, mean over images.
    energies: BTreeMap<String, f64>,
    account: Account,
}

impl Pupil {
    /// The learning rate of an epoch.
    fn rate(&self, epoch: usize) -> f32 {
        let learning = self.network.circuit().learning();
        learning.rate_over_time.rate(learning.optimizer.rate(), epoch, learning.epochs)
    }

    /// Says what let values grow without bound: what was learned, where weights have grown, or else the settling.
    fn diverged(&self, progress: &Progress, cause: SettleError) -> TrainError {
        let (epoch, batch) = (progress.epoch + 1, progress.batch + 1);
        let SettleError::NotFinite { population, firing, magnitude } = &cause else { return cause.into() };
        let why = match vigil::grown(&self.network, progress.seed) {
            Some((name, factor)) => format!(
                "population \"{population}\" is no longer finite at its firing {firing}; the largest magnitude before that \
                 was {magnitude:e}. Learning has made {name} {factor:.3e} times as strong as it was drawn, and {}: a lower \
                 `rate` of `learning: (optimizer: ...)`, or a `norm`, keeps synapses in bounds",
                vigil::history(progress),
            ),
            None => format!("{cause}; {}", vigil::history(progress)),
        };
        TrainError::Diverged { epoch, batch, rate: self.rate(progress.epoch), why }
    }

    /// One episode, and one learning step.
    fn learn_frame(&mut self, episode: &Episode, frame: usize, progress: &Progress) -> Result<Settled, TrainError> {
        let presentation = Presentation::of_run(progress.seed).at(Purpose::Learning, progress.epoch, progress.batch);
        let options = SettleOptions {
            measure: Measure::Readout,
            learn: true,
            presentation: presentation.frame(frame),
            ..SettleOptions::default()
        };
        let settled = self.settler.settle(&mut self.network, episode, &self.settling, options);
        let settled = settled.map_err(|cause| self.diverged(progress, cause))?;
        if self.network.circuit().learning().when == When::Readout {
            self.network.learn(self.settler.activities())?;
        }
        Ok(settled)
    }

    /// Lets the first episode start at `states`, by layer, where there are any.
    fn go_on_from(&mut self, mut states: Tensors) {
        let layers = self.network.circuit().layers();
        let states: Option<Vec<_>> = layers.map(|(_, layer)| states.remove(layer.name())).collect();
        states.into_iter().for_each(|states| self.settler.start_at(states));
    }
}

impl Learner for Pupil {
    type Error = TrainError;

    fn takes_sequences(&self) -> bool {
        self.settling.framed
    }

    fn learn(&mut self, images: &Images, rows: &[usize], progress: &mut Progress) -> Result<f64, TrainError> {
        self.network.at_epoch(progress.epoch);
        let circuit = Arc::clone(self.network.circuit());
        let frames = evaluation::sequence(&circuit, images, rows, Show::Everything).map_err(MeasureError::from)?;
        let (mut total, mut of_image, mut account) = (0.0, BTreeMap::new(), Account::default());
        for (frame, episode) in frames.iter().enumerate() {
            let settled = self.learn_frame(episode, frame, progress)?;
            let energies = settled.energies.populations.iter().zip(settled.energies.sums.last().into_iter().flatten());
            for (id, energy) in energies {
                let layer = circuit.layer(self.network.wiring().population(*id).layer);
                let energy = energy / frames.len() as f64;
                *progress.sums.entry(layer.name().to_owned()).or_default() += energy;
                *of_image.entry(layer.name()).or_insert(0.0) += energy / rows.len() as f64;
                total += energy;
            }
            // Who watches is told of the last frame.
            account = settled.account;
        }
        let moment = Moment { epoch: progress.epoch, batch: progress.batch, rate: self.rate(progress.epoch) };
        let warning = self.vigil.see(&circuit, moment, &of_image);
        let energies = of_image.into_iter().map(|(name, energy)| (name.to_owned(), energy)).collect();
        self.last = LastBatch { warning, energies, account };
        Ok(total / rows.len() as f64)
    }

    fn warning(&mut self) -> Option<String> {
        self.last.warning.take()
    }

    fn pulse(&self) -> Pulse {
        let (circuit, wiring) = (self.network.circuit(), self.network.wiring());
        let layer = |(id, layer): (LayerId, &Layer)| PulseLayer {
            name: layer.name().to_owned(),
            free_energy: self.last.energies.get(layer.name()).copied(),
            activity: self.settler.activities().activity(wiring, id).root_mean_square(),
        };
        let layers = circuit.layers().map(layer).collect();
        Pulse { layers, links: PulseLink::of(&self.last.account), ..Pulse::default() }
    }

    fn measure(&mut self, shown: MeasuredRows<'_>, seen: Seen<'_>) -> Result<Option<Measures>, TrainError> {
        let MeasuredRows { images, rows, progress } = shown;
        let presentation = Presentation::of_run(progress.seed).at(Purpose::Measuring, progress.epoch, 0);
        // Not with the pupil's own settler, whose last states the next batch may start from.
        let settler = &mut self.settler.another();
        match evaluation::measure_with(settler, &mut self.network, images, rows, (&self.settling, presentation), seen) {
            Ok(measured) => Ok(Some(measured.measures)),
            Err(MeasureError::Stopped) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn snapshot(&self, progress: Progress) -> Snapshot {
        let layers = self.network.circuit().layers().map(|(_, layer)| layer.name().to_owned());
        let last = self.settler.last().filter(|_| self.settling.start == Start::Last);
        let states = layers.zip(last.into_iter().flatten().cloned()).collect();
        Snapshot::take(&self.network, progress).with_states(states)
    }

    fn tensors(&self) -> Tensors {
        self.network.tensors()
    }
}
