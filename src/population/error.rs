//! Error populations: prediction, mismatch, and the generative synapses `W` that arrive here (Eqs. 9-12, 16).

use super::contract::{Fired, Heard, Population, WIRED, sealed};
use super::drive::Drive;
use super::inlet::{Arrived, Inlet};
use super::outlet::Outlet;
use super::past::PastDrive;
use super::precision::{Scratch, Weighing};
use super::upkeep::{Renewal, Upkeep};
use crate::kernels::drive::Nonzero;
use crate::kernels::meter::{self, Kernel};
use crate::kernels::product::{Onto, SHARD_ROWS};
use crate::kernels::sparse::List;
use crate::kernels::{activation, lanes, mismatch};
use crate::learning::precision::Compared;
use crate::learning::{Ascent, Bias, OwnPrecision, Refused};
use crate::matrix::Matrix;
use crate::params::{Activation, Arrivals, Likelihood, Messages};
use crate::signal::{Carries, Content, Signal};
use crate::synapse::Synapses;

/// What an error population may hear.
#[derive(Debug, Clone)]
pub enum ErrorInput {
    /// `a_k` `[rows, J_k]`, from a layer that predicts this one.
    Activity(Content),
    /// `t` `[rows, J]`, from the state population of its own layer.
    Target(Content),
}

impl TryFrom<Signal> for ErrorInput {
    type Error = Signal;

    /// Gives back what is nothing for an error population.
    fn try_from(signal: Signal) -> Result<Self, Signal> {
        match signal.carries() {
            Carries::Activity => Ok(Self::Activity(signal.into_content())),
            Carries::Target => Ok(Self::Target(signal.into_content())),
            Carries::Mismatch | Carries::Pathway => Err(signal),
        }
    }
}

/// The slow half of an error population.
#[derive(Debug, Clone)]
pub struct ErrorPopulation {
    size: usize,
    mean: Activation,
    likelihood: Likelihood,
    /// `W` `[J_k, J_s]`, one for each inlet but the last, which is the target; those of type 1 have a pathway.
    generative: Vec<Synapses>,
    /// Which of them predict from frames before: what their inlets hold stays through an episode.
    delayed: Vec<bool>,
    precision: OwnPrecision,
    /// Boxed: most populations have none.
    bias: Option<Box<Bias>>,
    /// Whether synapses change while settling, so that a drive summed up from events would be out of date.
    plastic: bool,
}

/// The fast half of an error population.
#[derive(Debug)]
pub struct ErrorActivity {
    drive: Drive,
    /// Only where something is delayed.
    past: Option<PastDrive>,
    mean: Matrix,
    /// Only where a covariance weighs the difference.
    weighing: Option<Weighing>,
    inlets: Vec<Inlet>,
    mismatch: Outlet,
    /// Outlets of type 1, with what was added to them since they were computed anew.
    pathways: Vec<(Outlet, Upkeep)>,
    messages: Messages,
    /// Whether drives, mismatches and pathways are kept up to date by what changes.
    incremental: bool,
    /// By sample, for one firing: whether all of it is computed anew.
    whole: Vec<bool>,
    list: List,
    nonzero: Nonzero,
    renewal: Renewal,
}

impl ErrorPopulation {
    /// A population of `size` neurons; `generative` in the order of its inlets.
    #[must_use]
    pub fn new(
        size: usize,
        mean: Activation,
        likelihood: Likelihood,
        generative: Vec<Synapses>,
        precision: OwnPrecision,
    ) -> Self {
        let delayed = vec![false; generative.len()];
        Self { size, mean, likelihood, generative, delayed, precision, bias: None, plastic: false }
    }

    /// The same population with a bias, or without.
    #[must_use]
    pub fn with_bias(self, bias: Option<Bias>) -> Self {
        Self { bias: bias.map(Box::new), ..self }
    }

    /// The same population, which hears on the inlets of `delayed` what was before the episode.
    #[must_use]
    pub fn with_delayed(self, delayed: Vec<bool>) -> Self {
        Self { delayed, ..self }
    }

    /// The same population, whose synapses change while settling if `plastic`.
    #[must_use]
    pub fn plastic(self, plastic: bool) -> Self {
        Self { plastic, ..self }
    }

    /// Brings an activity to predictions and mismatches of a firing elsewhere.
    pub(super) fn settle_at(&self, activity: &mut ErrorActivity, mut fill: impl FnMut(&mut [f32])) {
        fill(activity.mean.as_mut_slice());
        activity.mismatch.write(&mut fill);
        if let Some(weighing) = &mut activity.weighing {
            fill(weighing.difference.as_mut_slice());
        }
    }

