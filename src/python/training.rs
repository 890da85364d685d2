//! Training a run folder, as `gncn train` does it.

use crate::circuit::Circuit;
use crate::failure::Failure;
use crate::pool;
use crate::runs::{note, prepared, stored};
use gncn::data::{Dataset, Source};
use gncn::evaluation::{self, MomentsFrom, Show};
use gncn::view::board::Board;
use gncn::view::tiles;
use gncn::{Ended, Event, Flow, Keep, Learning, Network, Run, RunInfo, StopFlag, TrainSpec, Training, picture};
use pyo3::prelude::*;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// What a training is asked for: a dictionary of Python's.
#[derive(Debug, FromPyObject)]
#[pyo3(from_item_all)]
struct TrainAsked {
    folder: PathBuf,
    data: Vec<String>,
    test: Vec<String>,
    epochs: Option<usize>,
    batch: Option<usize>,
    seed: u64,
    limit: Option<usize>,
    checkpoint_every: Option<usize>,
    test_each_epoch: bool,
    no_validation: bool,
    keep: String,
    tensorboard: bool,
    overwrite: bool,
    resume: bool,
}

/// Trains a run folder as `gncn train` does; `told` is called with (kind, epoch, done, of, free energy or JSON).
#[pyfunction]
pub(crate) fn train_run(
    py: Python<'_>,
    circuit: &Circuit,
    options: &Bound<'_, PyAny>,
    told: Py<PyAny>,
) -> PyResult<Vec<String>> {
    pool::refuse_within_an_episode()?;
    let asked: TrainAsked = options.extract()?;
    let own = circuit.checked.learning();
    let learning =
        Learning { epochs: asked.epochs.unwrap_or(own.epochs), batch: asked.batch.unwrap_or(own.batch), ..own };
    let circuit = circuit.checked.as_ref().clone().with_learning(learning).map_err(Failure::from)?;
    let stop = StopFlag::default();
    let raised = Mutex::new(None);
    let mut watch = |event: &Event<'_>| {
        let flow = tell(&told, &raised, event);
        if stop.is_requested() { Flow::Stop } else { flow }
    };
    let done = py.detach(|| pool::work(&stop, || asked.train(Arc::new(circuit), &mut watch)));
    match raised.into_inner().unwrap_or_default() {
        Some(error) => Err(error),
        None => Ok(done?),
    }
}

/// Tells Python of an event; what it raises stops the training.
fn tell(told: &Py<PyAny>, raised: &Mutex<Option<PyErr>>, event: &Event<'_>) -> Flow {
    let said = match event {
        Event::Batch { epoch, done, of, free_energy } => ("batch", *epoch, *done, *of, *free_energy, String::new()),
        Event::Measured { epoch, done, of } => ("measured", *epoch, *done, *of, f64::NAN, String::new()),
        Event::Epoch(metrics) => {
            let text = serde_json::to_string(metrics).unwrap_or_default();
            ("epoch", metrics.epoch, 1, 1, f64::NAN, text)
        }
        Event::Warning(text) => ("warning", 0, 0, 0, f64::NAN, text.to_string()),
        Event::Checkpoint(path) => ("checkpoint", 0, 0, 0, f64::NAN, path.to_string_lossy().into_owned()),
    };
    match pool::call(|py| told.call1(py, said).map(|_| ())) {
        Ok(()) => Flow::GoOn,
        Err(error) => {
            if let Ok(mut raised) = raised.lock() {
                raised.get_or_insert(error);
            }
            Flow::Stop
        }
    }
}

