//! Ranks over MPI (feature `mpi`): processes that a launcher such as `mpirun` or `srun` has started.
//!
//! Communicators are looked up where they are used and not kept, so that a rank can be handed from thread to thread.

use super::signs::{LifeSigns, PATIENCE};
use super::{AllTold, Exchange, Ranks};
use mpi::Threading;
use mpi::datatype::PartitionMut;
use mpi::environment::Universe;
use mpi::point_to_point::{MatchedReceiveVec, Message, Status};
use mpi::request::{LocalScope, Request, scope};
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, CommunicatorCollectives, Destination, Source};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Names that launchers put into the environment of the processes that they start: Open MPI, MPICH and its kin, and what
/// starts either under Slurm.
const LAUNCHED: [&str; 4] = ["OMPI_COMM_WORLD_SIZE", "PMI_RANK", "PMI_SIZE", "PMIX_RANK"];

/// MPI at work; it ends, for all ranks together, where this is dropped.
pub struct MpiJob {
    ranks: Ranks,
    // Dropped in this order: they go over MPI.
    _signs: Option<LifeSigns>,
    _universe: Universe,
}

impl MpiJob {
    /// This process as one of a job's ranks.
    #[must_use]
    pub fn ranks(&self) -> &Ranks {
        &self.ranks
    }
}

/// Joins the job that a launcher has started; `None` where none has. A rank that gives no sign of life for `patience`, 5 s
/// where nobody says otherwise, ends the job.
///
/// # Errors
/// A sentence, where MPI can't begin.
pub fn join(patience: Option<Duration>) -> Result<Option<MpiJob>, String> {
    if !LAUNCHED.iter().any(|name| std::env::var_os(name).is_some()) {
        return Ok(None);
    }
    // Actors send from their own threads.
    let Some((universe, threading)) = mpi::initialize_with_threading(Threading::Multiple) else {
        return Err("MPI was begun by something else in this process".to_owned());
    };
    if threading < Threading::Multiple {
        return Err(format!(
            "this MPI allows {threading:?} where MPI_THREAD_MULTIPLE is needed; use one that was built with it"
        ));
    }
    let world = universe.world();
    let (rank, size) = (world.rank() as usize, world.size() as usize);
    let host = mpi::environment::processor_name().unwrap_or_else(|_| "a machine without a name".to_owned());
    let parts = Mutex::new(vec![Vec::new(); size]);
    let ranks = Ranks::over(Box::new(MpiWorld { rank, size, host: host.clone(), parts }));
    let signs = match ranks.are_many() {
        true => {
            let all = ranks.gather(host.as_bytes());
            let hosts = (0..size).map(|rank| String::from_utf8_lossy(all.of(rank)).into_owned()).collect();
            Some(
                LifeSigns::begin(ranks.clone(), hosts, patience.unwrap_or(PATIENCE))
                    .map_err(|cause| format!("no thread to watch the other ranks ({cause})"))?,
            )
        }
        false => None,
    };
    Ok(Some(MpiJob { ranks, _signs: signs, _universe: universe }))
}

/// All processes of the job.
#[derive(Debug)]
struct MpiWorld {
    rank: usize,
    size: usize,
    host: String,
    /// By rank: what has come of bytes that are sent in several parts.
    parts: Mutex<Vec<Vec<u8>>>,
}

/// The tag of what is traded; beats have another.
const TRADE: i32 = 8;

/// Bytes of all ranks together in one exchange: MPI counts by 32-bit numbers.
const MOST: usize = 1 << 30;

