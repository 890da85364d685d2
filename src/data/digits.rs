//! The embedded data set: drawn digits, so that the first command works on any machine with no network.
//!
//! Each digit has several allographs. An image is one of them, bent by a smooth random field (which
//! moves strokes that meet together), wobbled, slanted, turned, scaled, moved, and drawn with a pen of random width.
//! Only additions, multiplications, divisions and square roots are used, which IEEE 754 defines to the last bit: a
//! seed gives the same bytes on every machine. Each image has a random stream of its own, so any image can be
//! drawn alone and all of them in parallel.

use rand::Rng as _;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::glyphs::{Allograph, DIGITS, Stroke};
use super::{DataError, Dataset, Images, Pixels};
use crate::rng;

/// Pixels on a side.
pub const SIDE: usize = 28;
/// Training images unless asked otherwise.
pub const TRAIN: usize = 6000;
/// Test images unless asked otherwise.
pub const TEST: usize = 1000;

/// Points of a spline between two points of a stroke.
const FINENESS: usize = 8;
/// Height of a digit in pixels; MNIST fits its digits into 20x20.
const HEIGHT: f32 = 19.0;

/// `train` and `test` images of drawn digits under `seed`, classes in turn: image `i` shows digit `i % 10`.
///
/// # Errors
/// Where no training images are asked for; without test images the data set has no test split.
pub fn generate(seed: u64, train: usize, test: usize) -> Result<Dataset, DataError> {
    let file = "digits";
    let images = |part, count| {
        let (pixels, labels) = (draw_all(seed, part, count), (0..count).map(label).collect());
        Images::new(Pixels::Bytes(pixels), Some(labels), (SIDE, SIDE), file)
    };
    let test = (test > 0).then(|| images(Part::Test, test)).transpose()?;
    Dataset::new(file, images(Part::Train, train)?, test, file)
}

/// Which stream of images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Images to learn from.
    Train,
    /// Images to test with.
    Test,
}

/// The digit that image `index` of either part shows.
#[must_use]
pub fn label(index: usize) -> u8 {
    (index % 10) as u8
}

/// Image `index` of `part` under `seed`, alone.
#[must_use]
pub fn draw(seed: u64, part: Part, index: usize) -> Vec<u8> {
    let mut pixels = vec![0; SIDE * SIDE];
    draw_into(seed, part, index, &mut pixels);
    pixels
}

fn draw_all(seed: u64, part: Part, count: usize) -> Vec<u8> {
    let mut pixels = vec![0; count * SIDE * SIDE];
    pixels.par_chunks_exact_mut(SIDE * SIDE).enumerate().for_each(|(index, image)| draw_into(seed, part, index, image));
    pixels
}

fn draw_into(seed: u64, part: Part, index: usize, pixels: &mut [u8]) {
    let name = match part {
        Part::Train => "digits.train",
        Part::Test => "digits.test",
    };
    let mut hand = Hand(rng::stream_at(seed, name, index as u64));
    let allographs = DIGITS[usize::from(label(index))];
    let allograph = &allographs[hand.below(allographs.len())];
    let pose = Pose::random(&mut hand, allograph);
    let pen = Pen::random(&mut hand);
    let mut canvas = [0.0; SIDE * SIDE];
    for stroke in allograph.strokes {
        let path: Vec<Point> = spline(stroke).into_iter().map(|point| pose.place(point)).collect();
        pen.draw(&path, &mut canvas);
    }
    for (pixel, ink) in pixels.iter_mut().zip(canvas) {
        *pixel = (ink * pen.ink * 255.0 + 0.5) as u8;
    }
}

type Point = (f32, f32);

/// Random numbers of one image, made by exact arithmetic so that no library can change them.
struct Hand(ChaCha8Rng);

impl Hand {
    /// Uniform in [lo, hi).
    fn uniform(&mut self, lo: f32, hi: f32) -> f32 {
        let unit = (self.0.next_u32() >> 8) as f32 / 16_777_216.0;
        lo + (hi - lo) * unit
    }

    /// Bell-shaped around 0 with standard deviation `sd`, never beyond 3 of them: the sum of three uniform draws
    /// has standard deviation 1 over [-3, 3].
    fn bell(&mut self, sd: f32) -> f32 {
        sd * (0..3).map(|_| self.uniform(-1.0, 1.0)).sum::<f32>()
    }

    fn below(&mut self, count: usize) -> usize {
        (self.uniform(0.0, count as f32) as usize).min(count - 1)
    }
}

/// Where and how a digit stands on the canvas.
struct Pose {
    bend: Field<5>,
    wobble: Field<9>,
    /// Pixels per unit of the box.
    scale: Point,
    slant: f32,
    /// Cosine and sine of the turn.
    turn: Point,
    centre: Point,
}

impl Pose {
    fn random(hand: &mut Hand, allograph: &Allograph) -> Self {
        let bend = Field::random(hand, 0.095);
        let wobble = Field::random(hand, 0.022);
        let height = HEIGHT * (1.0 + hand.bell(0.06));
        let width = HEIGHT * allograph.aspect * (1.0 + hand.bell(0.1));
        let slant = 0.12 + hand.bell(0.16);
        // The rational form of a turn by a small angle needs no library function.
        let half = hand.bell(0.035);
        let turn = ((1.0 - half * half) / (1.0 + half * half), 2.0 * half / (1.0 + half * half));
        let middle = SIDE as f32 / 2.0;
        let centre = (middle + hand.bell(0.8), middle + hand.bell(0.8));
        Self { bend, wobble, scale: (width, height), slant, turn, centre }
    }

