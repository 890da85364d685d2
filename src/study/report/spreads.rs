//! Distributions beside each other: median, quartiles, tails, and outliers as points.

use super::data::{ReportCell, ReportRow, ReportTable, Spread, Spreads};
use super::legend::linked;
use super::scale::AxisScale;
use super::svg::{Anchor, Drawing, SERIES, WIDTH};

/// Height of one distribution, its name included.
const PITCH: f64 = 40.0;

/// Points beyond the tails that are drawn, at the most, for each distribution.
const OUTLIERS: usize = 60;

/// The shares of values below what a box shows.
const SHARES: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];

/// The drawing.
pub(super) fn draw(chart: &Spreads, (id, title, description): (&str, &str, &str)) -> String {
    let rows: String = chart
        .spreads
        .iter()
        .filter(|spread| !spread.rows.is_empty())
        .map(|spread| format!("<li>{}{}</li>\n", super::text::escape(&spread.name), linked(&spread.rows)))
        .collect();
    let of = super::text::escape(&chart.of);
    format!(
        "{}<p class=\"note\">Box: the middle half of the {of}, its line the median; lines to the 5th and 95th of a hundred; points \
         beyond.</p>\n<ul class=\"key\">\n{rows}</ul>\n",
        drawing(chart).finish(id, title, description)
    )
}

/// The drawing alone.
pub(super) fn drawing(chart: &Spreads) -> Drawing {
    let (left, right) = (6.0, WIDTH - 12.0);
    let bottom = 10.0 + PITCH * chart.spreads.len() as f64;
    let values = chart.spreads.iter().flat_map(|spread| spread.values.iter().copied());
    let across = AxisScale::of(values, left, right);
    let mut drawing = Drawing::new(bottom + 34.0);
    for value in across.ticks(5) {
        let x = across.place(value);
        drawing.line("grid", (x, 6.0), (x, bottom));
    }
    for (i, spread) in chart.spreads.iter().enumerate() {
        one(&mut drawing, &across, spread, i, 10.0 + PITCH * i as f64);
    }
    drawing.ticks_below(&across, bottom);
    drawing.line("axis", (left, bottom), (right, bottom));
    drawing.across_name(&across, (left, right, bottom), &chart.across);
    drawing
}

fn one(drawing: &mut Drawing, across: &AxisScale, spread: &Spread, series: usize, top: f64) {
    let sorted = sorted(spread);
    let class = format!("s{}", series % SERIES);
    let name: String = spread.name.chars().take(62).collect();
    drawing.text("label", (across.place(f64::MIN) + 2.0, top + 9.0), Anchor::Start, &name);
    let y = top + 24.0;
    let Some(at) = quantiles(&sorted) else { return };
    let [tail, low, middle, high, end] = at.map(|value| across.place(value));
    let beyond = |value: &&f64| **value < at[0] || **value > at[4];
    let outside: Vec<f64> = sorted.iter().filter(beyond).copied().collect();
    // The outermost ones of both sides, so that the range can be seen.
    let stride = outside.len().div_ceil(OUTLIERS).max(1);
    for (i, value) in outside.iter().enumerate() {
        if i % stride == 0 || i + 1 == outside.len() {
            drawing.circle(&format!("dot faint {class}"), (across.place(*value), y), 1.6);
        }
    }
    drawing.line(&format!("whisker {class}"), (tail, y), (low, y));
    drawing.line(&format!("whisker {class}"), (high, y), (end, y));
    drawing.rectangle(&format!("box {class}"), (low, y - 7.0), ((high - low).max(1.0), 14.0), &spread.name);
    drawing.line(&format!("median {class}"), (middle, y - 7.0), (middle, y + 7.0));
}

fn sorted(spread: &Spread) -> Vec<f64> {
    let mut values: Vec<f64> = spread.values.iter().copied().filter(|value| value.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    values
}

/// The values below which the shares lie, between two of them in proportion.
fn quantiles(sorted: &[f64]) -> Option<[f64; 5]> {
    let last = sorted.len().checked_sub(1)?;
    Some(SHARES.map(|share| {
        let place = share * last as f64;
        let (below, part) = (place.floor() as usize, place.fract());
        let above = (below + 1).min(last);
        sorted[below] + part * (sorted[above] - sorted[below])
    }))
}

/// The quantiles as a table.
pub(super) fn table(chart: &Spreads) -> ReportTable {
    let row = |spread: &Spread| {
        let sorted = sorted(spread);
        let at = quantiles(&sorted);
        let cell = |value: Option<f64>| ReportCell { value, rows: spread.rows.clone(), ..ReportCell::default() };
        let mut cells: Vec<_> = (0..SHARES.len()).map(|i| cell(at.map(|at| at[i]))).collect();
        cells.push(cell(Some(sorted.len() as f64)));
        cells.push(cell(Some((spread.values.len() - sorted.len()) as f64)));
        ReportRow { labels: vec![spread.name.clone()], cells }
    };
    let mut measures: Vec<_> = SHARES.iter().map(|share| format!("{:.0} % below", 100.0 * share)).collect();
    measures.extend([chart.of.clone(), "not finite".to_owned()]);
    ReportTable { labels: vec![chart.across.clone()], measures, rows: chart.spreads.iter().map(row).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between_values() {
        let values: Vec<f64> = (0..=20).map(f64::from).collect();
        assert_eq!(quantiles(&values), Some([1.0, 5.0, 10.0, 15.0, 19.0]));
        assert_eq!(quantiles(&[3.0]), Some([3.0; 5]));
        assert_eq!(quantiles(&[]), None);
    }
}
