//! Run folders, weights and data, as the command line writes and reads them.

use crate::arrays::{dictionary, tensors};
use crate::circuit::Circuit;
use crate::failure::Failure;
use crate::pool;
use gncn::data::{Dataset, Images, Source};
use gncn::evaluation::{
    self, Evaluation, EvaluationOptions, EvaluationPart, EvaluationRequest, Evaluator, MomentsFrom, Show, Trained,
};
use gncn::{
    Ended, Event, Flow, Keep, Learning, Matrix, Network, Run, RunInfo, StopFlag, TrainSpec, Training,
    load_weights as load, save_weights as save,
};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// What the CPU offers of what kernels are compiled for.
#[pyfunction]
pub(crate) fn cpu() -> Vec<String> {
    gncn::cpu_features()
}

/// The tensors of a safetensors file.
#[pyfunction]
pub(crate) fn load_weights(py: Python<'_>, path: PathBuf) -> PyResult<Bound<'_, PyDict>> {
    let tensors = py.detach(|| load(&path)).map_err(Failure::from)?;
    dictionary(py, &tensors)
}

/// Writes tensors to a safetensors file, whole or not at all.
#[pyfunction]
pub(crate) fn save_weights(py: Python<'_>, path: PathBuf, weights: &Bound<'_, PyDict>) -> PyResult<()> {
    let tensors = tensors(weights)?;
    Ok(py.detach(|| save(&path, &tensors)).map_err(Failure::from)?)
}

/// Arrays of a data set, as they are stored or as `circuit` is shown them, and what has to be said of them.
#[pyfunction]
pub(crate) fn load_data<'py>(
    py: Python<'py>,
    data: Vec<String>,
    test: Vec<String>,
    circuit: Option<&Circuit>,
) -> PyResult<(Bound<'py, PyDict>, Vec<String>)> {
    let circuit = circuit.map(|circuit| Arc::clone(&circuit.checked));
    let (parts, told) = py.detach(|| -> Result<_, Failure> {
        let notes = Mutex::new(Vec::new());
        let mut found = stored(&Source::of_options(&data, &test)?, &notes)?;
        if let Some(circuit) = &circuit {
            let rows: Vec<usize> = (0..found.train.count()).collect();
            found = prepared(circuit, found, MomentsFrom::Samples(&rows), &notes)?;
        }
        let mut parts = of_images("train", &found.train);
        if let Some(test) = &found.test {
            parts.extend(of_images("test", test));
        }
        Ok((parts, notes.into_inner().unwrap_or_default()))
    })?;
    let dict = PyDict::new(py);
    for (name, values) in parts {
        match values {
            DataPart::Values(matrix) => dict.set_item(name, crate::arrays::array(py, &matrix)?)?,
            DataPart::Labels(labels) => dict.set_item(name, numpy::PyArray1::from_vec(py, labels))?,
        }
    }
    Ok((dict, told))
}

/// An array of a data set.
enum DataPart {
    Values(Matrix),
    Labels(Vec<u8>),
}

fn of_images(part: &str, images: &Images) -> Vec<(String, DataPart)> {
    let rows: Vec<usize> = (0..images.count()).collect();
    let mut parts = vec![(part.to_owned(), DataPart::Values(images.matrix(&rows)))];
    if let Some(labels) = images.labels() {
        parts.push((format!("{part}_labels"), DataPart::Labels(labels.to_vec())));
    }
    let others = images.others().iter();
    parts.extend(others.map(|o| (format!("{part}_{}", o.sense), DataPart::Values(o.samples.matrix(&rows)))));
    parts
}

fn stored(source: &Source, notes: &Mutex<Vec<String>>) -> Result<Dataset, Failure> {
    Ok(evaluation::load_stored(source, &|text| note(notes, text))?)
}

fn prepared(
    circuit: &gncn::Circuit,
    data: Dataset,
    moments: MomentsFrom<'_>,
    notes: &Mutex<Vec<String>>,
) -> Result<Dataset, Failure> {
    let prepared = evaluation::prepare(circuit, data, None, moments)?;
    prepared.told.iter().for_each(|text| note(notes, text));
    Ok(prepared.data)
}

fn note(notes: &Mutex<Vec<String>>, text: &str) {
    if let Ok(mut notes) = notes.lock() {
        notes.push(text.to_owned());
    }
}

