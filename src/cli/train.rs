//! `gncn train`: a circuit and images in, a run folder out.
//!
//! Order: everything that can be wrong with the request is found before anything is written; then the run folder is
//! made or opened; then batches, until all epochs are done or a stop is asked for; then the picture and the table.

mod report;

use super::failure::Failure;
use super::memory::{self, Use};
use super::progress::Bar;
use super::ranks::agreed;
use super::settling::override_settling;
use super::trained::{load_source, prepared};
use super::values::parse_words;
#[cfg(feature = "watch")]
use super::watch;
use super::{interrupt, output, table, values};
use crate::checkpoint::{Run, RunInfo, StoreError};
use crate::circuit::{Circuit, Learning};
use crate::data::{Dataset, Images, Source};
use crate::evaluation::{self, MomentsFrom, Show};
use crate::network::Network;
use crate::picture;
use crate::ranks::Ranks;
use crate::training::{Ended, Event, Flow, Keep, TrainError, TrainSpec, Training};
use crate::view::board::Board;
use crate::view::tiles;
use clap::Args;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const EXAMPLES: &str = "\
Examples:
  gncn train circuits/gncn-pdh.ron                   On drawn digits, no files
  gncn train circuits/gncn-pdh.ron --data mnist --out runs/mnist --epochs 4
  gncn train circuits/gncn-pdh.ron --out runs/mnist --resume
  gncn train circuits/gncn-pdh.ron --limit 1000 --epochs 2 --overwrite
  gncn train circuits/gncn-pdh.ron --watch

Ctrl-C ends the batch under way, writes a checkpoint and stops; a second one
stops at once. A run that was stopped or killed goes on with --resume to the
very bits it would have reached; the options it was started with hold again.";

/// Train a circuit on images
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct TrainArguments {
    /// The circuit file
    circuit: PathBuf,
    /// Images: digits (drawn by gncn, the default), mnist, fashion, kmnist or
    /// caltech (in the folder that GNCN_DATA names), or a path; or, repeated,
    /// what each sense is shown: SENSE=FILE or SENSE=FILE:ARRAY
    #[arg(long, value_name = "NAME|PATH|SENSE=FILE")]
    data: Vec<String>,
    /// What each sense is shown in tests, where --data names senses
    #[arg(long, value_name = "SENSE=FILE", requires = "data")]
    test: Vec<String>,
    /// The run folder to write [default: runs/ and the circuit's name]
    #[arg(long, value_name = "RUN")]
    out: Option<PathBuf>,
    /// Passes over the data [default: the circuit's own, or 15 if that is less
    /// and no --data is given]
    #[arg(long, value_name = "N", value_parser = values::positive)]
    epochs: Option<usize>,
    /// Images in a batch, instead of the circuit's own
    #[arg(long, value_name = "N", value_parser = values::positive)]
    batch: Option<usize>,
    /// Seed of synapses, validation split and order [default: 0]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Worker threads; the weights are the same for any number
    #[arg(long, value_name = "N", value_parser = values::thread_count)]
    threads: Option<usize>,
    /// Go on with a run that was stopped, or with a finished one for more epochs
    #[arg(long, conflicts_with = "overwrite")]
    resume: bool,
    /// Replace the run that is in the folder
    #[arg(long)]
    overwrite: bool,
    /// Learn from the first N training images only
    #[arg(long, value_name = "N", value_parser = values::positive)]
    limit: Option<usize>,
    /// Hold out nothing: learn from all training images, and measure on the
    /// test images only
    #[arg(long)]
    no_validation: bool,
    /// Who fires when, as in a circuit file, instead of the circuit's own
    #[arg(long, value_name = "RON")]
    schedule: Option<String>,
    /// What travels on a link, as in a circuit file
    #[arg(long, value_name = "RON")]
    messages: Option<String>,
    /// Checkpoint after every N batches [default: once a minute]
    #[arg(long, value_name = "BATCHES", value_parser = values::positive)]
    checkpoint_every: Option<usize>,
    /// Measure on the test images after every epoch, not only the last
    #[arg(long)]
    test_each_epoch: bool,
    /// The weights to leave: those of the last epoch, or of the one that was best
    /// by the images held out (accuracy where there is a label, else BCE, else
    /// free energy) [default: last]
    #[arg(long, value_name = "WHICH")]
    keep: Option<KeepWord>,
    /// Write curves and the picture for TensorBoard, too, into the run folder:
    /// tensorboard --logdir RUN
    #[arg(long)]
    tensorboard: bool,
    /// Watch it go on in this terminal: curves, layers, links; q leaves, and the
    /// training goes on
    #[cfg(feature = "watch")]
    #[arg(long)]
    watch: bool,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// A word for [`Keep`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum KeepWord {
    Last,
    Best,
}

