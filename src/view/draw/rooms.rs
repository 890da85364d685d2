//! What stands inside a room: the words of a layer, and the sizes that they need.
//!
//! ```text
//! ┌───────────────────────────────────┐
//! │  z1      ┌──────────────────────┐ │   predictions arrive at the top of the error population
//! │  360     │ error  Gaussian      │ │
//! │  neurons └───┬──────────▲───────┘ │   the target goes up, the mismatch down
//! │          ┌───▼──────────┴───────┐ │
//! │          │ state  Relu, beta 0.1│ │
//! │          └──────────────────────┘ │   what the state population sends leaves below
//! └───────────────────────────────────┘
//! ```

use super::cables::{own_links, value};
use super::overlay::Overlay;
use super::scene::Role;
use super::text;
use crate::circuit::wiring::Wiring;
use crate::circuit::{Circuit, Layer, LayerId};
use crate::params::{Activation, Lateral, Likelihood, Precision, PrecisionForm, Prior, StepSize, Target};

/// Between the edge of a room and what stands in it.
pub(super) const PAD: f64 = 10.0;
/// Between the edge of a population and its words.
pub(super) const INSET: f64 = 10.0;
/// Between the two populations.
pub(super) const GAP: f64 = 28.0;
/// From the beginning of a heading to that of the properties beside it.
pub(super) const HEADING: f64 = 42.0;
/// What a loop of lateral synapses takes beside its population.
pub(super) const LOOP: f64 = 18.0;
/// The narrowest population.
const LEAST: f64 = 170.0;
/// Between a line and the label at its arrow.
pub(super) const BESIDE: f64 = 9.0;

/// The words of one layer.
#[derive(Debug, Clone)]
pub(super) struct Words {
    pub(super) name: String,
    pub(super) neurons: String,
    pub(super) sense: Option<String>,
    /// Properties of the error population, where there is one.
    pub(super) error: Option<Vec<String>>,
    pub(super) state: Vec<String>,
    /// Pixels across and down of a picture below the words of the state population, where there is one.
    pub(super) picture: Option<(f64, f64)>,
}

/// Sizes that all rooms of a drawing share, so that they look alike and stand in line.
#[derive(Debug, Clone, Copy)]
pub(super) struct DrawingMeasures {
    /// The column with the names.
    pub(super) names: f64,
    /// The populations.
    pub(super) cell: f64,
    /// What follows the populations on the right.
    pub(super) right: f64,
}

impl Words {
    pub(super) fn of(circuit: &Circuit, id: LayerId) -> Self {
        let layer = circuit.layer(id);
        Self {
            name: text::shortened(layer.name(), 24),
            neurons: format!("{} {}", grouped(layer.size()), if layer.size() == 1 { "neuron" } else { "neurons" }),
            sense: layer.sense().as_ref().map(|sense| text::shortened(sense, 24)),
            error: circuit.is_predicted(id).then(|| error(layer)),
            state: state(layer, circuit.is_predicted(id)),
            picture: None,
        }
    }

    /// The same, with what `overlay` shows in it: one more line, and room for a picture.
    pub(super) fn with_shown(mut self, overlay: &Overlay, id: LayerId) -> Self {
        self.state.extend(overlay.rooms.get(&id).map(|mark| text::shortened(&mark.line, 40)));
        Self { picture: overlay.pictures.get(&id).map(|picture| picture.sides), ..self }
    }

    /// The height of the room.
    pub(super) fn height(&self) -> f64 {
        let error = self.error.as_ref().map_or(0.0, |lines| cell_height(lines.len()) + GAP);
        let cells = error + self.state_height();
        cells.max(self.names_height()) + 2.0 * PAD
    }

    /// The height of the state population.
    pub(super) fn state_height(&self) -> f64 {
        cell_height(self.state.len()) + self.picture.map_or(0.0, |(_, height)| height + 6.0)
    }

    fn names_height(&self) -> f64 {
        let lines = text::line_height(Role::Name) + text::line_height(Role::Detail);
        lines + self.sense.as_ref().map_or(0.0, |_| text::line_height(Role::Sense) + 10.0)
    }
}

