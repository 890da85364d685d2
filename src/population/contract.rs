//! What every population can do: the trait that executors know populations by.

use crate::learning::Refused;
use crate::params::{Arrivals, Messages};
use crate::signal::Signal;

pub(super) mod sealed {
    /// Nobody outside adds a third kind.
    pub trait Sealed {}
}

/// A block of neurons that is one actor. See the module for the order of calls.
pub trait Population: sealed::Sealed + Send + Sync + 'static {
    /// Its fast half, for one presentation of some samples.
    type Activity: Send + 'static;
    /// What may arrive.
    type Input;
    /// What data hold in place: for state populations; nothing for error populations.
    type Presented<'a>;

    /// An activity at rest for `rows` samples, which will send `messages` and be handed them as `arrivals` says.
    fn rest(
        &self,
        rows: usize,
        messages: Messages,
        arrivals: Arrivals,
        presented: Self::Presented<'_>,
    ) -> Self::Activity;

    /// Brings an activity of the same size back to rest, in place.
    fn rest_again(&self, activity: &mut Self::Activity, presented: Self::Presented<'_>);

    /// Takes in a message on an inlet; `number` counts the firings of its sender, 0 is what it sent at rest, and
    /// `u64::MAX`, the readout, is newer than all. Under [`Arrivals::AnyOrder`] the highest number wins on each component
    /// of each sample: a message that comes late is good for what no later one told of. Where several are waiting, the
    /// newest first spares work: nothing is multiplied twice then.
    ///
    /// # Panics
    /// Where the input is not what the inlet is for: a bug of the wiring.
    fn receive(&self, activity: &mut Self::Activity, inlet: usize, number: u64, input: Self::Input) -> Heard;

    /// One firing on what the inlets hold. `scale` multiplies the step size β; with 0 a state population holds: it sends again
    /// what it has, and tells the movement of its firing before.
    fn fire(&self, activity: &mut Self::Activity, scale: f32) -> Fired;

    /// What an outlet sent last.
    fn sent(activity: &Self::Activity, outlet: usize) -> Signal;

    /// What an outlet has, as a whole vector: what is published at rest and at the readout.
    fn whole(activity: &Self::Activity, outlet: usize) -> Signal;

    /// Applies every local rule once, on what the population itself has in `activities`, which together hold
    /// `batch` samples.
    ///
    /// # Errors
    /// [`Refused`] where a covariance would lose its Cholesky factor; nothing of it has changed then.
    fn learn(&mut self, activities: &[&Self::Activity], batch: usize) -> Result<(), Refused>;
}

/// What a message told its receiver, all samples together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Heard {
    /// Components that it carried.
    pub told: usize,
    /// Those of them that no newer message had told before.
    pub taken: usize,
    /// Multiply-accumulates that they cause at the receiver's synapses.
    pub operations: u64,
}

/// What one firing did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fired {
    /// The largest change of a component of the state; 0 for error populations.
    pub movement: f32,
    /// The largest finite magnitude of a state, or of a mismatch.
    pub peak: f32,
    /// Whether everything is finite.
    pub finite: bool,
    /// Whether it has more to tell than its messages did, so that the next ones will tell something although nothing
    /// moves: under ternary messages.
    pub behind: bool,
    /// Multiply-accumulates at synapses that the firing itself took, all samples together: precision, and pathways of
    /// type 1. What messages caused where they arrived is not among them.
    pub operations: u64,
}

/// Something came to an inlet that is for something else: links are checked when a network is built.
pub(super) const WIRED: &str = "an inlet hears what its link carries";
