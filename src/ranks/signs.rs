//! Whether the other ranks still live (feature `mpi`): a launcher sees a process that has gone, not one that hangs.
//!
//! Every rank sends a beat to the leading one, and that one to every other, half a second apart and from a thread of its own,
//! so that a rank at work beats, too. Who hears nothing of another for as long as its patience lasts ([`PATIENCE`] unless
//! somebody said otherwise) ends the job and says of whom, and what that one had to do. What counts is this thread's own
//! turns, not the clock: where all of a job is suspended and woken again, nobody is missed, and a rank that is itself short
//! of processors is as much more patient.
//!
//! A beat is a message of one byte with a tag of its own, which no meeting sees. At the end every rank stops beating, all
//! meet, and what is under way is taken in, before MPI ends.

use super::Ranks;
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, CommunicatorCollectives, Destination, Source};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// One turn of the thread.
const TURN: Duration = Duration::from_millis(100);
/// Turns from one beat to the next.
const BEAT: u32 = 5;
/// Time without a beat after which a rank is given up. The thread that beats sleeps and wakes, so that a machine short of
/// processors lets it run at once; ten beats are lost by a process that is stopped, by one that waits for a lost disk with all
/// of its threads, and by a machine that is suspended for longer.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
const TAG: i32 = 7;

/// The thread that beats and listens.
#[derive(Debug)]
pub(super) struct LifeSigns {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl LifeSigns {
    /// Begins to beat and to listen; the ranks' machines are `hosts`.
    pub(super) fn begin(ranks: Ranks, hosts: Vec<String>, patience: Duration) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stop);
        let thread = std::thread::Builder::new().name("gncn-signs".to_owned());
        let thread = thread.spawn(move || Listener::new(ranks, hosts, patience).until(&flag))?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for LifeSigns {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // It does nothing that could panic.
            let _ = thread.join();
        }
        let world = SimpleCommunicator::world();
        world.barrier();
        while take_beat(&world).is_some() {}
    }
}

/// What a rank knows of the others' lives.
struct Listener {
    ranks: Ranks,
    hosts: Vec<String>,
    /// Turns without a beat after which a rank is given up.
    patience: u32,
    /// By rank: turns since its last beat.
    silent: Vec<u32>,
}

impl Listener {
    fn new(ranks: Ranks, hosts: Vec<String>, patience: Duration) -> Self {
        let patience = (patience.as_millis() / TURN.as_millis()).try_into().unwrap_or(u32::MAX);
        Self { ranks, silent: vec![0; hosts.len()], hosts, patience }
    }

    fn until(mut self, stop: &AtomicBool) {
        let world = SimpleCommunicator::world();
        let heard: Vec<usize> = (0..self.hosts.len()).filter(|other| self.hears(*other)).collect();
        for turn in 0_u32.. {
            if stop.load(Ordering::Relaxed) {
                return;
            }
            if turn.is_multiple_of(BEAT) {
                heard.iter().for_each(|other| world.process_at_rank(*other as i32).send_with_tag(&[0_u8][..], TAG));
            }
            while let Some(other) = take_beat(&world) {
                self.silent[other] = 0;
            }
            for other in &heard {
                self.silent[*other] += 1;
                if self.silent[*other] > self.patience {
                    self.give_up(*other);
                }
            }
            std::thread::sleep(TURN);
        }
    }

    /// The leading rank and every other hear each other.
    fn hears(&self, other: usize) -> bool {
        other != self.ranks.rank() && (self.ranks.leads() || other == 0)
    }

    fn give_up(&self, other: usize) -> ! {
        let seconds = (TURN * self.patience).as_secs_f64();
        let host = &self.hosts[other];
        let duty = self.ranks.duty(other).map_or_else(String::new, |duty| format!(", which has {duty},"));
        // Nobody above this thread could tell it, and the process ends here.
        tracing::error!(
            "rank {other} on {host}{duty} has given no sign of life for {seconds} s, which ends all ranks; --patience SECONDS \
             waits longer"
        );
        SimpleCommunicator::world().abort(1)
    }
}

/// The sender of a beat that has come.
fn take_beat(world: &SimpleCommunicator) -> Option<usize> {
    let (message, status) = world.any_process().immediate_matched_probe_with_tag(TAG)?;
    message.matched_receive_into(&mut [0_u8][..]);
    usize::try_from(status.source_rank()).ok()
}
