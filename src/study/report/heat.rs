//! Heat maps over two axes: phase diagrams.

use super::data::{HeatCell, HeatMap, ReportCell, ReportRow, ReportTable};
use super::scale::AxisScale;
use super::svg::{Anchor, Drawing, WIDTH};
use super::text::{number, rows_in_words};

/// Shades from the least to the most.
const SHADES: usize = 7;
const CELL: f64 = 34.0;

/// The drawing: a grid of cells, then a bar that tells what shades mean.
pub(super) fn draw(map: &HeatMap, (id, title, description): (&str, &str, &str)) -> String {
    drawing(map).finish(id, title, description)
}

/// The drawing alone.
pub(super) fn drawing(map: &HeatMap) -> Drawing {
    let longest = map.lines.iter().map(|line| line.chars().count()).max().unwrap_or(0) as f64;
    // Values of an axis may be whole schedules; what doesn't fit beside the cells stands above its line.
    let beside = longest * 5.6 < 100.0;
    let (left, top) = (if beside { 10.0 + 5.6 * longest } else { 4.0 }, 58.0);
    let pitch = if beside { CELL } else { CELL + 14.0 };
    let width = (WIDTH - 4.0 - left) / map.columns.len().max(1) as f64;
    let bottom = top + pitch * map.lines.len() as f64;
    let shade = Shade::of(map);
    let mut drawing = Drawing::new(bottom + 62.0);
    drawing.text("name", (left, 14.0), Anchor::Start, &format!("across: {}", map.across));
    drawing.text("name", (left, 28.0), Anchor::Start, &format!("down: {}", map.down));
    for (i, shown) in headings(&map.columns, (width / 5.6) as usize).iter().enumerate() {
        drawing.text("tick", (left + (i as f64 + 0.5) * width, top - 6.0), Anchor::Middle, shown);
    }
    for (j, line) in map.lines.iter().enumerate() {
        let y = top + pitch * (j as f64 + 1.0) - CELL;
        if beside {
            drawing.text("tick", (left - 5.0, y + 0.5 * CELL + 3.5), Anchor::End, line);
        } else {
            drawing.text("tick", (left, y - 4.0), Anchor::Start, line);
        }
        for (i, cell) in map.cells.iter().skip(j * map.columns.len()).take(map.columns.len()).enumerate() {
            let tip = format!("{}: {}, {}: {}", map.across, map.columns[i], map.down, line);
            place(&mut drawing, cell, &shade, (left + i as f64 * width, y, width), &tip);
        }
    }
    bar(&mut drawing, &shade, map, (left, bottom + 14.0));
    drawing
}

/// A cell: its shade, its number, and what became of the point.
fn place(drawing: &mut Drawing, cell: &HeatCell, shade: &Shade, (x, y, width): (f64, f64, f64), tip: &str) {
    let value = cell.value.filter(|value| value.is_finite());
    let class = value.map_or_else(|| "none".to_owned(), |value| format!("h{}", shade.place(value)));
    let text = value.map_or_else(|| "–".to_owned(), number);
    if let Some(row) = cell.rows.first() {
        drawing.link(&format!("#row-{row}"));
    }
    let tip = format!("{tip}. {text} {} ({})", cell.phase, rows_in_words(&cell.rows));
    drawing.rectangle(&format!("cell {class}"), (x + 0.5, y + 0.5), (width - 1.0, CELL - 1.0), &tip);
    let middle = x + 0.5 * width;
    let room = (width / 5.2) as usize;
    if text.chars().count() <= room {
        drawing.text(&format!("on {class}"), (middle, y + 14.5), Anchor::Middle, &text);
    }
    let phase = cut(&cell.phase, room);
    drawing.text(&format!("phase on {class}"), (middle, y + 27.0), Anchor::Middle, &phase);
    if !cell.rows.is_empty() {
        drawing.end_link();
    }
}

