//! A circuit as Python sees it: text, figures and a drawing.

use crate::failure::Failure;
use gncn::cost::Cost;
use gncn::view::draw::{Overlay, Theme, norms, scene, svg};
use gncn::wiring::Wiring;
use gncn::{Circuit as Checked, ExecutorKind, Schedule, Stopping, advice, parse_messages, tensor_shapes};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::path::PathBuf;
use std::sync::Arc;

/// A checked circuit.
#[pyclass(frozen, module = "gncn._native")]
pub(crate) struct Circuit {
    pub(crate) checked: Arc<Checked>,
}

#[pymethods]
impl Circuit {
    /// The circuit of a file.
    #[staticmethod]
    fn from_file(path: PathBuf) -> PyResult<Self> {
        Self::of(Checked::load(path))
    }

    /// The circuit of a text.
    #[staticmethod]
    fn from_ron(text: &str) -> PyResult<Self> {
        Self::of(Checked::parse(text.as_bytes()))
    }

    #[getter]
    fn name(&self) -> &str {
        self.checked.name()
    }

    #[getter]
    fn about(&self) -> &str {
        self.checked.about()
    }

    /// The text, defaults written out.
    fn ron(&self) -> String {
        self.checked.to_ron()
    }

    /// Layers by name: neurons, sense, whether it is predicted.
    fn layers(&self) -> Vec<(String, usize, Option<String>, bool)> {
        let layers = self.checked.layers();
        let one = |(id, layer): (gncn::LayerId, &gncn::Layer)| {
            let sense = layer.sense().map(ToOwned::to_owned);
            (layer.name().to_owned(), layer.size(), sense, self.checked.is_predicted(id))
        };
        layers.map(one).collect()
    }

    /// Every population, in the order of the wiring.
    fn populations(&self) -> Vec<String> {
        Wiring::new(&self.checked).populations.into_iter().map(|population| population.name).collect()
    }

    /// Tensors by name, with their shapes.
    fn tensors(&self) -> Vec<(String, [usize; 2])> {
        tensor_shapes(&self.checked).into_iter().collect()
    }

    /// Samples in a batch, passes over the data, steps, the schedule as a word.
    fn figures(&self) -> (usize, usize, usize, &'static str) {
        let (learning, settling) = (self.checked.learning(), self.checked.settling());
        (learning.batch, learning.epochs, settling.stopping.max_steps(), settling.schedule.name())
    }

    /// Whether it settles frame by frame.
    #[getter]
    fn framed(&self) -> bool {
        self.checked.settling().framed
    }

    /// What is legal and yet likely to surprise, and what the circuit costs, as JSON.
    fn check(&self) -> PyResult<(Vec<String>, String)> {
        let warnings = [self.checked.settling().warnings(), advice::idle_options(&self.checked)].concat();
        let cost = serde_json::to_string(&Cost::new(&self.checked)).map_err(|e| Failure::Run(e.to_string()))?;
        Ok((warnings, cost))
    }

    /// An SVG, on which `weights` show how strong synapses are.
    fn draw(&self, theme: &str, weights: Option<&Bound<'_, PyDict>>) -> PyResult<String> {
        let theme = match theme {
            "auto" => Theme::Auto,
            "light" => Theme::Light,
            "dark" => Theme::Dark,
            other => {
                let problem = format!("`{other}` is no theme; legal are auto, light, dark");
                return Err(Failure::Request(problem).into());
            }
        };
        let overlay = match weights {
            Some(weights) => {
                let tensors = crate::arrays::tensors(weights)?;
                gncn::Network::with_weights(Arc::clone(&self.checked), &tensors).map_err(Failure::from)?;
                norms(&self.checked, &tensors)
            }
            None => Overlay::default(),
        };
        Ok(svg(&scene(&self.checked, &overlay), theme))
    }

    /// The same circuit that settles in another way.
    #[pyo3(signature = (schedule=None, messages=None, executor=None, steps=None, tolerance=None))]
    fn with_settling(
        &self,
        schedule: Option<&str>,
        messages: Option<&str>,
        executor: Option<&str>,
        steps: Option<usize>,
        tolerance: Option<f32>,
    ) -> PyResult<Self> {
        let circuit = self.settled_by(schedule, messages, executor, (steps, tolerance))?;
        Ok(Self { checked: Arc::new(circuit) })
    }
}

impl Circuit {
    fn of(circuit: Result<Checked, gncn::CircuitError>) -> PyResult<Self> {
        Ok(Self { checked: Arc::new(circuit.map_err(Failure::from)?) })
    }

    fn settled_by(
        &self,
        schedule: Option<&str>,
        messages: Option<&str>,
        executor: Option<&str>,
        (steps, tolerance): (Option<usize>, Option<f32>),
    ) -> Result<Checked, Failure> {
        let circuit = self.checked.as_ref().clone();
        let mut settling = circuit.settling().clone();
        if let Some(text) = schedule {
            settling.schedule = Schedule::parse(text, &circuit)?;
        }
        if let Some(text) = messages {
            settling.messages = parse_messages(text)?;
        }
        settling.executor = match executor {
            None => settling.executor,
            Some("Threads") => ExecutorKind::Threads,
            Some("Tasks") => ExecutorKind::Tasks,
            Some(other) => {
                return Err(Failure::Request(format!("`{other}` is no executor; legal are Threads, Tasks")));
            }
        };
        let most = steps.unwrap_or_else(|| settling.stopping.max_steps());
        settling.stopping = match (tolerance, steps) {
            (Some(tolerance), _) => Stopping::Quiet { tolerance, max_steps: most },
            (None, Some(steps)) => Stopping::Steps(steps),
            (None, None) => settling.stopping,
        };
        Ok(circuit.with_settling(settling)?)
    }
}

/// Checks a text of messages, and says it as the library would write it.
#[pyfunction]
pub(crate) fn messages(text: &str) -> PyResult<String> {
    Ok(format!("{:?}", parse_messages(text).map_err(Failure::from)?))
}
