//! Figures at equal work: what F and BCE were when a point had spent as much as the cheapest of those that it is beside.
//!
//! Beside each other are points with the same weights that are shown the same images. Equal updates are not equal work where
//! messages are events, and not equal time where populations run as actors.

use super::plan::{StudyMeasure, StudyPlan};
use super::record::PointRecord;
use super::spent::SPENT;
use crate::evaluation;
use crate::params::Likelihood;
use std::collections::{BTreeMap, HashMap};

/// The records with `free_energy_at_equal_WORK` and `bce_at_equal_WORK` among their measures, for operations, messages and
/// seconds, as far as work is asked for and known.
pub(super) fn with_equal_work(
    plan: &StudyPlan,
    records: &BTreeMap<usize, PointRecord>,
) -> BTreeMap<usize, PointRecord> {
    let mut out = records.clone();
    if !plan.measures.contains(&StudyMeasure::Work) {
        return out;
    }
    let mut beside: HashMap<(usize, &str, usize), Vec<usize>> = HashMap::new();
    for at in records.keys() {
        let point = &plan.points[*at];
        beside.entry((point.weights, &point.data, point.images)).or_default().push(*at);
    }
    for group in beside.values().filter(|group| group.len() > 1) {
        for name in SPENT {
            let all = |at: &usize| records[at].spent.get(name)?.last().copied();
            let Some(budget) = group.iter().filter_map(all).reduce(f64::min) else { continue };
            for at in group {
                let figures = figures(plan, &records[at], name, budget);
                out.entry(*at).and_modify(|record| record.measures.extend(figures));
            }
        }
    }
    out
}

fn figures(plan: &StudyPlan, record: &PointRecord, name: &str, budget: f64) -> Vec<(String, Option<f64>)> {
    let Some(spent) = record.spent.get(name) else { return Vec::new() };
    let at = |curve: &[f64]| record.failure.is_none().then(|| when_spent(curve, spent, budget)).flatten();
    let mut out = vec![(format!("free_energy_at_equal_{name}"), at(&record.curve()))];
    let circuit = &plan.points[record.point].circuit;
    let image = evaluation::image_sense(circuit).ok().map(|(_, id)| circuit.layer(id));
    let image = image.filter(|layer| layer.likelihood() == Likelihood::Bernoulli);
    let image = image.and_then(|layer| Some((layer, record.curves.get(layer.name())?)));
    if let (Some((layer, curve)), true) = (image, plan.measures.contains(&StudyMeasure::Bce)) {
        out.push((format!("bce_at_equal_{name}"), at(curve).and_then(|energy| layer.cross_entropy(energy))));
    }
    out
}

/// The value of a curve when so much was spent.
fn when_spent(curve: &[f64], spent: &[f64], budget: f64) -> Option<f64> {
    let above = spent.iter().position(|sum| *sum >= budget)?;
    let value = *curve.get(above)?;
    let Some(below) = above.checked_sub(1) else { return Some(value) };
    let step = spent[above] - spent[below];
    let share = if step > 0.0 { (budget - spent[below]) / step } else { 1.0 };
    Some(curve[below] + share * (value - curve[below]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_is_read_where_the_work_was_done() {
        let (curve, spent) = ([8.0, 4.0, 2.0], [0.0, 10.0, 40.0]);
        assert_eq!(when_spent(&curve, &spent, 10.0), Some(4.0));
        assert_eq!(when_spent(&curve, &spent, 25.0), Some(3.0));
        assert_eq!(when_spent(&curve, &spent, 0.0), Some(8.0));
        assert_eq!(when_spent(&curve, &spent, 41.0), None);
    }
}
