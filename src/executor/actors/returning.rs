//! What actors bring back, and how every rank comes to have it of all populations.
//!
//! A rank has lent its own populations only. What those have come to, it tells the others when the run is over: the states, for
//! the readout, and what was counted and written down. What populations of other ranks *are* is not changed by a run: their
//! synapses are the same everywhere, and error populations fire at the readout.

use super::actor::{Actor, LinkBook, Notes};
use crate::circuit::wiring::{PopulationId, Wiring};
use crate::executor::energy::PacedEnergies;
use crate::executor::ledger::{Book, Load};
use crate::ranks::{Packet, Unpack};

/// What one actor brings back, beside its population and activity.
#[derive(Debug, Default)]
pub(super) struct ActorReturn {
    pub(super) id: usize,
    pub(super) fired: u64,
    pub(super) depth: u64,
    pub(super) notes: Notes,
    pub(super) arrived: Vec<LinkBook>,
    pub(super) left: Vec<LinkBook>,
    /// What waited in its inlets: place of a link and number.
    pub(super) waiting: Vec<(usize, u64)>,
}

impl ActorReturn {
    /// What `actor` brings back, where the last firing of all was one of `last`.
    pub(super) fn of(actor: &mut Actor, last: Option<PopulationId>) -> Self {
        let waiting = actor.inbox.left(last);
        let (arrived, left) = actor.books();
        let notes = std::mem::take(&mut actor.notes);
        Self { id: actor.id.0, fired: actor.fired, depth: actor.depth, notes, arrived, left, waiting }
    }

    /// Tells it to other ranks, but for a trace.
    pub(super) fn put(&self, packet: &mut Packet) {
        let Notes { paced, movement, operations, computing, waiting, .. } = &self.notes;
        packet.put(&[self.id as u64, self.fired, self.depth, *operations]);
        packet.put(&[*computing, *waiting]);
        packet.put(&[*movement]);
        packet.put_counted(&paced.places);
        packet.put_counted(&paced.energies);
        packet.put_counted(&serde_json::to_vec(&self.notes.firings).expect("plain data"));
        packet.put_counted(&pairs(self.waiting.iter().map(|(link, number)| (*link as u64, *number))));
        for entries in [&self.arrived, &self.left] {
            packet.put(&[entries.len() as u64]);
            entries.iter().for_each(|entry| put_entry(entry, packet));
        }
    }

    /// What [`ActorReturn::put`] has told.
    pub(super) fn take(told: &mut Unpack<'_>) -> Self {
        let mut counts = [0_u64; 4];
        told.fill(&mut counts);
        let [id, fired, depth, operations] = counts;
        let mut seconds = [0.0_f64; 2];
        told.fill(&mut seconds);
        let [computing, waiting] = seconds;
        let movement = told.take();
        let paced = PacedEnergies { places: told.take_counted(), energies: told.take_counted() };
        let firings: Vec<u8> = told.take_counted();
        let firings = serde_json::from_slice(&firings).expect("as it was put");
        let notes = Notes { paced, movement, operations, computing, waiting, firings, ..Notes::default() };
        let left_behind: Vec<[u64; 2]> = told.take_counted();
        let entries = |told: &mut Unpack<'_>| (0..told.take::<u64>()).map(|_| take_entry(told)).collect();
        Self {
            id: id as usize,
            fired,
            depth,
            notes,
            arrived: entries(told),
            left: entries(told),
            waiting: left_behind.into_iter().map(|[link, number]| (link as usize, number)).collect(),
        }
    }
}

fn pairs(all: impl Iterator<Item = (u64, u64)>) -> Vec<[u64; 2]> {
    all.map(|(a, b)| [a, b]).collect()
}

fn put_entry(entry: &LinkBook, packet: &mut Packet) {
    packet.put(&[entry.place as u64]);
    entry.book.put(packet);
    entry.load.put(packet);
    packet.put_counted(&pairs(entry.later.iter().copied()));
}

fn take_entry(told: &mut Unpack<'_>) -> LinkBook {
    let place = told.take::<u64>() as usize;
    let (book, load) = (Book::take(told), Load::take(told));
    let later: Vec<[u64; 2]> = told.take_counted();
    LinkBook { place, book, load, later: later.into_iter().map(|[place, newest]| (place, newest)).collect() }
}

/// Counts the ages that could not be known before the firings of all ranks were in one order: of a message that the receiver's
/// inlet had at a place, in firings of the sender that stand before that place.
pub(super) fn age(all: &mut [ActorReturn], wiring: &Wiring) {
    let mut places = vec![Vec::new(); wiring.populations.len()];
    all.iter().for_each(|returned| places[returned.id].clone_from(&returned.notes.paced.places));
    for LinkBook { place, book, later, .. } in all.iter_mut().flat_map(|returned| &mut returned.arrived) {
        let sender = &places[wiring.links[*place].from.0];
        for (at, newest) in later.drain(..) {
            let before = sender.partition_point(|fired| *fired < at) as u64;
            book.age(before, newest);
        }
    }
}
