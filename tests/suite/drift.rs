//! The promise that a sum which is kept up by events stays within a bound of the sum of what the inlets hold, however many
//! updates there were: `2 (64 + 1) · width · 2⁻²⁴ · S`, with S the largest magnitude on the way.
//!
//! Components go round in cycles of three values whose differences round, so that every round leaves the same error behind.

use gncn::kernels::sparse::List;
use gncn::kernels::update::UpdateRule;
use gncn::learning::{Covariance, OwnPrecision};
use gncn::matrix::Matrix;
use gncn::params::{
    Activation, Arrivals, Lateral, Likelihood, Messages, Norm, Optimizer, PrecisionForm, Prior, Target,
};
use gncn::population::{ErrorInput, ErrorPopulation, Population, Presented, Returned, StateInput, StatePopulation};
use gncn::signal::Content;
use gncn::synapse::Synapses;
use std::sync::Arc;

/// Presynaptic neurons.
const WIDTH: usize = 24;

/// Postsynaptic neurons.
const SIZE: usize = 5;

/// Enough for what every round leaves behind to come to several times the bound.
const MESSAGES: usize = 40_000;

/// The values that a component takes in turn. No difference of two of them is a number of 24 bits.
const CYCLE: [f32; 3] = [-0.55, 0.214, -0.504];

/// The largest of them.
const LARGEST: f64 = 0.55;

/// What populations are told to expect.
const EVENTS: Messages = Messages::events(0.0);

fn weights(rows: usize, cols: usize) -> Matrix {
    Matrix::from_fn(rows, cols, |i, j| ((i * 7 + j * 5) % 11) as f32 * 0.09 + 0.05)
}

fn synapses() -> Synapses {
    Synapses::new("drift".to_owned(), weights(WIDTH, SIZE), Optimizer::default(), Norm::None)
}

/// A message of every component.
fn whole(values: &[f32]) -> Content {
    Content::Dense(Arc::new(Matrix::from_fn(1, values.len(), |_, j| values[j])))
}

/// Moves a quarter of the components on in their cycles, and gives the message that tells it.
fn step(values: &mut [f32], at: usize) -> Content {
    let value = CYCLE[(at / 4 + 1) % 3];
    let mut list = List::default();
    let moved = (at % 4..values.len()).step_by(4);
    moved.clone().for_each(|i| values[i] = value);
    list.append_told(values.len(), moved.map(|i| (i, value)), |_, value| Some(value));
    Content::Events(Arc::new(list))
}

/// What the additions come to where nothing is ever computed anew.
fn naive(weights: &Matrix) -> Vec<f32> {
    let (mut values, mut sums) = (vec![CYCLE[0]; weights.rows()], vec![0.0_f32; weights.cols()]);
    let add = |sums: &mut [f32], i: usize, delta: f32| {
        sums.iter_mut().zip(weights.row(i)).for_each(|(sum, w)| *sum = delta.mul_add(*w, *sum));
    };
    (0..values.len()).for_each(|i| add(&mut sums, i, values[i]));
    for at in 0..MESSAGES {
        let had = values.clone();
        step(&mut values, at);
        (0..values.len()).filter(|i| values[*i] != had[*i]).for_each(|i| add(&mut sums, i, values[i] - had[i]));
    }
    sums
}

/// Within the bound of what a sum of `values` over `weights` is, and the sum without a fresh start is not.
fn assert_bounded(what: &str, found: &[f32], values: &[f32], weights: &Matrix) {
    let sum = |column: usize| -> f64 {
        values.iter().enumerate().map(|(i, v)| f64::from(*v) * f64::from(weights.row(i)[column])).sum()
    };
    // Every term positive or every one negative is the largest that a partial sum can be.
    let most =
        |column: usize| -> f64 { (0..weights.rows()).map(|i| LARGEST * f64::from(weights.row(i)[column].abs())).sum() };
    let far = |sums: &[f32]| {
        let parts = sums.iter().enumerate().map(|(i, found)| (f64::from(*found) - sum(i)).abs() / most(i));
        parts.fold(0.0, f64::max)
    };
    let bound = 2.0 * 65.0 * weights.rows() as f64 * f64::from(f32::EPSILON) / 2.0;
    let (kept, never) = (far(found), far(&naive(weights)));
    assert!(kept <= bound, "{what}: {kept:e} of {bound:e}");
    assert!(never > bound, "{what}: without a fresh sum it would be {never:e} of {bound:e}: the case is too easy");
}

