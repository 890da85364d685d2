//! `gncn reproduce`: the tables of the paper, run and written beside what is published.
//!
//! Order: everything that can be wrong with the request is found, and how far each run is; then the runs that are left
//! are done, the first trial of every model before the second of any, and after each of them the tables are written
//! anew. A run is done by the code of `gncn train`, `gncn eval` and `gncn baseline`, in a folder of its own, so that it
//! goes on where it was, and a table only reads what is in these folders.

mod columns;
mod jobs;
mod models;
mod plan;
mod protocol;
mod published;
mod record;
mod render;
mod report;
mod summary;
mod work;

use super::failure::Failure;
use super::{interrupt, output, table};
use crate::data::{NAMES, atomic};
use clap::Args;
use clap::builder::PossibleValuesParser;
use columns::Column;
use jobs::Job;
use plan::{Request, Row, Table};
use protocol::Protocol;
use record::State;
use report::Report;
use std::path::PathBuf;
use work::Outcome;

const EXAMPLES: &str = "\
Examples:
  gncn reproduce --dry-run                     What would be run for table 1
  gncn reproduce table1 --data mnist --trials 1 --out runs/paper
  gncn reproduce sparsity --data mnist --settings authors
  gncn reproduce efficiency --data mnist --images 500,5000 --models gncn-pdh
  gncn reproduce --data digits --trials 1 --epochs 1 --limit 400   A short look

What is missing is run, what was begun goes on, what is finished is kept: the
same command again, with more trials or after a stop, does the rest. Ctrl-C ends
the batch or measure under way, and the tables say what is missing; a second one
ends at once. Published figures stand beside those on the published data only.

GMM, RAE, GVAE-CV, GVAE, GAN-AE and DSRN need a gncn that is built with:
cargo build --release --features baselines";

/// Train and measure the models of the paper, and write its tables
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ReproduceArguments {
    /// The table
    #[arg(value_enum, default_value_t = Table::Table1)]
    table: Table,
    /// Data sets, with commas between them; each has a table of its own
    #[arg(long, value_name = "NAMES", value_delimiter = ',', default_value = "mnist",
          value_parser = PossibleValuesParser::new(NAMES))]
    data: Vec<String>,
    /// Trials of each model; the paper has 10
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = super::up_to::<1000>)]
    trials: usize,
    /// The folder to write
    #[arg(long, value_name = "DIR", default_value = "runs/reproduce")]
    out: PathBuf,
    /// These models only, with commas between them
    #[arg(long, value_name = "MODELS", value_delimiter = ',',
          value_parser = PossibleValuesParser::new(models::MODELS.map(|model| model.key)))]
    models: Vec<String>,
    /// Which circuit files stand for the GNCNs [default: the first]
    #[arg(long, value_parser = PossibleValuesParser::new(models::settings()))]
    settings: Option<String>,
    /// Numbers of training images for efficiency, with commas between them
    /// [default: 500,1000,2000,5000,10000]
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', value_parser = super::positive)]
    images: Vec<usize>,
    #[command(flatten)]
    protocol: Protocol,
    /// Try runs again that have failed
    #[arg(long)]
    retry: bool,
    /// List the runs and how far they are, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Checkpoint after every N batches [default: once a minute]
    #[arg(long, value_name = "BATCHES", value_parser = super::positive)]
    checkpoint_every: Option<usize>,
    /// Worker threads; the figures are the same for any number
    #[arg(long, value_name = "N", value_parser = super::thread_count)]
    threads: Option<usize>,
    /// Print JSON instead of tables
    #[arg(long)]
    json: bool,
}

/// Numbers of training images unless asked otherwise, where the data have as many.
const IMAGES: [usize; 5] = [500, 1000, 2000, 5000, 10_000];

/// The rows of the table of a data set.
type Rows = (Column, Vec<Row>);

impl ReproduceArguments {
    pub(super) fn run(&self) -> Result<(), Failure> {
        super::use_threads(self.threads)?;
        let settings = models::settings();
        let request = self.request(self.settings.as_deref().unwrap_or(settings[0]))?;
        let tables = self.tables(&request)?;
        let jobs = jobs::jobs(&tables)?;
        if self.dry_run {
            return if self.json { output::print_json(&jobs::lines(&jobs)) } else { output::print(&jobs::list(&jobs)) };
        }
        self.announce(&jobs);
        interrupt::before_the_tables()?;
        self.write(&request, &tables)?;
        let ended = self.work(&request, &tables, &jobs)?;
        let reports = self.write(&request, &tables)?;
        if self.json {
            output::print_json(&reports)?;
        } else {
            for report in &reports {
                output::print(&render::screen(report))?;
            }
        }
        ended.map_or(Ok(()), |problem| Err(Failure::Run(problem)))
    }

