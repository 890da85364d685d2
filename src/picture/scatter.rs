//! Points in a plane, coloured by class, with a legend.

use super::encode::encode;
use crate::data::DataError;

/// Pixels of a side of the plane.
const SIDE: usize = 800;
/// Pixels around it.
const MARGIN: usize = 20;
/// Pixels of the legend's column.
const LEGEND: usize = 60;
/// Pixels of a side of a point.
const POINT: usize = 5;
/// Pixels of the picture for each pixel of a digit.
const SCALE: usize = 3;
/// Classes in the legend, beyond which it is left out.
const MOST: usize = 20;

/// Ten colours that differ also for most of those who don't see red and green apart (after Matplotlib's `tab10`);
/// further classes take them again.
const COLOURS: [[u8; 3]; 10] = [
    [31, 119, 180],
    [255, 127, 14],
    [44, 160, 44],
    [214, 39, 40],
    [148, 103, 189],
    [140, 86, 75],
    [227, 119, 194],
    [127, 127, 127],
    [188, 189, 34],
    [23, 190, 207],
];

/// Digits of 3x5 pixels: one row in three bits, the top one first.
const DIGITS: [[u8; 5]; 10] = [
    [7, 5, 5, 5, 7],
    [2, 6, 2, 2, 7],
    [7, 1, 7, 4, 7],
    [7, 1, 7, 1, 7],
    [5, 5, 7, 1, 1],
    [7, 4, 7, 1, 7],
    [7, 4, 7, 5, 7],
    [7, 1, 2, 2, 2],
    [7, 5, 7, 5, 7],
    [7, 5, 7, 1, 7],
];

/// A picture of `points`, each with the colour of its class in `classes` (all of class 0 where there are none).
///
/// # Errors
/// Where there are no points.
pub fn scatter(points: &[[f64; 2]], classes: Option<&[u8]>) -> Result<Vec<u8>, DataError> {
    if points.is_empty() {
        return Err(DataError::content("picture", "there is nothing to show", "give at least one point"));
    }
    let (across, down) = (SIDE + 2 * MARGIN + LEGEND, SIDE + 2 * MARGIN);
    let mut canvas = Canvas { pixels: vec![255; across * down * 3], across };
    let place = placement(points);
    for (i, point) in points.iter().enumerate() {
        let colour = COLOURS[usize::from(classes.map_or(0, |classes| classes[i])) % COLOURS.len()];
        let [x, y] = place(point);
        canvas.fill(x, y, POINT, POINT, colour);
    }
    if let Some(classes) = classes {
        legend(&mut canvas, classes);
    }
    encode(&canvas.pixels, across, down, png::ColorType::Rgb)
}

/// From a point to the corner of its square: both axes on one scale, the middle in the middle.
fn placement(points: &[[f64; 2]]) -> impl Fn(&[f64; 2]) -> [usize; 2] {
    let bounds = |axis: usize| {
        let values = points.iter().map(|p| p[axis]).filter(|v| v.is_finite());
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)))
    };
    let (x, y) = (bounds(0), bounds(1));
    let extent = (x.1 - x.0).max(y.1 - y.0).max(f64::MIN_POSITIVE);
    let scale = (SIDE - POINT) as f64 / extent;
    move |point| {
        let at = |axis: usize, (low, high): (f64, f64)| {
            let offset = 0.5 * (extent - (high - low)) * scale;
            // A float becomes the nearest whole number that there is, so that nothing lands outside.
            MARGIN + ((point[axis] - low) * scale + offset).clamp(0.0, (SIDE - POINT) as f64) as usize
        };
        [at(0, x), at(1, y)]
    }
}

/// The classes that there are, one below the other, each with its colour and its number.
fn legend(canvas: &mut Canvas, classes: &[u8]) {
    let mut there: Vec<u8> = classes.to_vec();
    there.sort_unstable();
    there.dedup();
    if there.len() > MOST {
        return;
    }
    let left = MARGIN + SIDE + MARGIN;
    for (line, class) in there.iter().enumerate() {
        let top = MARGIN + line * 8 * SCALE;
        canvas.fill(left, top, 5 * SCALE, 5 * SCALE, COLOURS[usize::from(*class) % COLOURS.len()]);
        for (place, digit) in class.to_string().bytes().enumerate() {
            canvas.digit(left + (7 + 4 * place) * SCALE, top, usize::from(digit - b'0'));
        }
    }
}

/// Red, green and blue, row by row.
struct Canvas {
    pixels: Vec<u8>,
    across: usize,
}

impl Canvas {
    fn fill(&mut self, left: usize, top: usize, width: usize, height: usize, colour: [u8; 3]) {
        for y in top..top + height {
            for x in (left..left + width).filter(|x| *x < self.across) {
                self.pixels[(y * self.across + x) * 3..][..3].copy_from_slice(&colour);
            }
        }
    }

    fn digit(&mut self, left: usize, top: usize, digit: usize) {
        for (y, row) in DIGITS[digit].iter().enumerate() {
            for x in (0..3).filter(|x| row >> (2 - x) & 1 == 1) {
                self.fill(left + x * SCALE, top + y * SCALE, SCALE, SCALE, [0, 0, 0]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_land_inside_in_the_colour_of_their_class() {
        let points = [[0.0, 0.0], [2.0, 1.0], [1.0, 0.5]];
        let place = placement(&points);
        assert_eq!(place(&points[0]), [MARGIN, MARGIN + (SIDE - POINT) / 4]);
        assert_eq!(place(&points[1])[0], MARGIN + SIDE - POINT);
        let bytes = scatter(&points, Some(&[0, 1, 12])).expect("a picture");
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().expect("a PNG");
        let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
        let frame = reader.next_frame(&mut pixels).expect("a frame");
        let [x, y] = place(&points[2]);
        assert_eq!(&pixels[(y * frame.width as usize + x) * 3..][..3], &COLOURS[2]);
        // One point, or several equal ones, have no extent.
        assert!(scatter(&[[3.0, 3.0]], None).is_ok() && scatter(&[], None).is_err());
    }
}
