//! What studies measure beside energies: swings, hidden halves, classes, and figures at equal work.

use gncn::Blamed;
use gncn::study::run::{Machine, PointRecord, StudyMeasure, StudyPlan, StudyRun, StudyRunError, WeightsRecipe, answer};
use gncn::study::{Study, lay_out};
use gncn::{Circuit, Network};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A study in a folder of its own, beside the circuit that it is of.
fn planned(folder: &Path, circuit: &str, axes: &str, measures: &str, images: usize) -> StudyPlan {
    std::fs::write(folder.join("circuit.ron"), circuit).expect("written");
    let text = format!(
        "Study(name: \"own\", circuits: {{\"own\": (file: \"circuit.ron\", weights: Train(data: \"digits\", epochs: 1, \
         seeds: [0]))}}, data: (name: \"digits\", images: {images}), axes: {{{axes}}}, measures: [{measures}])"
    );
    lay_out(&Study::parse(text.as_bytes(), folder).unwrap_or_else(|error| panic!("{error}"))).expect("sound")
}

/// Puts weights of the plan in place of a training.
fn with_weights(plan: &mut StudyPlan, folder: &Path, network: &Network) {
    let file = folder.join("own.safetensors");
    gncn::save_weights(&file, &network.tensors()).expect("written");
    plan.weights.iter_mut().for_each(|weights| weights.recipe = WeightsRecipe::File(file.clone()));
}

fn run(plan: &StudyPlan, folder: &Path) -> Result<Vec<PointRecord>, StudyRunError> {
    let machine = Machine { command: vec!["gncn".to_owned()], cpu: Vec::new(), threads: 1 };
    let mut run = StudyRun::open(plan, &folder.join("study"), machine)?;
    let all: Vec<usize> = (0..plan.points.len()).collect();
    run.run(&all, &mut |_| ControlFlow::Continue(()))?;
    run.write_tables(true)?;
    Ok(run.records().values().cloned().collect())
}

/// The slowest mode of `x(n + 1) = x(n) - r x(n - late)` that swings: cycles a firing, and its factor for half a cycle.
fn slowest_swing(r: f64, late: i32) -> (f64, f64) {
    // z = exp(s): Newton on exp(s) - 1 + r exp(-late s), begun at the swing that neither grows nor decays.
    let (mut re, mut im) = (0.0_f64, std::f64::consts::PI / (2.0 * f64::from(late) + 1.0));
    for _ in 0..200 {
        let exp = |k: f64| ((k * re).exp() * (k * im).cos(), (k * re).exp() * (k * im).sin());
        let ((a, b), (c, d)) = (exp(1.0), exp(-f64::from(late)));
        let (value, slope) = ((a - 1.0 + r * c, b + r * d), (a - r * f64::from(late) * c, b - r * f64::from(late) * d));
        let size = slope.0 * slope.0 + slope.1 * slope.1;
        re -= (value.0 * slope.0 + value.1 * slope.1) / size;
        im -= (value.1 * slope.0 - value.0 * slope.1) / size;
    }
    (im / std::f64::consts::TAU, (re * std::f64::consts::PI / im).exp())
}

#[test]
fn two_levels_swing_at_ten_hertz() {
    let study = Study::load(repository("circuits/studies/oscillations.ron")).unwrap_or_else(|error| panic!("{error}"));
    let mut plan = lay_out(&study.quickly()).expect("sound");
    plan.points.iter_mut().for_each(|point| point.images = 3);
    let folder = tempfile::tempdir().expect("a folder");
    let mut tensors = Network::new(Arc::clone(&plan.points[0].circuit), 0).tensors();
    for tensor in tensors.values_mut() {
        let norm = tensor.as_slice().iter().map(|w| w * w).sum::<f32>().sqrt();
        tensor.as_mut_slice().iter_mut().for_each(|w| *w /= norm);
    }
    let network = Network::with_weights(Arc::clone(&plan.points[0].circuit), &tensors).expect("they fit");
    with_weights(&mut plan, folder.path(), &network);
    let records = run(&plan, folder.path()).unwrap_or_else(|error| panic!("{error}"));
    for record in &records {
        let delay = &plan.points[record.point].values[0];
        let each: i32 = delay.trim_matches(|c: char| !c.is_ascii_digit()).parse().expect("Fixed(n)");
        // The answer to a firing is used 2 n firings later, by the update after the one that it was made in.
        let (cycles, decay) = slowest_swing(1.0 / 17.0, 2 * each - 1);
        let found = record.measure("oscillation_frequency").unwrap_or_else(|| panic!("{delay} doesn't swing"));
        assert!((found / (1000.0 * cycles) - 1.0).abs() < 0.02, "{delay}: {found} and {}", 1000.0 * cycles);
        let damping = record.measure("oscillation_decay").expect("told with the frequency");
        assert!((damping - decay).abs() < 0.03, "{delay}: {damping} and {decay}");
        if each == 12 {
            assert!((9.5..10.5).contains(&found) && damping < 1.0, "about 10 Hz, damped: {found} Hz, {damping}");
        }
    }
    let report =
        answer(&plan, &records.iter().cloned().map(|r| (r.point, r)).collect(), Default::default(), Vec::new());
    let html = report.to_html();
    assert!(html.contains("Oscillation over schedule.delay") && html.contains("Hz where a tick is a millisecond"));
}

const SMALL: &str = r#"Circuit(
    name: "small",
    layers: {
        "z0": (size: 784, sense: "image", mean: Sigmoid, likelihood: Bernoulli),
        "z1": (size: 12, activation: Tanh, beta: 0.02),
    },
    projections: [(from: "z1", to: "z0", feedback: Transposed)],
    settling: (steps: 20, schedule: Synchronous),
    learning: (optimizer: Sgd(rate: 0.01), batch: 20, epochs: 1),
)"#;

