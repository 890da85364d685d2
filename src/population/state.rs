//! State populations: `z`, what pulls on it, and the error synapses `E` that arrive here (Eqs. 13-15, 17).

use super::contract::{Fired, Heard, Population, WIRED, sealed};
use super::drive::Drive;
use super::inlet::{Arrived, Inlet};
use super::momentum::Velocity;
use super::noise::{Shaking, Stream};
use super::outlet::Outlet;
use super::upkeep::Renewal;
use crate::kernels::drive::Nonzero;
use crate::kernels::meter::{self, Kernel};
use crate::kernels::product::Onto;
use crate::kernels::sparse::List;
use crate::kernels::update::{self, Moved, Pulls, UpdateRule};
use crate::kernels::{activation, lanes};
use crate::learning::Refused;
use crate::matrix::Matrix;
use crate::params::{Arrivals, Messages, Target};
use crate::signal::{Carries, Content, Signal};
use crate::synapse::Synapses;

/// What a state population may hear.
#[derive(Debug, Clone)]
pub enum StateInput {
    /// `e_s` `[rows, J_s]`: over error synapses that it owns, or its own mismatch.
    Mismatch(Content),
    /// `gain · e_s W` `[rows, J_k]`, along the virtual pathway of type 1.
    Pathway(Content),
}

impl TryFrom<Signal> for StateInput {
    type Error = Signal;

    /// Gives back what is nothing for a state population.
    fn try_from(signal: Signal) -> Result<Self, Signal> {
        match signal.carries() {
            Carries::Mismatch => Ok(Self::Mismatch(signal.into_content())),
            Carries::Pathway => Ok(Self::Pathway(signal.into_content())),
            Carries::Activity | Carries::Target => Err(signal),
        }
    }
}

/// How mismatch returns on one inlet.
#[derive(Debug, Clone)]
pub enum Returned {
    /// Over learned error synapses `[J_s, J_k]` with their rate λ.
    Learned {
        /// `E`
        synapses: Box<Synapses>,
        /// λ
        rate: f32,
    },
    /// Ready to be added, as wide as the population itself.
    Pathway,
}

impl Returned {
    /// How many values arrive, for a population of `size` neurons.
    fn width(&self, size: usize) -> usize {
        match self {
            Self::Learned { synapses, .. } => synapses.shape().0,
            Self::Pathway => size,
        }
    }
}

/// What data hold in place for a presentation; matrices are `[rows, J]`.
#[derive(Debug, Clone, Copy, Default)]
pub enum Presented<'a> {
    /// Nothing: the population starts at `z = 0` and is free.
    #[default]
    Free,
    /// Every neuron.
    Clamped(&'a [f32]),
    /// The neurons where `observed` is 1; the others start at 0 and move (Eq. 19).
    Masked {
        /// Values of every neuron.
        data: &'a [f32],
        /// 1 where they hold, 0 where they are missing.
        observed: &'a [f32],
    },
}

/// The slow half of a state population.
#[derive(Debug, Clone)]
pub struct StatePopulation {
    size: usize,
    rule: UpdateRule,
    target: Target,
    /// Whether its layer is predicted, so that it sends a target and hears its own mismatch.
    predicted: bool,
    /// One for each inlet but the last, if `predicted`.
    returned: Vec<Returned>,
    /// Whether synapses change while settling, so that a drive summed up from events would be out of date.
    plastic: bool,
    /// The sd of its noise, where it has any.
    noise: Option<f32>,
    /// `m`
    momentum: f32,
}

/// Where an activity begins a presentation, once it is at rest.
#[derive(Debug, Clone, Copy)]
pub struct Onset<'a> {
    /// States `[rows, J]` for what data don't hold in place; rest where it is absent.
    pub states: Option<&'a [f32]>,
    /// The stream of its noise.
    pub stream: Stream<'a>,
    /// Its first sample, counted from the first of the presentation.
    pub first: usize,
}

/// The fast half of a state population.
#[derive(Debug)]
pub struct StateActivity {
    z: Matrix,
    drive: Drive,
    observed: Option<Matrix>,
    clamped: bool,
    inlets: Vec<Inlet>,
    activity: Outlet,
    /// Absent where nobody predicts the layer, and where the target is the activity.
    target: Option<Outlet>,
    messages: Messages,
    scratch: Vec<f32>,
    list: List,
    nonzero: Nonzero,
    renewal: Renewal,
    /// From [`StatePopulation::begin`] on, where the population has noise.
    shaking: Option<Shaking>,
    /// Boxed, so that the activities of state and of error neurons are about as large.
    velocity: Box<Velocity>,
}

