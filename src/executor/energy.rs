//! Free energy as executors sum it: shard by shard, so that sums do not depend on who settled which shard.

use crate::kernels::product::SHARD_ROWS;
use crate::population::{AnyActivity, AnyPopulation};

/// The free energy of an error population, summed over each shard, appended to `out`. There is room in `out` for the
/// samples meanwhile, so that it takes no memory where enough was reserved before.
pub(super) fn free_energy(population: &AnyPopulation, activity: &AnyActivity, rows: usize, out: &mut Vec<f64>) {
    let start = out.len();
    out.resize(start + rows, 0.0);
    let each = &mut out[start..];
    if let (AnyPopulation::Error(population), Some(activity)) = (population, activity.error()) {
        population.free_energy(activity, each);
    }
    let shards = rows.div_ceil(SHARD_ROWS);
    for shard in 0..shards {
        // A sum stands no further back than the first of its samples, so that no sample is lost before its turn.
        let samples = shard * SHARD_ROWS..((shard + 1) * SHARD_ROWS).min(rows);
        each[shard] = each[samples].iter().sum();
    }
    out.truncate(start + shards);
}

/// Firings of one population, where each goes at its own pace: their places in the order of all firings, and of an error
/// population the energies of its shards, firing after firing.
#[derive(Debug, Clone, Default)]
pub(super) struct PacedEnergies {
    pub(super) places: Vec<u64>,
    pub(super) energies: Vec<f64>,
}

impl PacedEnergies {
    fn of(&self, firing: usize) -> &[f64] {
        let shards = self.energies.len() / self.places.len();
        &self.energies[firing * shards..(firing + 1) * shards]
    }
}

/// Energies by measurement, error population and shard, of `errors` and `states` by the number of the population. Under
/// `Bounded` the n-th measurement is of everybody's n-th firing, as in lock-step; under `Free` it is of the last firing
/// before some free state population began the update after the n-th, once all had made n, and of the first where there
/// was none before. Of firings at one place that of the population with the smaller number comes first, as in a log.
pub(super) fn by_pace<'a>(
    errors: impl Iterator<Item = (usize, &'a PacedEnergies)>,
    states: impl Iterator<Item = (usize, &'a PacedEnergies)>,
    is_free: bool,
) -> Vec<f64> {
    let errors: Vec<_> = errors.collect();
    let states: Vec<_> = states.filter(|(_, noted)| !noted.places.is_empty()).collect();
    if errors.iter().any(|(_, noted)| noted.places.is_empty()) {
        return Vec::new();
    }
    let counted = if is_free { &states } else { &errors };
    let measurements = counted.iter().map(|(_, noted)| noted.places.len()).min().unwrap_or(0);
    let mut energies = Vec::new();
    for n in 0..measurements {
        let over = states.iter().filter(|_| is_free).map(|(id, noted)| (noted.places[n], *id)).max();
        for (id, noted) in &errors {
            let last = |over| noted.places.partition_point(|at| (*at, *id) < over).saturating_sub(1);
            energies.extend_from_slice(noted.of(over.map_or(n, last)));
        }
    }
    energies
}
