//! `gncn eval`: the measures of a trained circuit.
//!
//! Order: the request is checked; what an earlier evaluation of the same request has measured is taken over; the parts
//! that are left are measured one by one, and after each of them the file is written anew, so that an evaluation that is
//! cut off goes on where it was.

mod report;

use super::failure::Failure;
use super::progress::Watcher;
use super::ranks::{agreed, is_stopped};
use super::settling::SettlingArguments;
use super::values::parse_words;
use super::{interrupt, output, table, trained, values};
use crate::checkpoint::Run;
use crate::circuit::{Circuit, Settling};
use crate::evaluation::{
    COMPONENTS, Evaluation, EvaluationOptions, EvaluationPart, EvaluationRequest, Evaluator, PRIOR_IMAGES, SAMPLES,
    Show, Trained, episode,
};
use crate::ranks::Ranks;
use crate::training::alike::first_difference;
use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  gncn eval runs/gncn-pdh
  gncn eval runs/gncn-pdh --only bce,mmse --limit 1000 --json
  gncn eval runs/gncn-pdh --only bce --messages 'Events(threshold: 0.03)' \\
      --out ev.json

Parts, all of which but the last are measured unless --only names some:
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
  samples         only where it is named: a regression on pixels that is fitted
                  to training images sorts --samples ancestral samples; how far
                  their classes are from the data's, and how many it is sure of

The figures are printed, and written to eval.json in the run folder after each
part; what is there already for the same request isn't measured again. With
another settling than the run's own (--schedule, --messages, --executor,
--steps) they are written to --out, and eval.json stays as it is.

Started by mpirun or srun (a build with --features mpi), ranks measure together:
the figures are the same to the bit, whatever their number (docs/mpi.md).";

/// Images that firings are timed on.
const TIMED_IMAGES: usize = 200;

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
    #[arg(long, value_name = "N", value_parser = values::positive)]
    limit: Option<usize>,
    /// Measure these parts only, with commas between them
    #[arg(long, value_name = "PARTS", value_enum, value_delimiter = ',')]
    only: Vec<EvaluationPart>,
    /// Measure again what the file holds already
    #[arg(long)]
    again: bool,
    #[command(flatten)]
    settling: SettlingArguments,
    /// Training images that the mixture is fitted to, the same number of each class
    #[arg(long, value_name = "N", default_value_t = PRIOR_IMAGES, value_parser = values::positive)]
    prior_images: usize,
    /// Components of the mixture
    #[arg(long, value_name = "N", default_value_t = COMPONENTS, value_parser = values::up_to::<10_000>)]
    components: usize,
    /// Draws from the mixture for log_px
    #[arg(long, value_name = "N", default_value_t = 5000, value_parser = values::up_to::<1_000_000>)]
    draws: usize,
    /// Test images for log_px_is, the first ones
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = values::positive)]
    is_images: usize,
    /// Draws for each image for log_px_is
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = values::up_to::<1_000_000>)]
    is_draws: usize,
    /// Ancestral samples that are sorted
    #[arg(long, value_name = "N", default_value_t = SAMPLES, value_parser = values::up_to::<1_000_000>)]
    samples: usize,
    /// Seed of the mixture and of all draws
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Write the figures here, as JSON, instead of eval.json in the run folder
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Worker threads; where a schedule promises bits, they don't depend on it
    #[arg(long, value_name = "N", value_parser = values::thread_count)]
    threads: Option<usize>,
    /// Print JSON instead of tables
    #[arg(long)]
    json: bool,
}

impl ValueEnum for EvaluationPart {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()))
    }
}

impl EvalArguments {
    pub(super) fn run(&self, ranks: &Ranks) -> Result<(), Failure> {
        agreed(ranks, values::use_threads(self.threads))?;
        let report = self.perform(ranks)?;
        if !ranks.leads() {
            return Ok(());
        }
        if self.json { output::print_json(&report) } else { report::print(&report) }
    }

    /// The arguments of a command line that begins with `gncn eval`.
    pub(super) fn parse(words: &[String]) -> Result<Self, Failure> {
        parse_words(words, "eval")
    }

    /// Measures what isn't measured yet, and writes it; together with the other ranks where there are any, of which the
    /// leading one reads and writes the file, and has all figures.
    pub(super) fn perform(&self, ranks: &Ranks) -> Result<Evaluation, Failure> {
        let (trained, circuit) = agreed(ranks, self.open())?;
        let target = self.target(&trained, circuit.settling() == trained.circuit().settling());
        match &target {
            Some(path) => output::announce(path, "the figures below"),
            None => output::note("eval.json keeps the figures of the run's own settling; --out FILE writes these"),
        }
        agreed(ranks, interrupt::at_once("stopped as asked; nothing was written"))?;
        let options = self.options();
        let request = EvaluationRequest::new(&trained, &circuit, &options);
        self.refuse_differing(ranks, &request)?;
        let mut found = self.begin_together(ranks, request, circuit.settling(), target.as_deref());
        let (mut trained, mut settling) = (trained, circuit.settling().clone());
        self.place(ranks, &mut trained, &mut settling)?;
        let mut evaluator = Evaluator::new(trained, &settling, options).over(ranks.clone());
        self.measure(ranks, &mut evaluator, &mut found, target.as_deref())?;
        Ok(found)
    }

