//! The bookkeeper: the one place where messages and ages are counted, under every schedule and executor.
//!
//! A [`Book`] is kept for each link. Who posts calls [`Book::post`], who hands messages to an inlet calls
//! [`Book::hand`], and each firing of the receiver calls [`Book::listen`] and [`Book::age`] once, after that. Executors
//! on shared memory keep all books in one [`Ledger`]; actors carry the books of their own links and hand them back. What
//! a message weighed is known where samples are, so each lane keeps [`Load`]s beside it.
//!
//! Whether an event told something new depends on values where several messages come at once or out of order. Such a
//! message is *doubtful*. Who holds all samples decides with [`Book::decide`] at once; where lanes share them, each
//! notes what it made of it, in the same order, and [`Ledger::close`] decides.

use super::account::{AGES, Account, LinkAccount, PopulationAccount};
use super::plan::Plan;
use super::roundtrip::{Answered, Echo, RoundTrip};
use super::turn::Turn;
use crate::circuit::wiring::{Link, PopulationId, Wiring};
use crate::population::Heard;
use crate::ranks::{Packet, Unpack};

/// A histogram of ages.
#[derive(Debug, Clone, Default)]
struct Ages(Vec<u64>);

impl Ages {
    fn count(&mut self, age: u64) {
        let at = usize::try_from(age).unwrap_or(usize::MAX).min(AGES - 1);
        if self.0.len() <= at {
            // All at once, so that counting takes no memory later.
            self.0.reserve_exact(AGES - self.0.len());
            self.0.resize(at + 1, 0);
        }
        self.0[at] += 1;
    }
}

/// A message that is to be handed to an inlet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Handed {
    /// By place in the wiring.
    pub(super) link: usize,
    /// The sender's count of firings when it sent.
    pub(super) number: u64,
    /// Whether it counts as used is decided by what was made of it.
    pub(super) doubtful: bool,
}

/// The book of one link.
#[derive(Debug, Clone, Default)]
pub(super) struct Book {
    sent: u64,
    dropped: u64,
    used: u64,
    overwritten: u64,
    /// The newest message that the inlet was handed; 0 is what rest sent.
    newest: u64,
    /// Firings of the receiver since it was last handed something new.
    silent: u64,
    staleness: Ages,
    unheard: Ages,
}

impl Book {
    /// A firing of the sender posted a message.
    pub(super) fn post(&mut self, lost: bool) {
        self.sent += 1;
        self.dropped += u64::from(lost);
    }

    /// Messages reached the inlet, in the order of `numbers`: says which of them are handed over, newest first.
    /// Whole messages supersede all older ones; of events each is handed over.
    pub(super) fn hand(&mut self, link: usize, numbers: &[u64], whole: bool, out: &mut Vec<Handed>) {
        let Some(newest) = numbers.iter().copied().max() else { return };
        if whole {
            let is_news = newest > self.newest;
            self.used += u64::from(is_news);
            self.overwritten += numbers.len() as u64 - u64::from(is_news);
            if is_news {
                self.hear(newest);
                out.push(Handed { link, number: newest, doubtful: false });
            }
            return;
        }
        let doubtful = numbers.len() > 1 || newest < self.newest;
        self.used += u64::from(!doubtful);
        let from = out.len();
        out.extend(numbers.iter().map(|number| Handed { link, number: *number, doubtful }));
        out[from..].sort_unstable_by_key(|handed| std::cmp::Reverse(handed.number));
        self.hear(newest);
    }

    fn hear(&mut self, number: u64) {
        self.newest = self.newest.max(number);
        self.silent = 0;
    }

    /// The receiver fires; `handed` says whether something new came for it. The newest message that the inlet was handed.
    pub(super) fn listen(&mut self, handed: bool, hears: bool) -> u64 {
        self.silent += u64::from(!handed);
        if hears {
            self.unheard.count(self.silent);
        }
        self.newest
    }

    /// Before a firing of the receiver, whose inlet had `newest`, stand so many of the sender in the order of the schedule.
    pub(super) fn age(&mut self, before: u64, newest: u64) {
        self.staleness.count(before.saturating_sub(newest));
    }