impl TrainAsked {
    /// Order: everything that can be wrong with the request; the run folder; batches; the picture.
    fn train(
        &self,
        circuit: Arc<gncn::Circuit>,
        watch: &mut dyn FnMut(&Event<'_>) -> Flow,
    ) -> Result<Vec<String>, Failure> {
        let notes = Mutex::new(Vec::new());
        let source = Source::of_options(&self.data, &self.test)?;
        let data = self.shown(&circuit, &source, &notes)?;
        let spec = self.spec(&circuit, &data)?;
        let mut network = Network::new(Arc::clone(&circuit), self.seed);
        evaluation::keep_moments(&mut network, &data);
        let mut run =
            if self.resume { self.opened(spec.keep, &notes)? } else { self.created(&circuit, &data, &source)? };
        let mut training = if self.resume {
            Training::resume(&mut run, network, &data, spec.clone())?
        } else {
            Training::start(&mut run, network, &data, spec.clone())
        };
        let mut board =
            if self.tensorboard { Board::create(&self.folder, training.epoch())? } else { Board::default() };
        let ended = training.run(&mut |event| {
            board.see(event);
            watch(event)
        })?;
        if ended == Ended::Stopped {
            return Err(Failure::Run("stopped as asked, with a checkpoint".to_owned()));
        }
        let images = data.test_or_train();
        let shown = tiles::reconstructions(training.network_mut(), images, (tiles::COUNT, false), &spec.settling)?;
        board.picture(spec.epochs, &shown);
        picture::write(&self.folder.join("reconstructions.png"), &shown)?;
        board.end()?;
        Ok(notes.into_inner().unwrap_or_default())
    }

    /// The data as the circuit is shown them.
    fn shown(&self, circuit: &gncn::Circuit, source: &Source, notes: &Mutex<Vec<String>>) -> Result<Dataset, Failure> {
        let data = stored(source, notes)?;
        let data = if self.no_validation { data.without_validation() } else { data };
        let rows = data.split(self.seed).limited(self.limit).train;
        let data = prepared(circuit, data, MomentsFrom::Samples(&rows), notes)?;
        evaluation::episode(circuit, &data.train, &[0], Show::Everything)?;
        Ok(data)
    }

    fn spec(&self, circuit: &gncn::Circuit, data: &Dataset) -> Result<TrainSpec, Failure> {
        let keep = match self.keep.as_str() {
            "last" => Keep::Last,
            "best" => Keep::Best,
            other => return Err(Failure::Request(format!("keep: `{other}` is not one of last, best"))),
        };
        if let Some(problem) = keep.problem(data.split(self.seed).validation.len()) {
            return Err(Failure::Request(problem.to_owned()));
        }
        Ok(TrainSpec {
            limit: self.limit,
            checkpoint_every: self.checkpoint_every,
            test_each_epoch: self.test_each_epoch,
            keep,
            ..TrainSpec::of(circuit, self.seed)
        })
    }

    fn opened(&self, keep: Keep, notes: &Mutex<Vec<String>>) -> Result<Run, Failure> {
        let run = Run::open(&self.folder)?;
        let kept_best = run.info.command.windows(2).any(|pair| pair == ["--keep", "best"]);
        if let Some(problem) = keep.problem_after(if kept_best { Keep::Best } else { Keep::Last }) {
            return Err(Failure::Request(problem.to_owned()));
        }
        run.other_kernels().iter().for_each(|told| note(notes, told));
        Ok(run)
    }

    fn created(&self, circuit: &gncn::Circuit, data: &Dataset, source: &Source) -> Result<Run, Failure> {
        let (text, senses) = source.to_remember();
        let info = RunInfo {
            source: text.filter(|_| !matches!(source, Source::Digits { .. })),
            senses,
            data: serde_json::to_value(data.describe()).unwrap_or_default(),
            schedule: circuit.settling().schedule.name().to_owned(),
            limit: self.limit,
            ..RunInfo::begun(self.command(circuit.learning()), self.seed)
        };
        Ok(Run::create(&self.folder, circuit, info, self.overwrite)?)
    }

    /// The command line that does the same, so that `gncn train --resume` goes on with it.
    fn command(&self, learning: Learning) -> Vec<String> {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let circuit = text(&self.folder.join("circuit.ron"));
        let mut words = vec!["gncn".to_owned(), "train".to_owned(), circuit];
        let mut add = |option: &str, value: String| words.extend([option.to_owned(), value]);
        add("--out", text(&self.folder));
        self.data.iter().for_each(|text| add("--data", text.clone()));
        self.test.iter().for_each(|text| add("--test", text.clone()));
        add("--epochs", learning.epochs.to_string());
        add("--batch", learning.batch.to_string());
        add("--seed", self.seed.to_string());
        add("--keep", self.keep.clone());
        for (option, value) in [("--limit", self.limit), ("--checkpoint-every", self.checkpoint_every)] {
            value.into_iter().for_each(|value| add(option, value.to_string()));
        }
        let flags = [
            ("--test-each-epoch", self.test_each_epoch),
            ("--no-validation", self.no_validation),
            ("--tensorboard", self.tensorboard),
        ];
        words.extend(flags.iter().filter(|(_, is_set)| *is_set).map(|(flag, _)| (*flag).to_owned()));
        words
    }
}
