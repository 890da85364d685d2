//! From a circuit to its scene: heading, rooms with their links, legend.

use super::cables::{Cable, cables, levels, own_links, value};
use super::legend::{Legend, least_width};
use super::overlay::Overlay;
use super::places::{RoomPlaces, Stand};
use super::rooms::{BESIDE, DrawingMeasures, GAP, HEADING, INSET, LOOP, PAD, Words, cell_height};
use super::routes::Routes;
use super::rows::RoomRows;
use super::scene::{Cell, Label, Line, LinkKind, Rect, Role, Room, Scene, SceneImage, Spot, Swatch};
use super::{text, words};
use crate::circuit::wiring::{Kind, Wiring};
use crate::circuit::{Circuit, LayerId};
use crate::params::Lateral;

/// Around everything.
const MARGIN: f64 = 20.0;
/// A drawing is at least so wide, for its heading and its legend.
const LEAST: f64 = 520.0;
/// Under a heading, over a legend.
const BREAK: f64 = 14.0;
/// The height of the bar that shows how active a layer is, and the class of its colour.
const BAR: f64 = 3.0;
const ACTIVE: &str = "s4";
/// Lines of what a circuit says about itself.
const ABOUT: usize = 3;

/// The scene of a circuit, with what `overlay` shows on its links.
///
/// Any circuit has one. The same circuit and overlay give the same scene, to the bit. For a circuit with L layers and P
/// projections the work grows with P · L at the least, and with the square of the lines that pass between two levels.
///
/// # Examples
/// ```
/// use gncn::circuit::Circuit;
/// use gncn::view::draw::{Overlay, scene};
///
/// let circuit = Circuit::parse(br#"(
///     name: "smallest",
///     layers: { "z0": (size: 4, sense: "image"), "z1": (size: 2, beta: 0.1) },
///     projections: [(from: "z1", to: "z0", feedback: Transposed)],
/// )"#).unwrap();
/// let scene = scene(&circuit, &Overlay::default());
/// let (below, above) = (&scene.rooms[0].rect, &scene.rooms[1].rect);
/// assert!(above.bottom() < below.y, "what predicts stands above");
/// assert_eq!(scene.links.len(), 4, "activity, pathway, target, mismatch");
/// ```
#[must_use]
pub fn scene(circuit: &Circuit, overlay: &Overlay) -> Scene {
    let wiring = Wiring::new(circuit);
    let levels = levels(circuit);
    let cables = cables(circuit, &wiring, overlay);
    let rows = RoomRows::of(circuit, &levels, &cables);
    let words: Vec<Words> = circuit.layers().map(|(id, _)| Words::of(circuit, id).with_shown(overlay, id)).collect();
    let measures = DrawingMeasures::of(circuit, &wiring, overlay, &words);
    let places = RoomPlaces::of(&rows, &cables, &measures);
    let mut heights = vec![0.0; rows.rows.len()];
    words.iter().zip(&levels).for_each(|(words, level)| heights[*level] = words.height().max(heights[*level]));
    let routes = Routes::of(&rows, &cables, &places, &heights);

    let mut painter = Painter { circuit, wiring: &wiring, overlay, scene: empty(circuit, overlay), x: 0.0, y: MARGIN };
    let mut kinds: Vec<LinkKind> = cables.iter().flat_map(|cable| cable.strands.iter().map(|s| s.kind)).collect();
    kinds.extend([LinkKind::Target, LinkKind::Mismatch]);
    kinds.extend(circuit.layers().any(|(_, layer)| layer.lateral() != Lateral::None).then_some(LinkKind::Lateral));
    let has_sense = circuit.senses().next().is_some();
    let inner = places.width.max(LEAST).max(least_width(&kinds, has_sense, overlay));
    painter.heading(inner);
    painter.x = (MARGIN + (inner - places.width) / 2.0).round();
    for (id, _) in circuit.layers() {
        let (_, bottom) = routes.rows[levels[id.0]];
        painter.room(id, &words[id.0], &places.rooms[&id], bottom);
    }
    for (number, cable) in cables.iter().enumerate() {
        painter.cable(
            cable,
            &CableRun { passes: &rows.passes[number], levels: &levels, places: &places, routes: &routes },
        );
    }
    painter.scene.links.sort_by_key(|line| (line.link.is_none(), line.link, line.layers.clone()));
    let top = painter.y + routes.height + BREAK;
    let legend = Legend::of(&kinds, has_sense, overlay, (MARGIN, top), inner);
    let mut scene = painter.scene;
    scene.width = inner + 2.0 * MARGIN;
    scene.height = (top + legend.height + MARGIN).ceil();
    scene.samples = legend.samples;
    scene.swatches.extend(legend.swatches);
    scene.labels.extend(legend.labels);
    scene
}

