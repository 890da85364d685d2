//! The geometry of drawings, checked on the scene itself: whatever the circuit, nothing lies on anything else.

use crate::properties::Dice;
use gncn::circuit::Circuit;
use gncn::circuit::wiring::Wiring;
use gncn::view::draw::{Line, LinkMark, Overlay, Rect, RoomMark, Scale, Scene, Spot, Theme, scene, svg};

/// The nearest that two lines of different links may run beside each other, middle to middle.
const APART: f64 = 4.5;

/// All that is wrong with a scene.
pub(crate) fn faults(circuit: &Circuit, scene: &Scene) -> Vec<String> {
    let mut faults = Vec::new();
    let view = Rect { x: 0.0, y: 0.0, width: scene.width, height: scene.height };
    let spots = scene.links.iter().chain(&scene.samples).flat_map(|line| line.points.iter());
    let spots = spots.map(|p| Rect { x: p.x - 4.0, y: p.y - 4.0, width: 8.0, height: 8.0 });
    let all = spots.chain(scene.labels.iter().map(|l| l.rect)).chain(scene.rooms.iter().map(|r| r.rect));
    let all = all.chain(scene.swatches.iter().map(|swatch| swatch.rect));
    faults.extend(all.filter(|rect| !view.contains(rect)).map(|rect| format!("{rect:?} is out of sight")));
    rooms(scene, &mut faults);
    labels(scene, &mut faults);
    lines(scene, &mut faults);
    ends(circuit, scene, &mut faults);
    faults
}

fn rooms(scene: &Scene, faults: &mut Vec<String>) {
    for (i, room) in scene.rooms.iter().enumerate() {
        let others = scene.rooms[..i].iter().filter(|other| other.rect.overlaps(&room.rect));
        faults.extend(others.map(|other| format!("rooms {:?} and {:?} overlap", other.layer, room.layer)));
        let outside = room.cells.iter().filter(|cell| !room.rect.contains(&cell.rect));
        faults.extend(outside.map(|cell| format!("{cell:?} sticks out of its room")));
    }
}

fn labels(scene: &Scene, faults: &mut Vec<String>) {
    for (i, label) in scene.labels.iter().enumerate() {
        let others = scene.labels[..i].iter().filter(|other| other.rect.overlaps(&label.rect));
        faults.extend(others.map(|other| format!("labels {:?} and {:?} overlap", other.text, label.text)));
        for line in scene.links.iter().chain(&scene.samples) {
            if crosses(line, &label.rect) {
                faults.push(format!("{} runs through the label {:?}", line.title, label.text));
            }
        }
        // Badges lie under the names of senses; other patches under nothing.
        for patch in scene.swatches.iter().filter(|patch| patch.class != "badge" && patch.rect.overlaps(&label.rect)) {
            faults.push(format!("{patch:?} lies on the label {:?}", label.text));
        }
        // A label belongs to one box, or to none.
        let boxes = scene
            .rooms
            .iter()
            .flat_map(|room| room.cells.iter().map(|cell| cell.rect).chain(std::iter::once(room.rect)));
        let cut = boxes.filter(|place| place.overlaps(&label.rect) && !place.contains(&label.rect));
        faults.extend(cut.map(|place| format!("the edge of {place:?} cuts the label {:?}", label.text)));
    }
}

fn lines(scene: &Scene, faults: &mut Vec<String>) {
    for (i, line) in scene.links.iter().enumerate() {
        for room in scene.rooms.iter().filter(|room| !line.layers.contains(&room.layer)) {
            if crosses(line, &room.rect) {
                faults.push(format!("{} runs through the room of layer {}", line.title, room.layer.0));
            }
        }
        for cell in scene.rooms.iter().flat_map(|room| &room.cells) {
            let inner = Rect {
                x: cell.rect.x + 1.0,
                y: cell.rect.y + 1.0,
                width: cell.rect.width - 2.0,
                height: cell.rect.height - 2.0,
            };
            if pieces(line).any(|(a, b)| inner.is_crossed_by(a, b, 0.1)) {
                faults.push(format!("{} runs through a population of {}", line.title, cell.population.0));
            }
        }
        if pieces(line).any(|(a, b)| a.x != b.x && a.y != b.y) {
            faults.push(format!("{} is slanted: {:?}", line.title, line.points));
        }
        for other in &scene.links[..i] {
            if pieces(line).any(|a| pieces(other).any(|b| runs_on(a, b))) {
                faults.push(format!("{} and {} run on each other", line.title, other.title));
            }
        }
    }
}

