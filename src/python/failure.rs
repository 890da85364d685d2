//! Why a call failed, and the exception that it becomes: the classes are those of `gncn/errors.py`, the sentences those of
//! the command line.

use gncn::data::DataError;
use gncn::evaluation::{EvaluationError, MeasureError, SenseError};
use gncn::study::run::StudyRunError;
use gncn::{
    Blame, Blamed, CircuitError, EpisodeError, LearningError, SettleError, StoreError, TrainError, WeightsError,
};
use pyo3::prelude::*;

/// Why a call failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// What was asked for can't be met as it stands.
    Request(String),
    /// What was asked for is sound, and carrying it out failed.
    Run(String),
    /// A circuit, schedule or study with mistakes.
    Circuit(CircuitError),
    /// A bug of gncn: a panic.
    Bug(String),
    /// An exception of Python code that was called.
    Python(PyErr),
}

impl Failure {
    /// A panic that was caught.
    pub(crate) fn panicked(panic: &(dyn std::any::Any + Send)) -> Self {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
        Self::Bug(format!("gncn panicked: {text}. This is a bug in gncn; please report it"))
    }
}

/// An exception of a class of `gncn.errors`.
fn exception(py: Python<'_>, class: &str, text: String) -> PyErr {
    let made = py.import("gncn.errors").and_then(|errors| errors.getattr(class)?.call1((text,)));
    made.map_or_else(|error| error, PyErr::from_value)
}

fn circuit_exception(py: Python<'_>, error: &CircuitError) -> PyErr {
    let told = |mistake: &gncn::Mistake| {
        let (line, column) = mistake.position.unzip();
        (line, column, mistake.at.clone(), mistake.text.clone())
    };
    let mistakes: Vec<_> = error.mistakes.iter().map(told).collect();
    let path = error.path.as_ref().map(|path| path.to_string_lossy().into_owned());
    let made = py
        .import("gncn.errors")
        .and_then(|errors| errors.getattr("CircuitError")?.call_method1("_of", (error.to_string(), path, mistakes)));
    made.map_or_else(|error| error, PyErr::from_value)
}

impl From<Failure> for PyErr {
    fn from(failure: Failure) -> Self {
        Python::attach(|py| match failure {
            Failure::Request(text) => exception(py, "RequestError", text),
            Failure::Run(text) => exception(py, "RunError", text),
            Failure::Bug(text) => exception(py, "BugError", text),
            Failure::Circuit(error) => circuit_exception(py, &error),
            Failure::Python(error) => error,
        })
    }
}

impl From<PyErr> for Failure {
    fn from(error: PyErr) -> Self {
        Self::Python(error)
    }
}

/// Each of these says itself whose fault it is.
macro_rules! passed_on {
    ($($error:ty),+ $(,)?) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                match error.blame() {
                    Blame::Request => Self::Request(error.to_string()),
                    Blame::Run => Self::Run(error.to_string()),
                    Blame::Bug => Self::Bug(error.to_string()),
                }
            }
        })+
    };
}

passed_on!(
    DataError,
    EpisodeError,
    EvaluationError,
    LearningError,
    MeasureError,
    SenseError,
    SettleError,
    StoreError,
    StudyRunError,
    TrainError,
    WeightsError,
);

impl From<CircuitError> for Failure {
    fn from(error: CircuitError) -> Self {
        Self::Circuit(error)
    }
}
