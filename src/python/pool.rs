//! Worker threads, and how long work is waited for: in a pool of this module's own, which a forked process replaces, with
//! the interpreter's lock let go and an eye on Ctrl-C.

use crate::failure::Failure;
use gncn::StopFlag;
use pyo3::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How often work is interrupted to see whether Ctrl-C was pressed.
const GLANCE: Duration = Duration::from_millis(50);

/// The pool, the process that it belongs to, and how many threads were asked for (0: as many as there are cores).
struct Workers {
    pool: Option<(u32, Arc<ThreadPool>)>,
    asked: usize,
}

static WORKERS: Mutex<Workers> = Mutex::new(Workers { pool: None, asked: 0 });

thread_local! {
    /// Whether this thread is calling Python code from within an episode.
    static CALLING: Cell<bool> = const { Cell::new(false) };
}

/// Sets how many worker threads settle; 0 is as many as there are cores.
#[pyfunction]
pub(crate) fn set_threads(count: usize) -> PyResult<()> {
    const MOST: usize = 4096;
    if count > MOST {
        return Err(
            Failure::Request(format!("{count} threads are too many; 0 (one a core) to {MOST} are legal")).into()
        );
    }
    let mut workers = WORKERS.lock().unwrap_or_else(PoisonError::into_inner);
    workers.asked = count;
    abandon(&mut workers);
    Ok(())
}

/// How many worker threads settle.
#[pyfunction]
pub(crate) fn threads() -> PyResult<usize> {
    Ok(pool()?.current_num_threads())
}

/// Lets go of the pool. That of a process which this one was forked from has no threads here, and waiting for their end
/// would wait forever: it is forgotten.
fn abandon(workers: &mut Workers) {
    if let Some((owner, pool)) = workers.pool.take()
        && owner != std::process::id()
    {
        std::mem::forget(pool);
    }
}

fn pool() -> Result<Arc<ThreadPool>, Failure> {
    let mut workers = WORKERS.lock().unwrap_or_else(PoisonError::into_inner);
    match &workers.pool {
        Some((owner, pool)) if *owner == std::process::id() => Ok(Arc::clone(pool)),
        _ => {
            abandon(&mut workers);
            let built = ThreadPoolBuilder::new().num_threads(workers.asked).build();
            let pool = Arc::new(built.map_err(|cause| Failure::Run(format!("no threads to work with: {cause}")))?);
            workers.pool = Some((std::process::id(), Arc::clone(&pool)));
            Ok(pool)
        }
    }
}

/// Refuses work that Python code asks for from within an episode: the thread that would do it is the one that waits.
pub(crate) fn refuse_within_an_episode() -> Result<(), Failure> {
    if CALLING.get() {
        let problem = "an observer or an order of firings can't settle, learn, train or measure: the episode that called it \
                       waits for it; keep what it was told, and settle afterwards";
        return Err(Failure::Request(problem.to_owned()));
    }
    Ok(())
}

/// Calls Python code from within an episode.
pub(crate) fn call<T>(code: impl FnOnce(Python<'_>) -> T) -> T {
    Python::attach(|py| {
        let before = CALLING.replace(true);
        let result = code(py);
        CALLING.set(before);
        result
    })
}

/// Does `job` on a worker thread. Ctrl-C (or another signal whose handler raises) requests `stop` and is raised once the
/// job has ended; a panic is [`Failure::Bug`]. The interpreter's lock must have been let go.
pub(crate) fn work<T: Send>(stop: &StopFlag, job: impl FnOnce() -> Result<T, Failure> + Send) -> Result<T, Failure> {
    let pool = pool()?;
    let (mut outcome, mut raised) = (None, None);
    pool.in_place_scope(|scope| {
        let (done, ended) = channel::<()>();
        let outcome = &mut outcome;
        scope.spawn(move |_| {
            *outcome = Some(catch_unwind(AssertUnwindSafe(job)));
            drop(done);
        });
        while let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(GLANCE) {
            if raised.is_none() {
                raised = Python::attach(|py| py.check_signals()).err();
                if raised.is_some() {
                    stop.request();
                }
            }
        }
    });
    if let Some(error) = raised {
        stop.clear();
        return Err(error.into());
    }
    match outcome {
        Some(Ok(result)) => result,
        Some(Err(panic)) => Err(Failure::panicked(&*panic)),
        None => {
            Err(Failure::Bug("a worker ended without an answer. This is a bug in gncn; please report it".to_owned()))
        }
    }
}
