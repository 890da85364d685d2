//! Running a study: the same rows however often it was interrupted, rows that agree with what the settler says, and folders
//! of something else that are left alone.

use gncn::Blamed;
use gncn::study::findings;
use gncn::study::run::{
    Machine, Phase, PlannedPoint, PlannedWeights, StudyEvent, StudyMeasure, StudyPlan, StudyRun, StudyRunError,
    WeightsRecipe, answer, paired,
};
use gncn::{Circuit, Learning, Measure, Network, SettleOptions, Settler};
use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

const CIRCUIT: &str = r#"Circuit(
    name: "small",
    layers: {
        "z0": (size: 784, sense: "image", mean: Sigmoid, likelihood: Bernoulli),
        "z1": (size: 12, activation: Tanh, beta: 0.02),
        "z2": (size: 6, activation: Tanh, beta: 0.02),
    },
    projections: [(from: "z1", to: "z0", feedback: Transposed), (from: "z2", to: "z1", feedback: Transposed)],
    settling: (steps: 12, schedule: SCHEDULE),
    learning: (optimizer: Sgd(rate: 0.01), batch: 20, epochs: 1),
)"#;

const SCHEDULES: [&str; 3] =
    ["Synchronous", "VirtualTime(delay: Fixed(2))", "VirtualTime(delay: Uniform(0, 6), drop: 0.2, seed: 3)"];

fn circuit(schedule: &str) -> Arc<Circuit> {
    let text = CIRCUIT.replace("SCHEDULE", schedule);
    Arc::new(Circuit::parse(text.as_bytes()).expect("a sound circuit"))
}

/// Three schedules with weights of two seeds, compared with lock-step.
fn plan() -> StudyPlan {
    let base = circuit(SCHEDULES[0]);
    let learned =
        Arc::new(Circuit::clone(&base).with_learning(Learning { epochs: 1, ..base.learning() }).expect("sound"));
    let weights = |seed: u64| PlannedWeights {
        circuit: "small".to_owned(),
        name: seed.to_string(),
        seed,
        recipe: WeightsRecipe::Train {
            circuit: Arc::clone(&learned),
            data: "digits".to_owned(),
            seed,
            limit: Some(60),
        },
    };
    let point = |(schedule, weights): (usize, usize)| PlannedPoint {
        weights,
        circuit: circuit(SCHEDULES[schedule]),
        values: vec![SCHEDULES[schedule].to_owned()],
        data: "digits".to_owned(),
        images: 30,
        seed: 0,
        repeat: 0,
        baseline: (schedule > 0).then_some(weights),
    };
    StudyPlan {
        name: "late".to_owned(),
        question: "What does lateness do?".to_owned(),
        axes: vec!["settling.schedule".to_owned()],
        weights: vec![weights(0), weights(1)],
        points: (0..3).flat_map(|schedule| (0..2).map(move |weights| (schedule, weights))).map(point).collect(),
        measures: vec![
            StudyMeasure::FreeEnergy,
            StudyMeasure::Bce,
            StudyMeasure::Work,
            StudyMeasure::Rest { within: 0.01 },
            StudyMeasure::Distance,
            StudyMeasure::Ages,
            StudyMeasure::Rises,
        ],
        probes: Vec::new(),
    }
}

fn open<'a>(plan: &'a StudyPlan, folder: &Path) -> Result<StudyRun<'a>, StudyRunError> {
    StudyRun::open(plan, folder, Machine { command: vec!["gncn".to_owned()], cpu: Vec::new(), threads: 1 })
}

fn all(plan: &StudyPlan) -> Vec<usize> {
    (0..plan.points.len()).collect()
}

/// The table of points without what differs from run to run.
fn timeless(run: &StudyRun<'_>) -> Vec<String> {
    let mut out = Vec::new();
    for (_, mut table) in run.tables() {
        table.columns.retain(|column| !column.name.contains("seconds") && column.name != "load");
        out.push(table.to_csv());
    }
    out
}

