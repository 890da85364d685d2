//! `VirtualTime`: seeded discrete-event time.
//!
//! Time is an integer tick. At each tick with something due: messages sent before it whose arrival `sent + delay` is not
//! after it are delivered, and on each inlet the newest *sent* wins; then all populations due fire at once on their
//! inlets; then what they send is posted. Which message a firing uses depends on clocks, delays and losses alone, never
//! on values; every clock and every link draws from a random stream of its own. What a hand changes at a tick holds before
//! anything of that tick happens.

use super::clocks::{Alarm, Ticker};
use super::wire::Wire;
use crate::circuit::wiring::{Kind, Link, PopulationId, Wiring};
use crate::circuit::{Change, Clock, Fire, TimeScale, VirtualTime};
use crate::executor::error::SettleError;
use crate::executor::options::Presentation;
use crate::executor::plan::Plan;
use crate::executor::turn::{Order, Turn};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// The nominal period, against which `PerTime` measures.
const PERIOD: u64 = 2;

/// A simulation of deliveries.
pub(in crate::executor) struct VirtualOrder<'a> {
    wiring: &'a Wiring,
    time: &'a VirtualTime,
    whole: bool,
    until: u64,
    tickers: Vec<Ticker>,
    wires: Vec<Wire>,
    /// By population: places of links.
    leaving: Vec<Vec<usize>>,
    arriving: Vec<Vec<usize>>,
    fired: Vec<u64>,
    /// By population: from which tick on it is silent.
    silenced: Vec<u64>,
    /// By population: its next firing, whatever becomes of it.
    next: Vec<u64>,
    due: BinaryHeap<Reverse<Alarm>>,
    /// Who fires at this tick and has not had its turn.
    now: VecDeque<usize>,
    tick: u64,
    /// By population: ticks of its clock since its last firing, where it waited for news.
    waited: Vec<u64>,
    clamped: Vec<bool>,
    /// How many of the changes hold already.
    changed: usize,
    /// How many of those that don't set another clock: until then nobody knows for sure when its population fires next.
    clocks_to_come: usize,
    /// By population: β of the circuit, and what β is multiplied by for now.
    betas: Vec<(f32, f32)>,
}

impl<'a> VirtualOrder<'a> {
    pub(in crate::executor) fn new(
        wiring: &'a Wiring,
        plan: &Plan,
        time: &'a VirtualTime,
        steps: usize,
        presentation: Presentation,
        (whole, betas): (bool, Vec<f32>),
    ) -> Self {
        let label = if time.noise.is_frozen() { String::new() } else { presentation.label() };
        let places = |is_mine: &dyn Fn(&Link) -> bool| {
            wiring.links.iter().enumerate().filter(|(_, l)| is_mine(l)).map(|(i, _)| i).collect::<Vec<_>>()
        };
        let ids = || wiring.populations().map(|(id, _)| id);
        let silenced = |id: PopulationId| {
            let own = time.silences().filter(|(population, _)| *population == id);
            own.map(|(_, at)| at).min().unwrap_or(u64::MAX)
        };
        let mut order = Self {
            tickers: wiring.populations().map(|(id, spec)| Ticker::new(time, id, spec, &label)).collect(),
            wires: wiring.links.iter().map(|link| Wire::new(time, wiring, link, &label)).collect(),
            leaving: ids().map(|id| places(&|l| l.from == id && !plan.clamped[l.to.0])).collect(),
            arriving: ids().map(|id| places(&|l| l.to == id)).collect(),
            fired: vec![0; wiring.populations.len()],
            silenced: ids().map(silenced).collect(),
            next: vec![u64::MAX; wiring.populations.len()],
            due: BinaryHeap::new(),
            now: VecDeque::new(),
            tick: 0,
            waited: vec![0; wiring.populations.len()],
            clamped: plan.clamped.clone(),
            changed: 0,
            clocks_to_come: time.changes.iter().filter(|(_, change)| matches!(change, Change::Clock(..))).count(),
            betas: betas.into_iter().map(|beta| (beta, 1.0)).collect(),
            until: time.until.unwrap_or(PERIOD.saturating_mul(steps as u64)),
            wiring,
            time,
            whole,
        };
        plan.firing().for_each(|id| order.schedule(id.0));
        order
    }

    /// Sets the alarm for a population's next firing. Within a tick the order of turns has no meaning, but a log has
    /// one: error populations before state populations, then by place.
    fn schedule(&mut self, id: usize) {
        let tick = self.tickers[id].next();
        self.next[id] = tick;
        self.due.push(Reverse(Alarm { tick, is_state: self.wiring.populations[id].kind == Kind::State, id }));
    }

    /// Goes on to the next tick at which somebody fires.
    fn advance(&mut self) -> bool {
        while self.now.is_empty() {
            let due = self.due.peek().map_or(u64::MAX, |Reverse(alarm)| alarm.tick);
            if self.change(due) {
                continue;
            }
            let Some(Reverse(Alarm { tick, .. })) = self.due.peek().copied().filter(|Reverse(a)| a.tick < self.until)
            else {
                return false;
            };
            self.tick = tick;
            while let Some(Reverse(Alarm { id, .. })) = self.due.peek().copied().filter(|Reverse(a)| a.tick == tick) {
                self.due.pop();
                // A population that is silent for good needs no alarm any more; one whose clock was changed has another.
                if tick < self.silenced[id] && tick == self.next[id] {
                    self.schedule(id);
                    if self.may_fire(id) {
                        self.now.push_back(id);
                    }
                }
            }
        }
        true
    }

