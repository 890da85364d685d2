//! The carrier between ranks: one thread of each, which takes away what actors have left for other ranks (`afar`) and brings
//! what has come to the inboxes of this one. It decides nothing.
//!
//! What happens before what:
//!
//! 1. what a rank leaves for another one comes there in the order in which it was left, on one way for all: messages,
//!    reports and how a rank stands ([`Exchange::trade`](crate::ranks::Exchange::trade));
//! 2. so when a rank hears how another one stands, all that this one's actors have ever sent it is in its inboxes: the word
//!    is a marker behind the last message (Chandy & Lamport 1985);
//! 3. at the end of a run a rank stops its postman once it has heard how all others stand for the last time: nothing can be
//!    under way to it. What it has left itself has gone by then, for the postman ends only with nothing left to leave. All meet
//!    after that, so that nobody sends for the next run to somebody who is still in this one.
//!
//! A postman that has nothing to do yields for a while, then sleeps, for a millisecond at the most.

use super::actor::Report;
use super::afar::{Afar, Parcel, Word};
use super::carrier::Door;
use super::message::{Letter, Message};
use super::wire;
use crate::circuit::wiring::Wiring;
use crate::executor::error::SettleError;
use crate::executor::sync::Sender;
use crate::ranks::{Packet, Unpack};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

/// Rounds without anything to do before the first sleep.
const PATIENT: u32 = 64;
/// The first sleep, and the longest.
const NAP: Duration = Duration::from_micros(20);
const SLEEP: Duration = Duration::from_millis(1);

/// The thread that carries.
#[derive(Debug)]
pub(super) struct Postman {
    afar: Arc<Afar>,
    thread: Option<JoinHandle<()>>,
}

impl Postman {
    /// Begins to carry: messages go in at `door`, and words of other ranks are reported.
    pub(super) fn begin(
        afar: &Arc<Afar>,
        wiring: &Arc<Wiring>,
        door: Door,
        reports: Sender<Report>,
    ) -> Result<Self, SettleError> {
        let round = Round { afar: Arc::clone(afar), wiring: Arc::clone(wiring), door, reports };
        let ranks = afar.homes().ranks.clone();
        let body = move || {
            if catch_unwind(AssertUnwindSafe(|| round.go_on())).is_err() {
                // The panic itself was told. Nobody above this thread could end the others, who wait for it.
                tracing::error!("{} can't carry messages, which ends all ranks", ranks.label());
                ranks.end_all();
            }
        };
        let thread = std::thread::Builder::new().name("gncn-postman".to_owned()).spawn(body);
        let thread = thread.map_err(|cause| SettleError::Spawn { cause: cause.to_string() })?;
        Ok(Self { afar: Arc::clone(afar), thread: Some(thread) })
    }
}

impl Drop for Postman {
    fn drop(&mut self) {
        self.afar.close();
        if let Some(thread) = self.thread.take() {
            // Its panics end the job.
            let _ = thread.join();
        }
    }
}

struct Round {
    afar: Arc<Afar>,
    wiring: Arc<Wiring>,
    door: Door,
    reports: Sender<Report>,
}

impl Round {
    fn go_on(&self) {
        let mut idle = 0_u32;
        loop {
            let (leaving, is_closed) = self.afar.take_away();
            if leaving.is_empty() && is_closed {
                return;
            }
            let mut is_idle = leaving.is_empty();
            let packed = leaving.into_iter().map(|(rank, parcels)| (rank, self.pack(&parcels))).collect();
            self.afar.homes().ranks.trade(packed, &mut |from, bytes| {
                is_idle = false;
                self.bring(from, bytes);
            });
            idle = if is_idle { idle.saturating_add(1) } else { 0 };
            match idle.checked_sub(PATIENT) {
                None => std::thread::yield_now(),
                Some(over) => self.afar.wait(SLEEP.min(NAP * (over + 1))),
            }
        }
    }

    fn pack(&self, parcels: &VecDeque<Parcel>) -> Vec<u8> {
        let mut packet = Packet::default();
        for parcel in parcels {
            let before = packet.bytes().len();
            wire::put(parcel, &mut packet);
            if let Parcel::Letter(link, Letter { signal: Some(_), .. }) = parcel {
                self.afar.count(*link, (packet.bytes().len() - before) as u64);
            }
        }
        packet.into_bytes()
    }

    fn bring(&self, from: usize, bytes: &[u8]) {
        let mut told = Unpack::new(bytes);
        while !told.is_empty() {
            match wire::take(&mut told, &self.wiring) {
                Parcel::Letter(link, letter) => {
                    let link = &self.wiring.links[link];
                    (self.door)(link.to, Message::Signal { inlet: link.inlet, letter });
                }
                Parcel::Finished(link, fired) => {
                    let link = &self.wiring.links[link];
                    (self.door)(link.to, Message::Finished { inlet: link.inlet, fired });
                }
                Parcel::Word(Word::Deep) => self.afar.hear_depth(),
                // A coordinator that is gone needs no word.
                Parcel::Word(word) => drop(self.reports.send(Report::Afar(from, word))),
            }
        }
    }
}
