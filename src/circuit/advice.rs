//! What a sound circuit says that can't change anything, or that its author may not have meant: for `gncn check`.

use super::description::Circuit;
use super::ids::PopulationId;
use super::schedule::{Change, Clock, Delay, ExecutorKind, Schedule, TimeScale, VirtualTime};
use super::wiring::{Kind, Link, Wiring};
use crate::params::{Activation, LayerNoise, Likelihood, Precision, Start};

/// One sentence for each option of the settling that changes nothing as things stand.
#[must_use]
pub fn idle_options(circuit: &Circuit) -> Vec<String> {
    let settling = circuit.settling();
    let mut found = Vec::new();
    let runs_actors = matches!(settling.schedule, Schedule::Bounded { .. } | Schedule::Free { .. });
    if settling.executor == ExecutorKind::Tasks && !runs_actors {
        let name = settling.schedule.name();
        found.push(format!("executor: Tasks changes nothing under {name}; it carries messages of Bounded and Free"));
    }
    if !settling.place.is_empty() && !runs_actors {
        let name = settling.schedule.name();
        found.push(format!(
            "place changes nothing under {name}; it says on which ranks populations of Bounded and Free run"
        ));
    }
    let is_late = circuit.projections().iter().any(|projection| projection.delay().is_some());
    if is_late && !settling.framed {
        found.push(
            "projections with a delay predict from rest, for without `per_frame` every episode is a first frame; \
             `settle --from` goes on from another, and `settling: (per_frame: 20)` takes inputs of frames"
                .to_owned(),
        );
    }
    if let Schedule::VirtualTime(time) = &settling.schedule {
        let wiring = Wiring::new(circuit);
        let until = time.until.unwrap_or(2 * settling.stopping.max_steps() as u64);
        Idle { circuit, wiring: &wiring, time, until }.list(&mut found);
    }
    found
}

/// One sentence for each layer whose numbers or learning are likely not what was meant.
#[must_use]
pub fn doubtful_layers(circuit: &Circuit) -> Vec<String> {
    let mut found = Vec::new();
    for (id, layer) in circuit.layers().filter(|(id, _)| circuit.is_predicted(*id)) {
        let name = layer.name();
        if layer.likelihood() == Likelihood::Bernoulli && layer.mean() != Activation::Sigmoid {
            found.push(format!(
                "layer \"{name}\" is Bernoulli, and its mean {:?} leaves (0, 1): predictions are cut to [1e-7, 1 - 1e-7], where \
                 a mismatch can be 1e7; use `mean: Sigmoid`, or `likelihood: Gaussian`",
                layer.mean(),
            ));
        }
        let learns =
            layer.is_biased() || matches!(layer.precision(), Precision::Diagonal { .. } | Precision::Learned { .. });
        if !layer.learning().is_silent() && !learns {
            let afferent = circuit.afferents(id).first().map_or("?", |p| circuit.layer(p.from()).name());
            found.push(format!(
                "the learning of layer \"{name}\" changes nothing, for it has no bias and no learned precision; its synapses learn \
                 as their projections say, such as that from \"{afferent}\""
            ));
        }
    }
    found
}

/// Looks for idle options of virtual time.
struct Idle<'a> {
    circuit: &'a Circuit,
    wiring: &'a Wiring,
    time: &'a VirtualTime,
    until: u64,
}

