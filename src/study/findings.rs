//! Differences from the baseline with their intervals, as a report tells them.
//!
//! The unit that is resampled follows from what is independent: presentations where their images share delays or losses,
//! images and seeds where there are weights of several seeds, and images else.

use super::report::{Finding, Span};
use super::run::{PairedMeasure, PointRecord, StudyPlan, paired};
use super::statistics::{MeasuredPair, Method, Options, PairedComparison, Unit, compare, correct};
use std::collections::{BTreeMap, BTreeSet};

/// Every measure of every point beside its baseline. One question is answered by all of them, so they are corrected as one
/// family.
#[must_use]
pub fn findings(plan: &StudyPlan, records: &BTreeMap<usize, PointRecord>) -> Vec<Finding> {
    let mut told: Vec<(PairedMeasure, PairedComparison)> = Vec::new();
    for found in paired(plan, records) {
        let options = Options { unit: unit(&found), ..Options::default() };
        let pairs: Vec<MeasuredPair> = found
            .pairs
            .iter()
            .map(|pair| MeasuredPair {
                seed: pair.seed,
                image: pair.image as u64,
                presentation: pair.presentation as u64,
                baseline: pair.baseline,
                value: pair.value,
            })
            .collect();
        // Where all of one side diverged there is nothing to compare; the summary shows it.
        if let Ok(comparison) = compare(&pairs, &options) {
            told.push((found, comparison));
        }
    }
    let mut family: Vec<PairedComparison> = told.iter().map(|(_, comparison)| comparison.clone()).collect();
    correct(&mut family);
    told.iter().zip(&family).map(|((found, _), comparison)| finding(found, comparison)).collect()
}

fn unit(found: &PairedMeasure) -> Unit {
    let seeds: BTreeSet<u64> = found.pairs.iter().map(|pair| pair.seed).collect();
    match (found.shares_noise, seeds.len(), found.left_out) {
        (true, ..) => Unit::Presentations,
        // Resampling both needs every image with every seed.
        (false, 2.., 0) => Unit::ImagesAndSeeds,
        _ => Unit::Images,
    }
}

fn finding(found: &PairedMeasure, comparison: &PairedComparison) -> Finding {
    let (measure, unit, less_is_better) = match found.measure.as_str() {
        "free_energy" => ("free energy", "nats an image", Some(true)),
        "bce" => ("BCE", "nats an image", Some(true)),
        "distance" => ("the largest distance to the rest of lock-step", "", Some(true)),
        "mmse" => ("the squared error of the hidden half", "an image", Some(true)),
        "classification_error" => ("the classification error", "", Some(true)),
        "oscillation_amplitude" => ("the amplitude of the oscillation", "", None),
        other => (other, "", None),
    };
    let is_bootstrap = comparison.interval.is_some_and(|interval| interval.method == Method::Bca);
    let units = match comparison.unit {
        Unit::Images => "images",
        Unit::ImagesAndSeeds if is_bootstrap => "trained weights, images resampled with them",
        // Student's t resamples nothing: it looks at the mean over images of each.
        Unit::Seeds | Unit::ImagesAndSeeds => "trained weights",
        Unit::Presentations => "presentations",
    };
    let method = if is_bootstrap { "bootstrap (BCa)" } else { "Student's t" };
    Finding {
        measure: measure.to_owned(),
        unit: unit.to_owned(),
        point: found.point.clone(),
        baseline: found.baseline.clone(),
        baseline_mean: found.pairs.iter().map(|pair| pair.baseline).sum::<f64>() / found.pairs.len().max(1) as f64,
        difference: comparison.mean,
        interval: comparison.interval.map(|interval| Span { low: interval.low, high: interval.high }),
        level: comparison.interval.map_or(0.95, |interval| interval.level),
        method: method.to_owned(),
        units: units.to_owned(),
        count: comparison.units,
        effect: comparison.effect,
        p_corrected: comparison.p_holm,
        less_is_better,
        left_out: found.left_out,
        rows: found.rows.clone(),
    }
}
