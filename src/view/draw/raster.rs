//! A drawing as PNG: its SVG, rasterised with a font that travels with the program.
//!
//! The font is DejaVu Sans, so a picture has the same bytes on every machine of one build. It knows Latin, Greek and
//! Cyrillic; letters of other scripts show as empty boxes, and SVG is the format for them.

use super::palette::Theme;
use super::scene::Scene;
use super::svg::svg;
use crate::data::DataError;
use resvg::{tiny_skia, usvg};
use std::sync::Arc;

/// Pixels across or down that a picture may have; beyond, most programs refuse to open it.
const MOST: f64 = 16_000.0;

/// A scene as the bytes of a PNG file, `scale` times as many pixels as the scene has. [`Theme::Auto`] is light, because a
/// PNG can't ask its viewer.
///
/// # Errors
/// [`DataError::Content`] where the picture would have more than 16,000 pixels across or down, or none.
pub fn png(scene: &Scene, theme: Theme, scale: f64) -> Result<Vec<u8>, DataError> {
    let failed = |problem: String| DataError::content("picture", problem, "write an .svg, which has no such limit");
    let (width, height) = ((scene.width * scale).ceil(), (scene.height * scale).ceil());
    if !(1.0..=MOST).contains(&width) || !(1.0..=MOST).contains(&height) {
        return Err(failed(format!("it would have {width} x {height} pixels, and {MOST} is the most on a side")));
    }
    let mut options = usvg::Options { font_family: "DejaVu Sans".to_owned(), ..usvg::Options::default() };
    let fonts = Arc::make_mut(&mut options.fontdb);
    fonts.load_font_data(dejavu::sans::regular().to_vec());
    fonts.load_font_data(dejavu::sans::bold().to_vec());
    fonts.set_sans_serif_family("DejaVu Sans");
    let theme = if theme == Theme::Auto { Theme::Light } else { theme };
    let tree = usvg::Tree::from_str(&svg(scene, theme), &options);
    let tree = tree.map_err(|cause| failed(format!("its SVG can't be read ({cause})")))?;
    let pixels = tiny_skia::Pixmap::new(width as u32, height as u32);
    let mut pixels = pixels.ok_or_else(|| failed(format!("there is no memory for {width} x {height} pixels")))?;
    let scale = scale as f32;
    resvg::render(&tree, tiny_skia::Transform::from_scale(scale, scale), &mut pixels.as_mut());
    pixels.encode_png().map_err(|cause| failed(format!("it can't be encoded ({cause})")))
}