    /// Tells it to other ranks.
    pub(super) fn put(&self, packet: &mut Packet) {
        let Self { sent, dropped, used, overwritten, newest, silent, staleness, unheard } = self;
        packet.put(&[*sent, *dropped, *used, *overwritten, *newest, *silent]);
        packet.put_counted(&staleness.0);
        packet.put_counted(&unheard.0);
    }

    /// What [`Book::put`] has told.
    pub(super) fn take(told: &mut Unpack<'_>) -> Self {
        let mut counts = [0; 6];
        told.fill(&mut counts);
        let [sent, dropped, used, overwritten, newest, silent] = counts;
        let (staleness, unheard) = (Ages(told.take_counted()), Ages(told.take_counted()));
        Self { sent, dropped, used, overwritten, newest, silent, staleness, unheard }
    }

    /// Whole messages that wait in the inlet at the end: the newest of them is in flight, what it superseded is not.
    pub(super) fn wait(&mut self, numbers: &[u64]) {
        let newest = numbers.iter().copied().max().unwrap_or(0);
        let superseded = numbers.len() as u64 - u64::from(newest > self.newest);
        self.overwritten += superseded;
    }

    /// A doubtful message was handed over: whether it told anything in any sample, and whether any took of it.
    pub(super) fn decide(&mut self, told: bool, taken: bool) {
        if taken || !told {
            self.used += 1;
        } else {
            self.overwritten += 1;
        }
    }

    /// Adds what the sender counted on the same link.
    pub(super) fn add_sender(&mut self, sender: &Self) {
        self.sent += sender.sent;
        self.dropped += sender.dropped;
    }
}

/// What messages of one link weighed, for the samples of one lane.
#[derive(Debug, Clone, Default)]
pub(super) struct Load {
    bits: u64,
    operations: u64,
    /// By doubtful message: bit 0, it told something; bit 1, something of it was taken.
    doubtful: Vec<u8>,
}

impl Load {
    /// A message of so many bits was posted.
    pub(super) fn post(&mut self, bits: u64) {
        self.bits += bits;
    }

    /// Adds what the sender counted on the same link.
    pub(super) fn add_sender(&mut self, sender: &Self) {
        self.bits += sender.bits;
    }

    /// Tells it to other ranks.
    pub(super) fn put(&self, packet: &mut Packet) {
        packet.put(&[self.bits, self.operations]);
        packet.put_counted(&self.doubtful);
    }

    /// What [`Load::put`] has told.
    pub(super) fn take(told: &mut Unpack<'_>) -> Self {
        let (bits, operations) = (told.take(), told.take());
        Self { bits, operations, doubtful: told.take_counted() }
    }

    /// A message was handed over.
    pub(super) fn hand(&mut self, heard: Heard) {
        self.operations += heard.operations;
    }

    /// What this lane made of a doubtful message.
    pub(super) fn doubt(&mut self, heard: Heard) {
        self.doubtful.push(u8::from(heard.told > 0) | u8::from(heard.taken > 0) << 1);
    }
}

/// What is known only when a run has ended.
#[derive(Debug)]
pub(super) struct Ends<'a> {
    /// Multiply-accumulates inside of firings, by population.
    pub(super) operations: &'a [u64],
    /// Whether there was a readout.
    pub(super) readout: bool,
}

/// The books of all links, and firings of all populations.
#[derive(Debug)]
pub(super) struct Ledger {
    books: Vec<Book>,
    /// Firings of each population so far, in the order of the schedule.
    fired: Vec<u64>,
    /// By population: the tick of its last firing, under virtual time. What fires at the same tick fires at once, so that
    /// it is not before it.
    ticks: Vec<Option<u64>>,
    /// By population: places of links.
    arriving: Vec<Vec<usize>>,
    leaving: Vec<Vec<usize>>,
    /// By link: whether its sender can fire.
    hears: Vec<bool>,
    /// By link: whether its sender hears its receiver, so that it can answer.
    returns: Vec<bool>,
    inlets: Vec<usize>,
    senders: Vec<usize>,
    receivers: Vec<usize>,
    /// By link: messages that another rank was sent, and their bytes.
    crossed: Vec<(u64, u64)>,
    whole: bool,
    numbers: Vec<u64>,
    /// By link, where populations want to know how late they are answered.
    trips: Option<Vec<RoundTrip>>,
    /// By population: its last firing that moved it.
    moved: Vec<u64>,
}

