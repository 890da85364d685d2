//! Pictures of what a circuit sees and has learned: tiles in a grid, as PNG in grey or in colours, and points in a plane.
//!
//! Knows pixels and nothing of circuits. Every function returns the bytes of a file; [`write()`] puts them on disk,
//! whole or not at all.

mod caption;
mod encode;
mod scatter;

pub use scatter::scatter;

use crate::data::{DataError, atomic};
use caption::LETTER;
use encode::encode;
use std::path::Path;

/// Brightness of the lines between tiles.
const LINE: u8 = 96;
/// Brightness of words.
const WHITE: u8 = 255;

/// Rows of tiles of `width`x`height` pixels, each drawn as `scale`x`scale`: say originals in one row and their
/// reconstructions in the next. Rows may differ in length. A pixel is one value in [0, 1], 0 black and 1 white; or, where
/// tiles have three or four times as many values, red, green and blue, and whatever comes fourth isn't drawn.
///
/// # Errors
/// Where there is nothing to show or the picture would be larger than a PNG can be.
///
/// # Panics
/// Where a tile hasn't 1, 3 or 4 values for each pixel, or tiles differ in that, which is a bug of the caller.
pub fn grid(rows: &[Vec<&[f32]>], width: usize, height: usize, scale: usize) -> Result<Vec<u8>, DataError> {
    let shades: Vec<Vec<Vec<u8>>> = rows.iter().map(|row| row.iter().map(|tile| shades(tile)).collect()).collect();
    tiles(&shades, width, height, scale)
}

/// A row of tiles with words: what the row is, and what each tile is. Both may be empty.
#[derive(Debug, Clone)]
pub struct NamedTiles<'a> {
    /// Stands to the left of the row.
    pub name: &'a str,
    /// As in [`grid`].
    pub tiles: Vec<&'a [f32]>,
    /// Stand above the tiles, in their order, each cut to the width of its tile.
    pub above: Vec<String>,
}

/// [`grid`] with words beside and above the tiles; without any it is the same picture.
///
/// # Errors
/// As [`grid`].
///
/// # Panics
/// As [`grid`].
pub fn named_grid(rows: &[NamedTiles<'_>], width: usize, height: usize, scale: usize) -> Result<Vec<u8>, DataError> {
    let drawn: Vec<Vec<Vec<u8>>> = rows.iter().map(|row| row.tiles.iter().map(|tile| shades(tile)).collect()).collect();
    let rows: Vec<_> =
        rows.iter().zip(&drawn).map(|(row, tiles)| (tiles.as_slice(), row.name, &row.above[..])).collect();
    lay_out(&rows, width, height, scale)
}

/// Receptive fields, `columns` of them in a row: 0 is mid-grey, and each tile is scaled by its own largest
/// magnitude, so that signs and shapes can be compared, and strengths can't.
///
/// # Errors
/// As [`grid`].
///
/// # Panics
/// As [`grid`], and where `columns` is 0.
pub fn fields(
    fields: &[&[f32]],
    columns: usize,
    width: usize,
    height: usize,
    scale: usize,
) -> Result<Vec<u8>, DataError> {
    let shades: Vec<Vec<u8>> = fields.iter().map(|field| signed_shades(field)).collect();
    let rows: Vec<Vec<Vec<u8>>> = shades.chunks(columns).map(<[_]>::to_vec).collect();
    tiles(&rows, width, height, scale)
}

/// The least scale, `least` or more, at which four letters fit above a tile of so many pixels: numbers that were cut would
/// be other numbers.
#[must_use]
pub fn scale_for_words(least: usize, width: usize) -> usize {
    least.max((4 * LETTER).div_ceil(width.max(1)))
}

/// Writes the bytes of a picture to `path`, whole or not at all.
///
/// # Errors
/// [`DataError::Write`].
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), DataError> {
    atomic::write(path, bytes)
}

fn shades(tile: &[f32]) -> Vec<u8> {
    tile.iter().map(|value| (value.clamp(0.0, 1.0) * 255.0).round() as u8).collect()
}

fn signed_shades(field: &[f32]) -> Vec<u8> {
    let largest = field.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
    let scale = if largest > 0.0 { 127.0 / largest } else { 0.0 };
    field.iter().map(|value| (128.0 + value * scale).round() as u8).collect()
}

