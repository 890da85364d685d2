//! The legend under a drawing: a sample of every style that it has, what widths and colours mean.

use super::overlay::{Overlay, SHADES};
use super::scene::{Label, Line, LinkKind, Rect, Role, Spot, Swatch};
use super::text;

/// From a sample to its words.
const AIR: f64 = 8.0;
/// Pixels of a sample.
const SAMPLE: f64 = 34.0;
/// From one entry to the next.
const BETWEEN: f64 = 22.0;
/// From one row of entries to the next.
const ROW: f64 = 20.0;
/// What the longest line of words may have.
const MOST: usize = 70;

/// What stands before the words of an entry.
enum ArrowMark {
    Nothing,
    Line(LinkKind),
    Patch(&'static str),
    Shades,
}

/// The parts of a legend.
#[derive(Debug, Default)]
pub(super) struct Legend {
    pub(super) samples: Vec<Line>,
    pub(super) swatches: Vec<Swatch>,
    pub(super) labels: Vec<Label>,
    pub(super) height: f64,
}

impl Legend {
    /// A legend of `width` pixels with its left upper corner at `x`, `y`.
    pub(super) fn of(kinds: &[LinkKind], has_sense: bool, overlay: &Overlay, (x, y): (f64, f64), width: f64) -> Self {
        let mut legend = Self::default();
        let (mut left, mut top) = (x, y);
        for (mark, words) in entries(kinds, has_sense, overlay) {
            let words = text::shortened(&words, MOST);
            let before = mark.width();
            let needed = before + text::width(&words, Role::Legend);
            if left > x && left + needed > x + width {
                (left, top) = (x, top + ROW);
            }
            legend.mark(&mark, left, top);
            let rect =
                Rect { x: left + before, y: top, width: needed - before, height: text::line_height(Role::Legend) };
            legend.labels.push(Label { role: Role::Legend, text: words, rect });
            left += needed + BETWEEN;
        }
        legend.height = top + ROW - y;
        legend
    }

    fn mark(&mut self, mark: &ArrowMark, x: f64, y: f64) {
        let middle = y + text::line_height(Role::Legend) / 2.0;
        match mark {
            ArrowMark::Nothing => (),
            ArrowMark::Line(kind) => self.samples.push(Line {
                kind: *kind,
                points: vec![Spot { x, y: middle }, Spot { x: x + SAMPLE, y: middle }],
                width: kind.width(),
                shade: None,
                link: None,
                layers: Vec::new(),
                title: kind.meaning().to_owned(),
            }),
            ArrowMark::Patch(class) => {
                let rect = Rect { x, y: middle - 6.0, width: 18.0, height: 12.0 };
                self.swatches.push(Swatch { class: (*class).to_owned(), rect });
            }
            ArrowMark::Shades => {
                for i in 0..SHADES {
                    let rect = Rect { x: x + i as f64 * 14.0, y: middle - 5.0, width: 14.0, height: 10.0 };
                    self.swatches.push(Swatch { class: format!("s{i}"), rect });
                }
            }
        }
    }
}

impl ArrowMark {
    fn width(&self) -> f64 {
        match self {
            Self::Nothing => 0.0,
            Self::Line(_) => SAMPLE + AIR,
            Self::Patch(_) => 18.0 + AIR,
            Self::Shades => SHADES as f64 * 14.0 + AIR,
        }
    }
}

fn entries(kinds: &[LinkKind], has_sense: bool, overlay: &Overlay) -> Vec<(ArrowMark, String)> {
    let mut entries = vec![
        (ArrowMark::Patch("state"), "state neurons".to_owned()),
        (ArrowMark::Patch("error"), "error neurons".to_owned()),
    ];
    if has_sense {
        entries.push((ArrowMark::Patch("badge"), "sense".to_owned()));
    }
    let drawn = LinkKind::ALL.into_iter().filter(|kind| kinds.contains(kind));
    entries.extend(drawn.map(|kind| (ArrowMark::Line(kind), kind.meaning().to_owned())));
    if let Some(scale) = &overlay.scale {
        entries.push((ArrowMark::Shades, format!("{}: {} to {}", scale.quantity, scale.low, scale.high)));
    }
    entries.extend(overlay.notes.iter().map(|note| (ArrowMark::Nothing, note.clone())));
    entries
}

/// The width of the widest entry, which a legend needs.
pub(super) fn least_width(kinds: &[LinkKind], has_sense: bool, overlay: &Overlay) -> f64 {
    let width =
        |(mark, words): (ArrowMark, String)| mark.width() + text::width(&text::shortened(&words, MOST), Role::Legend);
    entries(kinds, has_sense, overlay).into_iter().map(width).fold(0.0, f64::max)
}