#[test]
fn work_of_events_is_that_of_shorter_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let axes = "\"settling.messages\": [Dense, Events(threshold: 0.02)], \"settling.steps\": [7, 16, 20]";
    let mut plan = planned(folder.path(), SMALL, axes, "FreeEnergy, Bce, Work, Rest(within: 0.05)", 20);
    let network = Network::new(Arc::new(Circuit::parse(SMALL.as_bytes()).expect("sound")), 3);
    with_weights(&mut plan, folder.path(), &network);
    let records = run(&plan, folder.path()).unwrap_or_else(|error| panic!("{error}"));
    for (messages, points) in records.chunks(3).enumerate() {
        let all = |at: usize, name: &str| points[at].measure(name).unwrap_or_else(|| panic!("{name}"));
        for name in ["operations", "messages"] {
            let spent = &points[2].spent[name];
            assert_eq!(spent.len(), 21);
            assert!(spent.windows(2).all(|pair| pair[0] <= pair[1]) && spent[0] == 0.0, "{spent:?}");
            assert!((spent[20] - all(2, name)).abs() <= 1e-9 * spent[20]);
            // 16 updates are an anchor of the longer run: exactly what the shorter one came to.
            assert!((spent[16] - all(1, name)).abs() <= 1e-9 * spent[16], "{name}, {messages}");
        }
        let (by_seven, of_seven) = (points[2].spent["operations"][7], all(0, "operations"));
        assert!(messages == 1 || (by_seven - of_seven).abs() <= 1e-9 * of_seven, "{by_seven} and {of_seven}");
        // Between two shorter runs, work under events is drawn as a line.
        assert!(messages == 0 || (by_seven - of_seven).abs() <= 0.15 * of_seven, "{by_seven} and {of_seven}");
    }
    let csv = std::fs::read_to_string(folder.path().join("study/points.csv")).expect("written");
    let names: Vec<&str> = csv.lines().next().expect("a header").split(',').collect();
    let at = |name: &str| names.iter().position(|n| *n == name).unwrap_or_else(|| panic!("{name} in {names:?}"));
    let cheapest = records.iter().filter_map(|r| r.measure("operations")).fold(f64::INFINITY, f64::min);
    for (line, record) in csv.lines().skip(1).zip(&records) {
        // Values of axes that hold commas are quoted, and come before the figures that are read from the end.
        let cells: Vec<&str> = line.rsplitn(names.len() - at("free_energy") + 1, ',').collect();
        let cell = |name: &str| cells[names.len() - 1 - at(name)].parse::<f64>().expect("a number");
        let (curve, spent) = (record.curve(), &record.spent["operations"]);
        let above = spent.iter().position(|sum| *sum >= cheapest).expect("it spent as much");
        let found = cell("free_energy_at_equal_operations");
        let (low, high) = (curve[above].min(curve[above - 1]), curve[above].max(curve[above - 1]));
        assert!(low - 1e-9 <= found && found <= high + 1e-9, "{found} within {low} and {high}");
        assert!(cell("bce_at_equal_operations") > 0.0 && cell("free_energy_at_equal_messages") > 0.0);
    }
}

#[test]
fn halves_and_classes_are_measured_image_by_image() {
    let folder = tempfile::tempdir().expect("a folder");
    let axes = "\"settling.steps\": [30]";
    let mut plan = planned(folder.path(), SMALL, axes, "MaskedMse, ClassificationError, Monotone", 40);
    let circuit = Arc::new(Circuit::parse(SMALL.as_bytes()).expect("sound"));
    with_weights(&mut plan, folder.path(), &Network::new(Arc::clone(&circuit), 3));
    let records = run(&plan, folder.path()).unwrap_or_else(|error| panic!("{error}"));
    let record = &records[0];
    let data = gncn::data::load(&gncn::data::Source::parse(Some("digits"))).expect("digits");
    let mut network = Network::new(Arc::clone(&circuit), 3);
    let rows: Vec<usize> = (0..40).collect();
    let settling = plan.points[0].circuit.settling();
    let error = gncn::evaluation::masked_error(&mut network, data.test_or_train(), &rows, settling, |_| {});
    let error = error.expect("it completes");
    let found = record.measure("mmse").expect("measured");
    assert!((found / error - 1.0).abs() < 1e-12, "{found} and {error}");
    let wrong = record.measure("classification_error").expect("measured");
    assert!(wrong > 0.0 && wrong < 0.9, "better than chance, on 400 images: {wrong}");
    assert!(record.images["classification_error"].iter().flatten().all(|value| *value == 0.0 || *value == 1.0));
    assert_eq!((record.measure("monotone"), record.measure("rises")), (Some(1.0), Some(0.0)));
}

#[test]
fn classes_need_labels_and_one_top() {
    let folder = tempfile::tempdir().expect("a folder");
    let two = SMALL.replace(
        "\"z1\": (size: 12, activation: Tanh, beta: 0.02),",
        "\"z1\": (size: 12, activation: Tanh, beta: 0.02), \"z2\": (size: 4, activation: Tanh, beta: 0.02),",
    );
    let two = two.replace("],", ", (from: \"z2\", to: \"z0\", feedback: Transposed)],");
    let mut plan = planned(folder.path(), &two, "\"settling.steps\": [5]", "ClassificationError", 20);
    assert!(plan.measures.contains(&StudyMeasure::ClassificationError));
    let network = Network::new(Arc::clone(&plan.points[0].circuit), 3);
    with_weights(&mut plan, folder.path(), &network);
    let refused = run(&plan, folder.path()).expect_err("two tops");
    assert!(refused.is_request() && refused.to_string().contains("leave it out of `measures`"), "{refused}");
}
