//! `gncn draw` as a person meets it, and the drawings of circuits that ship.

use crate::cli::{Outcome, gncn, outcome, text};
use crate::drawing::{drawn, marks};
use crate::properties::{self, Kind};
use gncn::checkpoint::weights;
use gncn::circuit::Circuit;
use gncn::circuit::file::CircuitFile;
use gncn::network::Network;
use gncn::view::draw::{
    Format, LinkKind, Overlay, Scene, Theme, bytes, dot, norms, scene, style_sheet, svg, svg_element,
};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

/// Every circuit file that ships.
fn shipped() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("circuits");
    let inside = |folder: PathBuf| {
        let entries = fs::read_dir(folder).expect("a folder of circuits");
        entries.map(|entry| entry.expect("an entry").path()).collect::<Vec<_>>()
    };
    let all = inside(folder.clone()).into_iter().chain(inside(folder.join("tuned")));
    let mut found: Vec<PathBuf> = all.filter(|path| path.extension().is_some_and(|ending| ending == "ron")).collect();
    found.sort();
    assert!(found.len() > 10, "{found:?}");
    found
}

fn parsed(layers: &str, projections: &str) -> Circuit {
    let text = format!("Circuit(name: \"made-up\", layers: {{{layers}}}, projections: [{projections}])");
    Circuit::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}"))
}

fn plain(circuit: &Circuit) -> Scene {
    scene(circuit, &Overlay::default())
}

// -------------------------------------------------------------------------------------------------------- scenes

#[test]
fn nothing_lies_on_anything_in_random_circuits() {
    for seed in 0..500 {
        let circuit = properties::circuit(Kind::Wild, seed);
        let faults = drawn(&circuit, &marks(&circuit, seed));
        assert!(faults.is_empty(), "seed {seed}: {}", faults.join("\n"));
    }
}

#[test]
fn circuits_that_ship_are_drawn_without_a_fault() {
    for path in shipped() {
        let circuit = Circuit::load(&path).expect("a circuit that ships");
        for overlay in [Overlay::default(), marks(&circuit, 7)] {
            let faults = drawn(&circuit, &overlay);
            assert!(faults.is_empty(), "{}: {}", path.display(), faults.join("\n"));
        }
        let widest = plain(&circuit).width;
        assert!(widest <= 700.0, "{}: {widest} pixels are too wide for a page", path.display());
    }
}

#[test]
fn a_ladder_stands_straight() {
    let circuit = Circuit::load(Path::new(env!("CARGO_MANIFEST_DIR")).join("circuits/gncn-pdh.ron")).expect("it ships");
    let scene = plain(&circuit);
    let lefts: Vec<f64> = scene.rooms.iter().map(|room| room.rect.x).collect();
    assert!(lefts.iter().all(|left| *left == lefts[0]), "{lefts:?}");
    let straight = |kind| scene.links.iter().filter(move |line| line.kind == kind).all(|line| line.points.len() == 2);
    assert!(straight(LinkKind::Generative) && straight(LinkKind::Feedback));
    let count = |kind| scene.links.iter().filter(|line| line.kind == kind).count();
    let counts = LinkKind::ALL.map(count);
    assert_eq!(counts, [3, 2, 3, 0, 3, 3, 3], "as the circuit file says");
    // Levels from the sense up.
    assert!(scene.rooms.windows(2).all(|pair| pair[1].rect.bottom() < pair[0].rect.y));
}

#[test]
fn a_long_way_is_a_skip_only_past_other_layers() {
    // The label is two levels below the cause, but nothing lies between.
    let senses = r#""image": (size: 9, sense: "image"), "label": (size: 3, sense: "label"),"#;
    let free = r#""eye": (size: 4, beta: 0.1), "cause": (size: 2, beta: 0.1)"#;
    let circuit = parsed(
        &format!("{senses} {free}"),
        r#"(from: "eye", to: "image", feedback: Silent), (from: "cause", to: "eye", feedback: Silent),
           (from: "cause", to: "label", feedback: Silent), (from: "cause", to: "image", feedback: Silent)"#,
    );
    let scene = plain(&circuit);
    let skips: Vec<&str> = scene.links.iter().filter(|l| l.kind == LinkKind::Skip).map(|l| l.title.as_str()).collect();
    assert_eq!(skips.len(), 1, "{skips:?}");
    assert!(skips[0].starts_with("cause to image.error"), "{skips:?}");
}

