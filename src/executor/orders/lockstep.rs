//! Lock-step, turn by turn: what the account and the log of `Synchronous` are made from.

use crate::circuit::wiring::{Kind, PopulationId, Wiring};
use crate::executor::error::SettleError;
use crate::executor::plan::Plan;
use crate::executor::turn::{Order, Turn};

/// T times all error populations, then all free state populations.
pub(in crate::executor) struct LockstepOrder<'a> {
    wiring: &'a Wiring,
    plan: &'a Plan,
    /// Everybody who fires, in the order of a step.
    round: Vec<PopulationId>,
    turns: usize,
    at: usize,
}

impl<'a> LockstepOrder<'a> {
    pub(in crate::executor) fn new(wiring: &'a Wiring, plan: &'a Plan, steps: usize) -> Self {
        let round: Vec<_> = plan.errors.iter().chain(&plan.free_states).copied().collect();
        Self { wiring, plan, turns: round.len() * steps, round, at: 0 }
    }
}

impl Order for LockstepOrder<'_> {
    fn next(&mut self, turn: &mut Turn) -> Result<bool, SettleError> {
        if self.at == self.turns {
            return Ok(false);
        }
        let (id, step) = (self.round[self.at % self.round.len()], (self.at / self.round.len()) as u64);
        self.at += 1;
        turn.begin(id);
        let number = match self.wiring.population(id).kind {
            Kind::Error => step,
            Kind::State => step + 1,
        };
        if number > 0 {
            let heard = self.wiring.arriving(id).filter(|link| !self.plan.clamped[link.from.0]);
            turn.arrived.extend(heard.map(|link| (link.inlet, number)));
        }
        Ok(true)
    }

    fn waiting(&self) -> Vec<(usize, u64)> {
        // What states sent last came when nobody fired any more.
        Vec::new()
    }
}
