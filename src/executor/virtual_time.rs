//! `VirtualTime`: seeded discrete-event time, written down as a delivery log before anything fires.
//!
//! Time is an integer tick. At each tick with something due: messages sent before it whose arrival `sent + delay` is not
//! after it are delivered, and on each inlet the newest *sent* wins; then all populations due fire at once on their
//! inlets; then what they send is posted. Which message a firing uses depends on clocks, delays and losses alone, never
//! on values, so the whole run is known beforehand; every clock and every link draws from a random stream of its own.

use super::gate::StopFlag;
use super::lockstep::Plan;
use super::log::Firing;
use super::traffic::Traffic;
use crate::circuit::wiring::{Kind, PopulationId, Wiring};
use crate::circuit::{Clock, Delay, TimeScale, VirtualTime};
use crate::params::Messages;
use crate::rng;
use rand::{Rng, RngExt};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Exp};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The nominal period, against which `PerTime` measures.
const PERIOD: u64 = 2;

/// A population's clock at work.
struct Ticker {
    clock: Clock,
    rng: ChaCha8Rng,
    /// Firings scheduled so far.
    count: u64,
    /// Tick of the last firing; −1 stands for rest.
    last: i64,
}

impl Ticker {
    /// The tick of its next firing.
    fn next(&mut self) -> u64 {
        let Clock { period, phase, jitter } = self.clock;
        let late = if jitter == 0 { 0 } else { self.rng.random_range(0..=jitter) };
        self.count += 1;
        phase + (self.count - 1) * period + late
    }
}

/// A link at work: messages under way as number, tick of sending and tick of arrival.
struct Wire {
    delay: Delay,
    rng: ChaCha8Rng,
    under_way: Vec<(u64, u64, u64)>,
    held: u64,
}

/// The state of a simulation of deliveries.
struct Simulation<'a> {
    wiring: &'a Wiring,
    time: &'a VirtualTime,
    messages: Messages,
    tickers: Vec<Ticker>,
    wires: Vec<Wire>,
    /// By population: places of links.
    leaving: Vec<Vec<usize>>,
    arriving: Vec<Vec<usize>>,
    fired: Vec<u64>,
    dropped: Vec<u64>,
    /// Messages that have arrived on a link; kept for its storage.
    here: Vec<u64>,
}

/// Virtual time as a delivery log and the tick of each firing, with what was lost on each link; only the start of it where a stop was asked for.
pub(super) fn firings(
    wiring: &Wiring,
    plan: &Plan,
    time: &VirtualTime,
    steps: usize,
    messages: Messages,
    traffic: &mut [Traffic],
    stop: &StopFlag,
) -> (Vec<Firing>, Vec<u64>) {
    let until = time.until.unwrap_or(PERIOD * steps as u64);
    let mut simulation = Simulation::new(wiring, time, messages);
    // The heap orders by tick, and within a tick error populations before state populations, then by place. Within a
    // tick the order has no meaning, but a log has one.
    let mut due = BinaryHeap::new();
    let key = |tick: u64, id: usize| Reverse((tick, wiring.populations[id].kind, id));
    for id in (0..wiring.populations.len()).filter(|id| !plan.clamped[*id]) {
        due.push(key(simulation.tickers[id].next(), id));
    }
    let (mut firings, mut ticks, mut now) = (Vec::new(), Vec::new(), Vec::new());
    while let Some(Reverse((tick, _, _))) = due.peek().copied().filter(|Reverse((tick, _, _))| *tick < until) {
        if stop.is_requested() {
            break;
        }
        now.clear();
        while let Some(Reverse((_, _, id))) = due.peek().copied().filter(|Reverse((t, _, _))| *t == tick) {
            due.pop();
            due.push(key(simulation.tickers[id].next(), id));
            if !simulation.is_silenced(id, tick) {
                now.push(id);
            }
        }
        firings.extend(now.iter().map(|id| simulation.fire(*id, tick)));
        ticks.resize(firings.len(), tick);
        now.iter().for_each(|id| simulation.post(*id, tick));
    }
    for (traffic, dropped) in traffic.iter_mut().zip(&simulation.dropped) {
        traffic.dropped = *dropped;
    }
    (firings, ticks)
}

