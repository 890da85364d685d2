//! A table as people read it: its sections, and Markdown for the file.

use super::plan::PaperTable;
use super::report::{PaperReport, RowReport, SPARSITY, TrialReport};
use super::summary::Summary;
use crate::view::numbers;
use std::fmt::Write as _;

/// One table of a report.
#[derive(Debug)]
pub struct Section {
    /// What it shows.
    pub title: String,
    /// Names of columns; one that starts with `>` stands over a column of numbers, to the right.
    pub header: Vec<&'static str>,
    /// Its cells, row by row.
    pub rows: Vec<Vec<String>>,
}

/// Beside what is published.
const COMPARED: [&str; 5] = ["model", ">published", ">ours ± sd", ">difference", ">n"];

/// The whole report as Markdown.
pub fn markdown(report: &PaperReport) -> String {
    let mut text = format!("# {}\n", title(report));
    for banner in banners(report) {
        let _ = write!(text, "\n> {banner}\n");
    }
    for section in sections(report) {
        let _ = write!(text, "\n## {}\n\n{}", section.title, section.markdown());
    }
    let notes = notes(report).into_iter().map(|note| format!("- {note}\n"));
    let _ = write!(text, "\n## Notes\n\n{}", notes.collect::<String>());
    let _ = write!(text, "\n## To run it again\n\n{}", provenance(report));
    text
}

/// What the report is about, in one line.
pub fn title(report: &PaperReport) -> String {
    let what = match report.table {
        PaperTable::Table1 => "PaperTable 1: BCE and log p(x)",
        PaperTable::Sparsity => "Sparsity",
        PaperTable::Efficiency => "Data efficiency (figure 4)",
    };
    let name = match &report.description {
        Some(data) => format!("{}, {}×{}", data.name, data.width, data.height),
        None => report.data.to_owned(),
    };
    format!("{what}, on {name}, settings {}", report.settings)
}

/// What nobody may overlook.
pub fn banners(report: &PaperReport) -> Vec<String> {
    let short = || format!("**Not the full protocol:** `{}`.", report.overrides.join(" "));
    let shorter = (!report.overrides.is_empty()).then(short);
    let missing = report.missing.as_ref().map(|missing| format!("**Not the published data:** {missing}."));
    shorter.into_iter().chain(missing).collect()
}

/// The tables that have rows.
pub fn sections(report: &PaperReport) -> Vec<Section> {
    let mut sections = match report.table {
        PaperTable::Table1 => vec![
            compared(report, "BCE, in nats", "bce"),
            compared(report, "log p(x) as published (log n added), in nats", "log_px_as_published"),
            densities(report),
            other(report),
            sparsity(report),
        ],
        PaperTable::Sparsity => vec![layers(report)],
        PaperTable::Efficiency => vec![efficiency(report)],
    };
    sections.extend([cost(report), unfinished(report)]);
    sections.retain(|section| !section.rows.is_empty());
    sections
}

/// One measure of all models that have it.
fn compared(report: &PaperReport, title: &str, name: &'static str) -> Section {
    let row = |row: &RowReport| Some(comparison(row.title.to_owned(), row.measures.get(name)?));
    Section { title: title.to_owned(), header: COMPARED.to_vec(), rows: report.rows.iter().filter_map(row).collect() }
}

fn comparison(name: String, summary: &Summary) -> Vec<String> {
    let published = summary.published.map_or_else(|| "-".to_owned(), |figure| format!("{figure:.2}"));
    vec![name, published, summary.ours(1.0), summary.difference(), summary.n.to_string()]
}

/// One of ours, `scale` times as large.
fn ours(row: &RowReport, name: &str, scale: f64) -> String {
    row.measures.get(name).map_or_else(|| "-".to_owned(), |summary| summary.ours(scale))
}

/// Rows of the models that have one of the measures `names`, without their names.
fn rows(report: &PaperReport, names: &[&str], cells: impl Fn(&RowReport) -> Vec<String>) -> Vec<Vec<String>> {
    let has_one = |row: &&RowReport| names.iter().any(|name| row.measures.get(name).is_some_and(|s| s.n > 0));
    report.rows.iter().filter(has_one).map(|row| [vec![row.title.to_owned()], cells(row)].concat()).collect()
}

