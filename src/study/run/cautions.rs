//! What a reader should know before believing a report: what the study by its own making can't show, a sentence or two each.

use super::phase::Phase;
use super::plan::{PlannedPoint, StudyPlan};
use super::record::PointRecord;
use crate::circuit::{ExecutorKind, Schedule};
use crate::study::report::Finding;
use std::collections::{BTreeMap, BTreeSet};

/// Finished points by their places in the plan.
type Records = BTreeMap<usize, PointRecord>;

/// The cautions of a study, the gravest first.
pub(super) fn told(plan: &StudyPlan, records: &Records, findings: &[Finding]) -> Vec<String> {
    let seeds = plan.weights.iter().map(|weights| weights.seed).collect::<BTreeSet<_>>().len();
    let all = [
        unfinished(plan, records),
        diverged(records),
        (plan.points.iter().any(|point| !point.circuit.settling().promises_bits())).then(|| {
            "Some schedules promise no bits: another run of the same command differs there, as repeats do.".to_owned()
        }),
        alike(plan, records),
        shared_noise(plan, records, findings),
        stands_still(plan, records),
        (seeds < 3).then(|| {
            format!(
                "Weights come from {seeds} seed(s) only: what is found holds for these weights, not for weights trained \
                 like them."
            )
        }),
        load(records),
    ];
    all.into_iter().flatten().collect()
}

fn unfinished(plan: &StudyPlan, records: &Records) -> Option<String> {
    let (done, of) = (records.len(), plan.points.len());
    (done < of).then(|| format!("Only {done} of {of} points are finished; the rest is not in here."))
}

fn diverged(records: &Records) -> Option<String> {
    let count = records.values().filter(|record| record.failure.is_some()).count();
    (count > 0).then(|| {
        format!(
            "{count} points have no figures, because a value was no longer finite; means leave out no point, and are not \
             given where one is missing."
        )
    })
}

/// Repeats that came out as one and the same run show no spread, though their schedule promises no bits.
fn alike(plan: &StudyPlan, records: &Records) -> Option<String> {
    let mut repeats: BTreeMap<(usize, &[String]), Vec<&PointRecord>> = BTreeMap::new();
    for (at, record) in records {
        let planned = &plan.points[*at];
        repeats.entry((planned.weights, &planned.values)).or_default().push(record);
    }
    let takes_turns = |at: usize| plan.points[at].circuit.settling().executor == ExecutorKind::Tasks;
    let (mut count, mut why) = (0, "");
    for members in repeats.values().filter(|members| are_alike(members)) {
        count += 1;
        if takes_turns(members[0].point) {
            why = " Tasks on one worker thread take turns in one order: give --threads 2 or more to see what the schedule does \
                   by itself.";
        }
    }
    (count > 0).then(|| {
        format!(
            "At {count} points all repeats are the same run to the bit, so that their spread of 0 says nothing.{why}"
        )
    })
}

/// Whether there are several, and each is the first one once more.
fn are_alike(members: &[&PointRecord]) -> bool {
    let [first, others @ ..] = members else { return false };
    !others.is_empty() && others.iter().all(|other| other.curves == first.curves && other.images == first.images)
}

/// What the unit of an interval is where images of one presentation share what befalls them.
fn shared_noise(plan: &StudyPlan, records: &Records, findings: &[Finding]) -> Option<String> {
    let noisy = records.values().filter(|record| plan.points[record.point].shares_noise());
    let sizes = noisy.map(|record| most_of_one(&record.presentations));
    let size = sizes.max().filter(|_| findings.iter().any(|finding| finding.units == "presentations"))?;
    Some(format!(
        "Where delays or losses are drawn, or actors run at their own pace, all images of one presentation share them. There \
         the unit is the presentation, here of up to {size} images, averaged over weights and repeats: such an interval speaks \
         of these weights, not of weights trained like them."
    ))
}

/// Images of the largest presentation, by the presentation of each image.
fn most_of_one(presentations: &[usize]) -> usize {
    let mut counts = BTreeMap::new();
    presentations.iter().for_each(|presentation| *counts.entry(presentation).or_insert(0) += 1);
    counts.into_values().max().unwrap_or(0)
}

/// A free run stands still once its populations have used up their updates, at rest or not.
fn stands_still(plan: &StudyPlan, records: &Records) -> Option<String> {
    let is_free = |point: &PlannedPoint| matches!(point.circuit.settling().schedule, Schedule::Free { .. });
    let rests = |record: &PointRecord| record.phase == Phase::Rests && is_free(&plan.points[record.point]);
    records.values().any(rests).then(|| {
        "A free run of which the phase is \"rests\" need not be at rest: fast populations may have used up their updates before \
         slow ones, and F then stands still above its rest. Compare it with lock-step after more updates."
            .to_owned()
    })
}

fn load(records: &Records) -> Option<String> {
    let loads = || records.values().filter_map(|record| record.load);
    let (low, high) = (loads().reduce(f64::min)?, loads().reduce(f64::max)?);
    Some(format!(
        "While it ran, between {low:.1} and {high:.1} processes wanted a core; seconds, and schedules with threads or tasks, \
         depend on it."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_presentation_is_counted() {
        assert_eq!(most_of_one(&[0, 0, 1, 1, 1, 2]), 3);
        assert_eq!(most_of_one(&[]), 0);
    }
}
