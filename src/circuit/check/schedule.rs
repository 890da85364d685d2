//! Schedules: names of populations become populations, and times are checked.

use super::limits::MOST_TICKS;
use super::report::{Legal, Mistakes};
use crate::circuit::error::{listed, shown};
use crate::circuit::file::{ClockFile, DelayFile, LesionFile, Listing, ScheduleFile, VirtualTimeFile};
use crate::circuit::wiring::{Kind, PopulationId, Wiring};
use crate::circuit::{Circuit, Clock, Delay, Schedule, VirtualTime};
use std::collections::{HashMap, HashSet};

/// Checks a schedule against the populations of `circuit`. `complete` says whether all of its projections are
/// known; `at` is the path of the schedule.
pub(super) fn schedule(
    file: &ScheduleFile,
    circuit: &Circuit,
    complete: bool,
    at: &str,
    report: &mut Mistakes<'_>,
) -> Schedule {
    let mut check = Check { populations: Populations::new(circuit, complete), at, report };
    match file {
        ScheduleFile::Synchronous => Schedule::Synchronous,
        ScheduleFile::Free { fire } => Schedule::Free { fire: *fire },
        ScheduleFile::Bounded { staleness } => {
            check.ticks("staleness", *staleness, 0);
            Schedule::Bounded { staleness: *staleness }
        }
        ScheduleFile::Sweep { order } => Schedule::Sweep { order: check.sweep(order) },
        ScheduleFile::VirtualTime(time) => Schedule::VirtualTime(Box::new(check.virtual_time(time))),
        ScheduleFile::Replay(log) => {
            if log.is_empty() {
                check.add("", "the name of the recorded run is empty; give the file that `--record` wrote");
            }
            Schedule::Replay(log.into())
        }
    }
}

/// Checks which rank each population is placed on; how many ranks there are is known when they start.
pub(super) fn place(
    file: &Listing<usize>,
    circuit: &Circuit,
    complete: bool,
    at: &str,
    report: &mut Mistakes<'_>,
) -> Vec<(PopulationId, usize)> {
    if file.is_empty() {
        return Vec::new();
    }
    let mut check = Check { populations: Populations::new(circuit, complete), at, report };
    let mut placed: Vec<(PopulationId, usize)> = Vec::new();
    for (name, rank) in &file.0 {
        let Some(id) = check.population(name, name) else { continue };
        if placed.iter().any(|(other, _)| *other == id) {
            check.add(name, "is placed twice; keep one of the two");
            continue;
        }
        check.report.count(&check.path(name), *rank as u64, 0, MOST_RANKS);
        placed.push((id, *rank));
    }
    placed
}

/// The largest number of a rank: MPI counts by 32-bit numbers.
const MOST_RANKS: u64 = i32::MAX as u64;

/// The populations of a circuit by name.
pub(super) struct Populations<'c> {
    pub(super) circuit: &'c Circuit,
    pub(super) wiring: Wiring,
    by_name: HashMap<String, PopulationId>,
    links: HashSet<(PopulationId, PopulationId)>,
    /// Whether a population or a link that isn't there is known to be none.
    complete: bool,
}

impl<'c> Populations<'c> {
    fn new(circuit: &'c Circuit, complete: bool) -> Self {
        let wiring = Wiring::new(circuit);
        let by_name = wiring.populations().map(|(id, population)| (population.name.clone(), id)).collect();
        let links = wiring.links.iter().map(|link| (link.from, link.to)).collect();
        Self { circuit, wiring, by_name, links, complete }
    }

    fn name(&self, id: PopulationId) -> &str {
        &self.wiring.population(id).name
    }

    /// State populations that no sense ever holds in place.
    fn never_held(&self) -> impl Iterator<Item = PopulationId> {
        let is_held = |layer| self.circuit.layer(layer).sense().is_some();
        let states = self.wiring.populations().filter(|(_, population)| population.kind == Kind::State);
        states.filter(move |(_, population)| !is_held(population.layer)).map(|(id, _)| id)
    }
}