impl From<KeepWord> for Keep {
    fn from(word: KeepWord) -> Self {
        match word {
            KeepWord::Last => Self::Last,
            KeepWord::Best => Self::Best,
        }
    }
}

/// A request that is known to make sense.
struct TrainRequest {
    circuit: Arc<Circuit>,
    data: Dataset,
    spec: TrainSpec,
    folder: PathBuf,
    source: Source,
}

/// Epochs on the embedded digits where neither `--epochs` nor `--data` is given, at the most.
const DIGITS_EPOCHS: usize = 15;

impl TrainArguments {
    pub(super) fn run(&self, ranks: &Ranks) -> Result<(), Failure> {
        let read = || {
            #[cfg(feature = "watch")]
            if self.watch {
                watch::refuse_no_terminal("--watch")?;
            }
            values::use_threads(self.threads)?;
            Ok(Run::circuit_at(&self.circuit)?)
        };
        let file = agreed(ranks, read())?;
        let (run, circuit, keep) = self.perform(file, values::command_line(), ranks)?;
        if !ranks.leads() {
            return Ok(());
        }
        report::print(&run, &circuit, keep, self.json)
    }

    /// The arguments of a command line that begins with `gncn train`.
    pub(super) fn parse(words: &[String]) -> Result<Self, Failure> {
        parse_words(words, "train")
    }

    /// Trains `file` to the end of the run and draws its picture, together with the other ranks where there are any. The run
    /// says that `command` has made it.
    pub(super) fn perform(
        &self,
        file: Circuit,
        command: Vec<String>,
        ranks: &Ranks,
    ) -> Result<(Run, Arc<Circuit>, Keep), Failure> {
        let folder = self.out.clone().unwrap_or_else(|| Path::new("runs").join(file_name(file.name())));
        let mut run = match self.resume {
            true => Some(told(ranks, &folder, || self.open(&folder))?),
            false => None,
        };
        let request = || {
            let arguments = run.as_ref().map_or_else(|| Ok(self.clone()), |run| self.continuing(run))?;
            let request = arguments.check(file, folder.clone(), run.as_ref())?;
            Ok((arguments, request))
        };
        let (arguments, request) = agreed(ranks, request())?;
        let mut run = match run.take() {
            Some(run) => run,
            None => told(ranks, &folder, || Ok(arguments.create(&request, command)?))?,
        };
        let ended = agreed(ranks, arguments.train(&mut run, &request, ranks));
        ended.map_err(|failure| arguments.how_to_go_on(failure, &run))?;
        Ok((run, request.circuit, request.spec.keep))
    }

    /// Opens the run to go on with, as the one that writes it.
    fn open(&self, folder: &Path) -> Result<Run, Failure> {
        let mut run = Run::open(folder)?;
        run.lock()?;
        if let Some(told) = run.other_kernels() {
            tracing::warn!("{told}");
        }
        Ok(run)
    }

