//! RoomRows of rooms, one for each level, and in which order rooms and passing lines stand in a row.
//!
//! A line that passes a row gets a corridor there, a place of its own between rooms, so it never has to cross one. Between
//! rows there are channels: channel c lies below row c and above row c − 1. A cable is a chain of passes, each through one
//! channel, from the room of its source (which it leaves below) to the room that it predicts (which it enters above).
//!
//! The order is found as Sugiyama, Tagawa & Toda (1981) do: sweeps that sort each row by the places of its neighbours, then
//! swaps of neighbours while they take crossings away. Parts of a circuit that nothing connects stand side by side.

use super::cables::{Cable, parts};
use crate::circuit::{Circuit, LayerId};
use std::collections::BTreeMap;

/// What takes a place in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Unit {
    Room(LayerId),
    /// A cable that passes, by its number.
    Corridor(usize),
}

/// Where a cable meets a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RowEnd {
    pub(super) row: usize,
    pub(super) unit: Unit,
    /// Whether the row is the one above the channel.
    pub(super) is_above: bool,
}

/// One cable through one channel, seen from its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pass {
    pub(super) cable: usize,
    pub(super) channel: usize,
    pub(super) ends: [RowEnd; 2],
}

impl Pass {
    /// Whether it leaves the channel on the side on which it came.
    pub(super) fn is_turn(&self) -> bool {
        self.ends[0].is_above == self.ends[1].is_above
    }
}

/// The rows of a drawing, from below.
#[derive(Debug, Clone)]
pub(super) struct RoomRows {
    pub(super) rows: Vec<Vec<Unit>>,
    /// The passes of every cable, from its source.
    pub(super) passes: Vec<Vec<Pass>>,
}

/// Sweeps up and down; more change nothing in circuits of a dozen layers.
const SWEEPS: usize = 16;
/// Rounds of swaps.
const ROUNDS: usize = 8;

impl RoomRows {
    pub(super) fn of(circuit: &Circuit, levels: &[usize], cables: &[Cable]) -> Self {
        let count = levels.iter().max().map_or(0, |top| top + 1);
        let mut rows = vec![Vec::new(); count];
        circuit.layers().for_each(|(id, _)| rows[levels[id.0]].push(Unit::Room(id)));
        let passes: Vec<Vec<Pass>> = cables.iter().enumerate().map(|(i, cable)| passes(i, cable, levels)).collect();
        for pass in passes.iter().flatten() {
            // A corridor is left by exactly one pass.
            if let Unit::Corridor(_) = pass.ends[0].unit {
                rows[pass.ends[0].row].push(pass.ends[0].unit);
            }
        }
        let part = parts(circuit);
        let part = |unit: &Unit| match unit {
            Unit::Room(id) => part[id.0],
            Unit::Corridor(cable) => part[cables[*cable].from.0],
        };
        rows.iter_mut().for_each(|row| row.sort_by_key(part));
        let mut found = Self { rows, passes };
        found.sweep(&part);
        found.swap(&part);
        found
    }

    /// The passes of a channel.
    pub(super) fn through(&self, channel: usize) -> impl Iterator<Item = &Pass> {
        self.passes.iter().flatten().filter(move |pass| pass.channel == channel)
    }

    fn sweep(&mut self, part: &impl Fn(&Unit) -> usize) {
        let mut best = (self.all_crossings(), self.rows.clone());
        for sweep in 0..SWEEPS {
            let count = self.rows.len();
            for i in 0..count {
                let row = if sweep % 2 == 0 { i } else { count - 1 - i };
                self.sort_row(row, sweep % 2 == 0, part);
            }
            let crossings = self.all_crossings();
            if crossings < best.0 {
                best = (crossings, self.rows.clone());
            }
        }
        self.rows = best.1;
    }

    /// Sorts a row by the places of neighbours below it, or above it, and of those in the row itself.
    fn sort_row(&mut self, row: usize, from_below: bool, part: &impl Fn(&Unit) -> usize) {
        let places = self.places();
        let channel = if from_below { row } else { row + 1 };
        let mut sums: BTreeMap<Unit, (f64, f64)> = BTreeMap::new();
        let turns = self.passes.iter().flatten().filter(|pass| pass.is_turn() && pass.ends[0].row == row);
        let all = self.through(channel).filter(|pass| !pass.is_turn()).chain(turns);
        for pass in all {
            for (end, other) in [(pass.ends[0], pass.ends[1]), (pass.ends[1], pass.ends[0])] {
                if end.row == row {
                    let sum = sums.entry(end.unit).or_default();
                    *sum = (sum.0 + places[&(other.row, other.unit)], sum.1 + 1.0);
                }
            }
        }
        let key = |unit: &Unit| sums.get(unit).map_or(places[&(row, *unit)], |(sum, count)| sum / count);
        self.rows[row].sort_by(|a, b| part(a).cmp(&part(b)).then(key(a).total_cmp(&key(b))));
    }

