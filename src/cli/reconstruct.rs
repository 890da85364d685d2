//! `gncn reconstruct`: images above what a trained circuit makes of them.

use super::failure::Failure;
use super::trained::{ImageSplit, TrainedArguments};
use super::{output, values};
use crate::picture;
use crate::view::tiles;
use clap::Args;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  gncn reconstruct runs/gncn-pdh -o digits.png
  gncn reconstruct runs/gncn-pdh -o other.png --count 40 --data ~/data/mnist";

/// Draw images above their reconstructions
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ReconstructArguments {
    /// The picture to write
    #[arg(short, long, value_name = "FILE.png")]
    out: PathBuf,
    /// How many images
    #[arg(long, value_name = "N", default_value_t = tiles::COUNT, value_parser = values::positive)]
    count: usize,
    /// Which images of the data
    #[arg(long, value_enum, default_value_t = ImageSplit::Test)]
    split: ImageSplit,
    /// Write what each row is beside it, and the classes above the images
    #[arg(long)]
    captions: bool,
    #[command(flatten)]
    trained: TrainedArguments,
}

impl ReconstructArguments {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let mut trained = self.trained.open(&[("-o", &self.out, "png")])?;
        let settling = trained.circuit().settling().clone();
        let images = self.split.of(&trained.data);
        output::announce(&self.out, &format!("{} images above their reconstructions", self.count.min(images.count())));
        let picture = tiles::reconstructions(&mut trained.network, images, (self.count, self.captions), &settling)?;
        Ok(picture::write(&self.out, &picture)?)
    }
}