    pub(super) fn mean(&self) -> Activation {
        self.mean
    }

    /// Which inlets hold what was before the episode.
    pub(super) fn delayed(&self) -> impl Iterator<Item = bool> {
        self.delayed.iter().copied()
    }

    /// The largest factor between a raw mismatch and what is sent of it.
    pub(super) fn precision_norm(&self) -> f32 {
        self.precision.norm()
    }

    /// Number of neurons.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// What it sends, outlet by outlet.
    pub fn sends(&self) -> impl Iterator<Item = Carries> {
        let backwards = self.generative.iter().filter(|synapses| synapses.has_pathway());
        [Carries::Mismatch].into_iter().chain(backwards.map(|_| Carries::Pathway))
    }

    /// What it hears, inlet by inlet.
    pub fn hears(&self) -> impl Iterator<Item = Carries> {
        self.generative.iter().map(|_| Carries::Activity).chain([Carries::Target])
    }

    /// The generative synapses that it owns.
    pub fn synapses(&self) -> impl Iterator<Item = &Synapses> {
        self.generative.iter()
    }

    /// The generative synapses that it owns, to be restored.
    pub fn synapses_mut(&mut self) -> impl Iterator<Item = &mut Synapses> {
        self.generative.iter_mut()
    }

    /// What weighs its mismatch.
    #[must_use]
    pub fn precision(&self) -> &OwnPrecision {
        &self.precision
    }

    /// `b`, where there is one.
    #[must_use]
    pub fn bias(&self) -> Option<&Bias> {
        self.bias.as_deref()
    }

    /// The optimisers of synapses, bias and precision, to be restored.
    pub fn ascents_mut(&mut self) -> impl Iterator<Item = &mut Ascent> {
        let synapses = self.generative.iter_mut().map(Synapses::ascent_mut);
        synapses.chain(self.bias.as_deref_mut().map(Bias::ascent_mut)).chain(self.precision.ascent_mut())
    }

    /// Free energy of each sample as of the last firing, added to `out` `[rows]`: Bernoulli
    /// `−p Σ [t log μ + (1−t) log(1−μ)]`, Gaussian `½ d·e + ½ log|Σ|` (Eq. 2 with the sign that Eq. 4 shows).
    pub fn free_energy(&self, activity: &ErrorActivity, out: &mut [f64]) {
        let mismatch = activity.mismatch.values().as_slice();
        let (target, mean) = (activity.target().as_slice(), activity.mean.as_slice());
        match self.likelihood {
            Likelihood::Bernoulli => {
                mismatch::bernoulli_energy(target, mean, self.precision.factor(), self.size, out);
            }
            Likelihood::Gaussian => {
                let difference = activity.weighing.as_ref().map(|weighing| weighing.difference.as_slice());
                self.precision.gaussian_energy(Compared { target, mean, mismatch }, difference, self.size, out);
            }
        }
    }

    /// `h = Σ a Wᵀ + b`, for the samples that are not up to date.
    fn predict(&self, activity: &mut ErrorActivity) {
        let ErrorActivity { drive, past, inlets, whole, nonzero, renewal, .. } = activity;
        whole.clear();
        whole.extend(drive.stale());
        let inlets = || self.generative.iter().zip(&*inlets).zip(&self.delayed);
        if let Some(past) = past {
            if self.plastic {
                past.expire();
            }
            past.renew(inlets().filter(|(_, delayed)| **delayed).map(|(heard, _)| heard), nonzero);
        }
        drive.compute(renewal, |samples, out| {
            let mut onto = Onto::Replace;
            if let Some(past) = past {
                out.copy_from_slice(samples.of(past.values()));
                onto = Onto::Add;
            }
            for ((synapses, inlet), _) in inlets().filter(|(_, delayed)| !**delayed) {
                synapses.drive(out, onto, samples.of(inlet.values()), nonzero);
                onto = Onto::Add;
            }
            if let Some(bias) = &self.bias {
                bias.add_to(out);
            }
        });
    }