#[test]
fn senses_stay_below_in_a_cycle() {
    let layers = r#""b": (size: 4, beta: 0.1), "a": (size: 4, beta: 0.1), "z0": (size: 9, sense: "image")"#;
    let circuit = parsed(
        layers,
        r#"(from: "a", to: "z0", feedback: Transposed), (from: "b", to: "a", feedback: Transposed),
           (from: "a", to: "b", feedback: Learned(rate: 1.0)), (from: "b", to: "b", feedback: Transposed)"#,
    );
    let scene = plain(&circuit);
    let tops: Vec<f64> = scene.rooms.iter().map(|room| room.rect.y).collect();
    assert!(tops[0] < tops[1] && tops[1] < tops[2], "b above a above z0: {tops:?}");
    assert!(drawn(&circuit, &Overlay::default()).is_empty());
}

#[test]
fn the_order_of_a_file_has_no_say_about_levels() {
    for path in shipped() {
        let circuit = Circuit::load(&path).expect("a circuit that ships");
        let mut turned = CircuitFile::from(&circuit);
        turned.projections.reverse();
        let turned = turned.check().expect("as sound as before");
        let tops = |circuit: &Circuit| plain(circuit).rooms.iter().map(|room| room.rect.y).collect::<Vec<_>>();
        assert_eq!(tops(&circuit), tops(&turned), "{}", path.display());
    }
}

// --------------------------------------------------------------------------------------------------------- files

#[test]
fn text_stays_text_and_words_stand_beside_the_picture() {
    let circuit = parsed(
        r#""z0": (size: 1234, sense: "image", mean: Sigmoid, likelihood: Bernoulli),
           "z1": (size: 12, beta: 0.25, leak: 0.5, lateral: Columns(size: 4, excite: 0.1, inhibit: 0.1))"#,
        r#"(from: "z1", to: "z0", feedback: ScaledTranspose(gain: 0.5))"#,
    );
    let text = svg(&plain(&circuit), Theme::Auto);
    for part in ["1,234 neurons", "Bernoulli, mean Sigmoid", "β 0.25, leak 0.5", "3 columns of 4", "image"] {
        assert!(text.contains(&format!(">{part}</text>")), "{part}: {text}");
    }
    let description = text.split("<desc>").nth(1).and_then(|rest| rest.split("</desc>").next()).expect("words");
    for part in
        ["2 layers on 2 levels", "Level 0: z0", "predicted by z1 (feedback through the same synapses times 0.5)"]
    {
        assert!(description.contains(part), "{part}: {description}");
    }
    assert!(text.contains("role=\"img\"") && text.contains("<title>Circuit made-up</title>"));
    // A page with a strict policy takes the element and brings the style sheet itself.
    let element = svg_element(&plain(&circuit));
    assert!(!element.contains("<style") && !element.contains("style=") && !element.contains("#"), "{element}");
    let sheet = style_sheet(Theme::Light);
    let classes = element.split("class=\"").skip(1).filter_map(|rest| rest.split('"').next());
    for class in classes.flat_map(str::split_whitespace).filter(|class| *class != "gncn-circuit") {
        assert!(sheet.contains(&format!(".{class} {{")), "no rule for {class}");
    }
    let [auto, dark] = [Theme::Auto, Theme::Dark].map(style_sheet);
    assert!(auto.contains("prefers-color-scheme: dark") && auto.contains(&sheet) && auto.contains(&dark));
}

#[test]
fn graphviz_text_has_every_population_and_link() {
    for path in shipped() {
        let circuit = Circuit::load(&path).expect("a circuit that ships");
        let text = dot(&circuit, &Overlay::default());
        let wiring = gncn::circuit::wiring::Wiring::new(&circuit);
        assert_eq!(text.matches(" -> ").count(), wiring.links.len() + wiring.delayed.len());
        assert_eq!(text.matches("shape=box").count(), wiring.populations.len());
        assert_eq!(text.matches("subgraph").count(), circuit.layers().len());
        assert_eq!(text.matches('{').count(), text.matches('}').count());
    }
}

