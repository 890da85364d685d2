//! Statistics of studies against SciPy and statsmodels on the same numbers (`tests/measures/scipy.json` says how it was made),
//! and how often intervals hold the truth.
//!
//! `GNCN_STUDIES` is how many studies are simulated for that (300 where it is not set; 2,000 give shares to 1 %).

use crate::asked::count;
use gncn::rng;
use gncn::study::statistics::{
    FEWEST, MeasuredPair, Method, Options, Unit, bca, compare, correct, holm, jackknife_of_mean, resampled_means,
    sign_flips, student,
};
use rand_distr::{Distribution, Gamma, StandardNormal};
use rayon::prelude::*;
use serde_json::Value;

fn peers() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/measures/scipy.json");
    serde_json::from_slice(&std::fs::read(path).expect("the golden file")).expect("JSON")
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(number).collect()
}

fn cases(value: &Value) -> &Vec<Value> {
    let cases = value.as_array().expect("cases");
    assert!(!cases.is_empty());
    cases
}

fn close(found: (f64, f64), case: &Value, tolerance: f64) {
    let expected = (number(&case["low"]), number(&case["high"]));
    let off = (found.0 - expected.0).abs().max((found.1 - expected.1).abs());
    assert!(off < tolerance, "{found:?} for {expected:?}");
}

#[test]
fn bca_intervals_are_those_of_scipy() {
    for case in cases(&peers()["bca"]) {
        let values = numbers(&case["values"]);
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let jackknife = jackknife_of_mean(&values);
        close(bca(mean, &numbers(&case["resampled"]), &jackknife, number(&case["level"])), case, 1e-9);
    }
}

#[test]
fn student_intervals_are_those_of_scipy() {
    for case in cases(&peers()["student"]) {
        let found = student(&numbers(&case["values"]), number(&case["level"])).expect("two values or more");
        close(found, case, 1e-8 * (1.0 + number(&case["high"]).abs()));
    }
    assert_eq!(student(&[1.0], 0.95), None);
}

#[test]
fn sign_flips_are_those_of_scipy() {
    for case in cases(&peers()["signs"]) {
        let found = sign_flips(&numbers(&case["values"]), 0, 0);
        assert!(found.exact && (found.p - number(&case["p"])).abs() < 1e-12, "{found:?} for {case}");
    }
}

#[test]
fn holm_is_that_of_statsmodels() {
    for case in cases(&peers()["holm"]) {
        for (found, expected) in holm(&numbers(&case["p"])).iter().zip(numbers(&case["adjusted"])) {
            assert!((found - expected).abs() < 1e-12, "{found} for {expected}");
        }
    }
}

/// Pairs of a simulated study: images differ by a skewed amount around 1, seeds by a normal one around 0.
fn study(number: u64, images: u64, seeds: u64, of_seeds: f64) -> Vec<MeasuredPair> {
    let mut rng = rng::stream_at(11, "test.study", number);
    let gamma = Gamma::new(2.0, 0.5).expect("positive");
    let shift: Vec<f64> = (0..seeds).map(|_| of_seeds * normal(&mut rng)).collect();
    let image: Vec<f64> = (0..images).map(|_| gamma.sample(&mut rng)).collect();
    let pair = |seed: u64, at: u64, noise: f64| MeasuredPair {
        seed,
        image: at,
        presentation: at / 10,
        baseline: 5.0 * image[at as usize],
        value: 6.0 * image[at as usize] + shift[seed as usize] + noise,
    };
    let places = (0..seeds).flat_map(|seed| (0..images).map(move |image| (seed, image)));
    places.map(|(seed, image)| pair(seed, image, 0.3 * normal(&mut rng))).collect()
}

fn normal(rng: &mut impl rand::Rng) -> f64 {
    StandardNormal.sample(rng)
}

