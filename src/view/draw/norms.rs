//! How strong the synapses of each projection are, for a drawing.

use super::cables::{feedback, prediction};
use super::overlay::{LinkMark, Overlay};
use crate::circuit::Circuit;
use crate::circuit::wiring::Wiring;
use crate::matrix::Matrix;
use crate::network::Tensors;
use crate::params::Feedback;

/// The Frobenius norms of W and E as widths and labels of their links; where W is read backwards, W's times the gain.
/// Widths are in proportion, the widest for the largest norm. What `tensors` lacks keeps its plain look.
///
/// # Examples
/// ```
/// use gncn::{circuit::Circuit, network::Network, view::draw};
///
/// let circuit = Circuit::parse(br#"(
///     name: "smallest",
///     layers: { "z0": (size: 4, sense: "image"), "z1": (size: 2, beta: 0.1) },
///     projections: [(from: "z1", to: "z0", feedback: Learned(rate: 1.0))],
/// )"#).unwrap();
/// let tensors = Network::new(circuit.clone().into(), 1).tensors();
/// let overlay = draw::norms(&circuit, &tensors);
/// assert_eq!(overlay.marks.len(), 2, "W and E");
/// ```
#[must_use]
pub fn norms(circuit: &Circuit, tensors: &Tensors) -> Overlay {
    norms_by(circuit, |name| tensors.get(name).map(norm))
}

/// The same of norms that are known by the names of tensors.
pub(super) fn norms_by(circuit: &Circuit, norm_of: impl Fn(&str) -> Option<f64>) -> Overlay {
    let wiring = Wiring::new(circuit);
    let mut found: Vec<(usize, &str, f64)> = Vec::new();
    for projection in circuit.projections() {
        let of = |kind: &str| norm_of(&circuit.tensor_name(projection, kind));
        let back = || feedback(circuit, &wiring, projection);
        let generative = of("generative");
        found.extend(generative.map(|norm| (prediction(&wiring, projection), "W", norm)));
        found.extend(match projection.feedback() {
            Feedback::Silent => None,
            Feedback::Learned { .. } => of("feedback").map(|norm| (back(), "E", norm)),
            Feedback::Transposed => generative.map(|norm| (back(), "W", norm)),
            Feedback::ScaledTranspose { gain } => generative.map(|norm| (back(), "W", norm * f64::from(gain).abs())),
        });
    }
    let most = found.iter().map(|(_, _, norm)| *norm).fold(0.0, f64::max);
    let mark = |(link, name, norm): (usize, &str, f64)| {
        let width = if most > 0.0 { norm / most } else { 0.0 };
        (link, LinkMark { width: Some(width), shade: None, label: Some(format!("{name} {}", shown(norm))) })
    };
    let notes = vec!["width and number of a link: Frobenius norm of its synapses".to_owned()];
    Overlay { marks: found.into_iter().map(mark).collect(), notes, ..Overlay::default() }
}

pub(super) fn norm(matrix: &Matrix) -> f64 {
    matrix.as_slice().iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt()
}

/// A number of three digits.
fn shown(value: f64) -> String {
    match value {
        v if !v.is_finite() => format!("{v}"),
        v if v != 0.0 && !(0.01..10_000.0).contains(&v) => format!("{v:.1e}"),
        v if v >= 100.0 => format!("{v:.0}"),
        v if v >= 10.0 => format!("{v:.1}"),
        v => format!("{v:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn norms_are_of_frobenius_and_short() {
        let matrix = Matrix::from_vec(1, 2, vec![3.0, -4.0]).expect("two values");
        assert_eq!(norm(&matrix), 5.0);
        let texts = [0.0, 0.001, 0.05, 12.34, 360.4, 1e6].map(shown);
        assert_eq!(texts, ["0.00", "1.0e-3", "0.05", "12.3", "360", "1.0e6"]);
    }
}