    /// What holds of a run that goes on: the options given now, or else those that it was started with. Whether they
    /// agree with the run is checked where it goes on.
    fn continuing(&self, run: &Run) -> Result<Self, Failure> {
        let now = self.clone();
        let first = match parse_words(&run.info.command, "train") {
            Ok(first) => first,
            // Not started from a command line that this version knows: run.json says the rest.
            _ => Self { seed: Some(run.info.seed), limit: run.info.limit, ..self.clone() },
        };
        let kept = |word: Option<KeepWord>| word.map(Keep::from).unwrap_or_default();
        if let Some(problem) = kept(now.keep).problem_after(kept(first.keep)) {
            return Err(Failure::Request(problem.to_owned()));
        }
        Ok(Self {
            epochs: now.epochs.or(Some(run.circuit()?.learning().epochs)),
            batch: now.batch.or(first.batch),
            seed: now.seed.or(first.seed),
            limit: now.limit.or(first.limit),
            schedule: now.schedule.or(first.schedule),
            messages: now.messages.or(first.messages),
            checkpoint_every: now.checkpoint_every.or(first.checkpoint_every),
            test_each_epoch: now.test_each_epoch || first.test_each_epoch,
            keep: now.keep.or(first.keep),
            no_validation: now.no_validation || first.no_validation,
            tensorboard: now.tensorboard || first.tensorboard,
            ..now
        })
    }

    /// Everything that can be wrong with the request, before anything is written.
    fn check(&self, circuit: Circuit, folder: PathBuf, run: Option<&Run>) -> Result<TrainRequest, Failure> {
        // A run goes on with the files that it was started with, from whatever folder that is asked for.
        let source = match run.filter(|_| self.data.is_empty()) {
            Some(run) => run.source(),
            None => Source::of_options(&self.data, &self.test)?,
        };
        let recorded = run.and_then(evaluation::recorded);
        let circuit = override_settling(circuit, self.schedule.as_deref(), self.messages.as_deref())?;
        // A first look at the drawn digits takes minutes, not the hours that a circuit file asks of real data.
        let most = if self.data.is_empty() { DIGITS_EPOCHS } else { usize::MAX };
        let own = circuit.learning();
        let epochs = self.epochs.unwrap_or(own.epochs.min(most));
        let circuit = circuit.with_learning(Learning { epochs, batch: self.batch.unwrap_or(own.batch), ..own })?;
        memory::refuse_too_large(&circuit, Use::Training)?;
        let seed = self.seed.unwrap_or(0);
        let data = load_source(&source)?;
        let data = if self.no_validation { data.without_validation() } else { data };
        let data = evaluation::sequences(&circuit, data).map_err(|error| Failure::Request(error.to_string()))?;
        let rows = data.split(seed).limited(self.limit).train;
        let data = prepared(&circuit, data, recorded.as_ref(), MomentsFrom::Samples(&rows))?;
        check_data(&circuit, &data.train)?;
        let spec = TrainSpec {
            limit: self.limit,
            checkpoint_every: self.checkpoint_every,
            test_each_epoch: self.test_each_epoch,
            keep: self.keep.map(Keep::from).unwrap_or_default(),
            ..TrainSpec::of(&circuit, seed)
        };
        if let Some(problem) = spec.keep.problem(data.split(seed).validation.len()) {
            return Err(Failure::Request(problem.to_owned()));
        }
        Ok(TrainRequest { circuit: Arc::new(circuit), data, spec, folder, source })
    }

    fn create(&self, request: &TrainRequest, command: Vec<String>) -> Result<Run, StoreError> {
        let (text, senses) = request.source.to_remember();
        let info = RunInfo {
            source: text.filter(|_| !self.data.is_empty()),
            senses,
            data: serde_json::to_value(request.data.describe()).unwrap_or_default(),
            schedule: request.circuit.settling().schedule.name().to_owned(),
            limit: self.limit,
            ..RunInfo::begun(command, request.spec.seed)
        };
        Run::create(&request.folder, &request.circuit, info, self.overwrite)
    }

