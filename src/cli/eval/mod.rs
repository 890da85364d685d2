//! `gncn eval`: the measures of a trained circuit.
//!
//! Order: the request is checked; what an earlier evaluation of the same request has measured is taken over; the parts
//! that are left are measured one by one, and after each of them the file is written anew, so that an evaluation that is
//! cut off goes on where it was.

mod parts;
mod report;

use super::failure::Failure;
use super::settling::SettlingArguments;
use super::trained::Trained;
use super::{Command, interrupt, output, table};
use crate::checkpoint::Run;
use crate::circuit::Circuit;
use crate::circuit::file::CircuitFile;
use crate::evaluation::mixture::MixtureOptions;
use crate::evaluation::{LogisticOptions, PRIOR_IMAGES, PriorOptions};
use clap::{Args, ValueEnum};
use parts::Bench;
pub(super) use report::digest;
use report::{Report, Request};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::Instant;

const EXAMPLES: &str = "\
Examples:
  gncn eval runs/gncn-pdh
  gncn eval runs/gncn-pdh --only bce,mmse --limit 1000 --json
  gncn eval runs/gncn-pdh --only bce --messages 'Events(threshold: 0.03)' \\
      --out ev.json

Parts, all of which are measured unless --only names some:
  bce             summed binary cross-entropy of the settled prediction (nats),
                  free energy of each predicted layer, share of active units,
                  accuracy of a released label, and what settling an image costs
  mmse            right half hidden and completed: squared error over it, summed
  classification  error of a multinomial logistic regression on the activities
                  of the top layer, fitted to those of the training images
  log_px          log p(x) under a mixture of Gaussians fitted to the top layer's
                  activities, from draws that are the same for all images, and
                  as the authors' script has it: log n is added there instead of
                  subtracted, so log_px_as_published is 2 log n too high
  log_px_is       the same by importance sampling around what the circuit makes
                  of each image, which is far tighter; on --is-images images

The figures are printed, and written to eval.json in the run folder after each
part; what is there already for the same request isn't measured again. With
another settling than the run's own (--schedule, --messages, --executor,
--steps) they are written to --out, and eval.json stays as it is.";

/// Measure a trained circuit on test images
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct EvalArguments {
    /// The run folder
    run: PathBuf,
    /// Other data than those of the run: a name, a path, or SENSE=FILE for
    /// every sense
    #[arg(long, value_name = "NAME|PATH|SENSE=FILE")]
    data: Vec<String>,
    /// What each sense is shown in tests, where --data names senses
    #[arg(long, value_name = "SENSE=FILE", requires = "data")]
    test: Vec<String>,
    /// Measure on the first N test images only
    #[arg(long, value_name = "N", value_parser = super::positive)]
    limit: Option<usize>,
    /// Measure these parts only, with commas between them
    #[arg(long, value_name = "PARTS", value_enum, value_delimiter = ',')]
    only: Vec<Part>,
    /// Measure again what the file holds already
    #[arg(long)]
    again: bool,
    #[command(flatten)]
    settling: SettlingArguments,
    /// Training images that the mixture is fitted to, the same number of each class
    #[arg(long, value_name = "N", default_value_t = PRIOR_IMAGES, value_parser = super::positive)]
    prior_images: usize,
    /// Components of the mixture
    #[arg(long, value_name = "N", default_value_t = COMPONENTS, value_parser = super::up_to::<10_000>)]
    components: usize,
    /// Draws from the mixture for log_px
    #[arg(long, value_name = "N", default_value_t = 5000, value_parser = super::up_to::<1_000_000>)]
    draws: usize,
    /// Test images for log_px_is, the first ones
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = super::positive)]
    is_images: usize,
    /// Draws for each image for log_px_is
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = super::up_to::<1_000_000>)]
    is_draws: usize,
    /// Seed of the mixture and of all draws
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Write the figures here, as JSON, instead of eval.json in the run folder
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Worker threads; where a schedule promises bits, they don't depend on it
    #[arg(long, value_name = "N", value_parser = super::thread_count)]
    threads: Option<usize>,
    /// Print JSON instead of tables
    #[arg(long)]
    json: bool,
}

/// Components of the mixture in the paper.
pub(super) const COMPONENTS: usize = 75;

/// What can be measured for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize)]
#[value(rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub(super) enum Part {
    Bce,
    Mmse,
    Classification,
    LogPx,
    LogPxIs,
}

impl Part {
    pub(super) fn name(self) -> &'static str {
        ["bce", "mmse", "classification", "log_px", "log_px_is"][self as usize]
    }
}

impl EvalArguments {
    pub(super) fn run(&self) -> Result<(), Failure> {
        super::use_threads(self.threads)?;
        let report = self.perform()?;
        if self.json { output::print_json(&report) } else { report.print() }
    }

