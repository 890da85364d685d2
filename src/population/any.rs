//! State and error populations behind one type, so that an executor can hold them side by side.

use super::contract::{Fired, Heard, Population, WIRED};
use super::error::{ErrorActivity, ErrorPopulation};
use super::state::{Onset, Presented, StateActivity, StatePopulation};
use crate::learning::{Ascent, Bias, OwnPrecision, Refused};
use crate::params::{Arrivals, Messages};
use crate::signal::{Carries, Signal};
use crate::synapse::Synapses;

/// A population of either kind.
#[derive(Debug, Clone)]
pub enum AnyPopulation {
    /// State neurons.
    State(StatePopulation),
    /// Error neurons.
    Error(ErrorPopulation),
}

/// The activity of a population of either kind.
#[derive(Debug)]
pub enum AnyActivity {
    /// Of state neurons.
    State(StateActivity),
    /// Of error neurons.
    Error(ErrorActivity),
}

/// An activity came to a population of the other kind: a bug of the executor.
const MIXED: &str = "an activity belongs to the population that made it";

impl AnyPopulation {
    /// See [`Population::rest`]; `presented` is for state populations.
    #[must_use]
    pub fn rest(&self, rows: usize, messages: Messages, arrivals: Arrivals, presented: Presented<'_>) -> AnyActivity {
        match self {
            Self::State(p) => AnyActivity::State(p.rest(rows, messages, arrivals, presented)),
            Self::Error(p) => AnyActivity::Error(p.rest(rows, messages, arrivals, ())),
        }
    }

    /// See [`Population::rest_again`].
    pub fn rest_again(&self, activity: &mut AnyActivity, presented: Presented<'_>) {
        match (self, activity) {
            (Self::State(p), AnyActivity::State(a)) => p.rest_again(a, presented),
            (Self::Error(p), AnyActivity::Error(a)) => p.rest_again(a, ()),
            _ => unreachable!("{MIXED}"),
        }
    }

    /// See [`StatePopulation::begin`]; error populations begin at rest.
    pub fn begin(&self, activity: &mut AnyActivity, onset: Onset<'_>) {
        if let (Self::State(p), AnyActivity::State(a)) = (self, activity) {
            p.begin(a, onset);
        }
    }

    /// See [`Population::receive`].
    ///
    /// # Panics
    /// Where the signal is not what the inlet is for: a bug of the wiring.
    pub fn receive(&self, activity: &mut AnyActivity, inlet: usize, number: u64, signal: Signal) -> Heard {
        match (self, activity) {
            (Self::State(p), AnyActivity::State(a)) => p.receive(a, inlet, number, wired(signal.try_into())),
            (Self::Error(p), AnyActivity::Error(a)) => p.receive(a, inlet, number, wired(signal.try_into())),
            _ => unreachable!("{MIXED}"),
        }
    }

    /// What it sends, outlet by outlet.
    #[must_use]
    pub fn sends(&self) -> Vec<Carries> {
        match self {
            Self::State(p) => p.sends().collect(),
            Self::Error(p) => p.sends().collect(),
        }
    }

    /// What it hears, inlet by inlet.
    #[must_use]
    pub fn hears(&self) -> Vec<Carries> {
        match self {
            Self::State(p) => p.hears().collect(),
            Self::Error(p) => p.hears().collect(),
        }
    }

    /// Of an error population: by inlet, how strongly it answers a change of what it hears there.
    #[must_use]
    pub fn answers(&self) -> Vec<f32> {
        match self {
            Self::State(_) => Vec::new(),
            Self::Error(p) => p.answers(),
        }
    }

    /// Of a state population: the largest curvature that it can meet, given the answers of its senders by inlet.
    #[must_use]
    pub fn stiffness(&self, answers: &[f32]) -> f32 {
        match self {
            Self::State(p) => p.stiffness(answers),
            Self::Error(_) => 0.0,
        }
    }

    /// See [`Population::fire`].
    pub fn fire(&self, activity: &mut AnyActivity, scale: f32) -> Fired {
        match (self, activity) {
            (Self::State(p), AnyActivity::State(a)) => p.fire(a, scale),
            (Self::Error(p), AnyActivity::Error(a)) => p.fire(a, scale),
            _ => unreachable!("{MIXED}"),
        }
    }

