//! What the figures of a compared model depend on and what they are: `eval.json`, and the table.

use super::super::failure::Failure;
use super::super::{output, table};
use crate::baseline::{ComparedPart, Figures, Spec};
use crate::data::Description;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Everything that figures depend on: figures of equal requests are the same.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct ComparisonRequest {
    pub(super) version: String,
    pub(super) model: Spec,
    pub(super) synapses: usize,
    /// SHA-256 over names and values of all parameters.
    pub(super) weights: String,
    pub(super) seed: u64,
    /// Training images that were learned from; absent where all of them.
    pub(super) limit: Option<usize>,
    pub(super) data: Description,
    /// Which images of the data: `test`, or `training` where there are no others.
    pub(super) split: String,
    pub(super) images: usize,
    pub(super) prior_images: usize,
    pub(super) components: usize,
    pub(super) draws: usize,
}

/// What `--json` prints and `eval.json` holds.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::cli) struct ComparisonReport {
    pub(super) request: ComparisonRequest,
    pub(super) done: Vec<ComparedPart>,
    /// Seconds that each part took.
    pub(super) seconds: IndexMap<String, f64>,
    #[serde(flatten)]
    pub(super) figures: Figures,
}

impl ComparisonReport {
    /// What an earlier measurement has left at `path`, if it was of the same request; else nothing measured yet.
    pub(super) fn begin(request: ComparisonRequest, path: &Path) -> Self {
        let earlier = std::fs::read(path).ok().and_then(|text| serde_json::from_slice::<Self>(&text).ok());
        let nothing =
            |request| Self { request, done: Vec::new(), seconds: IndexMap::new(), figures: Figures::default() };
        earlier.filter(|report| report.request == request).unwrap_or_else(|| nothing(request))
    }

    /// Marks a part as done.
    pub(super) fn finish(&mut self, part: ComparedPart, seconds: f64) {
        self.seconds.insert(part.name().to_owned(), seconds);
        self.done.retain(|done| *done != part);
        self.done.push(part);
        self.done.sort_unstable();
    }

    pub(super) fn save(&self, path: &Path) -> Result<(), Failure> {
        output::write_json(path, self)
    }

    pub(super) fn print(&self, folder: &Path) -> Result<(), Failure> {
        let Figures { images, bce, mmse, classification_error, log_px, log_px_as_published, .. } = &self.figures;
        let (model, count) = (self.request.model.model.name(), table::count(*images as u64));
        output::print(&format!("{model} on {count} {} images of {}\n", self.request.split, self.request.data.name))?;
        let means = [("BCE", bce), ("M-MSE", mmse), ("log_px", log_px), ("log_px_as_published", log_px_as_published)];
        let rows = means.into_iter().filter_map(|(name, value)| Some((name, table::figure((*value)?))));
        let error = classification_error.map(|share| ("classification error", table::percent(share)));
        let rows = rows.chain(error).map(|(name, value)| vec![name.to_owned(), value]);
        output::print(&table::render(&["measure", ">mean"], rows.collect()))?;
        output::print(&format!("\nwritten: {}", folder.join("eval.json").display()))
    }
}
