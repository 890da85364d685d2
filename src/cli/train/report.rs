//! What a training tells: before it starts, after each epoch, and at its end.

use super::super::failure::Failure;
use super::super::{output, table};
use crate::checkpoint::Run;
use crate::circuit::{Circuit, Layer, advice};
use crate::data::Dataset;
use crate::evaluation::{Measures, image_sense};
use crate::params::Likelihood;
use crate::ranks::{Ranks, Traffic};
use crate::training::{BestEpoch, EpochMetrics, Keep, TrainSpec, Training};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Rows of the table at the end, beyond which epochs are left out.
const MOST_ROWS: usize = 20;

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct TrainReport<'a> {
    run: &'a Path,
    weights: PathBuf,
    epochs: &'a [EpochMetrics],
}

/// What will be done and written.
pub(super) fn announce(circuit: &Circuit, data: &Dataset, spec: &TrainSpec, training: &Training<'_>, folder: &Path) {
    let number = |n: usize| table::count(n as u64);
    let (learned, held_out) = training.images();
    let test = data.test.as_ref().map_or(0, |images| images.count());
    output::note(&table::wrap(&format!(
        "{} on {}: {} images to learn from, {} held out, {} to test; {} epochs of batches of {}, seed {}, {} threads",
        circuit.name(),
        data.name,
        number(learned),
        number(held_out),
        number(test),
        number(spec.epochs),
        number(spec.batch),
        spec.seed,
        rayon::current_num_threads(),
    )));
    for warning in advice::doubtful_layers(circuit) {
        output::note(&table::wrap(&format!("warning: {warning}")));
    }
    if training.epoch() > 0 {
        output::note(&format!("goes on after epoch {}", training.epoch()));
    }
    output::announce(folder, "run.json, metrics.jsonl, checkpoints, weights, a picture");
}

/// How ranks shared the work, where there were several.
pub(super) fn tell_traffic(ranks: &Ranks) {
    if !ranks.are_many() {
        return;
    }
    let Traffic { meetings, bytes, seconds } = ranks.traffic();
    output::note(&format!(
        "{} ranks met {} times; this one told {} bytes and was {} in meetings",
        ranks.size(),
        table::count(meetings),
        table::count(bytes),
        table::seconds(seconds)
    ));
}

/// One epoch in one line.
pub(super) fn line(metrics: &EpochMetrics, epochs: usize) -> String {
    let mut line = format!("epoch {}/{epochs}", metrics.epoch);
    let mut add = |text: String| line.push_str(&text);
    add(format!("  free energy {:.2}", metrics.train_free_energy.values().sum::<f64>()));
    for (name, measures) in [("validation", &metrics.validation), ("test", &metrics.test)] {
        let Some(measures) = measures else { continue };
        if let Some(bce) = measures.bce {
            add(format!("  {name} BCE {bce:.2}"));
        }
        if let Some(accuracy) = measures.accuracy {
            add(format!(", accuracy {}", table::percent(accuracy)));
        }
    }
    line + &format!("  {} ({:.0} images/s)", table::seconds(metrics.seconds), metrics.samples_per_second)
}

/// All epochs, what was written, and what can be done with it.
pub(super) fn print(run: &Run, circuit: &Circuit, keep: Keep, json: bool) -> Result<(), Failure> {
    let metrics: Vec<EpochMetrics> = run.metrics(u64::MAX)?;
    if json {
        let weights = run.path("weights.safetensors");
        return output::print_json(&TrainReport { run: run.folder(), weights, epochs: &metrics });
    }
    output::print(&epoch_table(circuit, &metrics))?;
    let more = if metrics.len() > MOST_ROWS { "; metrics.jsonl has all epochs" } else { "" };
    output::print(&format!("(nats per image; F is the free energy while training{more})"))?;
    if let Some(BestEpoch { epoch, measure, value }) = BestEpoch::of(&metrics).filter(|_| keep == Keep::Best) {
        output::print(&format!("(weights of epoch {epoch}, the best by validation {measure}: {value:.4})"))?;
    }
    let (folder, quoted) = (run.folder().display(), output::quoted(run.folder()));
    output::print(&format!(
        "\nwritten: {folder}/weights.safetensors\n         {folder}/reconstructions.png\n\
         next:    gncn eval {quoted}\n         gncn reconstruct {quoted} -o more.png --count 100"
    ))
}

/// One row for each epoch, with the columns that this circuit has figures for.
fn epoch_table(circuit: &Circuit, metrics: &[EpochMetrics]) -> String {
    let last = metrics.last().and_then(|m| m.test.as_ref().or(m.validation.as_ref()));
    let (bce, accuracy) = last.map_or((false, false), |m| (m.bce.is_some(), m.accuracy.is_some()));
    let header = [
        (true, &[">epoch"][..]),
        (bce, &[">BCE train", ">val.", ">test"]),
        (true, &[">F"]),
        // Validation and test are not the same thing, so neither stands in for the other.
        (accuracy, &[">acc. val.", ">test"]),
        (true, &[">time"]),
    ];
    let header: Vec<_> = header.iter().filter(|(there, _)| *there).flat_map(|(_, names)| *names).copied().collect();
    let image = image_layer(circuit);
    let rows = shown(metrics).map(|metrics| epoch_row(metrics, image.filter(|_| bce), accuracy));
    table::render(&header, rows.collect())
}

/// `image` is the layer that has a BCE, where the table has one.
fn epoch_row(metrics: &EpochMetrics, image: Option<&Layer>, accuracy: bool) -> Vec<String> {
    let of = |measures: &Option<Measures>, figure: fn(&Measures) -> Option<f64>| measures.as_ref().and_then(figure);
    let mut row = vec![metrics.epoch.to_string()];
    if let Some(image) = image {
        let train = metrics.train_free_energy.get(image.name()).and_then(|energy| image.cross_entropy(*energy));
        let figures = [train, of(&metrics.validation, |m| m.bce), of(&metrics.test, |m| m.bce)];
        row.extend(figures.map(table::figure_or_dash));
    }
    row.push(table::figure(metrics.train_free_energy.values().sum()));
    if accuracy {
        let shares = [of(&metrics.validation, |m| m.accuracy), of(&metrics.test, |m| m.accuracy)];
        row.extend(shares.map(|share| share.map_or_else(|| "-".to_owned(), table::percent)));
    }
    row.push(table::seconds(metrics.seconds));
    row
}

/// The layer whose free energy tells the BCE of an image.
fn image_layer(circuit: &Circuit) -> Option<&Layer> {
    let (_, id) = image_sense(circuit).ok()?;
    let layer = circuit.layer(id);
    (layer.likelihood() == Likelihood::Bernoulli).then_some(layer)
}

/// All epochs, or of many every so-manyth and the last.
fn shown(metrics: &[EpochMetrics]) -> impl Iterator<Item = &EpochMetrics> {
    let stride = metrics.len().div_ceil(MOST_ROWS).max(1);
    metrics.iter().enumerate().filter(move |(i, _)| (metrics.len() - 1 - i).is_multiple_of(stride)).map(|(_, m)| m)
}
