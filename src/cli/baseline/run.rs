//! The work of `gncn baseline`: as `gncn train` does it, and the figures of `gncn eval` at its end.

use super::super::failure::Failure;
use super::super::progress::Bar;
use super::super::trained::load_data;
use super::super::values::parse_words;
use super::super::{interrupt, output, table, values};
use super::BaselineArguments;
use super::report::{ComparisonReport, ComparisonRequest};
use crate::baseline::{
    Codes, ComparedKind, ComparedWeights, Comparison, ComparisonSpec, FigureOptions, Gauge, MODEL, SYNAPSES, Spec,
};
use crate::checkpoint::weights::fingerprint;
use crate::checkpoint::{Run, RunInfo};
use crate::data::{Dataset, Source};
use crate::evaluation::PriorOptions;
use crate::evaluation::mixture::{Mixture, MixtureOptions};
use crate::matrix::Matrix;
use crate::network::Tensors;
use crate::picture;
use crate::training::{Ended, EpochMetrics, Event, Flow};
use std::path::Path;
use std::time::Instant;

/// Epochs of the paper, and the most on the embedded digits unless asked otherwise.
const EPOCHS: (usize, usize) = (50, 15);
/// Images in a row of a picture, and rows.
const ACROSS: usize = 10;
/// Pixels of the picture for each pixel of an image.
const SCALE: usize = 3;

impl BaselineArguments {
    /// Trains and measures.
    pub(in crate::cli) fn run(&self) -> Result<(), Failure> {
        values::use_threads(self.threads)?;
        let (run, report) = self.perform(values::command_line())?;
        if self.json { output::print_json(&report) } else { report.print(run.folder()) }
    }

    /// The arguments of a command line that begins with `gncn baseline`.
    pub(in crate::cli) fn parse(words: &[String]) -> Result<Self, Failure> {
        parse_words(words, "baseline")
    }

    /// Trains to the end of the run and measures. The run says that `command` has made it.
    pub(in crate::cli) fn perform(&self, command: Vec<String>) -> Result<(Run, ComparisonReport), Failure> {
        let folder = self.out.clone().unwrap_or_else(|| Path::new("runs").join(&self.model));
        if self.resume && self.model == ComparedKind::Gmm.name() {
            let problem = "gmm is fitted in one go, so there is nothing to resume; --overwrite fits it anew";
            return Err(Failure::Request(problem.to_owned()));
        }
        let (arguments, opened) = if self.resume {
            let mut run = Run::open(&folder)?;
            run.lock()?;
            (self.continuing(&run)?, Some(run))
        } else {
            (self.clone(), None)
        };
        let data = load_data(arguments.data.as_deref())?;
        let spec = arguments.spec(&data)?;
        let mut run = match opened {
            Some(run) => run,
            None => arguments.create(&folder, command, &data, &spec)?,
        };
        let done = arguments.compare(&mut run, &data, &spec);
        let report = done.map_err(|failure| arguments.how_to_go_on(failure, &run))?;
        Ok((run, report))
    }

    /// The options given now, or else those that the run was started with.
    fn continuing(&self, run: &Run) -> Result<Self, Failure> {
        let Ok(first) = parse_words::<Self>(&run.info.command, "baseline") else {
            let problem = "is not the run of a compared model; choose another --out, or go on with `gncn train`";
            return Err(Failure::Request(format!("{}: {problem}", run.folder().display())));
        };
        if first.model != self.model {
            let problem = format!("is a run of {}, not of {}; choose another --out", first.model, self.model);
            return Err(Failure::Request(format!("{}: {problem}", run.folder().display())));
        }
        let now = self.clone();
        Ok(Self {
            data: now.data.or(first.data),
            epochs: now.epochs.or(first.epochs),
            batch: now.batch.or(first.batch),
            rate: now.rate.or(first.rate),
            variance: now.variance.or(first.variance),
            seed: now.seed.or(first.seed),
            limit: now.limit.or(first.limit),
            test_limit: now.test_limit.or(first.test_limit),
            checkpoint_every: now.checkpoint_every.or(first.checkpoint_every),
            ..now
        })
    }

    fn spec(&self, data: &Dataset) -> Result<ComparisonSpec, Failure> {
        let kind = ComparedKind::named(&self.model).expect("the legal names are those of the models");
        let mut model = Spec::new(kind, data.train.size(), data.classes(), SYNAPSES);
        model.batch = self.batch.unwrap_or(model.batch);
        model.rate = self.rate.unwrap_or(model.rate);
        model.variance = self.variance.unwrap_or(model.variance);
        if kind == ComparedKind::Dsrn && data.train.labels().is_none() {
            return Err(crate::baseline::BaselineError::NoLabels.into());
        }
        let usual = if self.data.is_some() { EPOCHS.0 } else { EPOCHS.1 };
        Ok(ComparisonSpec {
            model,
            seed: self.seed.unwrap_or(0),
            epochs: self.epochs.unwrap_or(usual),
            limit: self.limit,
            checkpoint_every: self.checkpoint_every,
        })
    }