    /// The arguments of a command line that begins with `gncn eval`.
    pub(super) fn parse(words: &[String]) -> Result<Self, Failure> {
        match super::parse_words(words)? {
            Command::Eval(arguments) => Ok(*arguments),
            _ => Err(Failure::Request(format!("not a `gncn eval`: {}", words.join(" ")))),
        }
    }

    /// Measures what isn't measured yet, and writes it.
    pub(super) fn perform(&self) -> Result<Report, Failure> {
        let trained = Trained::open(&self.run, &self.data, &self.test)?;
        if let Some(out) = &self.out {
            let mut read = trained.source.paths();
            read.extend(Run::files_of(&self.run));
            output::check_targets(&[("--out", out, "json")], &read)?;
        }
        let own = trained.circuit();
        let mut circuit = own.as_ref().clone();
        self.settling.apply(&mut circuit)?;
        let target = self.target(&trained, circuit.settling == own.settling);
        match &target {
            Some(path) => output::announce(path, "the figures below"),
            None => output::note("eval.json keeps the figures of the run's own settling; --out FILE writes these"),
        }
        interrupt::at_once()?;
        let mut report = self.begin(self.request(&trained, &circuit), target.as_deref());
        self.measure(&mut Bench::new(trained, &circuit.settling, self.limit), &mut report, target.as_deref())?;
        Ok(report)
    }

    /// Where the figures go: eval.json holds those of the run's own settling and no others.
    fn target(&self, trained: &Trained, is_own: bool) -> Option<PathBuf> {
        self.out.clone().or_else(|| is_own.then(|| trained.run.path("eval.json")))
    }

    fn request(&self, trained: &Trained, circuit: &Circuit) -> Request {
        let images = trained.data.test_or_train().count();
        Request {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            weights: report::digest(&trained.network.tensors()),
            data: trained.data.describe(),
            split: if trained.data.test.is_some() { "test" } else { "training" }.to_owned(),
            images: images.min(self.limit.unwrap_or(usize::MAX)),
            settling: CircuitFile::from(circuit).settling,
            prior_images: self.prior_images,
            components: self.components,
            draws: self.draws,
            is_images: self.is_images.min(images).min(self.limit.unwrap_or(usize::MAX)),
            is_draws: self.is_draws,
            seed: self.seed,
            circuit: circuit.name.clone(),
        }
    }

    /// What an earlier evaluation has left, if it was of the same request; else nothing measured yet.
    fn begin(&self, request: Request, target: Option<&Path>) -> Report {
        let earlier = target.and_then(|path| std::fs::read(path).ok());
        let earlier = earlier.and_then(|text| serde_json::from_slice::<Report>(&text).ok());
        match earlier.filter(|report| report.request == request) {
            Some(mut report) => {
                if self.again {
                    report.done.retain(|part| !self.wanted().contains(part));
                }
                report
            }
            None => {
                if let Some(path) = target.filter(|path| path.exists()) {
                    let told = "holds figures of another request, which the new ones replace; --out FILE keeps both";
                    output::note(&format!("note: {} {told}", path.display()));
                }
                Report::new(request)
            }
        }
    }

    fn wanted(&self) -> Vec<Part> {
        let mut wanted = if self.only.is_empty() { Part::value_variants().to_vec() } else { self.only.clone() };
        wanted.sort_unstable();
        wanted.dedup();
        wanted
    }

    fn measure(&self, bench: &mut Bench, report: &mut Report, target: Option<&Path>) -> Result<(), Failure> {
        for part in self.wanted() {
            if report.done.contains(&part) {
                output::note(&format!("{} is measured already; --again measures it again", part.name()));
                continue;
            }
            if interrupt::requested() {
                return Err(Failure::Run("stopped as asked, between two measures".to_owned()));
            }
            let started = Instant::now();
            report.forget(part);
            match part {
                Part::Bce => bench.settle(report)?,
                Part::Mmse => bench.complete(report)?,
                Part::Classification => bench.classify(&LogisticOptions::default(), report)?,
                Part::LogPx => bench.log_px(self, report)?,
                Part::LogPxIs => bench.log_px_is(self, report)?,
            }
            report.finish(part, started.elapsed().as_secs_f64());
            if let Some(refusal) = report.refused.get(part.name()) {
                output::note(&table::wrap(&format!("note: no {}: {refusal}", part.name())));
            }
            if let Some(path) = target {
                report.save(path)?;
            }
        }
        Ok(())
    }

    fn prior(&self) -> PriorOptions {
        let mixture = MixtureOptions { components: self.components, seed: self.seed, ..MixtureOptions::default() };
        PriorOptions { images: self.prior_images, mixture }
    }
}
