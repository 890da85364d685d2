//! `gncn settle`: one episode on arrays of the user's own, and what it settled to.

mod from;
mod kept;
mod parted;
mod probing;
mod report;
mod rest;
mod show;
mod shown;
mod spread;
mod targets;

use super::failure::Failure;
use super::memory::{self, Use};
use super::ranks::agreed;
use super::settling::SettlingArguments;
use super::trained::network_of;
use super::{interrupt, output, values};
use crate::checkpoint::{Run, parts, weights};
use crate::circuit::wiring::PopulationId;
use crate::circuit::{Circuit, Schedule};
use crate::data::SenseFile;
use crate::data::atomic::Pending;
use crate::data::npz::NpzOut;
use crate::episode::Episode;
use crate::evaluation::ProbeRecorder;
use crate::executor::{
    LinkAccount, Measure, NeverHeard, PopulationAccount, Presentation, SettleOptions, Settled, Settler,
};
use crate::network::Network;
use crate::params::{Start, When};
use crate::ranks::Ranks;
use crate::view::{timeline, trace_table};
use clap::Args;
use kept::{EnergyCurves, Kept};
use parted::CircuitPart;
use probing::ProbeArguments;
use serde::Serialize;
use show::ShownPopulation;
use std::fs::File;
use std::path::PathBuf;
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
one at the readout; a step is over once every population that fires has made as
many firings, under Free once every free state has made as many updates).

Where the circuit says `per_frame`, an input is [frames, samples, ...], a mask
that or [samples, ...]; each frame goes on where the one before ended, and
arrays of --out have a leading axis of frames, energies [frames, steps]. With
projections of a delay, past.NAME is what a further frame looks back at: --from
goes on with it.

--learn keeps what Adam remembers with the weights (adam...), and goes on with it
where --weights has it.

--traffic tells what became of the messages of each link whose receiver can
fire (docs/account.md has the whole table):
  sent         posted by firings; what rest and readout send is not among them
  used         a firing took in something of them
  overwritten  newer ones superseded all of them before a firing could
  lost         on their way (dropped in the JSON)
  in flight    on their way or waiting when the episode ended; sent is the sum
  operations   multiply-accumulates they caused at synapses; those inside of
               firings (precision, pathways of type 1) stand by the population
  staleness    firings of the sender since what an inlet was last handed, as
               mean/largest over all firings of the receiver
  unheard      firings of the receiver since an inlet was last handed anything

--trace has one row for each firing, in an order in which senders come before
receivers, and these columns: firing (from 1), population, layer, number (the
population's own count from 1; in lock-step the step), movement (largest change
of a component; of states), free_energy (of the layer, summed over the samples;
of error populations), distance (largest difference of a component from the
fixed point; with --fixed-point), tick (under VirtualTime), begin_us and
duration_us (of the first lane where a batch is split), readout (whether the
firing belongs to the readout).

--stop-at, --out and --show together look at any population at any firing.

Started by mpirun or srun (a build with --features mpi), ranks share the work:
populations of Bounded and Free are spread over them, as --place says or by
cost; samples are dealt under other schedules (docs/mpi.md).

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
    #[command(flatten)]
    settling: SettlingArguments,
    /// Worker threads; where a schedule promises bits, they don't depend on it
    #[arg(long, value_name = "N", value_parser = values::thread_count)]
    threads: Option<usize>,
    /// Seed of synapses where no weights are given, and of noise
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Write states, means, errors and energies to this .npz file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Start where an earlier settle ended, whose --out this is
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// Learn from the settled states, once a frame, and write the new weights here
    #[arg(long, value_name = "FILE")]
    learn: Option<PathBuf>,
    /// Write the delivery log here: for every firing, which messages it used
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// With --schedule 'Replay("FILE")': stop after so many firings of the log
    #[arg(long, value_name = "FIRINGS", conflicts_with = "learn")]
    stop_at: Option<usize>,
    /// Write every firing here as a row of a Parquet table; its columns are below
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// Let --trace tell the distance to where Synchronous comes to rest, once no
    /// state moves by more than TOLERANCE [default: 1e-5]
    #[arg(long, value_name = "TOLERANCE", num_args = 0..=1, default_missing_value = "1e-5", requires = "trace")]
    #[arg(value_parser = rest::tolerance)]
    fixed_point: Option<f32>,
    /// Write who fired, waited and heard whom when, for ui.perfetto.dev (JSON)
    #[arg(long, value_name = "FILE")]
    timeline: Option<PathBuf>,
    #[command(flatten)]
    probing: ProbeArguments,
    /// Print what a population holds at the end, such as z1 or z1.error; can be
    /// repeated
    #[arg(long, value_name = "POPULATION")]
    show: Vec<String>,
    /// Print the account: what became of every message, ages, operations
    #[arg(long)]
    traffic: bool,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