#[test]
fn norms_are_shown_as_numbers_and_widths() {
    let circuit = parsed(
        r#""z0": (size: 2, sense: "image"), "z1": (size: 2, beta: 0.1), "z2": (size: 2, beta: 0.1)"#,
        r#"(from: "z1", to: "z0", feedback: Learned(rate: 1.0)),
           (from: "z2", to: "z1", feedback: ScaledTranspose(gain: 0.5))"#,
    );
    let mut tensors = Network::new(Arc::new(circuit.clone()), 1).tensors();
    for (name, value) in [("z1_to_z0.generative", 3.0), ("z1_to_z0.feedback", 1.5), ("z2_to_z1.generative", 2.0)] {
        tensors.get_mut(name).expect("a tensor of the circuit").fill(value);
    }
    let scene = scene(&circuit, &norms(&circuit, &tensors));
    let mut shown: Vec<(&str, f64)> = scene
        .links
        .iter()
        .filter(|line| line.title.contains("synapses"))
        .map(|line| (line.title.rsplit("; ").next().expect("a label"), line.width))
        .collect();
    // Four synapses each: norms 6, 3, 4, and half of 4; widths from 1.2 to 6 in proportion.
    shown.sort_by(|a, b| a.0.cmp(b.0));
    let labels: Vec<&str> = shown.iter().map(|(label, _)| *label).collect();
    assert_eq!(labels, ["E 3.00", "W 2.00", "W 4.00", "W 6.00"]);
    for ((_, width), norm) in shown.iter().zip([3.0, 2.0, 4.0, 6.0]) {
        assert!((width - (1.2 + 4.8 * norm / 6.0)).abs() < 1e-9, "{width} for {norm}");
    }
    assert!(drawn(&circuit, &norms(&circuit, &tensors)).is_empty());
}

#[test]
fn a_png_has_twice_the_pixels_and_ink_where_rooms_are() {
    let circuit = Circuit::load(Path::new(env!("CARGO_MANIFEST_DIR")).join("circuits/classify.ron")).expect("it ships");
    let scene = plain(&circuit);
    let png_of = |theme| bytes(&circuit, &Overlay::default(), Format::Png, theme).expect("it is small");
    let file = png_of(Theme::Auto);
    assert_eq!(file, png_of(Theme::Light), "a PNG can't ask its viewer");
    let (ground, letters) = pixels(&file, &scene);
    assert_eq!(ground, [255, 255, 255]);
    assert!(letters > 100, "{letters} dark pixels in the title: the font is missing");
    assert!(pixels(&png_of(Theme::Dark), &scene).0[0] < 40, "dark ground");
}

/// The first pixel, and how many of the title's are dark.
fn pixels(file: &[u8], scene: &Scene) -> ([u8; 3], usize) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().expect("a PNG");
    let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
    let info = reader.next_frame(&mut pixels).expect("its pixels");
    let size = [scene.width, scene.height].map(|side| (side * 2.0).ceil() as u32);
    assert_eq!([info.width, info.height], size);
    let title = scene.labels[0].rect;
    let mut dark = 0;
    for y in (title.y * 2.0) as usize..(title.bottom() * 2.0) as usize {
        for x in (title.x * 2.0) as usize..(title.right() * 2.0) as usize {
            dark += usize::from(pixels[(y * info.width as usize + x) * 4] < 100);
        }
    }
    ([pixels[0], pixels[1], pixels[2]], dark)
}

// -------------------------------------------------------------------------------------------------- command line

const TEXT: &str = r#"Circuit(name: "first", layers: {"z0": (size: 4, sense: "image"), "z1": (size: 2, beta: 0.1)},
    projections: [(from: "z1", to: "z0", feedback: Transposed)])"#;

/// A folder with `first.ron`.
fn folder() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    fs::write(folder.path().join("first.ron"), TEXT).expect("a circuit file");
    folder
}

fn run(folder: &TempDir, words: &[&str]) -> Outcome {
    let mut command = gncn(&[&["draw"], words].concat());
    command.current_dir(folder.path());
    outcome(command)
}