    /// The run with its data, and its circuit as images settle here.
    fn open(&self) -> Result<(Trained, Circuit), Failure> {
        let trained = trained::open(&self.run, &self.data, &self.test)?;
        if let Some(out) = &self.out {
            let mut read = trained.source.paths();
            read.extend(Run::files_of(&self.run));
            output::check_targets(&[("--out", out, "json")], &read)?;
        }
        let own = trained.circuit();
        let circuit = self.settling.apply(own.as_ref().clone())?;
        Ok((trained, circuit))
    }

    /// Places populations by what their firings take on the first test images, where that was asked for.
    fn place(&self, ranks: &Ranks, trained: &mut Trained, settling: &mut Settling) -> Result<(), Failure> {
        let circuit = trained.circuit();
        let images = trained.data.test_or_train();
        let rows: Vec<usize> = (0..images.count().min(TIMED_IMAGES)).collect();
        let episode = agreed(ranks, episode(&circuit, images, &rows, Show::ImagesOnly).map_err(Failure::from))?;
        self.settling.place(ranks, &mut trained.network, &episode, settling)
    }

    /// Refuses ranks that were not asked the same.
    fn refuse_differing(&self, ranks: &Ranks, request: &EvaluationRequest) -> Result<(), Failure> {
        if !ranks.are_many() {
            return Ok(());
        }
        let asked = serde_json::to_string(request).unwrap_or_default();
        let options = format!("{:?}, again {}", self.wanted(), self.again);
        let parts = [
            ("request", asked, "give every rank the same run folder, data and options"),
            ("options", options, "start every rank with the same command line"),
        ];
        first_difference(ranks, parts).map_or(Ok(()), |told| Err(Failure::Request(told)))
    }

    /// What the leading rank [begins](Self::begin) with; the others know which parts are done.
    fn begin_together(
        &self,
        ranks: &Ranks,
        request: EvaluationRequest,
        settling: &Settling,
        target: Option<&Path>,
    ) -> Evaluation {
        let mut found = match ranks.leads() {
            true => self.begin(request, settling, target),
            false => Evaluation::new(request),
        };
        let done = ranks.from_leader(|| found.done.iter().map(|part| *part as u8).collect());
        if !ranks.leads() {
            found.done = EvaluationPart::ALL.into_iter().filter(|part| done.contains(&(*part as u8))).collect();
        }
        found
    }

    /// Where the figures go: eval.json holds those of the run's own settling and no others.
    fn target(&self, trained: &Trained, is_own: bool) -> Option<PathBuf> {
        self.out.clone().or_else(|| is_own.then(|| trained.run.path("eval.json")))
    }

    fn options(&self) -> EvaluationOptions {
        let Self { limit, prior_images, components, draws, is_images, is_draws, samples, seed, .. } = *self;
        EvaluationOptions { limit, prior_images, components, draws, is_images, is_draws, samples, seed }
    }

    /// What an earlier evaluation has left, if it was of the same request; else nothing measured yet.
    fn begin(&self, request: EvaluationRequest, settling: &Settling, target: Option<&Path>) -> Evaluation {
        let is_same_again = settling.promises_bits();
        if !is_same_again {
            let what = "this schedule promises no bits, so that figures differ from run to run";
            output::note(&format!("note: {what}; each evaluation measures anew"));
        }
        match target.filter(|_| is_same_again).and_then(|path| Evaluation::earlier(path, &request)) {
            Some(mut found) => {
                if self.again {
                    found.done.retain(|part| !self.wanted().contains(part));
                }
                found
            }
            None => {
                if let Some(path) = target.filter(|path| path.exists()) {
                    let told = "holds figures of another request, which the new ones replace; --out FILE keeps both";
                    output::note(&format!("note: {} {told}", path.display()));
                }
                Evaluation::new(request)
            }
        }
    }

    fn wanted(&self) -> Vec<EvaluationPart> {
        let mut wanted = if self.only.is_empty() { EvaluationPart::USUAL.to_vec() } else { self.only.clone() };
        wanted.sort_unstable();
        wanted.dedup();
        wanted
    }

    fn measure(
        &self,
        ranks: &Ranks,
        evaluator: &mut Evaluator,
        found: &mut Evaluation,
        target: Option<&Path>,
    ) -> Result<(), Failure> {
        let watcher = Watcher::default();
        for part in self.wanted() {
            if found.done.contains(&part) {
                output::note(&format!("{} is measured already; --again measures it again", part.name()));
                continue;
            }
            if is_stopped(ranks) {
                return Err(Failure::Run("stopped as asked, between two measures".to_owned()));
            }
            agreed(ranks, evaluator.measure(part, found, &|event| watcher.see(event)).map_err(Failure::from))?;
            if let Some(refusal) = found.refused.get(part.name()) {
                output::note(&table::wrap(&format!("note: no {}: {refusal}", part.name())));
            }
            let saved = target.filter(|_| ranks.leads()).map_or(Ok(()), |path| found.save(path));
            agreed(ranks, saved.map_err(Failure::from))?;
        }
        Ok(())
    }
}