fn bar(drawing: &mut Drawing, shade: &Shade, map: &HeatMap, (left, top): (f64, f64)) {
    let logarithmic = if shade.scale.is_logarithmic() { ", logarithmic" } else { "" };
    drawing.text("name", (left, top + 8.0), Anchor::Start, &format!("{}{logarithmic}", map.measure));
    let width = (WIDTH - 22.0 - left) / SHADES as f64;
    for i in 0..SHADES {
        drawing.rectangle(&format!("cell h{i}"), (left + i as f64 * width, top + 14.0), (width, 10.0), "");
    }
    let across = shade.scale.along(left, left + SHADES as f64 * width);
    drawing.ticks_below(&across, top + 24.0);
}

/// Which shade a value has.
struct Shade {
    scale: AxisScale,
}

impl Shade {
    fn of(map: &HeatMap) -> Self {
        Self { scale: AxisScale::of(map.cells.iter().filter_map(|cell| cell.value), 0.0, SHADES as f64) }
    }

    fn place(&self, value: f64) -> usize {
        (self.scale.place(value) as usize).min(SHADES - 1)
    }
}

/// What fits, with an ellipsis where that isn't all; the table has it whole.
fn cut(text: &str, room: usize) -> String {
    if text.chars().count() <= room.max(1) {
        return text.to_owned();
    }
    text.chars().take(room.saturating_sub(1).max(1)).chain(['…']).collect()
}

/// Headings as they fit. Values that begin alike differ in their ends: where beginnings would make two headings of one, the ends
/// are shown.
fn headings(columns: &[String], room: usize) -> Vec<String> {
    let begun: Vec<String> = columns.iter().map(|column| cut(column, room)).collect();
    let is_told = |(i, shown): (usize, &String)| columns[i] == *shown || !begun[..i].contains(shown);
    if begun.iter().enumerate().all(is_told) {
        return begun;
    }
    let ended = |column: &String| {
        // Brackets that were opened in what is left out say nothing.
        let mut end = column.as_str();
        while end.ends_with(')') && cut_end(end, room).matches(')').count() > cut_end(end, room).matches('(').count() {
            end = &end[..end.len() - 1];
        }
        cut_end(end, room)
    };
    columns.iter().map(ended).collect()
}

/// The end of what doesn't fit.
fn cut_end(text: &str, room: usize) -> String {
    let (length, room) = (text.chars().count(), room.max(2));
    if length <= room {
        return text.to_owned();
    }
    ['…'].into_iter().chain(text.chars().skip(length - (room - 1))).collect()
}

/// The same as a table: each cell with its number and its phase.
pub(super) fn table(map: &HeatMap) -> ReportTable {
    let pairs = map.lines.iter().flat_map(|line| map.columns.iter().map(move |column| (line, column)));
    let row = |((line, column), cell): ((&String, &String), &HeatCell)| ReportRow {
        labels: vec![line.clone(), column.clone(), cell.phase.clone()],
        cells: vec![ReportCell { value: cell.value, rows: cell.rows.clone(), ..ReportCell::default() }],
    };
    ReportTable {
        labels: vec![map.down.clone(), map.across.clone(), "what became of it".to_owned()],
        measures: vec![map.measure.clone()],
        rows: pairs.zip(&map.cells).map(row).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_tell_columns_apart() {
        let of = |columns: &[&str], room| {
            headings(&columns.iter().map(|column| (*column).to_owned()).collect::<Vec<_>>(), room)
        };
        assert_eq!(of(&["Synchronous", "Bounded(staleness: 4)"], 9), ["Synchron…", "Bounded(…"]);
        let late = ["VirtualTime(delay: Fixed(0))", "VirtualTime(delay: Fixed(16))"];
        assert_eq!(of(&late, 12), ["…y: Fixed(0)", "…: Fixed(16)"]);
        assert_eq!(of(&["Free(fire: OnAny)", "Free(fire: OnAll)"], 7), ["… OnAny", "… OnAll"]);
        assert_eq!(of(&["é", "é"], 1), ["é", "é"]);
    }
}