impl StatePopulation {
    /// A population of `size` neurons; `returned` in the order of its inlets.
    #[must_use]
    pub fn new(size: usize, rule: UpdateRule, target: Target, predicted: bool, returned: Vec<Returned>) -> Self {
        Self { size, rule, target, predicted, returned, plastic: false, noise: None, momentum: 0.0 }
    }

    /// The same population, whose synapses change while settling if `plastic`.
    #[must_use]
    pub fn plastic(self, plastic: bool) -> Self {
        Self { plastic, ..self }
    }

    /// The same population with noise of this sd in its updates.
    #[must_use]
    pub fn with_noise(self, noise: Option<f32>) -> Self {
        Self { noise, ..self }
    }

    /// The same population that makes this share of its last movement again.
    #[must_use]
    pub fn with_momentum(self, momentum: f32) -> Self {
        Self { momentum, ..self }
    }

    /// Lets an activity at rest begin somewhere else, and says what it has then.
    pub fn begin(&self, activity: &mut StateActivity, onset: Onset<'_>) {
        let rows = onset.first..onset.first + activity.z.rows();
        activity.shaking = self.noise.map(|_| Shaking::new(onset.stream, rows));
        let Some(states) = onset.states.filter(|_| !activity.clamped) else { return };
        let seen = activity.observed.as_ref().map(Matrix::as_slice);
        for (i, (z, state)) in activity.z.as_mut_slice().iter_mut().zip(states).enumerate() {
            if seen.is_none_or(|seen| seen[i] != 1.0) {
                *z = *state;
            }
        }
        activity.forget();
        self.publish(activity);
    }

    /// Brings an activity to states that were settled elsewhere.
    pub(super) fn settle_at(&self, activity: &mut StateActivity, mut fill: impl FnMut(&mut [f32])) {
        if !activity.clamped {
            fill(activity.z.as_mut_slice());
            self.publish(activity);
        }
    }

    pub(super) fn rule(&self) -> &UpdateRule {
        &self.rule
    }

    pub(super) fn returned(&self) -> &[Returned] {
        &self.returned
    }

    /// Number of neurons.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// The error synapses that it owns.
    pub fn synapses(&self) -> impl Iterator<Item = &Synapses> {
        self.returned.iter().filter_map(|r| match r {
            Returned::Learned { synapses, .. } => Some(&**synapses),
            Returned::Pathway => None,
        })
    }

    /// The error synapses that it owns, to be restored.
    pub fn synapses_mut(&mut self) -> impl Iterator<Item = &mut Synapses> {
        self.returned.iter_mut().filter_map(|r| match r {
            Returned::Learned { synapses, .. } => Some(&mut **synapses),
            Returned::Pathway => None,
        })
    }

    /// What it sends, outlet by outlet.
    pub fn sends(&self) -> impl Iterator<Item = Carries> {
        [Carries::Activity].into_iter().chain(self.predicted.then_some(Carries::Target))
    }

    /// What it hears, inlet by inlet.
    pub fn hears(&self) -> impl Iterator<Item = Carries> {
        let returned = self.returned.iter().map(|returned| match returned {
            Returned::Learned { .. } => Carries::Mismatch,
            Returned::Pathway => Carries::Pathway,
        });
        returned.chain(self.predicted.then_some(Carries::Mismatch))
    }

    /// Applies the rule of the error synapses of one inlet, where it has any.
    pub(super) fn learn_inlet(&mut self, inlet: usize, activities: &[&StateActivity], batch: usize) {
        if let Some(Returned::Learned { synapses, rate }) = self.returned.get_mut(inlet) {
            let pairs: Vec<_> = activities.iter().map(|a| (a.inlets[inlet].values(), a.activity.values())).collect();
            synapses.learn(*rate, &pairs, batch);
        }
    }

    fn own_inlet(&self) -> Option<usize> {
        self.predicted.then_some(self.returned.len())
    }

