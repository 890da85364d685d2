//! A scene as SVG: text stays text, colours come from classes, and words stand beside the picture for those who can't see it.

use super::palette::{Theme, style_sheet};
use super::scene::{Label, Line, LinkKind, Rect, Role, Room, Scene, SceneImage, Spot};
use crate::circuit::wiring::Kind;
use std::fmt::Write as _;

/// A scene as an SVG file, UTF-8. The same scene and theme give the same bytes.
///
/// # Examples
/// ```
/// # use gncn::circuit::Circuit;
/// # let circuit = Circuit::parse(br#"(
/// #     name: "smallest",
/// #     layers: { "z0": (size: 4, sense: "image"), "z1": (size: 2, beta: 0.1) },
/// #     projections: [(from: "z1", to: "z0", feedback: Transposed)],
/// # )"#).unwrap();
/// use gncn::view::draw::{Overlay, Theme, scene, svg};
///
/// let text = svg(&scene(&circuit, &Overlay::default()), Theme::Auto);
/// assert!(text.starts_with("<svg ") && text.contains("role=\"img\"") && text.contains("prefers-color-scheme: dark"));
/// ```
#[must_use]
pub fn svg(scene: &Scene, theme: Theme) -> String {
    format!("{}\n", element(scene, Some(&style_sheet(theme))))
}

/// A scene as the element of a page, without a style sheet: the page brings [`style_sheet`], so that no policy against
/// styles inside a page stands in the way.
#[must_use]
pub fn svg_element(scene: &Scene) -> String {
    element(scene, None)
}

/// Fonts as wide as what labels were measured with, then whatever there is.
const FONTS: &str = "DejaVu Sans, Verdana, Geneva, sans-serif";

fn element(scene: &Scene, style: Option<&str>) -> String {
    let (width, height) = (number(scene.width), number(scene.height));
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"gncn-circuit\" role=\"img\" \
         aria-label=\"{title}\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"{FONTS}\">\n<title>{title}</title>\n<desc>{}</desc>\n",
        escaped(&scene.description),
        title = escaped(&scene.title)
    );
    if let Some(style) = style {
        put(&mut out, format_args!("<style>\n{style}</style>\n"));
    }
    let all = Rect { x: 0.0, y: 0.0, width: scene.width, height: scene.height };
    rectangle(&mut out, "ground", &all, 0.0, 0.0);
    scene.rooms.iter().for_each(|room| self::room(&mut out, room));
    scene.links.iter().chain(&scene.samples).for_each(|line| self::line(&mut out, line));
    for swatch in &scene.swatches {
        let (radius, stroke) = match swatch.class.as_str() {
            "state" => (2.0, 1.2),
            "error" => (6.0, 1.2),
            "badge" => (4.0, 0.0),
            _ => (0.0, 0.0),
        };
        rectangle(&mut out, &swatch.class, &swatch.rect, radius, stroke);
    }
    scene.images.iter().for_each(|image| self::image(&mut out, image));
    scene.labels.iter().for_each(|label| self::label(&mut out, label));
    out.push_str("</svg>");
    out
}

fn room(out: &mut String, room: &Room) {
    put(out, format_args!("<g><title>{}</title>\n", escaped(&room.title)));
    let (class, stroke) = if room.is_sensory { ("room sensory", 2.0) } else { ("room", 1.0) };
    rectangle(out, class, &room.rect, 8.0, stroke);
    for cell in &room.cells {
        // Error populations are round, so that the two differ without colours, too.
        match cell.kind {
            Kind::State => rectangle(out, "state", &cell.rect, 3.0, 1.5),
            Kind::Error => rectangle(out, "error", &cell.rect, 14.0, 1.5),
        }
    }
    out.push_str("</g>\n");
}

/// A picture inside the file itself, each of its pixels a square.
fn image(out: &mut String, image: &SceneImage) {
    let Rect { x, y, width, height } = image.rect;
    let [x, y, width, height] = [x, y, width, height].map(number);
    put(
        out,
        format_args!(
            "<image x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" image-rendering=\"pixelated\" \
             href=\"data:image/png;base64,{}\"><title>{}</title></image>\n",
            base64(&image.png),
            escaped(&image.title)
        ),
    );
}

/// Bytes as letters that may stand in an address (RFC 4648).
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let bits = three.iter().chain([0, 0].iter()).take(3).fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place) & 63) as usize];
            out.push(if place <= three.len() { char::from(letter) } else { '=' });
        }
    }
    out
}

