//! `gncn eval`: the measures of a trained circuit.

use super::failure::Failure;
use super::progress::Progress;
use super::trained::Trained;
use super::{interrupt, output, table};
use crate::data::{Description, atomic};
use crate::evaluation::{Measures, measure};
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  gncn eval runs/gncn-pdh
  gncn eval runs/gncn-pdh --data mnist --limit 1000 --json

BCE is the summed binary cross-entropy of the settled prediction, free energy
that of each predicted layer (both in nats, mean over images), sparsity the
share of units that are active, accuracy that of the label when it is released.
The figures are printed, and written to eval.json in the run folder.";

/// Measure a trained circuit on test images
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct EvalArguments {
    /// The run folder
    run: PathBuf,
    /// Other images than those of the run: a name or a path
    #[arg(long, value_name = "NAME|DIR")]
    data: Option<String>,
    /// Measure on the first N images only
    #[arg(long, value_name = "N", value_parser = super::positive)]
    limit: Option<usize>,
    /// Worker threads; the figures are the same for any number
    #[arg(long, value_name = "N", value_parser = super::thread_count)]
    threads: Option<usize>,
    /// Print JSON instead of tables
    #[arg(long)]
    json: bool,
}

/// What `--json` prints and `eval.json` holds.
#[derive(Debug, Serialize)]
struct Report {
    circuit: String,
    data: Description,
    /// Which images of the data: `test`, or `training` where there are no others.
    split: &'static str,
    #[serde(flatten)]
    measures: Measures,
}

impl EvalArguments {
    pub(super) fn run(&self) -> Result<(), Failure> {
        super::use_threads(self.threads)?;
        let mut trained = Trained::open(&self.run, self.data.as_deref())?;
        let path = trained.run.path("eval.json");
        output::announce(&path, "the figures below");
        interrupt::at_once()?;
        let report = self.measure(&mut trained)?;
        let text = serde_json::to_vec_pretty(&report);
        let text = text.map_err(|cause| Failure::Run(format!("the result can't be written as JSON ({cause})")))?;
        atomic::write(&path, &text)?;
        if self.json { output::print_json(&report) } else { report.print() }
    }

    fn measure(&self, trained: &mut Trained) -> Result<Report, Failure> {
        let circuit = trained.circuit();
        let (images, split) = match &trained.data.test {
            Some(test) => (test, "test"),
            None => (&trained.data.train, "training"),
        };
        let rows: Vec<usize> = (0..images.count().min(self.limit.unwrap_or(usize::MAX))).collect();
        let bar = Progress::new(rows.len());
        let measures = measure(&mut trained.network, images, &rows, &circuit.settling, |done| bar.advance(done))?;
        drop(bar);
        Ok(Report { circuit: circuit.name.clone(), data: trained.data.describe(), split, measures })
    }
}

impl Report {
    fn print(&self) -> Result<(), Failure> {
        let images = table::count(self.measures.images as u64);
        output::print(&format!("{} on {images} {} images of {}\n", self.circuit, self.split, self.data.name))?;
        output::print(&layers(&self.measures))?;
        let mut lines = vec![vec!["free energy".to_owned(), table::figure(self.measures.total_free_energy())]];
        if let Some(bce) = self.measures.bce {
            lines.insert(0, vec!["BCE".to_owned(), table::figure(bce)]);
        }
        if let Some(accuracy) = self.measures.accuracy {
            lines.push(vec!["accuracy".to_owned(), table::percent(accuracy)]);
        }
        output::print(&format!("\n{}", table::render(&["measure", ">mean"], lines)))
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
