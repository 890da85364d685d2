//! Measures against scikit-learn on the same arrays (`tests/measures/scikit-learn.json` says how it was made), against
//! closed forms, and against brute force.

use faer::Mat;
use gncn::evaluation::mixture::{Component, FitEnd, Mixture, MixtureError, MixtureOptions};
use gncn::evaluation::{Logistic, LogisticOptions};
use gncn::matrix::Matrix;
use gncn::rng;
use rand_distr::{Distribution, StandardNormal};
use serde_json::Value;

fn peers() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/measures/scikit-learn.json");
    serde_json::from_slice(&std::fs::read(path).expect("the golden file")).expect("JSON")
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|v| v.as_f64().expect("a number")).collect()
}

fn rows(value: &Value) -> Vec<Vec<f64>> {
    value.as_array().expect("rows").iter().map(numbers).collect()
}

fn matrix(value: &Value) -> Matrix {
    let rows = rows(value);
    Matrix::from_fn(rows.len(), rows[0].len(), |i, j| rows[i][j] as f32)
}

fn mixture(value: &Value) -> Mixture {
    let (weights, means) = (numbers(&value["weights"]), rows(&value["means"]));
    let covariances: Vec<_> = value["covariances"].as_array().expect("matrices").iter().map(rows).collect();
    let component = |k: usize| {
        let covariance = Mat::from_fn(means[k].len(), means[k].len(), |i, j| covariances[k][i][j]);
        Component::new(weights[k], means[k].clone(), covariance.as_ref()).expect("positive definite")
    };
    Mixture::new((0..weights.len()).map(component).collect()).expect("a mixture")
}

fn close(ours: &[f64], theirs: &[f64], tolerance: f64, what: &str) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    for (i, (a, b)) in ours.iter().zip(theirs).enumerate() {
        assert!((a - b).abs() < tolerance, "{what} {i}: {a} against {b}");
    }
}

// ------------------------------------------------------------------------------------------------------- mixtures

#[test]
fn a_mixture_climbs_as_that_of_scikit_learn() {
    let peers = &peers()["mixture"];
    let samples = matrix(&peers["samples"]);
    for steps in [1, 7] {
        let options = MixtureOptions {
            regularisation: peers["regularisation"].as_f64().expect("a number"),
            tolerance: 0.0,
            steps,
            ..MixtureOptions::default()
        };
        let (ours, fit) = mixture(&peers["start"]).refit(&samples, &options).expect("a fit");
        let theirs = &peers[format!("steps_{steps}")];
        assert_eq!(fit.log_likelihoods.len(), steps + 1);
        let score = [theirs["mean_log_density"].as_f64().expect("a number")];
        close(&fit.log_likelihoods[steps..], &score, 1e-9, "mean log density");
        close(&ours.log_density(&samples)[..8], &numbers(&theirs["log_density"]), 1e-8, "log density");
        let peer = mixture(theirs);
        for (ours, theirs) in ours.components().iter().zip(peer.components()) {
            close(&[ours.weight()], &[theirs.weight()], 1e-9, "weight");
            close(ours.mean(), theirs.mean(), 1e-8, "mean");
            let flat = |m: Mat<f64>| (0..16).map(|p| m[(p / 4, p % 4)]).collect::<Vec<_>>();
            close(&flat(ours.covariance()), &flat(theirs.covariance()), 1e-8, "covariance");
        }
    }
}

/// Three clouds in `size` dimensions, of which the last third hardly moves: what settled activities look like.
fn clouds(n: usize, size: usize) -> Matrix {
    let mut rng = rng::stream(5, "clouds");
    Matrix::from_fn(n, size, |i, j| {
        let noise: f32 = StandardNormal.sample(&mut rng);
        let spread = if j >= size * 2 / 3 { 1e-3 } else { 0.5 + (i % 3) as f32 };
        ((i % 3) * (j % 5)) as f32 + spread * noise
    })
}

#[test]
fn climbing_never_lowers_the_likelihood_and_ends() {
    for (components, regularisation) in [(1, 1e-6), (3, 1e-9), (8, 1e-6), (20, 1e-3)] {
        let options = MixtureOptions { components, regularisation, tolerance: 1e-6, steps: 200, seed: 2 };
        let (_, fit) = Mixture::fit(&clouds(300, 60), &options, |_, _| {}).expect("a fit");
        assert!(fit.log_likelihoods.windows(2).all(|pair| pair[1] >= pair[0]), "{fit:?}");
        assert_ne!(fit.end, FitEnd::Steps, "{fit:?}");
    }
    // Where the covariances are far from singular, it is the tolerance that ends the climb.
    let options = MixtureOptions { components: 3, regularisation: 1e-9, seed: 2, ..MixtureOptions::default() };
    let (mixture, fit) = Mixture::fit(&clouds(900, 12), &options, |_, _| {}).expect("a fit");
    assert_eq!(fit.end, FitEnd::Converged, "{fit:?}");
    let weights: Vec<_> = mixture.components().iter().map(Component::weight).collect();
    close(&weights, &[1.0 / 3.0; 3], 0.01, "weights of the clouds");
}

