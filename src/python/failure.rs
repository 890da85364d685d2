//! Why a call failed, and the exception that it becomes: the classes are those of `gncn/errors.py`, the sentences those of
//! the command line.

use gncn::data::DataError;
use gncn::evaluation::{EvaluationError, MeasureError, PriorError, SenseError};
use gncn::study::run::StudyRunError;
use gncn::{CircuitError, EpisodeError, LearningError, SettleError, StoreError, TrainError, WeightsError};
use pyo3::prelude::*;
use std::fmt::Display;

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
    /// Either kind, by what the error itself says of it.
    fn of(is_request: bool, error: &dyn Display) -> Self {
        if is_request { Self::Request(error.to_string()) } else { Self::Run(error.to_string()) }
    }

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

impl From<CircuitError> for Failure {
    fn from(error: CircuitError) -> Self {
        Self::Circuit(error)
    }
}

impl From<EpisodeError> for Failure {
    fn from(error: EpisodeError) -> Self {
        Self::Request(error.to_string())
    }
}

impl From<WeightsError> for Failure {
    fn from(error: WeightsError) -> Self {
        Self::Request(error.to_string())
    }
}

impl From<SenseError> for Failure {
    fn from(error: SenseError) -> Self {
        Self::Request(error.to_string())
    }
}

impl From<LearningError> for Failure {
    fn from(error: LearningError) -> Self {
        Self::Run(error.to_string())
    }
}

impl From<SettleError> for Failure {
    fn from(error: SettleError) -> Self {
        match error {
            SettleError::Panicked { .. } => Self::Bug(error.to_string()),
            _ => Self::of(error.is_request(), &error),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::of(error.is_request(), &error)
    }
}

impl From<DataError> for Failure {
    fn from(error: DataError) -> Self {
        Self::of(error.is_request(), &error)
    }
}

impl From<MeasureError> for Failure {
    fn from(error: MeasureError) -> Self {
        match error {
            MeasureError::Sense(error) => error.into(),
            MeasureError::Settle(error) => error.into(),
            MeasureError::Stopped => Self::Run(error.to_string()),
        }
    }
}

impl From<TrainError> for Failure {
    fn from(error: TrainError) -> Self {
        match error {
            TrainError::Store(error) => error.into(),
            TrainError::Measure(error) => error.into(),
            TrainError::Learning(error) => error.into(),
            TrainError::Diverged { .. } => Self::Run(error.to_string()),
            TrainError::Another { .. } => Self::Request(error.to_string()),
        }
    }
}

impl From<EvaluationError> for Failure {
    fn from(error: EvaluationError) -> Self {
        match error {
            EvaluationError::Store(error) => error.into(),
            EvaluationError::Weights { .. } => Self::Request(error.to_string()),
            EvaluationError::Data(error) => error.into(),
            EvaluationError::Sense(error) => error.into(),
            EvaluationError::Measure(error) => error.into(),
            EvaluationError::Prior(error) => Self::of(matches!(error, PriorError::Descent(_)), &error),
        }
    }
}

impl From<StudyRunError> for Failure {
    fn from(error: StudyRunError) -> Self {
        match error {
            StudyRunError::Train(error) => error.into(),
            other => Self::of(other.is_request(), &other),
        }
    }
}