impl Ledger {
    pub(super) fn new(wiring: &Wiring, plan: &Plan, whole: bool) -> Self {
        let places = |keep: &dyn Fn(usize) -> bool| (0..wiring.links.len()).filter(|link| keep(*link)).collect();
        let each = |of: &dyn Fn(usize) -> PopulationId| -> Vec<Vec<usize>> {
            wiring.populations().map(|(id, _)| places(&|link| plan.open[link] && of(link) == id)).collect()
        };
        Self {
            books: vec![Book::default(); wiring.links.len()],
            fired: vec![0; wiring.populations.len()],
            ticks: vec![None; wiring.populations.len()],
            arriving: each(&|link| wiring.links[link].to),
            leaving: each(&|link| wiring.links[link].from),
            hears: wiring.links.iter().map(|link| !plan.clamped[link.from.0]).collect(),
            returns: wiring.links.iter().map(|link| is_returned(wiring, link)).collect(),
            inlets: wiring.links.iter().map(|link| link.inlet).collect(),
            senders: wiring.links.iter().map(|link| link.from.0).collect(),
            receivers: wiring.links.iter().map(|link| link.to.0).collect(),
            crossed: vec![(0, 0); wiring.links.len()],
            whole,
            numbers: Vec::new(),
            trips: None,
            moved: vec![0; wiring.populations.len()],
        }
    }

    /// From here on round trips are kept as well.
    pub(super) fn keep_round_trips(&mut self) {
        self.trips = Some(vec![RoundTrip::default(); self.books.len()]);
    }

    /// How a state population is answered in the firing that was entered last.
    pub(super) fn answered(&self, population: usize) -> Answered {
        let before = self.fired[population].saturating_sub(1);
        let heard = self.arriving[population].iter().filter(|link| self.hears[**link]);
        let echo = |trips: &[RoundTrip], link: usize| {
            let echo = trips[link].echo(self.books[link].silent);
            Echo { closed: !self.returns[link], ..echo }
        };
        let echoes = self.trips.iter().flat_map(|trips| heard.clone().map(move |link| (trips, *link)));
        Answered::of(echoes.map(|(trips, link)| echo(trips, link)), before, self.moved[population])
    }

    /// The firing that was entered last moves its population.
    pub(super) fn moves(&mut self, population: usize) {
        self.moved[population] = self.fired[population];
    }

    /// Takes note of the round trips that a firing ends and begins.
    fn travel(&mut self, population: usize) {
        let Some(trips) = &mut self.trips else { return };
        for link in &self.arriving[population] {
            trips[*link].hand(self.books[*link].newest, self.fired[population].saturating_sub(1));
        }
        for link in &self.leaving[population] {
            let receiver = self.receivers[*link];
            let back = self.arriving[population].iter().filter(|back| self.senders[**back] == receiver);
            let answers = back.map(|back| self.books[*back].newest).min().unwrap_or(0);
            trips[*link].send(self.fired[population], answers);
        }
    }

    /// Firings of a population so far.
    pub(super) fn fired(&self, population: usize) -> u64 {
        self.fired[population]
    }

    /// Links that leave a population and arrive where something can fire.
    pub(super) fn leaving(&self, population: usize) -> &[usize] {
        &self.leaving[population]
    }

