//! The report of a study as a page: sound HTML without a script, whose links lead somewhere, with every kind of figure.

use gncn::study::report::{
    AgeChart, AgePanel, Chart, Curve, CurveChart, Fact, Finding, HeatCell, HeatMap, Illustration, ReportCell,
    ReportRow, ReportTable, Span, Spread, Spreads, StudyReport,
};
use std::collections::HashSet;

/// A report with every kind of figure, and with names that would break a page that believed them.
fn sample() -> StudyReport {
    let schedules =
        ["Synchronous", "Free(fire: OnAnswer)", "VirtualTime(delay: Fixed(4), drop: 0.05)", "<b>\"bold\" & 'odd'"];
    StudyReport {
        name: "async-vs-sync".to_owned(),
        question: "What does lateness do to a trained circuit, and what <does> it cost?".to_owned(),
        facts: [
            ("gncn", "0.1.0"),
            ("machine", "x86_64, 2 threads; load 0.4 at the start and 1.9 at the end"),
            ("weights", "rao: trained on digits for 1 epoch from seeds 0, 1"),
            ("images", "100 test images of digits"),
        ]
        .map(|(name, value)| Fact { name: name.to_owned(), value: value.to_owned() })
        .to_vec(),
        commands: vec!["gncn study circuits/studies/async-vs-sync.ron -o studies/async-vs-sync --quick".to_owned()],
        cautions: vec!["Points whose schedule promises no bits were run 5 times; another run differs.".to_owned()],
        findings: findings(&schedules),
        summary: table(&schedules),
        listing: table(&schedules),
        illustrations: illustrations(&schedules),
        points: "points.csv".to_owned(),
    }
}

fn findings(schedules: &[&str]) -> Vec<Finding> {
    let finding = |(i, name): (usize, &&str)| Finding {
        measure: "free energy".to_owned(),
        unit: "nats an image".to_owned(),
        point: format!("rao, settling.schedule: {name}"),
        baseline: "settling.schedule: Synchronous".to_owned(),
        baseline_mean: 47.9,
        difference: [0.0, 0.4, 12.6, -3.1][i],
        interval: Some(Span { low: [0.0, -0.2, 11.9, -3.6][i], high: [0.0, 1.0, 13.4, -2.4][i] }),
        level: 0.95,
        method: "bootstrap (BCa)".to_owned(),
        units: "images".to_owned(),
        count: 100,
        effect: Some(1.2),
        p_corrected: Some(0.0004),
        less_is_better: Some(true),
        left_out: i / 3,
        rows: vec![1, i + 1],
    };
    schedules.iter().enumerate().skip(1).map(finding).collect()
}

fn table(schedules: &[&str]) -> ReportTable {
    let cell = |value: f64, row: usize| ReportCell {
        value: Some(value),
        deviation: row.is_multiple_of(2).then_some(0.21),
        rows: vec![row],
        ..ReportCell::default()
    };
    let row = |(i, name): (usize, &&str)| ReportRow {
        labels: vec!["rao".to_owned(), (*name).to_owned(), "50".to_owned()],
        cells: vec![
            cell(47.9 + 10.0 * i as f64, i + 1),
            cell(46.2 + i as f64, i + 1),
            cell(1.2e7, i + 1),
            ReportCell::default(),
            ReportCell { word: Some(["rests", "moves", "oscillates", "diverges"][i].to_owned()), ..cell(0.0, i + 1) },
        ],
    };
    ReportTable {
        labels: ["circuit", "settling.schedule", "settling.steps"].map(str::to_owned).to_vec(),
        measures: [
            "free energy, nats an image",
            "BCE, nats an image",
            "operations an image",
            "updates to rest",
            "phase",
        ]
        .map(str::to_owned)
        .to_vec(),
        rows: schedules.iter().enumerate().map(row).collect(),
    }
}

fn illustrations(schedules: &[&str]) -> Vec<Illustration> {
    let decay = |i: usize, t: f64| 46.0 + 90.0 * (-t / (8.0 + 6.0 * i as f64)).exp();
    let curve = |(i, name): (usize, &&str)| Curve {
        name: (*name).to_owned(),
        points: (0..=50)
            .map(|t| (f64::from(t), if i == 3 && t > 20 { f64::NAN } else { decay(i, f64::from(t)) }))
            .collect(),
        band: (i == 1)
            .then(|| (0..=50).map(|t| decay(i, f64::from(t))).map(|f| Span { low: f - 3.0, high: f + 6.0 }).collect()),
        rows: vec![i + 1],
    };
    let curves = CurveChart {
        across: "updates".to_owned(),
        up: "free energy, nats an image".to_owned(),
        band: "from the least to the most of 5 runs".to_owned(),
        curves: schedules.iter().enumerate().map(curve).collect(),
    };
    let cell = |i: usize| HeatCell {
        value: (i != 11).then(|| 45.0 * 3_f64.powi((i % 4 * (i / 4)) as i32)),
        phase: ["rests", "oscillates", "diverges"][(i % 4 * (i / 4)).min(2)].to_owned(),
        rows: vec![i % 4 + 1],
    };
    let heat = HeatMap {
        across: "settling.schedule.delay".to_owned(),
        down: "layers.z1.beta".to_owned(),
        measure: "free energy, nats an image".to_owned(),
        columns: ["Fixed(0)", "Fixed(2)", "Fixed(4)", "Fixed(8)"].map(str::to_owned).to_vec(),
        lines: ["0.03", "0.05", "0.1"].map(str::to_owned).to_vec(),
        cells: (0..12).map(cell).collect(),
    };
    let spread = |(i, name): (usize, &&str)| Spread {
        name: (*name).to_owned(),
        values: (0..100)
            .map(|n| 30.0 + 5.0 * i as f64 + (f64::from(n) * 0.7).sin() * 12.0 + f64::from(n) * 0.15)
            .collect(),
        rows: vec![i + 1],
    };
    let spreads = Spreads {
        across: "free energy, nats an image".to_owned(),
        of: "images".to_owned(),
        spreads: schedules.iter().enumerate().map(spread).collect(),
    };
    let panel = |link: &str, ages: usize| AgePanel {
        link: link.to_owned(),
        staleness: (0..64).map(|age| if age < ages { 100 / (age as u64 + 1) } else { 0 }).collect(),
        unheard: if ages > 40 { Vec::new() } else { vec![90, 8, 2, 0, 0, 0] },
    };
    let ages = AgeChart {
        links: vec![panel("z0.error → z1", 3), panel("z1 → z1.error", 12), panel("z2 → z1.error", 64)],
        rows: vec![2],
    };
    let illustration = |title: &str, chart: Chart| Illustration {
        title: title.to_owned(),
        caption: format!("{title}, at 50 updates; see the table for the same numbers."),
        chart,
    };
    vec![
        illustration("Free energy while settling", Chart::Curves(curves)),
        illustration("Where it rests, oscillates, diverges", Chart::Heat(heat)),
        illustration("Free energy of single images", Chart::Spreads(spreads)),
        illustration("Ages on each link", Chart::Ages(ages)),
    ]
}

