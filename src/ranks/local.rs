//! Ranks as threads of one process: for tests of what is dealt to ranks, which need no launcher.

use super::{AllTold, Exchange, Ranks};
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Where all threads of a job meet.
struct Meeting {
    state: Mutex<MeetingState>,
    changed: Condvar,
    /// By sender, and by receiver.
    ways: Vec<Mutex<Way>>,
    delay: Box<Delay>,
}

/// How long what one rank sends to another is on its way: sender, receiver, and how many went before.
type Delay = dyn Fn(usize, usize, u64) -> Duration + Send + Sync;

impl fmt::Debug for Meeting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Meeting")
    }
}

/// What is on its way from one rank to another, with when it comes: never before what was sent earlier.
#[derive(Default)]
struct Way {
    sent: u64,
    last: Option<Instant>,
    under_way: VecDeque<(Instant, Vec<u8>)>,
}

#[derive(Debug, Default)]
struct MeetingState {
    /// By rank: what it told in the meeting under way.
    told: Vec<Option<Vec<u8>>>,
    /// What came of the last meeting, and how many have not taken it yet.
    outcome: AllTold,
    to_take: usize,
}

#[derive(Debug)]
struct ThreadRank {
    meeting: Arc<Meeting>,
    rank: usize,
    size: usize,
}

impl Exchange for ThreadRank {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.size
    }

    fn host(&self) -> String {
        "here".to_owned()
    }

    fn gather(&self, own: &[u8]) -> AllTold {
        let Meeting { state, changed, .. } = &*self.meeting;
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        while state.to_take > 0 {
            state = changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.told[self.rank] = Some(own.to_vec());
        if state.told.iter().all(Option::is_some) {
            let mut outcome = AllTold::default();
            for told in &mut state.told {
                outcome.bytes.extend(told.take().unwrap_or_default());
                outcome.ends.push(outcome.bytes.len());
            }
            (state.outcome, state.to_take) = (outcome, self.size);
            changed.notify_all();
        }
        while state.to_take == 0 {
            state = changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.to_take -= 1;
        changed.notify_all();
        state.outcome.clone()
    }

    fn trade(&self, out: Vec<(usize, Vec<u8>)>, take: &mut dyn FnMut(usize, &[u8])) {
        let Meeting { ways, delay, .. } = &*self.meeting;
        let way = |from: usize, to: usize| ways[from * self.size + to].lock().unwrap_or_else(PoisonError::into_inner);
        for (to, bytes) in out {
            let mut way = way(self.rank, to);
            let due = Instant::now() + delay(self.rank, to, way.sent);
            let due = way.last.map_or(due, |last| last.max(due));
            (way.sent, way.last) = (way.sent + 1, Some(due));
            way.under_way.push_back((due, bytes));
        }
        let now = Instant::now();
        for from in 0..self.size {
            let come = || {
                let mut way = way(from, self.rank);
                let is_due = way.under_way.front().is_some_and(|(due, _)| *due <= now);
                if is_due { way.under_way.pop_front().map(|(_, bytes)| bytes) } else { None }
            };
            std::iter::from_fn(come).for_each(|bytes| take(from, &bytes));
        }
    }

    fn end_all(&self) -> ! {
        panic!("rank {} ends all ranks", self.rank);
    }
}

/// Runs `body` as every one of `size` ranks at once; what each returned, in order.
///
/// # Panics
/// Where one of them does. Then the others must not be waiting for it.
pub fn run<T: Send>(size: usize, body: impl Fn(Ranks) -> T + Sync) -> Vec<T> {
    run_over(size, |_, _, _| Duration::ZERO, body)
}

/// [`run`], where what a rank sends to another takes `delay(sender, receiver, how many went before)`.
///
/// # Panics
/// As [`run`].
pub fn run_over<T: Send>(
    size: usize,
    delay: impl Fn(usize, usize, u64) -> Duration + Send + Sync + 'static,
    body: impl Fn(Ranks) -> T + Sync,
) -> Vec<T> {
    let state = Mutex::new(MeetingState { told: vec![None; size], ..MeetingState::default() });
    let ways = (0..size * size).map(|_| Mutex::default()).collect();
    let meeting = Arc::new(Meeting { state, changed: Condvar::new(), ways, delay: Box::new(delay) });
    std::thread::scope(|scope| {
        let ranks =
            (0..size).map(|rank| Ranks::over(Box::new(ThreadRank { meeting: Arc::clone(&meeting), rank, size })));
        let threads: Vec<_> = ranks.map(|ranks| scope.spawn(|| body(ranks))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}
