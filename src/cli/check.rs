//! `gncn check`: is the circuit sound, who talks to whom, and what does it cost?

use super::failure::Failure;
use super::trained::network_of;
use super::{output, table};
use crate::circuit::advice;
use crate::circuit::cost::{Cost, LinkCost, PopulationCost, Totals};
use crate::circuit::wiring::{Carries, Kind};
use crate::circuit::{Circuit, Stopping};
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;
use std::sync::Arc;

const EXAMPLES: &str = "\
Examples:
  gncn check circuits/gncn-pdh.ron
  gncn check circuits/gncn-pdh.ron --weights runs/gncn-pdh/weights.safetensors
  gncn check mine.ron --json | jq .cost.totals

All mistakes of a file are told at once, each with line and column.";

/// Validate a circuit: populations, links, parameters, memory, work
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct CheckArguments {
    /// The circuit file
    circuit: PathBuf,
    /// Check also that these weights fit the circuit
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    /// Print JSON instead of tables
    #[arg(long)]
    json: bool,
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct CheckReport<'a> {
    name: &'a str,
    about: &'a str,
    schedule: &'a str,
    /// What is legal and yet likely to surprise.
    warnings: &'a [String],
    cost: &'a Cost,
}

impl CheckArguments {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let circuit = Arc::new(Circuit::load(&self.circuit)?);
        if let Some(path) = &self.weights {
            network_of(&circuit, path)?;
        }
        let cost = Cost::new(&circuit);
        let warnings = [circuit.settling().warnings(), advice::idle_options(&circuit)].concat();
        if self.json {
            let schedule = circuit.settling().schedule.name();
            let (name, about, warnings) = (circuit.name(), circuit.about(), &warnings);
            let report = CheckReport { name, about, schedule, warnings, cost: &cost };
            return output::print_json(&report);
        }
        let text =
            [heading(&circuit), populations(&cost.populations), links(&cost.links), totals(&circuit, &cost.totals)];
        output::print(&text.join("\n\n"))?;
        for warning in &warnings {
            output::print(&format!("\n{}", table::wrap(&format!("warning: {warning}"))))?;
        }
        if let Some(path) = &self.weights {
            output::print(&format!("\n{} fits this circuit.", path.display()))?;
        }
        Ok(())
    }
}

fn heading(circuit: &Circuit) -> String {
    let about = circuit.about().trim();
    if about.is_empty() { circuit.name().to_owned() } else { table::wrap(&format!("{}: {about}", circuit.name())) }
}

fn populations(populations: &[PopulationCost]) -> String {
    let row = |p: &PopulationCost| {
        let kind = match p.kind {
            Kind::State => "state",
            Kind::Error => "error",
        };
        vec![p.name.clone(), kind.to_owned(), table::count(p.size), table::count(p.parameters), table::bytes(p.bytes)]
    };
    let header = ["population", "kind", ">neurons", ">parameters", ">bytes"];
    table::render(&header, populations.iter().map(row).collect())
}

fn links(links: &[LinkCost]) -> String {
    let row = |link: &LinkCost| {
        let work = table::count(link.multiply_accumulates);
        vec![link.from.clone(), link.to.clone(), carries(link.carries).to_owned(), table::count(link.width), work]
    };
    let header = ["link from", "to", "carries", ">width", ">multiply-acc."];
    table::render(&header, links.iter().map(row).collect())
}

fn carries(what: Carries) -> &'static str {
    match what {
        Carries::Activity => "activity",
        Carries::Target => "target",
        Carries::Mismatch => "mismatch",
        Carries::Pathway => "mismatch through W",
    }
}

fn totals(circuit: &Circuit, totals: &Totals) -> String {
    let work = totals.per_update;
    let parts = [
        ("predictions", work.generative),
        ("learned feedback", work.feedback),
        ("transposed feedback", work.pathways),
        ("precision", work.precision),
        ("lateral", work.lateral),
    ];
    let parts = parts.iter().filter(|(_, n)| *n > 0).map(|(name, n)| vec![format!("  {name}"), table::count(*n)]);
    let steps = match circuit.settling().stopping {
        Stopping::Steps(steps) => format!("{} updates", table::count(steps as u64)),
        Stopping::Quiet { max_steps, .. } => format!("at most {} updates", table::count(max_steps as u64)),
    };
    let line = |name: String, value: String| vec![name, value];
    let mut rows = vec![
        line("neurons".to_owned(), table::count(totals.neurons)),
        line("parameters".to_owned(), table::count(totals.parameters)),
        line("weights".to_owned(), table::bytes(totals.weight_bytes)),
        line("memory of synapses while training".to_owned(), table::bytes(totals.training_bytes)),
        line(format!("memory of a batch of {}", totals.batch), table::bytes(totals.activity_bytes)),
        line("multiply-accumulates per sample and update".to_owned(), table::count(work.total())),
    ];
    rows.extend(parts);
    rows.push(line(format!("multiply-accumulates per sample and settle ({steps})"), table::count(totals.per_settle)));
    let operations = table::count(totals.operations);
    rows.push(line("synaptic operations of a settle in its account (lock-step)".to_owned(), operations));
    table::render(&["total", ">"], rows)
}