    /// `μ = g(h)`, `d = t − μ`, `e`; returns the multiply-accumulates it took.
    fn compare(&self, activity: &mut ErrorActivity) -> u64 {
        let ErrorActivity {
            drive,
            mean,
            weighing,
            inlets,
            mismatch: outlet,
            incremental,
            whole,
            list,
            nonzero,
            renewal,
            ..
        } = activity;
        let target = inlets[self.generative.len()].values().as_slice();
        let (drive, mean) = (drive.values().as_slice(), mean.as_mut_slice());
        let mut operations = 0;
        if let (Likelihood::Bernoulli, Activation::Sigmoid) = (self.likelihood, self.mean) {
            outlet.write(|e| {
                meter::time(Kernel::Compare, 0, || mismatch::bernoulli_sigmoid(target, drive, mean, e));
                operations = self.precision.scale(e);
            });
            return operations;
        }
        meter::time(Kernel::Compare, 0, || activation::apply(self.mean, drive, mean, self.size));
        match (self.likelihood, self.precision.covariance(), weighing) {
            (Likelihood::Gaussian, Some(covariance), Some(weighing)) => {
                let d = weighing.difference.as_mut_slice();
                meter::time(Kernel::Compare, 0, || mismatch::difference(target, mean, d));
                let mut weigh = |e: &mut [f32]| {
                    operations = weighing.weigh(covariance, e, whole, Scratch { list, nonzero, renewal });
                };
                if *incremental {
                    outlet.revise(weigh);
                } else {
                    outlet.write(&mut weigh);
                }
            }
            (likelihood, ..) => outlet.write(|e| {
                meter::time(Kernel::Compare, 0, || match likelihood {
                    Likelihood::Bernoulli => mismatch::bernoulli_full(target, mean, e),
                    Likelihood::Gaussian => mismatch::difference(target, mean, e),
                });
                operations = self.precision.scale(e);
            }),
        }
        operations
    }

    /// `gain · e W` for every pathway of type 1, of the mismatch as receivers have it; returns the multiply-accumulates
    /// it took.
    fn read_backwards(&self, activity: &mut ErrorActivity) -> u64 {
        let ErrorActivity { mismatch, pathways, incremental, whole, list, nonzero, renewal, .. } = activity;
        let (sent, mut operations) = (mismatch.sent(), 0);
        for (synapses, (pathway, upkeep)) in self.generative.iter().filter(|s| s.has_pathway()).zip(pathways) {
            let pre = synapses.shape().0;
            if !*incremental {
                pathway.write(|out| synapses.read_backwards(out, sent.as_slice(), nonzero));
                operations += whole.len() * synapses.count();
                continue;
            }
            match mismatch.deltas() {
                None => upkeep.expire_all(),
                Some(_) => (0..whole.len()).filter(|row| whole[*row]).for_each(|row| upkeep.expire(row)),
            }
            pathway.revise(|out| {
                if let Some(deltas) = mismatch.deltas() {
                    operations += read_changes(synapses, out, deltas, upkeep, list);
                }
                let is_stale = |row| upkeep.is_stale(row);
                let anew = renewal.renew(out, pre, is_stale, |samples, out| {
                    synapses.read_backwards(out, samples.of(sent), nonzero);
                });
                operations += anew * synapses.count();
            });
            upkeep.renewed();
        }
        operations as u64
    }
}

impl sealed::Sealed for ErrorPopulation {}

impl Population for ErrorPopulation {
    type Activity = ErrorActivity;
    type Input = ErrorInput;
    type Presented<'a> = ();

    fn rest(&self, rows: usize, messages: Messages, arrivals: Arrivals, (): ()) -> ErrorActivity {
        let threshold = messages.threshold().filter(|_| !self.plastic);
        let driving: Vec<usize> = self.generative.iter().map(|s| s.shape().0).collect();
        let backwards = || self.generative.iter().filter(|s| s.has_pathway());
        let pathway = |s: &Synapses| (Outlet::new(rows, s.shape().0), Upkeep::new(rows, self.size));
        let mut renewal = Renewal::default();
        if threshold.is_some() {
            let widest = driving.iter().copied().fold(self.size, usize::max);
            renewal.reserve(rows, widest, widest);
        }
        let mut activity = ErrorActivity {
            drive: Drive::new(rows, self.size, driving.iter().sum(), threshold.is_some()),
            past: self.delayed.contains(&true).then(|| PastDrive::new(rows, self.size)),
            mean: Matrix::zeros(rows, self.size),
            weighing: self.precision.covariance().is_some().then(|| Weighing::new(rows, self.size, threshold)),
            inlets: driving.iter().chain([&self.size]).map(|w| Inlet::new(rows, *w, messages, arrivals)).collect(),
            mismatch: Outlet::new(rows, self.size).telling_deltas(backwards().next().is_some()),
            pathways: backwards().map(pathway).collect(),
            messages,
            incremental: threshold.is_some(),
            whole: Vec::with_capacity(rows),
            list: List::default(),
            nonzero: Nonzero::default(),
            renewal,
        };
        self.rest_again(&mut activity, ());
        activity
    }

