//! Where rooms and lines stand from left to right.
//!
//! First rooms and corridors, row by row and again, each near the middle of its neighbours; rooms that predict each other
//! come to stand in line. Then single lines, from the lowest row up: a line takes the place that makes it straight, or the
//! nearest that keeps it clear of the ends of all others in its channel, so that no two lines ever run on each other.

use super::cables::{Cable, Strand};
use super::rooms::{BESIDE, DrawingMeasures, PAD};
use super::rows::{Pass, RoomRows, RowEnd, Unit};
use super::spacing::{APART, Seeker, fit, spread};
use crate::circuit::LayerId;
use std::collections::BTreeMap;

/// From a line to the next on the same side.
const STEP: f64 = 16.0;
/// From the side of a population to the first line.
const EDGE: f64 = 8.0;
/// Between neighbouring rooms.
const ALLEY: f64 = 28.0;
/// Between a room and a corridor, or two corridors.
const CLEAR: f64 = 10.0;
/// The weight of a pull beside which others don't count.
const ALONE: f64 = 100.0;
/// Sweeps over all rows.
const SWEEPS: usize = 40;

/// Where a room stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stand {
    pub(super) left: f64,
    pub(super) right: f64,
    /// The left edge of its populations, and their width.
    pub(super) cell: (f64, f64),
}

/// RoomPlaces from left to right, the leftmost room or line at 0.
#[derive(Debug)]
pub(super) struct RoomPlaces {
    pub(super) rooms: BTreeMap<LayerId, Stand>,
    lines: BTreeMap<(RowEnd, usize), f64>,
    pub(super) width: f64,
}

impl RoomPlaces {
    pub(super) fn of(rows: &RoomRows, cables: &[Cable], measures: &DrawingMeasures) -> Self {
        let mut plan = RoomPlan::new(rows, cables, measures);
        for sweep in 0..SWEEPS {
            let count = rows.rows.len();
            (0..count).for_each(|i| plan.move_row(if sweep % 2 == 0 { i } else { count - 1 - i }));
        }
        plan.begin_at_zero();
        for row in 0..rows.rows.len() {
            plan.lines_below(row);
            plan.lines_above(row);
        }
        plan.places(measures)
    }

    /// Where a line of a link meets a row.
    pub(super) fn line(&self, end: &RowEnd, link: usize) -> f64 {
        self.lines[&(*end, link)]
    }
}

/// What a unit takes on either side of its anchor, which is the middle of its populations or lines.
#[derive(Debug, Clone, Copy)]
struct RoomExtent {
    left: f64,
    right: f64,
}

struct RoomPlan<'a> {
    rows: &'a RoomRows,
    cables: &'a [Cable],
    extents: BTreeMap<(usize, Unit), RoomExtent>,
    anchors: BTreeMap<(usize, Unit), f64>,
    cells: BTreeMap<LayerId, f64>,
    lines: BTreeMap<(RowEnd, usize), f64>,
}

/// A strand's share of a side: what must be free behind it.
fn room(strand: &Strand, is_above: bool) -> f64 {
    // Feedback ends at the room above a channel, a prediction at the one below.
    if strand.label > 0.0 && strand.is_feedback() == is_above { STEP.max(strand.label + BESIDE + 8.0) } else { STEP }
}

impl<'a> RoomPlan<'a> {
    fn new(rows: &'a RoomRows, cables: &'a [Cable], measures: &DrawingMeasures) -> Self {
        let (extents, anchors, cells, lines) = Default::default();
        let mut plan = Self { rows, cables, extents, anchors, cells, lines };
        for (at, row) in rows.rows.iter().enumerate() {
            for unit in row {
                let extent = plan.extent(*unit, measures);
                plan.extents.insert((at, *unit), extent);
            }
            let offsets = plan.offsets(at);
            // The rooms alone are centred, so that a ladder stands straight whatever passes beside it.
            let rooms = row.iter().zip(&offsets).filter(|(unit, _)| matches!(unit, Unit::Room(_)));
            let (sum, count) = rooms.fold((0.0, 0), |(sum, count), (_, offset)| (sum + offset, count + 1));
            let middle = sum / f64::from(count.max(1));
            for (unit, offset) in row.iter().zip(offsets) {
                plan.anchors.insert((at, *unit), offset - middle);
            }
        }
        plan
    }

