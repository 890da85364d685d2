//! The rest of lock-step: what settling under other schedules is measured against.
//!
//! Fixed points depend neither on the schedule nor on the rule of steps, so the rest is looked for in lock-step with whole
//! messages and plain steps, whatever a point does. A circuit that hasn't come there within [`PLAIN`] updates goes on from
//! where it is with momentum, which is several times as fast and, begun that late, stays in the same valley. One that is still
//! moving after [`HEAVY`] more has no distance to its rest, because a distance to a way station means nothing; but if F has
//! stopped falling, it has the F of its rest. Else all such figures stay empty, and `rest_found` says so.

use super::events::StudyRunError;
use crate::circuit::{Circuit, CircuitError, LayerId, Settling, Stopping};
use crate::episode::Episode;
use crate::evaluation::MeasureError;
use crate::executor::{Measure, SettleError, SettleOptions, Settled, Settler};
use crate::matrix::Matrix;
use crate::network::Network;
use crate::params::{LayerNoise, Momentum, Start, StepRule};
use std::sync::Arc;

/// Plain updates at the most.
const PLAIN: usize = 1000;

/// Updates with momentum after those, at the most, in [`PARTS`] parts.
const HEAVY: usize = 2000;
const PARTS: usize = 4;

const SHARE: f32 = 0.95;

/// Largest movement of a component in an update that counts as none, in units of the state.
const TOLERANCE: f32 = 1e-4;

/// Share of F by which it may still fall in the last part of the search, for it to count as that of the rest.
const FLAT: f64 = 5e-4;

/// Where the free states of one presentation rest.
#[derive(Debug, Clone)]
pub(super) struct LockstepRest {
    /// Free states, `[samples, J]` each; absent where they move still.
    pub(super) states: Option<Vec<(LayerId, Matrix)>>,
    /// Free energy of all samples and layers together, in nats.
    pub(super) energy: f64,
}

/// Finds the rest; `None` where there is none to find.
pub(super) fn find(network: &Network, episode: &Episode) -> Result<Option<LockstepRest>, StudyRunError> {
    let circuit = network.circuit();
    if circuit.layers().any(|(_, layer)| layer.noise() != LayerNoise::None) {
        return Ok(None);
    }
    let with = |momentum| {
        let momentum = Momentum::new(momentum).unwrap_or_default();
        let circuit = Arc::new(Circuit::clone(circuit).with_steps(StepRule::Given, momentum)?);
        let point = circuit.name().to_owned();
        Network::with_weights(circuit, &network.tensors()).map_err(|cause| StudyRunError::Weights { point, cause })
    };
    let mut settler = Settler::new();
    let Some(plain) = run(&mut settler, &mut with(0.0)?, episode, (Start::Zeros, PLAIN))? else { return Ok(None) };
    if plain.quiet == Some(true) {
        return Ok(Some(found(&settler, network, &plain, true)));
    }
    let (mut network, mut before) = (with(SHARE)?, energy(&plain));
    for _ in 0..PARTS {
        let states = network.circuit().layers().map(|(id, _)| settler.activities().state(network.wiring(), id));
        let states = states.collect();
        settler.start_at(states);
        let heavy = run(&mut settler, &mut network, episode, (Start::Last, HEAVY / PARTS))?;
        let Some(heavy) = heavy else { return Ok(None) };
        let (is_quiet, fell) = (heavy.quiet == Some(true), before - energy(&heavy));
        if is_quiet || (0.0..FLAT * before.abs()).contains(&fell) {
            return Ok(Some(found(&settler, &network, &heavy, is_quiet)));
        }
        before = energy(&heavy);
    }
    Ok(None)
}

/// Settles until quiet, up to so many updates; `None` where values grow without bound.
fn run(
    settler: &mut Settler,
    network: &mut Network,
    episode: &Episode,
    (start, max_steps): (Start, usize),
) -> Result<Option<Settled>, MeasureError> {
    let stopping = Stopping::Quiet { tolerance: TOLERANCE, max_steps };
    let settling = Settling { start, ..Settling::plain(stopping) };
    let options = SettleOptions { measure: Measure::Readout, ..SettleOptions::default() };
    match settler.settle(network, episode, &settling, options) {
        Ok(settled) => Ok(Some(settled)),
        Err(SettleError::NotFinite { .. }) => Ok(None),
        Err(other) => Err(other.into()),
    }
}

fn energy(settled: &Settled) -> f64 {
    settled.energies.sums.last().map_or(0.0, |sums| sums.iter().sum())
}

fn found(settler: &Settler, network: &Network, settled: &Settled, is_quiet: bool) -> LockstepRest {
    let states = free(network.circuit()).map(|id| (id, settler.activities().state(network.wiring(), id)));
    LockstepRest { states: is_quiet.then(|| states.collect()), energy: energy(settled) }
}

/// The layers that settle where only images are shown.
pub(super) fn free(circuit: &Circuit) -> impl Iterator<Item = LayerId> {
    circuit.layers().filter(|(_, layer)| layer.sense().is_none()).map(|(id, _)| id)
}

/// What the rest of a circuit depends on: all of it but how it settles and by which steps.
pub(super) fn key(circuit: &Arc<Circuit>) -> Result<String, CircuitError> {
    Ok(Circuit::clone(circuit)
        .with_settling(Settling::plain(Stopping::Steps(1)))?
        .with_steps(StepRule::Given, Momentum::default())?
        .to_ron())
}
