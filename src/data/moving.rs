//! Moving digits: sequences of a drawn digit that moves over a field and turns round at its edges, so that circuits that
//! predict in time have something to predict, with no network.
//!
//! A sequence shows one of the [drawn digits](super::digits) at half its size. It moves by one or two pixels along either axis at every frame,
//! and where it would leave the field it turns round instead: where it goes can be told from two frames, and near an edge from where it is.
//! Each sequence has a random stream of its own, and a seed gives the same bytes on every machine.

use rand::Rng as _;
use rayon::prelude::*;

use super::digits::{self, Part};
use super::{DataError, Dataset, Images, Pixels};
use crate::rng;

/// Pixels on a side of the field.
pub const SIDE: usize = 24;
/// Frames of a sequence.
pub const FRAMES: usize = 10;
/// Training sequences unless asked otherwise.
pub const TRAIN: usize = 2000;
/// Test sequences unless asked otherwise.
pub const TEST: usize = 400;
/// What `--data` calls them.
pub const NAME: &str = "moving-digits";

/// Pixels on a side of a digit, with its margin.
const DIGIT: usize = digits::SIDE / 2;
/// How far a digit can be from the upper left corner.
const MOST: i32 = (SIDE - DIGIT) as i32;

/// `train` and `test` sequences under `seed`; sequence `i` shows digit `i % 10`.
///
/// # Errors
/// Where no training sequences are asked for; without test sequences there is no test split.
pub fn generate(seed: u64, train: usize, test: usize) -> Result<Dataset, DataError> {
    let images = |part, count: usize| {
        let mut pixels = vec![0; count * FRAMES * SIDE * SIDE];
        let sequences = pixels.par_chunks_exact_mut(FRAMES * SIDE * SIDE);
        sequences.enumerate().for_each(|(index, frames)| draw_into(seed, part, index, frames));
        let labels = (0..count).flat_map(|index| [digits::label(index); FRAMES]).collect();
        Ok::<_, DataError>(Images::new(Pixels::Bytes(pixels), Some(labels), (SIDE, SIDE), NAME)?.in_sequences(FRAMES))
    };
    let test = (test > 0).then(|| images(Part::Test, test)).transpose()?;
    Dataset::new(NAME, images(Part::Train, train)?, test, NAME)
}

fn draw_into(seed: u64, part: Part, index: usize, frames: &mut [u8]) {
    let name = match part {
        Part::Train => "moving.train",
        Part::Test => "moving.test",
    };
    let mut rng = rng::stream_at(seed, name, index as u64);
    let digit = halved(&digits::draw(seed, part, index));
    let mut draw = |count: u32| (rng.next_u32() % count) as i32;
    let mut axes = [0; 2].map(|_| Heading { at: draw(MOST as u32 + 1), speed: [-2, -1, 1, 2][draw(4) as usize] });
    for frame in frames.chunks_exact_mut(SIDE * SIDE) {
        let [down, right] = axes.each_ref().map(|axis| axis.at as usize);
        for (i, row) in digit.chunks_exact(DIGIT).enumerate() {
            let start = (down + i) * SIDE + right;
            frame[start..start + DIGIT].copy_from_slice(row);
        }
        axes.iter_mut().for_each(Heading::advance);
    }
}

/// Where a digit is along an axis, and how far it moves in a frame.
struct Heading {
    at: i32,
    speed: i32,
}

impl Heading {
    fn advance(&mut self) {
        if !(0..=MOST).contains(&(self.at + self.speed)) {
            self.speed = -self.speed;
        }
        self.at += self.speed;
    }
}

/// The mean of every four pixels.
fn halved(image: &[u8]) -> Vec<u8> {
    let at = |i: usize, j: usize| u32::from(image[i * digits::SIDE + j]);
    let mean = |i: usize, j: usize| (at(i, j) + at(i + 1, j) + at(i, j + 1) + at(i + 1, j + 1)) / 4;
    let pixels = (0..DIGIT).flat_map(|i| (0..DIGIT).map(move |j| (2 * i, 2 * j)));
    pixels.map(|(i, j)| mean(i, j) as u8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::Matrix;

    #[test]
    fn a_digit_moves_as_a_whole_and_stays_in_the_field() {
        let data = generate(3, 20, 10).expect("drawn");
        assert_eq!((data.train.count(), data.train.frames()), (20 * FRAMES, FRAMES));
        assert_eq!(data.train.beginnings(&(0..25).collect::<Vec<_>>()), [0, 10, 20]);
        let rows: Vec<usize> = (0..20 * FRAMES).collect();
        let frames: Matrix = data.train.matrix(&rows);
        let ink = |row: usize| frames.row(row).iter().map(|v| f64::from(*v)).sum::<f64>();
        for row in 0..20 * FRAMES {
            assert!((ink(row) - ink(row / FRAMES * FRAMES)).abs() < 1e-3 && ink(row) > 5.0, "frame {row}");
        }
        let moves = |row: usize| frames.row(row) != frames.row(row + 1);
        assert!((0..FRAMES - 1).all(moves));
        assert_eq!(data.digest(), generate(3, 20, 10).expect("drawn").digest());
        assert_ne!(data.digest(), generate(4, 20, 10).expect("drawn").digest());
    }

    #[test]
    fn whole_sequences_are_held_out() {
        let data = generate(0, 40, 0).expect("drawn");
        let split = data.split(5);
        assert_eq!((split.train.len(), split.validation.len()), (36 * FRAMES, 4 * FRAMES));
        assert_eq!(data.train.beginnings(&split.validation).len(), 4);
        assert!(split.validation.iter().all(|row| !split.train.contains(row)));
    }
}