#[test]
fn a_report_is_a_sound_page() {
    let html = sample().to_html();
    // To be looked at.
    std::fs::write(std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("report.html"), &html).expect("a file");
    balanced(&html);
    let (ids, links) = (attributes(&html, "id"), attributes(&html, "href"));
    let known: HashSet<_> = ids.iter().collect();
    assert_eq!(known.len(), ids.len(), "ids are unique");
    assert!(links.len() > 20);
    for link in links {
        match link.strip_prefix('#') {
            Some(id) => assert!(known.contains(&id.to_owned()), "{link} leads nowhere"),
            None => assert!(link.starts_with("points.csv#row="), "{link} leads out of the folder"),
        }
    }
    let count = |text: &str| html.matches(text).count();
    assert_eq!(count("<figure "), 4);
    assert_eq!(count("<svg class=\"chart\""), 4);
    assert_eq!(count("<desc "), 4, "each has a description");
    assert_eq!(count("The same as a table"), 4);
    assert!(html.contains(">8 columns: scroll the table sideways"), "a wide table says on a telephone that it goes on");
    for name in ["free energy, nats an image", "settling.schedule.delay", "updates", "staleness, firings of the sender"]
    {
        assert!(html.contains(&format!(">{name}")) || html.contains(&format!(": {name}")), "an axis says {name}");
    }
}

#[test]
fn a_report_runs_nothing_and_asks_for_nothing() {
    let html = sample().to_html();
    for bad in ["<script", "<b>", "http:", "https:", "javascript:", "<img", "<link", "@import", "url(", " style="] {
        assert!(!html.contains(bad), "{bad}");
    }
    let mut rest = html.as_str();
    while let Some(at) = rest.find('<') {
        let tag = &rest[at..at + rest[at..].find('>').expect("tags end")];
        let handler = tag.split_whitespace().find(|part| part.starts_with("on") && part.contains('='));
        assert_eq!(handler, None, "{tag}");
        rest = &rest[at + tag.len()..];
    }
    assert!(html.contains("default-src 'none'"));
}

#[test]
fn an_empty_report_and_odd_numbers_are_no_trouble() {
    balanced(&StudyReport::default().to_html());
    let odd = [f64::NAN, f64::INFINITY, f64::MAX, f64::MIN, 0.0, f64::MIN_POSITIVE];
    let mut report = sample();
    for shown in &mut report.illustrations {
        match &mut shown.chart {
            Chart::Curves(chart) => {
                for curve in &mut chart.curves {
                    curve.points = odd.iter().map(|value| (1.0, *value)).collect();
                }
            }
            Chart::Heat(map) => map.cells.iter_mut().zip(odd).for_each(|(cell, value)| cell.value = Some(value)),
            Chart::Spreads(chart) => chart.spreads.iter_mut().for_each(|spread| spread.values = odd.to_vec()),
            Chart::Ages(chart) => chart.links.iter_mut().for_each(|link| link.staleness = vec![u64::MAX / 2, 1]),
        }
    }
    let html = report.to_html();
    balanced(&html);
    assert!(!html.contains("=\"NaN\"") && !html.contains("=\"inf\""), "places are numbers");
}

/// Every element that is opened is closed, in turn.
fn balanced(html: &str) {
    const VOID: [&str; 1] = ["meta"];
    let mut open: Vec<&str> = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let end = at + rest[at..].find('>').expect("tags end");
        let tag = &rest[at + 1..end];
        rest = &rest[end + 1..];
        if tag.starts_with('!') || tag.ends_with('/') {
            continue;
        }
        let name = tag.trim_start_matches('/').split([' ', '\n']).next().unwrap_or_default();
        match tag.starts_with('/') {
            true => assert_eq!(open.pop(), Some(name), "closed out of turn before: {}", &rest[..rest.len().min(80)]),
            false if VOID.contains(&name) => (),
            false => open.push(name),
        }
    }
    assert!(open.is_empty(), "{open:?} are left open");
}

/// All values of an attribute.
fn attributes(html: &str, name: &str) -> Vec<String> {
    let start = format!(" {name}=\"");
    html.split(&start).skip(1).map(|rest| rest.split('"').next().unwrap_or_default().to_owned()).collect()
}
