//! A trace: every firing of a run with what it came to and when it happened. Executors note firings in a recorder of
//! their own, one for each lane or actor; nobody pays for it where no trace is asked for.

use super::energy::free_energy;
use crate::circuit::wiring::PopulationId;
use crate::matrix::Matrix;
use crate::population::{AnyActivity, AnyPopulation};
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Every firing of a run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Trace {
    /// Firings, each behind those whose messages it used; the readout last.
    pub firings: Vec<TracedFiring>,
    /// When actors waited, population by population.
    pub waits: Vec<TracedWait>,
}

/// One firing of one population.
#[derive(Debug, Clone, PartialEq)]
pub struct TracedFiring {
    /// Who fired.
    pub population: PopulationId,
    /// Its own count of firings, from 1.
    pub number: u64,
    /// The largest change of a component of the state; `None` for error populations.
    pub movement: Option<f32>,
    /// Free energy of the layer as of this firing, summed over the batch; `None` for state populations.
    pub energy: Option<f64>,
    /// The largest difference of a component of the state from the states that [`Settler::compare_with`] was given.
    ///
    /// [`Settler::compare_with`]: super::Settler::compare_with
    pub distance: Option<f32>,
    /// The tick, under virtual time.
    pub tick: Option<u64>,
    /// When it began, since the episode began; of the first lane, where several settle side by side.
    pub begin: Duration,
    /// How long it took.
    pub duration: Duration,
    /// Whether it belongs to the readout.
    pub readout: bool,
}

/// A while in which an actor waited for a message.
#[derive(Debug, Clone, PartialEq)]
pub struct TracedWait {
    /// Who waited.
    pub population: PopulationId,
    /// The inlet that it waited for.
    pub inlet: usize,
    /// When it began, since the episode began.
    pub begin: Duration,
    /// How long it took.
    pub duration: Duration,
}

/// States to measure distances to: by population, for the whole batch.
pub(super) type Reference = Arc<Vec<Option<Matrix>>>;

/// Notes firings of some samples.
#[derive(Debug, Clone)]
pub(super) struct Recorder {
    start: Instant,
    begun: Instant,
    samples: Range<usize>,
    reference: Option<Reference>,
    /// Storage for the energies of shards.
    shards: Vec<f64>,
    pub(super) readout: bool,
    trace: Trace,
}

impl Recorder {
    pub(super) fn new(start: Instant, samples: Range<usize>, reference: Option<Reference>) -> Self {
        let (shards, trace) = (Vec::new(), Trace::default());
        Self { start, begun: start, samples, reference, shards, readout: false, trace }
    }

    /// A firing begins.
    pub(super) fn begin(&mut self) {
        self.begun = Instant::now();
    }

    /// A firing has ended.
    pub(super) fn end(
        &mut self,
        id: PopulationId,
        number: u64,
        movement: f32,
        population: &AnyPopulation,
        activity: &AnyActivity,
    ) {
        let duration = self.begun.elapsed();
        let state = activity.state().map(|state| state.state());
        let energy = state.is_none().then(|| self.energy(population, activity));
        let reference = self.reference.as_ref().and_then(|reference| reference[id.0].as_ref());
        let distance = reference.zip(state).map(|(reference, state)| distance(state, reference, &self.samples));
        self.trace.firings.push(TracedFiring {
            population: id,
            number,
            movement: state.map(|_| movement),
            energy,
            distance,
            tick: None,
            begin: self.begun - self.start,
            duration,
            readout: self.readout,
        });
    }

    /// A population waited from `since` until now.
    pub(super) fn waited(&mut self, population: PopulationId, inlet: usize, since: Instant) {
        let wait = TracedWait { population, inlet, begin: since - self.start, duration: since.elapsed() };
        self.trace.waits.push(wait);
    }

    fn energy(&mut self, population: &AnyPopulation, activity: &AnyActivity) -> f64 {
        self.shards.clear();
        free_energy(population, activity, self.samples.len(), &mut self.shards);
        self.shards.iter().sum()
    }

    pub(super) fn into_trace(self) -> Trace {
        self.trace
    }
}

/// The largest difference of a component; a difference that is no number counts as infinite.
fn distance(state: &Matrix, reference: &Matrix, samples: &Range<usize>) -> f32 {
    let cols = reference.cols();
    let reference = &reference.as_slice()[samples.start * cols..samples.end * cols];
    let far = |(a, b): (&f32, &f32)| Some((a - b).abs()).filter(|d| !d.is_nan()).unwrap_or(f32::INFINITY);
    state.as_slice().iter().zip(reference).map(far).fold(0.0, f32::max)
}

/// The trace of lanes that made the same firings on different samples, in the order of the samples.
pub(super) fn of_lanes(lanes: impl Iterator<Item = Trace>) -> Trace {
    let join = |mut all: Trace, lane: Trace| {
        for (sum, part) in all.firings.iter_mut().zip(lane.firings) {
            sum.movement = sum.movement.zip(part.movement).map(|(a, b)| a.max(b));
            sum.energy = sum.energy.zip(part.energy).map(|(a, b)| a + b);
            sum.distance = sum.distance.zip(part.distance).map(|(a, b)| a.max(b));
        }
        all
    };
    lanes.reduce(join).unwrap_or_default()
}

/// The trace of actors: firings in the order in which they began. Who used a message began after its sender had.
pub(super) fn of_actors(actors: impl Iterator<Item = Trace>) -> Trace {
    let mut all = Trace::default();
    for actor in actors {
        all.firings.extend(actor.firings);
        all.waits.extend(actor.waits);
    }
    all.firings.sort_by_key(|firing| (firing.begin, firing.population));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distance_is_the_largest_over_the_samples_of_a_lane() {
        let reference = Matrix::from_fn(3, 2, |i, j| (10 * i + j) as f32);
        let state = Matrix::from_fn(2, 2, |i, j| (10 * (i + 1) + j) as f32 + if (i, j) == (1, 0) { -2.5 } else { 1.0 });
        assert_eq!(distance(&state, &reference, &(1..3)), 2.5);
        let lost = Matrix::from_fn(2, 2, |_, _| f32::NAN);
        assert_eq!(distance(&lost, &reference, &(1..3)), f32::INFINITY);
    }
}