fn densities(report: &PaperReport) -> Section {
    let cells = |row: &RowReport| {
        let error = row.measures.get("log_px_is_standard_error").and_then(|summary| summary.mean);
        vec![ours(row, "log_px", 1.0), ours(row, "log_px_is", 1.0), numbers::figure_or_dash(error)]
    };
    Section {
        title: "log p(x), in nats".to_owned(),
        header: vec!["model", ">log_px", ">log_px_is", ">its standard error"],
        rows: rows(report, &["log_px", "log_px_is"], cells),
    }
}

fn other(report: &PaperReport) -> Section {
    Section {
        title: "Classification error, in per cent, and M-MSE".to_owned(),
        header: vec!["model", ">classification error", ">M-MSE"],
        rows: rows(report, &["classification_error", "mmse"], |row| {
            vec![ours(row, "classification_error", 100.0), ours(row, "mmse", 1.0)]
        }),
    }
}

fn sparsity(report: &PaperReport) -> Section {
    Section {
        title: "Share of active units".to_owned(),
        header: vec!["model", ">ρ1", ">ρ2", ">ρ3"],
        rows: rows(report, &SPARSITY, |row| SPARSITY.iter().map(|name| ours(row, name, 1.0)).collect()),
    }
}

fn layers(report: &PaperReport) -> Section {
    let row = |row: &RowReport| -> Vec<_> {
        let layer = |(index, name): (usize, &&str)| {
            let title = format!("{} ρ{}", row.title, index + 1);
            Some(comparison(title, row.measures.get(*name)?))
        };
        SPARSITY.iter().enumerate().filter_map(layer).collect()
    };
    Section {
        title: "Share of active units".to_owned(),
        header: COMPARED.to_vec(),
        rows: report.rows.iter().flat_map(row).collect(),
    }
}

fn efficiency(report: &PaperReport) -> Section {
    let row = |row: &RowReport| {
        let n = row.measures.get("bce").map_or(0, |summary| summary.n);
        let images = numbers::count(row.images.unwrap_or(0) as u64);
        vec![row.title.to_owned(), images, ours(row, "bce", 1.0), n.to_string()]
    };
    Section {
        title: "BCE after learning from some images, in nats".to_owned(),
        header: vec!["model", ">images", ">ours ± sd", ">n"],
        rows: report.rows.iter().map(row).collect(),
    }
}

fn cost(report: &PaperReport) -> Section {
    let begun = report.rows.iter().filter(|row| row.trials.iter().any(|trial| trial.measure_seconds.is_some()));
    let row = |row: &RowReport| {
        let mean = |of: &dyn Fn(&TrialReport) -> Option<f64>| {
            let values: Vec<f64> = row.trials.iter().filter(|t| t.measure_seconds.is_some()).filter_map(of).collect();
            Summary::of(&values, None).mean
        };
        let largest = |of: fn(&TrialReport) -> Option<u64>| row.trials.iter().filter_map(of).max();
        let memory = |bytes: Option<u64>| bytes.map_or_else(|| "-".to_owned(), numbers::bytes);
        let seconds = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), numbers::seconds);
        vec![
            row.title.to_owned(),
            mean(&|t| Some(t.epochs as f64)).map_or_else(|| "-".to_owned(), |epochs| format!("{epochs:.0}")),
            seconds(mean(&|t| Some(t.train_seconds).filter(|_| t.epochs > 0))),
            seconds(mean(&|t| t.measure_seconds)),
            memory(largest(|t| t.train_peak_bytes)),
            memory(largest(|t| t.measure_peak_bytes)),
        ]
    };
    Section {
        title: "Cost of a trial: training, measuring, most memory of each".to_owned(),
        header: vec!["model", ">epochs", ">training", ">measuring", ">memory", ">memory"],
        rows: begun.map(row).collect(),
    }
}

