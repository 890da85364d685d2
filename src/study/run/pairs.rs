//! Points beside their baselines: the same image and weights under both.

use super::groups;
use super::plan::StudyPlan;
use super::record::PointRecord;
use std::collections::BTreeMap;

/// One measure at one point and at its baseline, image by image.
#[derive(Debug, Clone, PartialEq)]
pub struct PairedMeasure {
    /// The measure, by its name in the table of images.
    pub measure: String,
    /// The point, in words.
    pub point: String,
    /// Its baseline, in words.
    pub baseline: String,
    /// The pairs.
    pub pairs: Vec<PairedValue>,
    /// Pairs that one side has no value for, because it diverged or has no rest.
    pub left_out: usize,
    /// Whether images of a presentation share delays or losses at one of the two, so that presentations are independent and
    /// images are not.
    pub shares_noise: bool,
    /// The rows of the table of points on both sides, from 1.
    pub rows: Vec<usize>,
}

/// A measure of one image with one seed of weights, means over repeats.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedValue {
    /// The seed of the weights.
    pub seed: u64,
    /// The image, by its place.
    pub image: usize,
    /// The presentation that it was part of.
    pub presentation: usize,
    /// At the baseline.
    pub baseline: f64,
    /// At the point.
    pub value: f64,
}

/// Means over repeats by weights and image: sum, count of values, count of records.
type Sums = BTreeMap<(usize, usize), (f64, usize, usize)>;

/// All pairs, by point and measure, in the order of the plan.
#[must_use]
pub fn paired(plan: &StudyPlan, records: &BTreeMap<usize, PointRecord>) -> Vec<PairedMeasure> {
    let all = groups::groups(plan, records);
    let axes = groups::varying(plan);
    let mut out = Vec::new();
    for group in &all {
        // Every member of a group has a baseline in the same other group.
        let baseline = group.members.iter().find_map(|(_, record)| plan.points[record.point].baseline);
        let Some(baseline) = baseline.map(|at| &plan.points[at]) else { continue };
        let there = |other: &&groups::PointGroup<'_>| other.circuit == group.circuit && other.values == baseline.values;
        let Some(base) = all.iter().find(there) else { continue };
        // What differs from the baseline names the baseline; the rest is the same on both sides.
        let differ: Vec<_> = axes.iter().copied().filter(|axis| group.values[*axis] != base.values[*axis]).collect();
        let told = differ.iter().map(|axis| format!("{}: {}", groups::short(&plan.axes[*axis]), base.values[*axis]));
        let mut rows = [base.rows(), group.rows()].concat();
        rows.sort_unstable();
        let shares_noise = [group, base]
            .iter()
            .any(|side| side.members.iter().any(|(_, record)| plan.points[record.point].shares_noise()));
        for measure in measures(group) {
            let (pairs, left_out) = pairs(plan, group, base, measure);
            out.push(PairedMeasure {
                measure: measure.to_owned(),
                point: groups::words(plan, group.circuit, group.values, &axes),
                baseline: told.clone().collect::<Vec<_>>().join(", "),
                pairs,
                left_out,
                shares_noise,
                rows: rows.clone(),
            });
        }
    }
    out
}

fn measures<'a>(group: &groups::PointGroup<'a>) -> Vec<&'a str> {
    let mut names: Vec<&str> = Vec::new();
    for (_, record) in &group.members {
        names.extend(record.images.keys().map(String::as_str).filter(|name| !name.ends_with("_rms")));
    }
    names.sort_unstable();
    names.dedup();
    names
}

fn pairs(
    plan: &StudyPlan,
    group: &groups::PointGroup<'_>,
    base: &groups::PointGroup<'_>,
    measure: &str,
) -> (Vec<PairedValue>, usize) {
    let (here, there) = (sums(plan, group, measure), sums(plan, base, measure));
    let (mut pairs, mut left_out) = (Vec::new(), 0);
    for ((weights, image), (sum, known, of)) in &here {
        let Some((base_sum, base_known, base_of)) = there.get(&(*weights, *image)) else { continue };
        if known < of || base_known < base_of {
            left_out += 1;
            continue;
        }
        // Presentations of the side whose images share noise are the smaller ones.
        let presentation = presentation(group, *image).max(presentation(base, *image));
        pairs.push(PairedValue {
            seed: plan.weights[*weights].seed,
            image: *image,
            presentation,
            baseline: base_sum / *base_known as f64,
            value: sum / *known as f64,
        });
    }
    (pairs, left_out)
}

/// The presentation that an image was part of, the same for all members of a group.
fn presentation(group: &groups::PointGroup<'_>, image: usize) -> usize {
    let found = group.members.iter().find_map(|(_, record)| record.presentations.get(image));
    found.copied().unwrap_or(0)
}

fn sums(plan: &StudyPlan, group: &groups::PointGroup<'_>, measure: &str) -> Sums {
    let mut sums = Sums::new();
    for (_, record) in &group.members {
        let weights = plan.points[record.point].weights;
        let values = record.images.get(measure);
        for image in 0..record.presentations.len() {
            let value = values.and_then(|values| values.get(image).copied().flatten());
            let entry = sums.entry((weights, image)).or_default();
            entry.0 += value.unwrap_or(0.0);
            entry.1 += usize::from(value.is_some());
            entry.2 += 1;
        }
    }
    sums
}