/// Every link of the circuit is drawn once, from its sender to its receiver.
fn ends(circuit: &Circuit, scene: &Scene, faults: &mut Vec<String>) {
    let wiring = Wiring::new(circuit);
    let drawn: Vec<usize> = scene.links.iter().filter_map(|line| line.link).collect();
    if drawn != (0..wiring.links.len()).collect::<Vec<_>>() {
        faults.push(format!("{drawn:?} are drawn of {} links", wiring.links.len()));
    }
    for line in &scene.links {
        let Some(link) = line.link else { continue };
        let cell = |population| {
            let mut cells = scene.rooms.iter().flat_map(|room| &room.cells);
            cells.find(|cell| cell.population == population).map(|cell| cell.rect)
        };
        let touches = |place: Option<Rect>, at: &Spot| {
            let on_edge = |place: Rect| (at.y - place.y).abs() < 0.1 || (at.y - place.bottom()).abs() < 0.1;
            place.is_some_and(|place| on_edge(place) && place.x < at.x && at.x < place.right())
        };
        let (first, last) = (&line.points[0], &line.points[line.points.len() - 1]);
        if !touches(cell(wiring.links[link].from), first) || !touches(cell(wiring.links[link].to), last) {
            faults.push(format!("{} does not end where it should: {:?}", line.title, line.points));
        }
    }
}

fn pieces(line: &Line) -> impl Iterator<Item = (Spot, Spot)> + '_ {
    line.points.windows(2).map(|pair| (pair[0], pair[1]))
}

fn crosses(line: &Line, rect: &Rect) -> bool {
    pieces(line).any(|(a, b)| rect.is_crossed_by(a, b, line.width))
}

/// Whether two pieces are parallel and nearer than they may be, over more than a corner.
fn runs_on((a, b): (Spot, Spot), (c, d): (Spot, Spot)) -> bool {
    let shared = |a: f64, b: f64, c: f64, d: f64| a.max(b).min(c.max(d)) - a.min(b).max(c.min(d));
    let upright = a.x == b.x && c.x == d.x && (a.x - c.x).abs() < APART && shared(a.y, b.y, c.y, d.y) > 1.0;
    let level = a.y == b.y && c.y == d.y && (a.y - c.y).abs() < APART && shared(a.x, b.x, c.x, d.x) > 1.0;
    upright || level
}

/// A random circuit that is hard to draw: up to a dozen layers with many parents, cycles, long names, parts of their own.
pub(crate) fn tangle(seed: u64) -> Circuit {
    let mut dice = Dice::new("test.tangle", seed);
    let count = dice.between(2, 12);
    let name = |i: usize| if i % 5 == 3 { format!("a-rather-long-name-of-layer-{i}") } else { format!("z{i}") };
    let mut senses = vec![true];
    senses.extend((1..count).map(|_| dice.chance(0.2)));
    let mut pairs = std::collections::BTreeSet::new();
    let density = dice.pick(&[1, 1, 2, 4]);
    for from in 1..count {
        for _ in 0..dice.between(1, density) {
            let down = dice.below(from);
            // Most go down, some anywhere, itself included.
            pairs.insert((from, if dice.chance(0.2) { dice.below(count) } else { down }));
        }
    }
    for i in (0..count).filter(|i| !pairs.iter().any(|(from, to)| from == i || to == i)).collect::<Vec<_>>() {
        pairs.insert((if i == 0 { 1 } else { i }, 0));
    }
    let layers = (0..count).map(|i| {
        let sense = if senses[i] { format!("sense: \"sense-{i}\", ") } else { String::new() };
        let lateral = dice.pick(&["", "lateral: Columns(size: 4, excite: 0.1, inhibit: 0.1),", "prior: Laplace(0.1),"]);
        let precision = dice.pick(&["", "precision: Learned(floor: 1.0, form: Factor),"]);
        let precision = if pairs.iter().any(|(_, to)| *to == i) { precision } else { "" };
        let size = dice.pick(&[4, 12, 360, 1000]);
        format!("\"{}\": (size: {size}, {sense} beta: 0.1, {lateral} {precision}),", name(i))
    });
    let layers: String = layers.collect();
    let feedback = ["Transposed", "Silent", "Learned(rate: 0.5)", "ScaledTranspose(gain: 0.5)"];
    let links = pairs.iter().map(|(from, to)| {
        format!("(from: \"{}\", to: \"{}\", feedback: {}),", name(*from), name(*to), dice.pick(&feedback))
    });
    let links: String = links.collect();
    let about = "Random, and hard to draw. ".repeat(seed as usize % 12);
    let text = format!("Circuit(name: \"tangle\", about: \"{about}\", layers: {{{layers}}}, projections: [{links}])");
    Circuit::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{seed}: {error}\n{text}"))
}

