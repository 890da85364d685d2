//! Study files: what they mean, and what is said of the mistakes in them.

use gncn::circuit::{Circuit, Schedule, Stopping};
use gncn::study::file::WeightsFrom;
use gncn::study::{GridPoint, Study, lay_out};
use std::path::{Path, PathBuf};

/// The folder that studies are read from: circuits are one level up, as in `circuits/studies/`.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("circuits/tuned")
}

const STUDY: &str = r#"// What lateness does.
Study(
    name: "late",
    question: "What does lateness do?",
    circuits: {
        "rao": (file: "../gncn-t1-rao.ron", weights: Train(data: "mnist", epochs: 2, seeds: [0, 1, 2])),
        "pdh": (file: "gncn-pdh.ron", weights: Train(data: "mnist", epochs: 1, seeds: [5])),
    },
    data: (name: "mnist", images: 1000),
    axes: {
        "settling.schedule": [Synchronous, Free, VirtualTime(delay: Fixed(4))],
        "layers.z2.beta": [0.1, 0.03],
        "data.images": [100, 1000],
        "seed": [3],
    },
    repeat: 5,
    baseline: {"settling.schedule": Synchronous},
    measures: [FreeEnergy, Bce, Work, Rest(within: 0.01), Distance, Ages, Oscillation(layer: "z1")],
    quick: (images: 50, seeds: 1, epochs: 1, limit: 2000),
)
"#;

fn parse(text: &str) -> Study {
    Study::parse(text.as_bytes(), &folder()).unwrap_or_else(|error| panic!("{error}"))
}

/// What is said of the study with a part of it replaced.
fn mistakes(from: &str, to: &str) -> String {
    assert!(STUDY.contains(from), "{from}");
    let text = STUDY.replace(from, to);
    Study::parse(text.as_bytes(), &folder()).expect_err("a mistake").to_string()
}

#[test]
fn a_grid_is_every_value_with_every_other() {
    let study = parse(STUDY);
    let points: Vec<GridPoint> = study.points().collect();
    assert_eq!((points.len(), study.len()), (24, 24));
    assert_eq!(points.iter().collect::<std::collections::BTreeSet<_>>().len(), 24);
    assert_eq!(points[0], GridPoint { circuit: 0, values: vec![0, 0, 0, 0] });
    assert_eq!(points[17], GridPoint { circuit: 1, values: vec![1, 0, 1, 0] });
    assert_eq!(
        study.words(&points[1]),
        "settling.schedule: Synchronous, layers.z2.beta: 0.1, data.images: 1000, seed: 3"
    );
    assert_eq!((study.data(&points[0]).images, study.data(&points[1]).images, study.seed(&points[0])), (100, 1000, 3));
    let baseline = study.baseline_of(&points[17]).expect("there is one");
    assert_eq!(baseline, GridPoint { circuit: 1, values: vec![0, 0, 1, 0] });
    assert!(points.contains(&baseline));
}

#[test]
fn a_point_has_the_circuit_of_its_values_and_nothing_else_changed() {
    let study = parse(STUDY);
    for point in study.points() {
        let circuit = study.circuit(&point).expect("sound");
        let z2 = circuit.find("z2").expect("a layer");
        assert_eq!(circuit.layer(z2).beta().get(), [0.1, 0.03][point.values[1]]);
        assert_eq!(circuit.settling().schedule.name(), ["Synchronous", "Free", "VirtualTime"][point.values[0]]);
        assert_eq!(study.repeats(&circuit), if point.values[0] == 1 { 5 } else { 1 });
        let own = &study.circuits[point.circuit].circuit;
        assert_eq!(circuit.learning(), own.learning());
        assert_eq!(circuit.settling().stopping, own.settling().stopping);
        let others = |circuit: &Circuit| {
            circuit.layers().filter(|(id, _)| *id != z2).map(|(_, l)| l.clone()).collect::<Vec<_>>()
        };
        assert_eq!((others(&circuit), circuit.projections()), (others(own), own.projections()));
    }
}

