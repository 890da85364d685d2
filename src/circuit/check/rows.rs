//! Rows become layers and projections, and mistakes in these are told where the row stands.
//!
//! A row names its layers by a word and a number, and each predicts the one before it: of `(name: "z", first: 1, last: 3)` z2
//! predicts z1, and z3 predicts z2. What is at the ends is for `layers` and `projections` to say. A circuit knows no rows.

use super::graph::MOST_LAYERS;
use super::report::Mistakes;
use crate::circuit::error::shown;
use crate::circuit::file::CircuitFile;
use std::collections::HashSet;

/// The same circuit without rows.
pub(super) fn expand(mut file: CircuitFile, report: &mut Mistakes<'_>) -> CircuitFile {
    let mut names: HashSet<String> = file.layers.0.iter().map(|(name, _)| name.clone()).collect();
    for (i, row) in std::mem::take(&mut file.rows).into_iter().enumerate() {
        let at = format!("rows[{i}]");
        if row.last <= row.first {
            let text = format!(
                "is {}, but a row has two layers or more, so it must be above `first`, {}",
                row.last, row.first
            );
            report.add(&format!("{at}.last"), text);
            continue;
        }
        let length = (row.last - row.first).saturating_add(1);
        if length > MOST_LAYERS {
            let text = format!("is {}, which makes {length} layers; a circuit has {MOST_LAYERS} at most", row.last);
            report.add(&format!("{at}.last"), text);
            continue;
        }
        if let Some((taken, _)) = row.layers().find(|(name, _)| names.contains(name)) {
            let text = format!(
                "makes a layer `{}`, and there is one of that name already; choose other numbers",
                shown(&taken)
            );
            report.add(&format!("{at}.name"), text);
            continue;
        }
        for (name, layer) in row.layers() {
            report.alias(format!("layers.{name}"), format!("{at}.each"));
            names.insert(name.clone());
            file.layers.0.push((name, layer));
        }
        for projection in row.projections() {
            report.alias(format!("projections[{}]", file.projections.len()), format!("{at}.between"));
            file.projections.push(projection);
        }
    }
    file
}
