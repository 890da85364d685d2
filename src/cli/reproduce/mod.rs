//! `gncn reproduce`: the tables of the paper, run and written beside what is published.
//!
//! Order: everything that can be wrong with the request is found, and how far each run is; then the runs that are left
//! are done, the first trial of every model before the second of any, and after each of them the tables are written
//! anew. A run is done by the code of `gncn train`, `gncn eval` and `gncn baseline`, in a folder of its own, so that it
//! goes on where it was, and a table only reads what is in these folders.

mod protocol;
mod show;
mod work;

use super::failure::Failure;
use super::ranks::agreed;
use super::{interrupt, output, table, values};
use crate::data::NAMES;
use crate::paper::{self, PaperRequest, PaperTable, Protocol, TrialJob, TrialState};
use crate::ranks::Ranks;
use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Args, ValueEnum};
use protocol::ProtocolArguments;
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
ends at once. Ranks of an MPI job (docs/mpi.md) share each run of a GNCN. Published figures stand beside those on the published data only.

GMM, RAE, GVAE-CV, GVAE, GAN-AE and DSRN need a gncn that is built with:
cargo build --release --features baselines";

/// Train and measure the models of the paper, and write its tables
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ReproduceArguments {
    /// The table
    #[arg(value_enum, default_value_t = PaperTable::Table1)]
    table: PaperTable,
    /// Data sets, with commas between them; each has a table of its own
    #[arg(long, value_name = "NAMES", value_delimiter = ',', default_value = "mnist",
          value_parser = PossibleValuesParser::new(NAMES))]
    data: Vec<String>,
    /// Trials of each model; the paper has 10
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = values::up_to::<1000>)]
    trials: usize,
    /// The folder to write
    #[arg(long, value_name = "DIR", default_value = "runs/reproduce")]
    out: PathBuf,
    /// These models only, with commas between them
    #[arg(long, value_name = "MODELS", value_delimiter = ',',
          value_parser = PossibleValuesParser::new(paper::MODELS.map(|model| model.key)))]
    models: Vec<String>,
    /// Which circuit files stand for the GNCNs [default: the first]
    #[arg(long, value_parser = PossibleValuesParser::new(paper::settings()))]
    settings: Option<String>,
    /// Numbers of training images for efficiency, with commas between them
    /// [default: 500,1000,2000,5000,10000]
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', value_parser = values::positive)]
    images: Vec<usize>,
    #[command(flatten)]
    protocol: ProtocolArguments,
    /// Try runs again that have failed
    #[arg(long)]
    retry: bool,
    /// List the runs and how far they are, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Checkpoint after every N batches [default: once a minute]
    #[arg(long, value_name = "BATCHES", value_parser = values::positive)]
    checkpoint_every: Option<usize>,
    /// Worker threads; the figures are the same for any number
    #[arg(long, value_name = "N", value_parser = values::thread_count)]
    threads: Option<usize>,
    /// Print JSON instead of tables
    #[arg(long)]
    json: bool,
}

impl ValueEnum for PaperTable {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let help = match self {
            Self::Table1 => "BCE, log p(x) and the other measures of all models",
            Self::Sparsity => "Share of active units of the circuits for which it is published",
            Self::Efficiency => "BCE after learning from a few images, as in figure 4",
        };
        Some(PossibleValue::new(self.name()).help(help))
    }
}

impl ReproduceArguments {
    pub(super) fn run(&self, ranks: &Ranks) -> Result<(), Failure> {
        agreed(ranks, values::use_threads(self.threads))?;
        let settings = paper::settings();
        let protocol = self.protocol.protocol();
        let request = agreed(ranks, self.request(&protocol, self.settings.as_deref().unwrap_or(settings[0])))?;
        let asked = NAMES.into_iter().filter(|name| self.data.iter().any(|asked| asked == name));
        let tables = agreed(ranks, request.tables(asked, &self.images).map_err(Failure::from))?;
        let jobs = agreed(ranks, paper::jobs(&tables).map_err(Failure::from))?;
        if self.dry_run {
            return if self.json {
                output::print_json(&paper::lines(&jobs))
            } else {
                output::print(&show::list(&jobs))
            };
        }
        self.announce(&protocol, &jobs);
        agreed(ranks, interrupt::before_the_tables())?;
        let words = values::command_line().into_iter().skip(1);
        let command: Vec<String> = std::iter::once("gncn".to_owned()).chain(words).collect();
        // One rank writes.
        let write = || match ranks.leads() {
            true => paper::write_tables(&request, &tables, &command).map_err(Failure::from),
            false => Ok(Vec::new()),
        };
        agreed(ranks, write())?;
        let ended = self.work(ranks, &jobs, &|| agreed(ranks, write()).map(|_| ()))?;
        let reports = agreed(ranks, write())?;
        if self.json {
            output::print_json(&reports)?;
        } else {
            for report in &reports {
                output::print(&show::screen(report))?;
            }
        }
        ended.map_or(Ok(()), |problem| Err(Failure::Run(problem)))
    }

    fn request<'a>(&'a self, protocol: &'a Protocol, settings: &'a str) -> Result<PaperRequest<'a>, Failure> {
        let is_efficiency = self.table == PaperTable::Efficiency;
        let refuse = |problem: &str| Err(Failure::Request(problem.to_owned()));
        if !is_efficiency && !self.images.is_empty() {
            return refuse("--images is for `efficiency`; --limit N learns from fewer images in other tables");
        }
        if is_efficiency && protocol.limit.is_some() {
            return refuse("--limit can't go with `efficiency`, which has --images for it");
        }
        let Self { table, models, trials, out, .. } = self;
        let request = PaperRequest { table: *table, protocol, settings, models, trials: *trials, folder: out };
        request.check_models()?;
        Ok(request)
    }

    fn announce(&self, protocol: &Protocol, jobs: &[TrialJob<'_>]) {
        output::note(&table::wrap(&paper::counts(jobs)));
        let overrides = protocol.overrides();
        if !overrides.is_empty() {
            output::note(&table::wrap(&format!("not the full protocol: {}", overrides.join(" "))));
        }
        let name = self.table.name();
        output::announce(&self.out, &format!("circuits, run folders, {name}-*.md, {name}-*.json"));
    }

    /// Does what is left, and writes the tables after each run; gives the reason why the command can't end well, if there is one.
    fn work(
        &self,
        ranks: &Ranks,
        jobs: &[TrialJob<'_>],
        write: &dyn Fn() -> Result<(), Failure>,
    ) -> Result<Option<String>, Failure> {
        let is_kept = |job: &TrialJob<'_>| matches!(job.state, TrialState::Failed(_)) && !self.retry;
        let is_left = |job: &TrialJob<'_>| job.state != TrialState::Finished && !job.is_blocked() && !is_kept(job);
        // As the leading rank has found the folders.
        let is_left = ranks.from_leader(|| jobs.iter().map(|job| u8::from(is_left(job))).collect());
        let left: Vec<_> = jobs.iter().zip(is_left).filter(|(_, is_left)| *is_left == 1).map(|(job, _)| job).collect();
        let mut failed = jobs.iter().filter(|job| is_kept(job)).count();
        for (i, job) in left.iter().enumerate() {
            output::note(&format!(
                "\nrun {} of {}: {}{}",
                i + 1,
                left.len(),
                job.name(),
                paper::remaining(jobs, &left[i..])
            ));
            match work::perform(ranks, job.row, job.trial, self.checkpoint_every)? {
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
            write()?;
        }
        let told = "failed, and the tables say why; --retry tries them again";
        Ok((failed > 0).then(|| format!("{failed} of {} runs {told}", jobs.len())))
    }
}