    fn extent(&mut self, unit: Unit, measures: &DrawingMeasures) -> RoomExtent {
        match unit {
            Unit::Corridor(cable) => {
                let half = self.cables[cable].strands.len() as f64 * (STEP + 2.0 * APART) / 2.0;
                RoomExtent { left: half, right: half }
            }
            Unit::Room(layer) => {
                let need = |is_above: bool| {
                    let ends = |cable: &&Cable| if is_above { cable.from == layer } else { cable.to == layer };
                    let strands = self.cables.iter().filter(ends).flat_map(|cable| &cable.strands);
                    strands.map(|strand| room(strand, is_above) + 2.0 * APART).sum::<f64>() + 2.0 * EDGE
                };
                let cell = measures.cell.max(need(true)).max(need(false)).ceil();
                self.cells.insert(layer, cell);
                RoomExtent { left: cell / 2.0 + measures.names + PAD, right: cell / 2.0 + measures.right }
            }
        }
    }

    /// What must lie between the anchors of neighbours in a row.
    fn gaps(&self, row: usize) -> Vec<f64> {
        let gap = |pair: &[Unit]| {
            let both = matches!(pair, [Unit::Room(_), Unit::Room(_)]);
            let between = if both { ALLEY } else { CLEAR };
            self.extents[&(row, pair[0])].right + between + self.extents[&(row, pair[1])].left
        };
        self.rows.rows[row].windows(2).map(gap).collect()
    }

    /// Anchors of a row that is packed tight.
    fn offsets(&self, row: usize) -> Vec<f64> {
        let mut x = 0.0;
        let mut offsets = vec![0.0];
        offsets.extend(self.gaps(row).into_iter().map(|gap| {
            x += gap;
            x
        }));
        offsets.truncate(self.rows.rows[row].len());
        offsets
    }

    /// Moves each unit of a row to the middle of its neighbours, as far as those beside it let it.
    fn move_row(&mut self, row: usize) {
        let units = &self.rows.rows[row];
        let mut wanted = Vec::with_capacity(units.len());
        for unit in units {
            wanted.push(self.middle(row, *unit).unwrap_or(self.anchors[&(row, *unit)]));
        }
        // Lines make way for rooms, never rooms for lines.
        let weights: Vec<f64> =
            units.iter().map(|unit| if matches!(unit, Unit::Room(_)) { 1e9 } else { 1.0 }).collect();
        let anchors = spread(&wanted, &weights, &self.gaps(row));
        for (unit, anchor) in units.iter().zip(anchors) {
            self.anchors.insert((row, *unit), anchor);
        }
    }

    /// The weighted median of the neighbours' anchors; of a room, those of other rooms, if it has any.
    fn middle(&self, row: usize, unit: Unit) -> Option<f64> {
        let mut pulls: Vec<(f64, f64)> = Vec::new();
        for pass in self.rows.passes.iter().flatten() {
            for (end, other) in [(pass.ends[0], pass.ends[1]), (pass.ends[1], pass.ends[0])] {
                if (end.row, end.unit) != (row, unit) {
                    continue;
                }
                let weight = match (end.unit, other.unit) {
                    // A corridor goes to its room, not the room to its corridor.
                    (Unit::Room(_), _) if pass.is_turn() => continue,
                    (Unit::Room(_), Unit::Room(_)) => ALONE,
                    (Unit::Corridor(_), Unit::Corridor(_)) => 8.0,
                    _ => 1.0,
                };
                pulls.push((self.anchors[&(other.row, other.unit)], weight));
            }
        }
        if pulls.iter().any(|pull| pull.1 == ALONE) {
            pulls.retain(|pull| pull.1 == ALONE);
        }
        pulls.sort_by(|a, b| a.0.total_cmp(&b.0));
        let half = pulls.iter().map(|pull| pull.1).sum::<f64>() / 2.0;
        let mut sum = 0.0;
        for (i, (anchor, weight)) in pulls.iter().enumerate() {
            sum += weight;
            if sum > half {
                return Some(*anchor);
            }
            if sum == half {
                return Some((anchor + pulls.get(i + 1).map_or(*anchor, |next| next.0)) / 2.0);
            }
        }
        None
    }

