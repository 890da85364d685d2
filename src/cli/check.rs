//! `gncn check`: is the circuit sound, who talks to whom, and what does it cost?

use super::failure::Failure;
use super::settle::sense_file;
use super::trained::network_of;
use super::values::{positive, use_threads};
use super::{output, table};
use crate::checkpoint::Run;
use crate::circuit::cost::{Cost, LinkCost, PopulationCost, Totals};
use crate::circuit::wiring::{Carries, Kind};
use crate::circuit::{Circuit, Stopping};
use crate::circuit::{advice, options};
use crate::data::{SenseFile, Source, load};
use crate::episode::Episode;
use crate::evaluation::{self, Show, episode};
use crate::executor::{SettleOptions, Settler};
use crate::network::Network;
use crate::stability::Stability;
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
    /// Say what settling bears: linearise it where it has settled, and tell
    /// how late messages may be
    #[arg(long)]
    stability: bool,
    /// What a sense is shown for --stability (.npy, .npz or FILE.npz:ARRAY); can
    /// be repeated. Without it, three drawn digits where they fit
    #[arg(long, value_name = "SENSE=FILE", value_parser = sense_file)]
    input: Vec<SenseFile>,
    /// Updates in lock-step before --stability looks; those of the circuit if not
    /// given
    #[arg(long, value_name = "N", value_parser = positive)]
    steps: Option<usize>,
    /// Seed of synapses for --stability where no weights are given
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Print the circuit as it is understood instead: rows expanded, every
    /// default written out
    #[arg(long, conflicts_with_all = ["json", "stability"])]
    expand: bool,
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
    /// What it asks for beyond the paper.
    options: &'a [String],
    cost: &'a Cost,
    /// With --stability.
    #[serde(skip_serializing_if = "Option::is_none")]
    stability: Option<&'a Stability>,
}

impl CheckArguments {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let circuit = Arc::new(Run::circuit_at(&self.circuit)?);
        if self.expand {
            return output::print(circuit.to_ron().trim_end());
        }
        let network = self.weights.as_ref().map(|path| network_of(&circuit, path)).transpose()?;
        let stability = if self.stability { Some(self.stability(&circuit, network)?) } else { None };
        let cost = Cost::new(&circuit);
        let doubtful = advice::doubtful_layers(&circuit);
        let warnings = [doubtful, circuit.settling().warnings(), advice::idle_options(&circuit)].concat();
        let options = options::explained(&circuit);
        if self.json {
            let schedule = circuit.settling().schedule.name();
            let (name, about, stability) = (circuit.name(), circuit.about(), stability.as_ref());
            let (warnings, options, cost) = (&warnings[..], &options[..], &cost);
            return output::print_json(&CheckReport { name, about, schedule, warnings, options, cost, stability });
        }
        let text =
            [heading(&circuit), populations(&cost.populations), links(&cost.links), totals(&circuit, &cost.totals)];
        output::print(&text.join("\n\n"))?;
        for (i, option) in options.iter().enumerate() {
            let before = if i == 0 { "\n" } else { "" };
            output::print(&format!("{before}{}", table::wrap(&format!("option: {option}"))))?;
        }
        for warning in &warnings {
            output::print(&format!("\n{}", table::wrap(&format!("warning: {warning}"))))?;
        }
        if let Some(stability) = &stability {
            output::print(&format!("\n{}", verdict(&circuit, stability)))?;
        }
        if let Some(path) = &self.weights {
            output::print(&format!("\n{} fits this circuit.", path.display()))?;
        }
        Ok(())
    }
}

impl CheckArguments {
    /// Settles in lock-step and judges.
    fn stability(&self, circuit: &Arc<Circuit>, network: Option<Network>) -> Result<Stability, Failure> {
        use_threads(None)?;
        let mut network = network.unwrap_or_else(|| {
            output::note(&format!("no --weights: synapses are drawn from seed {}", self.seed));
            Network::new(Arc::clone(circuit), self.seed)
        });
        let episode = self.episode(circuit, &network)?;
        let steps = self.steps.unwrap_or_else(|| circuit.settling().stopping.max_steps());
        let settling = circuit.settling().in_lock_step(Stopping::Steps(steps));
        let mut settler = Settler::new();
        settler.settle(&mut network, &episode, &settling, SettleOptions::default())?;
        let judged = Stability::of(&network, &episode, settler.activities(), steps);
        judged.map_err(|error| Failure::Request(format!("--stability: {error}")))
    }

    /// What is shown: the arrays that were given, or a few drawn digits.
    fn episode(&self, circuit: &Circuit, network: &Network) -> Result<Episode<'static>, Failure> {
        const DIGITS: usize = 3;
        if !self.input.is_empty() {
            let weights = network.tensors();
            let mut inputs = Vec::new();
            for given in &self.input {
                let (matrix, told) = evaluation::input(circuit, given, None, Some(&weights))?;
                told.iter().for_each(|text| output::note(&table::wrap(text)));
                inputs.push((given.sense.clone(), matrix));
            }
            return Ok(Episode::new(circuit, inputs)?);
        }
        let digits = load(&Source::Digits { seed: 0, train: DIGITS, test: DIGITS })?;
        let rows: Vec<usize> = (0..DIGITS).collect();
        episode(circuit, &digits.train, &rows, Show::Everything).map_err(|error| {
            Failure::Request(format!("--stability: drawn digits do not fit ({error}); add --input SENSE=FILE"))
        })
    }
}

/// The verdict in words, with its figures.
fn verdict(circuit: &Circuit, stability: &Stability) -> String {
    let number = |value: f64| format!("{value:.4}");
    let mut rows = vec![
        vec!["linearised".to_owned(), format!("{}, {} samples", stability.at, stability.samples)],
        vec!["spectral radius of an update".to_owned(), number(stability.update_radius)],
        vec!["of the absolute map on all populations".to_owned(), number(stability.absolute_radius)],
    ];
    let factors = stability.step_factor.iter().enumerate().filter(|(late, _)| [0, 1, 2, 4, 8].contains(late));
    rows.extend(factors.map(|(late, factor)| {
        let factor = factor.map_or("none".to_owned(), |factor| format!("{factor:.3}"));
        vec![format!("largest factor on beta, {late} firings late"), factor]
    }));
    rows.extend(stability.stiffness.iter().map(|(layer, curvature)| {
        let decides = if *layer == stability.stiffest { ", which decides" } else { "" };
        vec![format!("stiffness of {layer}{decides}"), number(*curvature)]
    }));
    let table = table::render(&["stability", ">"], rows);
    format!("{table}\n\n{}", table::wrap(&format!("{} {}.", circuit.name(), stability.words())))
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
        Stopping::Steps(steps) if circuit.settling().framed => {
            format!("{} updates of a frame", table::count(steps as u64))
        }
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
    if totals.from_the_past > 0 {
        let once = "  predictions from the past, once an episode".to_owned();
        rows.push(line(once, table::count(totals.from_the_past)));
    }
    rows.push(line(format!("multiply-accumulates per sample and settle ({steps})"), table::count(totals.per_settle)));
    let operations = table::count(totals.operations);
    rows.push(line("synaptic operations of a settle in its account (lock-step)".to_owned(), operations));
    table::render(&["total", ">"], rows)
}
