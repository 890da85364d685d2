//! Curves over updates, with bands.

use super::data::{Curve, CurveChart, ReportCell, ReportRow, ReportTable, Span};
use super::legend::legend;
use super::scale::AxisScale;
use super::svg::{Drawing, Plane, SERIES, WIDTH, tick_width};
use super::text::tick;

const HEIGHT: f64 = 250.0;

/// Rows of the table below, at the most.
const SHOWN: usize = 12;

/// The drawing with its legend.
pub(super) fn draw(chart: &CurveChart, (id, title, description): (&str, &str, &str)) -> String {
    let key = legend(chart.curves.iter().map(|curve| (curve.name.as_str(), curve.rows.as_slice())));
    let svg = drawing(chart).finish(id, title, description);
    let said = match chart.band.as_str() {
        "" => String::new(),
        band => format!("<p class=\"note\">Bands: {}.</p>\n", super::text::escape(band)),
    };
    format!("{key}{svg}{said}")
}

/// The drawing alone.
pub(super) fn drawing(chart: &CurveChart) -> Drawing {
    let bands = || chart.curves.iter().flat_map(|curve| curve.band.iter().flatten());
    let heights = chart.curves.iter().flat_map(|curve| curve.points.iter().map(|(_, y)| *y));
    let heights = heights.chain(bands().flat_map(|span| [span.low, span.high]));
    let places = chart.curves.iter().flat_map(|curve| curve.points.iter().map(|(x, _)| *x));
    let (top, bottom, right) = (26.0, HEIGHT - 36.0, WIDTH - 12.0);
    let up = AxisScale::of(heights, bottom, top);
    let left = tick_width(&up);
    let last = places.clone().fold(0.0, f64::max);
    let first = places.fold(last, f64::min);
    let plane = Plane { across: AxisScale::between(first, last, left, right), up, left, right, top, bottom };
    let mut drawing = Drawing::new(HEIGHT);
    drawing.axes(&plane, &chart.across, &chart.up);
    for (i, curve) in chart.curves.iter().enumerate() {
        band(&mut drawing, &plane, curve, i % SERIES);
    }
    for (i, curve) in chart.curves.iter().enumerate() {
        line(&mut drawing, &plane, curve, i % SERIES);
    }
    drawing
}

fn band(drawing: &mut Drawing, plane: &Plane, curve: &Curve, series: usize) {
    let Some(spans) = &curve.band else { return };
    let sound = |(_, span): &(&(f64, f64), &Span)| span.low.is_finite() && span.high.is_finite();
    let both: Vec<_> = curve.points.iter().zip(spans).take_while(sound).collect();
    let upper = both.iter().map(|((x, _), span)| (plane.across.place(*x), plane.up.place(span.high)));
    let lower = both.iter().rev().map(|((x, _), span)| (plane.across.place(*x), plane.up.place(span.low)));
    let outline: Vec<_> = upper.chain(lower).collect();
    if outline.len() > 3 {
        drawing.area(&format!("band s{series}"), &outline);
    }
}

fn line(drawing: &mut Drawing, plane: &Plane, curve: &Curve, series: usize) {
    let sound = curve.points.iter().take_while(|(_, y)| y.is_finite());
    let points: Vec<_> = sound.map(|(x, y)| (plane.across.place(*x), plane.up.place(*y))).collect();
    match points.as_slice() {
        [] => (),
        [alone] => drawing.circle(&format!("dot s{series}"), *alone, 2.5),
        _ => drawing.path(&format!("curve s{series}"), &points),
    }
    if let (Some(end), true) = (points.last(), points.len() < curve.points.len()) {
        // It broke off here: the next value was no number.
        drawing.circle(&format!("end s{series}"), *end, 3.5);
    }
}

/// The same numbers, at some of the updates.
pub(super) fn table(chart: &CurveChart) -> ReportTable {
    let mut places: Vec<f64> = chart.curves.iter().flat_map(|curve| curve.points.iter().map(|(x, _)| *x)).collect();
    places.sort_by(f64::total_cmp);
    places.dedup();
    let stride = places.len().saturating_sub(1).div_ceil(SHOWN - 1).max(1);
    let last = places.last().copied();
    let mut shown: Vec<f64> = places.into_iter().step_by(stride).collect();
    if let Some(last) = last.filter(|last| shown.last() != Some(last)) {
        shown.push(last);
    }
    let cell = |curve: &Curve, x: f64| ReportCell {
        value: curve.points.iter().find(|(at, _)| *at == x).map(|(_, y)| *y),
        rows: curve.rows.clone(),
        ..ReportCell::default()
    };
    let row =
        |x: f64| ReportRow { labels: vec![tick(x)], cells: chart.curves.iter().map(|curve| cell(curve, x)).collect() };
    ReportTable {
        labels: vec![chart.across.clone()],
        measures: chart.curves.iter().map(|curve| format!("{}: {}", chart.up, curve.name)).collect(),
        rows: shown.into_iter().map(row).collect(),
    }
}