    fn rest_again(&self, activity: &mut ErrorActivity, (): ()) {
        activity.drive.invalidate();
        activity.past.iter_mut().for_each(PastDrive::expire);
        for inlet in &mut activity.inlets {
            inlet.clear();
        }
        for outlet in std::iter::once(&mut activity.mismatch).chain(activity.pathways.iter_mut().map(|(p, _)| p)) {
            outlet.forget(activity.messages);
            outlet.write(|out| out.fill(0.0));
        }
    }

    fn receive(&self, activity: &mut ErrorActivity, inlet: usize, number: u64, input: ErrorInput) -> Heard {
        let ErrorActivity { drive, past, inlets, list, .. } = activity;
        if self.delayed.get(inlet) == Some(&true) {
            past.iter_mut().for_each(PastDrive::expire);
        }
        let synapses = self.generative.get(inlet);
        let content = match (input, synapses) {
            (ErrorInput::Activity(content), Some(_)) | (ErrorInput::Target(content), None) => content,
            (input, _) => unreachable!("{}: {input:?} on inlet {inlet}", WIRED),
        };
        let (rows, mut operations) = (drive.values().rows(), 0);
        let heard = inlets[inlet].take(content, number, list, |arrived| match (arrived, synapses) {
            (Arrived::Whole, Some(synapses)) => {
                operations += (rows * synapses.count()) as u64;
                drive.invalidate();
            }
            (Arrived::Changes { shard, deltas }, Some(synapses)) => {
                operations += synapses.operations(deltas);
                drive.change(shard, deltas, synapses.shape().0, |out, deltas| synapses.drive_changes(out, deltas));
            }
            // A target drives nothing.
            (_, None) => {}
        });
        Heard { operations, ..heard }
    }

    fn fire(&self, activity: &mut ErrorActivity, _scale: f32) -> Fired {
        self.predict(activity);
        let operations = self.compare(activity) + self.read_backwards(activity);
        let (peak, finite) = lanes::peak(activity.mismatch.values().as_slice());
        let behind = activity.mismatch.is_behind() || activity.pathways.iter().any(|(pathway, _)| pathway.is_behind());
        Fired { movement: 0.0, peak, finite, behind, operations }
    }

    fn sent(activity: &ErrorActivity, outlet: usize) -> Signal {
        Signal::new(carries(outlet), activity.outlet(outlet).content())
    }

    fn whole(activity: &ErrorActivity, outlet: usize) -> Signal {
        Signal::new(carries(outlet), activity.outlet(outlet).whole())
    }

    fn learn(&mut self, activities: &[&ErrorActivity], batch: usize) -> Result<(), Refused> {
        for (inlet, synapses) in self.generative.iter_mut().enumerate() {
            let pairs: Vec<_> = activities.iter().map(|a| (a.inlets[inlet].values(), a.mismatch.values())).collect();
            synapses.learn(1.0, &pairs, batch);
        }
        let mismatches: Vec<_> = activities.iter().map(|a| a.mismatch.values()).collect();
        if let Some(bias) = &mut self.bias {
            bias.learn(&mismatches, batch);
        }
        let differences: Vec<_> = activities.iter().filter_map(|a| Some(&a.weighing.as_ref()?.difference)).collect();
        self.precision.learn(&mismatches, &differences, batch)
    }
}

impl ErrorActivity {
    fn outlet(&self, outlet: usize) -> &Outlet {
        match outlet {
            0 => &self.mismatch,
            _ => &self.pathways[outlet - 1].0,
        }
    }

    /// Predictions and mismatches.
    pub(super) fn settled(&self) -> Vec<&[f32]> {
        let difference = self.weighing.as_ref().map(|weighing| weighing.difference.as_slice());
        [self.mean.as_slice(), self.mismatch.values().as_slice()].into_iter().chain(difference).collect()
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

/// What an outlet sends.
fn carries(outlet: usize) -> Carries {
    if outlet == 0 { Carries::Mismatch } else { Carries::Pathway }
}

/// Adds to a pathway `out` `[rows · pre]` what `deltas` of the mismatch change, but for samples that are to be computed
/// anew; returns the multiply-accumulates it took. `list` is scratch.
fn read_changes(synapses: &Synapses, out: &mut [f32], deltas: &List, upkeep: &mut Upkeep, list: &mut List) -> usize {
    let ((pre, size), mut operations) = (synapses.shape(), 0_u64);
    for (shard, out) in out.chunks_mut(SHARD_ROWS * pre).enumerate() {
        let first = shard * SHARD_ROWS;
        list.take_part(deltas, first..first + out.len() / pre);
        list.retain_samples(|sample, moved| upkeep.adds(first + sample, moved, size));
        if !list.is_empty() {
            synapses.read_changes_backwards(out, list);
            operations += synapses.operations_backwards(list);
        }
    }
    operations as usize
}