fn names(folder: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(folder.path()).expect("the folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_drawing_is_written_where_it_was_asked_for() {
    let folder = folder();
    let done = run(&folder, &["first.ron"]);
    assert_eq!((done.code, done.out.as_str()), (0, ""), "{}", done.err);
    assert!(done.err.contains("writes first.svg (a drawing of first)"), "{}", done.err);
    let circuit = Circuit::parse(TEXT.as_bytes()).expect("it is sound");
    let written = fs::read(folder.path().join("first.svg")).expect("the drawing");
    assert_eq!(written, bytes(&circuit, &Overlay::default(), Format::Svg, Theme::Auto).expect("text"));
    // A second drawing under a name that nobody chose is refused; under a chosen name it is not.
    let again = run(&folder, &["first.ron"]);
    assert_eq!(again.code, 2);
    assert!(again.err.contains("first.svg is there already; name a file with -o"), "{}", again.err);
    assert_eq!(run(&folder, &["first.ron", "-o", "first.svg", "--theme", "dark"]).code, 0);
    assert_ne!(fs::read(folder.path().join("first.svg")).expect("the drawing"), written);
    assert_eq!(run(&folder, &["first.ron", "-o", "graph.DOT"]).code, 0);
    assert_eq!(names(&folder), ["first.ron", "first.svg", "graph.DOT"], "nothing else is left");
}

#[test]
fn weights_are_shown_and_have_to_fit() {
    let folder = folder();
    let circuit = Circuit::parse(TEXT.as_bytes()).expect("it is sound");
    let file = folder.path().join("w.safetensors");
    weights::save(&file, &Network::new(Arc::new(circuit), 1).tensors()).expect("a folder that can be written");
    assert_eq!(run(&folder, &["first.ron", "--weights", "w.safetensors"]).code, 0);
    let written = fs::read_to_string(folder.path().join("first.svg")).expect("the drawing");
    assert!(written.contains(">W 0.") && written.contains("Frobenius norm"), "{written}");
    let other = TEXT.replace("size: 2", "size: 3");
    fs::write(folder.path().join("other.ron"), other).expect("a circuit file");
    let refused = run(&folder, &["other.ron", "-o", "other.svg", "--weights", "w.safetensors"]);
    assert_eq!(refused.code, 2);
    assert!(refused.err.contains("w.safetensors: ") && refused.err.contains("z1_to_z0.generative"), "{}", refused.err);
    assert!(!names(&folder).contains(&"other.svg".to_owned()));
}

#[test]
fn receptive_fields_stand_in_the_rooms_of_their_layers() {
    let text = r#"(name: "chain", layers: {
            "z0": (shape: (4, 4), sense: "image", mean: Sigmoid, likelihood: Bernoulli),
            "z1": (size: 12, beta: 0.1), "z2": (size: 3, beta: 0.1, lateral: Columns(size: 3, excite: 0.1, inhibit: 0.1)),
            "side": (size: 4, sense: "word") },
        projections: [(from: "z1", to: "z0", feedback: Transposed), (from: "z2", to: "z1", feedback: Transposed),
            (from: "z2", to: "side", feedback: Transposed)])"#;
    let circuit = Circuit::parse(text.as_bytes()).unwrap();
    let network = Network::new(circuit.clone().into(), 1);
    let overlay = gncn::view::draw::learned(&network, None);
    let shown: Vec<&str> = overlay.pictures.keys().map(|id| circuit.layer(*id).name()).collect();
    assert_eq!(shown, ["z1", "z2"], "what acts on the image");
    let marks = gncn::view::draw::norms(&circuit, &network.tensors()).marks;
    assert_eq!(overlay.marks, marks, "norms are those of the same weights in a file");
    let scene = gncn::view::draw::scene(&circuit, &overlay);
    assert_eq!(scene.images.len(), 2);
    for image in &scene.images {
        assert!(image.png.starts_with(b"\x89PNG"));
        let inside = scene.rooms.iter().flat_map(|room| &room.cells).filter(|cell| cell.rect.contains(&image.rect));
        assert_eq!(inside.count(), 1, "{}", image.title);
        assert!(!scene.labels.iter().any(|label| label.rect.overlaps(&image.rect)), "{}", image.title);
        let lines = scene.links.iter().flat_map(|line| line.points.windows(2));
        assert!(!lines.into_iter().any(|ends| image.rect.is_crossed_by(ends[0], ends[1], 1.0)), "{}", image.title);
    }
    let written = gncn::view::draw::svg(&scene, Theme::Auto);
    assert_eq!(written.matches("href=\"data:image/png;base64,").count(), 2);
}

