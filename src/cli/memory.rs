//! How much memory this process takes, and how much there is for it.

use super::failure::Failure;
use super::table;
use crate::circuit::cost::Cost;
use crate::circuit::{Circuit, ExecutorKind, Schedule};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// How often what is held is looked at.
const INTERVAL: Duration = Duration::from_millis(20);

/// The most memory that the process has had, in bytes, where the system tells.
pub(super) fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

/// What a circuit is to be given memory for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Use {
    /// Weights with what their optimiser remembers, and a batch.
    Training,
    /// Weights, and so many samples at once.
    Settling(usize),
    /// So many bytes of weights, and so many samples at once.
    SettlingPart(u64, usize),
}

/// Refuses, before it is taken, more memory than there is: an allocation that fails ends the process without a word.
pub(super) fn refuse_too_large(circuit: &Circuit, what: Use) -> Result<(), Failure> {
    let cost = Cost::new(circuit);
    let actors = actors(circuit, cost.populations.len() as u64);
    let totals = cost.totals;
    let settling = |weights: u64, samples: usize| {
        let activity = totals.activity_bytes / totals.batch.max(1);
        (weights.saturating_add(activity.saturating_mul(samples as u64)), "settling")
    };
    let (needed, word) = match what {
        Use::Training => (totals.training_bytes.saturating_add(totals.activity_bytes), "training"),
        Use::Settling(samples) => settling(totals.weight_bytes, samples),
        Use::SettlingPart(weights, samples) => settling(weights, samples),
    };
    let needed = needed.saturating_add(actors);
    match available() {
        Some(there) if needed > there => Err(Failure::Request(format!(
            "{word} \"{}\" takes about {}, and {} are free for this process; choose smaller layers, fewer samples at once, \
             or another machine",
            circuit.name(),
            table::bytes(needed),
            table::bytes(there)
        ))),
        _ => Ok(()),
    }
}

/// What actors take beside what their populations hold: measured with 1,000 to 4,000 layers of three neurons, 24 kB a task
/// or 44 kB a thread, and a number for each pair of populations.
fn actors(circuit: &Circuit, populations: u64) -> u64 {
    let settling = circuit.settling();
    match (&settling.schedule, settling.executor) {
        (Schedule::Bounded { .. } | Schedule::Free { .. }, ExecutorKind::Tasks) => {
            24_000 * populations + 8 * populations.pow(2)
        }
        (Schedule::Bounded { .. } | Schedule::Free { .. }, ExecutorKind::Threads) => {
            44_000 * populations + 8 * populations.pow(2)
        }
        _ => 0,
    }
}

/// Bytes that this process can still have: of the machine, of its control group, and of its own limit, the least that the
/// system tells of.
fn available() -> Option<u64> {
    let text = |path: &str| std::fs::read_to_string(path).ok();
    let kilobytes = |text: &str, key: &str| -> Option<u64> {
        let line = text.lines().find_map(|line| line.strip_prefix(key))?;
        Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
    };
    let number = |path: &str| text(path)?.trim().parse::<u64>().ok();
    let machine = text("/proc/meminfo").and_then(|text| kilobytes(&text, "MemAvailable:"));
    let group = number("/sys/fs/cgroup/memory.max")
        .map(|most| most.saturating_sub(number("/sys/fs/cgroup/memory.current").unwrap_or(0)));
    let taken = text("/proc/self/status").and_then(|text| kilobytes(&text, "VmSize:")).unwrap_or(0);
    let own = text("/proc/self/limits").and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("Max address space"))?.to_owned();
        line.split_whitespace().next()?.parse::<u64>().ok()
    });
    [machine, group, own.map(|most| most.saturating_sub(taken))].into_iter().flatten().min()
}

/// Does some work, and tells the most bytes that were allocated at once meanwhile, as far as a look every 20 ms shows
/// it. The peak of a process would be that of whatever it did before: an allocator keeps what it once had. Nothing is
/// told where the program was built without `counting`.
pub(super) fn watched<T>(work: impl FnOnce() -> T) -> (T, Option<u64>) {
    if cfg!(not(feature = "counting")) {
        return (work(), None);
    }
    let (peak, is_done) = (AtomicU64::new(allocated()), AtomicBool::new(false));
    let result = std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            while !is_done.load(Ordering::Acquire) {
                peak.fetch_max(allocated(), Ordering::Relaxed);
                std::thread::park_timeout(INTERVAL);
            }
        });
        // Also where the work panics: the scope waits for the watcher.
        let _end = End { is_done: &is_done, watcher: watcher.thread() };
        work()
    });
    let peak = peak.into_inner();
    (result, (peak > 0).then_some(peak))
}

/// Ends the watcher when it goes.
struct End<'a> {
    is_done: &'a AtomicBool,
    watcher: &'a std::thread::Thread,
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.is_done.store(true, Ordering::Release);
        self.watcher.unpark();
    }
}

/// How often memory was asked for since the process began. Nobody counts where the program was built without
/// `counting`; where another binary than that of this package has no such allocator, the count stays 0.
pub(super) fn allocations() -> Option<usize> {
    #[cfg(feature = "counting")]
    {
        let stats = stats_alloc::INSTRUMENTED_SYSTEM.stats();
        Some(stats.allocations + stats.reallocations)
    }
    #[cfg(not(feature = "counting"))]
    None
}

/// Bytes that are allocated now; 0 where nobody counts.
fn allocated() -> u64 {
    #[cfg(feature = "counting")]
    {
        let stats = stats_alloc::INSTRUMENTED_SYSTEM.stats();
        stats.bytes_allocated.saturating_sub(stats.bytes_deallocated) as u64
    }
    #[cfg(not(feature = "counting"))]
    0
}
