//! The written reading: sentences made from differences and their intervals, and from nothing else.
//!
//! A difference is told as one only where its interval leaves out zero. Where it doesn't, the interval still says how large
//! the difference may be, and that is what is told. No p stands alone.

use super::data::{Finding, ReportCell, ReportRow, ReportTable};
use super::legend::linked;
use super::text::{escape, number, range, signed};
use std::fmt::Write;

/// Sentences, at the most; the table below has every difference.
const MOST: usize = 12;

/// What an interval says of a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Says {
    Above,
    Below,
    Nothing,
    /// One unit, or an interval that is no number.
    Unknown,
}

/// The sentences as a list, the clearest differences first.
pub(super) fn sentences(findings: &[Finding]) -> String {
    if findings.is_empty() {
        return "<p>The study has no baseline, so no point is compared with another; the table and the figures show what was \
                measured.</p>\n"
            .to_owned();
    }
    let mut order: Vec<&Finding> = findings.iter().collect();
    order.sort_by(|a, b| clarity(b).total_cmp(&clarity(a)));
    let mut out = format!("<p>{}</p>\n<ul class=\"reading\">\n", overview(findings));
    for finding in order.iter().take(MOST) {
        let _ = writeln!(out, "<li>{}{}</li>", escape(&sentence(finding)), linked(&finding.rows));
    }
    out.push_str("</ul>\n");
    if findings.len() > MOST {
        let _ = writeln!(out, "<p>The other {} differences are in the table.</p>", findings.len() - MOST);
    }
    out
}

/// How many differences there are of which kind.
fn overview(findings: &[Finding]) -> String {
    let count = |wanted: Says| findings.iter().filter(|finding| says(finding) == wanted).count();
    let (above, below, nothing, unknown) =
        (count(Says::Above), count(Says::Below), count(Says::Nothing), count(Says::Unknown));
    let mut out = format!(
        "{} compared with {} baseline: {above} above it and {below} below it by an interval that leaves out zero; \
         for {nothing} the interval holds zero.",
        counted(findings.len(), "measure of a point was", "measures of points were"),
        if findings.len() == 1 { "its" } else { "their" }
    );
    if unknown > 0 {
        let _ = write!(out, " {} no interval.", counted(unknown, "has", "have"));
    }
    out
}

fn counted(n: usize, one: &str, more: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { more })
}

/// How far zero lies outside of the interval, in its widths: what can be told most surely comes first.
fn clarity(finding: &Finding) -> f64 {
    match (finding.interval, says(finding)) {
        (Some(span), Says::Above) => span.low / (span.high - span.low).max(f64::MIN_POSITIVE),
        (Some(span), Says::Below) => -span.high / (span.high - span.low).max(f64::MIN_POSITIVE),
        (_, Says::Nothing) => -1.0,
        _ => -2.0,
    }
}

fn says(finding: &Finding) -> Says {
    match finding.interval {
        Some(span) if span.low > 0.0 => Says::Above,
        Some(span) if span.high < 0.0 => Says::Below,
        Some(span) if span.low.is_finite() && span.high.is_finite() => Says::Nothing,
        _ => Says::Unknown,
    }
}

/// What one difference says.
fn sentence(finding: &Finding) -> String {
    let Finding { measure, point, baseline, difference, baseline_mean, .. } = finding;
    let unit = if finding.unit.is_empty() { String::new() } else { format!(" {}", finding.unit) };
    let of = format!("{} {}", finding.count, finding.units);
    let mut out = match (says(finding), finding.interval) {
        (kind @ (Says::Above | Says::Below), Some(span)) => {
            let side = if kind == Says::Above { "above" } else { "below" };
            let size = number(difference.abs());
            format!(
                "{point}: {measure} lies {size}{unit} {side} {baseline} ({} there){}. The {} interval of the difference is {}, by \
                 {} over {of}.",
                number(*baseline_mean),
                judged(finding, kind),
                level(finding.level),
                range(span.low, span.high),
                finding.method,
            )
        }
        (Says::Nothing, Some(span)) => format!(
            "{point}: no difference in {measure} from {baseline} ({} there) can be told. It may be anything from {}{unit} \
             ({} interval, by {} over {of}).",
            number(*baseline_mean),
            range(span.low, span.high),
            level(finding.level),
            finding.method,
        ),
        _ => format!(
            "{point}: {measure} differs by {}{unit} from {baseline} ({} there), in {of} alone, which shows no spread.",
            signed(*difference),
            number(*baseline_mean),
        ),
    };
    if finding.left_out > 0 {
        let _ =
            write!(out, " {} left out, because one side diverged.", counted(finding.left_out, "pair is", "pairs are"));
    }
    out
}