/// Marks on some links, on all, or on none.
pub(crate) fn marks(circuit: &Circuit, seed: u64) -> Overlay {
    let mut dice = Dice::new("test.marks", seed);
    let share = dice.pick(&[0.0, 0.3, 1.0]);
    let mut overlay = Overlay::default();
    for link in 0..Wiring::new(circuit).links.len() {
        if dice.chance(share) {
            let label = dice.pick(&[None, Some("3"), Some("W 12.3"), Some("a label that is far too long for a link")]);
            let (width, shade) = (f64::from(dice.real(-0.2, 1.2)), f64::from(dice.real(-0.2, 1.2)));
            let mark = LinkMark { width: Some(width), shade: Some(shade), label: label.map(ToOwned::to_owned) };
            overlay.marks.insert(link, mark);
        }
    }
    for (id, _) in circuit.layers() {
        if dice.chance(share) {
            let mark = RoomMark { share: f64::from(dice.real(-0.2, 1.2)), line: "activity 0.25".to_owned() };
            overlay.rooms.insert(id, mark);
        }
    }
    if !overlay.marks.is_empty() {
        let (low, high) = ("0".to_owned(), "12".to_owned());
        overlay.scale = Some(Scale { quantity: "mean staleness in firings".to_owned(), low, high });
        overlay.notes.push("width of a link: messages".to_owned());
    }
    overlay
}

/// Draws a circuit twice and gives what is wrong with it.
pub(crate) fn drawn(circuit: &Circuit, overlay: &Overlay) -> Vec<String> {
    let first = scene(circuit, overlay);
    let mut faults = faults(circuit, &first);
    let again = scene(&circuit.clone(), &overlay.clone());
    if svg(&first, Theme::Auto) != svg(&again, Theme::Auto) {
        faults.push("drawn twice, the bytes differ".to_owned());
    }
    faults
}

#[test]
fn nothing_lies_on_anything_in_random_tangles() {
    for seed in 0..500 {
        let circuit = tangle(seed);
        let faults = drawn(&circuit, &marks(&circuit, seed));
        assert!(faults.is_empty(), "seed {seed}: {} faults\n{}\n{}", faults.len(), faults.join("\n"), circuit.to_ron());
    }
}

#[test]
fn made_up_faults_are_found() {
    let circuit = tangle(1);
    let good = scene(&circuit, &Overlay::default());
    assert!(faults(&circuit, &good).is_empty());
    let found = |change: &dyn Fn(&mut Scene), told: &str| {
        let mut bad = good.clone();
        change(&mut bad);
        let faults = faults(&circuit, &bad);
        assert!(faults.iter().any(|fault| fault.contains(told)), "{told}: {faults:?}");
    };
    found(&|scene| scene.width = 300.0, "out of sight");
    found(&|scene| scene.labels[1].rect = scene.labels[0].rect, "overlap");
    found(
        &|scene| {
            let room = scene.rooms[0].rect;
            scene.labels[0].rect = Rect { x: room.x - 5.0, y: room.y + 2.0, width: 20.0, height: 6.0 };
        },
        "cuts the label",
    );
    found(&|scene| scene.rooms[1].rect = scene.rooms[0].rect, "rooms");
    found(&|scene| scene.links[0].points = scene.links[1].points.clone(), "run on each other");
    found(&|scene| scene.links[0].points.reverse(), "does not end where it should");
    found(&|scene| scene.links[0].link = None, "are drawn of");
    found(
        &|scene| {
            let (line, label) = (&mut scene.links[0], scene.labels[0].rect);
            line.points.push(Spot { x: label.x + 3.0, y: label.y + 3.0 });
            line.points.push(Spot { x: label.x + 9.0, y: label.y + 3.0 });
        },
        "runs through the label",
    );
    found(
        &|scene| {
            let room = scene.rooms.iter().find(|room| !scene.links[0].layers.contains(&room.layer)).map(|r| r.rect);
            let room = room.expect("a layer without this link");
            scene.links[0].points = vec![Spot { x: room.x, y: room.y }, Spot { x: room.right(), y: room.y }];
        },
        "runs through the room",
    );
}
