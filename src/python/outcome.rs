//! What an episode came to, as a dictionary of arrays and figures.

use crate::arrays::array;
use crate::failure::Failure;
use crate::watch::Watch;
use gncn::wiring::Wiring;
use gncn::{Circuit, DeliveryLog, Matrix, Network, Settled, Settler, Trace, TracedFiring};
use numpy::PyArray1;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::path::PathBuf;
use std::time::Duration;

/// A delivery log: for every firing, which messages it used.
#[pyclass(frozen, module = "gncn._native")]
pub(crate) struct Log {
    log: DeliveryLog,
}

#[pymethods]
impl Log {
    /// Writes the log, to be run again by a `Replay`.
    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        py.detach(|| self.log.save(&path)).map_err(|error| Failure::Run(error.to_string()).into())
    }

    #[getter]
    fn schedule(&self) -> &str {
        &self.log.schedule
    }

    /// Who fired, firing by firing.
    fn firings(&self) -> Vec<String> {
        self.log.firings.iter().map(|firing| self.log.populations[firing.population].clone()).collect()
    }

    fn __len__(&self) -> usize {
        self.log.firings.len()
    }
}

/// A layer's name, and its `z`, `φ(z)`, `μ`, `e`.
type LayerArrays = (String, Matrix, Matrix, Option<Matrix>, Option<Matrix>);

/// What is gathered while the network is held.
pub(crate) struct Outcome {
    settled: Settled,
    samples: usize,
    layers: Vec<LayerArrays>,
    /// By layer: sums over the batch, one for each measurement.
    energies: Vec<(String, Vec<f64>)>,
    /// By layer: of each sample, at the readout.
    free_energy: Vec<(String, Vec<f64>)>,
    trace: Option<TraceColumns>,
}

/// The columns of `gncn settle --trace`.
#[derive(Default)]
struct TraceColumns {
    population: Vec<String>,
    layer: Vec<String>,
    number: Vec<u64>,
    movement: Vec<f32>,
    free_energy: Vec<f64>,
    tick: Vec<i64>,
    begin_us: Vec<f64>,
    duration_us: Vec<f64>,
    readout: Vec<bool>,
}

impl Outcome {
    /// Gathers all of it; `cut` where the episode ended before its readout.
    pub(crate) fn of(network: &Network, settler: &Settler, mut settled: Settled, samples: usize, cut: bool) -> Self {
        let (wiring, activities, circuit) = (network.wiring(), settler.activities(), network.circuit());
        let layer = |(id, layer): (gncn::LayerId, &gncn::Layer)| {
            let (state, activity) = (activities.state(wiring, id), activities.activity(wiring, id));
            (layer.name().to_owned(), state, activity, activities.mean(wiring, id), activities.mismatch(wiring, id))
        };
        let name = |id| circuit.layer(id).name().to_owned();
        let series = |column: usize| settled.energies.sums.iter().map(|sums| sums[column]).collect();
        let measured = settled.energies.populations.iter().enumerate();
        let energies = measured.map(|(i, id)| (name(wiring.population(*id).layer), series(i))).collect();
        let free_energy = if cut { Vec::new() } else { network.free_energies(activities) };
        let free_energy = free_energy.into_iter().map(|(id, values)| (name(id), values)).collect();
        let trace = settled.trace.take().map(|trace| TraceColumns::of(&trace, wiring, circuit));
        Self { layers: circuit.layers().map(layer).collect(), samples, energies, free_energy, trace, settled }
    }

    /// Adds the account of the frame before to this one's.
    pub(crate) fn goes_on(&mut self, before: &Self) {
        let mut account = before.settled.account.clone();
        account.add(&self.settled.account);
        self.settled.account = account;
    }

    /// The dictionary that `gncn.Settled` is made of.
    pub(crate) fn into_dict<'py>(self, py: Python<'py>, watch: &Watch) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        let parts = ["states", "activities", "means", "mismatches"].map(|name| (name, PyDict::new(py)));
        for (name, state, activity, mean, mismatch) in &self.layers {
            let held = [Some(state), Some(activity), mean.as_ref(), mismatch.as_ref()];
            for ((_, part), matrix) in parts.iter().zip(held) {
                if let Some(matrix) = matrix {
                    part.set_item(name, array(py, matrix)?)?;
                }
            }
        }
        for (name, part) in parts {
            dict.set_item(name, part)?;
        }
        for (name, columns) in [("energies", self.energies), ("free_energy", self.free_energy)] {
            let part = PyDict::new(py);
            for (layer, values) in columns {
                part.set_item(layer, PyArray1::from_vec(py, values))?;
            }
            dict.set_item(name, part)?;
        }
        let Settled { steps, quiet, movement, account, log, .. } = self.settled;
        let told = serde_json::to_string(&account).map_err(|error| Failure::Run(error.to_string()))?;
        let never = serde_json::to_string(&account.never_heard()).map_err(|error| Failure::Run(error.to_string()))?;
        dict.set_item("samples", self.samples)?;
        dict.set_item("steps", steps)?;
        dict.set_item("quiet", quiet)?;
        dict.set_item("movement", movement)?;
        dict.set_item("account", told)?;
        dict.set_item("never_heard", never)?;
        dict.set_item("totals", (account.operations(), account.messages(), account.bytes()))?;
        dict.set_item("log", log.map(|log| Py::new(py, Log { log })).transpose()?)?;
        dict.set_item("trace", self.trace.map(|trace| trace.into_dict(py)).transpose()?)?;
        dict.set_item("probes", watch.probed(py, self.samples)?)?;
        Ok(dict)
    }
}

impl TraceColumns {
    fn of(trace: &Trace, wiring: &Wiring, circuit: &Circuit) -> Self {
        let mut columns = Self::default();
        for firing in &trace.firings {
            columns.add(firing, wiring, circuit);
        }
        columns
    }

    /// One row; what a population has none of is NaN, and a tick −1.
    fn add(&mut self, firing: &TracedFiring, wiring: &Wiring, circuit: &Circuit) {
        let micros = |time: Duration| time.as_secs_f64() * 1e6;
        let population = wiring.population(firing.population);
        self.population.push(population.name.clone());
        self.layer.push(circuit.layer(population.layer).name().to_owned());
        self.number.push(firing.number);
        self.movement.push(firing.movement.unwrap_or(f32::NAN));
        self.free_energy.push(firing.energy.unwrap_or(f64::NAN));
        self.tick.push(firing.tick.map_or(-1, |tick| tick as i64));
        self.begin_us.push(micros(firing.begin));
        self.duration_us.push(micros(firing.duration));
        self.readout.push(firing.readout);
    }

    fn into_dict(self, py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
        let dict = PyDict::new(py);
        dict.set_item("population", self.population)?;
        dict.set_item("layer", self.layer)?;
        dict.set_item("number", PyArray1::from_vec(py, self.number))?;
        dict.set_item("movement", PyArray1::from_vec(py, self.movement))?;
        dict.set_item("free_energy", PyArray1::from_vec(py, self.free_energy))?;
        dict.set_item("tick", PyArray1::from_vec(py, self.tick))?;
        dict.set_item("begin_us", PyArray1::from_vec(py, self.begin_us))?;
        dict.set_item("duration_us", PyArray1::from_vec(py, self.duration_us))?;
        dict.set_item("readout", PyArray1::from_vec(py, self.readout))?;
        Ok(dict)
    }
}
