//! log p(x) against known answers: a linear Gaussian circuit in closed form, and a small Bernoulli circuit summed over
//! a grid; and circuits for which it makes no sense.

use faer::Mat;
use gncn::circuit::Circuit;
use gncn::data::{Images, Pixels, Reading};
use gncn::evaluation::mixture::{Component, Mixture};
use gncn::evaluation::{Descent, Estimate, Importance, PriorDraws, as_published, log_sum_exp, top_layer};
use gncn::matrix::Matrix;
use gncn::network::Network;
use gncn::rng;
use std::sync::Arc;

/// Two components in two dimensions that overlap.
fn prior() -> Mixture {
    let component = |weight, mean: [f64; 2], [a, b, c]: [f64; 3]| {
        let covariance = Mat::from_fn(2, 2, |i, j| [[a, b], [b, c]][i][j]);
        Component::new(weight, mean.to_vec(), covariance.as_ref()).expect("positive definite")
    };
    Mixture::new(vec![component(0.7, [1.0, -0.5], [1.0, 0.6, 0.8]), component(0.3, [-1.0, 2.0], [0.5, -0.2, 1.5])])
        .expect("a mixture")
}

const LINEAR: &str = r#"Circuit(name: "linear", layers: {
    "z0": (size: 3, sense: "image"), "z1": (size: 2, beta: 0.1),
}, projections: [(from: "z1", to: "z0", feedback: Transposed)])"#;

/// A skip, a target of each kind, and functions that bend.
const BENT: &str = r#"Circuit(name: "bent", layers: {
    "z0": (size: 6, sense: "image", mean: Sigmoid, likelihood: Bernoulli),
    "z1": (size: 4, activation: Tanh, mean: Softplus, beta: 0.1),
    "z2": (size: 3, activation: Relu, mean: Relu, target: Activity, beta: 0.1),
    "z3": (size: 2, activation: Relu, beta: 0.1),
}, projections: [
    (from: "z1", to: "z0", feedback: Transposed), (from: "z2", to: "z1", feedback: Transposed),
    (from: "z3", to: "z2", feedback: Transposed), (from: "z3", to: "z0", feedback: Silent),
], init: Gaussian(sd: 1.2))"#;

fn circuit(text: &str) -> Arc<Circuit> {
    Arc::new(Circuit::parse(text.as_bytes()).expect("a sound circuit"))
}

fn images(values: &[f32], width: usize) -> Images {
    let images = Images::new(Pixels::Real(values.to_vec()), None, (width, 1), "test").expect("images");
    images.with_reading(Reading::Grey, "test").expect("grey")
}

