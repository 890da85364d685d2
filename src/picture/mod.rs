//! Pictures of what a circuit sees and has learned: tiles in a grid, as PNG in grey or in colours, and points in a plane.
//!
//! Knows pixels and nothing of circuits. Every function returns the bytes of a file; [`write()`] puts them on disk,
//! whole or not at all.

mod encode;
mod scatter;

pub use scatter::scatter;

use crate::data::{DataError, atomic};
use encode::encode;
use std::path::Path;

/// Brightness of the lines between tiles.
const LINE: u8 = 96;

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
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let nothing = || DataError::content("picture", "there is nothing to show", "give at least one tile");
    if columns * width * height * scale == 0 {
        return Err(nothing());
    }
    let pixels = width * height;
    let channels = rows.iter().flatten().next().map_or(1, |tile| (tile.len() / pixels).max(1));
    let drawn = if channels < 3 { 1 } else { 3 };
    // One line of pixels before, between and after the tiles.
    let (across, down) = (columns * (width * scale + 1) + 1, rows.len() * (height * scale + 1) + 1);
    let mut canvas = vec![LINE; across * down * drawn];
    for (i, row) in rows.iter().enumerate() {
        for (j, tile) in row.iter().enumerate() {
            assert_eq!(tile.len(), pixels * channels, "values of a tile");
            let corner = (1 + i * (height * scale + 1)) * across + 1 + j * (width * scale + 1);
            for y in 0..height * scale {
                for x in 0..width * scale {
                    let (to, from) = (corner + y * across + x, y / scale * width + x / scale);
                    canvas[to * drawn..(to + 1) * drawn]
                        .copy_from_slice(&tile[from * channels..from * channels + drawn]);
                }
            }
        }
    }
    let colour = if drawn == 1 { png::ColorType::Grayscale } else { png::ColorType::Rgb };
    encode(&canvas, across, down, colour)
}
