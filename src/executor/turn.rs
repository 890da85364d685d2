//! A turn: one firing that a schedule asks for, with the messages that have reached it; and the order of turns that a
//! schedule is. Which message a firing uses never depends on values, so an order is known beforehand, and is asked for
//! turn by turn: nobody holds a whole run in memory.

use super::error::SettleError;
use crate::circuit::wiring::PopulationId;

/// One firing of one population.
#[derive(Debug, Clone)]
pub(super) struct Turn {
    /// Who fires.
    pub(super) population: PopulationId,
    /// What β is multiplied by.
    pub(super) scale: f32,
    /// When, under virtual time.
    pub(super) tick: Option<u64>,
    /// Messages that reached the population since its firing before, late ones included: inlet and number, in the order
    /// of arrival.
    pub(super) arrived: Vec<(usize, u64)>,
    /// Places of links on which what this firing sends is lost.
    pub(super) lost: Vec<usize>,
    /// Places of links on which nobody will ever use it, so that it needn't be kept.
    pub(super) unused: Vec<usize>,
    /// Messages under way that nobody will use any more: place of a link and number.
    pub(super) dead: Vec<(usize, u64)>,
}

impl Default for Turn {
    fn default() -> Self {
        Self {
            population: PopulationId(0),
            scale: 1.0,
            tick: None,
            arrived: Vec::new(),
            lost: Vec::new(),
            unused: Vec::new(),
            dead: Vec::new(),
        }
    }
}

impl Turn {
    /// Becomes a turn of `population` that nothing has reached, keeping its storage.
    pub(super) fn begin(&mut self, population: PopulationId) {
        (self.population, self.scale, self.tick) = (population, 1.0, None);
        self.arrived.clear();
        self.lost.clear();
        self.unused.clear();
        self.dead.clear();
    }
}

/// A schedule that is known beforehand, turn by turn.
pub(super) trait Order {
    /// Writes the next turn over `turn`; says whether there was one.
    ///
    /// # Errors
    /// Where an order that comes from outside asks for what can't be.
    fn next(&mut self, turn: &mut Turn) -> Result<bool, SettleError>;

    /// Messages that had reached an inlet, and no firing, after the last turn: place of a link and number.
    fn waiting(&self) -> Vec<(usize, u64)>;
}
