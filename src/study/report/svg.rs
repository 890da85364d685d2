//! A drawing: SVG elements with classes and no colours of their own, inside a title and a description.

use super::scale::AxisScale;
use super::text::{escape, tick};
use std::fmt::Write;

/// Width of every drawing, in its own units, of which a letter takes about 5.5. Wide enough for a desk when it is scaled up,
/// narrow enough that text can be read where a phone shows it at its own size.
pub(super) const WIDTH: f64 = 360.0;

/// Colours, light and dark, and the looks of every element.
pub(super) const CHART_STYLE: &str = include_str!("chart.css");

/// Series are told apart by so many colours, each with dashes of its own.
pub(super) const SERIES: usize = 8;

/// A drawing under way.
pub(super) struct Drawing {
    height: f64,
    body: String,
}

/// Where the text of a label begins or ends.
#[derive(Debug, Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// The plane of two axes.
pub(super) struct Plane {
    pub(super) across: AxisScale,
    pub(super) up: AxisScale,
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
}

impl Drawing {
    /// An empty drawing of this height.
    pub(super) fn new(height: f64) -> Self {
        Self { height, body: String::new() }
    }

    /// The SVG, with what it is for those who don't see it; `id` is unique on the page.
    pub(super) fn finish(self, id: &str, title: &str, description: &str) -> String {
        let Self { height, body } = self;
        format!(
            "<svg class=\"chart\" viewBox=\"0 0 {WIDTH:.0} {height:.0}\" role=\"img\" aria-labelledby=\"{id}-title {id}-desc\">\
             <title id=\"{id}-title\">{}</title><desc id=\"{id}-desc\">{}</desc>\n{body}</svg>\n",
            escape(title),
            escape(description)
        )
    }

    /// A file of its own: a heading, the drawing, and the names of its series below, where they can't be read in it.
    pub(super) fn alone(self, title: &str, description: &str, series: &[&str]) -> String {
        const HEADING: f64 = 30.0;
        const LINE: f64 = 16.0;
        let Self { height, body } = self;
        let all = HEADING + height + LINE * series.len() as f64 + 8.0;
        let title = escape(title);
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" role=\"img\" aria-label=\"{title}\" width=\"{:.0}\" \
             height=\"{:.0}\" viewBox=\"-8 0 {:.0} {all:.0}\" font-family=\"Verdana, DejaVu Sans, sans-serif\">\n<title>{title}</title>\n\
             <desc>{}</desc>\n<style>\n{CHART_STYLE}</style>\n<rect class=\"ground\" x=\"-8\" width=\"{:.0}\" height=\"{all:.0}\"/>\n\
             <text class=\"label\" y=\"16\">{title}</text>\n<g transform=\"translate(0 {HEADING})\">\n{body}</g>\n",
            2.0 * (WIDTH + 16.0),
            2.0 * all,
            WIDTH + 16.0,
            escape(description),
            WIDTH + 16.0,
        );
        for (i, name) in series.iter().enumerate() {
            let (y, place) = (HEADING + height + LINE * (i as f64 + 0.5), i % SERIES);
            let _ = writeln!(
                out,
                "<line class=\"curve s{place}\" x1=\"0\" y1=\"{y:.1}\" x2=\"28\" y2=\"{y:.1}\"/><text x=\"36\" y=\"{:.1}\">{}</text>",
                y + 3.5,
                escape(name)
            );
        }
        out.push_str("</svg>\n");
        out
    }

    pub(super) fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let ((x1, y1), (x2, y2)) = (from, to);
        self.push(format_args!(
            "<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>"
        ));
    }

    pub(super) fn rectangle(&mut self, class: &str, (x, y): (f64, f64), (width, height): (f64, f64), tip: &str) {
        let (width, height) = (width.max(0.0), height.max(0.0));
        let tip = if tip.is_empty() { String::new() } else { format!("<title>{}</title>", escape(tip)) };
        self.push(format_args!(
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\">{tip}</rect>"
        ));
    }

    pub(super) fn circle(&mut self, class: &str, (x, y): (f64, f64), radius: f64) {
        self.push(format_args!("<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\"/>"));
    }

    /// A line through points.
    pub(super) fn path(&mut self, class: &str, points: &[(f64, f64)]) {
        let d = through(points);
        self.push(format_args!("<path class=\"{class}\" d=\"{d}\"/>"));
    }

    /// The area between points.
    pub(super) fn area(&mut self, class: &str, points: &[(f64, f64)]) {
        let d = through(points);
        self.push(format_args!("<path class=\"{class}\" d=\"{d}Z\"/>"));
    }

    pub(super) fn text(&mut self, class: &str, (x, y): (f64, f64), anchor: Anchor, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let text = escape(text);
        self.push(format_args!(
            "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>"
        ));
    }

    /// Starts a link that leads to a row of the points; [`Drawing::end_link`] ends it.
    pub(super) fn link(&mut self, target: &str) {
        self.push(format_args!("<a href=\"{}\">", escape(target)));
    }

    pub(super) fn end_link(&mut self) {
        self.push(format_args!("</a>"));
    }

    /// Axes with ticks, their values, and names: the vertical one's above it, so that it is read without a turned head.
    pub(super) fn axes(&mut self, plane: &Plane, across: &str, up: &str) {
        let Plane { left, right, top, bottom, .. } = *plane;
        for value in plane.up.ticks(5) {
            let y = plane.up.place(value);
            self.line("grid", (left, y), (right, y));
            self.text("tick", (left - 4.0, y + 3.5), Anchor::End, &tick(value));
        }
        self.ticks_below(&plane.across, bottom);
        self.line("axis", (left, bottom), (right, bottom));
        self.line("axis", (left, top), (left, bottom));
        let logarithmic = if plane.up.is_logarithmic() { ", logarithmic" } else { "" };
        self.text("name", (2.0, top - 9.0), Anchor::Start, &format!("{up}{logarithmic}"));
        self.across_name(&plane.across, (left, right, bottom), across);
    }

    /// The values of a horizontal axis, below it.
    pub(super) fn ticks_below(&mut self, across: &AxisScale, bottom: f64) {
        for value in across.ticks(5) {
            let x = across.place(value);
            self.line("axis", (x, bottom), (x, bottom + 3.0));
            let anchor = if x > WIDTH - 14.0 { Anchor::End } else { Anchor::Middle };
            self.text("tick", (if x > WIDTH - 14.0 { WIDTH - 1.0 } else { x }, bottom + 14.0), anchor, &tick(value));
        }
    }

    /// The name of a horizontal axis.
    pub(super) fn across_name(&mut self, scale: &AxisScale, (left, right, bottom): (f64, f64, f64), name: &str) {
        let logarithmic = if scale.is_logarithmic() { ", logarithmic" } else { "" };
        let middle = 0.5 * (left + right);
        self.text("name", (middle, bottom + 28.0), Anchor::Middle, &format!("{name}{logarithmic}"));
    }

    fn push(&mut self, element: std::fmt::Arguments<'_>) {
        let _ = writeln!(self.body, "{element}");
    }
}

fn through(points: &[(f64, f64)]) -> String {
    let mut d = String::new();
    for (i, (x, y)) in points.iter().enumerate() {
        let _ = write!(d, "{}{x:.1} {y:.1}", if i == 0 { 'M' } else { 'L' });
    }
    d
}

/// The width of ticks of a vertical axis.
pub(super) fn tick_width(scale: &AxisScale) -> f64 {
    let longest = scale.ticks(5).iter().map(|value| tick(*value).chars().count()).max().unwrap_or(1);
    8.0 + 5.6 * longest as f64
}
