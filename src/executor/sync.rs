//! Channels, locks, atomics and threads of actors, under one name: so that a model checker can put its own in their place
//! (feature `shuttle`) and try the orders in which threads may run.

#[cfg(not(feature = "shuttle"))]
pub(super) use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, unbounded};
#[cfg(not(feature = "shuttle"))]
pub(super) use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
#[cfg(not(feature = "shuttle"))]
pub(super) use std::sync::{Mutex, PoisonError};
#[cfg(not(feature = "shuttle"))]
pub(super) use std::thread;

#[cfg(feature = "shuttle")]
pub(super) use checked::{Receiver, RecvTimeoutError, Sender, bounded, unbounded};
#[cfg(feature = "shuttle")]
pub(super) use shuttle::sync::Mutex;
#[cfg(feature = "shuttle")]
pub(super) use shuttle::sync::atomic::{AtomicBool, AtomicU64, Ordering};
#[cfg(feature = "shuttle")]
pub(super) use shuttle::thread;
#[cfg(feature = "shuttle")]
pub(super) use std::sync::PoisonError;

/// What the model checker knows as channels, with as much of crossbeam's face as actors use.
#[cfg(feature = "shuttle")]
mod checked {
    use shuttle::sync::{Condvar, Mutex};
    use std::collections::VecDeque;
    use std::fmt;
    use std::sync::Arc;
    use std::time::Duration;

    /// Why nothing was received.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(in crate::executor) enum RecvTimeoutError {
        /// There is no time under the model checker; crossbeam has this one.
        #[expect(dead_code, reason = "matched by who listens with a limit")]
        Timeout,
        Disconnected,
    }

    struct ChannelCore<T> {
        state: Mutex<State<T>>,
        changed: Condvar,
        most: usize,
    }

    struct State<T> {
        queue: VecDeque<T>,
        senders: usize,
        receivers: usize,
    }

    pub(in crate::executor) struct Sender<T>(Arc<ChannelCore<T>>);
    pub(in crate::executor) struct Receiver<T>(Arc<ChannelCore<T>>);

    pub(in crate::executor) fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
        bounded(usize::MAX)
    }

    pub(in crate::executor) fn bounded<T>(most: usize) -> (Sender<T>, Receiver<T>) {
        let state = Mutex::new(State { queue: VecDeque::new(), senders: 1, receivers: 1 });
        let shared = Arc::new(ChannelCore { state, changed: Condvar::new(), most });
        (Sender(Arc::clone(&shared)), Receiver(shared))
    }

    impl<T> ChannelCore<T> {
        fn with<R>(&self, change: impl FnOnce(&mut State<T>) -> R) -> R {
            let result = change(&mut self.state.lock().expect("no panic under this lock"));
            self.changed.notify_all();
            result
        }
    }

    impl<T> Sender<T> {
        pub(in crate::executor) fn send(&self, value: T) -> Result<(), T> {
            let mut state = self.0.state.lock().expect("no panic under this lock");
            while state.receivers > 0 && state.queue.len() >= self.0.most {
                state = self.0.changed.wait(state).expect("no panic under this lock");
            }
            if state.receivers == 0 {
                return Err(value);
            }
            state.queue.push_back(value);
            drop(state);
            self.0.changed.notify_all();
            Ok(())
        }
    }

    impl<T> Receiver<T> {
        pub(in crate::executor) fn recv(&self) -> Result<T, RecvTimeoutError> {
            let mut state = self.0.state.lock().expect("no panic under this lock");
            loop {
                if let Some(value) = state.queue.pop_front() {
                    drop(state);
                    self.0.changed.notify_all();
                    return Ok(value);
                }
                if state.senders == 0 {
                    return Err(RecvTimeoutError::Disconnected);
                }
                state = self.0.changed.wait(state).expect("no panic under this lock");
            }
        }

        pub(in crate::executor) fn recv_timeout(&self, _: Duration) -> Result<T, RecvTimeoutError> {
            self.recv()
        }

        pub(in crate::executor) fn try_iter(&self) -> impl Iterator<Item = T> {
            std::iter::from_fn(|| self.0.with(|state| state.queue.pop_front()))
        }
    }

    impl<T: 'static> IntoIterator for Receiver<T> {
        type Item = T;
        type IntoIter = Box<dyn Iterator<Item = T>>;

        fn into_iter(self) -> Self::IntoIter {
            Box::new(std::iter::from_fn(move || self.recv().ok()))
        }
    }

    impl<T> Clone for Sender<T> {
        fn clone(&self) -> Self {
            self.0.with(|state| state.senders += 1);
            Self(Arc::clone(&self.0))
        }
    }

    impl<T> Clone for Receiver<T> {
        fn clone(&self) -> Self {
            self.0.with(|state| state.receivers += 1);
            Self(Arc::clone(&self.0))
        }
    }

    impl<T> Drop for Sender<T> {
        fn drop(&mut self) {
            self.0.with(|state| state.senders -= 1);
        }
    }

    impl<T> Drop for Receiver<T> {
        fn drop(&mut self) {
            self.0.with(|state| state.receivers -= 1);
        }
    }

    impl<T> fmt::Debug for Sender<T> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("Sender")
        }
    }

    impl<T> fmt::Debug for Receiver<T> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("Receiver")
        }
    }
}
