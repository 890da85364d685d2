//! Functions of neurons with their first and second derivatives, in double precision.
//!
//! At a kink the derivative is the one that settling uses: 1 at 0 for Relu. Signum and Heaviside are flat where they
//! have a derivative, and of KWinners only the winners follow their input.

use crate::params::{Activation, Prior};

/// A function at some points: values, slopes, and slopes of the slopes.
pub(super) struct Bent {
    pub(super) value: Vec<f64>,
    pub(super) slope: Vec<f64>,
    pub(super) bend: Vec<f64>,
}

/// `φ` (or `g`) of one sample.
pub(super) fn bent(function: Activation, v: &[f64]) -> Bent {
    let wins = match function {
        Activation::KWinners(k) => winners(k, v),
        _ => Vec::new(),
    };
    let all = v.iter().enumerate().map(|(i, v)| match function {
        Activation::KWinners(_) if wins[i] => (*v, 1.0, 0.0),
        Activation::KWinners(_) => (0.0, 0.0, 0.0),
        function => point(function, *v),
    });
    let mut bent = Bent { value: Vec::new(), slope: Vec::new(), bend: Vec::new() };
    for (value, slope, bend) in all {
        bent.value.push(value);
        bent.slope.push(slope);
        bent.bend.push(bend);
    }
    bent
}

/// Value, slope and slope of the slope of a pointwise function.
fn point(function: Activation, v: f64) -> (f64, f64, f64) {
    let is_above = v >= 0.0;
    let step = f64::from(u8::from(is_above));
    match function {
        Activation::Identity | Activation::KWinners(_) => (v, 1.0, 0.0),
        Activation::Tanh => {
            let t = v.tanh();
            (t, 1.0 - t * t, -2.0 * t * (1.0 - t * t))
        }
        Activation::Sigmoid => {
            let s = sigmoid(v);
            (s, s * (1.0 - s), s * (1.0 - s) * (1.0 - 2.0 * s))
        }
        Activation::Relu => (v.max(0.0), step, 0.0),
        Activation::LeakyRelu(slope) => {
            let slope = if is_above { 1.0 } else { f64::from(slope) };
            (slope * v, slope, 0.0)
        }
        Activation::Softplus => {
            let s = sigmoid(v);
            (v.max(0.0) + (-v.abs()).exp().ln_1p(), s, s * (1.0 - s))
        }
        Activation::Elu(_) if is_above => (v, 1.0, 0.0),
        Activation::Elu(alpha) => {
            let alpha = f64::from(alpha);
            (alpha * v.exp_m1(), alpha * v.exp(), alpha * v.exp())
        }
        Activation::Signum => (if v == 0.0 { 0.0 } else { v.signum() }, 0.0, 0.0),
        Activation::Heaviside => (f64::from(u8::from(v > 0.0)), 0.0, 0.0),
    }
}

fn sigmoid(v: f64) -> f64 {
    1.0 / (1.0 + (-v).exp())
}

/// Which are the `k` largest, ties to the lower index.
fn winners(k: usize, v: &[f64]) -> Vec<bool> {
    let mut order: Vec<usize> = (0..v.len()).collect();
    order.sort_by(|i, j| v[*j].total_cmp(&v[*i]).then(i.cmp(j)));
    let mut wins = vec![false; v.len()];
    order.iter().take(k).for_each(|i| wins[*i] = true);
    wins
}

/// The pull of a prior on one component, and its slope.
pub(super) fn pull(prior: Prior, z: f64) -> (f64, f64) {
    match prior {
        Prior::None => (0.0, 0.0),
        Prior::Laplace(lambda) => (if z == 0.0 { 0.0 } else { f64::from(lambda) * z.signum() }, 0.0),
        Prior::Gaussian(lambda) => (2.0 * f64::from(lambda) * z, 2.0 * f64::from(lambda)),
        Prior::Cauchy(lambda) => {
            let (twice, square) = (2.0 * f64::from(lambda), z * z);
            (twice * z / (1.0 + square), twice * (1.0 - square) / (1.0 + square).powi(2))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Activation; 10] = [
        Activation::Identity,
        Activation::Tanh,
        Activation::Sigmoid,
        Activation::Relu,
        Activation::LeakyRelu(0.3),
        Activation::Softplus,
        Activation::Elu(0.7),
        Activation::Signum,
        Activation::Heaviside,
        Activation::KWinners(2),
    ];

    #[test]
    fn slopes_are_differences_of_values() {
        let (v, h) = ([-1.7, -0.4, 0.6, 2.2], 1e-6);
        for function in ALL {
            let at = |d: f64| bent(function, &v.map(|v| v + d));
            let (low, here, high) = (at(-h), at(0.0), at(h));
            for i in 0..v.len() {
                let slope = (high.value[i] - low.value[i]) / (2.0 * h);
                let bend = (high.slope[i] - low.slope[i]) / (2.0 * h);
                assert!((slope - here.slope[i]).abs() < 1e-8, "{function:?} at {}", v[i]);
                assert!((bend - here.bend[i]).abs() < 1e-8, "{function:?} at {}", v[i]);
            }
        }
        for prior in [Prior::None, Prior::Laplace(0.3), Prior::Gaussian(0.2), Prior::Cauchy(0.4)] {
            for z in v {
                let slope = (pull(prior, z + h).0 - pull(prior, z - h).0) / (2.0 * h);
                assert!((slope - pull(prior, z).1).abs() < 1e-8, "{prior:?} at {z}");
            }
        }
    }

    #[test]
    fn kinks_are_those_of_settling() {
        assert_eq!(bent(Activation::Relu, &[0.0, -0.0]).slope, [1.0, 1.0]);
        assert_eq!(bent(Activation::KWinners(1), &[2.0, 2.0]).slope, [1.0, 0.0]);
    }
}
