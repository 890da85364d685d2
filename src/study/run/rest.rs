//! The rest of lock-step: what settling under other schedules is measured against.
//!
//! Fixed points don't depend on the schedule, so the rest is looked for in lock-step with whole messages, whatever a point
//! does. A circuit that has none within [`MOST`] updates has no distance to it either: such figures stay empty, because a
//! distance to a way station means nothing.

use crate::circuit::{Circuit, CircuitError, ExecutorKind, LayerId, Schedule, Settling, Stopping};
use crate::episode::Episode;
use crate::executor::{Measure, SettleError, SettleOptions, Settler};
use crate::matrix::Matrix;
use crate::network::Network;
use crate::params::{LayerNoise, Messages, Start};
use std::sync::Arc;

/// Updates after which the search is given up.
const MOST: usize = 1000;

/// Largest movement of a component in an update that counts as none, in units of the state.
const TOLERANCE: f32 = 1e-4;

/// Where the free states of one presentation rest.
#[derive(Debug, Clone)]
pub(super) struct LockstepRest {
    /// Free states, `[samples, J]` each.
    pub(super) states: Vec<(LayerId, Matrix)>,
    /// Free energy of all samples and layers together, in nats.
    pub(super) energy: f64,
}

/// Finds the rest; `None` where there is none to find.
pub(super) fn find(network: &mut Network, episode: &Episode) -> Result<Option<LockstepRest>, SettleError> {
    if network.circuit().layers().any(|(_, layer)| layer.noise() != LayerNoise::None) {
        return Ok(None);
    }
    let settling = Settling {
        stopping: Stopping::Quiet { tolerance: TOLERANCE, max_steps: MOST },
        schedule: Schedule::Synchronous,
        executor: ExecutorKind::default(),
        messages: Messages::Dense,
        start: Start::Zeros,
        framed: false,
    };
    let options = SettleOptions { measure: Measure::Readout, ..SettleOptions::default() };
    let mut settler = Settler::new();
    let settled = match settler.settle(network, episode, &settling, options) {
        Ok(settled) => settled,
        Err(SettleError::NotFinite { .. }) => return Ok(None),
        Err(other) => return Err(other),
    };
    if settled.quiet != Some(true) {
        return Ok(None);
    }
    let states = free(network.circuit()).map(|id| (id, settler.activities().state(network.wiring(), id))).collect();
    let energy = settled.energies.sums.last().map_or(0.0, |sums| sums.iter().sum());
    Ok(Some(LockstepRest { states, energy }))
}

/// The layers that settle where only images are shown.
pub(super) fn free(circuit: &Circuit) -> impl Iterator<Item = LayerId> {
    circuit.layers().filter(|(_, layer)| layer.sense().is_none()).map(|(id, _)| id)
}

/// What the rest of a circuit depends on: all of it but how it settles.
pub(super) fn key(circuit: &Arc<Circuit>) -> Result<String, CircuitError> {
    let settling = Settling {
        stopping: Stopping::Steps(1),
        schedule: Schedule::Synchronous,
        executor: ExecutorKind::default(),
        messages: Messages::Dense,
        start: Start::Zeros,
        framed: false,
    };
    Ok(Circuit::clone(circuit).with_settling(settling)?.to_ron())
}