fn unfinished(report: &PaperReport) -> Section {
    let name = |row: &RowReport| match row.images {
        Some(images) => format!("{}, {images} images", row.title),
        None => row.title.to_owned(),
    };
    let blocked = report.rows.iter().filter_map(|row| {
        let is_finished = !row.trials.is_empty() && row.trials.iter().all(|trial| trial.state == "finished");
        let why = row.blocked.as_ref().filter(|_| !is_finished)?;
        Some(vec![name(row), "all".to_owned(), why.clone()])
    });
    let trials = report.unfinished().filter(|(row, _)| row.blocked.is_none()).map(|(row, trial)| {
        let why = trial.failed.as_ref().map_or_else(String::new, |why| format!(": {why}"));
        vec![name(row), trial.trial.to_string(), format!("{}{why}", trial.state)]
    });
    let refused = report.rows.iter().flat_map(|row| {
        let of = move |trial: &TrialReport| -> Vec<_> {
            let line =
                |(part, why): (&String, &String)| vec![name(row), trial.trial.to_string(), format!("no {part}: {why}")];
            trial.refused.iter().map(line).collect()
        };
        row.trials.iter().flat_map(of)
    });
    Section {
        title: "Not in the tables".to_owned(),
        header: vec!["model", ">trial", "why"],
        rows: blocked.chain(trials).chain(refused).collect(),
    }
}

impl Section {
    fn markdown(&self) -> String {
        let line = |cells: &mut dyn Iterator<Item = String>| format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "));
        let mut text = line(&mut self.header.iter().map(|name| name.trim_start_matches('>').to_owned()));
        let rule = |name: &&str| if name.starts_with('>') { "---:" } else { "---" }.to_owned();
        text += &line(&mut self.header.iter().map(rule));
        for row in &self.rows {
            text += &line(&mut row.iter().map(|cell| cell.replace('|', "\\|").replace('\n', " ")));
        }
        text
    }
}

fn notes(report: &PaperReport) -> Vec<String> {
    let mut notes = vec![
        "Figures are means over test images, and then over n trials; ± is the sample standard deviation over trials, \
         which one trial has not. What is published is the mean of 10 trials."
            .to_owned(),
    ];
    if report.table == PaperTable::Table1 {
        notes.push(
            "M-MSE: the right half of an image is hidden, starts at 0 and is completed; squared error over it, summed over \
             pixels. In a circuit hidden pixels move by their own mismatch while it settles; of an auto-encoder they take \
             50 times what it makes of the image as it then is."
                .to_owned(),
        );
        let n = report.draws;
        notes.push(format!(
            "log p(x) is estimated from n = {n} draws that are the same for all images: the mean of p(x | draw), so log n \
             has to be subtracted from the logarithm of the sum. The authors' released script adds log n instead, and \
             its figures agree with those that are published. They are therefore 2 log n = {:.2} nats too high, and are \
             compared with `log_px_as_published`, which repeats that step, and with nothing else. `log_px` is the same \
             estimate as it should be; with few draws it is biased low. `log_px_is` draws around what the circuit makes of \
             each image, which is far tighter; it is of the first {} test images, and its standard error is over these.",
            2.0 * (n as f64).ln(),
            report.is_images
        ));
        notes.push(
            "A Gaussian mixture on pixels (GMM) gives probabilities of binary images by the means of the components \
             that are drawn; its density over pixels could not be compared with the other figures."
                .to_owned(),
        );
    }
    notes.push(
        "Seconds are by the clock of this machine; those of training leave out the measuring between epochs. Memory is \
         the most that was allocated at once meanwhile, the data included, looked at every 20 ms. Models of `gncn baseline` are trained and measured in one \
         go, so that their first figure of memory is for both."
            .to_owned(),
    );
    notes
}