/// The circuit of a run, its weights, and `run.json` and `metrics.jsonl` as they are.
#[pyfunction]
pub(crate) fn open_run(py: Python<'_>, folder: PathBuf) -> PyResult<(Circuit, Bound<'_, PyDict>, String, String)> {
    let (circuit, weights, info, metrics) = py
        .detach(|| {
            let run = Run::open(&folder)?;
            Ok((run.circuit()?, run.weights()?, run.text("run.json")?, run.text("metrics.jsonl")?))
        })
        .map_err(|error: gncn::StoreError| Failure::from(error))?;
    Ok((Circuit { checked: Arc::new(circuit) }, dictionary(py, &weights)?, info, metrics))
}

/// What a training is asked for.
struct TrainAsked {
    circuit: gncn::Circuit,
    source: Source,
    folder: PathBuf,
    seed: u64,
    limit: Option<usize>,
    checkpoint_every: Option<usize>,
    test_each_epoch: bool,
    overwrite: bool,
    resume: bool,
    command: Vec<String>,
}

/// Trains a run folder as `gncn train` does; `told` is called with (kind, epoch, done, of, free energy or JSON).
#[pyfunction]
#[pyo3(signature = (
    circuit, folder, data, test, *, epochs, batch, seed, limit, checkpoint_every, test_each_epoch, overwrite, resume, told
))]
#[expect(clippy::too_many_arguments, reason = "named arguments of Python")]
pub(crate) fn train_run(
    py: Python<'_>,
    circuit: &Circuit,
    folder: PathBuf,
    data: Vec<String>,
    test: Vec<String>,
    epochs: Option<usize>,
    batch: Option<usize>,
    seed: u64,
    limit: Option<usize>,
    checkpoint_every: Option<usize>,
    test_each_epoch: bool,
    overwrite: bool,
    resume: bool,
    told: Py<PyAny>,
) -> PyResult<Vec<String>> {
    pool::refuse_within_an_episode()?;
    let own = circuit.checked.learning();
    let learning = Learning { epochs: epochs.unwrap_or(own.epochs), batch: batch.unwrap_or(own.batch), ..own };
    let circuit = circuit.checked.as_ref().clone().with_learning(learning).map_err(Failure::from)?;
    let command = command(&folder, &data, &test, (learning, seed, limit, checkpoint_every, test_each_epoch));
    let source = Source::of_options(&data, &test).map_err(Failure::from)?;
    let asked = TrainAsked {
        circuit,
        source,
        folder,
        seed,
        limit,
        checkpoint_every,
        test_each_epoch,
        overwrite,
        resume,
        command,
    };
    let stop = StopFlag::default();
    let raised = Mutex::new(None);
    let done = py.detach(|| pool::work(&stop, || train(&asked, &stop, &|event| tell(&told, &raised, event))));
    match raised.into_inner().unwrap_or_default() {
        Some(error) => Err(error),
        None => Ok(done?),
    }
}

/// The command line that does the same, so that `gncn train --resume` goes on with it.
fn command(
    folder: &std::path::Path,
    data: &[String],
    test: &[String],
    (learning, seed, limit, checkpoint_every, test_each_epoch): (Learning, u64, Option<usize>, Option<usize>, bool),
) -> Vec<String> {
    let path = folder.to_string_lossy().into_owned();
    let circuit = folder.join("circuit.ron").to_string_lossy().into_owned();
    let mut words = vec!["gncn".to_owned(), "train".to_owned(), circuit, "--out".to_owned(), path];
    let mut add = |option: &str, value: String| words.extend([option.to_owned(), value]);
    data.iter().for_each(|text| add("--data", text.clone()));
    test.iter().for_each(|text| add("--test", text.clone()));
    add("--epochs", learning.epochs.to_string());
    add("--batch", learning.batch.to_string());
    add("--seed", seed.to_string());
    if let Some(limit) = limit {
        add("--limit", limit.to_string());
    }
    if let Some(every) = checkpoint_every {
        add("--checkpoint-every", every.to_string());
    }
    if test_each_epoch {
        words.push("--test-each-epoch".to_owned());
    }
    words
}

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

