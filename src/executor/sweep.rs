//! `Sweep`: T times, the listed populations fire one after another, each on all that was sent before it
//! (Gauss-Seidel).

use super::gate::StopFlag;
use super::lockstep::Plan;
use super::log::Firing;
use crate::circuit::wiring::{PopulationId, Wiring};
use crate::params::Messages;

/// A sweep as a delivery log, or the start of it where a stop was asked for.
pub(super) fn firings(
    wiring: &Wiring,
    plan: &Plan,
    order: &[PopulationId],
    sweeps: usize,
    messages: Messages,
    stop: &StopFlag,
) -> Vec<Firing> {
    let mut fired = vec![0_u64; wiring.populations.len()];
    let mut held: Vec<Vec<u64>> = wiring.populations.iter().map(|p| vec![0; p.inlets]).collect();
    let mut firings = Vec::new();
    for id in std::iter::repeat_n(order, sweeps).flatten().filter(|id| !plan.clamped[id.0]) {
        if stop.is_requested() {
            break;
        }
        let mut delivered = Vec::with_capacity(wiring.population(*id).inlets);
        for link in wiring.arriving(*id) {
            let (from, newest) = (&mut held[id.0][link.inlet], fired[link.from.0]);
            deliver(&mut delivered, link.inlet, from, newest, messages);
        }
        fired[id.0] += 1;
        firings.push(Firing { population: id.0, scale: 1.0, delivered });
    }
    firings
}

/// Brings an inlet up to the message `newest`: at once where messages are whole, one by one where each carries a part.
pub(super) fn deliver(out: &mut Vec<(usize, u64)>, inlet: usize, held: &mut u64, newest: u64, messages: Messages) {
    if newest > *held {
        match messages {
            Messages::Dense => out.push((inlet, newest)),
            Messages::Events { .. } => out.extend((*held + 1..=newest).map(|number| (inlet, number))),
        }
        *held = newest;
    }
}
