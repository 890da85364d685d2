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
