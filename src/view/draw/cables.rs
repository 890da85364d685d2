//! Levels of layers, and the lines that run between rooms, bundled by projection.
//!
//! A layer stands one level above the highest layer that it predicts, so predictions go down and mismatches go up. Where
//! layers predict each other in a circle, some projection has to go up instead: the one whose source is nearest to a
//! sense, so that senses stay below.

use super::overlay::Overlay;
use super::scene::{LinkKind, Role};
use super::text;
use crate::circuit::wiring::{Carries, Kind, Wiring};
use crate::circuit::{Circuit, LayerId, Projection};
use crate::params::Feedback;

/// The lines of one projection: its prediction and, where mismatch returns, the feedback.
#[derive(Debug, Clone)]
pub(super) struct Cable {
    pub(super) from: LayerId,
    pub(super) to: LayerId,
    /// The prediction first.
    pub(super) strands: Vec<Strand>,
}

/// One line of a cable.
#[derive(Debug, Clone)]
pub(super) struct Strand {
    pub(super) link: usize,
    pub(super) kind: LinkKind,
    /// Pixels of its label, which stands at its arrow; 0 without one.
    pub(super) label: f64,
}

impl Strand {
    /// Whether it runs from the error population to the state population.
    pub(super) fn is_feedback(&self) -> bool {
        matches!(self.kind, LinkKind::Feedback | LinkKind::Pathway)
    }
}

/// The level of every layer, 0 below.
pub(super) fn levels(circuit: &Circuit) -> Vec<usize> {
    let order = order(circuit);
    let mut place = vec![0; order.len()];
    order.iter().enumerate().for_each(|(at, layer)| place[*layer] = at);
    let mut levels = vec![0; order.len()];
    for &layer in &order {
        let below = circuit.projections().iter().filter(|p| p.from().0 == layer && place[p.to().0] < place[layer]);
        levels[layer] = below.map(|p| levels[p.to().0] + 1).max().unwrap_or(0);
    }
    levels
}

/// Layers from below: one comes when all that it predicts have come, or, in a circle, when it is the nearest to a sense.
fn order(circuit: &Circuit) -> Vec<usize> {
    let count = circuit.layers().len();
    let heights = heights(circuit);
    let mut order: Vec<usize> = Vec::with_capacity(count);
    let mut is_placed = vec![false; count];
    while order.len() < count {
        let waits = |layer: usize| {
            let mut ahead = circuit.projections().iter().filter(|p| p.from().0 == layer && p.to() != p.from());
            ahead.any(|p| !is_placed[p.to().0])
        };
        let left: Vec<usize> = (0..count).filter(|layer| !is_placed[*layer]).collect();
        let mut next: Vec<usize> = left.iter().copied().filter(|layer| !waits(*layer)).collect();
        if next.is_empty() {
            next.extend(left.into_iter().min_by_key(|layer| (heights[*layer], *layer)));
        }
        next.iter().for_each(|layer| is_placed[*layer] = true);
        order.extend(next);
    }
    order
}

/// Projections from every layer down to the nearest sense; `usize::MAX` where no way leads to one.
fn heights(circuit: &Circuit) -> Vec<usize> {
    let mut heights = vec![usize::MAX; circuit.layers().len()];
    circuit.senses().for_each(|(_, id)| heights[id.0] = 0);
    for _ in 0..circuit.layers().len() {
        for projection in circuit.projections() {
            let through = heights[projection.to().0].saturating_add(1);
            heights[projection.from().0] = heights[projection.from().0].min(through);
        }
    }
    heights
}

/// Which connected part of the circuit a layer belongs to, numbered in the order of the layers.
pub(super) fn parts(circuit: &Circuit) -> Vec<usize> {
    let mut parts: Vec<usize> = (0..circuit.layers().len()).collect();
    loop {
        let before = parts.clone();
        for projection in circuit.projections() {
            let least = parts[projection.from().0].min(parts[projection.to().0]);
            parts[projection.from().0] = least;
            parts[projection.to().0] = least;
        }
        if parts == before {
            return parts;
        }
    }
}