/// How often the interval of a simulated study holds the true difference: 1, or where weights alone are the unit, the mean that
/// weights without a shift have on the images of the study, since the claim is about these.
fn coverage(studies: u64, images: u64, seeds: u64, of_seeds: f64, unit: Unit, method: Method) -> f64 {
    let holds = |number: u64| {
        let options = Options { unit, resamples: 999, seed: number, ..Options::default() };
        let pairs = study(number, images, seeds, of_seeds);
        let found = compare(&pairs, &options).expect("pairs");
        let interval = found.interval.expect("several units");
        assert_eq!(interval.method, method);
        let of_these = || pairs.iter().map(|pair| pair.baseline / 5.0).sum::<f64>() / pairs.len() as f64;
        let truth = if unit == Unit::Seeds { of_these() } else { 1.0 };
        interval.low <= truth && truth <= interval.high
    };
    (0..studies).into_par_iter().filter(|number| holds(*number)).count() as f64 / studies as f64
}

/// How often a bootstrapped interval of so few normal values holds their mean.
fn bootstrapped(studies: u64, n: usize) -> f64 {
    let holds = |number: u64| {
        let mut rng = rng::stream_at(12, "test.few", number);
        let values: Vec<f64> = (0..n).map(|_| normal(&mut rng)).collect();
        let mean = values.iter().sum::<f64>() / n as f64;
        let (low, high) = bca(mean, &resampled_means(&values, 999, &mut rng), &jackknife_of_mean(&values), 0.95);
        low <= 0.0 && 0.0 <= high
    };
    (0..studies).into_par_iter().filter(|number| holds(*number)).count() as f64 / studies as f64
}

#[test]
fn intervals_hold_the_truth_as_often_as_they_say() {
    let studies = count("GNCN_STUDIES", 300) as u64;
    // Two standard errors of a share near 0.95.
    let slack = 2.0 * (0.95 * 0.05 / studies as f64).sqrt();
    let cases = [
        ("100 images", coverage(studies, 100, 1, 0.0, Unit::Images, Method::Bca)),
        ("200 images in presentations of 10", coverage(studies, 200, 1, 0.0, Unit::Presentations, Method::Bca)),
        ("300 images", coverage(studies, 300, 1, 0.0, Unit::Images, Method::Bca)),
        ("3 seeds", coverage(studies, 400, 3, 0.5, Unit::Seeds, Method::StudentT)),
        ("10 seeds", coverage(studies, 100, 10, 0.5, Unit::Seeds, Method::StudentT)),
        ("100 images, 100 seeds", coverage(studies.min(400), 100, 100, 0.7, Unit::ImagesAndSeeds, Method::Bca)),
    ];
    for (what, share) in cases {
        println!("{what}: {share:.4}");
        assert!(share > 0.93 - slack && share < 0.97 + slack, "{what}: {share}");
    }
    // Why few units are not bootstrapped.
    let (three, ten) = (bootstrapped(studies, 3), bootstrapped(studies, 10));
    println!("bootstrapped, 3 units: {three:.4}; 10 units: {ten:.4}");
    assert!(three < 0.82 && ten < 0.94 && three < ten, "{three} {ten}");
}

#[test]
fn a_comparison_depends_on_its_pairs_and_its_seed_alone() {
    let mut pairs = study(1, 40, 3, 0.3);
    let options = Options { resamples: 500, ..Options::default() };
    let found = compare(&pairs, &options).expect("pairs");
    assert!(found.units >= FEWEST && found.interval.is_some_and(|i| i.method == Method::Bca));
    pairs.reverse();
    let turned = compare(&pairs, &options).expect("pairs");
    assert_eq!((found.interval, found.test), (turned.interval, turned.test), "the order of rows has no meaning");
    let other = compare(&pairs, &Options { seed: 1, ..options }).expect("pairs");
    assert_ne!(found.interval, other.interval);
    let one = compare(&pairs[..1], &options).expect("a pair");
    assert_eq!((one.interval, one.effect, one.test.p), (None, None, 1.0));
    for level in [0.0, 1.0, f64::NAN] {
        assert!(compare(&pairs, &Options { level, ..options }).is_err());
    }
    let mut family = vec![found.clone(), other, one];
    correct(&mut family);
    assert_eq!(family[0].p_holm, Some((3.0 * found.test.p).min(1.0)));
    let json = serde_json::to_value(&family[0]).expect("JSON");
    assert_eq!((json["unit"].as_str(), json["interval"]["method"].as_str()), (Some("images"), Some("bca")));
}
