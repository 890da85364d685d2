//! Settling: one episode under one schedule, and what is known afterwards.

use super::actor::Pace;
use super::coordinator::{self, Pools};
use super::error::SettleError;
use super::gate::{Fault, Gate, StopFlag};
use super::lane::{Notes, each_lane};
use super::lockstep::{self, Plan};
use super::log::{DeliveryLog, Firing, VERSION};
use super::trace::{self, Recorder, Reference, Trace};
use super::traffic::{LinkTraffic, PopulationWork, Traffic};
use super::{sweep, timeline, virtual_time};
use crate::activities::Activities;
use crate::circuit::wiring::{PopulationId, Wiring};
use crate::circuit::{Schedule, Settling, Stopping};
use crate::episode::Episode;
use crate::kernels::product::SHARD_ROWS;
use crate::matrix::Matrix;
use crate::network::Network;
use crate::params::When;
use std::sync::Arc;
use std::time::Instant;

/// Settles episodes, keeping storage and threads between them.
#[derive(Debug, Default)]
pub struct Settler {
    activities: Activities,
    pools: Pools,
    gate: Gate,
    reference: Option<Reference>,
}

/// What to do beside settling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SettleOptions {
    /// When free energy is measured.
    pub measure: Measure,
    /// Whether a circuit that learns at every firing does; learning at the readout is [`Network::learn`].
    pub learn: bool,
    /// Whether a delivery log is written down.
    pub record: bool,
    /// Whether every firing is traced.
    pub trace: bool,
    /// For [`Schedule::Replay`]: stop after so many firings of the log, before the readout.
    pub stop_at: Option<usize>,
}

/// When free energy is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Measure {
    /// Never.
    #[default]
    Never,
    /// At the readout.
    Readout,
    /// At every step (where the schedule has steps), and at the readout.
    EveryStep,
}

/// Free energies of error populations, summed over the batch.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Energies {
    /// The error populations, in the order of the wiring.
    pub populations: Vec<PopulationId>,
    /// One row for each measurement, the last at the readout; columns as `populations`.
    pub sums: Vec<Vec<f64>>,
}

/// What settling one episode came to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Settled {
    /// Updates of every free state population (the least of them, under virtual time). Under `Free` that ends at
    /// quiet: synchronous steps that every free state population has behind it at the least, which its updates may
    /// exceed, since an update counts only where all has been heard anew.
    pub steps: usize,
    /// Whether the circuit came to rest, where the episode was to end at quiet.
    pub quiet: Option<bool>,
    /// As asked for.
    pub energies: Energies,
    /// The largest change of a component of a free state in its last firing.
    pub movement: f32,
    /// What went over each link, in the order of the wiring.
    pub traffic: Vec<LinkTraffic>,
    /// Multiply-accumulates that firings took beside those that messages caused: precision, and pathways of type 1,
    /// all samples together, readout included.
    pub operations: u64,
    /// What populations did, where they ran as actors.
    pub work: Vec<PopulationWork>,
    /// The delivery log, where one was asked for.
    pub log: Option<DeliveryLog>,
    /// Every firing, where that was asked for.
    pub trace: Option<Trace>,
}

/// One episode being settled.
struct Job<'a> {
    plan: &'a Plan,
    settling: &'a Settling,
    options: SettleOptions,
}

/// What an executor leaves behind, beside activities and notes.
#[derive(Default)]
struct Left {
    steps: usize,
    firings: Vec<Firing>,
    work: Vec<PopulationWork>,
    quiet: Option<bool>,
    ticks: Vec<u64>,
    trace: Option<Trace>,
}

impl Settler {
    /// A settler without storage yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A settler that the flag of another one stops, too.
    #[must_use]
    pub fn stopped_by(stop: StopFlag) -> Self {
        Self { gate: Gate { stop, ..Gate::default() }, ..Self::default() }
    }

    /// The flag that ends an episode of this settler from outside.
    #[must_use]
    pub fn stop_flag(&self) -> StopFlag {
        self.gate.stop.clone()
    }

    /// Plants faults in all episodes from now on, instead of those before: for tests of what happens when something
    /// goes wrong.
    pub fn plant(&mut self, faults: Vec<Fault>) {
        self.gate.faults = Arc::new(faults);
    }

    /// Lets traces of episodes from now on tell the distance to `states`, by layer, each `[rows, J]`.
    pub fn compare_with(&mut self, states: Vec<Matrix>) {
        self.reference = Some(Arc::new(states.into_iter().map(Some).collect()));
    }