    /// `up = Σ e E (or e W)`, for the samples that are not up to date.
    fn gather(&self, activity: &mut StateActivity) {
        let StateActivity { drive, inlets, nonzero, renewal, .. } = activity;
        drive.compute(renewal, |samples, out| {
            out.fill(0.0);
            for (returned, inlet) in self.returned.iter().zip(&*inlets) {
                let values = samples.of(inlet.values());
                match returned {
                    Returned::Learned { synapses, .. } => synapses.drive(out, Onto::Add, values, nonzero),
                    Returned::Pathway => lanes::zip_in_place(out, values, |sum, value| sum + value),
                }
            }
        });
    }

    /// Writes `φ(z)` and the target onto the outlets.
    fn publish(&self, activity: &mut StateActivity) {
        let StateActivity { z, activity: outlet, target, .. } = activity;
        outlet.write(|out| activation::apply(self.rule.activation, z.as_slice(), out, self.size));
        if let Some(target) = target {
            target.write(|out| out.copy_from_slice(z.as_slice()));
        }
    }
}

impl sealed::Sealed for StatePopulation {}

impl Population for StatePopulation {
    type Activity = StateActivity;
    type Input = StateInput;
    type Presented<'a> = Presented<'a>;

    fn rest(&self, rows: usize, messages: Messages, arrivals: Arrivals, presented: Presented<'_>) -> StateActivity {
        let incremental = messages.threshold().is_some() && !self.plastic;
        let driving: Vec<usize> = self.returned.iter().map(|returned| returned.width(self.size)).collect();
        let widths = driving.iter().copied().chain(self.own_inlet().map(|_| self.size));
        let mut renewal = Renewal::default();
        if incremental {
            renewal.reserve(rows, driving.iter().copied().max().unwrap_or(0), self.size);
        }
        let sends_target = self.predicted && self.target == Target::State;
        let mut activity = StateActivity {
            z: Matrix::zeros(rows, self.size),
            drive: Drive::new(rows, self.size, driving.iter().sum(), incremental),
            observed: None,
            clamped: false,
            inlets: widths.map(|width| Inlet::new(rows, width, messages, arrivals)).collect(),
            activity: Outlet::new(rows, self.size),
            target: sends_target.then(|| Outlet::new(rows, self.size)),
            messages,
            scratch: Vec::with_capacity(self.size),
            list: List::default(),
            nonzero: Nonzero::default(),
            renewal,
            shaking: None,
            velocity: Box::new(Velocity::new(self.momentum, rows * self.size)),
        };
        self.rest_again(&mut activity, presented);
        activity
    }

    fn rest_again(&self, activity: &mut StateActivity, presented: Presented<'_>) {
        activity.clamped = matches!(presented, Presented::Clamped(_));
        activity.observed = None;
        activity.velocity.clear();
        match presented {
            Presented::Free => activity.z.fill(0.0),
            Presented::Clamped(data) => activity.z.as_mut_slice().copy_from_slice(data),
            Presented::Masked { data, observed } => {
                let mut mask = Matrix::zeros(activity.z.rows(), self.size);
                mask.as_mut_slice().copy_from_slice(observed);
                activity.z.as_mut_slice().copy_from_slice(data);
                lanes::zip_in_place(activity.z.as_mut_slice(), observed, |z, o| z * o);
                activity.observed = Some(mask);
            }
        }
        activity.drive.invalidate();
        for inlet in &mut activity.inlets {
            inlet.clear();
        }
        activity.forget();
        self.publish(activity);
    }

    fn receive(&self, activity: &mut StateActivity, inlet: usize, number: u64, input: StateInput) -> Heard {
        let StateActivity { drive, inlets, list, .. } = activity;
        let returned = self.returned.get(inlet);
        let content = match (input, returned) {
            (StateInput::Mismatch(content), Some(Returned::Learned { .. }) | None)
            | (StateInput::Pathway(content), Some(Returned::Pathway)) => content,
            (input, _) => unreachable!("{}: {input:?} on inlet {inlet}", WIRED),
        };
        let (rows, mut operations) = (drive.values().rows(), 0);
        let heard = inlets[inlet].take(content, number, list, |arrived| match (arrived, returned) {
            (Arrived::Whole, Some(returned)) => {
                if let Returned::Learned { synapses, .. } = returned {
                    operations += (rows * synapses.count()) as u64;
                }
                drive.invalidate();
            }
            (Arrived::Changes { shard, deltas }, Some(Returned::Learned { synapses, .. })) => {
                operations += synapses.operations(deltas);
                drive.change(shard, deltas, synapses.shape().0, |out, deltas| synapses.drive_changes(out, deltas));
            }
            (Arrived::Changes { shard, deltas }, Some(Returned::Pathway)) => {
                drive.change(shard, deltas, self.size, |out, deltas| add_changes(out, deltas, self.size));
            }
            (_, None) => {}
        });
        Heard { operations, ..heard }
    }

