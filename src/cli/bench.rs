//! `gncn bench`: how fast a circuit settles and learns here, where the time goes, and how near to the machine's peak.

use super::failure::Failure;
use super::memory::{self, Use};
use super::settling::SettlingArguments;
use super::trained::{load_source, network_of, prepared};
use super::{interrupt, output, table, values};
use crate::checkpoint::Run;
use crate::circuit::{Circuit, Learning};
use crate::data::Source;
use crate::episode::Episode;
use crate::evaluation::{self, MomentsFrom, Show, Speed, SpeedTest, product_peak};
use crate::kernels::meter::Kernel;
use crate::matrix::Matrix;
use crate::network::Network;
use crate::rng;
use clap::Args;
use rand::RngExt;
use serde::Serialize;
use std::path::PathBuf;
use std::sync::Arc;

const EXAMPLES: &str = "\
Examples:
  gncn bench circuits/gncn-pdh.ron
  gncn bench circuits/gncn-pdh.ron --messages 'Events(threshold: 0.1)' \\
      --weights runs/mnist/weights.safetensors --data mnist
  gncn bench circuits/gncn-pdh.ron --batch 1 --threads 1 --settle-only --json

One presentation is a settle and a learning step, or with --settle-only the
settle alone. Without --weights synapses are drawn from a seed, and without
--data inputs are random bits, of which 13 % are 1.

Allocations are counted by a gncn that is built for it:
cargo build --release --features counting";

/// Measure speed: samples per second, where the time goes, peak, memory
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct BenchArguments {
    /// The circuit file
    circuit: PathBuf,
    /// Samples in a batch, instead of the circuit's own
    #[arg(long, value_name = "N", value_parser = values::positive)]
    batch: Option<usize>,
    #[command(flatten)]
    settling: SettlingArguments,
    /// Worker threads
    #[arg(long, value_name = "N", value_parser = values::thread_count)]
    threads: Option<usize>,
    /// Weights to start from
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    /// Data to show: a name, a path, or SENSE=FILE for every sense
    #[arg(long, value_name = "NAME|PATH|SENSE=FILE")]
    data: Vec<String>,
    /// Settle without learning
    #[arg(long)]
    settle_only: bool,
    /// How often a presentation is timed
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = values::up_to::<100_000>)]
    repeats: usize,
    /// Print JSON instead of tables
    #[arg(long)]
    json: bool,
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct SpeedReport {
    circuit: String,
    schedule: &'static str,
    batch: usize,
    steps: usize,
    threads: usize,
    learns: bool,
    /// Median over repeats.
    samples_per_second: f64,
    /// The slowest and the fastest repeat.
    spread: [f64; 2],
    /// Seconds of each repeat.
    seconds: Vec<f64>,
    kernels: Vec<KernelShare>,
    /// Peak of matrix products measured in this run, all threads, 10⁹ operations per second.
    peak_gflops: f64,
    /// Rate of dense products while they run, as a share of that peak.
    #[serde(skip_serializing_if = "Option::is_none")]
    dense_share_of_peak: Option<f64>,
    /// Operations at synapses per second, over the whole presentation.
    gflops: f64,
    /// Multiply-accumulates at synapses for one sample and update.
    operations_per_update: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    allocations_per_update: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allocations_per_settle: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    peak_memory_bytes: Option<u64>,
}

/// One kind of kernel.
#[derive(Debug, Serialize)]
struct KernelShare {
    kernel: &'static str,
    /// Of the time of all threads.
    share: f64,
    /// 10⁹ operations per second and thread while it runs; a multiply-accumulate is two.
    #[serde(skip_serializing_if = "Option::is_none")]
    gflops_per_thread: Option<f64>,
}

impl BenchArguments {
    pub(super) fn run(&self) -> Result<(), Failure> {
        values::use_threads(self.threads)?;
        interrupt::at_once("stopped as asked; nothing was measured to the end")?;
        let circuit = Arc::new(self.circuit()?);
        memory::refuse_too_large(&circuit, Use::Training)?;
        let network = match &self.weights {
            Some(path) => network_of(&circuit, path)?,
            None => Network::new(Arc::clone(&circuit), 0),
        };
        let episode = self.episode(&circuit, &network)?;
        let peak = product_peak();
        let (learn, allocations) = (!self.settle_only, super::memory::allocations);
        let test = SpeedTest { network, episode: &episode, learn, repeats: self.repeats, allocations };
        let measured = test.measure()?;
        let report = self.report(&circuit, &measured, peak);
        if self.json { output::print_json(&report) } else { report.print() }
    }

    fn circuit(&self) -> Result<Circuit, Failure> {
        let circuit = self.settling.apply(Run::circuit_at(&self.circuit)?)?;
        let own = circuit.learning();
        Ok(circuit.with_learning(Learning { batch: self.batch.unwrap_or(own.batch), ..own })?)
    }

