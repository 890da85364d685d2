//! The colours of a drawing, light and dark, as rules for the classes of its parts.
//!
//! Links take the hues of Okabe & Ito (2008), which people with any common colour blindness tell apart, darkened or
//! lightened to a contrast of 3 or more against the ground; dashes and arrows tell kinds apart without colours. Scales are
//! steps of cividis (Nuñez, Anderton & Renslow, 2018), whose lightness rises evenly.

use super::overlay::SHADES;
use super::scene::LinkKind;
use std::fmt::Write as _;

/// Which colours a drawing has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// Dark where the viewer prefers it, and light otherwise and on paper.
    #[default]
    Auto,
    /// Dark on white.
    Light,
    /// Light on black.
    Dark,
}

struct Palette {
    ground: &'static str,
    text: &'static str,
    dim: &'static str,
    room: &'static str,
    wall: &'static str,
    state: [&'static str; 2],
    error: [&'static str; 2],
    badge: [&'static str; 2],
    links: [(LinkKind, &'static str); 7],
    shades: [&'static str; SHADES],
}

const LIGHT: Palette = Palette {
    ground: "#ffffff",
    text: "#15191f",
    dim: "#4d5662",
    room: "#f4f5f7",
    wall: "#aab2bd",
    state: ["#dcebf8", "#0065a5"],
    error: ["#fde6d6", "#bf4b00"],
    badge: ["#15191f", "#ffffff"],
    links: [
        (LinkKind::Generative, "#0065a5"),
        (LinkKind::Skip, "#0065a5"),
        (LinkKind::Feedback, "#bf4b00"),
        (LinkKind::Pathway, "#a8447c"),
        (LinkKind::Target, "#4d5662"),
        (LinkKind::Mismatch, "#bf4b00"),
        (LinkKind::Lateral, "#00775a"),
    ],
    shades: ["#a09247", "#86807a", "#6c6f75", "#4f5b70", "#2f476f", "#00224e"],
};

const DARK: Palette = Palette {
    ground: "#12161b",
    text: "#eef1f4",
    dim: "#aeb7c2",
    room: "#1b2129",
    wall: "#4a5562",
    state: ["#12344d", "#5ab4ea"],
    error: ["#4a2710", "#ff9447"],
    badge: ["#eef1f4", "#12161b"],
    links: [
        (LinkKind::Generative, "#5ab4ea"),
        (LinkKind::Skip, "#5ab4ea"),
        (LinkKind::Feedback, "#ff9447"),
        (LinkKind::Pathway, "#e08fc0"),
        (LinkKind::Target, "#aeb7c2"),
        (LinkKind::Mismatch, "#ff9447"),
        (LinkKind::Lateral, "#2fc49a"),
    ],
    shades: ["#5b6d93", "#7c7b78", "#948e77", "#b5a96b", "#d9c55c", "#fee838"],
};

/// The style sheet of a drawing, all of whose classes lie below `.gncn-circuit`.
///
/// A page that shows the element of [`svg_element`](super::svg_element) has to bring it itself.
#[must_use]
pub fn style_sheet(theme: Theme) -> String {
    match theme {
        Theme::Light => rules(&LIGHT),
        Theme::Dark => rules(&DARK),
        Theme::Auto => {
            let dark = rules(&DARK);
            format!("{}@media screen and (prefers-color-scheme: dark) {{\n{dark}}}\n", rules(&LIGHT))
        }
    }
}

fn rules(palette: &Palette) -> String {
    let mut css = String::new();
    let mut rule = |class: &str, properties: String| {
        // Writing to a string can't fail.
        let _ = writeln!(css, ".gncn-circuit .{class} {{ {properties} }}");
    };
    rule("ground", format!("fill: {}", palette.ground));
    rule("text", format!("fill: {}", palette.text));
    rule("dim", format!("fill: {}", palette.dim));
    rule("room", format!("fill: {}; stroke: {}", palette.room, palette.wall));
    rule("sensory", format!("stroke: {}", palette.text));
    for (class, [fill, stroke]) in [("state", palette.state), ("error", palette.error)] {
        rule(class, format!("fill: {fill}; stroke: {stroke}"));
    }
    rule("badge", format!("fill: {}", palette.badge[0]));
    rule("on-badge", format!("fill: {}", palette.badge[1]));
    for (kind, colour) in palette.links {
        rule(kind.class(), format!("stroke: {colour}"));
        rule(&format!("{}-tip", kind.class()), format!("fill: {colour}"));
    }
    for (i, colour) in palette.shades.iter().enumerate() {
        rule(&format!("v{i}"), format!("stroke: {colour}"));
        rule(&format!("v{i}-tip"), format!("fill: {colour}"));
        rule(&format!("s{i}"), format!("fill: {colour}"));
    }
    css
}