pub(super) fn sense_file(text: &str) -> Result<SenseFile, String> {
    SenseFile::parse(text).ok_or_else(|| "SENSE=FILE is needed, such as image=digits.npy".to_owned())
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct SettleReport {
    circuit: String,
    samples: usize,
    /// Frames, where the circuit settles frame by frame.
    #[serde(skip_serializing_if = "Option::is_none")]
    frames: Option<usize>,
    /// Updates of every free state population; of a frame, where there are frames.
    steps: usize,
    /// The largest change of a component of a state in its last firing.
    movement: f32,
    /// Free energy of each predicted layer at each step, summed over samples, the last at the readout; frame by frame,
    /// where there are frames.
    energies: EnergyCurves,
    /// What went over each link.
    traffic: Vec<LinkAccount>,
    /// What populations did; seconds where they ran as actors.
    work: Vec<PopulationAccount>,
    /// Synaptic operations of all links and populations, all samples together.
    operations: u64,
    /// Populations that made updates without having heard a neighbour even once.
    never_heard: Vec<NeverHeard>,
    /// Whether the circuit came to rest, where it was to settle until quiet.
    #[serde(skip_serializing_if = "Option::is_none")]
    quiet: Option<bool>,
    /// The populations of --show.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    shown: Vec<ShownPopulation>,
    /// Files written.
    files: Vec<PathBuf>,
}

/// What is to be settled, and the files to be written.
struct SettleRequest {
    /// With the synapses of this rank's populations only, where there are several.
    network: Network,
    parts: Option<CircuitPart>,
    frames: Vec<Episode<'static>>,
    samples: usize,
    to_show: Vec<PopulationId>,
    out: Option<NpzOut>,
    trace: Option<(Pending, File)>,
    timeline: Option<(Pending, File)>,
}

/// Notes of one kind that are told one by one.
const MOST_NOTES: usize = 20;

impl SettleArguments {
    pub(super) fn run(&self, ranks: &Ranks) -> Result<(), Failure> {
        let mut request = agreed(ranks, self.request(ranks))?;
        self.refuse_differing(ranks, &request)?;
        let mut settler = Settler::new().over(ranks.clone());
        let settled = agreed(ranks, self.settle(ranks, &mut request, &mut settler))?;
        if let (Some(path), Some(_)) = (&self.learn, &request.parts) {
            agreed(ranks, parts::save_learning(path, ranks, &request.network).map_err(Failure::from))?;
        }
        // All ranks have the same, and one tells it.
        if ranks.leads() { self.write(request, &settler, settled) } else { Ok(()) }
    }

    /// What is to be settled, and the files to be written, which are started before the work, so that a folder that can't be
    /// written is known at once.
    fn request(&self, ranks: &Ranks) -> Result<SettleRequest, Failure> {
        values::use_threads(self.threads)?;
        self.refuse_of_ranks(ranks)?;
        let circuit = self.circuit()?;
        self.check_targets(&circuit)?;
        let (circuit, mut parts) = self.in_parts(ranks, circuit)?;
        let needed = |parts: &Option<CircuitPart>, samples| {
            parts.as_ref().map_or(Use::Settling(samples), |parts| parts.needed(samples))
        };
        // One sample at the least; how many there are is known once the weights are there to read them with.
        memory::refuse_too_large(&circuit, needed(&parts, 1))?;
        let circuit = Arc::new(circuit);
        let network = match &mut parts {
            Some(parts) => parts.network(&circuit, self.weights.as_deref(), (self.seed, self.learn.is_some()))?,
            None => self.network(&circuit)?,
        };
        let frames = self.frames(&circuit, &network)?;
        let samples = frames.first().map_or(0, Episode::rows);
        memory::refuse_too_large(&circuit, needed(&parts, samples))?;
        self.refuse_of_frames(&circuit, frames.len())?;
        let to_show = show::find(&self.show, network.wiring())?;
        let file = |path: &Option<PathBuf>| path.as_deref().filter(|_| ranks.leads()).map(Pending::create).transpose();
        let out = self.out.as_deref().filter(|_| ranks.leads()).map(NpzOut::create).transpose()?;
        let (trace, timeline) = (file(&self.trace)?, file(&self.timeline)?);
        self.announce();
        Ok(SettleRequest { network, parts, frames, samples, to_show, out, trace, timeline })
    }

    fn settle(
        &self,
        ranks: &Ranks,
        request: &mut SettleRequest,
        settler: &mut Settler,
    ) -> Result<(Kept, Option<Arc<ProbeRecorder>>), Failure> {
        let SettleRequest { network, frames, samples, .. } = request;
        let circuit = Arc::clone(network.circuit());
        let mut settling = circuit.settling().clone();
        let options = SettleOptions {
            measure: Measure::EveryStep,
            learn: self.learn.is_some(),
            record: self.record.is_some() || self.timeline.is_some(),
            trace: self.trace.is_some() || self.timeline.is_some(),
            stop_at: self.stop_at,
            ..SettleOptions::default()
        };
        interrupt::within_the_episode(settler.stop_flag())?;
        self.settling.place(ranks, network, &frames[0], &mut settling)?;
        let probes = self.probing.watch(settler, network, *samples)?;
        if let Some(tolerance) = self.fixed_point {
            let states = rest::fixed_point(network, &frames[0], settler.stop_flag(), tolerance)?;
            settler.compare_with(states);
        }
        if let Some(path) = &self.from {
            from::go_on(settler, &circuit, path, *samples)?;
            settling.start = Start::Last;
        }
        let mut kept = Kept::new(settling.framed, self.out.is_some());
        for (at, episode) in frames.iter().enumerate() {
            let options = SettleOptions { presentation: Presentation::of_run(self.seed).frame(at), ..options };
            let settled = settler.settle(network, episode, &settling, options)?;
            kept.keep(network, settler, settled);
            if self.learn.is_some() {
                learn(network, settler)?;
            }
        }
        Ok((kept, probes))
    }

    fn write(
        &self,
        request: SettleRequest,
        settler: &Settler,
        (kept, probes): (Kept, Option<Arc<ProbeRecorder>>),
    ) -> Result<(), Failure> {
        let SettleRequest { network, parts, samples, to_show, out, trace, timeline, .. } = request;
        let settled = kept.settled();
        if let (Some(path), Some(log)) = (&self.record, &settled.log) {
            // A log that can't be read is a wrong request; one that can't be written is a run that failed.
            log.save(path).map_err(|error| Failure::Run(error.to_string()))?;
        }
        if let Some(traced) = &settled.trace {
            let wiring = network.wiring();
            let written = trace.map_or(Ok(()), |file| trace_table::write(file, traced, wiring, network.circuit()));
            let log = settled.log.as_ref();
            let drawn = timeline.zip(log).map_or(Ok(()), |(file, log)| timeline::write(file, traced, log, wiring));
            written.and(drawn)?;
        }
        if let Some(probes) = probes {
            self.probing.write(&probes, network.wiring())?;
        }
        let shown = show::shown(&to_show, network.wiring(), settler);
        if let Some(out) = out {
            kept.write(out, &network, settler)?;
        }
        if let Some(path) = self.learn.as_ref().filter(|_| parts.is_none()) {
            weights::save_learning(path, &network)?;
        }
        self.report(&network, samples, &kept, shown)
    }

    /// The circuit of the file with the settling that was asked for.
    fn circuit(&self) -> Result<Circuit, Failure> {
        let circuit = self.settling.apply(Run::circuit_at(&self.circuit)?)?;
        if self.stop_at.is_some() && !matches!(circuit.settling().schedule, Schedule::Replay(_)) {
            let problem = "--stop-at counts firings of a delivery log; add --schedule 'Replay(\"FILE\")'";
            return Err(Failure::Request(problem.to_owned()));
        }
        Ok(circuit)
    }

    fn network(&self, circuit: &Arc<Circuit>) -> Result<Network, Failure> {
        match &self.weights {
            Some(path) => {
                let mut network = network_of(circuit, path)?;
                if self.learn.is_some() {
                    network.remember(weights::load_moments(path)?);
                }
                Ok(network)
            }
            None => {
                output::note(&format!("no --weights: synapses are drawn from seed {}", self.seed));
                Ok(Network::new(Arc::clone(circuit), self.seed))
            }
        }
    }

    fn report(
        &self,
        network: &Network,
        samples: usize,
        kept: &Kept,
        shown: Vec<ShownPopulation>,
    ) -> Result<(), Failure> {
        let settled = kept.settled();
        let Settled { steps, movement, quiet, .. } = *settled;
        if self.json {
            let files = self.targets().cloned().collect();
            let circuit = network.circuit().name().to_owned();
            let (traffic, work) = (settled.account.links.clone(), settled.account.populations.clone());
            let (operations, never_heard) = (settled.account.operations(), settled.account.never_heard());
            return output::print_json(&SettleReport {
                circuit,
                samples,
                frames: kept.count(),
                steps,
                movement,
                energies: kept.curves(),
                traffic,
                work,
                operations,
                never_heard,
                quiet,
                shown,
                files,
            });
        }
        output::print(&kept.energy_table(samples))?;
        if self.traffic {
            output::print(&format!("\n{}", report::traffic_table(&settled.account)))?;
        }
        if !shown.is_empty() {
            output::print(&format!("\n{}", show::render(&shown)))?;
        }
        let never = settled.account.never_heard();
        for NeverHeard { population, neighbour, updates } in never.iter().take(MOST_NOTES) {
            output::note(&format!("\"{population}\" made {updates} updates and never heard \"{neighbour}\""));
        }
        if let Some(more) = never.len().checked_sub(MOST_NOTES).filter(|more| *more > 0) {
            output::note(&format!("and {more} more like these; --json has all"));
        }
        let frames = kept.count().map_or(String::new(), |frames| format!("{frames} frames of "));
        output::print(&format!(
            "\n{samples} samples, {frames}{steps} updates; the last one moved no state by more than {movement:.2e}"
        ))
    }
}

/// One learning step at the readout. A circuit that learns at every step has done so while settling.
fn learn(network: &mut Network, settler: &Settler) -> Result<(), Failure> {
    if network.circuit().learning().when == When::Readout {
        network.learn(settler.activities())?;
    }
    Ok(())
}
