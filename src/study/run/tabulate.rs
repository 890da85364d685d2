//! The three tables of a study, from its plan and its journal: points, images, and curves over updates.

use super::equal;
use super::plan::StudyPlan;
use super::record::PointRecord;
use super::table::{ColumnValues, StudyTable};
use std::collections::BTreeMap;

/// A row for each finished point: which one it is, its axes by their paths, what became of it, and its measures.
#[must_use]
pub fn points(plan: &StudyPlan, records: &BTreeMap<usize, PointRecord>) -> StudyTable {
    let records = &equal::with_equal_work(plan, records);
    let rows: Vec<_> = records.values().collect();
    let mut table = keys(plan, &rows);
    let planned = |record: &PointRecord| &plan.points[record.point];
    table.add("data", ColumnValues::Text(rows.iter().map(|record| planned(record).data.clone()).collect()));
    table.add("images", ColumnValues::Whole(rows.iter().map(|record| planned(record).images as i64).collect()));
    table.add("phase", ColumnValues::Text(rows.iter().map(|record| record.phase.name().to_owned()).collect()));
    for name in names(rows.iter().map(|record| record.measures.keys())) {
        table.add(&name, ColumnValues::Real(rows.iter().map(|record| record.measure(&name)).collect()));
    }
    table.add("load", ColumnValues::Real(rows.iter().map(|record| record.load).collect()));
    table
}

/// A row for each image of each finished point.
#[must_use]
pub fn images(plan: &StudyPlan, records: &BTreeMap<usize, PointRecord>) -> StudyTable {
    let each = |record: &PointRecord| record.presentations.len();
    let rows: Vec<_> = records.values().flat_map(|record| std::iter::repeat_n(record, each(record))).collect();
    let mut table = keys(plan, &rows);
    let all = || records.values();
    table.add("image", ColumnValues::Whole(all().flat_map(|record| 0..each(record) as i64).collect()));
    let presentation = |record: &PointRecord| record.presentations.clone();
    let presentations = all().flat_map(presentation).map(|presentation| presentation as i64).collect();
    table.add("presentation", ColumnValues::Whole(presentations));
    for name in names(all().map(|record| record.images.keys())) {
        let values = |record: &PointRecord| match record.images.get(&name) {
            Some(values) => values.clone(),
            None => vec![None; each(record)],
        };
        table.add(&name, ColumnValues::Real(all().flat_map(values).collect()));
    }
    table
}

/// A row for each update of each finished point, the last one at the readout: F by layer, and what was spent by then.
#[must_use]
pub fn series(plan: &StudyPlan, records: &BTreeMap<usize, PointRecord>) -> StudyTable {
    let curves: Vec<_> = records.values().map(|record| (record, record.curve())).collect();
    let rows: Vec<_> = curves.iter().flat_map(|(record, curve)| std::iter::repeat_n(*record, curve.len())).collect();
    let mut table = keys(plan, &rows);
    table.add("update", ColumnValues::Whole(curves.iter().flat_map(|(_, curve)| 0..curve.len() as i64).collect()));
    let totals = curves.iter().flat_map(|(_, curve)| curve.iter().map(|f| Some(*f)));
    table.add("free_energy", ColumnValues::Real(totals.collect()));
    for name in names(records.values().map(|record| record.curves.keys())) {
        let of_layer = |(record, curve): &(&PointRecord, Vec<f64>)| {
            let layer = record.curves.get(&name);
            (0..curve.len()).map(|at| layer.and_then(|values| values.get(at)).copied()).collect::<Vec<_>>()
        };
        table.add(format!("free_energy.{name}"), ColumnValues::Real(curves.iter().flat_map(of_layer).collect()));
    }
    for name in names(records.values().map(|record| record.spent.keys())) {
        let of_work = |(record, curve): &(&PointRecord, Vec<f64>)| {
            let spent = record.spent.get(&name);
            (0..curve.len()).map(|at| spent.and_then(|values| values.get(at)).copied()).collect::<Vec<_>>()
        };
        table.add(&name, ColumnValues::Real(curves.iter().flat_map(of_work).collect()));
    }
    table
}

/// What tells a row from others.
fn keys(plan: &StudyPlan, rows: &[&PointRecord]) -> StudyTable {
    let planned = |record: &PointRecord| &plan.points[record.point];
    let weights = |record: &PointRecord| &plan.weights[planned(record).weights];
    let text = |of: &dyn Fn(&PointRecord) -> String| ColumnValues::Text(rows.iter().map(|record| of(record)).collect());
    let whole = |of: &dyn Fn(&PointRecord) -> i64| ColumnValues::Whole(rows.iter().map(|record| of(record)).collect());
    let mut table = StudyTable::default();
    table.add("point", whole(&|record| record.point as i64));
    table.add("circuit", text(&|record| weights(record).circuit.clone()));
    table.add("weights", text(&|record| weights(record).name.clone()));
    table.add("repeat", whole(&|record| planned(record).repeat as i64));
    for (axis, path) in plan.axes.iter().enumerate() {
        table.add(path, text(&|record| planned(record).values[axis].clone()));
    }
    table
}

/// Names in the order in which they first come up.
fn names<'a, I: Iterator<Item = &'a String>>(lists: impl Iterator<Item = I>) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for name in lists.flatten() {
        if !out.contains(name) {
            out.push(name.clone());
        }
    }
    out
}
