//! The activities that settle on an episode: storage, lane by lane, for every population.
//!
//! It knows populations, a wiring and an episode, and not the network that lends the populations.

use crate::circuit::LayerId;
use crate::circuit::wiring::{Kind, PopulationId, Wiring};
use crate::episode::Episode;
use crate::kernels::product::SHARD_ROWS;
use crate::matrix::Matrix;
use crate::params::{Arrivals, Messages};
use crate::population::{AnyActivity, AnyPopulation};
use rayon::prelude::*;
use std::ops::Range;
use std::sync::Arc;

/// The activities of every population for some consecutive samples: what one worker settles alone.
#[derive(Debug)]
pub struct Lane {
    /// Which samples of the episode.
    pub rows: Range<usize>,
    /// One for each population, in the order of the wiring.
    pub activities: Vec<AnyActivity>,
}

/// The activities of every population for a whole episode, in lanes of consecutive samples.
#[derive(Debug, Default)]
pub struct Activities {
    lanes: Vec<Lane>,
    rows: usize,
    shards_per_lane: usize,
    messages: Messages,
    arrivals: Arrivals,
    /// The wiring that the activities were made for: they fit no other network.
    wiring: Option<Arc<Wiring>>,
}

impl Activities {
    /// Brings `populations`, in the order of `wiring`, to rest on an episode, in lanes of `shards_per_lane` shards;
    /// `arrivals` says how they will be handed their messages. Storage is reused where the last episode had the same shape. [`Network::rest`](crate::network::Network::rest) is
    /// the way in.
    pub(crate) fn rest(
        &mut self,
        (wiring, populations): (&Arc<Wiring>, &[AnyPopulation]),
        episode: &Episode,
        (messages, arrivals): (Messages, Arrivals),
        shards_per_lane: usize,
    ) {
        let same = self.rows == episode.rows()
            && self.shards_per_lane == shards_per_lane
            && (self.messages, self.arrivals) == (messages, arrivals)
            && self.wiring.as_ref().is_some_and(|own| Arc::ptr_eq(own, wiring));
        if !same || self.lanes.is_empty() {
            let width = SHARD_ROWS.saturating_mul(shards_per_lane.max(1));
            let starts = (0..episode.rows()).step_by(width);
            let lane = |start: usize| Lane { rows: start..(start + width).min(episode.rows()), activities: Vec::new() };
            self.lanes = starts.map(lane).collect();
            (self.rows, self.shards_per_lane) = (episode.rows(), shards_per_lane);
            (self.messages, self.arrivals) = (messages, arrivals);
            self.wiring = Some(Arc::clone(wiring));
        }
        self.lanes.par_iter_mut().for_each(|lane| {
            let populations = populations.iter().zip(&wiring.populations);
            for (i, (population, spec)) in populations.enumerate() {
                let presented = episode.presented(spec.layer, &lane.rows);
                match lane.activities.get_mut(i) {
                    Some(activity) => population.rest_again(activity, presented),
                    None => lane.activities.push(population.rest(lane.rows.len(), messages, arrivals, presented)),
                }
            }
        });
    }

    /// The lanes, in the order of their samples.
    #[must_use]
    pub fn lanes(&self) -> &[Lane] {
        &self.lanes
    }

    /// The lanes, to be settled.
    #[must_use]
    pub fn lanes_mut(&mut self) -> &mut [Lane] {
        &mut self.lanes
    }

    /// Number of samples.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The activities of one population, lane by lane.
    #[must_use]
    pub fn of(&self, population: PopulationId) -> Vec<&AnyActivity> {
        self.lanes.iter().map(|lane| &lane.activities[population.0]).collect()
    }

    /// `z` of a layer, `[rows, J]`.
    #[must_use]
    pub fn state(&self, wiring: &Wiring, layer: LayerId) -> Matrix {
        self.gather(wiring.state_of(layer), |a| a.state().map(|s| s.state()))
    }

    /// `z` of every layer, `[rows, J]` each.
    #[must_use]
    pub fn states(&self, wiring: &Wiring) -> Vec<Matrix> {
        let layers = wiring.populations.iter().filter(|spec| spec.kind == Kind::State).count();
        (0..layers).map(|layer| self.state(wiring, LayerId(layer))).collect()
    }

    /// `φ(z)` of a layer, `[rows, J]`.
    #[must_use]
    pub fn activity(&self, wiring: &Wiring, layer: LayerId) -> Matrix {
        self.gather(wiring.state_of(layer), |a| a.state().map(|s| s.activity()))
    }

    /// `μ` of a predicted layer, `[rows, J]`.
    #[must_use]
    pub fn mean(&self, wiring: &Wiring, layer: LayerId) -> Option<Matrix> {
        Some(self.gather(wiring.error_of(layer)?, |a| a.error().map(|e| e.mean())))
    }

    /// `e` of a predicted layer, `[rows, J]`.
    #[must_use]
    pub fn mismatch(&self, wiring: &Wiring, layer: LayerId) -> Option<Matrix> {
        Some(self.gather(wiring.error_of(layer)?, |a| a.error().map(|e| e.mismatch())))
    }

    fn gather<'a>(
        &'a self,
        population: PopulationId,
        values: impl Fn(&'a AnyActivity) -> Option<&'a Matrix>,
    ) -> Matrix {
        let parts: Vec<_> = self.lanes.iter().filter_map(|lane| values(&lane.activities[population.0])).collect();
        let cols = parts.first().map_or(0, |part| part.cols());
        let data: Vec<f32> = parts.iter().flat_map(|part| part.as_slice()).copied().collect();
        Matrix::from_vec(self.rows, cols, data).expect("lanes together hold every sample")
    }
}
