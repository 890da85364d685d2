//! From a checked circuit back to its text, every default written out: what a run stores must mean the same
//! after a default has changed.

use super::description::{Circuit, Layer, Projection};
use super::file::{
    ChangeFile, CircuitFile, ClockFile, DelayFile, LayerFile, LearningFile, LesionFile, Listing, ProjectionFile,
    ScheduleFile, SettlingFile, Shape, TimedChangeFile, UntilFile, VirtualTimeFile,
};
use super::ids::PopulationId;
use super::reader;
use super::schedule::{Change, Clock, Schedule, Settling, Stopping, VirtualTime};
use super::wiring::Wiring;
use ron::ser::PrettyConfig;

/// The text of a circuit file.
pub(super) fn write(file: &CircuitFile) -> String {
    // Depth 2 gives each layer, each projection and each option of settling a line of its own.
    let pretty = PrettyConfig::new().depth_limit(2).new_line("\n");
    let body = reader::options().to_string_pretty(file, pretty).expect("numbers and texts can be written");
    format!("#![enable(implicit_some)]\nCircuit{body}\n")
}

impl From<&Circuit> for CircuitFile {
    fn from(circuit: &Circuit) -> Self {
        let layer_name = |id| circuit.layer(id).name.clone();
        let projection = |p: &Projection| ProjectionFile {
            from: layer_name(p.from),
            to: layer_name(p.to),
            feedback: p.feedback,
            init: p.init,
            sign: p.sign,
            learning: p.learning,
            reach: p.reach,
            delay: p.delay,
        };
        let learning = circuit.learning;
        Self {
            name: circuit.name.clone(),
            about: circuit.about.clone(),
            layers: Listing(circuit.layers.iter().map(|layer| (layer.name.clone(), layer.into())).collect()),
            rows: Vec::new(),
            projections: circuit.projections.iter().map(projection).collect(),
            init: circuit.init,
            settling: SettlingFile::new(&circuit.settling, circuit),
            learning: LearningFile {
                optimizer: learning.optimizer,
                norm: learning.norm,
                decay: learning.decay,
                rate_over_time: learning.rate_over_time,
                when: learning.when,
                batch: learning.batch,
                epochs: learning.epochs,
            },
        }
    }
}

impl From<&Layer> for LayerFile {
    fn from(layer: &Layer) -> Self {
        Self {
            size: Some(layer.size),
            sense: layer.sense.clone(),
            read: layer.read,
            shape: layer.shape.map(Shape),
            activation: layer.activation,
            mean: layer.mean,
            target: layer.target,
            likelihood: layer.likelihood,
            derivative: layer.derivative,
            beta: Some(layer.beta.get()),
            step: layer.step,
            momentum: layer.momentum.get(),
            leak: layer.leak.get(),
            prior: layer.prior,
            lateral: layer.lateral,
            precision: layer.precision,
            noise: layer.noise,
            bias: layer.bias,
            learning: layer.learning,
        }
    }
}

impl From<Clock> for ClockFile {
    fn from(clock: Clock) -> Self {
        Self { period: clock.period, phase: clock.phase, jitter: clock.jitter }
    }
}

impl SettlingFile {
    /// How `settling` is written in the file of `circuit`, with the names of its populations.
    #[must_use]
    pub fn new(settling: &Settling, circuit: &Circuit) -> Self {
        written(settling, &Wiring::new(circuit))
    }
}

fn written(settling: &Settling, wiring: &Wiring) -> SettlingFile {
    let (steps, until) = match settling.stopping {
        Stopping::Steps(steps) => (Some(steps), None),
        Stopping::Quiet { tolerance, max_steps } => (None, Some(UntilFile::Quiet { tolerance, max_steps })),
    };
    let (per_frame, steps) = if settling.framed { (steps, None) } else { (None, steps) };
    let schedule = schedule(&settling.schedule, wiring);
    let Settling { executor, messages, start, .. } = *settling;
    let name = |(id, rank): &(PopulationId, usize)| (wiring.population(*id).name.clone(), *rank);
    let place = Listing(settling.place.iter().map(name).collect());
    SettlingFile { steps, per_frame, until, schedule, executor, place, messages, start }
}

fn schedule(schedule: &Schedule, wiring: &Wiring) -> ScheduleFile {
    let name = |id: &PopulationId| wiring.population(*id).name.clone();
    match schedule {
        Schedule::Synchronous => ScheduleFile::Synchronous,
        Schedule::Bounded { staleness } => ScheduleFile::Bounded { staleness: *staleness },
        Schedule::Free { fire } => ScheduleFile::Free { fire: *fire },
        Schedule::Sweep { order } => ScheduleFile::Sweep { order: order.iter().map(name).collect() },
        Schedule::VirtualTime(time) => ScheduleFile::VirtualTime(virtual_time(time, name)),
        // A path that isn't UTF-8 can't come from a circuit file, so nothing that was parsed is lost here.
        Schedule::Replay(log) => ScheduleFile::Replay(log.to_string_lossy().into_owned()),
    }
}

fn change(change: &Change, name: impl Fn(&PopulationId) -> String) -> ChangeFile {
    match change {
        Change::Beta(layer, beta) => ChangeFile::Beta(name(layer), *beta),
        Change::Clock(id, clock) => ChangeFile::Clock(name(id), (*clock).into()),
        Change::Silence(id) => ChangeFile::Silence(name(id)),
        Change::Delay(from, to, delay) => ChangeFile::Delay(name(from), name(to), *delay),
        Change::Drop(from, to, share) => ChangeFile::Drop(name(from), name(to), *share),
    }
}

fn virtual_time(time: &VirtualTime, name: impl Fn(&PopulationId) -> String) -> VirtualTimeFile {
    let delay = |(from, to, delay): &_| DelayFile { from: name(from), to: name(to), delay: *delay };
    let lesion = |(population, at): &_| LesionFile { population: name(population), at: *at };
    VirtualTimeFile {
        until: time.until,
        clocks: Listing(time.clocks.iter().map(|(id, clock)| (name(id), (*clock).into())).collect()),
        clock: time.clock.map(Into::into),
        delays: time.delays.iter().map(delay).collect(),
        delay: time.delay,
        drop: time.drop,
        lesions: time.lesions.iter().map(lesion).collect(),
        changes: time
            .changes
            .iter()
            .map(|(at, what)| TimedChangeFile { at: *at, change: change(what, &name) })
            .collect(),
        scale: time.scale,
        seed: time.seed,
        noise: time.noise,
        fire: time.fire,
        patience: time.patience,
    }
}
