//! Settling: one episode under one schedule, and what is known afterwards.

use super::actors::lend::{Carriers, Loan};
use super::actors::pace::Pace;
use super::bearing::Bearing;
use super::closing::{self, Driven, Job};
use super::dealing;
use super::error::SettleError;
use super::faults::Fault;
use super::gate::{Gate, StopFlag};
use super::homes::Homes;
use super::lane::{LaneState, each_lane};
use super::ledger::Ledger;
use super::lockstep;
use super::log::{DeliveryLog, Firing};
use super::observer::{Observer, Watchers};
use super::onset::{self, NoiseKey};
use super::options::{Measure, SettleOptions};
use super::orders::listed::ListedOrder;
use super::orders::lockstep::LockstepOrder;
use super::orders::replay::ReplayOrder;
use super::orders::virtual_time::VirtualOrder;
use super::outcome::Settled;
use super::past::{Past, Recalled};
use super::plan::Plan;
use super::readout;
use super::rounds::{Rounds, StepMeasure};
use super::timeline::{Timeline, TimelineEnd};
use super::trace::{Recorder, Reference};
use super::turn::{Order, Turn};
use crate::activities::Activities;
use crate::circuit::wiring::{PopulationId, PopulationSpec};
use crate::circuit::{Schedule, Settling, Stopping, VirtualTime};
use crate::episode::Episode;
use crate::kernels::product::SHARD_ROWS;
use crate::matrix::Matrix;
use crate::network::Network;
use crate::params::{Arrivals, Start, When};
use crate::ranks::Ranks;
use std::sync::Arc;
use std::time::Instant;

/// Why a replay has one frame.
const ONE_FRAME: &str = "a delivery log holds one episode, and this is a frame that is not the first of several";

/// Settles episodes, keeping storage and threads between them.
#[derive(Debug, Default)]
pub struct Settler {
    activities: Activities,
    carriers: Carriers,
    gate: Gate,
    reference: Option<Reference>,
    /// By layer: states `[rows, J]` at the end of the last episode, or where somebody else has said that it ended.
    last: Option<Vec<Matrix>>,
    past: Past,
    /// Whether somebody has said what was before the next episode.
    is_told: bool,
    ranks: Ranks,
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

    /// The same settler as one of several ranks, each of which settles some of the samples or, under `Bounded` and `Free`,
    /// lets some of the populations fire; all of them have what everything comes to. They settle the same episodes in the
    /// same order. Whoever watches hears of this rank's part only.
    #[must_use]
    pub fn over(self, ranks: Ranks) -> Self {
        Self { ranks, ..self }
    }

    /// A settler without storage yet, of the same ranks.
    #[must_use]
    pub fn another(&self) -> Self {
        Self::new().over(self.ranks.clone())
    }

    /// The flag that ends an episode of this settler from outside.
    #[must_use]
    pub fn stop_flag(&self) -> StopFlag {
        self.gate.stop.clone()
    }

    /// Lets somebody watch every firing of all episodes from now on, instead of who watched before.
    pub fn watch(&mut self, observer: Arc<dyn Observer>) {
        self.gate.watchers = Watchers::of(observer);
    }

