//! The figures of an evaluation as tables.

use super::super::failure::Failure;
use super::super::{output, table};
use crate::evaluation::{Evaluation, EvaluationRequest, Measures};

/// Prints what was found.
pub(super) fn print(found: &Evaluation) -> Result<(), Failure> {
    let EvaluationRequest { circuit, split, data, images, .. } = &found.request;
    output::print(&format!("{circuit} on {} {split} images of {}\n", table::count(*images as u64), data.name))?;
    if let Some(measures) = &found.measures {
        output::print(&format!("{}\n", layers(measures)))?;
    }
    output::print(&table::render(&["measure", ">mean of an image"], lines(found)))
}

fn lines(found: &Evaluation) -> Vec<Vec<String>> {
    let mut lines = Vec::new();
    let mut add = |name: &str, value: Option<String>| lines.extend(value.map(|value| vec![name.to_owned(), value]));
    let measures = found.measures.as_ref();
    add("BCE", measures.and_then(|m| m.bce).map(table::figure));
    add("free energy", measures.map(|m| table::figure(m.total_free_energy())));
    add("accuracy", measures.and_then(|m| m.accuracy).map(table::percent));
    add("operations", found.work.map(|work| table::count(work.operations.round() as u64)));
    add("messages", found.work.map(|work| table::figure(work.messages)));
    add("milliseconds", found.work.map(|work| table::figure(work.seconds * 1e3)));
    add("M-MSE", found.mmse.map(table::figure));
    add("classification error", found.classification_error.map(|share| format!("{:.2} %", share * 100.0)));
    add("log p(x), log_px", found.log_px.as_ref().map(|p| table::figure(p.log_px)));
    let published = found.log_px.as_ref().map(|p| table::figure(p.log_px_as_published));
    add("  with log n added, log_px_as_published", published);
    if let Some(sorted) = &found.samples {
        let count = table::count(sorted.samples_count as u64);
        add(&format!("distance of classes, {count} samples"), Some(table::percent(sorted.samples_distance)));
        add("  of the test images", Some(table::percent(sorted.samples_test_distance)));
        add("samples that the classifier is sure of", Some(table::percent(sorted.samples_sure)));
        add("  test images", Some(table::percent(sorted.samples_test_sure)));
        add("  its error on test images", Some(table::percent(sorted.samples_classifier_error)));
    }
    let Some(is) = &found.log_px_is else { return lines };
    let with_error = format!("{} ± {:.2}", table::figure(is.log_px_is), is.log_px_is_standard_error);
    add("log p(x) by importance, log_px_is", Some(with_error));
    add("  error of its draws", Some(format!("{:.2}", is.log_px_is_draws_error)));
    let images = table::count(is.log_px_is_images as u64);
    add(&format!("  log_px on its {images} images"), Some(table::figure(is.log_px_on_is_images)));
    lines
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