impl Idle<'_> {
    fn list(&self, found: &mut Vec<String>) {
        self.noise(found);
        self.clocks(found);
        self.delays(found);
        for (id, at) in self.time.lesions.iter().filter(|(_, at)| *at >= self.until) {
            found.push(format!("the lesion of {} at {at} comes after the end, {}", self.name(*id), self.until));
        }
        for (at, _) in self.time.changes.iter().filter(|(at, _)| *at >= self.until) {
            found.push(format!("the change at {at} comes after the end, {}", self.until));
        }
        let regular = self.firing().all(|id| self.clock(id).period == 2 && self.clock(id).jitter == 0);
        if self.time.scale == TimeScale::PerTime && regular {
            found.push("scale: PerTime is PerFiring where every clock has period 2 and no jitter".to_owned());
        }
    }

    fn noise(&self, found: &mut Vec<String>) {
        let is_random = |delay: Delay| !matches!(delay, Delay::Fixed(_));
        let delays = std::iter::once(self.time.delay).chain(self.time.delays.iter().map(|(_, _, delay)| *delay));
        let jitter = self.firing().any(|id| self.clock(id).jitter > 0);
        let draws = matches!(self.circuit.settling().start, Start::Gaussian { .. })
            || self.circuit.layers().any(|(_, layer)| layer.noise() != LayerNoise::None);
        let late = self.time.largest_drop() > 0.0 || self.changes_draw() || delays.into_iter().any(is_random);
        if draws || jitter || late {
            return;
        }
        let nothing = "where nothing is drawn: no jitter, no loss, fixed delays";
        if self.time.seed != 0 {
            found.push(format!("seed: {} changes nothing {nothing}", self.time.seed));
        }
        if self.time.noise.is_frozen() {
            found.push(format!("noise: Frozen changes nothing {nothing}"));
        }
    }

    /// Whether a change asks for something to be drawn.
    fn changes_draw(&self) -> bool {
        self.time.changes.iter().any(|(_, change)| match change {
            Change::Clock(_, clock) => clock.jitter > 0,
            Change::Delay(_, _, delay) => !matches!(delay, Delay::Fixed(_)),
            _ => false,
        })
    }

    fn clocks(&self, found: &mut Vec<String>) {
        for (id, _) in &self.time.clocks {
            let population = self.wiring.population(*id);
            if population.kind == Kind::State && self.circuit.layer(population.layer).sense().is_some() {
                let text = "never ticks while its sense is shown whole, because data hold the layer in place";
                found.push(format!("the clock of {} {text}", self.name(*id)));
            }
        }
        for id in self.firing().filter(|id| self.phase(*id) >= self.until) {
            let (phase, until) = (self.phase(id), self.until);
            found
                .push(format!("{} never fires: its first firing is at {phase}, and the end at {until}", self.name(id)));
        }
    }

    fn delays(&self, found: &mut Vec<String>) {
        let own = |link: &&Link| self.time.delays.iter().any(|(from, to, _)| (*from, *to) == (link.from, link.to));
        let open = || self.wiring.links.iter().filter(|link| self.fires(link.to) && self.fires(link.from));
        if let Delay::Fixed(ticks) = self.time.delay {
            let shorter = open().filter(|link| !own(link)).map(|link| self.shortest(link, ticks)).max();
            if let Some(shorter) = shorter.filter(|shorter| *shorter < ticks) {
                found.push(same_delay("delay", ticks, shorter));
            }
        }
        for (from, to, delay) in &self.time.delays {
            let what = format!("the delay from {} to {}", self.name(*from), self.name(*to));
            let between = |link: &&Link| (link.from, link.to) == (*from, *to);
            let shorter = |ticks: u64| open().filter(between).map(|link| self.shortest(link, ticks)).max();
            match delay {
                _ if !self.fires(*from) || !self.fires(*to) => {
                    found.push(format!("{what} changes nothing while data hold one of them in place"));
                }
                Delay::Fixed(ticks) => {
                    found.extend(shorter(*ticks).filter(|s| s < ticks).map(|s| same_delay(&what, *ticks, s)));
                }
                Delay::Uniform(..) | Delay::Exponential(_) => {}
            }
        }
    }

    /// The shortest fixed delay with which every firing of the receiver uses the same messages as with `ticks`. A tick
    /// less changes something where some message would then arrive at a tick of the receiver: where the greatest common
    /// divisor of both periods divides what is between them.
    fn shortest(&self, link: &Link, ticks: u64) -> u64 {
        let (sender, receiver) = (self.clock(link.from), self.clock(link.to));
        if sender.jitter + receiver.jitter > 0 {
            return ticks;
        }
        let common = gcd(sender.period, receiver.period) as i64;
        let between = self.phase(link.to) as i64 - self.phase(link.from) as i64;
        let matters = |ticks: u64| ticks > 1 && (between - ticks as i64 + 1).rem_euclid(common) == 0;
        (1..=ticks).rev().find(|ticks| matters(*ticks)).unwrap_or(0)
    }

    fn name(&self, id: PopulationId) -> String {
        format!("`{}`", self.wiring.population(id).name)
    }

    fn clock(&self, id: PopulationId) -> Clock {
        let own = self.time.clocks.iter().find(|(population, _)| *population == id).map(|(_, clock)| *clock);
        own.or(self.time.clock).unwrap_or_default()
    }

    fn phase(&self, id: PopulationId) -> u64 {
        let natural = u64::from(self.wiring.population(id).kind == Kind::State);
        self.clock(id).phase.unwrap_or(natural)
    }

    fn fires(&self, id: PopulationId) -> bool {
        let population = self.wiring.population(id);
        population.kind == Kind::Error || self.circuit.layer(population.layer).sense().is_none()
    }

    /// Populations that fire while every sense is shown.
    fn firing(&self) -> impl Iterator<Item = PopulationId> {
        self.wiring.populations().map(|(id, _)| id).filter(|id| self.fires(*id))
    }
}