#[test]
fn a_recorded_settle_shows_ages_and_messages() {
    use gncn::{DeliveryLog, Episode, Matrix, Schedule, SettleOptions, Settler};
    let mut circuit = Circuit::load(shipped().iter().find(|path| path.ends_with("gncn-t1-rao.ron")).unwrap()).unwrap();
    let mut settling = circuit.settling().clone();
    settling.schedule = Schedule::parse(r#"VirtualTime(until: 30, clocks: {"z1": (period: 6)})"#, &circuit).unwrap();
    circuit = circuit.with_settling(settling).unwrap();
    let mut network = Network::new(circuit.clone().into(), 1);
    let episode = Episode::new(&circuit, [("image".to_owned(), Matrix::zeros(1, 784))]).unwrap();
    let options = SettleOptions { record: true, ..SettleOptions::default() };
    let settled = Settler::new().settle(&mut network, &episode, circuit.settling(), options).unwrap();
    let log: DeliveryLog = settled.log.unwrap();
    let overlay = gncn::view::draw::ages(&circuit, &log).unwrap();
    let wiring = network.wiring();
    // What the account says of the same settle.
    let mut compared = 0;
    for link in &settled.account.links {
        let name = |id| &wiring.population(id).name;
        let place = wiring.links.iter().position(|l| link.from == *name(l.from) && link.to == *name(l.to));
        let Some(mark) = overlay.marks.get(&place.unwrap()) else { continue };
        let (firings, sum) = link
            .staleness
            .iter()
            .enumerate()
            .fold((0, 0), |(n, sum), (age, count)| (n + count, sum + age as u64 * count));
        let told = mark.label.clone().unwrap();
        assert!(
            told.starts_with(&format!("{:.1} old", sum as f64 / firings as f64)),
            "{} to {}: {told}",
            link.from,
            link.to
        );
        compared += 1;
    }
    assert!(compared >= 4, "{compared}");
    assert_eq!(drawn(&circuit, &overlay), Vec::<String>::new());
}

#[test]
fn a_training_shows_its_last_batch() {
    use gncn::training::{Pulse, PulseLayer, PulseLink};
    let path = shipped().into_iter().find(|path| path.ends_with("gncn-t1-rao.ron")).expect("it ships");
    let circuit = Circuit::load(path).expect("sound");
    let link = |from: &str, to: &str, sent, staleness| PulseLink {
        from: from.to_owned(),
        to: to.to_owned(),
        sent,
        staleness: Some(staleness),
        ..PulseLink::default()
    };
    let layer = |name: &str, activity| PulseLayer { name: name.to_owned(), activity, ..PulseLayer::default() };
    let pulse = Pulse {
        batch: 200,
        images_per_second: 1000.0,
        layers: vec![layer("z1", 0.5), layer("z2", 0.25), layer("gone", 9.0)],
        links: vec![
            link("z1", "z0.error", 50, 0.0),
            link("z0.error", "z1", 25, 2.0),
            link("z2", "z1.error", 0, 0.0),
            link("gone", "z1", 50, 1.0),
        ],
        ..Pulse::default()
    };
    let overlay = gncn::view::draw::live(&circuit, &pulse);
    let told: Vec<_> = overlay.marks.values().map(|mark| (mark.label.as_deref(), mark.width, mark.shade)).collect();
    assert_eq!(told.len(), 2, "what sent nothing and what the circuit lacks has no mark: {told:?}");
    assert!(told.contains(&(Some("0.0 old, 250/s"), Some(1.0), Some(0.0))), "{told:?}");
    assert!(told.contains(&(Some("2.0 old, 125/s"), Some(0.5), Some(1.0))), "{told:?}");
    let share = |name: &str| overlay.rooms[&circuit.find(name).expect("a layer")].share;
    assert_eq!((share("z1"), share("z2")), (1.0, 0.5), "the longest bar is that of the largest");
    assert_eq!(drawn(&circuit, &overlay), Vec::<String>::new());
    let shown = scene(&circuit, &overlay);
    let bars: Vec<f64> = shown.swatches.iter().filter(|s| s.rect.height == 3.0).map(|s| s.rect.width).collect();
    assert!(bars.len() == 2 && (bars[0] / bars[1] - 2.0).abs() < 1e-9, "{bars:?}");
    assert!(shown.labels.iter().any(|label| label.text == "activity 0.50"), "and in words");
}

#[test]
fn wrong_requests_write_nothing() {
    let folder = folder();
    let refused: [(&[&str], &str); 7] = [
        (&["first.ron", "-o", "first.pdf"], "`.pdf` is no ending of a drawing; end it with .svg, .png or .dot"),
        (&["first.ron", "-o", "first"], "the name has no ending; end it with .svg, .png or .dot"),
        (&["first.ron", "-o", "nowhere/first.svg"], "its folder does not exist"),
        (&["first.ron", "--theme", "blue"], "possible values: auto, light, dark"),
        (&["none.ron"], "none.ron"),
        (&["circuit.svg", "-o", "circuit.svg"], "circuit.svg: is the circuit file; name another file with -o"),
        (&["circuit.svg", "-o", "./circuit.svg"], "is the circuit file"),
    ];
    fs::write(folder.path().join("circuit.svg"), TEXT).expect("a circuit with a strange ending");
    for (words, told) in refused {
        let outcome = run(&folder, words);
        assert_eq!(outcome.code, 2, "{words:?}: {}", outcome.err);
        assert!(outcome.err.contains(told), "{words:?}: {}", outcome.err);
    }
    assert_eq!(names(&folder), ["circuit.svg", "first.ron"]);
    assert_eq!(fs::read_to_string(text(&folder.path().join("circuit.svg"))).expect("it is still there"), TEXT);
}