impl<'a> Simulation<'a> {
    fn new(wiring: &'a Wiring, time: &'a VirtualTime, messages: Messages) -> Self {
        let ticker = |(id, spec): (PopulationId, &crate::circuit::wiring::PopulationSpec)| Ticker {
            clock: clock(time, id, spec.kind),
            rng: rng::stream(time.seed, &format!("jitter {}", spec.name)),
            count: 0,
            last: -1,
        };
        let wire = |link: &crate::circuit::wiring::Link| {
            let (from, to) = (&wiring.population(link.from).name, &wiring.population(link.to).name);
            Wire {
                delay: delay(time, link.from, link.to),
                rng: rng::stream(time.seed, &format!("link {from} {to} {}", link.inlet)),
                under_way: Vec::new(),
                held: 0,
            }
        };
        let places = |is_mine: &dyn Fn(&crate::circuit::wiring::Link) -> bool| {
            wiring.links.iter().enumerate().filter(|(_, l)| is_mine(l)).map(|(i, _)| i).collect::<Vec<_>>()
        };
        let ids = || wiring.populations().map(|(id, _)| id);
        Self {
            tickers: wiring.populations().map(ticker).collect(),
            wires: wiring.links.iter().map(wire).collect(),
            leaving: ids().map(|id| places(&|l| l.from == id)).collect(),
            arriving: ids().map(|id| places(&|l| l.to == id)).collect(),
            fired: vec![0; wiring.populations.len()],
            dropped: vec![0; wiring.links.len()],
            here: Vec::new(),
            wiring,
            time,
            messages,
        }
    }

    fn is_silenced(&self, id: usize, tick: u64) -> bool {
        self.time.lesions.iter().any(|(population, at)| population.0 == id && tick >= *at)
    }

    fn fire(&mut self, id: usize, tick: u64) -> Firing {
        let mut delivered = Vec::with_capacity(self.arriving[id].len());
        let here = &mut self.here;
        for link in &self.arriving[id] {
            let wire = &mut self.wires[*link];
            here.clear();
            wire.under_way.retain(|(number, sent, arrival)| {
                let is_here = *sent < tick && *arrival <= tick;
                if is_here {
                    here.push(*number);
                }
                !is_here
            });
            here.sort_unstable();
            // What was sent before the message in hand is late, and stays unused.
            here.retain(|number| *number > wire.held);
            if let Some(newest) = here.last().copied() {
                wire.held = newest;
                let inlet = self.wiring.links[*link].inlet;
                match self.messages {
                    Messages::Dense => delivered.push((inlet, newest)),
                    Messages::Events { .. } => delivered.extend(here.iter().map(|number| (inlet, *number))),
                }
            }
        }
        let ticker = &mut self.tickers[id];
        let elapsed = tick as i64 - ticker.last;
        ticker.last = tick as i64;
        let scale = match self.time.scale {
            TimeScale::PerFiring => 1.0,
            TimeScale::PerTime => elapsed as f32 / PERIOD as f32,
        };
        self.fired[id] += 1;
        Firing { population: id, scale, delivered }
    }

    fn post(&mut self, id: usize, tick: u64) {
        for link in &self.leaving[id] {
            let wire = &mut self.wires[*link];
            let lost = self.time.drop > 0.0 && wire.rng.random_bool(self.time.drop);
            let delay = draw(wire.delay, &mut wire.rng);
            if lost {
                self.dropped[*link] += 1;
            } else {
                wire.under_way.push((self.fired[id], tick, tick.saturating_add(delay)));
            }
        }
    }
}

fn clock(time: &VirtualTime, id: PopulationId, kind: Kind) -> Clock {
    let nominal = Clock { period: PERIOD, phase: u64::from(kind == Kind::State), jitter: 0 };
    let own = time.clocks.iter().find(|(population, _)| *population == id).map(|(_, clock)| *clock);
    own.or(time.clock).unwrap_or(nominal)
}

fn delay(time: &VirtualTime, from: PopulationId, to: PopulationId) -> Delay {
    let own = time.delays.iter().find(|(a, b, _)| (*a, *b) == (from, to)).map(|(_, _, delay)| *delay);
    own.unwrap_or(time.delay)
}

fn draw(delay: Delay, rng: &mut impl Rng) -> u64 {
    match delay {
        Delay::Fixed(ticks) => ticks,
        Delay::Uniform(low, high) => rng.random_range(low..=high),
        Delay::Exponential(mean) if mean > 0.0 => {
            let exponential = Exp::new(1.0 / mean).expect("the mean was checked with the circuit");
            exponential.sample(rng).round() as u64
        }
        Delay::Exponential(_) => 0,
    }
}
