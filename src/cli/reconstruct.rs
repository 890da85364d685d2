//! `gncn reconstruct`: images above what a trained circuit makes of them.

use super::failure::Failure;
use super::trained::{ImageSplit, TrainedArguments};
use super::{output, tiles, values};
use crate::circuit::Settling;
use crate::data::Images;
use crate::evaluation;
use crate::network::Network;
use crate::picture;
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
    #[arg(long, value_name = "N", default_value_t = COUNT, value_parser = values::positive)]
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

/// Images in a picture unless asked otherwise.
pub(super) const COUNT: usize = 20;

impl ReconstructArguments {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let mut trained = self.trained.open(&[("-o", &self.out, "png")])?;
        let settling = trained.circuit().settling().clone();
        let images = self.split.of(&trained.data);
        output::announce(&self.out, &format!("{} images above their reconstructions", self.count.min(images.count())));
        let picture = draw(&mut trained.network, images, (self.count, self.captions), &settling)?;
        Ok(picture::write(&self.out, &picture)?)
    }
}

/// The bytes of a PNG: rows of images, each row above the row of their reconstructions.
pub(super) fn draw(
    network: &mut Network,
    images: &Images,
    (count, captions): (usize, bool),
    settling: &Settling,
) -> Result<Vec<u8>, Failure> {
    let chosen = choose(images, count);
    let shown = images.shades(&images.matrix(&chosen));
    let settled = images.shades(&evaluation::reconstruct(network, images, &chosen, settling)?);
    tiles::draw(images, &chosen, &[("image", &shown), ("settled", &settled)], captions)
}

/// The first images of each class in turn, so that a small picture shows all classes; without labels the first ones.
pub(super) fn choose(images: &Images, count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..images.count()).collect();
    if let Some(labels) = images.labels() {
        let mut seen = [0_usize; 256];
        let mut round = vec![0; labels.len()];
        for (round, label) in round.iter_mut().zip(labels) {
            *round = seen[usize::from(*label)];
            seen[usize::from(*label)] += 1;
        }
        order.sort_by_key(|i| (round[*i], labels[*i]));
    }
    order.truncate(count);
    order
}
