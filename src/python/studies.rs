//! Studies, as `gncn study` runs them.

use crate::failure::Failure;
use crate::pool;
use gncn::StopFlag;
use gncn::data::atomic;
use gncn::study::report::Fact;
use gncn::study::run::{ColumnValues, Machine, StudyEvent, StudyPlan, StudyRun, StudyRunError, StudyTable, answer};
use gncn::study::{Study, findings, lay_out};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Runs a study in a folder, and gives its three tables by column.
#[pyfunction]
#[pyo3(signature = (study, folder, *, quick, only, csv, told))]
pub(crate) fn study<'py>(
    py: Python<'py>,
    study: PathBuf,
    folder: PathBuf,
    quick: bool,
    only: Vec<String>,
    csv: bool,
    told: Py<PyAny>,
) -> PyResult<Bound<'py, PyDict>> {
    pool::refuse_within_an_episode()?;
    let (stop, raised) = (StopFlag::default(), Mutex::new(None));
    let watch = |event: StudyEvent<'_>| {
        let said = match event {
            StudyEvent::Training { circuit, weights, done, of, epoch, .. } => {
                ("training", done, of, format!("{circuit} {weights}, epoch {epoch}"))
            }
            StudyEvent::Point { words, done, of, .. } => ("point", done, of, words.to_owned()),
        };
        if let Err(error) = pool::call(|py| told.call1(py, said).map(|_| ())) {
            if let Ok(mut raised) = raised.lock() {
                raised.get_or_insert(error);
            }
            return ControlFlow::Break(());
        }
        if stop.is_requested() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let done = py.detach(|| pool::work(&stop, || run(&study, &folder, (quick, csv), &only, watch)));
    if let Some(error) = raised.into_inner().unwrap_or_default() {
        return Err(error);
    }
    let dict = PyDict::new(py);
    for (name, table) in done? {
        dict.set_item(name, columns(py, table)?)?;
    }
    Ok(dict)
}

type Tables = [(&'static str, StudyTable); 3];

fn run(
    study: &Path,
    folder: &Path,
    (quick, csv): (bool, bool),
    only: &[String],
    mut watch: impl FnMut(StudyEvent<'_>) -> ControlFlow<()>,
) -> Result<Tables, Failure> {
    let study = Study::load(study)?;
    let study = if quick { study.quickly() } else { study };
    let plan = lay_out(&study).map_err(|error| Failure::Request(error.to_string()))?;
    let chosen = plan.chosen(only);
    if chosen.is_empty() {
        let example = plan.words(0);
        let problem = format!("only: no point is described so; descriptions look like \"{example}\"");
        return Err(Failure::Request(problem));
    }
    let command = vec!["python".to_owned(), "gncn.study".to_owned()];
    let machine = Machine { command, cpu: gncn::cpu_features(), threads: rayon::current_num_threads() };
    let mut run = StudyRun::open(&plan, folder, machine.clone())?;
    let ended = run.run(&chosen, &mut watch);
    if matches!(ended, Ok(()) | Err(StudyRunError::Stopped)) {
        write(&plan, &run, folder, csv, &machine)?;
    }
    ended?;
    Ok(run.tables())
}

fn write(plan: &StudyPlan, run: &StudyRun<'_>, folder: &Path, csv: bool, machine: &Machine) -> Result<(), Failure> {
    run.write_tables(csv)?;
    let fact = |name: &str, value: String| Fact { name: name.to_owned(), value };
    let cpu = format!("{} ({}), {} threads", std::env::consts::ARCH, machine.cpu.join(", "), machine.threads);
    let facts = vec![fact("gncn", env!("CARGO_PKG_VERSION").to_owned()), fact("machine", cpu)];
    let report = answer(plan, run.records(), (facts, vec![machine.command.join(" ")]), findings(plan, run.records()));
    Ok(atomic::write(&folder.join("report.html"), report.to_html().as_bytes())?)
}

fn columns(py: Python<'_>, table: StudyTable) -> PyResult<Bound<'_, PyDict>> {
    let dict = PyDict::new(py);
    for column in table.columns {
        match column.values {
            ColumnValues::Text(values) => dict.set_item(column.name, values)?,
            ColumnValues::Whole(values) => dict.set_item(column.name, numpy::PyArray1::from_vec(py, values))?,
            ColumnValues::Real(values) => {
                let values = values.into_iter().map(|value| value.unwrap_or(f64::NAN)).collect();
                dict.set_item(column.name, numpy::PyArray1::<f64>::from_vec(py, values))?;
            }
        }
    }
    Ok(dict)
}
