//! Error populations: prediction, mismatch, and the generative synapses `W` that arrive here (Eqs. 9-12, 16).

use super::inlet::{self, Inlet};
use super::outlet::Outlet;
use super::{Fired, Population};
use crate::kernels::product::Onto;
use crate::kernels::{activation, lanes, mismatch};
use crate::learning::{Covariance, Refused};
use crate::matrix::Matrix;
use crate::params::{Activation, Likelihood, Messages};
use crate::signal::Signal;
use crate::synapse::Synapses;

/// What an error population may hear.
#[derive(Debug, Clone)]
pub enum ErrorInput {
    /// `a_k` `[rows, J_k]`, from a layer that predicts this one.
    Activity(Signal),
    /// `t` `[rows, J]`, from the state population of its own layer.
    Target(Signal),
}

/// Generative synapses of one projection.
#[derive(Debug, Clone)]
pub struct Generative {
    /// `W`, stored `[J_k, J_s]`.
    pub synapses: Synapses,
    /// The gain with which mismatch is sent back along them (type 1); `None` where it is not.
    pub backwards: Option<f32>,
}

/// The slow half of an error population.
#[derive(Debug, Clone)]
pub struct ErrorPopulation {
    size: usize,
    mean: Activation,
    likelihood: Likelihood,
    /// One for each inlet but the last, which is the target.
    generative: Vec<Generative>,
    /// `None` for `Σ = I`.
    covariance: Option<Covariance>,
    /// Whether synapses change while settling, so that a drive summed up from events would be out of date.
    plastic: bool,
}

/// The fast half of an error population.
#[derive(Debug)]
pub struct ErrorActivity {
    drive: Matrix,
    /// Whether `drive` is kept up to date by events.
    incremental: bool,
    mean: Matrix,
    /// `d`, only where a covariance weighs it.
    difference: Option<Matrix>,
    inlets: Vec<Inlet>,
    mismatch: Outlet,
    pathways: Vec<Outlet>,
    messages: Messages,
}

impl ErrorPopulation {
    /// A population of `size` neurons; `generative` in the order of its inlets.
    #[must_use]
    pub fn new(
        size: usize,
        mean: Activation,
        likelihood: Likelihood,
        generative: Vec<Generative>,
        covariance: Option<Covariance>,
    ) -> Self {
        Self { size, mean, likelihood, generative, covariance, plastic: false }
    }

    /// The same population, whose synapses change while settling if `plastic`.
    #[must_use]
    pub fn plastic(self, plastic: bool) -> Self {
        Self { plastic, ..self }
    }

    /// Number of neurons.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// Number of inlets: one for each block of generative synapses, and the target.
    #[must_use]
    pub fn inlets(&self) -> usize {
        self.generative.len() + 1
    }

    /// The generative synapses that it owns.
    pub fn synapses(&self) -> impl Iterator<Item = &Synapses> {
        self.generative.iter().map(|g| &g.synapses)
    }

    /// The generative synapses that it owns, to be restored.
    pub fn synapses_mut(&mut self) -> impl Iterator<Item = &mut Synapses> {
        self.generative.iter_mut().map(|g| &mut g.synapses)
    }

    /// `Σ`, where it is learned.
    #[must_use]
    pub fn covariance(&self) -> Option<&Covariance> {
        self.covariance.as_ref()
    }

    /// `Σ`, to be restored.
    pub fn covariance_mut(&mut self) -> Option<&mut Covariance> {
        self.covariance.as_mut()
    }

    /// Free energy of each sample as of the last firing, added to `out` `[rows]`: Bernoulli
    /// `−Σ [t log μ + (1−t) log(1−μ)]`, Gaussian `½ d·e + ½ log|Σ|` (Eq. 2 with the sign that Eq. 4 shows).
    pub fn free_energy(&self, activity: &ErrorActivity, out: &mut [f64]) {
        let e = activity.mismatch.values().as_slice();
        match self.likelihood {
            Likelihood::Bernoulli => {
                mismatch::bernoulli_energy(activity.target().as_slice(), activity.mean.as_slice(), self.size, out);
            }
            Likelihood::Gaussian => {
                let d = activity.difference.as_ref().map_or(e, Matrix::as_slice);
                let log_determinant = self.covariance.as_ref().map_or(0.0, Covariance::log_determinant);
                mismatch::gaussian_energy(d, e, log_determinant, self.size, out);
            }
        }
    }

    fn predict(&self, activity: &mut ErrorActivity) {
        if activity.incremental {
            return;
        }
        for (i, (generative, inlet)) in self.generative.iter().zip(&activity.inlets).enumerate() {
            let onto = if i == 0 { Onto::Replace } else { Onto::Add };
            generative.synapses.drive(&mut activity.drive, onto, inlet.values());
        }
    }