fn rectangle(out: &mut String, class: &str, rect: &Rect, radius: f64, stroke: f64) {
    let (x, y, width, height) = (number(rect.x), number(rect.y), number(rect.width), number(rect.height));
    let mut more = String::new();
    if radius > 0.0 {
        put(&mut more, format_args!(" rx=\"{}\"", number(radius)));
    }
    if stroke > 0.0 {
        put(&mut more, format_args!(" stroke-width=\"{}\"", number(stroke)));
    }
    put(
        out,
        format_args!("<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"{more}/>\n"),
    );
}

fn line(out: &mut String, line: &Line) {
    let class = line.shade.map_or_else(|| line.kind.class().to_owned(), |shade| format!("v{shade}"));
    let (length, half) = arrow(line);
    let Some((tip, back)) = head(&line.points, length) else { return };
    let dashes = match line.kind.dashes() {
        [] => String::new(),
        dashes => format!(" stroke-dasharray=\"{}\"", dashes.iter().map(|d| number(*d)).collect::<Vec<_>>().join(" ")),
    };
    let width = number(line.width);
    put(
        out,
        format_args!(
            "<g><title>{}</title>\n<path class=\"{class}\" fill=\"none\" stroke-width=\"{width}\"{dashes} d=\"{}\"/>\n",
            escaped(&line.title),
            path(&shaft(line, tip, back))
        ),
    );
    let across = Spot { x: (tip.y - back.y) / length * half, y: (back.x - tip.x) / length * half };
    let corner = |at: Spot, sign: f64| place(Spot { x: at.x + sign * across.x, y: at.y + sign * across.y });
    let [left, right] = [1.0, -1.0].map(|sign| corner(back, sign));
    let shape = match line.kind {
        // Predictions end in a full arrow, mismatches in an open one, lateral synapses in a bar.
        LinkKind::Feedback | LinkKind::Pathway | LinkKind::Mismatch => {
            let width = number(line.width.min(3.0));
            format!("class=\"{class}\" fill=\"none\" stroke-width=\"{width}\" d=\"M{left} L{} L{right}\"", place(tip))
        }
        LinkKind::Lateral => {
            let at = Spot { x: (tip.x + back.x) / 2.0, y: (tip.y + back.y) / 2.0 };
            format!("class=\"{class}\" stroke-width=\"2.5\" d=\"M{} L{}\"", corner(at, 1.3), corner(at, -1.3))
        }
        _ => format!("class=\"{class}-tip\" d=\"M{left} L{} L{right} Z\"", place(tip)),
    };
    put(out, format_args!("<path {shape}/>\n</g>\n"));
}

/// The length of an arrow and half its width.
fn arrow(line: &Line) -> (f64, f64) {
    let size = 5.5 + 1.1 * line.width;
    (size.min(11.0), (0.55 * size).min(6.5))
}

/// The tip of an arrow and the middle of its back.
fn head(points: &[Spot], length: f64) -> Option<(Spot, Spot)> {
    let [.., before, tip] = points else { return None };
    let share = length / ((tip.x - before.x).abs() + (tip.y - before.y).abs()).max(1e-9);
    Some((*tip, Spot { x: tip.x + (before.x - tip.x) * share, y: tip.y + (before.y - tip.y) * share }))
}

/// A line without what its arrow covers: a wide one would stick out at the tip.
fn shaft(line: &Line, tip: Spot, back: Spot) -> Vec<Spot> {
    let mut points = line.points.clone();
    if let Some(last) = points.last_mut() {
        let share = match line.kind {
            LinkKind::Feedback | LinkKind::Pathway | LinkKind::Mismatch => 0.15,
            LinkKind::Lateral => 0.5,
            _ => 0.7,
        };
        *last = Spot { x: tip.x + (back.x - tip.x) * share, y: tip.y + (back.y - tip.y) * share };
    }
    points
}

/// A path through corners that are rounded off.
fn path(points: &[Spot]) -> String {
    const RADIUS: f64 = 5.0;
    let mut d = format!("M{}", place(points[0]));
    for trio in points.windows(3) {
        let [a, b, c] = [trio[0], trio[1], trio[2]];
        let length = |p: Spot, q: Spot| (p.x - q.x).abs() + (p.y - q.y).abs();
        let radius = RADIUS.min(length(a, b) / 2.0).min(length(b, c) / 2.0);
        let toward = |p: Spot| {
            let share = radius / length(b, p).max(1e-9);
            place(Spot { x: b.x + (p.x - b.x) * share, y: b.y + (p.y - b.y) * share })
        };
        put(&mut d, format_args!(" L{} Q{} {}", toward(a), place(b), toward(c)));
    }
    put(&mut d, format_args!(" L{}", place(points[points.len() - 1])));
    d
}

fn label(out: &mut String, label: &Label) {
    let class = match label.role {
        Role::Sense => "on-badge",
        Role::Detail | Role::About => "dim",
        _ => "text",
    };
    let weight = if label.role.is_bold() { " font-weight=\"bold\"" } else { "" };
    // Letters stand on a line a fifth of their height above the bottom of the place.
    let baseline = label.rect.y + (label.rect.height + label.role.size() * 0.72) / 2.0;
    let (x, y, size) = (number(label.rect.x), number(baseline), number(label.role.size()));
    let text = escaped(&label.text);
    put(out, format_args!("<text class=\"{class}\" x=\"{x}\" y=\"{y}\" font-size=\"{size}\"{weight}>{text}</text>\n"));
}

fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string can't fail.
    let _ = out.write_fmt(text);
}

fn place(point: Spot) -> String {
    format!("{} {}", number(point.x), number(point.y))
}

/// A number with two digits at most behind the point.
fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// Text as it may stand in an element or in quotes. Characters that XML has no place for become blanks.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(' '),
            '\u{fffe}' | '\u{ffff}' => out.push(' '),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_text_is_escaped() {
        assert_eq!(
            ["", "f", "fo", "foo", "foob"].map(|text| base64(text.as_bytes())),
            ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg=="]
        );
        assert_eq!([1.0, 0.5, 1.2345, -0.001].map(number), ["1", "0.5", "1.23", "0"]);
        assert_eq!(escaped("a<b> & \"c\"\u{1}\n"), "a&lt;b&gt; &amp; &quot;c&quot;  ");
    }
}
