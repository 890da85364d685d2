//! `gncn sample`: images that a trained circuit makes up, from its prior downwards.

use super::failure::Failure;
use super::progress::Watcher;
use super::trained::TrainedArguments;
use super::{output, values};
use crate::evaluation::mixture::MixtureOptions;
use crate::evaluation::{COMPONENTS, Descent, PRIOR_IMAGES, PriorOptions, fit_prior};
use crate::picture::{self, NamedTiles};
use crate::rng;
use clap::Args;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  gncn sample runs/gncn-pdh -o samples.png
  gncn sample runs/gncn-pdh -o named.png --captions
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
    /// Write beside each row what it is, and above each image its number
    #[arg(long)]
    captions: bool,
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
        let numbers: Vec<String> = (0..self.count).map(|i| i.to_string()).collect();
        let rows = tiles.chunks(ACROSS).zip(numbers.chunks(ACROSS)).map(|(tiles, numbers)| NamedTiles {
            name: if self.captions { "drawn" } else { "" },
            tiles: tiles.to_vec(),
            above: if self.captions { numbers.to_vec() } else { Vec::new() },
        });
        let scale = if self.captions { picture::scale_for_words(SCALE, images.width()) } else { SCALE };
        let bytes = picture::named_grid(&rows.collect::<Vec<_>>(), images.width(), images.height(), scale)?;
        Ok(picture::write(&self.out, &bytes)?)
    }
}