    fn create(
        &self,
        folder: &Path,
        command: Vec<String>,
        data: &Dataset,
        spec: &ComparisonSpec,
    ) -> Result<Run, Failure> {
        let info = RunInfo {
            source: self.data.as_ref().and_then(|name| Source::parse(Some(name)).to_remember().0),
            data: serde_json::to_value(data.describe()).unwrap_or_default(),
            // Nothing settles here.
            schedule: "none".to_owned(),
            limit: spec.limit,
            ..RunInfo::begun(command, spec.seed)
        };
        Ok(Run::create_as(folder, (MODEL, &spec.model.text()), info, self.overwrite)?)
    }

    fn compare(&self, run: &mut Run, data: &Dataset, spec: &ComparisonSpec) -> Result<ComparisonReport, Failure> {
        announce(run.folder(), data, spec);
        interrupt::after_the_batch()?;
        let folder = run.folder().to_owned();
        if spec.model.model == ComparedKind::Gmm {
            // Nothing to descend: the mixture itself is the model.
            let weights = ComparedWeights::new(&spec.model, spec.seed);
            let learned = data.split(spec.seed).limited(spec.limit).train;
            let codes = Codes::new(&spec.model, &weights);
            let gauge = Gauge { codes: &codes, data, learned: &learned, options: self.options(spec) };
            let (mixture, report) = self.measure(&folder, gauge, self.request(data, spec, weights.tensors()))?;
            run.finish(&mixture.as_ref().map(mixture_tensors).unwrap_or_default())?;
            return Ok(report);
        }
        let mut comparison = match self.resume {
            true => Comparison::resume(run, data, spec.clone())?,
            false => Comparison::start(run, data, spec.clone())?,
        };
        if watch(&mut comparison, spec.epochs)? == Ended::Stopped {
            return Err(Failure::Run("stopped as asked, with a checkpoint".to_owned()));
        }
        let codes = comparison.codes();
        if spec.model.model.is_autoencoder() {
            picture::write(&folder.join("reconstructions.png"), &reconstructions(&codes, data)?)?;
        }
        let gauge = Gauge { codes: &codes, data, learned: &comparison.split().train, options: self.options(spec) };
        Ok(self.measure(&folder, gauge, self.request(data, spec, codes.weights().tensors()))?.1)
    }

    /// What the figures depend on.
    fn request(&self, data: &Dataset, spec: &ComparisonSpec, tensors: &Tensors) -> ComparisonRequest {
        ComparisonRequest {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            model: spec.model.clone(),
            synapses: spec.model.synapses(),
            weights: fingerprint(tensors),
            seed: spec.seed,
            limit: spec.limit,
            data: data.describe(),
            split: if data.test.is_some() { "test" } else { "training" }.to_owned(),
            images: data.test_or_train().count().min(self.test_limit.unwrap_or(usize::MAX)),
            prior_images: self.mixture_images,
            components: self.components,
            draws: self.draws,
        }
    }

    fn options(&self, spec: &ComparisonSpec) -> FigureOptions {
        let mixture = MixtureOptions { components: self.components, seed: spec.seed, ..MixtureOptions::default() };
        let prior = PriorOptions { images: self.mixture_images, mixture };
        FigureOptions { prior, draws: self.draws, seed: spec.seed, limit: self.test_limit }
    }

    /// Takes the figures that are wanted and not there yet, and writes them after each part, with a picture of draws.
    fn measure(
        &self,
        folder: &Path,
        gauge: Gauge<'_>,
        request: ComparisonRequest,
    ) -> Result<(Option<Mixture>, ComparisonReport), Failure> {
        let path = folder.join("eval.json");
        let (mut report, mut fitted) = (ComparisonReport::begin(request, &path), None);
        for part in gauge.codes.spec().model.parts() {
            let wanted = self.only.is_empty() || self.only.iter().any(|name| name == part.name());
            // A mixture on pixels is the model, not only a measure of it, and is not kept as a whole.
            let is_model = gauge.codes.spec().model == ComparedKind::Gmm;
            if !is_model && (!wanted || report.done.contains(part)) {
                continue;
            }
            if interrupt::requested() {
                return Err(Failure::Run("stopped as asked, between two measures".to_owned()));
            }
            let (started, steps) = (Instant::now(), gauge.options.prior.mixture.steps);
            let bar = Bar::new(steps);
            let taken = gauge.take(*part, &mut report.figures, |step, likelihood| {
                bar.stand("mixture".to_owned(), step, steps, format!("log-likelihood {likelihood:.2}"));
            })?;
            drop(bar);
            if let Some((drawn, mixture)) = taken {
                picture::write(&folder.join("samples.png"), &samples(&drawn, gauge.data)?)?;
                fitted = Some(mixture);
            }
            report.finish(*part, started.elapsed().as_secs_f64());
            report.save(&path)?;
        }
        Ok((fitted, report))
    }