#[test]
fn fields_of_any_kind_are_axes() {
    let text = STUDY.replace(
        "\"seed\": [3],",
        "\"settling.steps\": [70], \"layers.*.leak\": [0.25], \"settling.messages\": [Events(threshold: 0.1)], \
         \"projections[1].feedback\": [Silent], \"learning.batch\": [20], \"settling.schedule.seed\": [9],",
    );
    let text = text.replace("[Synchronous, Free, VirtualTime(delay: Fixed(4))]", "[VirtualTime(delay: Fixed(4))]");
    let text = text.replace("{\"settling.schedule\": Synchronous}", "{}");
    let study = parse(&text);
    let point = study.points().next().expect("a point");
    let circuit = study.circuit(&point).expect("sound");
    assert_eq!((circuit.settling().stopping, circuit.learning().batch), (Stopping::Steps(70), 20));
    assert!(circuit.layers().all(|(_, layer)| layer.leak().get() == 0.25));
    let Schedule::VirtualTime(time) = &circuit.settling().schedule else { panic!("{:?}", circuit.settling().schedule) };
    assert_eq!(time.seed, 9);
    assert_eq!(study.baseline_of(&point), None);
}

#[test]
fn a_first_look_is_smaller() {
    let study = parse(STUDY).quickly();
    assert_eq!((study.data.images, study.limit), (50, Some(2000)));
    for circuit in &study.circuits {
        let WeightsFrom::Train { epochs, seeds, .. } = &circuit.weights else { panic!("trained") };
        assert_eq!((*epochs, seeds.len()), (1, 1));
    }
    assert_eq!(study.len(), 24);
}

#[test]
fn mistakes_have_places_and_say_what_to_do() {
    let all = |from: &str, to: &str, parts: &[&str]| {
        let said = mistakes(from, to);
        for part in parts {
            assert!(said.contains(part), "{part} isn't in:\n{said}");
        }
    };
    all("layers.z2.beta", "layers.z2.bta", &["12:27: ", "axes.layers.z2.bta[0]", "`bta`", "did you mean `beta`?"]);
    all("layers.z2.beta", "layers.z9.beta", &["circuit \"rao\" has no `z9` there, but z0, z1, z2, z3"]);
    all("layers.z2.beta", "layer.z2.beta", &["did you mean `layers`?"]);
    all("layers.z2.beta", "layers..beta", &["is no path of a field"]);
    all("[0.1, 0.03]", "[0.1, 3.0]", &["axes.layers.z2.beta[1]", "above 0 and at most 1"]);
    all("[0.1, 0.03]", "[]", &["has no values, so the grid is empty"]);
    all("[0.1, 0.03]", "[0.1, 0.1]", &["0.1 once more"]);
    all("data.images\": [100, 1000]", "data.image\": [100]", &["`data.name` and `data.images`"]);
    all("[100, 1000]", "[0, 1.5]", &["is 0, but must be at least 1", "expected a whole number"]);
    all("\"seed\": [3]", "\"settling.schedul\": [Free]", &["did you mean `schedule`?"]);
    all("gncn-t1-rao.ron", "gncn-t1-roa.ron", &["circuits.rao.file", "cannot be read"]);
    all("data: \"mnist\", epochs: 2", "data: \"mnits\", epochs: 0", &["did you mean `mnist`?", "must be at least 1"]);
    all("seeds: [0, 1, 2]", "seeds: [0, 1, 1]", &["seeds[2]", "once more"]);
    all("seeds: [0, 1, 2]", "seeds: []", &["trained once from each seed"]);
    all("Synchronous},", "Free(fire: OnAll)},", &["which is no value of the axis"]);
    all("baseline: {\"settling.schedule\"", "baseline: {\"settling.schedul\"", &["did you mean `settling.schedule`?"]);
    all("layer: \"z1\"", "layer: \"z7\"", &["no layer of circuit \"rao\" is called `z7`", "\"pdh\""]);
    let probed = "probes: [\"z1:0..20\", \"z9:0\", \"z1:0..721\", \"z1:x\"],\n    quick: (";
    all("quick: (", probed, &["probes[1]: circuit \"rao\": there is no population \"z9\"; there are z0, z1"]);
    all("quick: (", probed, &["probes[2]", "which has those from 0 to", "probes[3]", "names no neurons"]);
    all("within: 0.01", "within: 1.5", &["measures[3].within"]);
    all("repeat: 5", "repeat: 0", &["repeat: is 0"]);
    all("repeat: 5", "repat: 5", &["did you mean `repeat`?"]);
    all("limit: 2000", "limit: 0", &["quick.limit"]);
    all("name: \"late\"", "name: \"\"", &["is empty"]);
    let weights = "weights: Train(data: \"mnist\", epochs: 1, seeds: [5])";
    all(weights, "weights: Runs([])", &["names no run"]);
    let both = mistakes("repeat: 5", "repeat: 0").lines().count();
    assert_eq!(both, 1, "one mistake is one line");
}

