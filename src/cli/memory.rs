//! How much memory this process takes, where the system tells: Linux does.

/// The most memory that the process has had, in bytes, since it started or since [`forget_peak`].
pub(super) fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

/// Starts the peak anew at what the process holds now. Where the system has no such thing, the peak stays that of the
/// whole process.
pub(super) fn forget_peak() {
    // 5 resets the peak of the resident set (proc(5)).
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}
