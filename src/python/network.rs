//! A network as Python sees it: weights in and out, settling, learning.
//!
//! One thread at a time has the network; others wait for it, with the interpreter's lock let go. A process that is forked
//! gets threads of its own at its first call.

use crate::arrays::{LentArrays, dictionary, tensors};
use crate::circuit::Circuit;
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::pool;
use crate::watch::{Firings, Watch};
use gncn::{
    Episode, Measure, Network as Populations, Presentation, Purpose, SettleOptions, Settled, Settler, Settling,
    StopFlag, When,
};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

/// Populations, and what they settled to last.
#[pyclass(frozen, module = "gncn._native")]
pub(crate) struct Network {
    inner: Mutex<Inner>,
    /// The process that had it last.
    process: AtomicU32,
}

struct Inner {
    /// `None` after a panic, of which nobody knows what it has left behind.
    populations: Option<Populations>,
    settler: Settler,
    /// Whether what was settled last was settled by these very weights, and read out.
    is_settled: bool,
}

/// What an episode is asked for besides its data.
struct Asked {
    settling: Option<Settling>,
    options: SettleOptions,
    watch: Arc<Watch>,
    order: Option<(Firings, Arc<Mutex<Option<PyErr>>>)>,
}

#[pymethods]
impl Network {
    #[new]
    #[pyo3(signature = (circuit, seed, weights=None))]
    fn new(py: Python<'_>, circuit: &Circuit, seed: u64, weights: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        pool::refuse_within_an_episode()?;
        let circuit = Arc::clone(&circuit.checked);
        let populations = match weights {
            Some(weights) => {
                let tensors = tensors(weights)?;
                py.detach(|| pool::work(&StopFlag::default(), || Ok(Populations::with_weights(circuit, &tensors)?)))?
            }
            None => py.detach(|| pool::work(&StopFlag::default(), || Ok(Populations::new(circuit, seed))))?,
        };
        Ok(Self::of(populations))
    }