#[test]
fn a_grid_of_a_million_points_is_refused() {
    let seeds = (0..50_000).map(|seed| seed.to_string()).collect::<Vec<_>>().join(", ");
    let said = mistakes("\"seed\": [3]", &format!("\"seed\": [{seeds}]"));
    assert!(said.contains("the grid has 1200000 points; at most 100000"), "{said}");
    assert!(said.contains("most are on seed"), "{said}");
}

#[test]
fn no_axes_are_no_grid() {
    let start = STUDY.find("    axes: {").expect("axes");
    let end = start + STUDY[start..].find("    repeat").expect("repeat");
    let text = format!("{}axes: {{}},\n{}", &STUDY[..start], &STUDY[end..]);
    let said = Study::parse(text.as_bytes(), &folder()).expect_err("no grid").to_string();
    assert!(said.contains("there is no grid"), "{said}");
}

/// Every study that gncn brings along.
fn shipped() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("circuits/studies");
    std::fs::read_dir(folder).expect("there are studies").map(|entry| entry.expect("readable").path()).collect()
}

#[test]
fn shipped_studies_lay_out_with_a_baseline_for_every_other_point() {
    let files = shipped();
    assert!(files.len() >= 5);
    for file in files {
        let study = Study::load(&file).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(Some(study.name.as_str()), file.file_stem().and_then(|name| name.to_str()));
        let plan = lay_out(&study.clone().quickly()).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let (bases, others): (Vec<_>, Vec<_>) = plan.points.iter().partition(|point| point.baseline.is_none());
        assert!(!bases.is_empty() && others.len() >= bases.len(), "{}", file.display());
        for point in others {
            let base = &plan.points[point.baseline.expect("there is one")];
            assert!(base.baseline.is_none() && base.weights == point.weights);
        }
        let whole = lay_out(&study).expect("sound");
        let circuits = study.circuits.len();
        assert_eq!((whole.weights.len(), plan.weights.len()), (3 * circuits, circuits), "quick has one seed");
    }
}

#[test]
fn files_to_start_from_are_sound() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: String| std::fs::write(folder.path().join(name), text).expect("written");
    write("mine-circuit.ron", gncn::view::starters::circuit("mine-circuit"));
    write("mine.ron", gncn::view::starters::study("mine", "mine-circuit.ron"));
    let study = Study::load(folder.path().join("mine.ron")).unwrap_or_else(|error| panic!("{error}"));
    let plan = lay_out(&study).expect("sound");
    // Two schedules once, one that promises no bits three times, with weights of three seeds each.
    assert_eq!((plan.weights.len(), plan.points.len()), (3, 3 * (1 + 1 + 3)));
    assert_eq!(plan.points.iter().filter(|point| point.repeat == 2).count(), 3);
}
