//! Numbers as people read them.

/// `1,234,567`
#[must_use]
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `4.4 MiB`
#[must_use]
pub fn bytes(n: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if n < 1024 {
        return format!("{n} B");
    }
    let mut value = n as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// Nats and other figures of everyday size, to two places; anything else with four digits and an exponent.
#[must_use]
pub fn figure(value: f64) -> String {
    if value == 0.0 || (0.01..1e7).contains(&value.abs()) { format!("{value:.2}") } else { format!("{value:.3e}") }
}

/// A figure that may not be there.
#[must_use]
pub fn figure_or_dash(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), figure)
}

/// `97.3 %`
#[must_use]
pub fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// `3.2 s`, `250 s`
#[must_use]
pub fn seconds(value: f64) -> String {
    if value < 100.0 { format!("{value:.1} s") } else { format!("{value:.0} s") }
}
