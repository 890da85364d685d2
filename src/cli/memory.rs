//! How much memory this process takes.

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
