//! Ranks as threads of one process: for tests of what is dealt to ranks, which need no launcher.

use super::{AllTold, Exchange, Ranks};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// Where all threads of a job meet.
#[derive(Debug, Default)]
struct Meeting {
    state: Mutex<MeetingState>,
    changed: Condvar,
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
        let Meeting { state, changed } = &*self.meeting;
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

    fn end_all(&self) -> ! {
        panic!("rank {} ends all ranks", self.rank);
    }
}

/// Runs `body` as every one of `size` ranks at once; what each returned, in order.
///
/// # Panics
/// Where one of them does. Then the others must not be waiting for it.
pub fn run<T: Send>(size: usize, body: impl Fn(Ranks) -> T + Sync) -> Vec<T> {
    let state = Mutex::new(MeetingState { told: vec![None; size], ..MeetingState::default() });
    let meeting = Arc::new(Meeting { state, changed: Condvar::new() });
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