    /// A firing of a schedule that is known beforehand; `out` gets the messages that lanes have to hand over.
    pub(super) fn fire(&mut self, turn: &Turn, out: &mut Vec<Handed>) {
        let Self { books, fired, ticks, arriving, leaving, hears, inlets, senders, whole, numbers, .. } = self;
        let p = turn.population.0;
        for link in &arriving[p] {
            let of_link = |(inlet, _): &&(usize, u64)| *inlet == inlets[*link];
            numbers.clear();
            numbers.extend(turn.arrived.iter().filter(of_link).map(|(_, number)| *number));
            let before = out.len();
            books[*link].hand(*link, numbers, *whole, out);
            let sender = senders[*link];
            let at_once = u64::from(turn.tick.is_some() && ticks[sender] == turn.tick);
            let newest = books[*link].listen(out.len() > before, hears[*link]);
            books[*link].age(fired[sender] - at_once, newest);
        }
        fired[p] += 1;
        ticks[p] = turn.tick;
        for link in &leaving[p] {
            books[*link].post(turn.lost.contains(link));
        }
        self.travel(p);
    }

    /// What waits in inlets at the end: place of a link and number.
    pub(super) fn wait(&mut self, waiting: &[(usize, u64)]) {
        for (link, book) in self.books.iter_mut().enumerate().filter(|_| self.whole) {
            self.numbers.clear();
            self.numbers.extend(waiting.iter().filter(|(at, _)| *at == link).map(|(_, number)| *number));
            book.wait(&self.numbers);
        }
    }

    /// Takes in the books that actors kept: `(link, book)` of receivers and of senders, and firings by population.
    pub(super) fn take_back(&mut self, receivers: Vec<(usize, Book)>, senders: &[(usize, Book)], fired: Vec<u64>) {
        for (link, book) in receivers {
            self.books[link] = book;
        }
        for (link, book) in senders {
            self.books[*link].add_sender(book);
        }
        self.fired = fired;
    }

    /// Adds what one rank has sent to others: by link, messages and bytes.
    pub(super) fn cross(&mut self, crossed: Vec<[u64; 2]>) {
        for (own, [messages, bytes]) in self.crossed.iter_mut().zip(crossed) {
            *own = (own.0 + messages, own.1 + bytes);
        }
    }

    /// Closes the books: `loads` are those of each lane, by link.
    pub(super) fn close(mut self, wiring: &Wiring, plan: &Plan, loads: &[&[Load]], ends: &Ends<'_>) -> Account {
        for (link, book) in self.books.iter_mut().enumerate() {
            let flags = |lane: &&[Load]| lane[link].doubtful.len();
            for at in 0..loads.first().map_or(0, flags) {
                let all = loads.iter().fold(0, |all, lane| all | lane[link].doubtful[at]);
                book.decide(all & 1 > 0, all & 2 > 0);
            }
        }
        let name = |id: PopulationId| wiring.population(id).name.clone();
        let links = wiring.links.iter().zip(self.books).enumerate().filter(|(at, _)| plan.open[*at]);
        let links = links.map(|(at, (link, book))| LinkAccount {
            from: name(link.from),
            to: name(link.to),
            resting: 1,
            in_flight: book.sent.saturating_sub(book.used + book.overwritten + book.dropped),
            sent: book.sent,
            used: book.used,
            overwritten: book.overwritten,
            dropped: book.dropped,
            readout: u64::from(ends.readout),
            bytes: loads.iter().map(|lane| lane[at].bits).sum::<u64>().div_ceil(8),
            operations: loads.iter().map(|lane| lane[at].operations).sum(),
            staleness: book.staleness.0,
            unheard: book.unheard.0,
            crossed: self.crossed[at].0,
            crossed_bytes: self.crossed[at].1,
        });
        let populations = wiring.populations().map(|(id, spec)| PopulationAccount {
            population: spec.name.clone(),
            firings: self.fired[id.0],
            operations: ends.operations[id.0],
            ..PopulationAccount::default()
        });
        Account { links: links.collect(), populations: populations.collect() }
    }
}

/// Whether the sender of a link hears its receiver.
fn is_returned(wiring: &Wiring, link: &Link) -> bool {
    wiring.links.iter().any(|back| (back.from, back.to) == (link.to, link.from))
}