fn empty(circuit: &Circuit, overlay: &Overlay) -> Scene {
    let (rooms, links, samples, swatches, images, labels) = Default::default();
    let title = format!("Circuit {}", text::shortened(circuit.name(), 60));
    let description = words::description(circuit, overlay);
    Scene { width: 0.0, height: 0.0, title, description, rooms, links, samples, swatches, images, labels }
}

/// Where the lines of a cable run.
struct CableRun<'a> {
    passes: &'a [super::rows::Pass],
    levels: &'a [usize],
    places: &'a RoomPlaces,
    routes: &'a Routes,
}

/// Fills a scene; `x` and `y` are where the drawing's own corner lies in it.
struct Painter<'a> {
    circuit: &'a Circuit,
    wiring: &'a Wiring,
    overlay: &'a Overlay,
    scene: Scene,
    x: f64,
    y: f64,
}

impl Painter<'_> {
    /// The name of the circuit and what it says about itself; what follows begins below.
    fn heading(&mut self, width: f64) {
        let mut lines = vec![(Role::Title, text::wrapped(self.circuit.name(), Role::Title, width, 1))];
        lines.push((Role::About, text::wrapped(self.circuit.about(), Role::About, width, ABOUT)));
        for (role, texts) in lines {
            for text in texts {
                self.x = MARGIN;
                self.label(role, text, 0.0, 0.0);
                self.y += text::line_height(role);
            }
        }
        self.y = (self.y + BREAK).round();
    }

    /// A label with its left upper corner at `x`, `y` of the drawing.
    fn label(&mut self, role: Role, text: String, x: f64, y: f64) {
        let (width, height) = (text::width(&text, role), text::line_height(role));
        let rect = Rect { x, y, width, height }.moved(self.x, self.y);
        self.scene.labels.push(Label { role, text, rect });
    }

    /// A line, its corners in the drawing's own measure.
    fn line(&mut self, kind: LinkKind, link: Option<usize>, layers: Vec<LayerId>, points: Vec<Spot>, title: String) {
        let moved = points.into_iter().map(|p| Spot { x: p.x + self.x, y: p.y + self.y }).collect();
        let width = link.map_or(kind.width(), |link| self.overlay.width(link, kind.width()));
        let shade = link.and_then(|link| self.overlay.shade(link));
        let title = match link.and_then(|link| self.overlay.label(link)) {
            Some(label) => format!("{title}; {label}"),
            None => title,
        };
        self.scene.links.push(Line { kind, points: straightened(moved), width, shade, link, layers, title });
    }

    fn room(&mut self, id: LayerId, words: &Words, stand: &Stand, bottom: f64) {
        let height = words.height();
        let rect = Rect { x: stand.left, y: bottom - height, width: stand.right - stand.left, height };
        self.names(words, &rect);
        let (x, width) = stand.cell;
        let height = words.state_height();
        let state = Rect { x, y: bottom - PAD - height, width, height };
        self.cell("state", &words.state, &state);
        let mut cells = Vec::new();
        if let (Some(lines), Some(population)) = (&words.error, self.wiring.error_of(id)) {
            let error = self.error_cell(lines, &state);
            cells.push(Cell { population, kind: Kind::Error, rect: error.moved(self.x, self.y) });
            self.between(id, &error, &state);
        }
        let population = self.wiring.state_of(id);
        cells.push(Cell { population, kind: Kind::State, rect: state.moved(self.x, self.y) });
        self.lateral(id, &state);
        if let Some(share) = self.overlay.share(id) {
            let rect = Rect {
                x: state.x + 3.0,
                y: state.bottom() - BAR - 1.0,
                width: share * (state.width - 6.0),
                height: BAR,
            };
            self.scene.swatches.push(Swatch { class: ACTIVE.to_owned(), rect: rect.moved(self.x, self.y) });
        }
        if let Some(picture) = self.overlay.pictures.get(&id) {
            let (width, height) = picture.sides;
            let rect = Rect { x: state.x + INSET, y: state.bottom() - 6.0 - height, width, height };
            let (rect, png, title) = (rect.moved(self.x, self.y), picture.png.clone(), picture.title.clone());
            self.scene.images.push(SceneImage { rect, png, title });
        }
        self.scene.rooms.push(Room {
            layer: id,
            rect: rect.moved(self.x, self.y),
            is_sensory: words.sense.is_some(),
            title: words::layer(self.circuit, id),
            cells,
        });
    }

    fn names(&mut self, words: &Words, rect: &Rect) {
        let (x, mut y) = (rect.x + PAD, rect.y + PAD);
        for (role, text) in [(Role::Name, &words.name), (Role::Detail, &words.neurons)] {
            self.label(role, text.clone(), x, y);
            y += text::line_height(role);
        }
        if let Some(sense) = &words.sense {
            let (width, height) = (text::width(sense, Role::Sense) + 12.0, text::line_height(Role::Sense) + 4.0);
            let badge = Rect { x, y: y + 4.0, width, height }.moved(self.x, self.y);
            self.scene.swatches.push(Swatch { class: "badge".to_owned(), rect: badge });
            self.label(Role::Sense, sense.clone(), x + 6.0, y + 6.0);
        }
    }

    /// The words of a population.
    fn cell(&mut self, heading: &str, lines: &[String], rect: &Rect) {
        let (x, y) = (rect.x + INSET, rect.y + 6.0);
        self.label(Role::Heading, heading.to_owned(), x, y);
        for (i, line) in lines.iter().enumerate() {
            self.label(Role::Detail, line.clone(), x + HEADING, y + i as f64 * text::line_height(Role::Detail));
        }
    }

    fn error_cell(&mut self, lines: &[String], state: &Rect) -> Rect {
        let height = cell_height(lines.len());
        let rect = Rect { y: state.y - GAP - height, height, ..*state };
        self.cell("error", lines, &rect);
        rect
    }

    /// The two links inside a room.
    fn between(&mut self, id: LayerId, error: &Rect, state: &Rect) {
        let Some((target, mismatch)) = own_links(self.wiring, id) else { return };
        for (kind, link, share) in [(LinkKind::Target, target, 0.3), (LinkKind::Mismatch, mismatch, 0.65)] {
            let x = (error.x + error.width * share).round();
            let (up, down) = (Spot { x, y: error.bottom() }, Spot { x, y: state.y });
            let points = if kind == LinkKind::Target { vec![down, up] } else { vec![up, down] };
            self.line(kind, Some(link), vec![id], points, words::link(self.wiring, link));
            if let Some(label) = self.overlay.label(link) {
                let y = (error.bottom() + state.y - text::line_height(Role::Value)) / 2.0;
                self.label(Role::Value, value(label), x + BESIDE, y);
            }
        }
    }

    /// The loop of a layer with lateral synapses.
    fn lateral(&mut self, id: LayerId, state: &Rect) {
        if self.circuit.layer(id).lateral() == Lateral::None {
            return;
        }
        let (near, far) = (state.right(), state.right() + LOOP - 4.0);
        let (up, down) = (state.y + 6.0, state.bottom() - 6.0);
        let points = [(near, up), (far, up), (far, down), (near, down)].map(|(x, y)| Spot { x, y }).to_vec();
        let title = format!("{}: lateral synapses, {}", self.circuit.layer(id).name(), LinkKind::Lateral.meaning());
        self.line(LinkKind::Lateral, None, vec![id], points, title);
    }

    /// The lines of a projection, each with its label at its arrow.
    fn cable(&mut self, cable: &Cable, course: &CableRun<'_>) {
        let edges = [cable.from, cable.to].map(|id| course.routes.rows[course.levels[id.0]]);
        let (start, end) = (edges[0].1 - PAD, self.top_of(cable.to));
        for strand in &cable.strands {
            let mut points = course.routes.corners(course.passes, strand.link, course.places, start, end);
            let (first, last) = (points[0], points[points.len() - 1]);
            let (arrow, y) = match strand.is_feedback() {
                true => (first, edges[0].1 + 5.0),
                false => (last, edges[1].0 - 5.0 - text::line_height(Role::Value)),
            };
            if let Some(label) = self.overlay.label(strand.link) {
                self.label(Role::Value, value(label), arrow.x + BESIDE, y);
            }
            if strand.is_feedback() {
                points.reverse();
            }
            let title = words::link(self.wiring, strand.link);
            // On a delayed link nothing travels that a page could show.
            let shown = Some(strand.link).filter(|link| *link < self.wiring.links.len());
            self.line(strand.kind, shown, vec![cable.from, cable.to], points, title);
        }
    }

    /// The top of the error population of a layer, in the drawing's own measure.
    fn top_of(&self, layer: LayerId) -> f64 {
        let cells = &self.scene.rooms[layer.0].cells;
        cells.iter().map(|cell| cell.rect.y).fold(f64::INFINITY, f64::min) - self.y
    }
}

/// The corners without those that are none.
fn straightened(points: Vec<Spot>) -> Vec<Spot> {
    let mut kept: Vec<Spot> = Vec::with_capacity(points.len());
    for point in points {
        while let [.., a, b] = kept[..] {
            let is_straight = (a.x == b.x && b.x == point.x) || (a.y == b.y && b.y == point.y);
            if !is_straight {
                break;
            }
            kept.pop();
        }
        if kept.last() != Some(&point) {
            kept.push(point);
        }
    }
    kept
}