/// Hands over all messages to `hear(message, number)`; what the components are then.
fn hand_over(width: usize, mut hear: impl FnMut(Content, u64)) -> Vec<f32> {
    let mut values = vec![CYCLE[0]; width];
    hear(whole(&values), 0);
    for at in 0..MESSAGES {
        let message = step(&mut values, at);
        hear(message, at as u64 + 1);
    }
    values
}

fn error(covariance: Option<Covariance>, generative: Synapses) -> ErrorPopulation {
    let (mean, likelihood) = (Activation::Identity, Likelihood::Gaussian);
    let size = generative.weights().cols();
    ErrorPopulation::new(
        size,
        mean,
        likelihood,
        vec![generative],
        covariance.map_or(OwnPrecision::Identity, OwnPrecision::Full),
    )
}

#[test]
fn the_drive_of_an_error_population_does_not_wander() {
    let population = error(None, synapses());
    let mut activity = population.rest(1, EVENTS, Arrivals::AnyOrder, ());
    let values = hand_over(WIDTH, |signal, number| {
        population.receive(&mut activity, 0, number, ErrorInput::Activity(signal));
        population.fire(&mut activity, 1.0);
    });
    assert_bounded("drive", activity.mean().as_slice(), &values, &weights(WIDTH, SIZE));
}

#[test]
fn the_drive_of_a_state_population_does_not_wander() {
    let rule = UpdateRule {
        activation: Activation::Identity,
        derivative: false,
        // z becomes what drives it.
        beta: 1.0,
        leak: 1.0,
        prior: Prior::None,
        lateral: Lateral::None,
    };
    let returned = Returned::Learned { synapses: Box::new(synapses()), rate: 1.0 };
    let population = StatePopulation::new(SIZE, rule, Target::State, false, vec![returned]);
    let mut activity = population.rest(1, EVENTS, Arrivals::InOrder, Presented::Free);
    let values = hand_over(WIDTH, |signal, number| {
        population.receive(&mut activity, 0, number, StateInput::Mismatch(signal));
        population.fire(&mut activity, 1.0);
    });
    assert_bounded("drive", activity.state().as_slice(), &values, &weights(WIDTH, SIZE));
}

#[test]
fn precision_does_not_wander() {
    // The inverse is what weighs, so the covariance is the inverse of something that can be written down.
    let sigma = Matrix::from_fn(WIDTH, WIDTH, |i, j| if i == j { 1.3 } else { 0.2 });
    let covariance = Covariance::new(sigma, 1e-3, PrecisionForm::Inverse, Optimizer::default()).expect("definite");
    let precision = |i: usize, j: usize| {
        let (a, b) = (1.1, 0.2);
        let off = -b / (a * (a + b * WIDTH as f64));
        (if i == j { 1.0 / a + off } else { off }) as f32
    };
    let silent = Synapses::new("silent".to_owned(), Matrix::zeros(2, WIDTH), Optimizer::default(), Norm::None);
    let population = error(Some(covariance), silent);
    let mut activity = population.rest(1, EVENTS, Arrivals::InOrder, ());
    let values = hand_over(WIDTH, |signal, number| {
        population.receive(&mut activity, 1, number, ErrorInput::Target(signal));
        population.fire(&mut activity, 1.0);
    });
    assert_bounded("precision", activity.mismatch().as_slice(), &values, &Matrix::from_fn(WIDTH, WIDTH, precision));
}

#[test]
fn pathways_do_not_wander() {
    let generative = Matrix::from_fn(SIZE, WIDTH, |i, j| weights(WIDTH, SIZE).row(j)[i]);
    let generative = Synapses::new("back".to_owned(), generative, Optimizer::default(), Norm::None).with_pathway(1.0);
    let population = error(None, generative);
    let mut activity = population.rest(1, EVENTS, Arrivals::InOrder, ());
    let values = hand_over(WIDTH, |signal, number| {
        population.receive(&mut activity, 1, number, ErrorInput::Target(signal));
        population.fire(&mut activity, 1.0);
    });
    let Content::Dense(pathway) = ErrorPopulation::whole(&activity, 1).into_content() else { panic!("whole") };
    assert_bounded("pathway", pathway.as_slice(), &values, &weights(WIDTH, SIZE));
}
