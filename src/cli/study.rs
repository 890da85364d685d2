//! `gncn study`: a grid of settings for trained circuits, run point by point, with tables and a report.
//!
//! Order: the file is checked and laid out; the cost is told; then points, each kept as it is finished; then the tables and
//! the report. A stop ends after the point under way, and the same command goes on from there.

use super::failure::Failure;
use super::progress::Bar;
use super::ranks::agreed;
use super::{interrupt, output, table, values};
use crate::data::{DataError, atomic};
use crate::machine::cpu_features;
use crate::ranks::Ranks;
use crate::study::report::Fact;
use crate::study::run::{Machine, StudyEvent, StudyPlan, StudyRun, StudyRunError, answer};
use crate::study::{Study, findings, lay_out};
use crate::training::alike::first_difference;
use crate::view::numbers;
use clap::Args;
use std::ops::ControlFlow;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  gncn study circuits/studies/async-vs-sync.ron -o studies/async --quick
  gncn study mine.ron -o studies/mine --dry-run
  gncn study mine.ron -o studies/mine --only 'settling.steps: 50' --csv
  gncn new study mine                 Writes a small study to start from

The folder gets study.json, points.parquet, images.parquet, series.parquet,
points.csv and report.html. A study that was stopped or killed goes on with the
same command; finished points are kept.

Started by mpirun or srun (a build with --features mpi), every rank works on a
point at a time and gets the next when it is done (docs/mpi.md).";

/// Above so many seconds a study asks for --yes.
const LONG: f64 = 3600.0;

/// Run a grid of schedules and parameters, with tables and a report
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct StudyArguments {
    /// The study file
    study: PathBuf,
    /// The folder to write
    #[arg(short, long, value_name = "DIR")]
    out: PathBuf,
    /// The smaller numbers of the file's quick: fewer images, seeds, epochs
    #[arg(long)]
    quick: bool,
    /// Check the study and list its points; run nothing, write nothing
    #[arg(long)]
    dry_run: bool,
    /// Run the points whose description holds this text; several narrow it down
    #[arg(long, value_name = "TEXT")]
    only: Vec<String>,
    /// Run a study that takes more than an hour
    #[arg(long)]
    yes: bool,
    /// Write images and series as CSV, too
    #[arg(long)]
    csv: bool,
    /// Write every figure of the report as an SVG of its own, too, into figures/
    #[arg(long)]
    figures: bool,
    /// Worker threads
    #[arg(long, value_name = "N", value_parser = values::thread_count)]
    threads: Option<usize>,
    /// Print the table of points as JSON
    #[arg(long)]
    json: bool,
}

impl StudyArguments {
    pub(super) fn run(&self, ranks: &Ranks) -> Result<(), Failure> {
        let (plan, chosen) = agreed(ranks, self.plan())?;
        if self.dry_run {
            return self.tell(&plan, &chosen);
        }
        refuse_differing(ranks, &plan, &chosen)?;
        let mut run = agreed(ranks, self.open(ranks, &plan, &chosen))?;
        output::announce(&self.out, "tables and report.html");
        agreed(ranks, interrupt::before_the_tables())?;
        let ended = work(ranks, &mut run, &chosen);
        let written = match ended {
            Ok(()) | Err(StudyRunError::Stopped) if ranks.leads() => self.write(&plan, &run),
            _ => Ok(()),
        };
        agreed(ranks, written.and(ended.map_err(Failure::from)))?;
        if ranks.leads() { self.print(&plan, &run) } else { Ok(()) }
    }

    /// What is to be run.
    fn plan(&self) -> Result<(StudyPlan, Vec<usize>), Failure> {
        values::use_threads(self.threads)?;
        let study = Study::load(&self.study)?;
        let study = if self.quick { study.quickly() } else { study };
        let plan = lay_out(&study).map_err(|error| Failure::Request(error.to_string()))?;
        let chosen = self.chosen(&plan)?;
        Ok((plan, chosen))
    }

