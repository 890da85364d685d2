//! What has come to an actor: a queue for each inlet, with the book of its link.

use super::message::Letter;
use crate::circuit::wiring::{Link, PopulationId, Wiring};
use crate::executor::ledger::{Book, Handed, Load};
use crate::executor::roundtrip::{Answered, Echo};
use crate::signal::Signal;
use std::collections::VecDeque;

/// Room for messages, made at once: more than a bound of a few firings lets come together.
const FEW: usize = 16;

/// One inlet.
#[derive(Debug)]
pub(super) struct Queue {
    /// The link's place in the wiring.
    pub(super) place: usize,
    pub(super) link: Link,
    /// What has come and was not handed over, by number.
    waiting: VecDeque<Letter>,
    /// The newest number that was taken from `waiting`, lost or not.
    heard: u64,
    /// The depth of what the inlet holds.
    depth: u64,
    /// The newest own firing that what has come answers; `None` while nothing has come.
    answered: Option<u64>,
    /// The newest own firing that what was handed over answers; 0 is rest.
    held_answers: u64,
    /// Whether something has come since the last firing.
    news: bool,
    /// Nothing will come any more, and nobody waits for it: the sender is held by data or has finished.
    closed: bool,
    /// Whether the sender hears the receiver at all; if not, it never answers.
    returns: bool,
    /// Firings that the sender has made altogether; known when it has finished.
    last: Option<u64>,
    pub(super) book: Book,
    pub(super) load: Load,
    /// Where the sender is on another rank and the order of firings is known later: the place of each firing of the
    /// receiver, and the newest message that the inlet had been handed by then.
    pub(super) later: Vec<(u64, u64)>,
    /// Whether the sender can fire at all.
    hears: bool,
}

impl Queue {
    /// The newest message that has come, not beyond `limit`.
    pub(super) fn newest_within(&self, limit: u64) -> u64 {
        let usable = self.waiting.iter().rev().map(|letter| letter.number).find(|number| *number <= limit);
        usable.unwrap_or(self.heard)
    }

    /// Whether something has come since the last firing.
    pub(super) fn has_news(&self) -> bool {
        self.news
    }

    /// The newest message that was taken, or known to be lost.
    pub(super) fn heard(&self) -> u64 {
        self.heard
    }

    /// How many firings the sender has made altogether, once it has finished.
    pub(super) fn last(&self) -> Option<u64> {
        self.last
    }

    /// Takes what has come and was not lost, not beyond `limit`.
    fn draw(&mut self, limit: u64, letters: &mut Vec<Letter>) {
        letters.clear();
        while self.waiting.front().is_some_and(|letter| letter.number <= limit) {
            let Some(letter) = self.waiting.pop_front() else { break };
            self.heard = letter.number;
            if letter.signal.is_some() {
                letters.push(letter);
            }
        }
    }

    /// Whether what has come used the receiver's firing of this number, or a newer one.
    pub(super) fn answers(&self, fired: u64) -> bool {
        !self.returns || self.answered.is_some_and(|answered| answered >= fired)
    }

    /// The depth that the inlet would have, were all handed over that has come; what was lost counts, because it is
    /// known to be.
    fn depth_to_come(&self) -> u64 {
        self.waiting.back().map_or(self.depth, |letter| letter.depth.max(self.depth))
    }
}

/// All inlets of an actor that a link leads to, by number.
#[derive(Debug)]
pub(super) struct Inbox {
    pub(super) queues: Vec<Queue>,
    /// The receiver's last firing that moved it.
    moved: u64,
    /// Whether something has come since the last firing, or nothing ever did.
    news: bool,
    /// The latest place in the order of firings of anything that has come.
    latest: u64,
    /// Kept for their storage.
    handed: Vec<Handed>,
    numbers: Vec<u64>,
    letters: Vec<Letter>,
}

impl Inbox {
    pub(super) fn new(id: PopulationId, wiring: &Wiring, clamped: &[bool]) -> Self {
        let queue = |(place, link): (usize, &Link)| Queue {
            place,
            link: *link,
            waiting: VecDeque::with_capacity(FEW),
            heard: 0,
            depth: 0,
            answered: None,
            held_answers: 0,
            news: false,
            closed: clamped[link.from.0],
            returns: wiring.links.iter().any(|back| (back.from, back.to) == (link.to, link.from)),
            last: clamped[link.from.0].then_some(0),
            book: Book::default(),
            load: Load::default(),
            later: Vec::new(),
            hears: !clamped[link.from.0],
        };
        let links = wiring.links.iter().enumerate().filter(|(_, link)| link.to == id);
        Self {
            queues: links.map(queue).collect(),
            moved: 0,
            news: true,
            latest: 0,
            handed: Vec::with_capacity(FEW),
            numbers: Vec::with_capacity(FEW),
            letters: Vec::with_capacity(FEW),
        }
    }

    /// The newest message that was taken of an inlet.
    pub(super) fn heard_on(&self, inlet: usize) -> u64 {
        self.queues[self.place(inlet)].heard()
    }

    /// Inlets that no link leads to have no queue; they are few.
    fn place(&self, inlet: usize) -> usize {
        let place = self.queues.iter().take(inlet + 1).rposition(|queue| queue.link.inlet == inlet);
        place.expect("messages come on links")
    }

    fn queue_mut(&mut self, inlet: usize) -> &mut Queue {
        let place = self.place(inlet);
        &mut self.queues[place]
    }

