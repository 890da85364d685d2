//! `gncn complete`: images a part of which is hidden, and what a trained circuit makes of them.

use super::failure::Failure;
use super::settling::SettlingArguments;
use super::trained::{ImageSplit, TrainedArguments};
use super::{output, table, values};
use crate::circuit::Circuit;
use crate::data::{Images, SenseFile};
use crate::evaluation::{self, Hidden, image_sense};
use crate::matrix::Matrix;
use crate::picture;
use crate::view::tiles::{self, choose};
use clap::Args;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  gncn complete runs/gncn-pdh -o completed.png
  gncn complete runs/gncn-pdh -o more.png --count 40 --steps 100
  gncn complete runs/gncn-pdh -o top.png --hide top --captions
  gncn complete runs/gncn-pdh -o some.png --hide random:0.5 --split train
  gncn complete runs/gncn-pdh -o hole.png --mask seen.npy

Each image stands above its shown part and above its completion: the hidden
pixels start at 0 and move by their own mismatch while the circuit settles.

A mask is as in gncn settle: 1 where a value is observed and 0 where it is
missing, [values], [height, width] or one such for each image.";

/// Draw images, what is shown of them, and their completions
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct CompleteArguments {
    /// The picture to write
    #[arg(short, long, value_name = "FILE.png")]
    out: PathBuf,
    /// How many images
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = values::positive)]
    count: usize,
    /// What is hidden: right, left, top, bottom, or random:SHARE of the pixels
    #[arg(long, value_name = "PART", default_value = "right", value_parser = part)]
    hide: Hidden,
    /// What is hidden, from a file (.npy, .npz or FILE.npz:ARRAY)
    #[arg(long, value_name = "FILE", conflicts_with = "hide")]
    mask: Option<PathBuf>,
    /// Which images of the data
    #[arg(long, value_enum, default_value_t = ImageSplit::Test)]
    split: ImageSplit,
    /// Write what each row is beside it, and the classes above the images
    #[arg(long)]
    captions: bool,
    #[command(flatten)]
    settling: SettlingArguments,
    #[command(flatten)]
    trained: TrainedArguments,
}

/// Brightness of a hidden pixel.
const HIDDEN: f32 = 0.5;

impl CompleteArguments {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let mut trained = self.trained.open_reading(&[("-o", &self.out, "png")], self.mask.as_slice())?;
        let circuit = self.settling.apply(trained.circuit().as_ref().clone())?;
        let images = self.split.of(&trained.data);
        let rows = choose(images, self.count);
        let hidden = self.hidden(&circuit, images)?;
        output::announce(&self.out, &format!("{} images above what is shown of them and completions", rows.len()));
        let completed = evaluation::complete_where(&mut trained.network, images, &rows, circuit.settling(), &hidden)?;
        let (whole, settled) = (images.shades(&completed.images), images.shades(&completed.settled));
        let mut masked = whole.clone();
        let pixels = masked.as_mut_slice().iter_mut().zip(completed.observed.as_slice());
        pixels.filter(|(_, seen)| **seen == 0.0).for_each(|(pixel, _)| *pixel = HIDDEN);
        let stacked = [("image", &whole), ("shown", &masked), ("completed", &settled)];
        picture::write(&self.out, &tiles::draw(images, &rows, &stacked, self.captions)?)?;
        let errors = completed.squared_errors();
        let mean = errors.iter().sum::<f64>() / errors.len() as f64;
        output::print(&format!("M-MSE on these {} images: {}", errors.len(), table::figure(mean)))
    }

    /// What was asked to be hidden of these images.
    fn hidden(&self, circuit: &Circuit, images: &Images) -> Result<Hidden, Failure> {
        let Some(file) = &self.mask else { return Ok(self.hide.clone()) };
        let (sense, _) = image_sense(circuit)?;
        let mask = evaluation::observed(circuit, &SenseFile { sense: sense.to_owned(), file: file.clone() })?;
        let (count, size) = (images.count(), images.size());
        // A mask of the shape of an image is one for all.
        let is_one = mask.as_slice().len() == size;
        let mask = if is_one { Matrix::from_fn(1, size, |_, value| mask.as_slice()[value]) } else { mask };
        let is_binary = mask.as_slice().iter().all(|value| *value == 0.0 || *value == 1.0);
        if mask.cols() == size && [1, count].contains(&mask.rows()) && is_binary {
            return Ok(Hidden::Where(mask));
        }
        let shape = format!("{} rows of {} values", mask.rows(), mask.cols());
        Err(Failure::Request(format!(
            "--mask {}: it has {shape}; values of 0 and 1 are needed, {size} for each of these {count} images, or {size} for all",
            file.display()
        )))
    }
}

/// The legal values of `--hide`.
fn part(text: &str) -> Result<Hidden, String> {
    let share = |share: &str| share.parse().ok().filter(|share: &f64| (0.0..=1.0).contains(share));
    match text.split_once(':') {
        None if text == "right" => Ok(Hidden::Right),
        None if text == "left" => Ok(Hidden::Left),
        None if text == "top" => Ok(Hidden::Top),
        None if text == "bottom" => Ok(Hidden::Bottom),
        Some(("random", number)) if share(number).is_some() => {
            Ok(Hidden::Random { share: share(number).unwrap_or_default(), seed: 0 })
        }
        _ => Err("right, left, top, bottom or random:SHARE is needed, SHARE from 0 to 1".to_owned()),
    }
}
