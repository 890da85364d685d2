//! Populations one after another, each on all that was sent before it: a sweep (Gauss-Seidel), or an order of one's own.

use crate::circuit::wiring::{PopulationId, Wiring};
use crate::executor::error::SettleError;
use crate::executor::plan::Plan;
use crate::executor::turn::{Order, Turn};

/// Turns of the populations that an iterator names.
pub(in crate::executor) struct ListedOrder<'a, I> {
    wiring: &'a Wiring,
    plan: &'a Plan,
    populations: I,
    whole: bool,
    fired: Vec<u64>,
    /// By link: the newest message that has reached a firing.
    taken: Vec<u64>,
    last: Option<PopulationId>,
}

impl<'a, I: Iterator<Item = PopulationId>> ListedOrder<'a, I> {
    /// `whole` says whether messages are whole vectors.
    pub(in crate::executor) fn new(wiring: &'a Wiring, plan: &'a Plan, populations: I, whole: bool) -> Self {
        let (fired, taken) = (vec![0; wiring.populations.len()], vec![0; wiring.links.len()]);
        Self { wiring, plan, populations, whole, fired, taken, last: None }
    }

    fn refused(&self, id: PopulationId) -> Option<SettleError> {
        let name = |id: PopulationId| format!("\"{}\"", self.wiring.population(id).name);
        let problem = match self.plan.clamped.get(id.0) {
            Some(false) => return None,
            Some(true) => format!("names {}, which data hold in place: it can't fire in this episode", name(id)),
            None => format!("names population {}, and the circuit has {}", id.0, self.plan.clamped.len()),
        };
        Some(SettleError::Order { problem })
    }
}

impl<I: Iterator<Item = PopulationId>> Order for ListedOrder<'_, I> {
    fn next(&mut self, turn: &mut Turn) -> Result<bool, SettleError> {
        let Some(id) = self.populations.next() else { return Ok(false) };
        if let Some(error) = self.refused(id) {
            return Err(error);
        }
        turn.begin(id);
        for (place, link) in self.wiring.links.iter().enumerate() {
            if link.to == id {
                let newest = self.fired[link.from.0];
                turn.arrived.extend((self.taken[place] + 1..=newest).map(|number| (link.inlet, number)));
                self.taken[place] = newest;
            }
        }
        self.fired[id.0] += 1;
        for (place, link) in self.wiring.links.iter().enumerate().filter(|(_, link)| self.whole && link.from == id) {
            // A whole message supersedes the one before it, which nobody has used.
            let before = self.fired[link.from.0] - 1;
            if before > self.taken[place] {
                turn.dead.push((place, before));
            }
        }
        self.last = Some(id);
        Ok(true)
    }

    fn waiting(&self) -> Vec<(usize, u64)> {
        let waiting = |(place, link): (usize, &crate::circuit::wiring::Link)| {
            // What the last firing sent came when nobody fired any more.
            let arrived = self.fired[link.from.0] - u64::from(self.last == Some(link.from));
            (self.taken[place] + 1..=arrived).map(move |number| (place, number))
        };
        let links = self.wiring.links.iter().enumerate().filter(|(place, _)| self.plan.open[*place]);
        links.flat_map(waiting).collect()
    }
}
