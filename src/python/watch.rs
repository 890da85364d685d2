//! Watching an episode from Python: a function that is told of every firing, probes that keep what populations hold, and an
//! order of firings that a generator makes.

use crate::arrays::array;
use crate::failure::Failure;
use crate::pool::call;
use gncn::wiring::Wiring;
use gncn::{Matrix, Network, Observed, Observer, PopulationId, StopFlag};
use numpy::{PyArray1, PyArrayMethods};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::sync::{Arc, Mutex, PoisonError};

/// What a probe keeps of a population.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kept {
    State,
    Activity,
    Mean,
    Mismatch,
}

/// One probe, and what it has kept: number of the firing, first sample, values.
struct Probe {
    name: String,
    population: PopulationId,
    kept: Kept,
    size: usize,
    seen: Mutex<Vec<(u64, usize, Vec<f32>)>>,
}

/// Whoever watches.
pub(crate) struct Watch {
    wiring: Arc<Wiring>,
    function: Option<Py<PyAny>>,
    probes: Vec<Probe>,
    stop: StopFlag,
    raised: Mutex<Option<PyErr>>,
}

impl Watch {
    /// Watches for `function` and for the probes of these names: `z1` and `z1.activity` of state populations, `z1.mean` and
    /// `z1.error` of error populations.
    pub(crate) fn new(
        network: &Network,
        function: Option<Py<PyAny>>,
        probes: &[String],
        stop: StopFlag,
    ) -> Result<Self, Failure> {
        let probes = probes.iter().map(|name| probe(network, name)).collect::<Result<_, _>>()?;
        Ok(Self { wiring: Arc::clone(network.wiring()), function, probes, stop, raised: Mutex::new(None) })
    }

    /// Whether there is anything to watch for.
    pub(crate) fn is_idle(&self) -> bool {
        self.function.is_none() && self.probes.is_empty()
    }

    /// What the function raised, if it did.
    pub(crate) fn raised(&self) -> Option<PyErr> {
        self.raised.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// What every probe has kept, `[firings, samples, neurons]`.
    pub(crate) fn probed<'py>(&self, py: Python<'py>, samples: usize) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for probe in &self.probes {
            let seen = std::mem::take(&mut *probe.seen.lock().unwrap_or_else(PoisonError::into_inner));
            let firings = seen.iter().map(|(number, ..)| *number as usize).max().unwrap_or(0);
            let mut all = vec![0.0; firings * samples * probe.size];
            for (number, start, values) in seen {
                let at = ((number as usize - 1) * samples + start) * probe.size;
                all[at..at + values.len()].copy_from_slice(&values);
            }
            dict.set_item(&probe.name, PyArray1::from_vec(py, all).reshape([firings, samples, probe.size])?)?;
        }
        Ok(dict)
    }

    fn tell(&self, py: Python<'_>, function: &Py<PyAny>, firing: &Observed<'_>) -> PyResult<()> {
        let held = |matrix: Option<&Matrix>| matrix.map(|matrix| array(py, matrix)).transpose();
        let population = self.wiring.population(firing.population).name.as_str();
        let samples = (firing.samples.start, firing.samples.end);
        let states = (held(firing.state)?, held(firing.activity)?);
        let errors = (held(firing.mean)?, held(firing.mismatch)?);
        let told = (population, firing.number, samples, firing.movement, states.0, states.1, errors.0, errors.1);
        function.call1(py, told).map(|_| ())
    }
}

impl Observer for Watch {
    fn fired(&self, firing: &Observed<'_>) {
        for probe in self.probes.iter().filter(|probe| probe.population == firing.population) {
            let values = match probe.kept {
                Kept::State => firing.state,
                Kept::Activity => firing.activity,
                Kept::Mean => firing.mean,
                Kept::Mismatch => firing.mismatch,
            };
            let kept = values.map(|matrix| (firing.number, firing.samples.start, matrix.as_slice().to_vec()));
            probe.seen.lock().unwrap_or_else(PoisonError::into_inner).extend(kept);
        }
        let Some(function) = &self.function else { return };
        if self.stop.is_requested() {
            return;
        }
        if let Err(error) = call(|py| self.tell(py, function, firing)) {
            self.raised.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
            self.stop.request();
        }
    }
}

fn probe(network: &Network, name: &str) -> Result<Probe, Failure> {
    let wiring = network.wiring();
    let (population, kept) = if let Some(layer) = name.strip_suffix(".activity") {
        (layer.to_owned(), Kept::Activity)
    } else if let Some(layer) = name.strip_suffix(".mean") {
        (format!("{layer}.error"), Kept::Mean)
    } else if name.ends_with(".error") {
        (name.to_owned(), Kept::Mismatch)
    } else {
        (name.to_owned(), Kept::State)
    };
    let found = wiring.find(&population).ok_or_else(|| {
        let names: Vec<_> = wiring.populations.iter().map(|population| population.name.as_str()).collect();
        let legal = "a probe is NAME, NAME.activity, NAME.mean or NAME.error of a layer that has it";
        Failure::Request(format!("no probe \"{name}\": the populations are {}; {legal}", names.join(", ")))
    })?;
    let size = network.circuit().layer(wiring.population(found).layer).size();
    Ok(Probe { name: name.to_owned(), population: found, kept, size, seen: Mutex::new(Vec::new()) })
}

/// Firings in the order in which a Python iterator names them; it ends where the iterator ends or raises.
pub(crate) struct Firings {
    wiring: Arc<Wiring>,
    names: Py<PyAny>,
    raised: Arc<Mutex<Option<PyErr>>>,
}

impl Firings {
    /// Follows an iterator; what it raises is put into `raised`.
    pub(crate) fn new(wiring: &Arc<Wiring>, names: Py<PyAny>, raised: &Arc<Mutex<Option<PyErr>>>) -> Self {
        Self { wiring: Arc::clone(wiring), names, raised: Arc::clone(raised) }
    }

    fn named(&self, py: Python<'_>) -> PyResult<Option<PopulationId>> {
        let Some(name) = self.names.bind(py).try_iter()?.next().transpose()? else { return Ok(None) };
        let Ok(name) = name.extract::<String>() else {
            let problem =
                format!("an order of firings names populations, such as \"z1.error\", and this one gave {name}");
            return Err(Failure::Request(problem).into());
        };
        let found = self.wiring.find(&name).ok_or_else(|| {
            let names: Vec<_> = self.wiring.populations.iter().map(|p| p.name.as_str()).collect();
            let problem = format!("no population \"{name}\" to fire; the populations are {}", names.join(", "));
            Failure::Request(problem)
        })?;
        Ok(Some(found))
    }
}

impl Iterator for Firings {
    type Item = PopulationId;

    fn next(&mut self) -> Option<PopulationId> {
        match call(|py| self.named(py)) {
            Ok(found) => found,
            Err(error) => {
                *self.raised.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                None
            }
        }
    }
}
