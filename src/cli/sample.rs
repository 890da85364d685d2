//! `gncn sample`: images that a trained circuit makes up, from its prior downwards.

use super::failure::Failure;
use super::progress::Watcher;
use super::trained::TrainedArguments;
use super::{output, values};
use crate::evaluation::mixture::MixtureOptions;
use crate::evaluation::{COMPONENTS, Descent, PRIOR_IMAGES, PriorOptions, fit_prior};
use crate::picture;
use crate::rng;
use clap::Args;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  gncn sample runs/gncn-pdh -o samples.png
  gncn sample runs/gncn-pdh -o few.png --count 30 --components 20 --seed 3

A mixture of Gaussians is fitted to what the top layer settles to on training
images, as for log_px of gncn eval, and kept in the run folder; draws from it
are pushed down by ancestral means, and the means of the image are shown.";

/// Draw images from a trained circuit's prior
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct SampleArguments {
    /// The picture to write
    #[arg(short, long, value_name = "FILE.png")]
    out: PathBuf,
    /// How many images
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = values::up_to::<100_000>)]
    count: usize,
    /// Training images that the mixture is fitted to, the same number of each class
    #[arg(long, value_name = "N", default_value_t = PRIOR_IMAGES, value_parser = values::positive)]
    prior_images: usize,
    /// Components of the mixture
    #[arg(long, value_name = "N", default_value_t = COMPONENTS, value_parser = values::up_to::<10_000>)]
    components: usize,
    /// Seed of the mixture and of the draws
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    trained: TrainedArguments,
}

/// Images in a row of a picture.
const ACROSS: usize = 10;
/// Pixels of the picture for each pixel of an image.
const SCALE: usize = 3;

impl SampleArguments {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let mut trained = self.trained.open(&[("-o", &self.out, "png")])?;
        // Known before anything settles.
        let descent = Descent::new(&trained.network)?;
        output::announce(&self.out, &format!("{} images drawn from the circuit", self.count));
        let mixture = MixtureOptions { components: self.components, seed: self.seed, ..MixtureOptions::default() };
        let options = PriorOptions { images: self.prior_images, mixture };
        let settling = trained.circuit().settling().clone();
        let watcher = Watcher::default();
        let prior = fit_prior(&mut trained, &settling, &options, &|event| watcher.see(event))?;
        let draws = prior.mixture.draw(self.count, &mut rng::stream(self.seed, "samples"));
        let means = descent.means(&draws.samples);
        let images = trained.data.test_or_train();
        let means = images.shades(&means);
        let tiles: Vec<&[f32]> = (0..self.count).map(|i| means.row(i)).collect();
        let rows: Vec<_> = tiles.chunks(ACROSS).map(<[_]>::to_vec).collect();
        let bytes = picture::grid(&rows, images.width(), images.height(), SCALE)?;
        Ok(picture::write(&self.out, &bytes)?)
    }
}