    /// Makes the next change that holds by a tick, if there is one.
    fn change(&mut self, tick: u64) -> bool {
        let Some((at, change)) =
            self.time.changes.get(self.changed).copied().filter(|(at, _)| *at <= tick.min(self.until))
        else {
            return false;
        };
        self.changed += 1;
        match change {
            Change::Beta(id, beta) => self.betas[id.0].1 = factor(self.betas[id.0].0, beta),
            Change::Clock(id, clock) => self.set_clock(id, clock, at),
            // It is known from the start.
            Change::Silence(_) => (),
            Change::Delay(from, to, delay) => self.wires_between(from, to).for_each(|wire| wire.delay(delay)),
            Change::Drop(from, to, share) => self.wires_between(from, to).for_each(|wire| wire.lose(share)),
        }
        true
    }

    fn set_clock(&mut self, id: PopulationId, clock: Clock, at: u64) {
        self.clocks_to_come -= 1;
        self.tickers[id.0].change(clock, self.wiring.population(id).kind, at);
        // Who doesn't fire in this episode has no alarm to be moved.
        if self.next[id.0] < u64::MAX {
            self.schedule(id.0);
        }
    }

    fn wires_between(&mut self, from: PopulationId, to: PopulationId) -> impl Iterator<Item = &mut Wire> {
        let links = self.wiring.links.iter().zip(&mut self.wires);
        links.filter(move |(link, _)| (link.from, link.to) == (from, to)).map(|(_, wire)| wire)
    }

    /// Whether a population that is due has the news that it waits for, or has waited long enough.
    fn may_fire(&mut self, id: usize) -> bool {
        let Some(fire) = self.time.fire else { return true };
        let (tick, fired) = (self.tick, self.fired[id]);
        let sender = |link: &usize| self.wiring.links[*link].from.0;
        let is_open = |link: &&usize| !self.clamped[sender(link)] && tick < self.silenced[sender(link)];
        let mut open = self.arriving[id].iter().filter(is_open).map(|link| &self.wires[*link]).peekable();
        let is_state = self.wiring.populations[id].kind == Kind::State;
        let waits = open.peek().is_some()
            && match fire {
                Fire::OnAll if is_state => open.any(|wire| !wire.has_news(tick)),
                Fire::OnAnswer if is_state => open.any(|wire| !wire.answers(tick, fired)),
                // Who has not fired yet has rest to fire on.
                _ => fired > 0 && !open.any(|wire| wire.has_news(tick)),
            };
        let fires = !waits || self.waited[id] >= self.time.patience;
        self.waited[id] = if fires { 0 } else { self.waited[id] + 1 };
        fires
    }

    /// Which firing of a receiver a population's message answers: the newest that all it hears of it has told of.
    fn answers(&self, id: usize, receiver: usize) -> u64 {
        let back = self.arriving[id].iter().filter(|link| self.wiring.links[**link].from.0 == receiver);
        back.map(|link| self.wires[*link].held()).min().unwrap_or(0)
    }

    /// What a firing sends. It is not seen at this tick, because wires hand over only what was sent before.
    fn post(&mut self, id: usize, turn: &mut Turn) {
        for link in &self.leaving[id] {
            let receiver = self.wiring.links[*link].to.0;
            let answers = self.answers(id, receiver);
            let wire = &mut self.wires[*link];
            let Some(arrival) = wire.post(self.tick) else {
                turn.lost.push(*link);
                continue;
            };
            if self.clocks_to_come > 0 {
                wire.keep(self.fired[id], self.tick, arrival, answers);
                continue;
            }
            if self.next[receiver] >= self.silenced[receiver].min(self.until) {
                // Nobody will use it, but what it supersedes in the inlet is in the account.
                turn.unused.push(*link);
                if self.whole {
                    wire.keep(self.fired[id], self.tick, arrival, answers);
                }
                continue;
            }
            // A receiver that has its turn at this tick still uses what is there.
            if self.whole && arrival <= self.next[receiver] && !self.now.contains(&receiver) {
                turn.dead.extend(wire.supersede().map(|number| (*link, number)));
            }
            wire.keep(self.fired[id], self.tick, arrival, answers);
        }
    }
}

impl Order for VirtualOrder<'_> {
    fn next(&mut self, turn: &mut Turn) -> Result<bool, SettleError> {
        if !self.advance() {
            return Ok(false);
        }
        let Some(id) = self.now.pop_front() else { return Ok(false) };
        turn.begin(PopulationId(id));
        turn.tick = Some(self.tick);
        for link in &self.arriving[id] {
            let inlet = self.wiring.links[*link].inlet;
            self.wires[*link].deliver(self.tick, |number| turn.arrived.push((inlet, number)));
        }
        let elapsed = self.tickers[id].fire(self.tick);
        if self.time.scale == TimeScale::PerTime {
            turn.scale = elapsed as f32 / PERIOD as f32;
        }
        turn.scale *= self.betas[id].1;
        self.fired[id] += 1;
        self.post(id, turn);
        Ok(true)
    }

    fn waiting(&self) -> Vec<(usize, u64)> {
        let of = |(place, wire): (usize, &Wire)| {
            wire.arrived(self.tick).map(move |number| (place, number)).collect::<Vec<_>>()
        };
        self.wires.iter().enumerate().flat_map(of).collect()
    }
}

/// What `from` is multiplied by to become `to`: of the quotient and its neighbours the one whose product is nearest.
fn factor(from: f32, to: f32) -> f32 {
    let quotient = to / from;
    let miss = |factor: &f32| (f64::from(from * factor) - f64::from(to)).abs();
    let nearby = [quotient, quotient.next_down(), quotient.next_up()];
    nearby.into_iter().min_by(|a, b| miss(a).total_cmp(&miss(b))).unwrap_or(quotient)
}