    /// `μ = g(h)`, `d = t − μ`, `e`.
    fn compare(&self, activity: &mut ErrorActivity) {
        let ErrorActivity { drive, mean, difference, inlets, mismatch: outlet, .. } = activity;
        let target = inlets[self.generative.len()].values().as_slice();
        let (drive, mean) = (drive.as_slice(), mean.as_mut_slice());
        match (self.likelihood, self.mean) {
            (Likelihood::Bernoulli, Activation::Sigmoid) => {
                outlet.write(|e| mismatch::bernoulli_sigmoid(target, drive, mean, e.as_mut_slice()));
            }
            (Likelihood::Bernoulli, function) => {
                activation::apply(function, drive, mean, self.size);
                outlet.write(|e| mismatch::bernoulli_full(target, mean, e.as_mut_slice()));
            }
            (Likelihood::Gaussian, function) => {
                activation::apply(function, drive, mean, self.size);
                match (&self.covariance, difference) {
                    (Some(covariance), Some(d)) => {
                        mismatch::difference(target, mean, d.as_mut_slice());
                        outlet.write(|e| covariance.weigh(d, e));
                    }
                    _ => outlet.write(|e| mismatch::difference(target, mean, e.as_mut_slice())),
                }
            }
        }
    }

    fn read_backwards(&self, activity: &mut ErrorActivity) {
        let ErrorActivity { mismatch, pathways, .. } = activity;
        let backwards = self.generative.iter().filter_map(|g| Some((&g.synapses, g.backwards?)));
        for ((synapses, gain), pathway) in backwards.zip(pathways) {
            pathway.write(|out| synapses.read_backwards(out, gain, mismatch.values()));
        }
    }
}

impl Population for ErrorPopulation {
    type Activity = ErrorActivity;
    type Input = ErrorInput;
    type Presented<'a> = ();

    fn rest(&self, rows: usize, messages: Messages, (): ()) -> ErrorActivity {
        let events = matches!(messages, Messages::Events { .. });
        let widths = self.synapses().map(|s| s.weights().rows()).chain([self.size]);
        let backwards = self.generative.iter().filter(|g| g.backwards.is_some());
        let mut activity = ErrorActivity {
            drive: Matrix::zeros(rows, self.size),
            incremental: events && !self.plastic,
            mean: Matrix::zeros(rows, self.size),
            difference: self.covariance.is_some().then(|| Matrix::zeros(rows, self.size)),
            inlets: widths.map(|width| Inlet::new(rows, width, events)).collect(),
            mismatch: Outlet::new(rows, self.size),
            pathways: backwards.map(|g| Outlet::new(rows, g.synapses.weights().rows())).collect(),
            messages,
        };
        self.rest_again(&mut activity, ());
        activity
    }

    fn rest_again(&self, activity: &mut ErrorActivity, (): ()) {
        activity.drive.fill(0.0);
        for inlet in &mut activity.inlets {
            inlet.clear();
        }
        for outlet in std::iter::once(&mut activity.mismatch).chain(&mut activity.pathways) {
            outlet.forget(activity.messages);
            outlet.write(|out| out.fill(0.0));
        }
    }

    fn receive(&self, activity: &mut ErrorActivity, inlet: usize, input: ErrorInput) {
        let ErrorActivity { drive, incremental, inlets, .. } = activity;
        let (ErrorInput::Activity(signal) | ErrorInput::Target(signal)) = input;
        inlets[inlet].take(signal, |row, neuron, delta| {
            if let Some(generative) = self.generative.get(inlet).filter(|_| *incremental) {
                inlet::add_event(drive.row_mut(row), delta, generative.synapses.weights().row(neuron));
            }
        });
    }

    fn fire(&self, activity: &mut ErrorActivity, _scale: f32) -> Fired {
        self.predict(activity);
        self.compare(activity);
        self.read_backwards(activity);
        let (peak, finite) = lanes::peak(activity.mismatch.values().as_slice());
        Fired { movement: 0.0, peak, finite }
    }

    fn sent(activity: &ErrorActivity, outlet: usize) -> Signal {
        activity.outlet(outlet).signal()
    }

    fn whole(activity: &ErrorActivity, outlet: usize) -> Signal {
        activity.outlet(outlet).whole()
    }

    fn learn(&mut self, activities: &[&ErrorActivity], batch: usize) -> Result<(), Refused> {
        for (inlet, generative) in self.generative.iter_mut().enumerate() {
            let pairs: Vec<_> = activities.iter().map(|a| (a.inlets[inlet].values(), a.mismatch.values())).collect();
            generative.synapses.learn(1.0, &pairs, batch);
        }
        if let Some(covariance) = &mut self.covariance {
            let differences: Vec<_> = activities.iter().filter_map(|a| a.difference.as_ref()).collect();
            covariance.learn(&differences, batch)?;
        }
        Ok(())
    }
}

impl ErrorActivity {
    fn outlet(&self, outlet: usize) -> &Outlet {
        match outlet {
            0 => &self.mismatch,
            _ => &self.pathways[outlet - 1],
        }
    }

    /// `μ` `[rows, J]`
    #[must_use]
    pub fn mean(&self) -> &Matrix {
        &self.mean
    }

    /// `e` `[rows, J]`, as sent last.
    #[must_use]
    pub fn mismatch(&self) -> &Matrix {
        self.mismatch.values()
    }

    /// `t` `[rows, J]`, as received last.
    #[must_use]
    pub fn target(&self) -> &Matrix {
        self.inlets.last().expect("the last inlet is the target").values()
    }
}
