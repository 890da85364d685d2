//! Populations placed on ranks by what their firings take, measured.
//!
//! Without it populations are dealt by multiply-accumulates (`homes`), which know nothing of caches, of functions that cost more
//! than products, and of events that leave most synapses alone. Here the leading rank lets the circuit settle for a few
//! updates, as tasks of its own machine, and all ranks place by the seconds that it found. Where a population fires changes
//! no promised bit.

use super::agreement;
use super::error::SettleError;
use super::homes::placed;
use super::options::SettleOptions;
use super::settler::Settler;
use crate::circuit::wiring::PopulationId;
use crate::circuit::{ExecutorKind, Schedule, Settling, Stopping};
use crate::episode::Episode;
use crate::network::Network;
use crate::params::Start;
use crate::ranks::Ranks;

/// Updates that are timed, and that go before them, so that caches and storage are warm.
const TIMED: usize = 6;

/// Where populations are to fire, and why.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Placement {
    /// The rank of each population, as `place` of a settling has it; empty where there is one rank.
    pub place: Vec<(PopulationId, usize)>,
    /// By population: seconds that a firing took, what it sent and was handed included.
    pub seconds: Vec<f64>,
}

/// Places the populations of `network` on `ranks` by what their firings take in `episode`, most costly first, each where least
/// is to do; `place` of `settling` has the first word. All ranks call it, and have the same placement.
///
/// # Errors
/// [`SettleError`] where the circuit does not settle, on every rank.
pub fn place_by_time(
    ranks: &Ranks,
    network: &mut Network,
    episode: &Episode,
    settling: &Settling,
) -> Result<Placement, SettleError> {
    if !ranks.are_many() {
        return Ok(Placement::default());
    }
    let timed = if ranks.leads() { time(network, episode, settling) } else { Ok(Vec::new()) };
    let (_, told) = agreement::reach(ranks, timed, |seconds, packet| packet.put_counted(seconds))?;
    let seconds: Vec<f64> = told.of(0).take_counted();
    let nanoseconds: Vec<u64> = seconds.iter().map(|seconds| (seconds * 1e9) as u64).collect();
    let homes = placed(network.wiring(), &nanoseconds, ranks.size(), &settling.place);
    Ok(Placement { place: homes.into_iter().enumerate().map(|(p, rank)| (PopulationId(p), rank)).collect(), seconds })
}

/// Seconds that a firing of each population takes on this machine.
fn time(network: &mut Network, episode: &Episode, settling: &Settling) -> Result<Vec<f64>, SettleError> {
    let settling = Settling {
        schedule: Schedule::Bounded { staleness: 0 },
        // No more of them at once than there are processors, so that nobody is timed while somebody else computes.
        executor: ExecutorKind::Tasks,
        stopping: Stopping::Steps(TIMED),
        start: if settling.start == Start::Last { Start::Zeros } else { settling.start },
        place: Vec::new(),
        ..settling.clone()
    };
    let (mut settler, mut seconds) = (Settler::new(), Vec::new());
    for _ in 0..2 {
        let settled = settler.settle(network, episode, &settling, SettleOptions::default())?;
        let of = settled.account.populations.iter().map(|own| own.computing / own.firings.max(1) as f64);
        seconds = of.collect();
    }
    Ok(seconds)
}
