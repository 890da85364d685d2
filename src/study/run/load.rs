//! How busy the machine is: seconds mean little without it.

/// How many processes wanted a core, averaged over the last minute; where the system tells.
pub(super) fn average() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/loadavg").ok()?;
    text.split_whitespace().next()?.parse().ok()
}