#[test]
fn a_study_that_is_stopped_and_torn_has_the_same_rows() {
    let (plan, whole, broken) =
        (plan(), tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let mut run = open(&plan, whole.path()).expect("a new folder");
    let estimate = run.estimate(&all(&plan)).expect("an estimate");
    assert!((estimate.points, estimate.trainings) == (6, 2) && estimate.seconds > 0.0, "{estimate:?}");
    run.run(&all(&plan), &mut |_| ControlFlow::Continue(())).expect("it runs");
    let expected = timeless(&run);
    assert_eq!(expected[0].lines().count(), 1 + 6);
    assert_eq!(expected[1].lines().count(), 1 + 6 * 30);
    assert_eq!(expected[2].lines().count(), 1 + 6 * 13);

    // Stopped after every point, and each time the journal loses some bytes as if the process had died while it wrote.
    let mut last = None;
    for round in 0..20 {
        let mut run = open(&plan, broken.path()).expect("the same study");
        let stopped = run.run(&all(&plan), &mut |event| match event {
            StudyEvent::Point { .. } => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        });
        let done = run.records().len();
        last = Some(timeless(&run));
        drop(run);
        if stopped.is_ok() {
            assert_eq!(done, 6);
            break;
        }
        let journal = broken.path().join("points.jsonl");
        let bytes = std::fs::read(&journal).expect("a journal");
        if round % 3 == 1 {
            std::fs::write(&journal, &bytes[..bytes.len() - 10]).expect("torn");
        }
    }
    assert_eq!(last, Some(expected));
}

#[test]
fn rows_agree_with_the_settler() {
    let (mut plan, folder) = (plan(), tempfile::tempdir().expect("a folder"));
    let drawn = Network::new(circuit(SCHEDULES[0]), 5).tensors();
    let file = folder.path().join("drawn.safetensors");
    gncn::save_weights(&file, &drawn).expect("written");
    plan.weights.iter_mut().for_each(|weights| weights.recipe = WeightsRecipe::File(file.clone()));
    let study = folder.path().join("study");
    let mut run = open(&plan, &study).expect("a new folder");
    run.run(&[0, 2], &mut |_| ControlFlow::Continue(())).expect("it runs");
    assert_eq!(run.records().keys().copied().collect::<Vec<_>>(), [0, 2]);

    let data = gncn::data::load(&gncn::data::Source::parse(Some("digits"))).expect("digits");
    for at in [0, 2] {
        let circuit = &plan.points[at].circuit;
        let mut network = Network::with_weights(Arc::clone(circuit), &drawn).expect("they fit");
        let rows: Vec<usize> = (0..30).collect();
        let episode =
            gncn::evaluation::episode(circuit, data.test_or_train(), &rows, gncn::evaluation::Show::ImagesOnly);
        let options = SettleOptions { measure: Measure::EveryStep, ..SettleOptions::measuring(0) };
        let mut settler = Settler::new();
        let episode = episode.expect("it fits");
        let settled = settler.settle(&mut network, &episode, circuit.settling(), options).expect("it settles");
        let total: f64 = settled.energies.sums.last().expect("the readout").iter().sum();
        let record = &run.records()[&at];
        let each: f64 = record.images["free_energy"].iter().flatten().sum();
        assert!((each - total).abs() < 1e-9 * total.abs(), "{each} and {total}");
        assert!((record.measure("free_energy").expect("measured") - total / 30.0).abs() < 1e-9 * total.abs());
        let curve = record.curve();
        assert_eq!(curve.len(), settled.energies.sums.len());
        assert!((curve[12] - total / 30.0).abs() < 1e-9 * total.abs());
        let operations = settled.account.operations() as f64 / 30.0;
        assert_eq!(record.measure("operations"), Some(operations));
        assert_eq!(record.ages.len(), settled.account.links.len());
        assert_eq!(record.ages[0].staleness, settled.account.links[0].staleness);
        assert_ne!(record.phase, Phase::Diverges);
    }
}

#[test]
fn pairs_are_of_one_image_and_one_seed() {
    let (plan, folder) = (plan(), tempfile::tempdir().expect("a folder"));
    let mut run = open(&plan, folder.path()).expect("a new folder");
    run.run(&all(&plan), &mut |_| ControlFlow::Continue(())).expect("it runs");
    run.write_tables(true).expect("tables");
    let pairs = paired(&plan, run.records());
    let energies: Vec<_> = pairs.iter().filter(|pairs| pairs.measure == "free_energy").collect();
    assert_eq!(energies.len(), 2, "two points have a baseline");
    assert!(!energies[0].shares_noise && energies[1].shares_noise, "fixed delays draw nothing");
    for found in energies {
        assert_eq!((found.pairs.len(), found.left_out), (60, 0));
        for pair in &found.pairs {
            let base = &run.records()[&(pair.seed as usize)].images["free_energy"];
            assert_eq!(Some(pair.baseline), base[pair.image]);
        }
        assert_eq!(found.baseline, "schedule: Synchronous");
    }
    let report = answer(&plan, run.records(), (Vec::new(), vec!["gncn study late.ron -o late".to_owned()]), Vec::new());
    assert_eq!((report.summary.rows.len(), report.listing.rows.len()), (3, 6));
    let html = report.to_html();
    assert!(html.contains("Free energy while settling") && html.contains("id=\"row-6\""));
    let csv = std::fs::read_to_string(folder.path().join("points.csv")).expect("points");
    assert!(csv.starts_with("point,circuit,weights,repeat,settling.schedule,data,images,phase,"), "{csv}");
    for name in ["images.csv", "series.csv", "points.parquet", "images.parquet", "series.parquet", "study.json"] {
        assert!(folder.path().join(name).exists(), "{name}");
    }
}

/// The cautions of a report on all points.
fn cautions(plan: &StudyPlan, run: &StudyRun<'_>) -> String {
    let found = findings(plan, run.records());
    answer(plan, run.records(), (Vec::new(), Vec::new()), found).cautions.join("\n")
}

#[test]
fn a_report_says_what_its_units_are() {
    let (plan, folder) = (plan(), tempfile::tempdir().expect("a folder"));
    let mut run = open(&plan, folder.path()).expect("a new folder");
    run.run(&all(&plan), &mut |_| ControlFlow::Continue(())).expect("it runs");
    let found = findings(&plan, run.records());
    let units = |drawn: bool| {
        let of_points = found.iter().filter(|finding| finding.point.contains("Uniform") == drawn);
        of_points.map(|finding| finding.units.as_str()).collect::<HashSet<_>>()
    };
    assert_eq!((units(false), units(true)), (HashSet::from(["trained weights"]), HashSet::from(["presentations"])));
    let told = cautions(&plan, &run);
    assert!(told.contains("the unit is the presentation, here of up to 10 images"), "{told}");
    let mut fixed = plan.clone();
    fixed.points.truncate(4);
    let elsewhere = tempfile::tempdir().expect("a folder");
    let mut run = open(&fixed, elsewhere.path()).expect("a new folder");
    run.run(&all(&fixed), &mut |_| ControlFlow::Continue(())).expect("it runs");
    assert!(!cautions(&fixed, &run).contains("presentation"), "{}", cautions(&fixed, &run));
}

#[test]
fn a_report_says_where_repeats_show_no_spread() {
    let mut plan = plan();
    let free = circuit("Free(fire: OnAnswer), executor: Tasks");
    let point = |repeat| PlannedPoint { circuit: Arc::clone(&free), repeat, ..plan.points[0].clone() };
    plan.points = (0..2).map(point).collect();
    let told = |threads: usize| {
        let folder = tempfile::tempdir().expect("a folder");
        let mut run = open(&plan, folder.path()).expect("a new folder");
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        pool.install(|| run.run(&all(&plan), &mut |_| ControlFlow::Continue(()))).expect("it runs");
        let [first, second] = [0, 1].map(|at| run.records()[&at].curves.clone());
        (first == second, cautions(&plan, &run))
    };
    let (alike, told_of_one) = told(1);
    assert!(alike && told_of_one.contains("give --threads 2 or more"), "{told_of_one}");
    // Two workers may take the same turns by chance; the report says so exactly where they did.
    let (alike, told_of_two) = told(2);
    assert_eq!(alike, told_of_two.contains("the same run to the bit"), "{told_of_two}");
}

#[test]
fn what_diverges_is_kept_without_figures() {
    let (mut plan, folder) = (plan(), tempfile::tempdir().expect("a folder"));
    let mut loud = Network::new(circuit(SCHEDULES[0]), 5).tensors();
    for tensor in loud.values_mut() {
        tensor.as_mut_slice().iter_mut().for_each(|weight| *weight *= 1e30);
    }
    let file = folder.path().join("loud.safetensors");
    gncn::save_weights(&file, &loud).expect("written");
    plan.weights.iter_mut().for_each(|weights| weights.recipe = WeightsRecipe::File(file.clone()));
    let mut run = open(&plan, &folder.path().join("study")).expect("a new folder");
    run.run(&[1], &mut |_| ControlFlow::Continue(())).expect("a point that diverges is a result");
    let record = &run.records()[&1];
    assert_eq!(record.phase, Phase::Diverges);
    assert!(record.failure.as_deref().is_some_and(|text| text.contains("no longer finite")), "{record:?}");
    assert_eq!(record.measure("free_energy"), None);
    assert_eq!(record.presentations.len(), 30);
}

#[test]
fn folders_of_something_else_are_left_alone() {
    let (plan, folder) = (plan(), tempfile::tempdir().expect("a folder"));
    let run = open(&plan, folder.path()).expect("a new folder");
    let busy = open(&plan, folder.path()).expect_err("one writer");
    assert!(busy.to_string().contains("another gncn is running this study"), "{busy}");
    drop(run);
    let mut other = plan.clone();
    other.points.truncate(4);
    let refused = open(&other, folder.path()).expect_err("another plan");
    assert!(refused.is_request() && refused.to_string().contains("-o another folder"), "{refused}");
    let full = tempfile::tempdir().expect("a folder");
    std::fs::write(full.path().join("thesis.tex"), "").expect("written");
    let refused = open(&plan, full.path()).expect_err("somebody's work");
    assert!(refused.to_string().contains("no folder of a study"), "{refused}");
    let mut greedy = plan.clone();
    greedy.points[0].images = 1_000_000;
    let elsewhere = tempfile::tempdir().expect("a folder");
    let mut run = open(&greedy, elsewhere.path()).expect("a new folder");
    let refused = run.run(&[0], &mut |_| ControlFlow::Continue(())).expect_err("too many images");
    assert!(refused.to_string().contains("lower data.images"), "{refused}");
}

#[test]
fn points_are_chosen_by_their_words() {
    let plan = plan();
    assert_eq!(plan.chosen(&["settling.schedule: Synchronous".to_owned()]), [0, 1]);
    assert_eq!(plan.chosen(&["drop".to_owned(), "weights: 1".to_owned()]), [5]);
    assert!(plan.chosen(&["nowhere".to_owned()]).is_empty());
}
