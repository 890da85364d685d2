//! `gncn complete`: images whose right half is hidden, and what a trained circuit makes of them.

use super::failure::Failure;
use super::reconstruct::choose;
use super::settling::SettlingArguments;
use super::trained::TrainedArguments;
use super::{output, table, values};
use crate::evaluation;
use crate::picture;
use clap::Args;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  gncn complete runs/gncn-pdh -o completed.png
  gncn complete runs/gncn-pdh -o more.png --count 40 --steps 100

Each image stands above its shown half and above its completion: the hidden
pixels start at 0 and move by their own mismatch while the circuit settles.";

/// Draw test images, their left halves, and their completions
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct CompleteArguments {
    /// The picture to write
    #[arg(short, long, value_name = "FILE.png")]
    out: PathBuf,
    /// How many images
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = values::positive)]
    count: usize,
    #[command(flatten)]
    settling: SettlingArguments,
    #[command(flatten)]
    trained: TrainedArguments,
}

/// Images in a row of a picture.
const ACROSS: usize = 10;
/// Pixels of the picture for each pixel of an image.
const SCALE: usize = 3;
/// Brightness of a hidden pixel.
const HIDDEN: f32 = 0.5;

impl CompleteArguments {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let mut trained = self.trained.open(&[("-o", &self.out, "png")])?;
        let circuit = self.settling.apply(trained.circuit().as_ref().clone())?;
        let images = trained.data.test_or_train();
        let rows = choose(images, self.count);
        output::announce(&self.out, &format!("{} images above their left halves and completions", rows.len()));
        let completed = evaluation::complete(&mut trained.network, images, &rows, circuit.settling())?;
        let (whole, settled) = (images.shades(&completed.images), images.shades(&completed.settled));
        let mut masked = whole.clone();
        let hidden = masked.as_mut_slice().iter_mut().zip(completed.observed.as_slice());
        hidden.filter(|(_, seen)| **seen == 0.0).for_each(|(pixel, _)| *pixel = HIDDEN);
        let mut lines: Vec<Vec<&[f32]>> = Vec::new();
        for start in (0..rows.len()).step_by(ACROSS) {
            let end = (start + ACROSS).min(rows.len());
            for matrix in [&whole, &masked, &settled] {
                lines.push((start..end).map(|i| matrix.row(i)).collect());
            }
        }
        let bytes = picture::grid(&lines, images.width(), images.height(), SCALE)?;
        picture::write(&self.out, &bytes)?;
        let errors = completed.squared_errors();
        let mean = errors.iter().sum::<f64>() / errors.len() as f64;
        output::print(&format!("M-MSE on these {} images: {}", errors.len(), table::figure(mean)))
    }
}