    fn begin_at_zero(&mut self) {
        let lefts = self.anchors.iter().map(|(key, anchor)| anchor - self.extents[key].left);
        let least = lefts.fold(f64::INFINITY, f64::min);
        // Whole pixels: sharper, and shorter to write. What differs by rounding errors alone must not end a pixel apart.
        let whole = |x: f64| ((x * 64.0).round() / 64.0).round();
        self.anchors.values_mut().for_each(|anchor| *anchor = whole(*anchor - least));
    }

    /// Lines that meet a row from the channel below it. Those of the row below have their places already.
    fn lines_below(&mut self, row: usize) {
        let below = self.rows.through(row).flat_map(|pass| pass.ends.map(|end| (pass.cable, end)));
        let below = below.filter(|(_, end)| !end.is_above);
        let strands = below.flat_map(|(cable, end)| self.cables[cable].strands.iter().map(move |s| (end, s.link)));
        let taken: Vec<f64> = strands.map(|(end, link)| self.lines[&(end, link)]).collect();
        for unit in &self.rows.rows[row] {
            let placed = match *unit {
                Unit::Room(layer) => self.ports(row, layer, true, &taken),
                Unit::Corridor(cable) => self.corridor(row, cable, &taken),
            };
            for (link, x) in placed {
                self.lines.insert((RowEnd { row, unit: *unit, is_above: true }, link), x);
                // A corridor goes straight through its row.
                if matches!(unit, Unit::Corridor(_)) {
                    self.lines.insert((RowEnd { row, unit: *unit, is_above: false }, link), x);
                }
            }
        }
    }

    /// Lines that enter rooms from above. Those of the row above will make way for them.
    fn lines_above(&mut self, row: usize) {
        for unit in &self.rows.rows[row] {
            if let Unit::Room(layer) = *unit {
                for (link, x) in self.ports(row, layer, false, &[]) {
                    self.lines.insert((RowEnd { row, unit: *unit, is_above: false }, link), x);
                }
            }
        }
    }

    /// RoomPlaces of lines at one side of a room: its lower side where `is_above` (the room is above the channel).
    fn ports(&self, row: usize, layer: LayerId, is_above: bool, taken: &[f64]) -> Vec<(usize, f64)> {
        let here = (row, Unit::Room(layer));
        let passes = self.rows.passes.iter().flatten();
        let meets = |pass: &&Pass| pass.ends.iter().any(|e| (e.row, e.unit, e.is_above) == (row, here.1, is_above));
        let mut passes: Vec<(Pass, RowEnd)> = passes.filter(meets).map(|p| (*p, self.other(p, row, here.1))).collect();
        let middle = self.anchors[&here];
        let half = self.cells[&layer] / 2.0 - EDGE;
        // Turns to either side are nested: the nearest corridor has the outermost line.
        let key = |(pass, other): &(Pass, RowEnd)| {
            let x = self.anchors[&(other.row, other.unit)];
            match (pass.is_turn(), x < middle) {
                (true, true) => (0, -x),
                (false, _) => (1, self.target(pass, other, 0).unwrap_or(x)),
                (true, false) => (2, -x),
            }
        };
        passes.sort_by(|a, b| key(a).0.cmp(&key(b).0).then(key(a).1.total_cmp(&key(b).1)));
        let mut seekers = Vec::new();
        let mut links = Vec::new();
        for (pass, other) in &passes {
            for (i, strand) in self.cables[pass.cable].strands.iter().enumerate() {
                let side = self.anchors[&(other.row, other.unit)];
                let partner = self.target(pass, other, i);
                let outside = if side < middle { middle - half } else { middle + half };
                let wanted =
                    if pass.is_turn() { outside } else { partner.unwrap_or(self.facing(layer, other, middle)) };
                seekers.push(Seeker { wanted, partner, room: room(strand, is_above) });
                links.push(strand.link);
            }
        }
        let behind = seekers.last().map_or(0.0, |last| last.room - STEP);
        links.into_iter().zip(fit(&seekers, middle - half, middle + half - behind, taken)).collect()
    }

