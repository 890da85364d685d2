//! What probes kept, as a table.

use super::table::{ColumnValues, StudyTable};
use crate::circuit::wiring::{Kind, Wiring};
use crate::evaluation::{ProbeRecorder, ProbeRow};

/// A row for each firing, sample and neuron: `population`, `firing` (the population's own count; in lock-step the step),
/// `sample`, `neuron`, and `state` with `activity` of states, `mean` with `mismatch` of error populations.
#[must_use]
pub fn probe_table(recorder: &ProbeRecorder, wiring: &Wiring) -> StudyTable {
    let rows = recorder.rows();
    let whole = |of: &dyn Fn(&ProbeRow) -> usize| ColumnValues::Whole(rows.iter().map(|row| of(row) as i64).collect());
    let name = |row: &ProbeRow| wiring.population(row.population).name.clone();
    let mut table = StudyTable::default();
    table.add("population", ColumnValues::Text(rows.iter().map(name).collect()));
    table.add("firing", whole(&|row| row.firing as usize));
    table.add("sample", whole(&|row| row.sample));
    table.add("neuron", whole(&|row| row.neuron));
    let columns = [
        ("state", Kind::State, 0),
        ("activity", Kind::State, 1),
        ("mean", Kind::Error, 0),
        ("mismatch", Kind::Error, 1),
    ];
    for (column, kind, at) in columns {
        let is_there = |row: &ProbeRow| wiring.population(row.population).kind == kind;
        if rows.iter().any(is_there) {
            let value = |row: &ProbeRow| is_there(row).then(|| f64::from(row.values[at]));
            table.add(column, ColumnValues::Real(rows.iter().map(value).collect()));
        }
    }
    table
}
