//! Weights, data and finished runs, as the command line writes and reads them.

use crate::arrays::{dictionary, tensors};
use crate::circuit::Circuit;
use crate::failure::Failure;
use crate::pool;
use gncn::data::{Dataset, Images, Source};
use gncn::evaluation::{
    self, Evaluation, EvaluationOptions, EvaluationPart, EvaluationRequest, Evaluator, MomentsFrom, Trained,
};
use gncn::{KernelBuild, Level, Matrix, Run, StopFlag, load_weights as load, save_weights as save};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// What the CPU offers of what kernels are compiled for.
#[pyfunction]
pub(crate) fn cpu() -> Vec<String> {
    gncn::cpu_features()
}

/// Level, features and commit that these kernels were compiled for, and the level that the machine offers.
#[pyfunction]
pub(crate) fn build() -> (String, Vec<String>, Option<String>, &'static str) {
    let KernelBuild { level, features, commit } = KernelBuild::this();
    (level, features, commit, Level::of_machine().name())
}

/// What has to be said of kernels that use less than the machine offers.
#[pyfunction]
pub(crate) fn slower() -> Option<String> {
    gncn::slower_than_it_could_be()
}

/// The name of the level that a word asks for.
#[pyfunction]
pub(crate) fn level(word: &str) -> PyResult<&'static str> {
    Ok(Level::parse(word).map_err(Failure::Request)?.name())
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

pub(crate) fn stored(source: &Source, notes: &Mutex<Vec<String>>) -> Result<Dataset, Failure> {
    Ok(evaluation::load_stored(source, &|text| note(notes, text))?)
}

pub(crate) fn prepared(
    circuit: &gncn::Circuit,
    data: Dataset,
    moments: MomentsFrom<'_>,
    notes: &Mutex<Vec<String>>,
) -> Result<Dataset, Failure> {
    let prepared = evaluation::prepare(circuit, data, None, moments)?;
    prepared.told.iter().for_each(|text| note(notes, text));
    Ok(prepared.data)
}

pub(crate) fn note(notes: &Mutex<Vec<String>>, text: &str) {
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
