//! What needs settlings of its own: hidden halves, and classes.

use super::bench::{Bench, PURPOSE};
use super::plan::{PlannedPoint, StudyMeasure};
use crate::data::Images;
use crate::evaluation::{self, Hidden, Logistic, LogisticOptions, MeasureError};
use crate::executor::{Presentation, SettleError};

/// Training images that a regression is fitted to, for each test image, at the most.
pub(super) const FITTED: usize = 10;

/// Figures of each image beside those of the settled point.
#[derive(Debug, Default)]
pub(super) struct Aside {
    pub(super) columns: Vec<(&'static str, Vec<Option<f64>>)>,
}

impl Aside {
    /// The figures of a point, for all of its images in their order; what diverges has none.
    pub(super) fn of(
        planned: &PlannedPoint,
        presentations: &[Vec<usize>],
        bench: &mut Bench<'_>,
    ) -> Result<Self, MeasureError> {
        let mut columns = Vec::new();
        if bench.measures.contains(&StudyMeasure::MaskedMse) {
            columns.push(("mmse", masked(planned, presentations, bench)?));
        }
        if bench.measures.contains(&StudyMeasure::ClassificationError) {
            columns.push(("classification_error", misread(planned, bench)?));
        }
        Ok(Self { columns })
    }
}

/// Squared error of each hidden half.
fn masked(
    planned: &PlannedPoint,
    presentations: &[Vec<usize>],
    bench: &mut Bench<'_>,
) -> Result<Vec<Option<f64>>, MeasureError> {
    let mut out = Vec::with_capacity(planned.images);
    for (batch, rows) in presentations.iter().enumerate() {
        let shown = Presentation::of_run(planned.seed).at(PURPOSE, planned.repeat, batch);
        let settling = planned.circuit.settling();
        let done = evaluation::complete_as(bench.network, bench.images, rows, (&Hidden::Right, settling), shown);
        match done {
            Ok(completed) => out.extend(completed.squared_errors().into_iter().map(Some)),
            Err(error) if is_divergence(&error) => out.extend(std::iter::repeat_n(None, rows.len())),
            Err(other) => return Err(other),
        }
    }
    Ok(out)
}

/// 1 for each image that is taken for another class, and 0 for the others. The regression is fitted to training images that
/// settle in the same way, as many of each class as there are.
fn misread(planned: &PlannedPoint, bench: &mut Bench<'_>) -> Result<Vec<Option<f64>>, MeasureError> {
    let none = vec![None; planned.images];
    let (train, settling) = (bench.train, planned.circuit.settling());
    // Both are refused before the first point.
    let Ok(layer) = evaluation::latent_layer(bench.network) else { return Ok(none) };
    let (Some(learned), Some(shown)) = (train.labels(), bench.images.labels()) else { return Ok(none) };
    let all: Vec<usize> = (0..train.count()).collect();
    let rows = evaluation::balanced(train, &all, planned.images.saturating_mul(FITTED), 0);
    let test: Vec<usize> = (0..planned.images).collect();
    let mut settle = |images: &Images, rows: &[usize]| match evaluation::latents(
        bench.network,
        layer,
        images,
        rows,
        settling,
        |_| {},
    ) {
        Ok(activities) => Ok(Some(activities)),
        Err(error) if is_divergence(&error) => Ok(None),
        Err(other) => Err(other),
    };
    let (Some(fitted), Some(seen)) = (settle(train, &rows)?, settle(bench.images, &test)?) else { return Ok(none) };
    let labels: Vec<u8> = rows.iter().map(|row| learned[*row]).collect();
    let regression = Logistic::fit(&fitted, &labels, bench.classes, &LogisticOptions::default());
    let found = regression.predict(&seen);
    Ok(found
        .iter()
        .zip(&test)
        .map(|(class, row)| Some(f64::from(u8::from(*class != usize::from(shown[*row])))))
        .collect())
}

fn is_divergence(error: &MeasureError) -> bool {
    matches!(error, MeasureError::Settle(SettleError::NotFinite { .. }))
}
