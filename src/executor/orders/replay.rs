//! A delivery log as an order: the recorded run, again.

use crate::circuit::wiring::{PopulationId, Wiring};
use crate::executor::error::SettleError;
use crate::executor::log::DeliveryLog;
use crate::executor::turn::{Order, Turn};
use std::collections::HashSet;

/// The turns of a log that was checked.
pub(in crate::executor) struct ReplayOrder<'a> {
    wiring: &'a Wiring,
    log: &'a DeliveryLog,
    until: usize,
    at: usize,
    fired: Vec<u64>,
    /// Messages that some firing is handed: place of a link and number.
    needed: HashSet<(usize, u64)>,
}

impl<'a> ReplayOrder<'a> {
    /// The first `until` firings of a log.
    pub(in crate::executor) fn new(wiring: &'a Wiring, log: &'a DeliveryLog, until: usize) -> Self {
        let place = |population: usize, inlet: usize| {
            let is_it = |link: &crate::circuit::wiring::Link| (link.to.0, link.inlet) == (population, inlet);
            wiring.links.iter().position(is_it)
        };
        let handed = |firing: &crate::executor::log::Firing| {
            let population = firing.population;
            firing
                .delivered
                .iter()
                .filter_map(move |(inlet, number)| Some((place(population, *inlet)?, *number)))
                .collect::<Vec<_>>()
        };
        let until = until.min(log.firings.len());
        let needed = log.firings[..until].iter().flat_map(handed).collect();
        Self { wiring, log, until, at: 0, fired: vec![0; wiring.populations.len()], needed }
    }
}

impl Order for ReplayOrder<'_> {
    fn next(&mut self, turn: &mut Turn) -> Result<bool, SettleError> {
        if self.at == self.until {
            return Ok(false);
        }
        let firing = &self.log.firings[self.at];
        self.at += 1;
        turn.begin(PopulationId(firing.population));
        (turn.scale, turn.tick) = (firing.scale, firing.tick);
        turn.arrived.extend_from_slice(&firing.delivered);
        turn.lost.extend_from_slice(&firing.lost);
        self.fired[firing.population] += 1;
        let number = self.fired[firing.population];
        let leaving = self.wiring.links.iter().enumerate().filter(|(_, link)| link.from.0 == firing.population);
        turn.unused.extend(leaving.map(|(place, _)| place).filter(|place| !self.needed.contains(&(*place, number))));
        Ok(true)
    }

    fn waiting(&self) -> Vec<(usize, u64)> {
        // A replay that stops early says nothing of what came after.
        if self.at == self.log.firings.len() { self.log.waiting.clone() } else { Vec::new() }
    }
}
