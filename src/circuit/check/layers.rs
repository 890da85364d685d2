//! The parameters of each layer.

use super::graph::Roles;
use super::limits::MOST_NEURONS;
use super::onset;
use super::plasticity;
use super::report::{Legal, Mistakes};
use crate::circuit::file::{LayerFile, Listing};
use crate::circuit::{Layer, LayerId};
use crate::params::{
    Activation, BiasKind, Lateral, LayerNoise, Leak, Likelihood, Momentum, Precision, Prior, Reading, StepSize,
};
use std::collections::HashSet;

/// Checks every layer. A layer whose name was given before is checked too, and then left out.
pub(super) fn layers(file: &Listing<LayerFile>, roles: &Roles, report: &mut Mistakes<'_>) -> Vec<Layer> {
    let mut names = HashSet::new();
    let mut layers = Vec::new();
    for (name, layer) in &file.0 {
        let is_first = names.insert(name.as_str());
        let predicted = roles.predicted.contains(&LayerId(layers.len()));
        // What a projection with a misspelt end would have predicted is not known.
        let unpredicted = is_first && roles.complete && !predicted;
        let at = format!("layers.{name}");
        let checked = self::layer(name, layer, &at, report);
        mismatch(layer, unpredicted, &at, report);
        if is_first {
            layers.push(checked);
        }
    }
    layers
}

fn layer(name: &str, file: &LayerFile, at: &str, report: &mut Mistakes<'_>) -> Layer {
    let size = size(file, at, report);
    read(file, at, report);
    activation(file.activation, size, &format!("{at}.activation"), report);
    activation(file.mean, size, &format!("{at}.mean"), report);
    derivative(file, at, report);
    report.number(&format!("{at}.leak"), file.leak, Legal::NotNegative);
    if let Prior::Laplace(lambda) | Prior::Gaussian(lambda) | Prior::Cauchy(lambda) = file.prior {
        report.number(&format!("{at}.prior"), lambda, Legal::NotNegative);
    }
    lateral(file.lateral, size, &format!("{at}.lateral"), report);
    report.number(&format!("{at}.momentum"), file.momentum, Legal::Share);
    onset::noise(file.noise, &format!("{at}.noise"), report);
    if file.momentum != 0.0 && file.noise != LayerNoise::None {
        report.add(
            &format!("{at}.momentum"),
            "and noise don't go together: noise is for plain steps; leave one of them out",
        );
    }
    plasticity::layer(file.learning, &format!("{at}.learning"), report);
    Layer {
        name: name.to_owned(),
        size: size.unwrap_or(1),
        sense: file.sense.clone(),
        read: file.read,
        shape: file.shape.map(|shape| shape.0),
        activation: file.activation,
        mean: file.mean,
        target: file.target,
        likelihood: file.likelihood,
        derivative: file.derivative,
        beta: beta(file, at, report),
        step: file.step,
        momentum: Momentum::new(file.momentum).unwrap_or_default(),
        leak: Leak::new(file.leak).unwrap_or_default(),
        prior: file.prior,
        lateral: file.lateral,
        precision: file.precision,
        noise: file.noise,
        bias: file.bias,
        learning: file.learning,
    }
}

/// What `size` or `shape` says, which must agree; `None` where it is absurd, and then nothing is compared with it.
fn size(file: &LayerFile, at: &str, report: &mut Mistakes<'_>) -> Option<usize> {
    let shape_at = format!("{at}.shape");
    let (legal, of_shape) = match file.shape {
        None => (true, None),
        Some(shape) => {
            let product = shape.0.iter().try_fold(1_usize, |product, side| product.checked_mul(*side));
            let product = product.filter(|product| (1..=MOST_NEURONS).contains(product));
            if product.is_none() {
                report.add(&shape_at, format!("has a side of 0, or more than {MOST_NEURONS} neurons in all"));
            }
            (product.is_some(), product)
        }
    };
    match (file.size, of_shape) {
        (Some(size), Some(product)) if size != product => {
            let text = format!("has {product} neurons, but `size` is {size}; leave one of them out");
            report.add(&shape_at, text);
            None
        }
        (None, Some(product)) => Some(product),
        (None, None) if legal => {
            report.add(&format!("{at}.size"), "is missing; write `size: ...` with a whole number such as 360");
            None
        }
        (None, None) => None,
        (Some(size), _) => report.count(&format!("{at}.size"), size as u64, 1, MOST_NEURONS as u64).then_some(size),
    }
}

/// How the input of a sense is read.
fn read(file: &LayerFile, at: &str, report: &mut Mistakes<'_>) {
    let Some(reading) = file.read else { return };
    let at = format!("{at}.read");
    if file.sense.is_none() {
        report.add(&at, "says how an input is read, but the layer has no sense; add `sense: \"...\"`, or leave it out");
    }
    match reading {
        Reading::Binarised(threshold) => {
            report.number(&at, threshold, Legal::Step);
        }
        Reading::Standardised if file.likelihood == Likelihood::Bernoulli => report.add(
            &at,
            "standardised values lie outside [0, 1], and the layer is Bernoulli; use `likelihood: Gaussian`, or \
             `read: Binarised(0.5)`",
        ),
        Reading::Grey | Reading::Raw | Reading::Standardised => (),
    }
}

