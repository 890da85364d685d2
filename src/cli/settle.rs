//! `gncn settle`: one episode on arrays of the user's own, and what it settled to.

use super::failure::Failure;
use super::{interrupt, output, table};
use crate::checkpoint::weights;
use crate::circuit::{Circuit, ExecutorKind, Schedule, Stopping};
use crate::data::npy;
use crate::data::npz::NpzOut;
use crate::episode::Episode;
use crate::executor::{LinkTraffic, Measure, PopulationWork, SettleOptions, Settled, Settler};
use crate::matrix::Matrix;
use crate::network::Network;
use crate::params::When;
use clap::{Args, ValueEnum};
use indexmap::IndexMap;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const EXAMPLES: &str = "\
Examples:
  gncn settle c.ron --weights w.safetensors --input image=x.npy --out s.npz
  gncn settle c.ron --input image=data.npz:test --steps 100 --json
  gncn settle c.ron --weights w.safetensors --input image=x.npy \\
      --mask image=seen.npy --schedule 'Bounded(staleness: 2)'

An input is [samples, neurons], [samples, height, width] or one sample
[neurons]. A sense without input is released: its layer settles like any
other. A mask has the shape of its input, 1 where a value is observed and 0
where it is missing and to be completed.

--out holds state.NAME, mean.NAME and error.NAME (f32, [samples, neurons]) and
energy.NAME (f64, free energy summed over the samples at each step, the last
one at the readout).

Ctrl-C ends settling with exit code 1, and no file is written.";