    /// A message has come.
    pub(super) fn put(&mut self, inlet: usize, letter: Letter) {
        self.latest = self.latest.max(letter.place);
        let queue = self.queue_mut(inlet);
        queue.answered = queue.answered.max(Some(letter.answers));
        queue.news = true;
        queue.waiting.push_back(letter);
        self.news = true;
    }

    /// The sender behind an inlet has finished, after so many firings.
    pub(super) fn close(&mut self, inlet: usize, last: u64) {
        let queue = self.queue_mut(inlet);
        queue.closed = true;
        queue.last = Some(last);
    }

    /// The latest place in the order of firings of anything that has come.
    pub(super) fn latest(&self) -> u64 {
        self.latest
    }

    /// The first open inlet of which something holds.
    pub(super) fn find_open(&self, holds: impl Fn(&Queue) -> bool) -> Option<usize> {
        self.queues.iter().find(|queue| !queue.closed && holds(queue)).map(|queue| queue.link.inlet)
    }

    /// Whether something has come since the last firing, or there was none yet.
    pub(super) fn has_news(&self) -> bool {
        self.news
    }

    /// The least depth of what open inlets hold.
    pub(super) fn depth(&self) -> Option<u64> {
        self.queues.iter().filter(|queue| !queue.closed).map(|queue| queue.depth).min()
    }

    /// The same, were all handed over that has come.
    pub(super) fn depth_to_come(&self) -> Option<u64> {
        self.queues.iter().filter(|queue| !queue.closed).map(Queue::depth_to_come).min()
    }

    /// Takes what the firing at `place` uses: on every inlet what has come and is not beyond `limit`. `before` says how many
    /// firings of a sender stand before this one, where that is known by now. `arrived` gets inlets and numbers in the order of arrival, and `each` the messages
    /// to hand over, inlet by inlet: number, signal, and whether it is doubtful.
    pub(super) fn take(
        &mut self,
        (limit, place): (u64, u64),
        whole: bool,
        before: impl Fn(&Queue) -> Option<u64>,
        arrived: &mut Vec<(usize, u64)>,
        mut each: impl FnMut(&mut Queue, u64, Signal, bool),
    ) {
        let Self { queues, handed, numbers, letters, news, .. } = self;
        *news = false;
        for queue in queues {
            queue.news = false;
            queue.draw(limit, letters);
            numbers.clear();
            numbers.extend(letters.iter().flat_map(Letter::numbers));
            arrived.extend(numbers.iter().map(|number| (queue.link.inlet, *number)));
            handed.clear();
            queue.book.hand(queue.place, numbers, whole, handed);
            let newest = queue.book.listen(!handed.is_empty(), queue.hears);
            match before(queue) {
                Some(before) => queue.book.age(before, newest),
                None => queue.later.push((place, newest)),
            }
            for handed in &*handed {
                let found = letters.iter().position(|letter| letter.number == handed.number);
                let Some(letter) = found.map(|at| letters.swap_remove(at)) else { continue };
                queue.depth = queue.depth.max(letter.depth);
                queue.held_answers = queue.held_answers.max(letter.answers);
                if let Some(signal) = letter.signal {
                    each(queue, letter.number, signal, handed.doubtful);
                }
            }
            // What was superseded is let go of at once, so that its buffer can be written again.
            letters.clear();
        }
    }

    /// The first message that was not taken, inlet by inlet: inlet, number and signal.
    pub(super) fn next_letter(&mut self) -> Option<(usize, u64, Signal)> {
        for queue in &mut self.queues {
            while let Some(letter) = queue.waiting.pop_front() {
                if let Some(signal) = letter.signal {
                    return Some((queue.link.inlet, letter.number, signal));
                }
            }
        }
        self.news = false;
        None
    }

    /// How the population is answered in the firing after `fired`, on what was just taken.
    pub(super) fn answered(&self, fired: u64) -> Answered {
        let heard = self.queues.iter().filter(|queue| queue.hears);
        // No actor falls silent for good before it has finished. Until then it is slow, as slow as its bound or a busy machine
        // lets it be. Once it has, its last answers may still wait for their turn, and where there is none to come, moving on
        // would be moving blindly.
        let echo = |queue: &Queue| Echo { answered: queue.held_answers, closed: !queue.returns, ..Echo::default() };
        let echoes = heard.map(echo);
        Answered::of(echoes, fired, self.moved)
    }

    /// The firing after `fired` moves the population.
    pub(super) fn moves(&mut self, fired: u64) {
        self.moved = fired + 1;
    }

    /// The open inlet that holds the least depth, which a population waits for to become deeper.
    pub(super) fn shallowest(&self) -> Option<usize> {
        let open = self.queues.iter().filter(|queue| !queue.closed);
        open.min_by_key(|queue| queue.depth_to_come()).map(|queue| queue.link.inlet)
    }

    /// Numbers of messages that have come on an inlet, were not lost and were not taken, but for the last firing of the
    /// run if that was the sender's: what it sent came when nobody fired any more.
    pub(super) fn left(&self, last: Option<PopulationId>) -> Vec<(usize, u64)> {
        let of = |queue: &Queue| {
            let newest = queue.waiting.back().map(|letter| letter.number);
            let late = newest.filter(|_| last == Some(queue.link.from));
            let arrived = queue.waiting.iter().filter(|letter| letter.signal.is_some()).flat_map(Letter::numbers);
            arrived.filter(|number| Some(*number) != late).map(|number| (queue.place, number)).collect::<Vec<_>>()
        };
        self.queues.iter().flat_map(of).collect()
    }
}
