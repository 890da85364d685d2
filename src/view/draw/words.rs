//! A circuit in sentences: the text alternative of its drawing, and the titles of rooms and links.

use super::cables::levels;
use super::overlay::Overlay;
use super::rooms::{Words, grouped};
use crate::circuit::wiring::{Carries, Kind, Wiring};
use crate::circuit::{Circuit, LayerId};
use crate::params::Feedback;

/// The whole circuit, level by level from below.
pub(super) fn description(circuit: &Circuit, overlay: &Overlay) -> String {
    let levels = levels(circuit);
    let top = levels.iter().max().map_or(0, |top| top + 1);
    let count = |n: usize, one: &str| format!("{} {one}{}", grouped(n), if n == 1 { "" } else { "s" });
    let mut text = format!(
        "A circuit of {} on {} with {}. Predictions go down, mismatches go up.",
        count(circuit.layers().len(), "layer"),
        count(top, "level"),
        count(circuit.projections().len(), "projection")
    );
    for level in 0..top {
        text.push_str(&format!(" Level {level}:"));
        for (id, _) in circuit.layers().filter(|(id, _)| levels[id.0] == level) {
            text.push_str(&format!(" {}", layer(circuit, id)));
        }
    }
    for note in &overlay.notes {
        text.push_str(&format!(" Shown: {note}."));
    }
    if let Some(scale) = &overlay.scale {
        text.push_str(&format!(" Colours: {}, from {} to {}.", scale.quantity, scale.low, scale.high));
    }
    text
}

/// One layer and what predicts it.
pub(super) fn layer(circuit: &Circuit, id: LayerId) -> String {
    let words = Words::of(circuit, id);
    let name = &circuit.layer(id).name();
    let sense = words.sense.as_ref().map(|sense| format!(", held at the sense {sense}")).unwrap_or_default();
    let mut text = format!("{name}, {}{sense}; state population: {}", words.neurons, words.state.join(", "));
    if let Some(error) = &words.error {
        text.push_str(&format!("; error population: {}", error.join(", ")));
    }
    let afferents = circuit.afferents(id);
    let one = |from: LayerId, feedback: Feedback| {
        let feedback = match feedback {
            Feedback::Learned { rate: 1.0 } => "learned feedback".to_owned(),
            Feedback::Learned { rate } => format!("feedback learned at {rate} times the rate"),
            Feedback::Transposed => "feedback through the same synapses".to_owned(),
            Feedback::ScaledTranspose { gain } => format!("feedback through the same synapses times {gain}"),
            Feedback::Silent => "no feedback".to_owned(),
        };
        format!("{} ({feedback})", circuit.layer(from).name())
    };
    if afferents.is_empty() {
        text.push_str("; nothing predicts it.");
    } else {
        let all: Vec<String> = afferents.iter().map(|p| one(p.from(), p.feedback())).collect();
        text.push_str(&format!("; predicted by {}.", all.join(", ")));
    }
    text
}

/// One link.
pub(super) fn link(wiring: &Wiring, place: usize) -> String {
    let link = wiring.link_at(place);
    let ago = match place.checked_sub(wiring.links.len()).map(|at| wiring.delayed[at].frames) {
        None => String::new(),
        Some(1) => " of the frame before".to_owned(),
        Some(frames) => format!(" of {frames} frames before"),
    };
    let (from, to) = (wiring.population(link.from), wiring.population(link.to));
    let carries = match link.carries {
        Carries::Activity => &format!("activity{ago}, through generative synapses"),
        Carries::Target => "target, neuron to neuron",
        Carries::Mismatch if from.layer == to.layer && from.kind == Kind::Error && link.fan == 0 => {
            "mismatch, neuron to neuron"
        }
        Carries::Mismatch => "mismatch, through learned error synapses",
        Carries::Pathway => "mismatch, through generative synapses read backwards",
    };
    format!("{} to {}: {carries}; {} wide", from.name, to.name, grouped(link.width))
}
