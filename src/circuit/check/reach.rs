//! Whether what a projection reaches fits the layers at its ends.

use super::report::{Legal, Mistakes};
use crate::circuit::file::ProjectionFile;
use crate::circuit::{Circuit, Layer};
use crate::params::{Init, Reach};

/// Checks every projection whose two ends exist.
pub(super) fn reach(files: &[ProjectionFile], circuit: &Circuit, complete: bool, report: &mut Mistakes<'_>) {
    if !complete {
        return;
    }
    for (i, file) in files.iter().enumerate().filter(|(_, file)| !file.reach.is_all()) {
        let layer = |name: &str| circuit.find(name).map(|id| circuit.layer(id));
        let (Some(from), Some(to)) = (layer(&file.from), layer(&file.to)) else { continue };
        let at = format!("projections[{i}].reach");
        if let Init::Orthogonal { .. } = file.init.unwrap_or(circuit.init()) {
            let told = "has synapses that aren't there, and `init: Orthogonal` needs all of them; give this projection an \
                        `init` of its own, such as Gaussian(sd: 0.05), Xavier or He";
            report.add(&at, told);
        }
        match file.reach {
            Reach::All => {}
            Reach::OneToOne => one_to_one(from, to, &at, report),
            Reach::Random { share, .. } => {
                report.number(&format!("{at}.share"), share, Legal::Step);
            }
            Reach::Patch { field, stride } => patch((file, from, to), (field, stride), &at, report),
        }
    }
}

fn one_to_one(from: &Layer, to: &Layer, at: &str, report: &mut Mistakes<'_>) {
    if from.size() != to.size() {
        let (name, other) = (from.name(), to.name());
        let (size, others) = (from.size(), to.size());
        report.add(
            at,
            format!("OneToOne needs layers of one size, but `{name}` has {size} neurons and `{other}` {others}"),
        );
    }
}

/// The fields of all positions together are exactly the layer that they reach.
fn patch(
    (file, from, to): (&ProjectionFile, &Layer, &Layer),
    (field, stride): ((usize, usize), (usize, usize)),
    at: &str,
    report: &mut Mistakes<'_>,
) {
    let numbers = [("field", field.0), ("field", field.1), ("stride", stride.0), ("stride", stride.1)];
    if let Some((name, _)) = numbers.iter().find(|(_, number)| *number == 0) {
        report.add(&format!("{at}.{name}"), "has a side of 0; rows and columns are counted from 1");
        return;
    }
    let mut shapes = Vec::new();
    for (name, layer) in [(&file.from, from), (&file.to, to)] {
        match layer.shape() {
            Some(shape) => shapes.push(shape),
            None => report.add(at, format!("Patch needs `shape: (rows, columns)` of layer `{name}`, which has none")),
        }
    }
    let [grid, onto] = shapes[..] else { return };
    let sides = [("rows", grid[0], field.0, stride.0, onto[0]), ("columns", grid[1], field.1, stride.1, onto[1])];
    for (what, count, field, stride, there) in sides {
        let covered = stride.saturating_mul(count.saturating_sub(1)).saturating_add(field);
        if covered != there {
            report.add(
                at,
                format!(
                    "{count} {what} of `{}` with fields of {field} at every {stride} cover {covered} {what}, but `{}` has \
                     {there}; ({what} − 1) · stride + field must be that{}",
                    file.from,
                    file.to,
                    fitting(field, stride, there).map(|n| format!(", as with {n} {what}")).unwrap_or_default(),
                ),
            );
        }
    }
}

/// How many positions would cover `there`, where some number does.
fn fitting(field: usize, stride: usize, there: usize) -> Option<usize> {
    let rest = there.checked_sub(field)?;
    rest.is_multiple_of(stride).then(|| rest / stride + 1)
}