fn tiles(rows: &[Vec<Vec<u8>>], width: usize, height: usize, scale: usize) -> Result<Vec<u8>, DataError> {
    let plain: Vec<_> = rows.iter().map(|row| (row.as_slice(), "", &[][..])).collect();
    lay_out(&plain, width, height, scale)
}

/// A row of tiles as bytes, its name, and words above its tiles.
type Row<'a> = (&'a [Vec<u8>], &'a str, &'a [String]);

fn lay_out(rows: &[Row<'_>], width: usize, height: usize, scale: usize) -> Result<Vec<u8>, DataError> {
    let columns = rows.iter().map(|(tiles, ..)| tiles.len()).max().unwrap_or(0);
    if columns * width * height * scale == 0 {
        return Err(DataError::content("picture", "there is nothing to show", "give at least one tile"));
    }
    let first = rows.iter().flat_map(|(tiles, ..)| *tiles).next();
    let channels = first.map_or(1, |tile| (tile.len() / (width * height)).max(1));
    // Tiles that are smaller than a letter have no words.
    let has_room = width.min(height) * scale >= LETTER;
    let named = rows.iter().map(|(_, name, _)| name.chars().count()).max().filter(|_| has_room).unwrap_or(0);
    let left = if named > 0 { (named + 1) * LETTER } else { 0 };
    let tops = tops(rows, height * scale, if has_room { LETTER + 1 } else { 0 });
    // One line of pixels before, between and after the tiles; words beside and above them, where there are any.
    let across = left + columns * (width * scale + 1) + 1;
    let down = tops.last().map_or(0, |top| top + height * scale + 1) + 1;
    let drawn = if channels < 3 { 1 } else { 3 };
    let tile = TileShape { width, height, scale, channels };
    let mut canvas = TiledCanvas { bytes: vec![LINE; across * down * drawn], across, drawn };
    for ((tiles, name, above), top) in rows.iter().zip(&tops) {
        let column = |j: usize| left + 1 + j * (width * scale + 1);
        tiles.iter().enumerate().for_each(|(j, values)| canvas.paint((column(j), 1 + top), tile, values));
        if !has_room {
            continue;
        }
        canvas.write((LETTER / 2, 1 + top + (height * scale - LETTER) / 2), name, left);
        let words = above.iter().take(tiles.len()).enumerate();
        words.for_each(|(j, word)| canvas.write((column(j), top - LETTER), word, width * scale));
    }
    let colour = if drawn == 1 { png::ColorType::Grayscale } else { png::ColorType::Rgb };
    encode(&canvas.bytes, across, down, colour)
}

/// Where rows of tiles of so many pixels begin, each below the line of its words, which has `head` pixels.
fn tops(rows: &[Row<'_>], height: usize, head: usize) -> Vec<usize> {
    let mut end = 0;
    let mut begin = |(.., above): &Row<'_>| {
        let top = end + if above.is_empty() { 0 } else { head };
        end = top + height + 1;
        top
    };
    rows.iter().map(&mut begin).collect()
}

/// Shape of a tile, and how large its pixels are drawn.
#[derive(Debug, Clone, Copy)]
struct TileShape {
    width: usize,
    height: usize,
    scale: usize,
    channels: usize,
}

/// Pixels that are painted one after another.
struct TiledCanvas {
    bytes: Vec<u8>,
    /// Pixels of a row.
    across: usize,
    /// Bytes of a pixel.
    drawn: usize,
}

impl TiledCanvas {
    /// Paints a tile whose upper left corner is at a column and row.
    fn paint(&mut self, (left, top): (usize, usize), tile: TileShape, values: &[u8]) {
        let TileShape { width, height, scale, channels } = tile;
        assert_eq!(values.len(), width * height * channels, "values of a tile");
        let drawn = self.drawn;
        for y in 0..height * scale {
            for x in 0..width * scale {
                let (to, from) = ((top + y) * self.across + left + x, y / scale * width + x / scale);
                let pixel = &values[from * channels..from * channels + drawn];
                self.bytes[to * drawn..(to + 1) * drawn].copy_from_slice(pixel);
            }
        }
    }

    /// Writes words from a column and row on, in so many columns at the most.
    fn write(&mut self, (left, top): (usize, usize), text: &str, most: usize) {
        let (across, drawn) = (self.across, self.drawn);
        caption::pixels(text, most, |x, y| {
            let at = ((top + y) * across + left + x) * drawn;
            self.bytes[at..at + drawn].fill(WHITE);
        });
    }
}
