//! What a hand does to a settle under way: names become populations, and numbers are checked.

use super::report::Legal;
use super::schedule::{Check, clock};
use crate::circuit::Change;
use crate::circuit::file::{ChangeFile, TimedChangeFile};
use crate::circuit::wiring::{Kind, PopulationId};
use crate::params::StepRule;

impl Check<'_, '_, '_> {
    /// Changes in the order of time, those of one tick in the order of the text.
    pub(super) fn changes(&mut self, file: &[TimedChangeFile]) -> Vec<(u64, Change)> {
        let mut changes = Vec::new();
        for (i, TimedChangeFile { at, change }) in file.iter().enumerate() {
            self.ticks(&format!("changes[{i}].at"), *at, 0);
            if let Some(change) = self.change(&format!("changes[{i}].change"), change) {
                changes.push((*at, change));
            }
        }
        changes.sort_by_key(|(at, _)| *at);
        changes
    }

    fn change(&mut self, field: &str, file: &ChangeFile) -> Option<Change> {
        Some(match file {
            ChangeFile::Beta(name, beta) => {
                let path = self.path(field);
                self.report.number(&path, f64::from(*beta), Legal::Step);
                Change::Beta(self.moving(field, name)?, *beta)
            }
            ChangeFile::Clock(name, file) => {
                self.clock(field, file);
                Change::Clock(self.population(field, name)?, clock(file))
            }
            ChangeFile::Silence(name) => Change::Silence(self.population(field, name)?),
            ChangeFile::Delay(from, to, delay) => {
                self.delay(field, *delay);
                let (from, to) = self.ends(field, from, to)?;
                Change::Delay(from, to, *delay)
            }
            ChangeFile::Drop(from, to, share) => {
                let path = self.path(field);
                self.report.number(&path, *share, Legal::Share);
                let (from, to) = self.ends(field, from, to)?;
                Change::Drop(from, to, *share)
            }
        })
    }

    /// A population whose step size a hand may change.
    fn moving(&mut self, field: &str, name: &str) -> Option<PopulationId> {
        let id = self.population(field, name)?;
        let population = self.populations.wiring.population(id);
        let layer = self.populations.circuit.layer(population.layer);
        let text = match (population.kind, layer.step()) {
            (Kind::State, StepRule::Given | StepRule::Answered) => return Some(id),
            (Kind::State, StepRule::Bearable) => {
                format!(
                    "layer `{name}` has step: Bearable, which chooses its step size; leave that out to change it by hand"
                )
            }
            (Kind::Error, _) => {
                format!("`{name}` is an error population, which has no step size; write `{}`", layer.name())
            }
        };
        self.add(field, text);
        None
    }

    /// Both ends of a link.
    fn ends(&mut self, field: &str, from: &str, to: &str) -> Option<(PopulationId, PopulationId)> {
        let ends = self.population(field, from).zip(self.population(field, to))?;
        self.link(field, ends.0, ends.1);
        Some(ends)
    }
}
