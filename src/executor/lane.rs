//! The moves that every executor on shared memory is made of: fire a population, carry a message.

use super::settler::SettleError;
use crate::circuit::wiring::{Link, PopulationId, Wiring};
use crate::episode::Lane;
use crate::kernels::product::SHARD_ROWS;
use crate::population::{AnyPopulation, Fired};

/// One lane with the populations whose synapses it shares with the other lanes.
pub(super) struct Crew<'a> {
    pub(super) populations: &'a [AnyPopulation],
    pub(super) wiring: &'a Wiring,
    pub(super) lane: &'a mut Lane,
}

impl Crew<'_> {
    /// The `firing`-th firing (from 1) of a population; a value that is not finite is an error.
    pub(super) fn fire(&mut self, id: PopulationId, firing: u64, scale: f32) -> Result<Fired, SettleError> {
        let fired = self.populations[id.0].fire(&mut self.lane.activities[id.0], scale);
        if fired.finite {
            return Ok(fired);
        }
        let population = self.wiring.population(id).name.clone();
        Err(SettleError::NotFinite { population, firing, magnitude: fired.peak })
    }

    /// Hands the receiver of a link what its sender sent last.
    pub(super) fn carry(&mut self, link: &Link) {
        let signal = self.lane.activities[link.from.0].sent(link.outlet);
        self.populations[link.to.0].receive(&mut self.lane.activities[link.to.0], link.inlet, signal);
    }

    /// The free energy of every error population as of its last firing, summed over each shard of the lane, appended
    /// to `out` population by population.
    pub(super) fn measure(&self, errors: &[PopulationId], out: &mut Vec<f64>) {
        let mut rows = vec![0.0; self.lane.rows.len()];
        for id in errors {
            rows.fill(0.0);
            if let (AnyPopulation::Error(population), Some(activity)) =
                (&self.populations[id.0], self.lane.activities[id.0].error())
            {
                population.free_energy(activity, &mut rows);
            }
            out.extend(rows.chunks(SHARD_ROWS).map(|shard| shard.iter().sum::<f64>()));
        }
    }
}
