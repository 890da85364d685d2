//! What is shown in a drawing beyond the circuit itself: norms of synapses, ages, messages, receptive fields.

use crate::circuit::LayerId;
use std::collections::BTreeMap;

/// How many shades a scale has.
pub const SHADES: usize = 6;

/// Widths of lines that show a value, in pixels: the least and the largest.
const WIDTHS: (f64, f64) = (1.2, 6.0);

/// What is shown on one link. Empty by default, and then the link looks as it does in a plain drawing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LinkMark {
    /// From 0 (thin) to 1 (6 pixels); other numbers count as the nearer end, and no number as 0.
    pub width: Option<f64>,
    /// From 0 to 1 along the scale of colours, in the same way.
    pub shade: Option<f64>,
    /// A short text at the arrow.
    pub label: Option<String>,
}

/// What the ends of a scale of colours mean.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scale {
    /// The quantity, such as `mean staleness, firings`.
    pub quantity: String,
    /// The value of shade 0.
    pub low: String,
    /// The value of shade 1.
    pub high: String,
}

/// How active a layer is, in its state population.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RoomMark {
    /// The length of a bar along the bottom of the population: from 0 to 1, 1 being all of its width.
    pub share: f64,
    /// One more line of words.
    pub line: String,
}

/// A small picture in the room of a layer.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RoomPicture {
    /// The bytes of a PNG.
    pub png: Vec<u8>,
    /// Pixels across and down in the drawing.
    pub sides: (f64, f64),
    /// What it shows, in words.
    pub title: String,
}

/// What is shown in a drawing beyond the circuit itself. The default shows nothing.
///
/// # Examples
/// ```
/// use gncn::circuit::Circuit;
/// use gncn::view::draw::{LinkMark, Overlay, scene};
///
/// let circuit = Circuit::parse(br#"(
///     name: "smallest",
///     layers: { "z0": (size: 4, sense: "image"), "z1": (size: 2, beta: 0.1) },
///     projections: [(from: "z1", to: "z0", feedback: Transposed)],
/// )"#).unwrap();
/// let mark = LinkMark { width: Some(0.5), label: Some("2.5 late".to_owned()), ..LinkMark::default() };
/// let overlay = Overlay { marks: [(0, mark)].into(), ..Overlay::default() };
/// let scene = scene(&circuit, &overlay);
/// assert!(scene.labels.iter().any(|label| label.text == "2.5 late"));
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Overlay {
    /// By the number of a link in [`Wiring::links`](crate::circuit::wiring::Wiring::links). Other numbers are ignored.
    pub marks: BTreeMap<usize, LinkMark>,
    /// Bars and words in the state populations of layers.
    pub rooms: BTreeMap<LayerId, RoomMark>,
    /// In the state populations of layers.
    pub pictures: BTreeMap<LayerId, RoomPicture>,
    /// What widths and labels mean, as lines of the legend.
    pub notes: Vec<String>,
    /// What shades mean.
    pub scale: Option<Scale>,
}

impl Overlay {
    /// How long the bar of a layer is, of all the width that there is.
    pub(super) fn share(&self, layer: LayerId) -> Option<f64> {
        self.rooms.get(&layer).map(|mark| unit(mark.share))
    }

    /// The label of a link.
    pub(super) fn label(&self, link: usize) -> Option<&str> {
        self.marks.get(&link)?.label.as_deref().filter(|label| !label.is_empty())
    }

    /// The width of a link's line in pixels, `plain` where no value asks for another.
    pub(super) fn width(&self, link: usize, plain: f64) -> f64 {
        let share = self.marks.get(&link).and_then(|mark| mark.width);
        share.map_or(plain, |share| WIDTHS.0 + (WIDTHS.1 - WIDTHS.0) * unit(share))
    }

    /// The shade of a link's line.
    pub(super) fn shade(&self, link: usize) -> Option<usize> {
        let share = self.marks.get(&link)?.shade?;
        Some(((unit(share) * SHADES as f64) as usize).min(SHADES - 1))
    }
}

fn unit(share: f64) -> f64 {
    if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) }
}
