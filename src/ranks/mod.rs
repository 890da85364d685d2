//! Ranks: the processes of one job, on one machine or on many, and how they tell each other what they have.
//!
//! Every rank runs the same program on the same data, and ranks meet at the same places of it, in the same order. What
//! they tell is bytes, in the order of ranks; nothing is ever added up on the way, so that what is made of it doesn't
//! depend on how it travelled. It knows nothing of what the bytes mean.
//!
//! Without the feature `mpi`, and without a launcher such as `mpirun`, there is one rank, which meets nobody: that costs
//! nothing.
//!
//! **Failures.** A failure that ranks have met over ([`Ranks::first_failure`]) is known to all, and each ends by itself.
//! Any other has to end the others, who may be waiting for this one: [`Ranks::end_all`], and a panic does so by itself.

mod packet;

#[cfg(any(test, feature = "testing"))]
pub mod local;
#[cfg(feature = "mpi")]
pub mod mpi;
#[cfg(feature = "mpi")]
mod signs;

pub use packet::{Packet, Unpack};

use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// What carries bytes between ranks.
pub trait Exchange: Debug + Send + Sync {
    /// Which rank this is, from 0.
    fn rank(&self) -> usize;

    /// How many there are.
    fn size(&self) -> usize;

    /// The name of this rank's machine.
    fn host(&self) -> String;

    /// What every rank has to tell; all of them call it, and in the same order.
    fn gather(&self, own: &[u8]) -> AllTold;

    /// Sends bytes to some ranks, and hands `take` what has come from others, and from which, while these leave; returns
    /// once they have left. What one rank sends to another comes in the order of sending. Nobody has to take part at the
    /// same time; of one rank, one thread at a time.
    fn trade(&self, out: Vec<(usize, Vec<u8>)>, take: &mut dyn FnMut(usize, &[u8]));

    /// Ends every rank at once, as failed.
    fn end_all(&self) -> !;
}

/// What every rank told, one behind the other.
#[derive(Debug, Clone, Default)]
pub struct AllTold {
    /// All bytes.
    pub bytes: Vec<u8>,
    /// By rank: where its bytes end.
    pub ends: Vec<usize>,
}

impl AllTold {
    /// What a rank told.
    #[must_use]
    pub fn of(&self, rank: usize) -> &[u8] {
        let start = if rank == 0 { 0 } else { self.ends[rank - 1] };
        &self.bytes[start..self.ends[rank]]
    }
}

/// The ranks of this job, as one of them sees them. Clones are the same rank.
#[derive(Debug, Clone, Default)]
pub struct Ranks(Option<Arc<Joined>>);

#[derive(Debug)]
struct Joined {
    exchange: Box<dyn Exchange>,
    meetings: AtomicU64,
    bytes: AtomicU64,
    nanoseconds: AtomicU64,
    /// By rank: what it has to do, in words; empty where nobody has said so.
    duties: Mutex<Vec<String>>,
}

/// A failure that ranks have met over, as the first of them told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Elsewhere {
    /// Whose it is.
    pub rank: usize,
    /// That rank's machine.
    pub host: String,
    /// What it told.
    pub told: String,
}

impl Elsewhere {
    /// Whose it is, in words.
    #[must_use]
    pub fn who(&self) -> String {
        format!("rank {} on {}", self.rank, self.host)
    }
}

/// What meetings cost a rank so far.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Traffic {
    /// How often ranks met.
    pub meetings: u64,
    /// Bytes that this rank told, once each, to however many.
    pub bytes: u64,
    /// Seconds in meetings, waiting for the others among them.
    pub seconds: f64,
}

impl Ranks {
    /// One rank, which meets nobody.
    #[must_use]
    pub fn alone() -> Self {
        Self(None)
    }

    /// One rank of those that `exchange` connects.
    #[must_use]
    pub fn over(exchange: Box<dyn Exchange>) -> Self {
        let zero = || AtomicU64::new(0);
        let duties = Mutex::new(Vec::new());
        Self(Some(Arc::new(Joined { exchange, meetings: zero(), bytes: zero(), nanoseconds: zero(), duties })))
    }

