//! What an evaluation was asked and what it found: `eval.json`, and the tables.

use super::super::failure::Failure;
use super::super::{output, table};
use super::Part;
use crate::circuit::file::SettlingFile;
use crate::data::Description;
use crate::data::digest::hexadecimal;
use crate::evaluation::mixture::FitEnd;
use crate::evaluation::{Measures, Work};
use crate::network::Tensors;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::Path;

/// Everything that figures depend on: figures of equal requests are the same.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Request {
    pub(super) version: String,
    pub(super) circuit: String,
    /// SHA-256 over names and values of all tensors.
    pub(super) weights: String,
    pub(super) data: Description,
    /// Which images of the data: `test`, or `training` where there are no others.
    pub(super) split: String,
    pub(super) images: usize,
    /// How every image settled.
    pub(super) settling: SettlingFile,
    pub(super) prior_images: usize,
    pub(super) components: usize,
    pub(super) draws: usize,
    pub(super) is_images: usize,
    pub(super) is_draws: usize,
    pub(super) seed: u64,
}

/// What `--json` prints and `eval.json` holds.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::cli) struct Report {
    pub(super) request: Request,
    pub(super) done: Vec<Part>,
    /// Seconds that each part took.
    pub(super) seconds: IndexMap<String, f64>,
    /// Why a part makes no sense for this circuit or these data.
    pub(super) refused: IndexMap<String, String>,
    #[serde(flatten)]
    pub(super) measures: Option<Measures>,
    /// What settling one image cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) work: Option<Work>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mmse: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) classification_error: Option<f64>,
    #[serde(flatten)]
    pub(super) log_px: Option<LogPx>,
    #[serde(flatten)]
    pub(super) log_px_is: Option<LogPxIs>,
}

/// log p(x) from one set of draws.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct LogPx {
    pub(super) log_px: f64,
    pub(super) log_px_as_published: f64,
    /// Images that the mixture was fitted to, its steps, why it ended, and its mean log-likelihood of one of them.
    pub(super) mixture_images: usize,
    pub(super) mixture_steps: usize,
    pub(super) mixture_end: FitEnd,
    pub(super) mixture_log_likelihood: f64,
}

/// log p(x) by importance sampling, on the first images.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct LogPxIs {
    pub(super) log_px_is: f64,
    /// Of the mean over images: how far another set of images would differ.
    pub(super) log_px_is_standard_error: f64,
    /// Of the mean over images: how far other draws would differ.
    pub(super) log_px_is_draws_error: f64,
    /// Effective number of draws of the median image.
    pub(super) log_px_is_effective_draws: f64,
    pub(super) log_px_is_images: usize,
    /// `log_px` on the same images, to compare with.
    pub(super) log_px_on_is_images: f64,
}

/// SHA-256 over names and values of tensors, in hexadecimal.
pub(in crate::cli) fn digest(tensors: &Tensors) -> String {
    let mut hash = Sha256::new();
    for (name, tensor) in tensors {
        hash.update(name);
        tensor.as_slice().iter().for_each(|value| hash.update(value.to_le_bytes()));
    }
    hexadecimal(hash)
}

impl Report {
    pub(super) fn new(request: Request) -> Self {
        let (done, seconds, refused) = (Vec::new(), IndexMap::new(), IndexMap::new());
        let (measures, work, mmse, classification_error) = (None, None, None, None);
        Self {
            request,
            done,
            seconds,
            refused,
            measures,
            work,
            mmse,
            classification_error,
            log_px: None,
            log_px_is: None,
        }
    }

    /// Takes out what was found for a part.
    pub(super) fn forget(&mut self, part: Part) {
        match part {
            Part::Bce => (self.measures, self.work) = (None, None),
            Part::Mmse => self.mmse = None,
            Part::Classification => self.classification_error = None,
            Part::LogPx => self.log_px = None,
            Part::LogPxIs => self.log_px_is = None,
        }
        self.refused.shift_remove(part.name());
    }

    /// Marks a part as done.
    pub(super) fn finish(&mut self, part: Part, seconds: f64) {
        self.seconds.insert(part.name().to_owned(), seconds);
        self.done.push(part);
        self.done.sort_unstable();
    }

    pub(super) fn save(&self, path: &Path) -> Result<(), Failure> {
        output::write_json(path, self)
    }

    pub(super) fn print(&self) -> Result<(), Failure> {
        let Request { circuit, split, data, images, .. } = &self.request;
        output::print(&format!("{circuit} on {} {split} images of {}\n", table::count(*images as u64), data.name))?;
        if let Some(measures) = &self.measures {
            output::print(&format!("{}\n", layers(measures)))?;
        }
        output::print(&table::render(&["measure", ">mean of an image"], self.lines()))
    }

    fn lines(&self) -> Vec<Vec<String>> {
        let mut lines = Vec::new();
        let mut add = |name: &str, value: Option<String>| lines.extend(value.map(|value| vec![name.to_owned(), value]));
        let measures = self.measures.as_ref();
        add("BCE", measures.and_then(|m| m.bce).map(table::figure));
        add("free energy", measures.map(|m| table::figure(m.total_free_energy())));
        add("accuracy", measures.and_then(|m| m.accuracy).map(table::percent));
        add("operations", self.work.map(|work| table::count(work.operations.round() as u64)));
        add("messages", self.work.map(|work| table::figure(work.messages)));
        add("milliseconds", self.work.map(|work| table::figure(work.seconds * 1e3)));
        add("M-MSE", self.mmse.map(table::figure));
        add("classification error", self.classification_error.map(|share| format!("{:.2} %", share * 100.0)));
        add("log p(x), log_px", self.log_px.as_ref().map(|p| table::figure(p.log_px)));
        let published = self.log_px.as_ref().map(|p| table::figure(p.log_px_as_published));
        add("  with log n added, log_px_as_published", published);
        let Some(is) = &self.log_px_is else { return lines };
        let with_error = format!("{} ± {:.2}", table::figure(is.log_px_is), is.log_px_is_standard_error);
        add("log p(x) by importance, log_px_is", Some(with_error));
        add("  error of its draws", Some(format!("{:.2}", is.log_px_is_draws_error)));
        let images = table::count(is.log_px_is_images as u64);
        add(&format!("  log_px on its {images} images"), Some(table::figure(is.log_px_on_is_images)));
        lines
    }
}

/// Free energy and sparsity, layer by layer; a layer has one of them or both.
fn layers(measures: &Measures) -> String {
    let unpredicted = measures.sparsity.keys().filter(|name| !measures.free_energy.contains_key(*name));
    let row = |name: &String| {
        let sparsity = measures.sparsity.get(name);
        let energy = table::figure_or_dash(measures.free_energy.get(name).copied());
        vec![name.clone(), energy, sparsity.map_or_else(|| "-".to_owned(), |share| table::percent(*share))]
    };
    let rows = measures.free_energy.keys().chain(unpredicted).map(row).collect();
    table::render(&["layer", ">free energy", ">active units"], rows)
}
