//! `gncn data make`: the drawn digits, still or moving, as files, for other tools and for a look at them.

use super::super::failure::Failure;
use super::super::{interrupt, output};
use crate::data::npz::NpzOut;
use crate::data::{DataError, Dataset, Images, Pixels, Source, atomic, digits, idx, leftovers, load, moving};
use crate::picture;
use clap::Args;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  gncn data make --out drawn
  gncn data make --out more --train 60000 --test 10000 --seed 1
  gncn train circuits/gncn-pdh.ron --data more --out runs/more
  gncn data make moving-digits --out moving";

/// Draw digits into IDX files, or sequences of them into .npz, with a picture
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct MakeArguments {
    /// What to draw
    #[arg(value_name = "NAME", value_parser = ["digits", moving::NAME], default_value = "digits")]
    name: String,
    /// The folder to write, which must be new or empty
    #[arg(short, long, value_name = "FOLDER")]
    out: PathBuf,
    /// Training images, or sequences [default: 6000, or 2000 sequences]
    #[arg(long, value_name = "N", value_parser = at_most_a_million)]
    train: Option<usize>,
    /// Test images, or sequences [default: 1000, or 400 sequences]
    #[arg(long, value_name = "N", value_parser = at_most_a_million)]
    test: Option<usize>,
    /// Seed of the drawings; 0 gives the digits that are embedded
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

/// Stands in a folder for as long as not all is written; then what is there is half-made, and may be written anew.
const MARK: &str = ".making";
/// Images on a side of the picture.
const ACROSS: usize = 10;
/// Pixels of the picture for each pixel of an image.
const SCALE: usize = 2;

impl MakeArguments {
    pub(super) fn run(&self) -> Result<(), Failure> {
        refuse_used(&self.out)?;
        interrupt::at_once("stopped as asked; the same command goes on")?;
        let is_moving = self.name == moving::NAME;
        let what = if is_moving {
            "moving-digits.npz with the arrays train and test [frames, sequences, 24, 24], digits.png"
        } else {
            "two IDX files of training images, two of test images, digits.png"
        };
        output::announce(&self.out, what);
        let data = self.draw(is_moving)?;
        std::fs::create_dir_all(&self.out).map_err(|cause| {
            Failure::Run(format!("{} can't be made ({cause}); choose another --out", self.out.display()))
        })?;
        let mark = self.out.join(MARK);
        atomic::write(&mark, b"`gncn data make` was writing here; the same command goes on\n")?;
        if is_moving {
            self.write_frames(&data)?
        } else {
            self.write(&data)?
        }
        Ok(std::fs::remove_file(&mark).map_err(|cause| DataError::write(&mark, cause))?)
    }

    fn draw(&self, is_moving: bool) -> Result<Dataset, Failure> {
        if is_moving {
            let (train, test) = (self.train.unwrap_or(moving::TRAIN), self.test.unwrap_or(moving::TEST));
            return Ok(moving::generate(self.seed, train, test)?);
        }
        let (train, test) = (self.train.unwrap_or(digits::TRAIN), self.test.unwrap_or(digits::TEST));
        Ok(load(&Source::Digits { seed: self.seed, train, test })?)
    }

    fn write_frames(&self, data: &Dataset) -> Result<(), Failure> {
        let mut out = NpzOut::create(&self.out.join("moving-digits.npz"))?;
        for (name, images) in [("train", Some(&data.train)), ("test", data.test.as_ref())] {
            let Some(images) = images else { continue };
            let Pixels::Bytes(bytes) = images.pixels() else { continue };
            out.frames(
                name,
                bytes,
                [images.frames(), images.count() / images.frames(), images.height(), images.width()],
            )?;
        }
        out.finish()?;
        Ok(picture::write(&self.out.join("digits.png"), &grid(&data.train)?)?)
    }

    fn write(&self, data: &Dataset) -> Result<(), Failure> {
        let splits = [("train", Some(&data.train)), ("t10k", data.test.as_ref())];
        for (name, images) in splits.into_iter().filter_map(|(name, images)| Some((name, images?))) {
            let file = |kind: &str| self.out.join(format!("{name}-{kind}-ubyte"));
            atomic::write(&file("images-idx3"), &idx::encode_images(images))?;
            atomic::write(&file("labels-idx1"), &idx::encode_labels(images.labels().unwrap_or_default()))?;
        }
        Ok(picture::write(&self.out.join("digits.png"), &grid(&data.train)?)?)
    }
}

/// The first images, as they are learned.
fn grid(images: &Images) -> Result<Vec<u8>, Failure> {
    let rows: Vec<usize> = (0..images.count().min(ACROSS * ACROSS)).collect();
    let shown = images.matrix(&rows);
    let tiles: Vec<&[f32]> = rows.iter().map(|row| shown.row(*row)).collect();
    let lines: Vec<Vec<&[f32]>> = tiles.chunks(ACROSS).map(<[_]>::to_vec).collect();
    Ok(picture::grid(&lines, images.width(), images.height(), SCALE)?)
}

/// Refuses a folder in which something is already.
fn refuse_used(folder: &Path) -> Result<(), Failure> {
    let refuse = |problem: &str| Err(Failure::Request(format!("{}: {problem}", folder.display())));
    let is_whole = !folder.join(MARK).is_file();
    let is_kept = |entry: std::fs::DirEntry| !leftovers::is_temporary(&entry.file_name().to_string_lossy());
    match std::fs::read_dir(folder).map(|entries| entries.filter_map(Result::ok).any(is_kept)) {
        Ok(true) if is_whole => refuse("is not empty; --out names a new folder"),
        Err(_) if folder.exists() => refuse("is no folder; --out names a new one"),
        _ => Ok(()),
    }
}

fn at_most_a_million(text: &str) -> Result<usize, String> {
    let count = text.parse().ok().filter(|n| (1..=1_000_000).contains(n));
    count.ok_or_else(|| "a whole number from 1 to 1000000 is needed".to_owned())
}