    /// Which rank this is, from 0.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.0.as_ref().map_or(0, |job| job.exchange.rank())
    }

    /// How many there are.
    #[must_use]
    pub fn size(&self) -> usize {
        self.0.as_ref().map_or(1, |job| job.exchange.size())
    }

    /// Whether there are others.
    #[must_use]
    pub fn are_many(&self) -> bool {
        self.size() > 1
    }

    /// Whether this is the rank that prints and writes files: the first one.
    #[must_use]
    pub fn leads(&self) -> bool {
        self.rank() == 0
    }

    /// What messages of this rank begin with, where there are others.
    #[must_use]
    pub fn label(&self) -> String {
        match &self.0 {
            Some(job) => format!("rank {} on {}", job.exchange.rank(), job.exchange.host()),
            None => "rank 0".to_owned(),
        }
    }

    /// Some of `count` things, dealt to ranks in order and as evenly as can be: those of this rank.
    #[must_use]
    pub fn share(&self, count: usize) -> std::ops::Range<usize> {
        self.share_of(self.rank(), count)
    }

    /// [`Ranks::share`] of any rank.
    #[must_use]
    pub fn share_of(&self, rank: usize, count: usize) -> std::ops::Range<usize> {
        let size = self.size();
        count * rank / size..count * (rank + 1) / size
    }

    /// What every rank has to tell.
    #[must_use]
    pub fn gather(&self, own: &[u8]) -> AllTold {
        let Some(job) = &self.0 else { return AllTold { bytes: own.to_vec(), ends: vec![own.len()] } };
        let start = Instant::now();
        let gathered = job.exchange.gather(own);
        job.meetings.fetch_add(1, Ordering::Relaxed);
        job.bytes.fetch_add(own.len() as u64, Ordering::Relaxed);
        job.nanoseconds.fetch_add(start.elapsed().as_nanos() as u64, Ordering::Relaxed);
        gathered
    }

    /// Whether each of some things holds of any rank.
    #[must_use]
    pub fn any_of<const N: usize>(&self, own: [bool; N]) -> [bool; N] {
        if !self.are_many() {
            return own;
        }
        let all = self.gather(&own.map(u8::from));
        std::array::from_fn(|i| (0..self.size()).any(|rank| all.of(rank).get(i) == Some(&1)))
    }

    /// What the leading rank has; `own` is asked for there only.
    #[must_use]
    pub fn from_leader(&self, own: impl FnOnce() -> Vec<u8>) -> Vec<u8> {
        let own = if self.leads() { own() } else { Vec::new() };
        if self.are_many() { self.gather(&own).of(0).to_vec() } else { own }
    }

    /// The first rank that has something else than the leading one: the rank, its machine, and what it has.
    #[must_use]
    pub fn first_other(&self, own: &str) -> Option<Elsewhere> {
        if !self.are_many() {
            return None;
        }
        let all = self.told(own);
        let at = (1..all.len()).find(|rank| all[*rank].1 != all[0].1)?;
        let (host, told) = all[at].clone();
        Some(Elsewhere { rank: at, host, told })
    }

    /// The failure of the first rank that has one. Where `None` is told, no rank has.
    #[must_use]
    pub fn first_failure(&self, own: Option<&str>) -> Option<Elsewhere> {
        if !self.are_many() {
            return own.map(|told| Elsewhere { rank: 0, host: String::new(), told: told.to_owned() });
        }
        let all = self.told(&own.map_or_else(String::new, |told| format!("!{told}")));
        let rank = (0..all.len()).find(|rank| all[*rank].1.starts_with('!'))?;
        let (host, told) = all[rank].clone();
        Some(Elsewhere { rank, host, told: told[1..].to_owned() })
    }

    /// Sends bytes to some ranks, and hands `take` what has come from others: see [`Exchange::trade`].
    pub fn trade(&self, out: Vec<(usize, Vec<u8>)>, take: &mut dyn FnMut(usize, &[u8])) {
        if let Some(job) = &self.0 {
            job.exchange.trade(out, take);
        }
    }

    /// What meetings cost this rank so far.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        let Some(job) = &self.0 else { return Traffic::default() };
        let seconds = job.nanoseconds.load(Ordering::Relaxed) as f64 * 1e-9;
        Traffic { meetings: job.meetings.load(Ordering::Relaxed), bytes: job.bytes.load(Ordering::Relaxed), seconds }
    }

    /// From here on each rank has this to do, in words; every rank knows it of all of them.
    pub fn assign(&self, duties: Vec<String>) {
        if let Some(job) = &self.0 {
            *job.duties.lock().unwrap_or_else(PoisonError::into_inner) = duties;
        }
    }

    /// What a rank has to do, where that was said.
    #[must_use]
    pub fn duty(&self, rank: usize) -> Option<String> {
        let duties = self.0.as_ref()?.duties.lock().unwrap_or_else(PoisonError::into_inner);
        duties.get(rank).filter(|duty| !duty.is_empty()).cloned()
    }

    /// Ends every rank at once, as failed.
    pub fn end_all(&self) -> ! {
        match &self.0 {
            Some(job) => job.exchange.end_all(),
            None => std::process::exit(1),
        }
    }

    /// By rank: its machine, and what it has.
    fn told(&self, own: &str) -> Vec<(String, String)> {
        let host = self.0.as_ref().map_or_else(String::new, |job| job.exchange.host());
        let all = self.gather(format!("{host}\n{own}").as_bytes());
        let texts = (0..self.size()).map(|rank| String::from_utf8_lossy(all.of(rank)).into_owned());
        texts
            .map(|text| text.split_once('\n').map(|(host, own)| (host.to_owned(), own.to_owned())).unwrap_or_default())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn one_rank_meets_nobody() {
        let ranks = Ranks::alone();
        assert_eq!((ranks.rank(), ranks.size(), ranks.leads(), ranks.share(7)), (0, 1, true, 0..7));
        assert_eq!(ranks.any_of([true, false]), [true, false]);
        assert_eq!(ranks.gather(b"own").of(0), b"own");
        assert_eq!(ranks.first_other("x"), None);
        assert_eq!(ranks.first_failure(None), None);
    }

    #[test]
    fn what_is_sent_comes_in_order_however_slow_a_link_is() {
        let slow =
            |from: usize, to: usize, count: u64| Duration::from_micros((from * 7 + to * 3) as u64 * 50 * (count % 4));
        let heard = local::run_over(3, slow, |ranks| {
            let mut come = vec![Vec::new(); 3];
            for number in 0..20_u8 {
                let others = (0..3).filter(|other| *other != ranks.rank());
                ranks.trade(others.map(|other| (other, vec![number])).collect(), &mut |from, bytes| {
                    come[from].extend_from_slice(bytes);
                });
            }
            while come.iter().map(Vec::len).sum::<usize>() < 40 {
                ranks.trade(Vec::new(), &mut |from, bytes| come[from].extend_from_slice(bytes));
            }
            come
        });
        for (rank, come) in heard.into_iter().enumerate() {
            for (from, come) in come.into_iter().enumerate().filter(|(from, _)| *from != rank) {
                assert_eq!(come, (0..20).collect::<Vec<u8>>(), "{from} to {rank}");
            }
        }
    }

    #[test]
    fn ranks_hear_each_other_in_order() {
        let heard = local::run(3, |ranks| {
            let own = vec![ranks.rank() as u8; ranks.rank()];
            let all = ranks.gather(&own);
            let any = ranks.any_of([ranks.rank() == 2, false]);
            let led = ranks.from_leader(|| vec![9]);
            let other =
                ranks.first_other(if ranks.rank() == 1 { "b" } else { "a" }).map(|other| (other.rank, other.told));
            let failed =
                ranks.first_failure((ranks.rank() > 0).then_some("why")).map(|failed| (failed.rank, failed.told));
            assert!(ranks.first_failure(None).is_none());
            assert_eq!(ranks.traffic().meetings, 6);
            ((0..3).map(|rank| all.of(rank).to_vec()).collect::<Vec<_>>(), any, led, other, failed, ranks.share(8))
        });
        for (rank, (all, any, led, other, failed, share)) in heard.into_iter().enumerate() {
            assert_eq!(all, [vec![], vec![1], vec![2, 2]]);
            assert_eq!((any, led), ([true, false], vec![9]));
            assert_eq!(other, Some((1, "b".to_owned())));
            assert_eq!(failed, Some((1, "why".to_owned())));
            assert_eq!(share, [0..2, 2..5, 5..8][rank]);
        }
    }
}