    /// The study in its folder, which the leading rank writes.
    fn open<'a>(&self, ranks: &Ranks, plan: &'a StudyPlan, chosen: &[usize]) -> Result<StudyRun<'a>, Failure> {
        if !ranks.leads() {
            return Ok(StudyRun::helping(plan, &self.out, self.machine()));
        }
        let mut run = StudyRun::open(plan, &self.out, self.machine())?;
        self.ask(&mut run, chosen)?;
        Ok(run)
    }

    fn machine(&self) -> Machine {
        Machine { command: values::command_line(), cpu: cpu_features(), threads: rayon::current_num_threads() }
    }

    fn chosen(&self, plan: &StudyPlan) -> Result<Vec<usize>, Failure> {
        let chosen = plan.chosen(&self.only);
        if chosen.is_empty() {
            let example = plan.words(0);
            return Err(Failure::Request(format!(
                "--only {}: no point is described so; descriptions look like \"{example}\"",
                self.only.iter().map(|text| format!("\"{text}\"")).collect::<Vec<_>>().join(" --only ")
            )));
        }
        Ok(chosen)
    }

    /// The points, one a line.
    fn tell(&self, plan: &StudyPlan, chosen: &[usize]) -> Result<(), Failure> {
        for point in chosen {
            output::print(&format!("{point}: {}, repeat {}", plan.words(*point), plan.points[*point].repeat))?;
        }
        output::print(&format!(
            "{} points, {} weights; nothing was run or written",
            table::count(chosen.len() as u64),
            plan.weights.len()
        ))
    }

    /// Tells the cost, and refuses what takes longer than an hour unless it was wanted.
    fn ask(&self, run: &mut StudyRun<'_>, chosen: &[usize]) -> Result<(), Failure> {
        let estimate = run.estimate(chosen)?;
        if estimate.points == 0 {
            output::note("all points are finished; tables and report are written anew");
            return Ok(());
        }
        let time = numbers::seconds(estimate.seconds);
        output::note(&format!("{} points and {} trainings, about {time}", estimate.points, estimate.trainings));
        if estimate.seconds > LONG && !self.yes {
            return Err(Failure::Request(format!(
                "this study takes about {time}; give --yes to run it, --quick for a first look, or --only for some points"
            )));
        }
        Ok(())
    }

    fn write(&self, plan: &StudyPlan, run: &StudyRun<'_>) -> Result<(), Failure> {
        run.write_tables(self.csv)?;
        let fact = |name: &str, value: String| Fact { name: name.to_owned(), value };
        let machine = self.machine();
        let cpu = format!("{} ({}), {} threads", std::env::consts::ARCH, machine.cpu.join(", "), machine.threads);
        let facts = vec![fact("gncn", env!("CARGO_PKG_VERSION").to_owned()), fact("machine", cpu)];
        let commands = vec![machine.command.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")];
        let report = answer(plan, run.records(), (facts, commands), findings(plan, run.records()));
        if self.figures {
            let folder = self.out.join("figures");
            std::fs::create_dir_all(&folder).map_err(|cause| DataError::write(&folder, cause))?;
            for (i, figure) in report.figures().iter().enumerate() {
                atomic::write(&folder.join(format!("figure-{}.svg", i + 1)), figure.as_bytes())?;
            }
        }
        Ok(atomic::write(&self.out.join("report.html"), report.to_html().as_bytes())?)
    }

    fn print(&self, plan: &StudyPlan, run: &StudyRun<'_>) -> Result<(), Failure> {
        if self.json {
            let [(_, points), ..] = run.tables();
            return output::print_json(&points.to_json());
        }
        let row = |record: &crate::study::run::PointRecord| {
            let figure = |name: &str| table::figure_or_dash(record.measure(name));
            let words = plan.words(record.point);
            vec![words, record.phase.name().to_owned(), figure("free_energy"), figure("bce"), figure("updates")]
        };
        let rows = run.records().values().map(row).collect();
        output::print(&table::render(&["point", "phase", ">free energy", ">BCE", ">updates"], rows))?;
        output::print(&format!("report: {}", self.out.join("report.html").display()))
    }
}

/// A word as a shell takes it back.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// Refuses ranks that were not asked the same.
fn refuse_differing(ranks: &Ranks, plan: &StudyPlan, chosen: &[usize]) -> Result<(), Failure> {
    if !ranks.are_many() {
        return Ok(());
    }
    let parts = [
        ("study", plan.digest(), "give every rank the same study file, circuits and runs"),
        ("options", format!("points {chosen:?}"), "start every rank with the same command line"),
    ];
    first_difference(ranks, parts).map_or(Ok(()), |told| Err(Failure::Request(told)))
}

/// Runs the points under a bar.
fn work(ranks: &Ranks, run: &mut StudyRun<'_>, chosen: &[usize]) -> Result<(), StudyRunError> {
    let bar = Bar::new(run.left(chosen).len());
    run.run_over(ranks, chosen, &interrupt::requested, &mut |event| {
        match event {
            StudyEvent::Training { circuit, weights, epoch, epochs, done, of } => {
                bar.stand(format!("training {circuit} {weights}, {epoch}/{epochs}"), done, of, String::new());
            }
            StudyEvent::Point { words, record, done, of, left } => {
                bar.stand("points".to_owned(), done, of, format!("{} left", numbers::seconds(left)));
                bar.milestone(&format!("{done}/{of} {words}: {}", record.phase.name()));
            }
        }
        if interrupt::requested() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
}