    /// Settles one episode, up to and including the readout.
    ///
    /// # Errors
    /// [`SettleError`]; the network is whole afterwards. Its synapses are what they were, but where they learn at every
    /// firing.
    pub fn settle(
        &mut self,
        network: &mut Network,
        episode: &Episode,
        settling: &Settling,
        options: SettleOptions,
    ) -> Result<Settled, SettleError> {
        let wiring = Arc::clone(network.wiring());
        let plan = Plan::new(&wiring, episode);
        let learn = options.learn && network.circuit().learning().when == When::EveryStep;
        let options = SettleOptions { learn, ..options };
        let mut settling = settling.clone();
        let replay = match &settling.schedule {
            Schedule::Replay(path) => {
                let log = DeliveryLog::load(path)?;
                let failed = |problem| SettleError::Log { path: path.clone(), problem };
                log.check(&wiring, &plan.clamped).map_err(failed)?;
                settling.messages = log.messages;
                settling.stopping = Stopping::Steps(log.steps);
                Some(log)
            }
            _ => None,
        };
        let is_actors = matches!(settling.schedule, Schedule::Bounded { .. } | Schedule::Free);
        let shards = if is_actors { usize::MAX } else { 1 };
        network.rest(&mut self.activities, episode, settling.messages, shards);
        let mut notes: Vec<_> =
            self.activities.lanes().iter().map(|_| Notes::new(&wiring, self.gate.clone())).collect();
        if options.trace {
            self.trace(&mut notes, wiring.populations.len());
        }
        let job = Job { plan: &plan, settling: &settling, options };
        let left = match replay {
            Some(log) => self.replay(network, &mut notes, &job, log)?,
            None => self.run(network, &mut notes, &job)?,
        };
        Ok(self.sum_up(&wiring, &job, notes, left))
    }

    /// The activities of the last episode.
    #[must_use]
    pub fn activities(&self) -> &Activities {
        &self.activities
    }

    /// Gives every lane a recorder.
    fn trace(&self, notes: &mut [Notes], populations: usize) {
        let start = Instant::now();
        let mut reference = self.reference.clone();
        if let Some(reference) = &mut reference {
            Arc::make_mut(reference).resize(populations, None);
        }
        for (notes, lane) in notes.iter_mut().zip(self.activities.lanes()) {
            notes.recorder = Some(Recorder::new(start, lane.rows.clone(), reference.clone()));
        }
    }

    fn run(&mut self, network: &mut Network, notes: &mut [Notes], job: &Job<'_>) -> Result<Left, SettleError> {
        let wiring = Arc::clone(network.wiring());
        let Job { plan, settling, options } = *job;
        let (stopping, messages) = (settling.stopping, settling.messages);
        let (steps, stop) = (stopping.max_steps(), &self.gate.stop);
        let mut ticks = Vec::new();
        let firings = match &settling.schedule {
            Schedule::Synchronous => {
                let (steps, quiet) = lockstep::settle(network, &mut self.activities, notes, plan, stopping, options)?;
                let record = options.record.then(|| lockstep::firings(&wiring, plan, steps));
                return Ok(Left { steps, firings: record.unwrap_or_default(), quiet, ..Left::default() });
            }
            Schedule::Bounded { staleness } => {
                return self.run_actors(network, notes, job, Pace::Bounded { staleness: *staleness });
            }
            Schedule::Free | Schedule::Replay(_) => return self.run_actors(network, notes, job, Pace::Free),
            Schedule::Sweep { order } => sweep::firings(&wiring, plan, order, steps, messages, stop),
            Schedule::VirtualTime(time) => {
                let mut lost = vec![Traffic::default(); wiring.links.len()];
                let firings;
                (firings, ticks) = virtual_time::firings(&wiring, plan, time, steps, messages, &mut lost, stop);
                for (traffic, lost) in notes.iter_mut().take(1).flat_map(|n| &mut n.traffic).zip(lost) {
                    traffic.dropped = lost.dropped;
                }
                firings
            }
        };
        let round = matches!(settling.schedule, Schedule::Sweep { .. }).then(|| firings.len() / steps.max(1));
        let left = self.run_timeline(network, notes, job, firings, stopping, round)?;
        Ok(Left { ticks, ..left })
    }

    fn replay(
        &mut self,
        network: &mut Network,
        notes: &mut [Notes],
        job: &Job<'_>,
        log: DeliveryLog,
    ) -> Result<Left, SettleError> {
        let mut firings = log.firings;
        firings.truncate(job.options.stop_at.unwrap_or(usize::MAX));
        self.run_timeline(network, notes, job, firings, Stopping::Steps(log.steps), None)
    }

    fn run_timeline(
        &mut self,
        network: &mut Network,
        notes: &mut [Notes],
        job: &Job<'_>,
        mut firings: Vec<Firing>,
        stopping: Stopping,
        round: Option<usize>,
    ) -> Result<Left, SettleError> {
        let run = timeline::Run { plan: job.plan, firings: &firings, stopping, options: job.options, round };
        let (done, quiet) = timeline::settle(network, &mut self.activities, notes, &run)?;
        firings.truncate(done);
        let steps = timeline::steps(&firings, network.wiring(), job.plan);
        Ok(Left { steps, firings, quiet, ..Left::default() })
    }

