//! Records that belong together: all weights and repeats of one circuit at one point of the grid.

use super::plan::StudyPlan;
use super::record::PointRecord;
use super::sums::mean_and_deviation;
use crate::study::report::ReportCell;
use indexmap::IndexMap;
use std::collections::BTreeMap;

/// What was found at one point of the grid, over weights and repeats.
#[derive(Debug)]
pub(super) struct PointGroup<'a> {
    pub(super) circuit: &'a str,
    pub(super) values: &'a [String],
    pub(super) members: Members<'a>,
}

/// Records with their rows of the table of points, from 1.
pub(super) type Members<'a> = Vec<(usize, &'a PointRecord)>;

/// All groups, in the order of the plan.
pub(super) fn groups<'a>(plan: &'a StudyPlan, records: &'a BTreeMap<usize, PointRecord>) -> Vec<PointGroup<'a>> {
    let mut found: IndexMap<(&str, &[String]), Members<'_>> = IndexMap::new();
    for (row, record) in records.values().enumerate() {
        let planned = &plan.points[record.point];
        let circuit = plan.weights[planned.weights].circuit.as_str();
        found.entry((circuit, planned.values.as_slice())).or_default().push((row + 1, record));
    }
    found.into_iter().map(|((circuit, values), members)| PointGroup { circuit, values, members }).collect()
}

impl PointGroup<'_> {
    /// Rows of the table of points.
    pub(super) fn rows(&self) -> Vec<usize> {
        self.members.iter().map(|(row, _)| *row).collect()
    }

    /// The mean of a measure over the members, with its deviation between them; nothing where one has none, since a mean
    /// over those that went well would flatter.
    pub(super) fn cell(&self, name: &str) -> ReportCell {
        let known: Vec<f64> = self.members.iter().filter_map(|(_, record)| record.measure(name)).collect();
        let (value, deviation) =
            if known.len() == self.members.len() { mean_and_deviation(&known) } else { (None, None) };
        ReportCell { value, deviation, word: None, rows: self.rows() }
    }

    /// What became of the members: the one word for all, or how many of each.
    pub(super) fn phase(&self) -> String {
        let mut counts = BTreeMap::new();
        self.members.iter().for_each(|(_, record)| *counts.entry(record.phase).or_insert(0) += 1);
        match counts.len() {
            1 => counts.keys().map(|phase| phase.name().to_owned()).collect(),
            _ => counts.iter().map(|(phase, n)| format!("{n} {}", phase.name())).collect::<Vec<_>>().join(", "),
        }
    }
}

/// The axes along which points differ, by their places.
pub(super) fn varying(plan: &StudyPlan) -> Vec<usize> {
    (0..plan.axes.len()).filter(|axis| values_of(plan, *axis).len() > 1).collect()
}

/// The values of an axis, in the order in which points have them.
pub(super) fn values_of(plan: &StudyPlan, axis: usize) -> Vec<&str> {
    let mut out = Vec::new();
    for point in &plan.points {
        let value = point.values[axis].as_str();
        if !out.contains(&value) {
            out.push(value);
        }
    }
    out
}

/// A point in words: the values that tell it from others.
pub(super) fn words(plan: &StudyPlan, circuit: &str, values: &[String], axes: &[usize]) -> String {
    let several = plan.weights.iter().any(|weights| weights.circuit != plan.weights[0].circuit);
    let circuit = several.then(|| circuit.to_owned());
    let told = axes.iter().map(|axis| format!("{}: {}", short(&plan.axes[*axis]), values[*axis]));
    let words: Vec<_> = circuit.into_iter().chain(told).collect();
    if words.is_empty() { "the only point".to_owned() } else { words.join(", ") }
}

/// A path without the part that every path of its kind begins with; a field of all layers keeps it, since `*` alone names none.
pub(super) fn short(path: &str) -> &str {
    let rest = path.strip_prefix("settling.").or_else(|| path.strip_prefix("layers."));
    rest.filter(|rest| !rest.starts_with('*')).unwrap_or(path)
}