    /// See [`Population::learn`].
    ///
    /// # Errors
    /// [`Refused`] where a covariance would lose its Cholesky factor.
    pub fn learn(&mut self, activities: &[&AnyActivity], batch: usize) -> Result<(), Refused> {
        match self {
            Self::State(p) => p.learn(&activities.iter().filter_map(|a| a.state()).collect::<Vec<_>>(), batch),
            Self::Error(p) => p.learn(&activities.iter().filter_map(|a| a.error()).collect::<Vec<_>>(), batch),
        }
    }

    /// Learns the error synapses of one inlet of a state population; elsewhere there are none.
    pub fn learn_inlet(&mut self, inlet: usize, activities: &[&AnyActivity], batch: usize) {
        if let Self::State(p) = self {
            p.learn_inlet(inlet, &activities.iter().filter_map(|a| a.state()).collect::<Vec<_>>(), batch);
        }
    }

    /// Brings an activity to where one that settled elsewhere stood after its readout, as [`AnyActivity::settled`] tells;
    /// `fill` writes the next values. What it heard is not among them.
    pub fn settle_at(&self, activity: &mut AnyActivity, fill: impl FnMut(&mut [f32])) {
        match (self, activity) {
            (Self::State(p), AnyActivity::State(a)) => p.settle_at(a, fill),
            (Self::Error(p), AnyActivity::Error(a)) => p.settle_at(a, fill),
            _ => unreachable!("{MIXED}"),
        }
    }

    /// The blocks of synapses that it owns.
    #[must_use]
    pub fn synapses(&self) -> Vec<&Synapses> {
        match self {
            Self::State(p) => p.synapses().collect(),
            Self::Error(p) => p.synapses().collect(),
        }
    }

    /// The blocks of synapses that it owns, to be restored.
    pub fn synapses_mut(&mut self) -> Vec<&mut Synapses> {
        match self {
            Self::State(p) => p.synapses_mut().collect(),
            Self::Error(p) => p.synapses_mut().collect(),
        }
    }

    /// What weighs the mismatch of an error population.
    #[must_use]
    pub fn precision(&self) -> Option<&OwnPrecision> {
        match self {
            Self::State(_) => None,
            Self::Error(p) => Some(p.precision()),
        }
    }

    /// The bias of an error population, where it has one.
    #[must_use]
    pub fn bias(&self) -> Option<&Bias> {
        match self {
            Self::State(_) => None,
            Self::Error(p) => p.bias(),
        }
    }

    /// The optimisers of all that it learns, in an order of its own: synapses, bias, precision.
    pub fn ascents_mut(&mut self) -> Vec<&mut Ascent> {
        match self {
            Self::State(p) => p.synapses_mut().map(Synapses::ascent_mut).collect(),
            Self::Error(p) => p.ascents_mut().collect(),
        }
    }
}

impl AnyActivity {
    /// See [`Population::sent`].
    #[must_use]
    pub fn sent(&self, outlet: usize) -> Signal {
        match self {
            Self::State(a) => StatePopulation::sent(a, outlet),
            Self::Error(a) => ErrorPopulation::sent(a, outlet),
        }
    }

    /// Number of samples.
    #[must_use]
    pub fn rows(&self) -> usize {
        match self {
            Self::State(a) => a.state().rows(),
            Self::Error(a) => a.mean().rows(),
        }
    }

    /// See [`Population::whole`].
    #[must_use]
    pub fn whole(&self, outlet: usize) -> Signal {
        match self {
            Self::State(a) => StatePopulation::whole(a, outlet),
            Self::Error(a) => ErrorPopulation::whole(a, outlet),
        }
    }

    /// What nobody who has the same synapses and data can work out without settling.
    #[must_use]
    pub fn settled(&self) -> Vec<&[f32]> {
        match self {
            Self::State(a) => a.settled(),
            Self::Error(a) => a.settled(),
        }
    }

    /// As the activity of state neurons.
    #[must_use]
    pub fn state(&self) -> Option<&StateActivity> {
        match self {
            Self::State(a) => Some(a),
            Self::Error(_) => None,
        }
    }

    /// As the activity of error neurons.
    #[must_use]
    pub fn error(&self) -> Option<&ErrorActivity> {
        match self {
            Self::State(_) => None,
            Self::Error(a) => Some(a),
        }
    }
}

/// What a population makes of a signal that its wiring brought.
fn wired<I>(input: Result<I, Signal>) -> I {
    input.unwrap_or_else(|signal| unreachable!("{}, and this is {:?}", WIRED, signal.carries()))
}
