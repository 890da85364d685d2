//! Minimising a smooth convex function by L-BFGS (Nocedal & Wright, 2006, algorithm 7.5) with a backtracking line
//! search.

use std::collections::VecDeque;

/// Pairs of steps and changes of the gradient that stand for the curvature; scikit-learn keeps as many.
const MEMORY: usize = 10;

/// Sufficient decrease (Armijo).
const DECREASE: f64 = 1e-4;

/// Relative rounding of a value, with some room for sums.
const ROUNDING: f64 = 1e-13;

/// Halvings of a step at the most: below that, rounding hides any decrease.
const HALVINGS: usize = 50;

/// Where minimising ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Minimum {
    /// The arguments.
    pub(super) point: Vec<f64>,
    /// Iterations done.
    pub(super) iterations: usize,
    /// Whether every component of the gradient is below the tolerance.
    pub(super) converged: bool,
}

/// A step, the change of the gradient over it, and `1 / (s·y)`.
struct Pair {
    step: Vec<f64>,
    change: Vec<f64>,
    rho: f64,
}

/// Minimises `function`, which gives the value and the gradient at a point.
pub(super) fn minimise(
    start: Vec<f64>,
    tolerance: f64,
    iterations: usize,
    mut function: impl FnMut(&[f64]) -> (f64, Vec<f64>),
) -> Minimum {
    let mut point = start;
    let (mut value, mut gradient) = function(&point);
    let mut memory: VecDeque<Pair> = VecDeque::with_capacity(MEMORY);
    for done in 0..iterations {
        if largest(&gradient) <= tolerance {
            return Minimum { point, iterations: done, converged: true };
        }
        let direction = downhill(&gradient, &memory);
        let slope = dot(&direction, &gradient);
        // Without curvature yet, the first step has length 1 at the most.
        let mut length = if memory.is_empty() { 1.0 / norm(&gradient).max(1.0) } else { 1.0 };
        let mut moved = None;
        for _ in 0..HALVINGS {
            let there: Vec<f64> = point.iter().zip(&direction).map(|(p, d)| p + length * d).collect();
            let (lower, slopes) = function(&there);
            if is_decrease(value, lower, length, slope, dot(&slopes, &direction)) {
                moved = Some((there, lower, slopes));
                break;
            }
            length *= 0.5;
        }
        let Some((there, lower, slopes)) = moved else {
            return Minimum { point, iterations: done, converged: false };
        };
        remember(&mut memory, difference(&there, &point), difference(&slopes, &gradient));
        (point, value, gradient) = (there, lower, slopes);
    }
    let converged = largest(&gradient) <= tolerance;
    Minimum { point, iterations, converged }
}

/// Whether a step goes down enough. Near the minimum values differ by less than their rounding, and only slopes tell
/// (the approximate Wolfe condition of Hager & Zhang, 2005).
fn is_decrease(value: f64, lower: f64, length: f64, slope: f64, slope_there: f64) -> bool {
    let is_flat = lower <= value + ROUNDING * value.abs() && slope_there <= (2.0 * DECREASE - 1.0) * slope;
    lower <= value + DECREASE * length * slope || is_flat
}

/// `−H ∇f`, with `H` from the pairs (the two-loop recursion).
fn downhill(gradient: &[f64], memory: &VecDeque<Pair>) -> Vec<f64> {
    let mut direction: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let mut alphas = Vec::with_capacity(memory.len());
    for pair in memory.iter().rev() {
        let alpha = pair.rho * dot(&pair.step, &direction);
        add(&mut direction, -alpha, &pair.change);
        alphas.push(alpha);
    }
    if let Some(newest) = memory.back() {
        let scale = 1.0 / (newest.rho * dot(&newest.change, &newest.change));
        direction.iter_mut().for_each(|d| *d *= scale);
    }
    for (pair, alpha) in memory.iter().zip(alphas.into_iter().rev()) {
        let beta = pair.rho * dot(&pair.change, &direction);
        add(&mut direction, alpha - beta, &pair.step);
    }
    direction
}

/// A pair without positive curvature (rounding, near the minimum) would spoil the direction, and is left out.
fn remember(memory: &mut VecDeque<Pair>, step: Vec<f64>, change: Vec<f64>) {
    let curvature = dot(&step, &change);
    if curvature > f64::EPSILON * norm(&step) * norm(&change) {
        if memory.len() == MEMORY {
            memory.pop_front();
        }
        memory.push_back(Pair { step, change, rho: 1.0 / curvature });
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

fn largest(a: &[f64]) -> f64 {
    a.iter().fold(0.0, |largest, v| largest.max(v.abs()))
}

fn difference(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

fn add(sum: &mut [f64], factor: f64, other: &[f64]) {
    sum.iter_mut().zip(other).for_each(|(s, o)| *s += factor * o);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ill_conditioned_valley_is_descended_to_its_end() {
        // Convex and not quadratic: log cosh along one axis, 10⁴ times steeper than along the other.
        let function = |p: &[f64]| {
            let (a, b) = (p[0] - 3.0, 100.0 * (p[1] + 2.0));
            (0.5 * a * a + b.cosh().ln(), vec![a, 100.0 * b.tanh()])
        };
        let minimum = minimise(vec![0.0, 0.0], 1e-9, 200, function);
        assert!(minimum.converged && minimum.iterations < 100, "{minimum:?}");
        assert!((minimum.point[0] - 3.0).abs() < 1e-8 && (minimum.point[1] + 2.0).abs() < 1e-8, "{minimum:?}");
        assert!(!minimise(vec![0.0, 0.0], 1e-9, 2, function).converged);
    }
}
