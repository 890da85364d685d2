//! `gncn data make`: the drawn digits as files, for other tools and for a look at them.

use super::super::failure::Failure;
use super::super::{interrupt, output};
use crate::data::{DataError, Dataset, Images, Source, atomic, digits, idx, leftovers, load};
use crate::picture;
use clap::Args;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  gncn data make --out drawn
  gncn data make --out more --train 60000 --test 10000 --seed 1
  gncn train circuits/gncn-pdh.ron --data more --out runs/more";

/// Draw digits into IDX files, with a picture of the first hundred
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct MakeArguments {
    /// The folder to write, which must be new or empty
    #[arg(short, long, value_name = "FOLDER")]
    out: PathBuf,
    /// Training images
    #[arg(long, value_name = "N", default_value_t = digits::TRAIN, value_parser = at_most_a_million)]
    train: usize,
    /// Test images
    #[arg(long, value_name = "N", default_value_t = digits::TEST, value_parser = at_most_a_million)]
    test: usize,
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
        output::announce(&self.out, "two IDX files of training images, two of test images, digits.png");
        let data = load(&Source::Digits { seed: self.seed, train: self.train, test: self.test })?;
        std::fs::create_dir_all(&self.out).map_err(|cause| {
            Failure::Run(format!("{} can't be made ({cause}); choose another --out", self.out.display()))
        })?;
        let mark = self.out.join(MARK);
        atomic::write(&mark, b"`gncn data make` was writing here; the same command goes on\n")?;
        self.write(&data)?;
        Ok(std::fs::remove_file(&mark).map_err(|cause| DataError::write(&mark, cause))?)
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