    fn fire(&self, activity: &mut StateActivity, scale: f32) -> Fired {
        if activity.clamped {
            return Fired { movement: 0.0, peak: 0.0, finite: true, behind: false, operations: 0 };
        }
        if scale == 0.0 {
            self.publish(activity);
            let Moved { movement, peak, finite } = activity.velocity.hold();
            return Fired { movement, peak, finite, behind: activity.is_behind(), operations: 0 };
        }
        self.gather(activity);
        let StateActivity { z, drive, observed, inlets, activity: outlet, scratch, shaking, velocity, .. } = activity;
        let pulls = Pulls {
            drive: drive.values().as_slice(),
            own: self.own_inlet().map(|i| inlets[i].values().as_slice()),
            activity: outlet.values().as_slice(),
            observed: observed.as_ref().map(Matrix::as_slice),
        };
        let rule = UpdateRule { beta: self.rule.beta * scale, ..self.rule };
        let mut update =
            |z: &mut [f32]| meter::time(Kernel::Update, 0, || update::update(&rule, z, &pulls, self.size, scratch));
        let moved = velocity.carry(z.as_mut_slice(), self.size, |z| match (shaking, self.noise) {
            (Some(shaking), Some(sd)) => shaking.around(z, (sd, rule.beta), pulls.observed, update),
            _ => update(z),
        });
        self.publish(activity);
        let Moved { movement, peak, finite } = moved;
        Fired { movement, peak, finite, behind: activity.is_behind(), operations: 0 }
    }

    fn sent(activity: &StateActivity, outlet: usize) -> Signal {
        Signal::new(carries(outlet), activity.outlet(outlet).content())
    }

    fn whole(activity: &StateActivity, outlet: usize) -> Signal {
        Signal::new(carries(outlet), activity.outlet(outlet).whole())
    }

    fn learn(&mut self, activities: &[&StateActivity], batch: usize) -> Result<(), Refused> {
        for inlet in 0..self.returned.len() {
            self.learn_inlet(inlet, activities, batch);
        }
        Ok(())
    }
}

impl StateActivity {
    /// Nothing was sent yet.
    fn forget(&mut self) {
        for outlet in std::iter::once(&mut self.activity).chain(&mut self.target) {
            outlet.forget(self.messages);
        }
    }

    /// Whether something is left to be told of what was sent.
    fn is_behind(&self) -> bool {
        std::iter::once(&self.activity).chain(&self.target).any(Outlet::is_behind)
    }

    fn outlet(&self, outlet: usize) -> &Outlet {
        match (&self.target, outlet) {
            (Some(target), 1) => target,
            _ => &self.activity,
        }
    }

    /// States, but for what data hold in place.
    pub(super) fn settled(&self) -> Vec<&[f32]> {
        if self.clamped { Vec::new() } else { vec![self.z.as_slice()] }
    }

    /// `z` `[rows, J]`
    #[must_use]
    pub fn state(&self) -> &Matrix {
        &self.z
    }

    /// `φ(z)` `[rows, J]`, as sent last.
    #[must_use]
    pub fn activity(&self) -> &Matrix {
        self.activity.values()
    }

    /// Whether data hold every neuron in place, so that it never fires.
    #[must_use]
    pub fn is_clamped(&self) -> bool {
        self.clamped
    }
}

/// What an outlet sends. Where the target is the activity, both send the same values.
fn carries(outlet: usize) -> Carries {
    if outlet == 0 { Carries::Activity } else { Carries::Target }
}

/// Changes that need no synapses: from neuron to neuron.
fn add_changes(out: &mut [f32], deltas: &List, size: usize) {
    for (out, (neurons, values)) in out.chunks_exact_mut(size).zip(deltas.samples()) {
        for (neuron, value) in neurons.iter().zip(values) {
            out[*neuron as usize] += value;
        }
    }
}