    fn how_to_go_on(&self, failure: Failure, run: &Run) -> Failure {
        let resumable = matches!(failure, Failure::Run(_)) && matches!(run.newest(), Ok(Some(_)));
        if !resumable {
            return failure;
        }
        let (model, out) = (&self.model, output::quoted(run.folder()));
        failure.and(&format!("the last checkpoint is good; go on with: gncn baseline {model} --out {out} --resume"))
    }
}

fn announce(folder: &Path, data: &Dataset, spec: &ComparisonSpec) {
    let number = |n: usize| table::count(n as u64);
    let layers = |(name, sizes): &(&str, Vec<usize>)| {
        format!("{name} {}", sizes.iter().map(ToString::to_string).collect::<Vec<_>>().join("-"))
    };
    let networks: Vec<String> = spec.model.networks().iter().map(layers).collect();
    let how = match networks.is_empty() {
        true => String::new(),
        false => format!(
            ": {}; {} synapses; {} epochs of batches of {}, seed {}",
            networks.join(", "),
            number(spec.model.synapses()),
            number(spec.epochs),
            number(spec.model.batch),
            spec.seed
        ),
    };
    output::note(&table::wrap(&format!("{} on {}{how}", spec.model.model.name(), data.name)));
    let learned = if networks.is_empty() { "" } else { "metrics.jsonl, checkpoints, " };
    output::announce(folder, &format!("run.json, model.json, {learned}weights, eval.json, pictures"));
}

/// ComparedWeights `[1, K]` and means `[K, J]` of a mixture. Its covariances are 75 times the square of an image, and no figure
/// needs them.
fn mixture_tensors(mixture: &Mixture) -> Tensors {
    let components = mixture.components();
    let weight = Matrix::from_fn(1, components.len(), |_, k| components[k].weight() as f32);
    let mean = Matrix::from_fn(components.len(), mixture.size(), |k, j| components[k].mean()[j] as f32);
    Tensors::from([("mixture.weight".to_owned(), weight), ("mixture.mean".to_owned(), mean)])
}

/// Lets every batch be learned and told, until the end or a stop.
fn watch(comparison: &mut Comparison<'_>, epochs: usize) -> Result<Ended, Failure> {
    let bar = Bar::new(1);
    let ended = comparison.run(&mut |event| {
        match event {
            Event::Batch { epoch, done, of, free_energy } => {
                bar.stand(format!("epoch {epoch}/{epochs}"), *done, *of, format!("loss {free_energy:.1}"));
            }
            // A pass without learning takes a second.
            Event::Measured { .. } | Event::Warning(_) => {}
            Event::Epoch(metrics) => bar.milestone(&line(metrics, epochs)),
            Event::Checkpoint(path) => tracing::info!("checkpoint {}", path.display()),
        }
        if interrupt::requested() { Flow::Stop } else { Flow::GoOn }
    });
    Ok(ended?)
}

/// One epoch in one line.
fn line(metrics: &EpochMetrics, epochs: usize) -> String {
    let loss: f64 = metrics.train_free_energy.values().sum();
    let mut line = format!("epoch {}/{epochs}  cross-entropy {loss:.2}", metrics.epoch);
    for (name, measures) in [("validation", &metrics.validation), ("test", &metrics.test)] {
        let Some(measures) = measures else { continue };
        let bce = measures.bce.map(|bce| format!("  {name} BCE {bce:.2}"));
        let accuracy = measures.accuracy.map(|share| format!("  {name} accuracy {}", table::percent(share)));
        line.extend(bce.into_iter().chain(accuracy));
    }
    line + &format!("  {} ({:.0} images/s)", table::seconds(metrics.seconds), metrics.samples_per_second)
}

/// Test images above what the model makes of them.
fn reconstructions(codes: &Codes<'_>, data: &Dataset) -> Result<Vec<u8>, Failure> {
    let images = data.test_or_train();
    let rows: Vec<usize> = (0..images.count().min(2 * ACROSS)).collect();
    let shown = images.matrix(&rows);
    let made = codes.reconstruct(&shown)?;
    let lines = |matrix| -> Vec<Vec<&[f32]>> { tiles(matrix, rows.len()) };
    let rows: Vec<_> = lines(&shown).into_iter().zip(lines(&made)).flat_map(|(shown, made)| [shown, made]).collect();
    Ok(picture::grid(&rows, images.width(), images.height(), SCALE)?)
}

/// The first draws.
fn samples(drawn: &Matrix, data: &Dataset) -> Result<Vec<u8>, Failure> {
    let rows = tiles(drawn, drawn.rows().min(ACROSS * ACROSS));
    Ok(picture::grid(&rows, data.train.width(), data.train.height(), SCALE)?)
}

/// The first `count` rows of a matrix, in lines of tiles.
fn tiles(matrix: &Matrix, count: usize) -> Vec<Vec<&[f32]>> {
    let tiles: Vec<&[f32]> = (0..count).map(|row| matrix.row(row)).collect();
    tiles.chunks(ACROSS).map(<[_]>::to_vec).collect()
}
