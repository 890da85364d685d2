//! A link of virtual time at work: messages under way, with the delays and losses that are drawn for them.

use crate::circuit::wiring::{Link, Wiring};
use crate::circuit::{Delay, VirtualTime};
use crate::rng;
use rand::{Rng, RngExt};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Exp};

/// A link at work.
pub(super) struct Wire {
    delay: Delay,
    /// The probability that a message is lost.
    drop: f64,
    rng: ChaCha8Rng,
    /// By number.
    under_way: Vec<UnderWay>,
    /// The newest message that was delivered.
    held: u64,
    /// The newest firing of the receiver that a delivered message answers; `None` before the first.
    answered: Option<u64>,
    /// The newest message that a newer whole one has superseded on its way, with all before it.
    superseded: u64,
    /// Messages that have arrived, in the order of arrival; kept for its storage.
    here: Vec<UnderWay>,
}

/// A message under way.
#[derive(Debug, Clone, Copy)]
struct UnderWay {
    number: u64,
    sent: u64,
    arrival: u64,
    /// Which firing of the receiver it answers.
    answers: u64,
}

impl UnderWay {
    fn is_here(&self, tick: u64) -> bool {
        self.sent < tick && self.arrival <= tick
    }
}

impl Wire {
    /// A link without messages; `label` is what the names of streams begin with.
    pub(super) fn new(time: &VirtualTime, wiring: &Wiring, link: &Link, label: &str) -> Self {
        let (from, to) = (&wiring.population(link.from).name, &wiring.population(link.to).name);
        let own = time.delays.iter().find(|(a, b, _)| (*a, *b) == (link.from, link.to)).map(|(_, _, delay)| *delay);
        Self {
            delay: own.unwrap_or(time.delay),
            drop: time.drop,
            rng: rng::stream(time.seed, &format!("{label}link {from} {to} {}", link.inlet)),
            under_way: Vec::new(),
            held: 0,
            answered: None,
            superseded: 0,
            here: Vec::new(),
        }
    }

    /// What is sent from now on travels so long.
    pub(super) fn delay(&mut self, delay: Delay) {
        self.delay = delay;
    }

    /// What is sent from now on is lost with this probability.
    pub(super) fn lose(&mut self, share: f64) {
        self.drop = share;
    }

    /// Draws what becomes of a message that is sent at a tick: when it arrives; `None` where it is lost. A lost one
    /// draws a delay, too, so that each message has its place in the stream.
    pub(super) fn post(&mut self, tick: u64) -> Option<u64> {
        let lost = self.drop > 0.0 && self.rng.random_bool(self.drop);
        let delay = draw(self.delay, &mut self.rng);
        (!lost).then(|| tick.saturating_add(delay))
    }

    /// A message is under way.
    pub(super) fn keep(&mut self, number: u64, sent: u64, arrival: u64, answers: u64) {
        self.under_way.push(UnderWay { number, sent, arrival, answers });
    }

    /// Nobody will use what is under way, because a newer whole message will be there first: gives what was not known to
    /// be so before.
    pub(super) fn supersede(&mut self) -> impl Iterator<Item = u64> {
        let known = self.superseded;
        self.superseded = self.under_way.last().map_or(known, |letter| letter.number);
        self.under_way.iter().rev().map(|letter| letter.number).take_while(move |number| *number > known)
    }

    /// Hands over what has arrived by a tick, in the order of arrival and, within a tick, of sending.
    pub(super) fn deliver(&mut self, tick: u64, hand: impl FnMut(u64)) {
        let Self { under_way, here, held, answered, .. } = self;
        here.clear();
        here.extend(under_way.extract_if(.., |letter| letter.is_here(tick)));
        here.sort_unstable_by_key(|letter| (letter.arrival, letter.number));
        for letter in &*here {
            *held = letter.number.max(*held);
            *answered = Some(letter.answers).max(*answered);
        }
        here.iter().map(|letter| letter.number).for_each(hand);
    }

    /// The newest message that was delivered.
    pub(super) fn held(&self) -> u64 {
        self.held
    }

    /// Whether something has arrived by a tick that was not delivered.
    pub(super) fn has_news(&self, tick: u64) -> bool {
        self.arrived(tick).next().is_some()
    }

    /// Whether something has arrived by a tick that answers the receiver's firing of this number, or a newer one.
    pub(super) fn answers(&self, tick: u64, fired: u64) -> bool {
        let here = self.under_way.iter().filter(|letter| letter.is_here(tick)).map(|letter| letter.answers).max();
        here.max(self.answered).is_some_and(|answered| answered >= fired)
    }

    /// What has arrived by a tick and was not handed over.
    pub(super) fn arrived(&self, tick: u64) -> impl Iterator<Item = u64> {
        self.under_way.iter().filter(move |letter| letter.is_here(tick)).map(|letter| letter.number)
    }
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
