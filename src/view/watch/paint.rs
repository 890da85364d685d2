//! A run drawn with letters, into a frame of any size; 80 × 24 is enough.
//!
//! ```text
//! gncn-pdh  runs/gncn-pdh                          under way, epoch 3/15, batch 40/125
//! ┌ validation.bce 87.12 (1/14) ───────────┐┌ layers ───────────────────────────────┐
//! │  curve                                 ││ name   neurons   nats   activity       │
//! └────────────────────────────────────────┘└───────────────────────────────────────┘
//! ┌ links, last batch ──────────────────────────────────────────────────────────────┐
//! │ from → to                 sent   used   lost   staleness   unheard              │
//! └─────────────────────────────────────────────────────────────────────────────────┘
//! ← → curve  ↑ ↓ links  q leave                                       3,200 images/s
//! ```

use super::glance::Glance;
use super::watched::{WatchedCurve, WatchedRun};
use crate::training::PulseLink;
use crate::view::numbers;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style, Stylize};
use ratatui::symbols::Marker;
use ratatui::text::Line;
use ratatui::widgets::{Axis, Block, Chart, Dataset, GraphType, Paragraph, Row, Table};

/// Below so many lines the links are left out, and below so many columns the layers.
const LEAST: (u16, u16) = (16, 64);

/// Draws `run` as `glance` chose.
pub fn paint(frame: &mut Frame<'_>, run: &WatchedRun, glance: Glance) {
    let [head, middle, links, foot] = rows(frame.area(), run);
    frame.render_widget(heading(run, head.width), head);
    let has_layers = middle.width >= LEAST.1;
    let widths = [Constraint::Fill(1), Constraint::Fill(u16::from(has_layers))];
    let [left, right] = Layout::horizontal(widths).areas(middle);
    curve(frame, left, run, glance);
    if has_layers {
        layers(frame, right, run);
    }
    if links.height > 0 {
        traffic(frame, links, run, glance);
    }
    frame.render_widget(footing(run, foot.width), foot);
}

fn rows(area: Rect, run: &WatchedRun) -> [Rect; 4] {
    let wanted = run.pulse.as_ref().map_or(1, |pulse| pulse.links.len() + 1) as u16 + 2;
    let links = if area.height < LEAST.0 { 0 } else { wanted.min(area.height.saturating_sub(2) / 2) };
    let heights = [Constraint::Length(1), Constraint::Fill(1), Constraint::Length(links), Constraint::Length(1)];
    Layout::vertical(heights).areas(area)
}

/// Two texts at the ends of a line; where it is too short, the first gives way.
fn ends(left: String, right: &str, width: u16) -> Line<'static> {
    let (width, taken) = (usize::from(width), right.chars().count() + 1);
    let left: String = left.chars().take(width.saturating_sub(taken)).collect();
    let gap = width.saturating_sub(left.chars().count() + right.chars().count());
    Line::from(format!("{left}{}{right}", " ".repeat(gap)))
}

fn heading(run: &WatchedRun, width: u16) -> Line<'static> {
    let at = run.pulse.as_ref().map(|pulse| {
        let whole = pulse.done == pulse.of;
        let batch = if whole { String::new() } else { format!(", batch {}/{}", pulse.done, pulse.of) };
        format!(", epoch {}/{}{batch}", pulse.epoch, pulse.epochs)
    });
    let state = if run.finished { "finished" } else { "under way" };
    let right =
        if run.gone { "the run was moved or removed".to_owned() } else { format!("{state}{}", at.unwrap_or_default()) };
    ends(format!("{}  {}", run.folder().display(), run.schedule), &right, width).bold()
}

fn footing(run: &WatchedRun, width: u16) -> Line<'static> {
    let pulse = run.pulse.as_ref();
    if let Some(warning) = pulse.and_then(|pulse| pulse.warning.as_ref()) {
        return ends(format!("warning: {warning}"), "q", width).fg(Color::Yellow);
    }
    let speed = pulse.map_or_else(String::new, |pulse| {
        format!("{} images/s", numbers::count(pulse.images_per_second.round().max(0.0) as u64))
    });
    ends("← → curve   ↑ ↓ links   q leave".to_owned(), &speed, width).dim()
}