fn train(asked: &TrainAsked, stop: &StopFlag, told: &dyn Fn(&Event<'_>) -> Flow) -> Result<Vec<String>, Failure> {
    let notes = Mutex::new(Vec::new());
    let (circuit, seed) = (&asked.circuit, asked.seed);
    let data = stored(&asked.source, &notes)?;
    let rows = data.split(seed).limited(asked.limit).train;
    let data = prepared(circuit, data, MomentsFrom::Samples(&rows), &notes)?;
    evaluation::episode(circuit, &data.train, &[0], Show::Everything)?;
    let spec = TrainSpec {
        seed,
        epochs: circuit.learning().epochs,
        batch: circuit.learning().batch,
        limit: asked.limit,
        settling: circuit.settling().clone(),
        checkpoint_every: asked.checkpoint_every,
        test_each_epoch: asked.test_each_epoch,
        keep: Keep::default(),
    };
    let mut network = Network::new(Arc::new(circuit.clone()), seed);
    evaluation::keep_moments(&mut network, &data);
    let mut run = if asked.resume { Run::open(&asked.folder)? } else { create(asked, &data)? };
    let mut training = if asked.resume {
        Training::resume(&mut run, network, &data, spec)?
    } else {
        Training::start(&mut run, network, &data, spec)
    };
    let ended = training.run(&mut |event| {
        let flow = told(event);
        if stop.is_requested() { Flow::Stop } else { flow }
    })?;
    match ended {
        Ended::Finished => Ok(notes.into_inner().unwrap_or_default()),
        Ended::Stopped => Err(Failure::Run("stopped as asked, with a checkpoint".to_owned())),
    }
}

fn create(asked: &TrainAsked, data: &Dataset) -> Result<Run, Failure> {
    let (text, senses) = asked.source.to_remember();
    let info = RunInfo {
        command: asked.command.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        seed: asked.seed,
        source: text.filter(|_| !matches!(asked.source, Source::Digits { .. })),
        senses,
        text: None,
        data: serde_json::to_value(data.describe()).unwrap_or_default(),
        schedule: asked.circuit.settling().schedule.name().to_owned(),
        limit: asked.limit,
        cpu: gncn::cpu_features(),
        threads: rayon::current_num_threads(),
        finished: false,
    };
    Ok(Run::create(&asked.folder, &asked.circuit, info, asked.overwrite)?)
}

/// The figures of `gncn eval`, as JSON, and what has to be said of them. Nothing is written.
#[pyfunction]
#[pyo3(signature = (folder, data, test, circuit, only, *, limit, prior_images, components, draws, is_images, is_draws, seed))]
#[expect(clippy::too_many_arguments, reason = "named arguments of Python")]
pub(crate) fn evaluate(
    py: Python<'_>,
    folder: PathBuf,
    data: Vec<String>,
    test: Vec<String>,
    circuit: Option<&Circuit>,
    only: Vec<String>,
    limit: Option<usize>,
    prior_images: Option<usize>,
    components: Option<usize>,
    draws: Option<usize>,
    is_images: Option<usize>,
    is_draws: Option<usize>,
    seed: u64,
) -> PyResult<(String, Vec<String>)> {
    pool::refuse_within_an_episode()?;
    let parts = parts(&only)?;
    let usual = EvaluationOptions::default();
    let options = EvaluationOptions {
        limit,
        prior_images: prior_images.unwrap_or(usual.prior_images),
        components: components.unwrap_or(usual.components),
        draws: draws.unwrap_or(usual.draws),
        is_images: is_images.unwrap_or(usual.is_images),
        is_draws: is_draws.unwrap_or(usual.is_draws),
        seed,
        ..usual
    };
    let source = if data.is_empty() { None } else { Some(Source::of_options(&data, &test).map_err(Failure::from)?) };
    let circuit = circuit.map(|circuit| Arc::clone(&circuit.checked));
    let stop = StopFlag::default();
    let job = || {
        let notes = Mutex::new(Vec::new());
        let trained = Trained::open(&folder, source, &|text| note(&notes, text))?;
        let circuit = circuit.unwrap_or_else(|| trained.circuit());
        let mut found = Evaluation::new(EvaluationRequest::new(&trained, &circuit, &options));
        let mut evaluator = Evaluator::new(trained, circuit.settling(), options);
        for part in parts {
            if stop.is_requested() {
                break;
            }
            evaluator.measure(part, &mut found, &|_| ())?;
        }
        let text = serde_json::to_string(&found).map_err(|error| Failure::Run(error.to_string()))?;
        Ok((text, notes.into_inner().unwrap_or_default()))
    };
    Ok(py.detach(|| pool::work(&stop, job))?)
}

fn parts(only: &[String]) -> Result<Vec<EvaluationPart>, Failure> {
    if only.is_empty() {
        return Ok(EvaluationPart::USUAL.to_vec());
    }
    let part = |word: &String| {
        let found = EvaluationPart::ALL.into_iter().find(|part| part.name() == word);
        let legal = EvaluationPart::ALL.map(EvaluationPart::name).join(", ");
        found.ok_or_else(|| Failure::Request(format!("`{word}` is no part of an evaluation; legal are {legal}")))
    };
    only.iter().map(part).collect()
}
