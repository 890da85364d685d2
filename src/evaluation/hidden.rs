//! Which part of an image is hidden where it is to be completed.

use crate::data::Grid;
use crate::matrix::Matrix;
use crate::rng;
use rand::RngExt;

/// The part of an image that is hidden. The middle row or column of an odd length goes with the right and the bottom.
#[derive(Debug, Clone, PartialEq)]
pub enum Hidden {
    /// The right half, as the paper has it.
    Right,
    /// The left half.
    Left,
    /// The upper half.
    Top,
    /// The lower half.
    Bottom,
    /// Each pixel by itself, with all its channels; the same ones of an image whichever others are looked at.
    Random {
        /// The probability that a pixel is hidden, from 0 to 1.
        share: f64,
        /// Of the draws.
        seed: u64,
    },
    /// What is 0 here `[1, J]`, of every image; or `[n, J]`, by the number of the image.
    Where(Matrix),
}

impl Hidden {
    /// 1 where a value of the images `rows` is shown and 0 where it is hidden, `[rows, J]`.
    ///
    /// # Panics
    /// Where a mask has neither one row nor one for each image, or not as many values as an image.
    #[must_use]
    pub fn observed(&self, grid: Grid, rows: &[usize]) -> Matrix {
        let shown = |is_hidden: &dyn Fn(usize, usize) -> bool| {
            Matrix::from_fn(rows.len(), grid.size(), |i, value| {
                let pixel = value / grid.channels;
                f32::from(u8::from(!is_hidden(i, pixel)))
            })
        };
        let (across, down) = (|pixel: usize| pixel % grid.width, |pixel: usize| pixel / grid.width);
        let (half_across, half_down) = (grid.width / 2, grid.height / 2);
        match self {
            Self::Right => shown(&|_, pixel| across(pixel) >= half_across),
            Self::Left => shown(&|_, pixel| across(pixel) < half_across),
            Self::Top => shown(&|_, pixel| down(pixel) < half_down),
            Self::Bottom => shown(&|_, pixel| down(pixel) >= half_down),
            Self::Random { share, seed } => {
                let drawn: Vec<Vec<bool>> = rows.iter().map(|row| draw(grid, *share, *seed, *row)).collect();
                shown(&|i, pixel| drawn[i][pixel])
            }
            Self::Where(mask) => {
                assert!(mask.cols() == grid.size(), "a mask has a value for each value of an image");
                Matrix::from_fn(rows.len(), grid.size(), |i, value| {
                    mask.row(if mask.rows() == 1 { 0 } else { rows[i] })[value]
                })
            }
        }
    }
}

/// Whether each pixel of the image `row` is hidden.
fn draw(grid: Grid, share: f64, seed: u64, row: usize) -> Vec<bool> {
    let mut dice = rng::stream(seed, &format!("hidden {row}"));
    (0..grid.width * grid.height).map(|_| dice.random_bool(share.clamp(0.0, 1.0))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_meet_and_draws_belong_to_their_image() {
        let grid = Grid { height: 3, width: 3, channels: 2 };
        let of = |hidden: Hidden| hidden.observed(grid, &[4, 7]);
        let (left, right) = (of(Hidden::Left), of(Hidden::Right));
        assert_eq!(&right.row(0)[..6], [1.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
        assert!(left.as_slice().iter().zip(right.as_slice()).all(|(l, r)| l + r == 1.0));
        let (top, bottom) = (of(Hidden::Top), of(Hidden::Bottom));
        assert_eq!(top.row(1).iter().sum::<f32>(), 12.0);
        assert!(top.as_slice().iter().zip(bottom.as_slice()).all(|(t, b)| t + b == 1.0));
        let random = Hidden::Random { share: 0.5, seed: 1 };
        let both = random.observed(grid, &[4, 7]);
        assert_eq!(random.observed(grid, &[7]).row(0), both.row(1));
        assert!(both.row(0).chunks(2).all(|pixel| pixel[0] == pixel[1]), "channels go together");
        let mask = Matrix::from_fn(8, 18, |i, _| i as f32);
        assert_eq!(of(Hidden::Where(mask)).row(1)[0], 7.0);
    }
}