    /// Lets nobody watch from now on.
    pub fn watch_no_more(&mut self) {
        self.gate.watchers = Watchers::default();
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

    /// Lets the next episode that starts where the last one ended start at `states`, by layer, each `[rows, J]`.
    pub fn start_at(&mut self, states: Vec<Matrix>) {
        self.last = Some(states);
    }

    /// Lets projections with a delay look back, in the next episode, at what was read out before it, the newest first.
    pub fn look_back_at(&mut self, past: impl IntoIterator<Item = Recalled>) {
        self.past = Past { frames: past.into_iter().collect() };
        self.is_told = true;
    }

    /// What the next frame can look back at, the newest first, as far as the circuit does.
    pub fn past(&self) -> impl DoubleEndedIterator<Item = &Recalled> + ExactSizeIterator {
        self.past.frames.iter()
    }

    /// Where the last episode ended, by layer, each `[rows, J]`; absent where the next one won't start there.
    #[must_use]
    pub fn last(&self) -> Option<&[Matrix]> {
        self.last.as_deref()
    }

    /// The activities of the last episode.
    #[must_use]
    pub fn activities(&self) -> &Activities {
        &self.activities
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
        let log = match &settling.schedule {
            Schedule::Replay(path) => Some(DeliveryLog::load(path)?),
            _ => None,
        };
        let mut settling = settling.clone();
        if let (Some(log), Schedule::Replay(path)) = (&log, &settling.schedule) {
            let clamped = Plan::new(network.wiring(), episode).clamped;
            let failed = |problem| SettleError::Log { path: path.clone(), problem };
            log.check(network.wiring(), &clamped).map_err(failed)?;
            (settling.messages, settling.stopping) = (log.messages, Stopping::Steps(log.steps));
        }
        let key = log.as_ref().and_then(|log| log.noise.clone());
        self.run(network, episode, (&settling, key), options, |this, network, states, ledger, job| match &log {
            Some(log) => this.replay(network, states, ledger, job, log),
            None => this.follow(network, states, ledger, job),
        })
    }

    /// Settles one episode in an order of firings of one's own: each population that `order` names fires on all that was
    /// sent before, until the order ends or, where that is what `settling` asks for, all is quiet. The schedule of
    /// `settling` counts for nothing, and `steps` neither.
    ///
    /// # Errors
    /// As [`Settler::settle`], and [`SettleError::Order`] where a population can't fire in this episode.
    pub fn settle_along(
        &mut self,
        network: &mut Network,
        episode: &Episode,
        settling: &Settling,
        options: SettleOptions,
        order: impl Iterator<Item = PopulationId>,
    ) -> Result<Settled, SettleError> {
        let settling = Settling { schedule: Schedule::Sweep { order: Vec::new() }, ..settling.clone() };
        self.run(network, episode, (&settling, None), options, |this, network, states, ledger, job| {
            let mut listed = ListedOrder::new(job.wiring, job.plan, order, job.whole());
            let steps = StepMeasure::AtRounds(Rounds::of_updates(job.plan));
            this.run_order(network, states, (ledger, &mut listed, steps), job, false)
        })
    }

    /// What all episodes have in common: `drive` does what is between rest and the account.
    fn run(
        &mut self,
        network: &mut Network,
        episode: &Episode,
        (settling, key): (&Settling, Option<NoiseKey>),
        options: SettleOptions,
        drive: impl FnOnce(&mut Self, &mut Network, &mut [LaneState], &mut Ledger, &Job<'_>) -> Result<Driven, SettleError>,
    ) -> Result<Settled, SettleError> {
        let wiring = Arc::clone(network.wiring());
        let plan = Plan::new(&wiring, episode);
        let learn = options.learn && network.circuit().learning().when == When::EveryStep;
        let options = SettleOptions { learn, ..options };
        let job = Job { wiring: &wiring, plan: &plan, settling, options };
        dealing::check(&self.ranks, &job)?;
        let dealt = dealing::is_dealt(&self.ranks, &job);
        let shards = shards_per_lane(&job, episode.rows(), dealt);
        // Where nobody runs ahead, messages come one by one, and nobody has to remember which told what.
        let arrivals = match settling.schedule {
            Schedule::Synchronous | Schedule::Bounded { staleness: 0 } => Arrivals::InOrder,
            _ => Arrivals::AnyOrder,
        };
        let is_next = options.presentation.frame > 0;
        if is_next && matches!(settling.schedule, Schedule::Replay(_)) {
            let problem = format!("{ONE_FRAME}; replay each frame by itself");
            return Err(SettleError::Onset { problem });
        }
        if !is_next && !std::mem::take(&mut self.is_told) {
            self.past.forget();
        }
        let key = key.or_else(|| NoiseKey::of(network.circuit(), settling, options.presentation));
        let start = if is_next { Start::Last } else { settling.start };
        let onset = onset::Onsets { settling, start, key: key.as_ref(), last: self.last.take(), past: &self.past };
        self.bears_loss(settling)?;
        onset.check(network.circuit(), episode)?;
        network.rest(&mut self.activities, episode, (settling.messages, arrivals), shards);
        onset.begin(network, episode, &mut self.activities);
        let mut states: Vec<_> =
            self.activities.lanes().iter().map(|_| LaneState::new(&wiring, self.gate.clone())).collect();
        if options.trace {
            self.trace(&mut states, wiring.populations.len());
        }
        if dealt {
            dealing::deal(&self.ranks, &mut states);
        }
        let mut ledger = Ledger::new(&wiring, &plan, job.whole());
        let mut run = drive(self, network, &mut states, &mut ledger, &job);
        if dealt {
            run = dealing::meet(&self.ranks, (network, &mut self.activities), &mut states, &plan, run);
        }
        let run = run?;
        let activities = &self.activities;
        if settling.start == Start::Last || settling.framed {
            self.last = Some(activities.states(&wiring));
        }
        self.past.keep(network, activities);
        Ok(closing::settled(&job, (network.circuit().name(), activities, key.as_ref()), states, ledger, run))
    }

    /// Refuses losses where every message counts.
    fn bears_loss(&self, settling: &Settling) -> Result<(), SettleError> {
        let planted = settling.messages.needs_every_message() && self.gate.loses_any();
        let planted = planted.then(|| "Ternary(...) needs every message, and a test loses some".to_owned());
        match settling.unbearable_loss().or(planted) {
            Some(problem) => Err(SettleError::Onset { problem }),
            None => Ok(()),
        }
    }

    /// Gives every lane a recorder.
    fn trace(&self, states: &mut [LaneState], populations: usize) {
        let start = Instant::now();
        let mut reference = self.reference.clone();
        if let Some(reference) = &mut reference {
            Arc::make_mut(reference).resize(populations, None);
        }
        for (state, lane) in states.iter_mut().zip(self.activities.lanes()) {
            state.recorder = Some(Recorder::new(start, lane.rows.clone(), reference.clone()));
        }
    }

    /// Follows the schedule of the circuit.
    fn follow(
        &mut self,
        network: &mut Network,
        states: &mut [LaneState],
        ledger: &mut Ledger,
        job: &Job<'_>,
    ) -> Result<Driven, SettleError> {
        let Job { wiring, plan, .. } = *job;
        match &job.settling.schedule {
            Schedule::Synchronous => self.lockstep(network, states, ledger, job),
            Schedule::Bounded { staleness } => {
                self.actors(network, states, ledger, job, Pace::Bounded { staleness: *staleness })
            }
            Schedule::Free { fire } => self.actors(network, states, ledger, job, Pace::Free { fire: *fire }),
            Schedule::Sweep { order } => {
                complete(order, job)?;
                let listed = order.iter().copied().filter(|id| !plan.clamped[id.0]);
                let steps = StepMeasure::AtRounds(Rounds::of_all(plan, |p| order.contains(&PopulationId(p))));
                let turns = std::iter::repeat_n(listed, job.steps()).flatten();
                let mut listed = ListedOrder::new(wiring, plan, turns, job.whole());
                self.run_order(network, states, (ledger, &mut listed, steps), job, false)
            }
            Schedule::VirtualTime(time) => self.virtual_time(network, states, ledger, job, time),
            Schedule::Replay(_) => unreachable!("a replay has a log"),
        }
    }

    fn lockstep(
        &mut self,
        network: &mut Network,
        states: &mut [LaneState],
        ledger: &mut Ledger,
        job: &Job<'_>,
    ) -> Result<Driven, SettleError> {
        let Job { wiring, plan, settling, options } = *job;
        let (steps, quiet) = lockstep::settle(network, &mut self.activities, states, plan, settling.stopping, options)?;
        let mut order = LockstepOrder::new(wiring, plan, steps);
        let (mut turn, mut handed, mut firings) = (Turn::default(), Vec::new(), Vec::new());
        while order.next(&mut turn)? {
            handed.clear();
            ledger.fire(&turn, &mut handed);
            if options.record || options.trace {
                firings.push(Firing::of(&turn));
            }
        }
        Ok(Driven { course: TimelineEnd { steps, quiet, firings, waiting: order.waiting() }, actors: None })
    }

    fn virtual_time(
        &mut self,
        network: &mut Network,
        states: &mut [LaneState],
        ledger: &mut Ledger,
        job: &Job<'_>,
        time: &VirtualTime,
    ) -> Result<Driven, SettleError> {
        let presentation = job.options.presentation;
        let beta = |population: &PopulationSpec| network.circuit().layer(population.layer).beta().get();
        let known = (job.whole(), job.wiring.populations.iter().map(beta).collect());
        let mut order = VirtualOrder::new(job.wiring, job.plan, time, job.steps(), presentation, known);
        let rounds = Rounds::of_all(job.plan, |p| time.silences().all(|(silent, _)| silent.0 != p));
        self.run_order(network, states, (ledger, &mut order, StepMeasure::AtRounds(rounds)), job, false)
    }

    fn replay(
        &mut self,
        network: &mut Network,
        states: &mut [LaneState],
        ledger: &mut Ledger,
        job: &Job<'_>,
        log: &DeliveryLog,
    ) -> Result<Driven, SettleError> {
        let until = job.options.stop_at.unwrap_or(usize::MAX);
        let mut order = ReplayOrder::new(job.wiring, log, until);
        let is_silenced = |p: usize| log.silenced.contains(&job.wiring.populations[p].name);
        let fires = |p: usize| !is_silenced(p) && log.firings.iter().any(|firing| firing.population == p);
        let was = |schedule: Schedule| log.schedule == schedule.name();
        let steps = if was(Schedule::Free { fire: Default::default() }) {
            StepMeasure::ByPace { is_free: true }
        } else if was(Schedule::Bounded { staleness: 0 }) {
            StepMeasure::ByPace { is_free: false }
        } else {
            StepMeasure::AtRounds(Rounds::of_all(job.plan, fires))
        };
        self.run_order(network, states, (ledger, &mut order, steps), job, job.options.stop_at.is_some())
    }

    fn run_order(
        &mut self,
        network: &mut Network,
        states: &mut [LaneState],
        (ledger, order, steps): (&mut Ledger, &mut dyn Order, StepMeasure),
        job: &Job<'_>,
        cut: bool,
    ) -> Result<Driven, SettleError> {
        let (plan, stopping, options) = (job.plan, job.settling.stopping, job.options);
        let replays = matches!(job.settling.schedule, Schedule::Replay(_));
        let bearing = Bearing::of(network).filter(|_| !replays);
        if bearing.is_some() {
            ledger.keep_round_trips();
        }
        let timeline =
            Timeline { plan, order, ledger, stopping, options, whole: job.whole(), steps, turns: 0, cut, bearing };
        Ok(Driven { course: timeline.settle(network, &mut self.activities, states)?, actors: None })
    }

    fn actors(
        &mut self,
        network: &mut Network,
        states: &mut [LaneState],
        ledger: &mut Ledger,
        job: &Job<'_>,
        pace: Pace,
    ) -> Result<Driven, SettleError> {
        let Job { plan, settling, options, .. } = *job;
        let Self { activities, carriers, gate, ranks, .. } = self;
        each_lane(network, activities, states, |lane| {
            lane.begin(&plan.from_states);
            Ok(())
        })?;
        let homes = Homes::new(ranks, network.circuit(), (job.wiring, plan), &settling.place)?;
        let loan = Loan { network, activities, state: &mut states[0], ledger, plan, settling, options };
        let returned = loan.run(carriers, pace, gate, &homes)?;
        let (fired, measured) = (&*ledger, options.measure != Measure::Never);
        let firing = |id: PopulationId| fired.fired(id.0) + 1;
        readout::read_out(&homes, (network, activities), states, plan, (firing, measured))?;
        let least = |count: &dyn Fn(usize) -> u64| plan.free_states.iter().map(|id| count(id.0)).min().unwrap_or(0);
        let updates = least(&|p| fired.fired(p)) as usize;
        let is_quiet = matches!(settling.stopping, Stopping::Quiet { .. });
        let steps = match is_quiet && pace.is_free() {
            true => (least(&|p| returned.depths[p]) as usize).min(job.steps()),
            false => updates,
        };
        let quiet = is_quiet.then_some(returned.quiet);
        let (firings, waiting) = (returned.firings.clone(), returned.waiting.clone());
        Ok(Driven { course: TimelineEnd { steps, quiet, firings, waiting }, actors: Some(returned) })
    }
}

/// How many shards of samples a lane has. Actors hold the whole batch. Events read few synapses for each sample, so that
/// it pays to use those that are in the cache for as many samples as a thread has; whole messages read all of them for
/// every shard. Bits do not depend on it, but a trace sums energies lane by lane. What is dealt to ranks is dealt in
/// lanes, of which every rank has to have the same, whatever threads it has.
fn shards_per_lane(job: &Job<'_>, rows: usize, dealt: bool) -> usize {
    match job.settling.schedule {
        Schedule::Bounded { .. } | Schedule::Free { .. } => usize::MAX,
        _ if dealt => 1,
        _ if job.whole() || job.options.trace => 1,
        _ => rows.div_ceil(SHARD_ROWS).div_ceil(rayon::current_num_threads()).max(1),
    }
}

/// A sweep names everybody who moves: one that leaves out a state that nothing holds in place would settle nothing there.
fn complete(order: &[PopulationId], job: &Job<'_>) -> Result<(), SettleError> {
    let missing: Vec<_> = job.plan.free_states.iter().filter(|id| !order.contains(id)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = missing.iter().map(|id| format!("\"{}\"", job.wiring.population(**id).name)).collect();
    let problem = format!(
        "leaves out {}, which nothing holds in place in this episode: name it in the order, or give it an input",
        names.join(", ")
    );
    Err(SettleError::Order { problem })
}
