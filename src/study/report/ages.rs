//! Ages of what links delivered: two histograms for each link, side by side.

use super::data::{AgeChart, AgePanel, ReportCell, ReportRow, ReportTable};
use super::legend::linked;
use super::scale::AxisScale;
use super::svg::{Anchor, Drawing, WIDTH};

const PITCH: f64 = 74.0;
const HEIGHT: f64 = 34.0;

/// The drawing.
pub(super) fn draw(chart: &AgeChart, (id, title, description): (&str, &str, &str)) -> String {
    let of = if chart.rows.is_empty() {
        String::new()
    } else {
        format!("<p class=\"note\">Of{}.</p>\n", linked(&chart.rows))
    };
    drawing(chart).finish(id, title, description) + &of
}

/// The drawing alone.
pub(super) fn drawing(chart: &AgeChart) -> Drawing {
    let half = 0.5 * WIDTH;
    let sides =
        [("staleness, firings of the sender", 34.0, half - 8.0), ("unheard, own firings", half + 34.0, WIDTH - 8.0)];
    let mut drawing = Drawing::new(24.0 + PITCH * chart.links.len() as f64);
    for (name, left, _) in sides {
        drawing.text("name", (left - 30.0, 12.0), Anchor::Start, name);
    }
    for (i, link) in chart.links.iter().enumerate() {
        let top = 22.0 + PITCH * i as f64;
        drawing.text("label", (2.0, top + 10.0), Anchor::Start, &link.link);
        for ((_, left, right), counts) in sides.into_iter().zip([&link.staleness, &link.unheard]) {
            histogram(&mut drawing, counts, (left, right, top + 22.0), &link.link);
        }
    }
    drawing
}

/// Shares of firings by age; the axis ends where no firing is older.
fn histogram(drawing: &mut Drawing, counts: &[u64], (left, right, top): (f64, f64, f64), link: &str) {
    let total: u64 = counts.iter().sum();
    let bottom = top + HEIGHT;
    drawing.line("axis", (left, bottom), (right, bottom));
    if total == 0 {
        drawing.text("tick", (left, bottom - 4.0), Anchor::Start, "can't age");
        return;
    }
    let bars = shown(counts);
    let up = AxisScale::between(0.0, 1.0, bottom, top);
    for share in [0.5, 1.0] {
        drawing.line("grid", (left, up.place(share)), (right, up.place(share)));
        let text = format!("{:.0} %", 100.0 * share);
        drawing.text("tick", (left - 3.0, up.place(share) + 3.5), Anchor::End, &text);
    }
    let width = (right - left) / bars as f64;
    for (age, count) in counts.iter().take(bars).enumerate() {
        let share = *count as f64 / total as f64;
        let (x, y) = (left + age as f64 * width, up.place(share));
        let gap = (0.15 * width).min(1.0);
        let tip = format!("{link}: {:.1} % of firings at age {}", 100.0 * share, age_name(age, counts.len()));
        drawing.rectangle("bar", (x + gap, y), (width - 2.0 * gap, bottom - y), &tip);
    }
    let every = bars.div_ceil(if bars > 20 { 4 } else { 6 }).max(1);
    for age in (0..bars).step_by(every) {
        let x = left + (age as f64 + 0.5) * width;
        drawing.text("tick", (x, bottom + 11.0), Anchor::Middle, &age_name(age, counts.len()));
    }
}

/// Bars up to the oldest age that there was, and a few at the least.
fn shown(counts: &[u64]) -> usize {
    let last = counts.iter().rposition(|count| *count > 0).map_or(0, |last| last + 1);
    last.clamp(4.min(counts.len()), counts.len()).max(1)
}

/// The last entry counts older ones, too.
fn age_name(age: usize, entries: usize) -> String {
    if age + 1 == entries && entries > 4 { format!("{age}+") } else { age.to_string() }
}

/// Mean, 95th of a hundred and greatest age, link by link.
pub(super) fn table(chart: &AgeChart) -> ReportTable {
    let cell = |value: Option<f64>| ReportCell { value, ..ReportCell::default() };
    let row = |link: &AgePanel| ReportRow {
        labels: vec![link.link.clone()],
        cells: [&link.staleness, &link.unheard].into_iter().flat_map(|counts| moments(counts).map(cell)).collect(),
    };
    let measures = ["staleness", "unheard"]
        .into_iter()
        .flat_map(|name| [format!("{name}, mean"), format!("{name}, 95 % at or below"), format!("{name}, greatest")]);
    ReportTable {
        labels: vec!["link".to_owned()],
        measures: measures.collect(),
        rows: chart.links.iter().map(row).collect(),
    }
}

fn moments(counts: &[u64]) -> [Option<f64>; 3] {
    let total: u64 = counts.iter().sum();
    if total == 0 {
        return [None; 3];
    }
    let sum: f64 = counts.iter().enumerate().map(|(age, count)| age as f64 * *count as f64).sum();
    let mut seen = 0;
    let most = counts.iter().position(|count| {
        seen += count;
        seen as f64 >= 0.95 * total as f64
    });
    let greatest = counts.iter().rposition(|count| *count > 0);
    [Some(sum / total as f64), most.map(|age| age as f64), greatest.map(|age| age as f64)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_summed_up() {
        assert_eq!(moments(&[90, 5, 5]), [Some(0.15), Some(1.0), Some(2.0)]);
        assert_eq!(moments(&[0, 0]), [None; 3]);
        assert_eq!((shown(&[1, 0, 0, 0, 0, 0]), shown(&[0, 0, 0, 0, 0, 2, 0])), (4, 6));
        assert_eq!((age_name(63, 64), age_name(3, 64)), ("63+".to_owned(), "3".to_owned()));
    }
}