#[test]
fn bits_of_a_mixture_depend_on_the_seed_and_not_on_threads() {
    let samples = clouds(700, 50);
    let fit = |threads: usize, seed: u64| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        let options = MixtureOptions { components: 6, steps: 10, seed, ..MixtureOptions::default() };
        let (mixture, fit) = pool.install(|| Mixture::fit(&samples, &options, |_, _| {})).expect("a fit");
        (mixture.log_density(&samples), fit)
    };
    assert_eq!(fit(1, 4), fit(3, 4));
    assert_ne!(fit(1, 4), fit(1, 5));
}

#[test]
fn leaving_out_far_components_changes_no_density() {
    let samples = clouds(200, 60);
    let options = MixtureOptions { components: 5, ..MixtureOptions::default() };
    let (mixture, _) = Mixture::fit(&samples, &options, |_, _| {}).expect("a fit");
    let alone: Vec<Vec<f64>> = mixture
        .components()
        .iter()
        .map(|component| {
            let unit = Component::new(1.0, component.mean().to_vec(), component.covariance().as_ref());
            let one = Mixture::new(vec![unit.expect("positive definite")]).expect("a mixture");
            one.log_density(&samples).iter().map(|value| value + component.weight().ln()).collect()
        })
        .collect();
    let sum = |i: usize| gncn::evaluation::log_sum_exp(alone.iter().map(|values| values[i]));
    let slow: Vec<f64> = (0..samples.rows()).map(sum).collect();
    close(&mixture.log_density(&samples), &slow, 1e-5, "log density");
}

#[test]
fn draws_have_the_moments_of_their_mixture() {
    let mixture = mixture(&peers()["mixture"]["steps_7"]);
    let n = 40_000;
    let draws = mixture.draw(n, &mut rng::stream(1, "draws"));
    for j in 0..4 {
        let mean = draws.samples.as_slice().iter().skip(j).step_by(4).map(|v| f64::from(*v)).sum::<f64>() / n as f64;
        let expected: f64 = mixture.components().iter().map(|c| c.weight() * c.mean()[j]).sum();
        assert!((mean - expected).abs() < 0.04, "dimension {j}: {mean} against {expected}");
    }
    let third = mixture.components()[2].weight();
    let share = draws.components.iter().filter(|k| **k == 2).count() as f64 / n as f64;
    assert!((share - third).abs() < 0.01, "{share} against {third}");
    let again = mixture.components()[draws.components[7]].colour(&draws.whitened[7]);
    close(&again, &draws.samples.row(7).iter().map(|v| f64::from(*v)).collect::<Vec<_>>(), 1e-6, "colour");
}

#[test]
fn what_no_mixture_fits_is_refused() {
    let options = MixtureOptions { components: 5, ..MixtureOptions::default() };
    let refused = |samples: &Matrix| Mixture::fit(samples, &options, |_, _| {}).expect_err("refused");
    assert_eq!(refused(&clouds(4, 3)), MixtureError::TooFewSamples { samples: 4, components: 5 });
    let mut samples = clouds(20, 3);
    samples.row_mut(6)[1] = f32::NAN;
    assert_eq!(refused(&samples), MixtureError::NotFinite { sample: 6 });
    // Equal samples leave most clusters empty at first; regularisation keeps every covariance regular.
    let (same, _) = Mixture::fit(&Matrix::zeros(10, 3), &options, |_, _| {}).expect("equal samples can be fitted");
    assert!(same.log_density(&Matrix::zeros(1, 3))[0].is_finite());
}

// ----------------------------------------------------------------------------------------------------- regression

#[test]
fn a_regression_is_that_of_scikit_learn() {
    let peers = &peers()["logistic"];
    let samples = matrix(&peers["samples"]);
    let labels: Vec<u8> = numbers(&peers["labels"]).iter().map(|v| *v as u8).collect();
    let options = LogisticOptions { tolerance: 1e-10, ..LogisticOptions::default() };
    let ours = Logistic::fit(&samples, &labels, 3, &options);
    assert!(ours.converged);
    for (class, (weights, bias)) in rows(&peers["weights"]).iter().zip(numbers(&peers["biases"])).enumerate() {
        close(ours.weights(class), weights, 1e-6, "weight");
        close(&[ours.bias(class)], &[bias], 1e-6, "bias");
    }
    close(&[ours.error(&samples, &labels)], &[peers["error"].as_f64().expect("a number")], 1e-12, "error");
}

#[test]
fn bits_of_a_regression_do_not_depend_on_threads() {
    let samples = clouds(1300, 20);
    let labels: Vec<u8> = (0..1300).map(|i| (i % 3) as u8).collect();
    let fit = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        pool.install(|| Logistic::fit(&samples, &labels, 3, &LogisticOptions::default()))
    };
    assert_eq!(fit(1), fit(3));
    assert!(fit(1).error(&samples, &labels) < 0.01);
}