impl DrawingMeasures {
    pub(super) fn of(circuit: &Circuit, wiring: &Wiring, overlay: &Overlay, words: &[Words]) -> Self {
        let most = |widths: &mut dyn Iterator<Item = f64>| widths.fold(0.0, f64::max);
        let of_names = |words: &Words| {
            let sense = words.sense.as_ref().map_or(0.0, |sense| text::width(sense, Role::Sense) + 14.0);
            text::width(&words.name, Role::Name).max(text::width(&words.neurons, Role::Detail)).max(sense)
        };
        let of_lines = |lines: &[String]| most(&mut lines.iter().map(|line| text::width(line, Role::Detail)));
        let details =
            words.iter().map(|words| of_lines(&words.state).max(words.error.as_deref().map_or(0.0, of_lines)));
        let label = |link: usize| overlay.label(link).map_or(0.0, |label| text::width(&value(label), Role::Value));
        let own = circuit.layers().filter_map(|(id, _)| own_links(wiring, id));
        // A third of the population for each label between the two, and some air.
        let between = own.map(|(target, mismatch)| 3.0 * (label(target).max(label(mismatch)) + BESIDE + 6.0));
        let pictures = most(&mut words.iter().filter_map(|words| Some(words.picture?.0 + 2.0 * INSET)));
        let has_loops = circuit.layers().any(|(_, layer)| layer.lateral() != Lateral::None);
        Self {
            names: most(&mut words.iter().map(of_names)) + PAD,
            cell: [most(&mut details.map(|width| width + HEADING + 2.0 * INSET)), most(&mut { between }), pictures]
                .into_iter()
                .fold(LEAST, f64::max),
            right: PAD + if has_loops { LOOP } else { 0.0 },
        }
    }
}

/// The height of a population with so many lines of properties.
pub(super) fn cell_height(lines: usize) -> f64 {
    lines.max(1) as f64 * text::line_height(Role::Detail) + 12.0
}

/// A count with a comma between thousands.
pub(super) fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn error(layer: &Layer) -> Vec<String> {
    let likelihood = match layer.likelihood() {
        Likelihood::Gaussian => "Gaussian",
        Likelihood::Bernoulli => "Bernoulli",
    };
    let mut lines = vec![format!("{likelihood}, mean {}", function(layer.mean()))];
    if layer.is_biased() {
        lines.push("bias learned".to_owned());
    }
    match layer.precision() {
        Precision::Identity if layer.likelihood() == Likelihood::Bernoulli => (),
        Precision::Identity => lines.push("precision 1".to_owned()),
        Precision::Fixed(p) => lines.push(format!("precision {p}")),
        Precision::Diagonal { floor } => lines.push(format!("variances learned, ≥ {floor}")),
        Precision::Learned { floor, form } => {
            let form = if form == PrecisionForm::Factor { ", factor" } else { "" };
            lines.push(format!("precision learned{form}, Σ ≥ {floor}"));
        }
    }
    lines
}

fn state(layer: &Layer, is_predicted: bool) -> Vec<String> {
    let derivative = if layer.derivative() { ", φ′ in feedback" } else { "" };
    let mut lines = vec![format!("{}{derivative}", function(layer.activation()))];
    let beta = layer.beta().get();
    let moves = match layer.leak().get() {
        0.0 => format!("β {beta}"),
        leak => format!("β {beta}, leak {leak}"),
    };
    match layer.sense() {
        None => lines.push(moves),
        // A sensory layer moves only where it is masked or released.
        Some(_) if layer.beta() == StepSize::SENSORY && layer.leak().get() == 0.0 => (),
        Some(_) => lines.push(format!("where hidden: {moves}")),
    }
    match layer.prior() {
        Prior::None => (),
        Prior::Laplace(rate) => lines.push(format!("prior Laplace {rate}")),
        Prior::Gaussian(rate) => lines.push(format!("prior Gaussian {rate}")),
        Prior::Cauchy(rate) => lines.push(format!("prior Cauchy {rate}")),
    }
    match layer.lateral() {
        Lateral::None => (),
        Lateral::Columns { size, .. } => {
            let columns = layer.size() / size.max(1);
            let word = if columns == 1 { "column" } else { "columns" };
            lines.push(format!("{} {word} of {}", grouped(columns), grouped(size)));
        }
        Lateral::Band { width, .. } => lines.push(format!("band of {} on either side", grouped(width))),
    }
    if is_predicted && layer.target() == Target::Activity {
        lines.push("target is the activity".to_owned());
    }
    lines
}

fn function(function: Activation) -> String {
    match function {
        Activation::LeakyRelu(slope) => format!("LeakyRelu {slope}"),
        Activation::Elu(alpha) => format!("Elu {alpha}"),
        Activation::KWinners(count) => format!("{} winners", grouped(count)),
        other => format!("{other:?}"),
    }
}