    /// The weights, as copies.
    fn weights<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let tensors = self.with(py, |inner| Ok(inner.populations()?.tensors()))?;
        dictionary(py, &tensors)
    }

    /// Puts other weights in the place of its own; what optimisers remember begins anew.
    fn set_weights(&self, py: Python<'_>, weights: &Bound<'_, PyDict>) -> PyResult<()> {
        let tensors = tensors(weights)?;
        self.with(py, |inner| {
            let circuit = Arc::clone(inner.populations()?.circuit());
            inner.populations = Some(Populations::with_weights(circuit, &tensors)?);
            inner.is_settled = false;
            Ok(())
        })
        .map_err(PyErr::from)
    }

    /// Another network with the same synapses, and what their optimisers remember.
    fn copy(&self, py: Python<'_>) -> PyResult<Self> {
        Ok(Self::of(self.with(py, |inner| Ok(inner.populations()?.clone()))?))
    }

    /// One episode, or one after the other of frames, each with a dictionary of inputs and one of masks of its own; gives
    /// what each came to, the last with the account of all. `learn` is a learning step at each readout.
    #[pyo3(signature = (
        inputs, masks, circuit, *, measure, learn, record, trace, stop_at, presentation, probes, observer, order
    ))]
    #[expect(clippy::too_many_arguments, reason = "named arguments of Python")]
    fn settle<'py>(
        &self,
        py: Python<'py>,
        inputs: Vec<Bound<'py, PyDict>>,
        masks: Vec<Bound<'py, PyDict>>,
        circuit: Option<&Circuit>,
        measure: &str,
        learn: bool,
        record: bool,
        trace: bool,
        stop_at: Option<usize>,
        presentation: (u64, String, u64, u64),
        probes: Vec<String>,
        observer: Option<Py<PyAny>>,
        order: Option<Py<PyAny>>,
    ) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let lend = |(inputs, masks)| Ok((LentArrays::of(inputs)?, LentArrays::of(masks)?));
        let lent: Vec<_> = inputs.iter().zip(&masks).map(lend).collect::<PyResult<_>>()?;
        let mut frames = Vec::new();
        for (inputs, masks) in &lent {
            frames.push((inputs.batches()?, masks.batches()?, observer.as_ref().map(|told| told.clone_ref(py))));
        }
        let measure = measure_of(measure)?;
        let presentation = presentation_of(presentation)?;
        let options = SettleOptions { measure, learn, record, trace, stop_at, presentation };
        let settling = circuit.map(|circuit| circuit.checked.settling().clone());
        let mut order = order;
        let ended = self.with(py, |inner| {
            let mut ended: Vec<(Outcome, Arc<Watch>)> = Vec::new();
            for (at, (inputs, masks, observer)) in frames.into_iter().enumerate() {
                let populations = inner.populations()?;
                let watch = Arc::new(Watch::new(populations, observer, &probes, inner.settler.stop_flag())?);
                let raised = Arc::new(Mutex::new(None));
                let order = order.take().map(|names| (Firings::new(populations.wiring(), names, &raised), raised));
                let mut episode = Episode::new(populations.circuit(), inputs)?;
                for (sense, observed) in masks {
                    episode = episode.mask(populations.circuit(), &sense, observed)?;
                }
                let options = SettleOptions { presentation: presentation.frame(at), ..options };
                let asked = Asked { settling: settling.clone(), options, watch: Arc::clone(&watch), order };
                let mut outcome = inner.settle(&episode, asked)?;
                if let Some((before, _)) = ended.last() {
                    outcome.goes_on(before);
                }
                ended.push((outcome, watch));
                if learn {
                    inner.learn()?;
                }
            }
            Ok(ended)
        })?;
        ended.into_iter().map(|(outcome, watch)| outcome.into_dict(py, &watch)).collect()
    }

    /// One learning step on what settled last.
    fn learn(&self, py: Python<'_>) -> PyResult<()> {
        Ok(self.with(py, Inner::learn)?)
    }

    /// A panic made on purpose, for tests: `population` panics at this firing of all episodes from now on.
    #[cfg(feature = "testing")]
    fn plant_panic(&self, py: Python<'_>, population: &str, firing: u64) -> PyResult<()> {
        let plant = |inner: &mut Inner| {
            let found = inner.populations()?.wiring().find(population);
            let population = found.ok_or_else(|| Failure::Request(format!("no population {population}")))?;
            inner.settler.plant(vec![gncn::executor::Fault::Panic { population, firing }]);
            Ok(())
        };
        Ok(self.with(py, plant)?)
    }

    /// A panic made on purpose outside of any firing, for tests.
    #[cfg(feature = "testing")]
    fn panic(&self, py: Python<'_>) -> PyResult<()> {
        Ok(self.with(py, |_| panic!("a test asked for this panic"))?)
    }
}

impl Network {
    fn of(populations: Populations) -> Self {
        let inner = Inner { populations: Some(populations), settler: Settler::new(), is_settled: false };
        Self { inner: Mutex::new(inner), process: AtomicU32::new(std::process::id()) }
    }

    /// Does `job` on a worker, with the network for itself.
    fn with<T: Send>(
        &self,
        py: Python<'_>,
        job: impl FnOnce(&mut Inner) -> Result<T, Failure> + Send,
    ) -> Result<T, Failure> {
        pool::refuse_within_an_episode()?;
        py.detach(|| {
            let mut held = self.hold()?;
            let inner: &mut Inner = &mut held;
            let stop = inner.settler.stop_flag();
            let result = pool::work(&stop, || job(&mut *inner));
            if let Err(Failure::Bug(_)) = result {
                inner.is_settled = false;
            }
            result
        })
    }