impl Exchange for MpiWorld {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.size
    }

    fn host(&self) -> String {
        self.host.clone()
    }

    fn gather(&self, own: &[u8]) -> AllTold {
        let mut lengths = vec![0_u64; self.size];
        SimpleCommunicator::world().all_gather_into(&(own.len() as u64), &mut lengths[..]);
        let lengths: Vec<usize> = lengths.into_iter().map(|length| length as usize).collect();
        if lengths.iter().all(|length| *length == 0) {
            // Open MPI takes an empty buffer of everybody's for a mistake.
            return AllTold { ends: ends(&lengths), bytes: Vec::new() };
        }
        let part = MOST / self.size;
        let rounds = lengths.iter().map(|length| length.div_ceil(part)).max().unwrap_or(0);
        if rounds <= 1 {
            return exchange(own, &lengths);
        }
        let mut told = vec![Vec::new(); self.size];
        for round in 0..rounds {
            let of = |length: usize| (round * part).min(length)..((round + 1) * part).min(length);
            let all =
                exchange(&own[of(own.len())], &lengths.iter().map(|length| of(*length).len()).collect::<Vec<_>>());
            told.iter_mut().enumerate().for_each(|(rank, told)| told.extend_from_slice(all.of(rank)));
        }
        AllTold { ends: ends(&lengths), bytes: told.concat() }
    }

    fn trade(&self, out: Vec<(usize, Vec<u8>)>, take: &mut dyn FnMut(usize, &[u8])) {
        let world = SimpleCommunicator::world();
        let parts: Vec<(usize, Vec<u8>)> =
            out.into_iter().flat_map(|(to, bytes)| in_parts(bytes).into_iter().map(move |part| (to, part))).collect();
        scope(|scope| {
            let mut leaving: Vec<Request<'_, [u8], &LocalScope<'_>>> = parts
                .iter()
                .map(|(to, part)| world.process_at_rank(*to as i32).immediate_send_with_tag(scope, &part[..], TRADE))
                .collect();
            loop {
                leaving = leaving.into_iter().filter_map(|request| request.test().err()).collect();
                let mut has_come = false;
                while let Some(come) = world.any_process().immediate_matched_probe_with_tag(TRADE) {
                    has_come = true;
                    self.take_part(come, take);
                }
                if leaving.is_empty() {
                    return;
                }
                if !has_come {
                    std::thread::yield_now();
                }
            }
        });
    }

    fn end_all(&self) -> ! {
        SimpleCommunicator::world().abort(1)
    }
}

impl MpiWorld {
    /// A part has come; `take` is handed the whole, once it is there.
    fn take_part(&self, come: (Message, Status), take: &mut dyn FnMut(usize, &[u8])) {
        let (mut part, status) = come.matched_receive_vec::<u8>();
        let from = status.source_rank() as usize;
        let is_last = part.pop() == Some(LAST);
        let whole = {
            let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
            if !is_last || !parts[from].is_empty() {
                parts[from].append(&mut part);
                part = if is_last { std::mem::take(&mut parts[from]) } else { part };
            }
            is_last.then_some(part)
        };
        if let Some(whole) = whole {
            take(from, &whole);
        }
    }
}

/// What the last byte of a part says: whether it ends what was sent.
const LAST: u8 = 1;

/// Bytes in parts that MPI can count, each with a byte behind it.
fn in_parts(mut bytes: Vec<u8>) -> Vec<Vec<u8>> {
    let mut parts = Vec::new();
    while bytes.len() > MOST {
        let rest = bytes.split_off(MOST);
        bytes.push(0);
        parts.push(std::mem::replace(&mut bytes, rest));
    }
    bytes.push(LAST);
    parts.push(bytes);
    parts
}

/// Everybody's bytes, of which there are so many by rank.
fn exchange(own: &[u8], lengths: &[usize]) -> AllTold {
    let ends = ends(lengths);
    let mut bytes = vec![0_u8; ends.last().copied().unwrap_or(0)];
    let counts: Vec<i32> = lengths.iter().map(|length| *length as i32).collect();
    let starts: Vec<i32> = ends.iter().zip(lengths).map(|(end, length)| (end - length) as i32).collect();
    SimpleCommunicator::world()
        .all_gather_varcount_into(own, &mut PartitionMut::new(&mut bytes[..], &counts[..], &starts[..]));
    AllTold { bytes, ends }
}

fn ends(lengths: &[usize]) -> Vec<usize> {
    let add = |sum: &mut usize, length: &usize| {
        *sum += length;
        Some(*sum)
    };
    lengths.iter().scan(0, add).collect()
}
