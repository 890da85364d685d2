//! `gncn eval`: the measures of a trained circuit.

use super::failure::Failure;
use super::progress::Progress;
use super::settling::SettlingArguments;
use super::trained::Trained;
use super::{output, table};
use crate::circuit::Circuit;
use crate::circuit::file::{CircuitFile, SettlingFile};
use crate::data::{Description, atomic};
use crate::evaluation::{Measures, Work, measure};
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  gncn eval runs/gncn-pdh
  gncn eval runs/gncn-pdh --data mnist --limit 1000 --json
  gncn eval runs/gncn-pdh --messages 'Events(threshold: 0.03)' --out ev.json

BCE is the summed binary cross-entropy of the settled prediction, free energy
that of each predicted layer (both in nats, mean over images), sparsity the
share of units that are active, accuracy that of the label when it is released.
Operations, messages and seconds are what settling one image costs.

The figures are printed, and written to eval.json in the run folder. With
another settling than the run's own (--schedule, --messages, --executor,
--steps) they are written to --out, and eval.json stays as it is.";

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
    #[command(flatten)]
    settling: SettlingArguments,
    /// Write the figures here, as JSON, instead of eval.json in the run folder
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Worker threads; where a schedule promises bits, they don't depend on it
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
    /// How every image settled.
    settling: SettlingFile,
    #[serde(flatten)]
    measures: Measures,
    /// What settling one image cost.
    work: Work,
}

impl EvalArguments {
    pub(super) fn run(&self) -> Result<(), Failure> {
        super::use_threads(self.threads)?;
        if let Some(out) = &self.out {
            output::check_target(out)?;
        }
        let mut trained = Trained::open(&self.run, self.data.as_deref())?;
        let own = trained.circuit();
        let mut circuit = own.as_ref().clone();
        self.settling.apply(&mut circuit)?;
        let target = self.target(&trained, circuit.settling == own.settling);
        match &target {
            Some(path) => output::announce(path, "the figures below"),
            None => output::note("eval.json keeps the figures of the run's own settling; --out FILE writes these"),
        }
        let report = self.measure(&mut trained, &circuit)?;
        if let Some(path) = &target {
            let text = serde_json::to_vec_pretty(&report);
            let text = text.map_err(|cause| Failure::Run(format!("the result can't be written as JSON ({cause})")))?;
            atomic::write(path, &text)?;
        }
        if self.json { output::print_json(&report) } else { report.print() }
    }

    /// Where the figures go: eval.json holds those of the run's own settling and no others.
    fn target(&self, trained: &Trained, is_own: bool) -> Option<PathBuf> {
        self.out.clone().or_else(|| is_own.then(|| trained.run.path("eval.json")))
    }

    fn measure(&self, trained: &mut Trained, circuit: &Circuit) -> Result<Report, Failure> {
        let (images, split) = match &trained.data.test {
            Some(test) => (test, "test"),
            None => (&trained.data.train, "training"),
        };
        let rows: Vec<usize> = (0..images.count().min(self.limit.unwrap_or(usize::MAX))).collect();
        let bar = Progress::new(rows.len());
        let measured = measure(&mut trained.network, images, &rows, &circuit.settling, |done| bar.advance(done))?;
        drop(bar);
        Ok(Report {
            circuit: circuit.name.clone(),
            data: trained.data.describe(),
            split,
            settling: CircuitFile::from(circuit).settling,
            measures: measured.measures,
            work: measured.work,
        })
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
        lines.push(vec!["operations".to_owned(), table::count(self.work.operations.round() as u64)]);
        lines.push(vec!["messages".to_owned(), table::figure(self.work.messages)]);
        lines.push(vec!["milliseconds".to_owned(), table::figure(self.work.seconds * 1e3)]);
        output::print(&format!("\n{}", table::render(&["measure", ">mean of an image"], lines)))
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