    /// Waits for the network, with an eye on Ctrl-C.
    fn hold(&self) -> Result<MutexGuard<'_, Inner>, Failure> {
        let process = std::process::id();
        let mut waits = 0_u32;
        loop {
            let held = match self.inner.try_lock() {
                Ok(held) => Some(held),
                Err(TryLockError::Poisoned(held)) => Some(held.into_inner()),
                Err(TryLockError::WouldBlock) => None,
            };
            if let Some(mut held) = held {
                if self.process.swap(process, Ordering::Relaxed) != process {
                    // Its threads are those of another process: waiting for their end would wait forever.
                    std::mem::forget(std::mem::take(&mut held.settler));
                    held.is_settled = false;
                }
                return Ok(held);
            }
            if self.process.load(Ordering::Relaxed) != process {
                let problem = "the network was settling in another thread when this process was forked, and nobody ends \
                               that here; make a network in this process";
                return Err(Failure::Run(problem.to_owned()));
            }
            std::thread::sleep(Duration::from_micros(200));
            waits += 1;
            if waits.is_multiple_of(250) {
                Python::attach(|py| py.check_signals())?;
            }
        }
    }
}

impl Inner {
    fn populations(&self) -> Result<&Populations, Failure> {
        self.populations.as_ref().ok_or_else(lost)
    }

    fn settle(&mut self, episode: &Episode<'_>, asked: Asked) -> Result<Outcome, Failure> {
        let Asked { settling, options, watch, order } = asked;
        // Taken out until the episode has ended well: a panic on the way leaves nothing to go on with.
        let mut populations = self.populations.take().ok_or_else(lost)?;
        self.is_settled = false;
        let settling = settling.unwrap_or_else(|| populations.circuit().settling().clone());
        let raised = order.as_ref().map(|(_, raised)| Arc::clone(raised));
        if watch.is_idle() {
            self.settler.watch_no_more()
        } else {
            self.settler.watch(watch.clone())
        }
        let settled = match order {
            Some((order, _)) => self.settler.settle_along(&mut populations, episode, &settling, options, order),
            None => self.settler.settle(&mut populations, episode, &settling, options),
        };
        self.settler.watch_no_more();
        let outcome = settled.map(|settled| self.outcome(&populations, settled, episode, options.stop_at.is_some()));
        self.populations = Some(populations);
        let of_order = raised.and_then(|raised| raised.lock().unwrap_or_else(PoisonError::into_inner).take());
        if let Some(error) = watch.raised() {
            self.settler.stop_flag().clear();
            return Err(error.into());
        }
        if let Some(error) = of_order {
            return Err(error.into());
        }
        let outcome = outcome?;
        self.is_settled = options.stop_at.is_none();
        Ok(outcome)
    }

    fn outcome(&self, populations: &Populations, settled: Settled, episode: &Episode<'_>, cut: bool) -> Outcome {
        Outcome::of(populations, &self.settler, settled, episode.rows(), cut)
    }

    fn learn(&mut self) -> Result<(), Failure> {
        if !self.is_settled {
            let problem = "nothing has settled with these weights yet; settle first, then learn";
            return Err(Failure::Request(problem.to_owned()));
        }
        let mut populations = self.populations.take().ok_or_else(lost)?;
        // A circuit that learns at every firing has done so while it settled.
        let learned = match populations.circuit().learning().when {
            When::Readout => populations.learn(self.settler.activities()),
            When::EveryStep => Ok(()),
        };
        self.populations = Some(populations);
        self.is_settled = false;
        Ok(learned?)
    }
}

fn lost() -> Failure {
    let problem = "a panic has left this network in no known state; make another one, from weights that were kept";
    Failure::Run(problem.to_owned())
}

fn measure_of(word: &str) -> Result<Measure, Failure> {
    match word {
        "never" => Ok(Measure::Never),
        "readout" => Ok(Measure::Readout),
        "steps" => Ok(Measure::EveryStep),
        other => Err(Failure::Request(format!("`{other}` is no time to measure; legal are never, readout, steps"))),
    }
}

fn presentation_of((seed, purpose, epoch, batch): (u64, String, u64, u64)) -> Result<Presentation, Failure> {
    let purpose = match purpose.as_str() {
        "settling" => Purpose::Settling,
        "learning" => Purpose::Learning,
        "measuring" => Purpose::Measuring,
        other => {
            let legal = "legal are settling, learning, measuring";
            return Err(Failure::Request(format!("`{other}` is no purpose; {legal}")));
        }
    };
    Ok(Presentation { seed, purpose, epoch, batch, frame: 0 })
}