/// The cables of a circuit, one for each projection, in the order of the file.
pub(super) fn cables(circuit: &Circuit, wiring: &Wiring, overlay: &Overlay) -> Vec<Cable> {
    let levels = levels(circuit);
    let cable = |projection: &Projection| {
        let strand = |link: usize, kind: LinkKind| {
            let label = overlay.label(link).map_or(0.0, |label| text::width(&value(label), Role::Value));
            Strand { link, kind, label }
        };
        let is_skip = is_skip(circuit, &levels, projection);
        let kind = if is_skip { LinkKind::Skip } else { LinkKind::Generative };
        let mut strands = vec![strand(prediction(wiring, projection), kind)];
        let kind = match projection.feedback() {
            Feedback::Silent => None,
            Feedback::Learned { .. } => Some(LinkKind::Feedback),
            _ => Some(LinkKind::Pathway),
        };
        strands.extend(kind.map(|kind| strand(feedback(circuit, wiring, projection), kind)));
        Cable { from: projection.from(), to: projection.to(), strands }
    };
    circuit.projections().iter().map(cable).collect()
}

/// The label of a link as it is shown.
pub(super) fn value(label: &str) -> String {
    text::shortened(label, 24)
}

/// Whether a longer way leads down from the one layer to the other.
fn is_skip(circuit: &Circuit, levels: &[usize], projection: &Projection) -> bool {
    let (from, to) = (projection.from(), projection.to());
    if levels[from.0] <= levels[to.0] + 1 {
        return false;
    }
    let mut is_reached = vec![false; levels.len()];
    let mut open = vec![from];
    while let Some(layer) = open.pop() {
        let down = circuit.projections().iter().filter(|p| p.from() == layer && levels[p.to().0] < levels[layer.0]);
        for next in down.filter(|p| (p.from(), p.to()) != (from, to)) {
            if next.to() == to {
                return true;
            }
            if !std::mem::replace(&mut is_reached[next.to().0], true) {
                open.push(next.to());
            }
        }
    }
    false
}

/// The link that carries the prediction of a projection.
pub(super) fn prediction(wiring: &Wiring, projection: &Projection) -> usize {
    let (from, to) = (wiring.state_of(projection.from()), wiring.error_of(projection.to()));
    let mut links = wiring.links.iter().chain(wiring.delayed.iter().map(|delayed| &delayed.link));
    let found = links.position(|l| l.from == from && Some(l.to) == to && l.carries == Carries::Activity);
    found.expect("a projection is a link from the state population of its source")
}

/// The link that carries its mismatch back; the projection is not silent.
pub(super) fn feedback(circuit: &Circuit, wiring: &Wiring, projection: &Projection) -> usize {
    // A layer that predicts itself hears its own mismatch twice, so only the inlet tells the two apart.
    let heard = circuit.efferents(projection.from()).into_iter().filter(|p| p.feedback() != Feedback::Silent);
    let inlet = heard.map(|p| p.to()).position(|to| to == projection.to());
    let to = wiring.state_of(projection.from());
    let found = wiring.links.iter().position(|l| l.to == to && Some(l.inlet) == inlet);
    found.expect("a projection that is not silent has an inlet at the state population of its source")
}

/// The links between the two populations of a layer that is predicted: the target, and the mismatch.
pub(super) fn own_links(wiring: &Wiring, layer: LayerId) -> Option<(usize, usize)> {
    let (state, error) = (wiring.state_of(layer), wiring.error_of(layer)?);
    debug_assert_eq!(wiring.population(state).kind, Kind::State);
    let target = wiring.links.iter().position(|l| l.from == state && l.to == error && l.carries == Carries::Target)?;
    // Its own mismatch is the last inlet of a state population.
    let own = wiring.links.iter().rposition(|l| l.from == error && l.to == state && l.carries == Carries::Mismatch)?;
    Some((target, own))
}