    fn request<'a>(&'a self, settings: &'a str) -> Result<Request<'a>, Failure> {
        let is_efficiency = self.table == Table::Efficiency;
        let refuse = |problem: &str| Err(Failure::Request(problem.to_owned()));
        if !is_efficiency && !self.images.is_empty() {
            return refuse("--images is for `efficiency`; --limit N learns from fewer images in other tables");
        }
        if is_efficiency && self.protocol.limit.is_some() {
            return refuse("--limit can't go with `efficiency`, which has --images for it");
        }
        let Self { table, protocol, models, trials, out, .. } = self;
        let request = Request { table: *table, protocol, settings, models, trials: *trials, folder: out };
        request.check_models()?;
        Ok(request)
    }

    fn tables(&self, request: &Request<'_>) -> Result<Vec<Rows>, Failure> {
        let asked = NAMES.into_iter().filter(|name| self.data.iter().any(|asked| asked == name));
        let columns: Vec<_> = asked.map(Column::look).collect();
        if columns.iter().all(|column| column.found.is_err()) {
            let problems: Vec<_> = columns.iter().filter_map(|column| column.found.as_ref().err()).cloned().collect();
            return Err(Failure::Request(problems.join("\n")));
        }
        let table = |column: Column| {
            let rows = request.rows(&column, &self.images_of(&column))?;
            if rows.is_empty() {
                return Err(Failure::Request("--only: no chosen model has such a part; name others".to_owned()));
            }
            Ok((column, rows))
        };
        columns.into_iter().map(table).collect()
    }

    /// The numbers of training images of the rows.
    fn images_of(&self, column: &Column) -> Vec<Option<usize>> {
        let most = column.found.as_ref().map_or(usize::MAX, |found| found.learned);
        match (self.table, self.images.is_empty()) {
            (Table::Efficiency, true) => IMAGES.into_iter().filter(|images| *images <= most).map(Some).collect(),
            (Table::Efficiency, false) => self.images.iter().copied().map(Some).collect(),
            _ => vec![None],
        }
    }

    fn announce(&self, jobs: &[Job<'_>]) {
        output::note(&table::wrap(&jobs::counts(jobs)));
        let overrides = self.protocol.overrides();
        if !overrides.is_empty() {
            output::note(&table::wrap(&format!("not the full protocol: {}", overrides.join(" "))));
        }
        let name = self.table.name();
        output::announce(&self.out, &format!("circuits, run folders, {name}-*.md, {name}-*.json"));
    }

    /// Does what is left; gives the reason why the command can't end well, if there is one.
    fn work(&self, request: &Request<'_>, tables: &[Rows], jobs: &[Job<'_>]) -> Result<Option<String>, Failure> {
        let is_kept = |job: &Job<'_>| matches!(job.state, State::Failed(_)) && !self.retry;
        let left = |job: &&Job<'_>| job.state != State::Finished && !job.is_blocked() && !is_kept(job);
        let left: Vec<_> = jobs.iter().filter(left).collect();
        let mut failed = jobs.iter().filter(|job| is_kept(job)).count();
        for (i, job) in left.iter().enumerate() {
            output::note(&format!(
                "\nrun {} of {}: {}{}",
                i + 1,
                left.len(),
                job.name(),
                jobs::remaining(jobs, &left[i..])
            ));
            match work::perform(job.row, job.trial, self.checkpoint_every)? {
                Outcome::Finished => (),
                Outcome::Failed(reason) => {
                    output::note(&format!("{} failed: {reason}", job.name()));
                    failed += 1;
                }
                Outcome::Stopped => {
                    let (left, all) = (left.len() - i, jobs.len());
                    return Ok(Some(format!("stopped as asked; the same command does the {left} of {all} runs left")));
                }
            }
            self.write(request, tables)?;
        }
        let told = "failed, and the tables say why; --retry tries them again";
        Ok((failed > 0).then(|| format!("{failed} of {} runs {told}", jobs.len())))
    }

    /// Writes the tables as things stand.
    fn write(&self, request: &Request<'_>, tables: &[Rows]) -> Result<Vec<Report>, Failure> {
        let folder = &self.out;
        std::fs::create_dir_all(folder)
            .map_err(|cause| Failure::Run(format!("cannot create {}: {cause}", folder.display())))?;
        let mut reports = Vec::new();
        for (column, rows) in tables {
            let report = Report::new(request, column, rows)?;
            // Other readings than the usual one have files of their own.
            let is_usual = models::settings().first() == Some(&request.settings);
            let settings = if is_usual { String::new() } else { format!("-{}", request.settings) };
            let name = format!("{}-{}{settings}", self.table.name(), column.name);
            output::write_json(&folder.join(format!("{name}.json")), &report)?;
            atomic::write(&folder.join(format!("{name}.md")), render::markdown(&report).as_bytes())?;
            reports.push(report);
        }
        Ok(reports)
    }
}