/// Settle a circuit on arrays of your own (.npy, .npz)
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct SettleArguments {
    /// The circuit file
    circuit: PathBuf,
    /// Weights to settle with; without them synapses are drawn from --seed
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    /// What a sense is shown (.npy, .npz or FILE.npz:ARRAY); can be repeated
    #[arg(long, value_name = "SENSE=FILE", value_parser = sense_file)]
    input: Vec<SenseFile>,
    /// Which values of an input are observed; can be repeated
    #[arg(long, value_name = "SENSE=FILE", value_parser = sense_file)]
    mask: Vec<SenseFile>,
    /// Who fires when, as in a circuit file, instead of the circuit's own
    #[arg(long, value_name = "RON")]
    schedule: Option<String>,
    /// What travels on a link, as in a circuit file
    #[arg(long, value_name = "RON")]
    messages: Option<String>,
    /// What runs the schedules Bounded and Free
    #[arg(long, value_enum, ignore_case = true)]
    executor: Option<Executor>,
    /// Updates of every state population, instead of the circuit's own
    #[arg(long, value_name = "N", value_parser = super::positive)]
    steps: Option<usize>,
    /// Worker threads; where a schedule promises bits, they don't depend on it
    #[arg(long, value_name = "N", value_parser = super::thread_count)]
    threads: Option<usize>,
    /// Seed of synapses where no weights are given
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Write states, means, errors and energies to this .npz file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Learn from the settled states once and write the new weights here
    #[arg(long, value_name = "FILE")]
    learn: Option<PathBuf>,
    /// Write the delivery log here: for every firing, which messages it used
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// With --schedule 'Replay("FILE")': stop after so many firings of the log
    #[arg(long, value_name = "FIRINGS", conflicts_with = "learn")]
    stop_at: Option<usize>,
    /// Print what went over every link: messages, operations, staleness
    #[arg(long)]
    traffic: bool,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// `SENSE=FILE`
#[derive(Debug, Clone)]
struct SenseFile {
    sense: String,
    file: PathBuf,
}

fn sense_file(text: &str) -> Result<SenseFile, String> {
    match text.split_once('=') {
        Some((sense, file)) if !sense.is_empty() && !file.is_empty() => {
            Ok(SenseFile { sense: sense.to_owned(), file: file.into() })
        }
        _ => Err("SENSE=FILE is needed, such as image=digits.npy".to_owned()),
    }
}

/// The words of the circuit file for what runs actors.
#[derive(Debug, Clone, Copy, ValueEnum)]
#[value(rename_all = "PascalCase")]
enum Executor {
    Threads,
    Tasks,
}

impl From<Executor> for ExecutorKind {
    fn from(executor: Executor) -> Self {
        match executor {
            Executor::Threads => Self::Threads,
            Executor::Tasks => Self::Tasks,
        }
    }
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Report {
    circuit: String,
    samples: usize,
    /// Updates of every free state population.
    steps: usize,
    /// The largest change of a component of a state in its last firing.
    movement: f32,
    /// Free energy of each predicted layer at each step, summed over samples, the last at the readout.
    energies: IndexMap<String, Vec<f64>>,
    /// What went over each link.
    traffic: Vec<LinkTraffic>,
    /// What populations did, where they ran as actors.
    work: Vec<PopulationWork>,
    /// Files written.
    files: Vec<PathBuf>,
}

impl SettleArguments {
    pub(super) fn run(&self) -> Result<(), Failure> {
        super::use_threads(self.threads)?;
        self.check_targets()?;
        let circuit = self.circuit()?;
        let episode = self.episode(&circuit)?;
        let mut network = self.network(&Arc::new(circuit))?;
        // Started before the work, so that a folder that can't be written is known at once.
        let out = self.out.as_deref().map(NpzOut::create).transpose()?;
        self.announce();

        let settling = network.circuit().settling.clone();
        let options = SettleOptions {
            measure: Measure::EveryStep,
            learn: self.learn.is_some(),
            record: self.record.is_some(),
            stop_at: self.stop_at,
        };
        let mut settler = Settler::new();
        interrupt::within_the_episode(settler.stop_flag())?;
        let settled = settler.settle(&mut network, &episode, &settling, options)?;
        if let (Some(path), Some(log)) = (&self.record, &settled.log) {
            // A log that can't be read is a wrong request; one that can't be written is a run that failed.
            log.save(path).map_err(|error| Failure::Run(error.to_string()))?;
        }
        let energies = energies(&network, &settled);
        if let Some(out) = out {
            write_activities(out, &network, &settler, &energies)?;
        }
        if let Some(path) = &self.learn {
            learn(&mut network, &settler, path)?;
        }
        self.report(&network, episode.rows(), &settled, energies)
    }

    fn check_targets(&self) -> Result<(), Failure> {
        for path in self.out.iter().chain(&self.learn).chain(&self.record) {
            output::check_target(path)?;
        }
        let mut targets: Vec<_> = self.out.iter().chain(&self.learn).chain(&self.record).collect();
        targets.sort();
        match targets.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => {
                let problem = "--out, --learn and --record name the same file twice; give each its own";
                Err(Failure::Request(format!("{}: {problem}", pair[0].display())))
            }
            None => Ok(()),
        }
    }

    /// The circuit of the file with the settling that was asked for.
    fn circuit(&self) -> Result<Circuit, Failure> {
        let mut circuit = Circuit::load(&self.circuit)?;
        super::override_settling(&mut circuit, self.schedule.as_deref(), self.messages.as_deref())?;
        if self.stop_at.is_some() && !matches!(circuit.settling.schedule, Schedule::Replay(_)) {
            let problem = "--stop-at counts firings of a delivery log; add --schedule 'Replay(\"FILE\")'";
            return Err(Failure::Request(problem.to_owned()));
        }
        if let Some(executor) = self.executor {
            circuit.settling.executor = executor.into();
        }
        if let Some(steps) = self.steps {
            circuit.settling.stopping = Stopping::Steps(steps);
        }
        Ok(circuit)
    }

    fn episode(&self, circuit: &Circuit) -> Result<Episode, Failure> {
        refuse_repeated("--input", &self.input)?;
        refuse_repeated("--mask", &self.mask)?;
        let inputs = self.input.iter().map(|given| Ok((given.sense.clone(), npy::read_matrix_or_row(&given.file)?)));
        let inputs: Vec<(String, Matrix)> = inputs.collect::<Result<_, Failure>>()?;
        let mut episode = Episode::new(circuit, inputs)?;
        for mask in &self.mask {
            if !self.input.iter().any(|input| input.sense == mask.sense) {
                let problem =
                    format!("--mask hides parts of \"{0}\", which has no input; add --input {0}=FILE", mask.sense);
                return Err(Failure::Request(problem));
            }
            let observed = npy::read_matrix_or_row(&mask.file)?;
            let about_mask = |error| Failure::Request(format!("--mask {}: {error}", mask.file.display()));
            episode = episode.mask(circuit, &mask.sense, observed).map_err(about_mask)?;
        }
        Ok(episode)
    }

    fn network(&self, circuit: &Arc<Circuit>) -> Result<Network, Failure> {
        match &self.weights {
            Some(path) => super::network_of(circuit, path),
            None => {
                output::note(&format!("no --weights: synapses are drawn from seed {}", self.seed));
                Ok(Network::new(Arc::clone(circuit), self.seed))
            }
        }
    }

    fn announce(&self) {
        if let Some(path) = &self.out {
            output::announce(path, "states, means, errors, energies");
        }
        if let Some(path) = &self.learn {
            output::announce(path, "weights after one learning step");
        }
        if let Some(path) = &self.record {
            output::announce(path, "delivery log");
        }
    }

    fn report(
        &self,
        network: &Network,
        samples: usize,
        settled: &Settled,
        energies: IndexMap<String, Vec<f64>>,
    ) -> Result<(), Failure> {
        let Settled { steps, movement, .. } = *settled;
        if self.json {
            let files = self.out.iter().chain(&self.learn).chain(&self.record).cloned().collect();
            let circuit = network.circuit().name.clone();
            let (traffic, work) = (settled.traffic.clone(), settled.work.clone());
            return output::print_json(&Report { circuit, samples, steps, movement, energies, traffic, work, files });
        }
        output::print(&energy_table(&energies, samples))?;
        if self.traffic {
            output::print(&format!("\n{}", traffic_table(&settled.traffic)))?;
        }
        output::print(&format!(
            "\n{samples} samples, {steps} updates; the last one moved no state by more than {movement:.2e}"
        ))
    }
}

fn refuse_repeated(option: &str, given: &[SenseFile]) -> Result<(), Failure> {
    for (i, one) in given.iter().enumerate() {
        if given[..i].iter().any(|before| before.sense == one.sense) {
            return Err(Failure::Request(format!("{option} names \"{}\" twice; give it once", one.sense)));
        }
    }
    Ok(())
}

/// Free energies by layer: sums over samples, one for each measurement.
fn energies(network: &Network, settled: &Settled) -> IndexMap<String, Vec<f64>> {
    let name = |layer| network.circuit().layer(layer).name.clone();
    let series = |column: usize| settled.energies.sums.iter().map(|sums| sums[column]).collect();
    let populations = settled.energies.populations.iter().enumerate();
    populations.map(|(i, id)| (name(network.wiring().population(*id).layer), series(i))).collect()
}

fn write_activities(
    mut out: NpzOut,
    network: &Network,
    settler: &Settler,
    energies: &IndexMap<String, Vec<f64>>,
) -> Result<(), Failure> {
    let (wiring, activities) = (network.wiring(), settler.activities());
    for (id, layer) in network.circuit().layers() {
        let name = &layer.name;
        out.matrix(&format!("state.{name}"), &activities.state(wiring, id))?;
        if let Some(mean) = activities.mean(wiring, id) {
            out.matrix(&format!("mean.{name}"), &mean)?;
        }
        if let Some(mismatch) = activities.mismatch(wiring, id) {
            out.matrix(&format!("error.{name}"), &mismatch)?;
        }
        if let Some(energies) = energies.get(name) {
            out.vector(&format!("energy.{name}"), energies)?;
        }
    }
    Ok(out.finish()?)
}

/// One learning step at the readout. A circuit that learns at every step has done so while settling.
fn learn(network: &mut Network, settler: &Settler, path: &Path) -> Result<(), Failure> {
    if network.circuit().learning.when == When::Readout {
        network.learn(settler.activities())?;
    }
    Ok(weights::save(path, &network.tensors())?)
}

/// What went over each link; the staleness of a link is shown as its mean and its largest age.
fn traffic_table(traffic: &[LinkTraffic]) -> String {
    let row = |link: &LinkTraffic| {
        let uses: u64 = link.staleness.iter().sum();
        let ages: u64 = link.staleness.iter().zip(0..).map(|(count, age)| count * age).sum();
        let largest = link.staleness.iter().rposition(|count| *count > 0).unwrap_or(0);
        let mean = ages as f64 / uses.max(1) as f64;
        vec![
            format!("{} to {}", link.from, link.to),
            table::count(link.sent),
            table::count(link.used),
            table::count(link.overwritten),
            table::count(link.dropped),
            table::count(link.operations),
            format!("{mean:.2}/{largest}"),
        ]
    };
    let header = ["link", ">sent", ">used", ">overwr.", ">lost", ">operations", ">staleness"];
    table::render(&header, traffic.iter().map(row).collect())
}

/// First and last free energy of each layer, per sample. A schedule without steps has no first one, and a replay that
/// stops before its readout has none at all.
fn energy_table(energies: &IndexMap<String, Vec<f64>>, samples: usize) -> String {
    let ends = |series: &Vec<f64>| {
        let first = series.first().filter(|_| series.len() > 1);
        [first, series.last()].map(|sum| sum.map(|sum| sum / samples as f64))
    };
    let row = |name: &str, [first, last]: [Option<f64>; 2]| {
        let change = first.zip(last).map(|(first, last)| last - first);
        let figures = [first, last, change].map(table::figure_or_dash);
        std::iter::once(name.to_owned()).chain(figures).collect::<Vec<_>>()
    };
    let mut rows: Vec<_> = energies.iter().map(|(name, series)| row(name, ends(series))).collect();
    let total = |end: usize| energies.values().map(|series| ends(series)[end]).sum::<Option<f64>>();
    rows.push(row("total", [total(0), total(1)]));
    table::render(&["free energy per sample", ">first", ">last", ">change"], rows)
}