    fn run_actors(
        &mut self,
        network: &mut Network,
        notes: &mut [Notes],
        job: &Job<'_>,
        pace: Pace,
    ) -> Result<Left, SettleError> {
        let Job { plan, settling, options } = *job;
        each_lane(network, &mut self.activities, notes, |crew| {
            lockstep::begin(crew, plan);
            Ok(())
        })?;
        let Self { activities, pools, gate, .. } = self;
        let ran = coordinator::settle(pools, network, activities, &mut notes[0], plan, settling, pace, options, gate)?;
        let measure = options.measure;
        each_lane(network, activities, notes, |crew| {
            lockstep::readout(crew, plan, |id| ran.counts[id.0] + 1, measure)
        })?;
        let most = settling.stopping.max_steps();
        let least = |counts: &[u64]| plan.free_states.iter().map(|id| counts[id.0]).min().unwrap_or(0) as usize;
        let (steps, quiet) = match (pace, settling.stopping) {
            (Pace::Free, Stopping::Quiet { .. }) => (least(&ran.depths).min(most), Some(ran.quiet)),
            (Pace::Bounded { .. }, Stopping::Quiet { .. }) => (least(&ran.counts), Some(ran.quiet)),
            (_, Stopping::Steps(_)) => (least(&ran.counts), None),
        };
        let trace = options.trace.then_some(ran.trace);
        Ok(Left { steps, firings: ran.firings, work: ran.work, quiet, trace, ..Left::default() })
    }

    fn sum_up(&self, wiring: &Wiring, job: &Job<'_>, mut notes: Vec<Notes>, left: Left) -> Settled {
        let Job { plan, settling, options } = *job;
        let name = |id: PopulationId| wiring.population(id).name.clone();
        let trace = options.trace.then(|| joined(&mut notes, left.trace, &left.ticks));
        let log = options.record.then(|| DeliveryLog {
            version: VERSION,
            circuit: String::new(),
            schedule: settling.schedule.name().to_owned(),
            populations: wiring.populations.iter().map(|p| p.name.clone()).collect(),
            clamped: wiring.populations().filter(|(id, _)| plan.clamped[id.0]).map(|(id, _)| name(id)).collect(),
            messages: settling.messages,
            steps: left.steps,
            firings: left.firings,
        });
        let movement = |n: &Notes| plan.free_states.iter().map(|id| n.movement[id.0]).fold(0.0, f32::max);
        Settled {
            steps: left.steps,
            quiet: left.quiet,
            energies: self.energies(plan, &notes),
            movement: notes.iter().map(movement).fold(0.0, f32::max),
            traffic: traffic(wiring, &notes),
            operations: notes.iter().map(|n| n.operations).sum(),
            work: left.work,
            log,
            trace,
        }
    }

    /// Sums what lanes measured, shard by shard in the order of the samples.
    fn energies(&self, plan: &Plan, notes: &[Notes]) -> Energies {
        let populations = plan.errors.len();
        let shards: Vec<_> = self.activities.lanes().iter().map(|lane| lane.rows.len().div_ceil(SHARD_ROWS)).collect();
        let records = notes.first().map_or(0, |n| n.energies.len() / (populations * shards[0]).max(1));
        let sum = |record: usize, population: usize| -> f64 {
            let place = record * populations + population;
            let lanes = notes.iter().zip(&shards);
            lanes.flat_map(|(n, shards)| &n.energies[place * shards..(place + 1) * shards]).sum()
        };
        let sums = (0..records).map(|r| (0..populations).map(|p| sum(r, p)).collect()).collect();
        Energies { populations: plan.errors.clone(), sums }
    }
}

/// What lanes recorded, behind what actors did, with the ticks of virtual time.
fn joined(notes: &mut [Notes], actors: Option<Trace>, ticks: &[u64]) -> Trace {
    let lanes = notes.iter_mut().filter_map(|n| n.recorder.take()).map(Recorder::into_trace);
    let lanes = trace::of_lanes(lanes);
    let mut all = actors.unwrap_or_default();
    all.firings.extend(lanes.firings);
    for (firing, tick) in all.firings.iter_mut().zip(ticks) {
        firing.tick = Some(*tick);
    }
    all
}

/// What went over each link: messages as one lane counted them, what they carried over all lanes.
fn traffic(wiring: &Wiring, notes: &[Notes]) -> Vec<LinkTraffic> {
    let of_link = |(i, link): (usize, &crate::circuit::wiring::Link)| {
        let mut sum = notes.first().map(|n| n.traffic[i].clone()).unwrap_or_default();
        notes.iter().skip(1).for_each(|n| sum.add_lane(&n.traffic[i]));
        let Traffic { sent, used, overwritten, dropped, bytes, operations, staleness } = sum;
        let (from, to) = (wiring.population(link.from).name.clone(), wiring.population(link.to).name.clone());
        LinkTraffic { from, to, sent, used, overwritten, dropped, bytes, operations, staleness }
    };
    wiring.links.iter().enumerate().map(of_link).collect()
}
