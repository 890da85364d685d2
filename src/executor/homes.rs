//! Which rank has which population, where the populations of `Bounded` and `Free` are spread over the ranks of a job.
//!
//! Every rank has the whole network and works this out by itself, from the same circuit. A rank lets its own populations
//! fire; what the others came to, it is told when all have settled (`actors::returning`, `readout`).
//!
//! **Where populations go.** `place` of the circuit's settling has the first word. The rest are dealt by estimated cost, the
//! multiply-accumulates of one update: the most costly first, each to the rank that has least to do by then (Graham 1969,
//! whose makespan is within 4/3 of the best). A layer is dealt as a whole, because its two populations tell each other most,
//! unless there are fewer layers than ranks.

use super::error::SettleError;
use super::plan::Plan;
use crate::circuit::wiring::{PopulationId, Wiring};
use crate::circuit::{Circuit, cost};
use crate::ranks::Ranks;

/// The rank of each population.
#[derive(Debug, Clone)]
pub(super) struct Homes {
    pub(super) ranks: Ranks,
    /// By population.
    pub(super) of: Vec<usize>,
}

impl Homes {
    /// All populations on one rank.
    pub(super) fn alone(populations: usize) -> Self {
        Self { ranks: Ranks::alone(), of: vec![0; populations] }
    }

    /// Populations spread over `ranks`, as `place` says and by cost.
    pub(super) fn new(
        ranks: &Ranks,
        circuit: &Circuit,
        (wiring, plan): (&Wiring, &Plan),
        place: &[(PopulationId, usize)],
    ) -> Result<Self, SettleError> {
        if !ranks.are_many() {
            return Ok(Self::alone(wiring.populations.len()));
        }
        let of = place_by_cost(ranks, (circuit, wiring), place, &|id| plan.clamped[id.0])?;
        ranks.assign((0..ranks.size()).map(|rank| names(wiring, &of, rank)).collect());
        Ok(Self { ranks: ranks.clone(), of })
    }

    /// Whether another rank has a population.
    pub(super) fn is_away(&self, id: PopulationId) -> bool {
        self.of[id.0] != self.ranks.rank()
    }

    /// Of some populations those that are this rank's.
    pub(super) fn own(&self, ids: &[PopulationId]) -> Vec<PopulationId> {
        ids.iter().copied().filter(|id| !self.is_away(*id)).collect()
    }
}

/// The rank of each population, in the order of the wiring: as `place` says, and the others by the multiply-accumulates of an
/// update, of which those that the data hold in place (`is_held`) make none.
///
/// # Errors
/// [`SettleError::Onset`] where `place` names a rank that isn't there.
pub fn place_by_cost(
    ranks: &Ranks,
    (circuit, wiring): (&Circuit, &Wiring),
    place: &[(PopulationId, usize)],
    is_held: &dyn Fn(PopulationId) -> bool,
) -> Result<Vec<usize>, SettleError> {
    if let Some((id, rank)) = place.iter().find(|(_, rank)| *rank >= ranks.size()) {
        let problem = format!(
            "`place` puts \"{}\" on rank {rank}, and there are {}, 0 to {}; start as many ranks (mpirun -n {}), or place it on \
             one of these",
            wiring.population(*id).name,
            ranks.size(),
            ranks.size() - 1,
            rank + 1
        );
        return Err(SettleError::Onset { problem });
    }
    let burdens = cost::burdens(circuit, wiring);
    let burdens = burdens.iter().enumerate().map(|(p, burden)| if is_held(PopulationId(p)) { 0 } else { *burden });
    Ok(placed(wiring, &burdens.collect::<Vec<_>>(), ranks.size(), place))
}

/// The populations of a rank, in words.
fn names(wiring: &Wiring, homes: &[usize], rank: usize) -> String {
    let own = wiring.populations.iter().zip(homes).filter(|(_, home)| **home == rank);
    own.map(|(spec, _)| format!("\"{}\"", spec.name)).collect::<Vec<_>>().join(", ")
}

/// The rank of each population.
pub(super) fn placed(wiring: &Wiring, burdens: &[u64], ranks: usize, place: &[(PopulationId, usize)]) -> Vec<usize> {
    let mut homes: Vec<Option<usize>> = vec![None; burdens.len()];
    let mut loads = vec![0_u64; ranks];
    for (id, rank) in place {
        homes[id.0] = Some(*rank);
        loads[*rank] += burdens[id.0];
    }
    let layers = wiring.populations.iter().map(|spec| spec.layer.0 + 1).max().unwrap_or(0);
    let unit = |p: usize| if layers < ranks { p } else { wiring.populations[p].layer.0 };
    let mut units: Vec<Vec<usize>> = vec![Vec::new(); burdens.len()];
    (0..burdens.len()).filter(|p| homes[*p].is_none()).for_each(|p| units[unit(p)].push(p));
    let sum = |unit: &[usize]| unit.iter().map(|p| burdens[*p]).sum::<u64>();
    // The order of listing decides between equals.
    units.sort_by_key(|unit| std::cmp::Reverse(sum(unit)));
    for unit in units.iter().filter(|unit| !unit.is_empty()) {
        let least = (0..ranks).min_by_key(|rank| loads[*rank]).unwrap_or(0);
        unit.iter().for_each(|p| homes[*p] = Some(least));
        loads[least] += sum(unit);
    }
    homes.into_iter().map(|home| home.unwrap_or(0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = br#"(
        name: "three",
        layers: { "z0": (size: 40, sense: "image"), "z1": (size: 20, beta: 0.1), "z2": (size: 10, beta: 0.1) },
        projections: [(from: "z1", to: "z0", feedback: Transposed), (from: "z2", to: "z1", feedback: Transposed)],
    )"#;

    #[test]
    fn costly_populations_are_spread_and_pairs_stay_together() {
        let wiring = Wiring::new(&Circuit::parse(TEXT).expect("sound"));
        // z0, z1, z2, z0.error, z1.error.
        let burdens = [0, 50, 60, 200, 100];
        assert_eq!(placed(&wiring, &burdens, 2, &[]), [0, 1, 1, 0, 1]);
        assert_eq!(placed(&wiring, &burdens, 2, &[(PopulationId(3), 1)]), [1, 0, 0, 1, 0]);
        let spread = placed(&wiring, &burdens, 4, &[]);
        assert_eq!(spread, [3, 3, 2, 0, 1], "more ranks than layers: populations by themselves");
    }
}