fn judged(finding: &Finding, kind: Says) -> &'static str {
    match (finding.less_is_better, kind) {
        (Some(less), Says::Above) => [", which is better", ", which is worse"][usize::from(less)],
        (Some(less), Says::Below) => [", which is worse", ", which is better"][usize::from(less)],
        _ => "",
    }
}

fn level(level: f64) -> String {
    format!("{} %", super::text::tick(100.0 * level))
}

/// Every difference, as a table.
pub(super) fn table(findings: &[Finding]) -> ReportTable {
    let row = |finding: &Finding| {
        let number = |value: Option<f64>| ReportCell { value, rows: finding.rows.clone(), ..ReportCell::default() };
        let count = ReportCell {
            word: Some(format!("{} {}", finding.count, finding.units)),
            rows: finding.rows.clone(),
            ..ReportCell::default()
        };
        let cells = vec![
            number(Some(finding.baseline_mean)),
            number(Some(finding.difference)),
            number(finding.interval.map(|span| span.low)),
            number(finding.interval.map(|span| span.high)),
            number(finding.effect),
            number(finding.p_corrected),
            count,
            number(Some(finding.left_out as f64)),
        ];
        let measure = match finding.unit.as_str() {
            "" => finding.measure.clone(),
            unit => format!("{}, {unit}", finding.measure),
        };
        ReportRow { labels: vec![finding.point.clone(), finding.baseline.clone(), measure], cells }
    };
    let measures =
        ["at the baseline", "difference", "from", "to", "effect size", "p, corrected", "over", "pairs left out"];
    ReportTable {
        labels: ["point", "compared with", "measure"].map(str::to_owned).to_vec(),
        measures: measures.map(str::to_owned).to_vec(),
        rows: findings.iter().map(row).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::data::Span;
    use super::*;

    fn finding(low: f64, high: f64) -> Finding {
        Finding {
            measure: "free energy".to_owned(),
            unit: "nats an image".to_owned(),
            point: "delay 4".to_owned(),
            baseline: "lock-step".to_owned(),
            baseline_mean: 47.9,
            difference: 0.5 * (low + high),
            interval: Some(Span { low, high }),
            level: 0.95,
            method: "bootstrap (BCa)".to_owned(),
            units: "images".to_owned(),
            count: 100,
            less_is_better: Some(true),
            ..Finding::default()
        }
    }

    #[test]
    fn only_an_interval_without_zero_is_a_difference() {
        let clear = sentence(&finding(1.0, 3.0));
        assert!(clear.contains("2.000 nats an image above lock-step (47.90 there), which is worse"), "{clear}");
        assert!(
            clear.contains("95 % interval of the difference is 1.000 to 3.000, by bootstrap (BCa) over 100 images")
        );
        let better = sentence(&finding(-3.0, -1.0));
        assert!(better.contains("2.000 nats an image below lock-step") && better.contains("better"), "{better}");
        let open = sentence(&finding(-1.0, 3.0));
        assert!(
            open.contains("no difference") && open.contains("−1.000 to 3.000") && !open.contains("above"),
            "{open}"
        );
        let alone = sentence(&Finding { interval: None, count: 1, left_out: 2, ..finding(1.0, 3.0) });
        assert!(alone.contains("shows no spread") && alone.contains("2 pairs are left out"), "{alone}");
    }

    #[test]
    fn the_clearest_difference_comes_first() {
        let mut wide = finding(1.0, 30.0);
        wide.point = "wide".to_owned();
        let html = sentences(&[finding(-1.0, 1.0), wide, finding(2.0, 2.1)]);
        let at = |text: &str| html.find(text).unwrap_or(usize::MAX);
        assert!(at("2.000 to 2.100") < at("wide") && at("wide") < at("no difference"), "{html}");
        assert!(html.contains("3 measures of points were compared with their baseline: 2 above it and 0 below"));
    }
}