fn provenance(report: &PaperReport) -> String {
    let mut text = format!("- gncn {}: `{}`\n", report.version, report.command);
    text += "- data are looked up in the folder that the environment variable GNCN_DATA names\n";
    let seeds: Vec<_> = report.seeds.iter().map(ToString::to_string).collect();
    let _ = writeln!(text, "- {} trials, seeds {}", report.trials, seeds.join(", "));
    if let Some(data) = &report.description {
        let number = |n: Option<usize>| numbers::count(n.unwrap_or(0) as u64);
        let _ = writeln!(
            text,
            "- {}: {} training images learned from, {} measured on, {}×{} pixels; SHA-256 {}",
            data.name,
            number(report.learned),
            number(report.measured),
            data.width,
            data.height,
            data.digest
        );
    }
    let mut circuits: Vec<_> = report.rows.iter().filter_map(|row| row.circuit.as_ref()).collect();
    circuits.dedup_by(|a, b| a.file == b.file);
    for circuit in circuits {
        let _ = writeln!(text, "- `{}`: SHA-256 of its text {}", circuit.file, circuit.digest);
    }
    text += "\nThe runs one by one:\n\n```sh\n";
    for trial in report.rows.iter().flat_map(|row| &row.trials) {
        trial.commands.iter().for_each(|command| {
            let _ = writeln!(text, "{command}");
        });
    }
    text + "```\n"
}

#[cfg(test)]
pub(super) mod tests {
    use super::{Section, comparison, markdown};
    use crate::paper::plan::PaperTable;
    use crate::paper::report::{PaperReport, RowReport, TrialReport};
    use crate::paper::summary::Summary;
    use indexmap::IndexMap;

    fn trial(number: usize, state: &'static str, failed: Option<&str>) -> TrialReport {
        TrialReport {
            trial: number,
            seed: number as u64,
            state,
            failed: failed.map(str::to_owned),
            refused: IndexMap::new(),
            figures: IndexMap::new(),
            epochs: 50,
            train_seconds: 60.0,
            measure_seconds: (state == "finished").then_some(5.0),
            train_peak_bytes: Some(1 << 20),
            measure_peak_bytes: None,
            folder: String::new(),
            version: None,
            commands: vec![format!("gncn train --seed {number}")],
        }
    }

    /// Two trials of one circuit, of which the second has failed.
    pub(crate) fn report() -> PaperReport {
        let trials = vec![trial(1, "finished", None), trial(2, "failed", Some("z1 is not finite"))];
        let measures = [
            ("bce", Summary::of(&[45.0, 47.0], Some(44.86))),
            ("log_px_as_published", Summary::of(&[-97.0], Some(-97.26))),
            ("log_px", Summary::of(&[-114.03], None)),
        ];
        PaperReport {
            table: PaperTable::Table1,
            data: "mnist",
            published_data: Some("MNIST"),
            missing: None,
            overrides: vec!["--epochs 1".to_owned()],
            settings: "paper".to_owned(),
            trials: 2,
            seeds: vec![1, 2],
            draws: 5000,
            is_images: 500,
            version: "0.1.0",
            command: "gncn reproduce".to_owned(),
            description: None,
            learned: None,
            measured: None,
            rows: vec![RowReport {
                model: "gncn-pdh",
                title: "GNCN-PDH",
                images: None,
                circuit: None,
                blocked: None,
                measures: IndexMap::from(measures),
                trials,
            }],
        }
    }

    #[test]
    fn markdown_has_rules_and_no_open_bars() {
        let summary = Summary::of(&[1.0], Some(2.0));
        let rows = vec![comparison("a|b".to_owned(), &summary)];
        let section = Section { title: String::new(), header: vec!["model", ">n"], rows };
        assert_eq!(section.markdown(), "| model | n |\n| --- | ---: |\n| a\\|b | 2.00 | 1.00 | -1.00 | 1 |\n");
    }

    #[test]
    fn a_report_tells_figures_failures_and_how_to_run_it_again() {
        let file = markdown(&report());
        for part in [
            "> **Not the full protocol:** `--epochs 1`.",
            "| GNCN-PDH | 44.86 | 46.00 ± 1.41 | +1.14 | 2 |",
            "| GNCN-PDH | -97.26 | -97.00 | +0.26 | 1 |",
            "| GNCN-PDH | 2 | failed: z1 is not finite |",
            "17.03 nats too high",
            "gncn train --seed 2\n",
            "- 2 trials, seeds 1, 2",
        ] {
            assert!(file.contains(part), "`{part}` is missing in: {file}");
        }
    }
}