    /// The place on the canvas of a point of the unit box.
    fn place(&self, point: Point) -> Point {
        let (bend, wobble) = (self.bend.at(point), self.wobble.at(point));
        let y = (point.1 + bend.1 + wobble.1 - 0.5) * self.scale.1;
        // Bending is relative to the height, or a slim digit would hardly bend at all.
        let x = (point.0 - 0.5) * self.scale.0 + (bend.0 + wobble.0) * self.scale.1 - self.slant * y;
        (self.centre.0 + self.turn.0 * x - self.turn.1 * y, self.centre.1 + self.turn.1 * x + self.turn.0 * y)
    }
}

/// A smooth random displacement over the unit box: a quadratic B-spline with `N`x`N` knots, which has no kinks.
struct Field<const N: usize>([[Point; N]; N]);

impl<const N: usize> Field<N> {
    fn random(hand: &mut Hand, sd: f32) -> Self {
        let mut knots = [[(0.0, 0.0); N]; N];
        for knot in knots.as_flattened_mut() {
            *knot = (hand.bell(sd), hand.bell(sd));
        }
        Self(knots)
    }

    /// The displacement at a point, from the nine knots around it.
    fn at(&self, (x, y): Point) -> Point {
        let (column, across) = weights::<N>(x);
        let (row, down) = weights::<N>(y);
        let mut sum = (0.0, 0.0);
        for (knots, v) in self.0[row..row + 3].iter().zip(down) {
            for (knot, u) in knots[column..column + 3].iter().zip(across) {
                sum.0 += v * u * knot.0;
                sum.1 += v * u * knot.1;
            }
        }
        sum
    }
}

/// The first of three knots around a coordinate of [0, 1], and the weights of the three.
fn weights<const N: usize>(x: f32) -> (usize, [f32; 3]) {
    let x = x.clamp(0.0, 1.0) * (N - 2) as f32;
    let first = (x as usize).min(N - 3);
    let t = x - first as f32;
    (first, [0.5 * (1.0 - t) * (1.0 - t), 0.5 + t * (1.0 - t), 0.5 * t * t])
}

/// The points of a Catmull-Rom spline through those of a stroke.
fn spline(stroke: &Stroke) -> Vec<Point> {
    let points = stroke.points;
    let last = points.len() - 1;
    let at = |i: isize| {
        if stroke.closed {
            points[i.rem_euclid(points.len() as isize) as usize]
        } else {
            points[(i.max(0) as usize).min(last)]
        }
    };
    let spans = if stroke.closed { points.len() } else { last };
    let mut path = vec![points[0]];
    for span in 0..spans as isize {
        let [a, b, c, d] = [at(span - 1), at(span), at(span + 1), at(span + 2)];
        // A corner: the spline must not swing through it.
        let (a, d) = (if a == b { b } else { a }, if c == d { c } else { d });
        for step in 1..=FINENESS {
            let t = step as f32 / FINENESS as f32;
            path.push((catmull_rom(a.0, b.0, c.0, d.0, t), catmull_rom(a.1, b.1, c.1, d.1, t)));
        }
    }
    path
}

/// From `b` at t = 0 to `c` at t = 1, with the slopes of the neighbours.
fn catmull_rom(a: f32, b: f32, c: f32, d: f32, t: f32) -> f32 {
    let cubic = 3.0 * (b - c) + d - a;
    let square = 2.0 * a - 5.0 * b + 4.0 * c - d;
    b + 0.5 * t * (c - a + t * (square + t * cubic))
}

/// A round pen whose width changes a little from one end of a stroke to the other.
struct Pen {
    /// Radius in pixels at the start and at the end of a stroke.
    radius: (f32, f32),
    /// Blackness of its ink, up to 1.
    ink: f32,
}

impl Pen {
    fn random(hand: &mut Hand) -> Self {
        let radius = hand.uniform(0.75, 1.55);
        let change = hand.bell(0.1);
        Self { radius: (radius * (1.0 - change), radius * (1.0 + change)), ink: hand.uniform(0.88, 1.0) }
    }

    /// Lays the pen along a path; the canvas keeps the darkest ink of each pixel.
    fn draw(&self, path: &[Point], canvas: &mut [f32; SIDE * SIDE]) {
        for (i, ends) in path.windows(2).enumerate() {
            let along = i as f32 / path.len() as f32;
            let radius = self.radius.0 + (self.radius.1 - self.radius.0) * along;
            segment(ends[0], ends[1], radius, canvas);
        }
    }
}

/// A round-ended segment, its edge blended over one pixel.
fn segment(from: Point, to: Point, radius: f32, canvas: &mut [f32; SIDE * SIDE]) {
    let reach = radius + 1.0;
    let range = |a: f32, b: f32| {
        let (lo, hi) = (a.min(b) - reach, a.max(b) + reach);
        (lo.max(0.0) as usize).min(SIDE)..(hi.max(0.0) as usize + 1).min(SIDE)
    };
    for y in range(from.1, to.1) {
        for x in range(from.0, to.0) {
            let distance = distance((x as f32 + 0.5, y as f32 + 0.5), from, to);
            let ink = (radius + 0.5 - distance).clamp(0.0, 1.0);
            let pixel = &mut canvas[y * SIDE + x];
            *pixel = pixel.max(ink);
        }
    }
}

fn distance(point: Point, from: Point, to: Point) -> f32 {
    let (along, off) = ((to.0 - from.0, to.1 - from.1), (point.0 - from.0, point.1 - from.1));
    let length = along.0 * along.0 + along.1 * along.1;
    // A corner's doubled point gives a segment of no length.
    let t = if length > 0.0 { ((off.0 * along.0 + off.1 * along.1) / length).clamp(0.0, 1.0) } else { 0.0 };
    let (dx, dy) = (off.0 - t * along.0, off.1 - t * along.1);
    (dx * dx + dy * dy).sqrt()
}