fn same_delay(what: &str, ticks: u64, shorter: u64) -> String {
    format!(
        "{what}: Fixed({ticks}) is the same as Fixed({shorter}) with these clocks: a message is used at the receiver's \
         next firing, and there is none in between"
    )
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a.max(1) } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advice(settling: &str) -> Vec<String> {
        let text = format!(
            r#"(name: "x", layers: {{"z0": (size: 4, sense: "image"), "z1": (size: 2, beta: 0.1)}},
                projections: [(from: "z1", to: "z0", feedback: Transposed)], settling: ({settling}))"#
        );
        idle_options(&Circuit::parse(text.as_bytes()).expect("sound"))
    }

    #[test]
    fn what_changes_nothing_is_told() {
        for (settling, words) in [
            ("schedule: VirtualTime(delay: Fixed(3))", "delay: Fixed(3) is the same as Fixed(2)"),
            ("schedule: VirtualTime(delay: Fixed(1))", "Fixed(1) is the same as Fixed(0)"),
            ("schedule: VirtualTime(seed: 3)", "seed: 3 changes nothing"),
            ("schedule: VirtualTime(noise: Frozen)", "noise: Frozen changes nothing"),
            ("schedule: VirtualTime(lesions: [(population: \"z1\", at: 200)])", "comes after the end, 100"),
            ("schedule: VirtualTime(clocks: {\"z0\": (period: 3)})", "never ticks while its sense is shown"),
            ("schedule: VirtualTime(clocks: {\"z1\": (period: 3, phase: 100)})", "`z1` never fires"),
            ("schedule: VirtualTime(scale: PerTime)", "PerTime is PerFiring"),
            ("executor: Tasks", "executor: Tasks changes nothing under Synchronous"),
            ("place: {\"z1\": 1}", "place changes nothing under Synchronous"),
            ("schedule: VirtualTime(delays: [(from: \"z0\", to: \"z0.error\", delay: Fixed(2))])", "in place"),
        ] {
            let found = advice(settling);
            assert!(found.len() == 1 && found[0].contains(words), "{settling}: {found:?}");
        }
    }

    #[test]
    fn what_changes_something_is_not() {
        for settling in [
            "schedule: Synchronous",
            "schedule: VirtualTime",
            "schedule: VirtualTime(delay: Fixed(2))",
            "schedule: VirtualTime(delay: Fixed(3), clock: (period: 1))",
            "schedule: VirtualTime(delay: Uniform(0, 3), seed: 3, noise: Frozen)",
            "schedule: VirtualTime(drop: 0.1, seed: 3)",
            "schedule: Free, executor: Tasks",
            "schedule: VirtualTime(clocks: {\"z1\": (period: 3)}, delay: Fixed(3))",
        ] {
            assert_eq!(advice(settling), Vec::<String>::new(), "{settling}");
        }
    }
}