    /// Where units stand, roughly: rows are centred, a corridor takes a tenth of a room.
    fn places(&self) -> BTreeMap<(usize, Unit), f64> {
        let width = |unit: &Unit| if matches!(unit, Unit::Room(_)) { 1.0 } else { 0.1 };
        let mut places = BTreeMap::new();
        for (at, row) in self.rows.iter().enumerate() {
            let mut x = -row.iter().map(width).sum::<f64>() / 2.0;
            for unit in row {
                places.insert((at, *unit), x + width(unit) / 2.0);
                x += width(unit);
            }
        }
        places
    }

    /// Swaps neighbours while that takes crossings away.
    fn swap(&mut self, part: &impl Fn(&Unit) -> usize) {
        for _ in 0..ROUNDS {
            let mut is_better = false;
            for row in 0..self.rows.len() {
                for i in 1..self.rows[row].len() {
                    if part(&self.rows[row][i - 1]) != part(&self.rows[row][i]) {
                        continue;
                    }
                    let before = self.crossings(row) + self.crossings(row + 1);
                    self.rows[row].swap(i - 1, i);
                    if self.crossings(row) + self.crossings(row + 1) < before {
                        is_better = true;
                    } else {
                        self.rows[row].swap(i - 1, i);
                    }
                }
            }
            if !is_better {
                break;
            }
        }
    }

    fn all_crossings(&self) -> usize {
        (0..=self.rows.len()).map(|channel| self.crossings(channel)).sum()
    }

    /// Crossings of cables in a channel that no way of routing avoids.
    fn crossings(&self, channel: usize) -> usize {
        let place = |end: &RowEnd| self.rows[end.row].iter().position(|unit| *unit == end.unit).unwrap_or(0);
        let spans: Vec<(Pass, [usize; 2])> =
            self.through(channel).map(|pass| (*pass, [place(&pass.ends[0]), place(&pass.ends[1])])).collect();
        let mut count = 0;
        for (i, a) in spans.iter().enumerate() {
            count += spans[..i].iter().filter(|b| crosses(a, b)).count();
        }
        count
    }
}

/// Whether two cables have to cross, by the places of their ends.
fn crosses((a, at): &(Pass, [usize; 2]), (b, bt): &(Pass, [usize; 2])) -> bool {
    let is_inside = |turn: [usize; 2], place: usize| turn[0].min(turn[1]) < place && place < turn[0].max(turn[1]);
    match (a.is_turn(), b.is_turn()) {
        (false, false) => {
            // Both seen from above.
            let [a0, a1] = if a.ends[0].is_above { *at } else { [at[1], at[0]] };
            let [b0, b1] = if b.ends[0].is_above { *bt } else { [bt[1], bt[0]] };
            (a0 < b0 && a1 > b1) || (a0 > b0 && a1 < b1)
        }
        (true, true) => {
            a.ends[0].is_above == b.ends[0].is_above
                && [0, 1].iter().filter(|i| is_inside(*at, bt[**i])).count() == 1
                && [0, 1].iter().filter(|i| is_inside(*bt, at[**i])).count() == 1
        }
        (true, false) => (0..2).any(|i| b.ends[i].is_above == a.ends[0].is_above && is_inside(*at, bt[i])),
        (false, true) => (0..2).any(|i| a.ends[i].is_above == b.ends[0].is_above && is_inside(*bt, at[i])),
    }
}

/// The channels that a cable takes, one after the other.
fn passes(number: usize, cable: &Cable, levels: &[usize]) -> Vec<Pass> {
    let (top, bottom) = (levels[cable.from.0], levels[cable.to.0]);
    let corridor = |row: usize, is_above: bool| RowEnd { row, unit: Unit::Corridor(number), is_above };
    let first = RowEnd { row: top, unit: Unit::Room(cable.from), is_above: true };
    let last = RowEnd { row: bottom, unit: Unit::Room(cable.to), is_above: false };
    let mut stops = vec![(top, first)];
    if top > bottom {
        // Down: into each corridor from above, out of it below.
        for row in (bottom + 1..top).rev() {
            stops.push((row + 1, corridor(row, false)));
            stops.push((row, corridor(row, true)));
        }
    } else {
        // Up: past its own row, and past the row that it predicts, to come down on it.
        for row in top..=bottom {
            stops.push((row, corridor(row, true)));
            stops.push((row + 1, corridor(row, false)));
        }
    }
    stops.push((bottom + 1, last));
    let pass = |pair: &[(usize, RowEnd)]| Pass { cable: number, channel: pair[0].0, ends: [pair[0].1, pair[1].1] };
    stops.chunks(2).map(pass).collect()
}