fn activation(activation: Activation, size: Option<usize>, at: &str, report: &mut Mistakes<'_>) {
    match activation {
        Activation::LeakyRelu(number) | Activation::Elu(number) => {
            report.number(at, number, Legal::Finite);
        }
        Activation::KWinners(k) if size.is_some_and(|size| !(1..=size).contains(&k)) => {
            let size = size.unwrap_or_default();
            report.add(
                at,
                format!("KWinners({k}) in a layer of {size} neurons; the number of winners must be 1 to {size}"),
            );
        }
        _ => (),
    }
}

fn derivative(file: &LayerFile, at: &str, report: &mut Mistakes<'_>) {
    if file.derivative && !file.activation.has_derivative() {
        let name = format!("{:?}", file.activation);
        report.add(
            &format!("{at}.derivative"),
            format!(
                "`{name}` has no derivative; use `derivative: false`, or one of Identity, Tanh, Sigmoid, Relu, \
                 LeakyRelu(slope), Softplus, Elu(alpha)"
            ),
        );
    }
}

fn beta(file: &LayerFile, at: &str, report: &mut Mistakes<'_>) -> StepSize {
    let at = format!("{at}.beta");
    match file.beta {
        Some(beta) => {
            report.number(&at, beta, Legal::Step);
            StepSize::new(beta).unwrap_or(StepSize::SENSORY)
        }
        None => {
            if file.sense.is_none() {
                report.add(&at, "is missing; a layer without a sense needs its step size, such as `beta: 0.1`");
            }
            StepSize::SENSORY
        }
    }
}

fn lateral(lateral: Lateral, size: Option<usize>, at: &str, report: &mut Mistakes<'_>) {
    match lateral {
        Lateral::None => (),
        Lateral::Columns { size: column, excite, inhibit } => {
            strengths(excite, inhibit, at, report);
            columns(column, size, &format!("{at}.size"), report);
        }
        Lateral::Band { width, excite, inhibit } => {
            strengths(excite, inhibit, at, report);
            if let Some(size) = size.filter(|size| width == 0 || width >= *size) {
                let why = match size {
                    1 => "the layer has a single neuron, so it has no neighbours; use `lateral: None`".to_owned(),
                    _ => format!("is {width}, but must be 1 to {} in a layer of {size} neurons", size - 1),
                };
                report.add(&format!("{at}.width"), why);
            }
        }
    }
}

fn strengths(excite: f32, inhibit: f32, at: &str, report: &mut Mistakes<'_>) {
    report.number(&format!("{at}.excite"), excite, Legal::Finite);
    report.number(&format!("{at}.inhibit"), inhibit, Legal::Finite);
}

fn columns(column: usize, size: Option<usize>, at: &str, report: &mut Mistakes<'_>) {
    if column == 0 {
        report.add(at, "is 0, but a column needs at least one neuron");
    } else if let Some(size) = size.filter(|size| size % column != 0) {
        let near = divisors_near(size, column);
        let near = near.iter().map(usize::to_string).collect::<Vec<_>>().join(" or ");
        report.add(at, format!("is {column}, but {size} neurons do not divide into columns of {column}; try {near}"));
    }
}

/// The divisors of `size` next to a number that is none: below, and above where there is one.
fn divisors_near(size: usize, number: usize) -> Vec<usize> {
    let small = (1..).take_while(|d| d * d <= size).filter(|d| size.is_multiple_of(*d));
    let all: Vec<usize> = small.flat_map(|d| [d, size / d]).collect();
    let below = all.iter().copied().filter(|d| *d < number).max();
    let above = all.iter().copied().filter(|d| *d > number).min();
    below.into_iter().chain(above).collect()
}

/// What belongs to the error population of a layer.
fn mismatch(file: &LayerFile, unpredicted: bool, at: &str, report: &mut Mistakes<'_>) {
    let useless = |what: &str| {
        format!(
            "nothing predicts this layer, so its {what} is never used; leave it out, or add a projection to the layer"
        )
    };
    if unpredicted && file.mean != Activation::Identity {
        report.add(&format!("{at}.mean"), useless("mean"));
    }
    if unpredicted && file.likelihood != Likelihood::Gaussian {
        report.add(&format!("{at}.likelihood"), useless("likelihood"));
    }
    if unpredicted && file.bias == BiasKind::Learned {
        report.add(&format!("{at}.bias"), useless("bias"));
    }
    let what = match file.precision {
        Precision::Identity => return,
        Precision::Fixed(p) => {
            report.number(&format!("{at}.precision"), p, Legal::Positive);
            None
        }
        Precision::Diagonal { floor } => Some((floor, "variances", "`precision: Fixed(1.0)`")),
        Precision::Learned { floor, .. } => Some((floor, "covariance", "`precision: Identity`")),
    };
    if let Some((floor, ..)) = what {
        report.number(&format!("{at}.precision.floor"), floor, Legal::Positive);
    }
    match what {
        _ if unpredicted => report.add(&format!("{at}.precision"), useless("precision")),
        Some((_, learned, instead)) if file.likelihood == Likelihood::Bernoulli => report.add(
            &format!("{at}.precision"),
            format!("a Bernoulli layer has no {learned} to learn; use {instead}, or `likelihood: Gaussian`"),
        ),
        _ => (),
    }
}