    /// The first images of the data, or random bits for every sense.
    fn episode(&self, circuit: &Circuit, network: &Network) -> Result<Episode<'static>, Failure> {
        let batch = circuit.learning().batch;
        if !self.data.is_empty() {
            let data = load_source(&Source::of_options(&self.data, &[])?)?;
            let data = prepared(circuit, data, None, MomentsFrom::Weights(&network.tensors()))?;
            let count = data.train.count();
            let rows: Vec<usize> = (0..batch).map(|i| i % count).collect();
            return Ok(evaluation::episode(circuit, &data.train, &rows, Show::Everything)?);
        }
        let inputs = circuit.senses().map(|(sense, layer)| {
            let mut dice = rng::stream(0, sense);
            let bit = |_, _| f32::from(u8::from(dice.random_bool(0.13)));
            (sense.to_owned(), Matrix::from_fn(batch, circuit.layer(layer).size(), bit))
        });
        Ok(Episode::new(circuit, inputs.collect::<Vec<_>>())?)
    }

    fn report(&self, circuit: &Circuit, measured: &Speed, peak: f64) -> SpeedReport {
        let (batch, threads) = (circuit.learning().batch, rayon::current_num_threads());
        let steps = measured.settled.steps;
        let mut seconds = measured.seconds.clone();
        seconds.sort_by(f64::total_cmp);
        let rate = |seconds: f64| batch as f64 / seconds;
        let operations = measured.kernels.iter().map(|reading| reading.operations).sum::<u64>() as f64;
        let dense = measured.kernels[Kernel::Dense as usize];
        let per_thread =
            |operations: u64, seconds: f64| (operations > 0).then(|| operations as f64 / seconds.max(1e-12));
        SpeedReport {
            circuit: circuit.name().to_owned(),
            schedule: circuit.settling().schedule.name(),
            batch,
            steps,
            threads,
            learns: !self.settle_only,
            samples_per_second: rate(seconds[seconds.len() / 2]),
            spread: [rate(seconds[seconds.len() - 1]), rate(seconds[0])],
            kernels: kernels(measured, threads),
            peak_gflops: 2e-9 * peak * threads as f64,
            dense_share_of_peak: per_thread(dense.operations, dense.seconds).map(|rate| rate / peak),
            gflops: 2e-9 * operations / measured.metered,
            operations_per_update: operations / (batch * steps.max(1)) as f64,
            allocations_per_update: measured.allocations_per_update,
            allocations_per_settle: measured.allocations,
            peak_memory_bytes: super::memory::peak(),
            seconds: measured.seconds.clone(),
        }
    }
}

/// Every kind of kernel that took part, and what is left: messages, waiting, threads without work.
fn kernels(measured: &Speed, threads: usize) -> Vec<KernelShare> {
    let all = measured.metered * threads as f64;
    let share = |(kernel, reading): (Kernel, &crate::kernels::meter::MeterReading)| KernelShare {
        kernel: kernel.name(),
        share: reading.seconds / all,
        gflops_per_thread: (reading.operations > 0).then(|| 2e-9 * reading.operations as f64 / reading.seconds),
    };
    let ran = Kernel::ALL.into_iter().zip(&measured.kernels).filter(|(_, reading)| reading.seconds > 0.0);
    let mut shares: Vec<_> = ran.map(share).collect();
    let rest = 1.0 - shares.iter().map(|share| share.share).sum::<f64>();
    shares.push(KernelShare { kernel: "everything else, idle", share: rest.max(0.0), gflops_per_thread: None });
    shares
}

impl SpeedReport {
    fn print(&self) -> Result<(), Failure> {
        let what = if self.learns { "settle and learn" } else { "settle" };
        output::print(&table::wrap(&format!(
            "{}: {what}, {}, batch {}, {} updates, {} threads",
            self.circuit, self.schedule, self.batch, self.steps, self.threads
        )))?;
        let [slowest, fastest] = self.spread;
        output::print(&format!(
            "{:.0} samples/s (median of {}; {slowest:.0} to {fastest:.0})\n",
            self.samples_per_second,
            self.seconds.len()
        ))?;
        let row = |kernel: &KernelShare| {
            let rate = kernel.gflops_per_thread.map_or_else(|| "-".to_owned(), |rate| format!("{rate:.1}"));
            vec![kernel.kernel.to_owned(), table::percent(kernel.share), rate]
        };
        let header = ["time of all threads", ">share", ">GFLOP/s per thread"];
        output::print(&table::render(&header, self.kernels.iter().map(row).collect()))?;
        let dense = self.dense_share_of_peak.map_or_else(|| "-".to_owned(), table::percent);
        let allocations = self.allocations_per_update.map_or_else(|| "-".to_owned(), |count| format!("{count:.2}"));
        let of_settle = self.allocations_per_settle.map_or_else(|| "-".to_owned(), |count| table::count(count as u64));
        let memory = self.peak_memory_bytes.map_or_else(|| "-".to_owned(), table::bytes);
        let rows = [
            ("matrix-product peak of all threads", format!("{:.1} GFLOP/s", self.peak_gflops)),
            ("dense products, of that peak", dense),
            ("at synapses, learning included", format!("{:.1} GFLOP/s", self.gflops)),
            ("multiply-accumulates per sample and update", table::count(self.operations_per_update.round() as u64)),
            ("allocations of an update", allocations),
            ("allocations of a settle", of_settle),
            ("peak memory of the process", memory),
        ];
        let rows = rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect();
        output::print(&format!("\n{}", table::render(&["", ">"], rows)))
    }
}