    /// Where a room would best be left for another: in the middle of what faces it.
    fn facing(&self, layer: LayerId, other: &RowEnd, middle: f64) -> f64 {
        let side = self.anchors[&(other.row, other.unit)];
        let Unit::Room(there) = other.unit else { return side };
        let [here, there] = [layer, there].map(|layer| self.cells[&layer] / 2.0 - EDGE);
        let (low, high) = ((middle - here).max(side - there), (middle + here).min(side + there));
        if low <= high { (low + high) / 2.0 } else { side }
    }

    /// RoomPlaces of the lines of a corridor.
    fn corridor(&self, row: usize, cable: usize, taken: &[f64]) -> Vec<(usize, f64)> {
        let unit = Unit::Corridor(cable);
        let middle = self.anchors[&(row, unit)];
        let extent = self.extents[&(row, unit)];
        let meets = |p: &&Pass| p.ends.iter().any(|e| (e.row, e.unit, e.is_above) == (row, unit, true));
        let pass = self.rows.passes[cable].iter().find(meets);
        let strands = &self.cables[cable].strands;
        let mut order: Vec<usize> = (0..strands.len()).collect();
        // Past a turn the lines of a cable have changed sides.
        let is_up = self.rows.passes[cable].iter().any(Pass::is_turn);
        if is_up {
            order.reverse();
        }
        let first = middle - (order.len() as f64 - 1.0) * STEP / 2.0;
        let seeker = |(at, strand): (usize, &usize)| {
            let partner = pass.and_then(|pass| self.target(pass, &self.other(pass, row, unit), *strand));
            let own = first + at as f64 * STEP;
            // Straight where that is within reach.
            let near = partner.filter(|x| (middle - extent.left..=middle + extent.right).contains(x));
            Seeker { wanted: near.unwrap_or(own), partner, room: STEP }
        };
        let seekers: Vec<Seeker> = order.iter().enumerate().map(seeker).collect();
        let places = fit(&seekers, middle - extent.left, middle + extent.right, taken);
        order.into_iter().map(|strand| strands[strand].link).zip(places).collect()
    }

    /// Where a strand is at the other side of its channel, if it goes there and has a place already.
    fn target(&self, pass: &Pass, other: &RowEnd, strand: usize) -> Option<f64> {
        let link = self.cables[pass.cable].strands[strand].link;
        if pass.is_turn() {
            return None;
        }
        self.lines.get(&(*other, link)).copied()
    }

    /// The end of a pass that is not at this unit.
    fn other(&self, pass: &Pass, row: usize, unit: Unit) -> RowEnd {
        if (pass.ends[0].row, pass.ends[0].unit) == (row, unit) { pass.ends[1] } else { pass.ends[0] }
    }

    fn places(self, measures: &DrawingMeasures) -> RoomPlaces {
        let stand = |(layer, cell): (&LayerId, &f64)| {
            let found = self.anchors.iter().find(|((_, unit), _)| *unit == Unit::Room(*layer));
            let middle = found.map_or(0.0, |(_, anchor)| *anchor);
            let left = middle - cell / 2.0;
            let stand =
                Stand { left: left - measures.names - PAD, right: left + cell + measures.right, cell: (left, *cell) };
            (*layer, stand)
        };
        let rooms: BTreeMap<_, _> = self.cells.iter().map(stand).collect();
        let rights = self.anchors.iter().map(|(key, anchor)| anchor + self.extents[key].right);
        RoomPlaces { rooms, width: rights.fold(0.0, f64::max).ceil(), lines: self.lines }
    }
}
