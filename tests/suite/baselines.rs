//! The compared models: they learn, they resume to the same bits, and they are measured as circuits are.

use gncn::Blamed;
use gncn::baseline::{ComparedKind, Comparison, ComparisonSpec, FigureOptions, MODEL, Spec, figures};
use gncn::checkpoint::{Run, RunInfo};
use gncn::data::{Dataset, Source, load};
use gncn::evaluation::PriorOptions;
use gncn::evaluation::mixture::MixtureOptions;
use gncn::training::{Ended, Event, Flow};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// 300 digits to learn from, 33 held out.
fn digits() -> Dataset {
    load(&Source::Digits { seed: 1, train: 333, test: 100 }).expect("digits are always there")
}

/// Small, and learned in a moment.
fn spec(kind: ComparedKind) -> ComparisonSpec {
    let model = Spec { batch: 50, rate: 0.003, latent: 8, ..Spec::new(kind, 784, 10, 60_000) };
    ComparisonSpec { model, seed: 2, epochs: 3, limit: Some(250), checkpoint_every: Some(2) }
}

fn create(folder: &Path, data: &Dataset, spec: &ComparisonSpec) -> Run {
    let info = RunInfo {
        data: serde_json::to_value(data.describe()).expect("JSON"),
        schedule: "none".to_owned(),
        limit: spec.limit,
        ..RunInfo::begun(Vec::new(), spec.seed)
    };
    Run::create_as(folder, (MODEL, &spec.model.text()), info, false).expect("a run folder")
}

fn stop_after(batches: usize) -> impl FnMut(&Event<'_>) -> Flow {
    let mut seen = 0;
    move |event| {
        seen += usize::from(matches!(event, Event::Batch { .. }));
        if matches!(event, Event::Batch { .. }) && seen == batches { Flow::Stop } else { Flow::GoOn }
    }
}

fn weights(run: &Path) -> Vec<u8> {
    fs::read(run.join("weights.safetensors")).expect("a finished run has weights")
}

#[test]
fn every_model_learns() {
    let (data, folder) = (digits(), TempDir::new().expect("a folder"));
    for kind in ComparedKind::ALL.into_iter().filter(|kind| *kind != ComparedKind::Gmm) {
        let spec = ComparisonSpec { epochs: 10, ..spec(kind) };
        let mut run = create(&folder.path().join(kind.name()), &data, &spec);
        let mut comparison = Comparison::start(&mut run, &data, spec).expect("it starts");
        let before = comparison.test().expect("measures").expect("test images");
        assert_eq!(comparison.run(&mut |_| Flow::GoOn).expect("it trains"), Ended::Finished);
        let after = comparison.test().expect("measures").expect("test images");
        if kind == ComparedKind::Dsrn {
            assert!(after.accuracy > before.accuracy && after.accuracy > Some(0.3), "{before:?} {after:?}");
        } else {
            let (before, after) = (before.bce.expect("a figure"), after.bce.expect("a figure"));
            assert!(after < 0.7 * before, "{kind:?}: {before} {after}");
        }
    }
}

#[test]
fn a_run_that_is_stopped_anywhere_equals_the_whole() {
    let (data, folder) = (digits(), TempDir::new().expect("a folder"));
    // The one with noise, three optimisers and three networks.
    let spec = spec(ComparedKind::GanAe);
    let mut run = create(&folder.path().join("whole"), &data, &spec);
    Comparison::start(&mut run, &data, spec.clone()).and_then(|mut c| c.run(&mut |_| Flow::GoOn)).expect("it trains");
    let go_on_after = |name: &str, stop: &mut dyn FnMut(&Event<'_>) -> Flow| {
        let path = folder.path().join(name);
        let mut run = create(&path, &data, &spec);
        let mut comparison = Comparison::start(&mut run, &data, spec.clone()).expect("it starts");
        assert_eq!(comparison.run(stop).expect("it trains"), Ended::Stopped, "{name}");
        drop(run);
        let mut run = Run::open(&path).expect("a run");
        let resumed = Comparison::resume(&mut run, &data, spec.clone());
        resumed.and_then(|mut c| c.run(&mut |_| Flow::GoOn)).expect("it goes on");
        assert!(weights(&path) == weights(&folder.path().join("whole")), "{name}");
        let metrics = fs::read_to_string(path.join("metrics.jsonl")).expect("metrics");
        assert_eq!(metrics.lines().count(), spec.epochs, "{name}: one line for each epoch");
    };
    for batches in [1, 4, 5, 12] {
        go_on_after(&format!("stopped after {batches} batches"), &mut stop_after(batches));
    }
    // After the last epoch test images are measured, too: a stop is heard before them.
    go_on_after("stopped while it was measured", &mut |event| match event {
        Event::Measured { done, of, .. } if done < of => Flow::Stop,
        _ => Flow::GoOn,
    });
}