/// One schedule under check.
pub(super) struct Check<'r, 'c, 'p> {
    pub(super) populations: Populations<'c>,
    at: &'r str,
    pub(super) report: &'r mut Mistakes<'p>,
}

impl Check<'_, '_, '_> {
    pub(super) fn add(&mut self, field: &str, text: impl AsRef<str>) {
        self.report.add(&self.path(field), text);
    }

    pub(super) fn path(&self, field: &str) -> String {
        if field.is_empty() { self.at.to_owned() } else { format!("{}.{field}", self.at) }
    }

    /// A number of ticks or firings.
    pub(super) fn ticks(&mut self, field: &str, value: u64, least: u64) {
        self.report.count(&self.path(field), value, least, MOST_TICKS);
    }

    /// The population of a name; what is no population is reported.
    pub(super) fn population(&mut self, field: &str, name: &str) -> Option<PopulationId> {
        let found = self.populations.by_name.get(name).copied();
        if found.is_none() {
            self.no_population(field, name);
        }
        found
    }

    fn no_population(&mut self, field: &str, name: &str) {
        let layer = name.strip_suffix(".error").filter(|layer| self.populations.circuit.find(layer).is_some());
        let state = name.strip_suffix(".state").filter(|layer| self.populations.circuit.find(layer).is_some());
        match (layer, state) {
            // The projection that predicts it may be the one with the misspelt name.
            (Some(_), _) if !self.populations.complete => (),
            (Some(layer), _) => {
                let text = format!("nothing predicts `{layer}`, so it has no error population; its state is `{layer}`");
                self.add(field, text);
            }
            (None, Some(layer)) => {
                let text = format!("the state population of layer `{layer}` is called `{layer}`");
                self.add(field, text);
            }
            (None, None) => {
                let path = self.path(field);
                let legal = self.populations.wiring.populations.iter().map(|population| population.name.as_str());
                self.report.unknown(&path, "population", name, legal);
            }
        }
    }

    fn sweep(&mut self, names: &[String]) -> Vec<PopulationId> {
        let mut order = Vec::new();
        for (i, name) in names.iter().enumerate() {
            let field = format!("order[{i}]");
            let Some(id) = self.population(&field, name) else { continue };
            order.push(id);
        }
        // Names that aren't known may well be the missing states.
        let missing = self.populations.never_held().filter(|id| !order.contains(id));
        let missing: Vec<_> = missing.map(|id| self.populations.name(id).to_owned()).collect();
        if names.len() == order.len() && !missing.is_empty() {
            let missing = listed(missing.iter().map(String::as_str));
            let text =
                format!("leaves out {missing}, which no sense holds in place and which would never settle; list it");
            self.add("order", text);
        }
        order
    }

    fn virtual_time(&mut self, file: &VirtualTimeFile) -> VirtualTime {
        if let Some(until) = file.until {
            self.ticks("until", until, 1);
        }
        if let Some(clock) = &file.clock {
            self.clock("clock", clock);
        }
        self.delay("delay", file.delay);
        self.ticks("patience", file.patience, 1);
        self.report.number(&self.path("drop"), file.drop, Legal::Share);
        VirtualTime {
            until: file.until,
            clocks: self.clocks(&file.clocks),
            clock: file.clock.map(|clock| self::clock(&clock)),
            delays: self.delays(&file.delays),
            delay: file.delay,
            drop: file.drop,
            lesions: self.lesions(&file.lesions),
            changes: self.changes(&file.changes),
            scale: file.scale,
            seed: file.seed,
            noise: file.noise,
            fire: file.fire,
            patience: file.patience,
        }
    }

    fn clocks(&mut self, file: &Listing<ClockFile>) -> Vec<(PopulationId, Clock)> {
        let mut given: HashMap<PopulationId, usize> = HashMap::new();
        let mut clocks = Vec::new();
        for (name, file) in &file.0 {
            let field = format!("clocks.{name}");
            self.clock(&field, file);
            let Some(id) = self.population(&field, name) else { continue };
            let times = given.entry(id).or_default();
            if *times > 0 {
                let path = self.path(&field);
                let first = self.report.line_of(&path, 0);
                self.report.add_nth(&path, *times, format!("the population has a clock already{first}; keep one"));
            }
            *times += 1;
            clocks.push((id, clock(file)));
        }
        clocks
    }

    pub(super) fn clock(&mut self, field: &str, file: &ClockFile) {
        self.ticks(&format!("{field}.period"), file.period, 1);
        self.ticks(&format!("{field}.phase"), file.phase.unwrap_or(0), 0);
        if file.period > 0 && file.jitter >= file.period {
            let (jitter, period) = (file.jitter, file.period);
            let text =
                format!("is {jitter}, but must be below the period of {period}, so that firings keep their order");
            self.add(&format!("{field}.jitter"), text);
        }
    }

    fn delays(&mut self, file: &[DelayFile]) -> Vec<(PopulationId, PopulationId, Delay)> {
        let mut first: HashMap<(PopulationId, PopulationId), usize> = HashMap::new();
        let mut delays = Vec::new();
        for (i, file) in file.iter().enumerate() {
            self.delay(&format!("delays[{i}].delay"), file.delay);
            let from = self.population(&format!("delays[{i}].from"), &file.from);
            let to = self.population(&format!("delays[{i}].to"), &file.to);
            let (Some(from), Some(to)) = (from, to) else { continue };
            self.link(&format!("delays[{i}]"), from, to);
            let twin = *first.entry((from, to)).or_insert(i);
            if twin != i {
                self.add(&format!("delays[{i}]"), format!("this link has a delay already, delays[{twin}]; keep one"));
            }
            delays.push((from, to, file.delay));
        }
        delays
    }

    /// Reports what is said of a link between populations that never talk.
    pub(super) fn link(&mut self, field: &str, from: PopulationId, to: PopulationId) {
        let populations = &self.populations;
        if !populations.complete || populations.links.contains(&(from, to)) {
            return;
        }
        let heard: Vec<_> = populations.wiring.leaving(from).map(|link| populations.name(link.to)).collect();
        let (from, to) = (populations.name(from), populations.name(to));
        let instead = if heard.is_empty() {
            format!("`{from}` sends to none")
        } else {
            format!("`{from}` sends to {}", listed(heard))
        };
        let text = format!("there is no link from `{from}` to `{to}`; {instead}");
        self.add(field, text);
    }

    pub(super) fn delay(&mut self, field: &str, delay: Delay) {
        match delay {
            Delay::Fixed(ticks) => self.ticks(field, ticks, 0),
            Delay::Uniform(lo, hi) if lo > hi => {
                self.add(field, format!("Uniform({lo}, {hi}) is empty; the first number must not be above the second"));
            }
            Delay::Uniform(_, hi) => self.ticks(field, hi, 0),
            Delay::Exponential(mean) => {
                if self.report.number(&self.path(field), mean, Legal::NotNegative) && mean > MOST_TICKS as f64 {
                    self.add(field, format!("is {mean}, but must be at most {MOST_TICKS}"));
                }
            }
        }
    }

    fn lesions(&mut self, file: &[LesionFile]) -> Vec<(PopulationId, u64)> {
        let mut lesioned = HashSet::new();
        let mut lesions = Vec::new();
        for (i, LesionFile { population, at }) in file.iter().enumerate() {
            self.ticks(&format!("lesions[{i}].at"), *at, 0);
            let Some(id) = self.population(&format!("lesions[{i}].population"), population) else { continue };
            if !lesioned.insert(id) {
                let text = format!("`{}` has a lesion already; keep the earliest", shown(population));
                self.add(&format!("lesions[{i}]"), text);
            }
            lesions.push((id, *at));
        }
        lesions
    }
}

pub(super) fn clock(file: &ClockFile) -> Clock {
    Clock { period: file.period, phase: file.phase, jitter: file.jitter }
}
