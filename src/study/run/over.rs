//! Figures of measures over work and over the numbers of an axis.

use super::groups::{self, PointGroup};
use super::plan::StudyPlan;
use crate::study::report::{Chart, Curve, CurveChart, Illustration};

/// What curves of free energy are drawn over, beside updates, with the unit.
const WORK: [(&str, &str); 3] = [
    ("operations", "synaptic operations an image"),
    ("messages", "messages an image"),
    ("seconds", "seconds an image"),
];

/// Measures that are drawn over an axis of numbers, with their units.
const MEASURES: [(&str, &str, &str); 2] = [
    ("oscillation_frequency", "Oscillation", "cycles in 1,000 ticks (Hz where a tick is a millisecond)"),
    ("oscillation_decay", "Damping", "what a swing is multiplied by in half a cycle"),
];

/// F over what it cost: a figure for each kind of work that is known of every group. `name` gives a group its name.
pub(super) fn work(part: &[&PointGroup<'_>], name: &dyn Fn(&PointGroup<'_>) -> String, up: &str) -> Vec<Illustration> {
    let figure = |(kind, across): &(&str, &str)| {
        let curves: Option<Vec<Curve>> = part.iter().map(|group| over(group, kind, name(group))).collect();
        let chart =
            CurveChart { across: (*across).to_owned(), up: up.to_owned(), band: String::new(), curves: curves? };
        let caption =
            "Free energy of all layers, mean over images, weights and repeats, over what settling had spent by then."
                .to_owned();
        Some(Illustration { title: format!("Free energy over {kind}"), caption, chart: Chart::Curves(chart) })
    };
    WORK.iter().filter_map(figure).collect()
}

/// The mean curve of a group over the mean of its work.
fn over(group: &PointGroup<'_>, kind: &str, name: String) -> Option<Curve> {
    let curves: Vec<_> = group.members.iter().map(|(_, record)| record.curve()).collect();
    let spent: Option<Vec<&Vec<f64>>> = group.members.iter().map(|(_, record)| record.spent.get(kind)).collect();
    let spent = spent?;
    let length = curves.iter().map(Vec::len).chain(spent.iter().map(|spent| spent.len())).min()?;
    let count = curves.len() as f64;
    let point = |i: usize| {
        let x = spent.iter().map(|spent| spent[i]).sum::<f64>() / count;
        (x, curves.iter().map(|curve| curve[i]).sum::<f64>() / count)
    };
    Some(Curve { name, points: (0..length).map(point).collect(), band: None, rows: group.rows() })
}

/// Measures over each axis all of whose values hold one number, such as `0.1` or `Fixed(12)`: a curve for each choice on the
/// other axes.
pub(super) fn axes(plan: &StudyPlan, groups: &[PointGroup<'_>], axes: &[usize], most: usize) -> Vec<Illustration> {
    let mut out = Vec::new();
    for axis in axes {
        let values = groups::values_of(plan, *axis);
        if values.len() < 3 || values.iter().any(|value| number_in(value).is_none()) {
            continue;
        }
        let others: Vec<_> = axes.iter().copied().filter(|other| other != axis).collect();
        for (measure, title, up) in MEASURES {
            let mut curves: Vec<Curve> = Vec::new();
            for group in groups {
                let Some(y) = group.cell(measure).value else { continue };
                let Some(x) = number_in(&group.values[*axis]) else { continue };
                let name = groups::words(plan, group.circuit, group.values, &others);
                let at = curves.iter().position(|curve| curve.name == name).unwrap_or_else(|| {
                    curves.push(Curve { name, ..Curve::default() });
                    curves.len() - 1
                });
                curves[at].points.push((x, y));
                curves[at].rows.extend(group.rows());
            }
            curves.retain(|curve| curve.points.len() > 1);
            curves.truncate(most);
            if curves.is_empty() {
                continue;
            }
            let across = plan.axes[*axis].clone();
            let title = format!("{title} over {}", groups::short(&across));
            let caption = "Mean over images that swing, weights and repeats. Points where nothing swings are left out."
                .to_owned();
            let chart = CurveChart { across, up: up.to_owned(), band: String::new(), curves };
            out.push(Illustration { title, caption, chart: Chart::Curves(chart) });
        }
    }
    out
}

/// The one number in a value of an axis; `None` where there is none, or more than one.
fn number_in(value: &str) -> Option<f64> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || ".+-_".contains(c);
    let mut numbers = value.split(|c| !is_part(c)).filter_map(|part| part.parse::<f64>().ok());
    let first = numbers.next().filter(|number| number.is_finite())?;
    numbers.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_is_a_place_on_an_axis() {
        assert_eq!(number_in("0.1"), Some(0.1));
        assert_eq!(number_in("Fixed(12)"), Some(12.0));
        assert_eq!(number_in("Uniform(0, 4)"), None);
        assert_eq!(number_in("Synchronous"), None);
    }
}