    fn train(&self, run: &mut Run, request: &TrainRequest, ranks: &Ranks) -> Result<(), Failure> {
        let TrainRequest { circuit, data, spec, folder, .. } = request;
        let mut network = Network::new(Arc::clone(circuit), spec.seed);
        evaluation::keep_moments(&mut network, data);
        let training = if self.resume {
            let was_finished = run.info.finished;
            let training = Training::resume(run, network, data, spec.clone())?;
            if was_finished && training.epoch() == spec.epochs {
                output::note("the run is finished already; --epochs N trains it for longer");
            }
            training
        } else {
            Training::start(run, network, data, spec.clone())
        };
        let mut training = training.over(ranks)?;
        report::announce(circuit, data, spec, &training, folder);
        interrupt::after_the_batch()?;
        #[cfg(feature = "watch")]
        let _screen = (self.watch && ranks.leads()).then(|| watch::Beside::show(folder));
        let mut board = match self.tensorboard && ranks.leads() {
            true => Board::create(folder, training.epoch())?,
            false => Board::default(),
        };
        if follow(&mut training, spec.epochs, &mut board)? == Ended::Stopped {
            return Err(Failure::Run("stopped as asked, with a checkpoint".to_owned()));
        }
        report::tell_traffic(ranks);
        if !ranks.leads() {
            return Ok(());
        }
        let images = data.test_or_train();
        let picture = tiles::reconstructions(training.network_mut(), images, (tiles::COUNT, false), &spec.settling)?;
        board.picture(spec.epochs, &picture);
        picture::write(&run.path("reconstructions.png"), &picture)?;
        Ok(board.end()?)
    }

    /// A failed run tells how to go on, where there is something to go on from.
    fn how_to_go_on(&self, failure: Failure, run: &Run) -> Failure {
        let resumable = matches!(failure, Failure::Run(_)) && matches!(run.newest(), Ok(Some(_)));
        if !resumable {
            return failure;
        }
        let (circuit, out) = (output::quoted(&self.circuit), output::quoted(run.folder()));
        failure.and(&format!("the last checkpoint is good; go on with: gncn train {circuit} --out {out} --resume"))
    }
}

/// Lets every batch be learned and told, until the end or a stop.
fn follow(training: &mut Training<'_>, epochs: usize, board: &mut Board) -> Result<Ended, TrainError> {
    let bar = Bar::new(1);
    training.run(&mut |event| {
        board.see(event);
        match event {
            Event::Batch { epoch, done, of, free_energy } => {
                bar.stand(format!("epoch {epoch}/{epochs}"), *done, *of, format!("free energy {free_energy:.1}"));
            }
            Event::Warning(text) => bar.milestone(&table::wrap(&format!("warning: {text}"))),
            Event::Measured { epoch, done, of } => {
                bar.stand(format!("epoch {epoch}/{epochs}"), *done, *of, "measuring".to_owned());
            }
            Event::Epoch(metrics) => bar.milestone(&report::line(metrics, epochs)),
            Event::Checkpoint(path) => tracing::info!("checkpoint {}", path.display()),
        }
        if interrupt::requested() { Flow::Stop } else { Flow::GoOn }
    })
}

/// The run that the leading rank has, on every rank: the one that writes it is the leading one's.
fn told(ranks: &Ranks, folder: &Path, own: impl FnOnce() -> Result<Run, Failure>) -> Result<Run, Failure> {
    if !ranks.are_many() {
        return own();
    }
    let run = agreed(ranks, ranks.leads().then(own).transpose())?;
    let image = agreed(ranks, run.as_ref().map_or(Ok(Vec::new()), |run| Ok(run.to_tell()?)))?;
    let image = ranks.from_leader(|| image);
    match run {
        Some(run) => Ok(run),
        None => Ok(Run::told(folder, &image)?),
    }
}

/// Shows the circuit one image, and the largest label: what fits for these fits for all.
fn check_data(circuit: &Circuit, images: &Images) -> Result<(), Failure> {
    let labels = images.labels().unwrap_or_default();
    let row = labels.iter().enumerate().max_by_key(|(_, label)| **label).map_or(0, |(row, _)| row);
    evaluation::episode(circuit, images, &[row], Show::Everything)?;
    Ok(())
}

/// The name of a circuit as the name of a folder.
fn file_name(name: &str) -> String {
    let keep = |c: char| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let name: String = name.chars().map(keep).collect();
    let name = name.trim_start_matches('.');
    if name.is_empty() { "run".to_owned() } else { name.to_owned() }
}