fn curve(frame: &mut Frame<'_>, area: Rect, run: &WatchedRun, glance: Glance) {
    let curves = run.curves();
    let chosen = glance.chosen(curves.len());
    let Some(curve) = curves.get(chosen) else {
        let words = "No epoch has been finished yet; curves appear with the first.";
        let block = Block::bordered().title(" curves ");
        return frame.render_widget(Paragraph::new(words).wrap(Default::default()).block(block), area);
    };
    let last = curve.points.last().map_or(0.0, |(_, value)| *value);
    let title = format!(" {} {} ({}/{}) ", curve.name, numbers::figure(last), chosen + 1, curves.len());
    let (across, up) = bounds(curve);
    let line = match curve.points.len() {
        1 => GraphType::Scatter,
        _ => GraphType::Line,
    };
    let data = Dataset::default().data(&curve.points).graph_type(line).marker(Marker::Braille);
    let epoch = |value: f64| if value.fract() == 0.0 { format!("{value}") } else { format!("{value:.2}") };
    let marks = [up[0], (up[0] + up[1]) / 2.0, up[1]].map(numbers::figure);
    let chart = Chart::new(vec![data.style(Style::new().fg(Color::Cyan))])
        .block(Block::bordered().title(title))
        .x_axis(Axis::default().bounds(across).labels([epoch(across[0]), epoch(across[1])]))
        .y_axis(Axis::default().bounds(up).labels(marks));
    frame.render_widget(chart, area);
}

/// What the axes of a curve reach from and to, never a single point.
fn bounds(curve: &WatchedCurve) -> ([f64; 2], [f64; 2]) {
    let range = |value: fn(&(f64, f64)) -> f64| {
        let values = curve.points.iter().map(value);
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        let air = if high > low { 0.0 } else { low.abs().max(1.0) * 0.05 };
        [low - air, high + air]
    };
    (range(|point| point.0), range(|point| point.1))
}

fn layers(frame: &mut Frame<'_>, area: Rect, run: &WatchedRun) {
    let block = Block::bordered().title(" layers, last batch ");
    let told = |name: &str| run.pulse.iter().flat_map(|pulse| &pulse.layers).find(|layer| layer.name == name);
    let most = run.pulse.iter().flat_map(|pulse| &pulse.layers).map(|layer| layer.activity).fold(0.0, f64::max);
    let row = |layer: &super::WatchedLayer| {
        let pulse = told(&layer.name);
        let nats = numbers::figure_or_dash(pulse.and_then(|pulse| pulse.free_energy));
        let activity = pulse.map_or_else(|| "-".to_owned(), |pulse| bar(pulse.activity, most));
        let name = layer.sense.as_ref().map_or_else(|| layer.name.clone(), |sense| format!("{} {sense}", layer.name));
        Row::new([name, numbers::count(layer.size as u64), nats, activity])
    };
    let widths = [Constraint::Fill(1), Constraint::Length(7), Constraint::Length(8), Constraint::Length(10)];
    let table = Table::new(run.layers.iter().map(row), widths);
    frame.render_widget(table.header(Row::new(["layer", "neurons", "F, nats", "activity"]).dim()).block(block), area);
}

/// A value with a bar as long as it is large among its like.
fn bar(value: f64, most: f64) -> String {
    const LONGEST: f64 = 5.0;
    let length = if most > 0.0 && value.is_finite() { (value / most * LONGEST).round() as usize } else { 0 };
    format!("{value:.2} {}", "▪".repeat(length.min(LONGEST as usize)))
}

fn traffic(frame: &mut Frame<'_>, area: Rect, run: &WatchedRun, glance: Glance) {
    let links = run.pulse.as_ref().map_or(&[][..], |pulse| &pulse.links);
    let shown = usize::from(area.height.saturating_sub(3));
    let first = glance.link.min(links.len().saturating_sub(shown));
    let title = match links.len() {
        0 => " links: this run has told nothing of them ".to_owned(),
        count if count > shown => format!(" links {} to {} of {count}, last batch ", first + 1, first + shown),
        count => format!(" {count} links, last batch "),
    };
    let age = |age: Option<f64>| age.map_or_else(|| "-".to_owned(), |age| format!("{age:.2}"));
    let row = |link: &PulseLink| {
        let PulseLink { from, to, sent, used, dropped, staleness, unheard } = link;
        let figures = [sent, used, dropped].map(|n| numbers::count(*n));
        let is_late = staleness.is_some_and(|age| age > 1.0) || *dropped > 0;
        let cells = [&[format!("{from} → {to}")][..], &figures, &[age(*staleness), age(*unheard)]].concat();
        Row::new(cells).style(if is_late { Style::new().fg(Color::Yellow) } else { Style::new() })
    };
    let widths = [Constraint::Fill(1)].into_iter().chain([8, 8, 8, 10, 9].map(Constraint::Length));
    let table = Table::new(links.iter().skip(first).take(shown).map(row), widths);
    let header = Row::new(["link", "sent", "used", "lost", "staleness", "unheard"]).dim();
    frame.render_widget(table.header(header).block(Block::bordered().title(title)), area);
}