#[test]
fn a_run_of_something_else_is_refused() {
    let (data, folder) = (digits(), TempDir::new().expect("a folder"));
    let (path, good) = (folder.path().join("mine"), spec(ComparedKind::Rae));
    let mut run = create(&path, &data, &good);
    Comparison::start(&mut run, &data, good.clone()).and_then(|mut c| c.run(&mut stop_after(2))).expect("it trains");
    let mut refused = |spec: ComparisonSpec, told: &str| {
        let error = Comparison::resume(&mut run, &data, spec).expect_err(told);
        assert!(error.is_request() && error.to_string().contains(told), "{error}");
    };
    refused(ComparisonSpec { seed: 3, ..good.clone() }, "seed 2, not 3");
    refused(ComparisonSpec { limit: None, ..good.clone() }, "--limit 250, not all training images");
    refused(ComparisonSpec { model: Spec { batch: 40, ..good.model.clone() }, ..good.clone() }, "\"batch\": 50");
    refused(ComparisonSpec { model: Spec { model: ComparedKind::Gvae, ..good.model.clone() }, ..good }, "rae");
}

#[test]
fn figures_are_those_of_circuits() {
    let (data, folder) = (digits(), TempDir::new().expect("a folder"));
    let spec = spec(ComparedKind::Gvae);
    let mut run = create(&folder.path().join("run"), &data, &spec);
    let mut comparison = Comparison::start(&mut run, &data, spec).expect("it starts");
    comparison.run(&mut |_| Flow::GoOn).expect("it trains");
    let mixture = MixtureOptions { components: 3, ..MixtureOptions::default() };
    let options = FigureOptions { prior: PriorOptions { images: 200, mixture }, draws: 100, seed: 1, limit: None };
    let learned = comparison.split().train.clone();
    let taken = figures(&comparison.codes(), &data, &learned, &options, |_, _| {}).expect("figures");
    let found = taken.figures;
    let (log_px, published) = (found.log_px.expect("a figure"), found.log_px_as_published.expect("a figure"));
    assert!((published - log_px - 2.0 * 100_f64.ln()).abs() < 1e-9 && log_px < -50.0, "{found:?}");
    let measured = comparison.test().expect("measures").expect("test images");
    assert_eq!(found.bce, measured.bce);
    assert!(found.classification_error.is_some_and(|error| error < 0.85), "{found:?}");
    completions_keep_what_is_shown(&comparison, &data, found.mmse.expect("a figure"));
    let drawn = taken.drawn.expect("draws");
    assert_eq!((drawn.rows(), drawn.cols()), (100, 784));
    assert!(drawn.as_slice().iter().all(|p| (0.0..=1.0).contains(p)));
}

fn completions_keep_what_is_shown(comparison: &Comparison<'_>, data: &Dataset, mmse: f64) {
    let (images, rows) = (data.test_or_train(), (0..100).collect::<Vec<_>>());
    let completed = comparison.codes().complete(images, &rows).expect("completions");
    let errors = completed.squared_errors();
    assert!((mmse - errors.iter().sum::<f64>() / 100.0).abs() < 1e-9, "{mmse}");
    let mut pixels = 0;
    for i in 0..100 {
        let (truth, made, seen) = (completed.images.row(i), completed.settled.row(i), completed.observed.row(i));
        for pixel in 0..784 {
            assert_eq!(seen[pixel] == 1.0, pixel % 28 < 14, "the right half is hidden");
            if seen[pixel] == 1.0 {
                assert_eq!(made[pixel], truth[pixel]);
            } else {
                pixels += usize::from(made[pixel] > 0.0);
            }
        }
    }
    assert!(pixels > 100 * 300, "hidden pixels are filled: {pixels}");
    assert!(mmse < 392.0 * 0.25, "{mmse} is better than one half everywhere");
}