/// The marginal of the linear circuit: the mixture carried through `W`, with unit noise.
fn marginal(prior: &Mixture, w: &Matrix) -> Mixture {
    let w = Mat::from_fn(w.rows(), w.cols(), |i, j| f64::from(w.row(i)[j]));
    let carried = |component: &Component| {
        let mean = &w * Mat::from_fn(2, 1, |i, _| component.mean()[i]);
        let covariance = &w * component.covariance() * w.transpose() + Mat::<f64>::identity(3, 3);
        Component::new(component.weight(), mean.col_as_slice(0).to_vec(), covariance.as_ref()).expect("regular")
    };
    Mixture::new(prior.components().iter().map(carried).collect()).expect("a mixture")
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[test]
fn a_linear_circuit_has_the_log_likelihood_of_its_closed_form() {
    let network = Network::new(circuit(LINEAR), 3);
    let mut tensors = network.tensors();
    let w = Matrix::from_fn(3, 2, |i, j| [[1.5, -0.4], [0.3, 2.0], [-1.0, 0.7]][i][j]);
    tensors.insert("z1_to_z0.generative".to_owned(), w.clone());
    let network = Network::with_weights(circuit(LINEAR), &tensors).expect("weights fit");
    let (prior, descent) = (prior(), Descent::new(&network).expect("a way down"));
    let n = 40;
    let shown: Vec<f32> = (0..n * 3).map(|i| ((i * 7 % 23) as f32 - 11.0) * 0.35).collect();
    let exact = marginal(&prior, &w).log_density(&Matrix::from_vec(n, 3, shown.clone()).expect("rows"));

    let draws = |count| PriorDraws::new(&descent, prior.draw(count, &mut rng::stream(1, "draws")));
    let (shown_images, rows): (_, Vec<usize>) = (images(&shown, 3), (0..n).collect());
    let sampled = |count| mean(&draws(count).log_px(&shown_images, &rows, |_| {}));
    let (few, many) = (sampled(20), sampled(100_000));
    assert!(few < mean(&exact) - 0.5, "few draws are biased low: {few} against {}", mean(&exact));
    assert!(few < many && (many - mean(&exact)).abs() < 0.1, "{many} against {}", mean(&exact));

    let few = draws(200);
    let importance = Importance::new(&prior, &descent, &few);
    for (i, exact) in exact.iter().enumerate() {
        let image = &shown[i * 3..i * 3 + 3];
        let Estimate { log_px, standard_error, .. } =
            importance.estimate(image, &[0.3, 0.2], 400, &mut rng::stream_at(2, "importance", i as u64));
        assert!((log_px - exact).abs() < 0.1, "image {i}: {log_px} ± {standard_error} against {exact}");
    }
}

/// `log Σ_k w_k ∫ N(u) p(x | m_k + L_k u) du` by the midpoint rule, which is far more exact than the estimate.
fn by_grid(prior: &Mixture, descent: &Descent, shown: &Matrix) -> Vec<f64> {
    const SIDE: usize = 160;
    let width = 14.0 / SIDE as f64;
    let at = |i: usize| -7.0 + (i as f64 + 0.5) * width;
    let mut terms: Vec<Vec<f64>> = vec![Vec::new(); shown.rows()];
    for component in prior.components() {
        let white = |p: usize| [at(p / SIDE), at(p % SIDE)];
        let points: Vec<_> = (0..SIDE * SIDE).map(|p| component.colour(&white(p))).collect();
        let means = descent.means(&Matrix::from_fn(points.len(), 2, |i, j| points[i][j] as f32));
        for (x, terms) in terms.iter_mut().enumerate() {
            for p in 0..SIDE * SIDE {
                let [a, b] = white(p);
                let density = component.weight().ln() - 0.5 * (a * a + b * b) - std::f64::consts::TAU.ln();
                let likelihood = gncn::evaluation::log_likelihood(descent.likelihood(), shown.row(x), means.row(p));
                terms.push(density + likelihood + 2.0 * width.ln());
            }
        }
    }
    terms.iter().map(|terms| log_sum_exp(terms.iter().copied())).collect()
}

#[test]
fn a_bernoulli_circuit_has_the_log_likelihood_of_a_sum_over_its_prior() {
    let network = Network::new(circuit(BENT), 11);
    let (prior, descent) = (prior(), Descent::new(&network).expect("a way down"));
    let shown = Matrix::from_fn(64, 6, |image, pixel| f32::from(u8::from(image >> pixel & 1 == 1)));
    let exact = by_grid(&prior, &descent, &shown);
    let total: f64 = exact.iter().map(|value| value.exp()).sum();
    assert!((total - 1.0).abs() < 1e-3, "probabilities of all images sum to 1, not {total}");

    let draws = PriorDraws::new(&descent, prior.draw(300, &mut rng::stream(1, "draws")));
    let importance = Importance::new(&prior, &descent, &draws);
    let mut inside = 0;
    for (i, exact) in exact.iter().enumerate() {
        let mut rng = rng::stream_at(2, "importance", i as u64);
        let Estimate { log_px, standard_error, effective } =
            importance.estimate(shown.row(i), &[0.5, 0.0], 3000, &mut rng);
        assert!((log_px - exact).abs() < 0.1, "image {i}: {log_px} ± {standard_error} against {exact}");
        assert!(effective > 100.0 && effective <= 3000.0, "{effective}");
        inside += usize::from((log_px - exact).abs() < 2.0 * standard_error);
    }
    assert!(inside > 52, "{inside} of 64 within two standard errors");
}

#[test]
fn the_published_estimate_is_two_log_n_higher() {
    assert!((as_published(-114.4, 5000) - (-114.4 + 17.034_386)).abs() < 1e-5);
}

#[test]
fn tangents_are_differences_of_means() {
    let descent = Descent::new(&Network::new(circuit(BENT), 11)).expect("a way down");
    let at = [0.8_f32, 0.6];
    let directions = Matrix::from_fn(2, 2, |i, j| [[1.0, 0.0], [0.5, -1.0]][i][j]);
    let (mean, tangents) = descent.tangents(&Matrix::from_fn(1, 2, |_, j| at[j]), &directions);
    assert_eq!(mean, descent.means(&Matrix::from_fn(1, 2, |_, j| at[j])));
    for i in 0..2 {
        let moved = |h: f32| descent.means(&Matrix::from_fn(1, 2, |_, j| at[j] + h * directions.row(i)[j]));
        let (up, down) = (moved(1e-2), moved(-1e-2));
        for pixel in 0..6 {
            let slope = (up.row(0)[pixel] - down.row(0)[pixel]) / 2e-2;
            assert!((slope - tangents.row(i)[pixel]).abs() < 2e-3, "{slope} against {}", tangents.row(i)[pixel]);
        }
    }
}

#[test]
fn draws_below_a_relu_are_silent() {
    let descent = Descent::new(&Network::new(circuit(BENT), 11)).expect("a way down");
    let [drawn, sent] = [[[0.8, -0.6], [-2.0, -0.1]], [[0.8, 0.0], [0.0, 0.0]]]
        .map(|rows| descent.means(&Matrix::from_fn(2, 2, |i, j| rows[i][j])));
    assert_eq!(drawn, sent);
    let top = Matrix::from_fn(1, 2, |_, j| [0.8, -0.6][j]);
    let (_, tangents) = descent.tangents(&top, &Matrix::from_fn(2, 2, |i, j| f32::from(u8::from(i == j))));
    assert!(tangents.row(0).iter().any(|t| *t != 0.0) && tangents.row(1).iter().all(|t| *t == 0.0), "{tangents:?}");
}

#[test]
fn circuits_without_a_single_free_top_are_refused_by_name() {
    let refused = |layers: &str, projections: &str| {
        let text = format!(
            "Circuit(name: \"c\", layers: {{ \"z0\": (size: 6, sense: \"image\", mean: Sigmoid, likelihood: Bernoulli), \
             {layers} }}, projections: [{projections}])"
        );
        top_layer(&circuit(&text)).expect_err("refused").to_string()
    };
    let link = |from: &str, to: &str| format!("(from: \"{from}\", to: \"{to}\", feedback: Transposed),");
    let two = "\"z1\": (size: 3, beta: 0.1), \"z2\": (size: 3, beta: 0.1)";
    let cycle = refused(two, &[link("z1", "z0"), link("z2", "z1"), link("z1", "z2")].concat());
    assert!(cycle.contains("cycle") && cycle.contains("\"z2\""), "{cycle}");
    let tops = refused(two, &[link("z1", "z0"), link("z2", "z0")].concat());
    assert!(tops.contains("\"z1\", \"z2\"") && tops.contains("no single top"), "{tops}");
    let label = refused("\"z1\": (size: 3, sense: \"label\", beta: 0.1)", &link("z1", "z0"));
    assert!(label.contains("\"z1\" is a sense"), "{label}");
    let image = Network::new(
        circuit(&LINEAR.replace("sense: \"image\"", "sense: \"image\", precision: Learned(floor: 1.0)")),
        1,
    );
    assert!(Descent::new(&image).expect_err("refused").to_string().contains("a precision of its own"));
}
