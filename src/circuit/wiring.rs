//! Who talks to whom: populations, their local outlets and inlets, and the links between them.
//!
//! This is the only place that knows both ends of a link. A population sees the numbers of its own inlets and
//! outlets; an executor sees links. The numbering is a contract that populations are built by:
//!
//! | population | outlets | inlets |
//! |---|---|---|
//! | state k | 0 activity, 1 target (where it is predicted) | one for each projection *from* k that has feedback, by name of the predicted layer; then, where k is predicted, its own mismatch |
//! | error s | 0 mismatch; then one for each projection *to* s that is read backwards, by name of the source | one for each projection *to* s, by name of the source; then the target |
//!
//! A projection with a delay has its inlet like any other, and no link leads there: what the inlet holds is there before an
//! episode begins, and stays.

pub use super::ids::PopulationId;

use super::description::Circuit;
use super::ids::LayerId;
pub use crate::params::Carries;
use crate::params::Feedback;
use serde::Serialize;

/// What kind of neurons a population holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Kind {
    /// Error neurons.
    Error,
    /// State neurons.
    State,
}

/// One population of a circuit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PopulationSpec {
    /// `z1` or `z1.error`.
    pub name: String,
    /// The layer it belongs to.
    pub layer: LayerId,
    /// State or error neurons.
    pub kind: Kind,
    /// How many inlets it has.
    pub inlets: usize,
    /// The width, in neurons, of what each of its outlets sends.
    pub outlets: Vec<usize>,
}

/// One sender to one receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// The sender.
    pub from: PopulationId,
    /// Which of the sender's outlets.
    pub outlet: usize,
    /// The receiver.
    pub to: PopulationId,
    /// Which of the receiver's inlets.
    pub inlet: usize,
    /// What is sent.
    pub carries: Carries,
    /// Neurons of the sender whose values arrive: the width of a message.
    pub width: usize,
    /// Multiply-accumulates per sample that a dense message causes at the receiver's synapses; 0 where it meets none.
    pub fan: usize,
}

/// The populations of a circuit and the links between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wiring {
    /// State populations in the order of the layers, then error populations in the same order.
    pub populations: Vec<PopulationSpec>,
    /// Links, ordered by receiver and inlet.
    pub links: Vec<Link>,
    /// Links on which nothing travels while an episode lasts, in the same order: what they brought has been there before.
    pub delayed: Vec<DelayedLink>,
}

/// A link whose receiver has, through all of an episode, what its sender had at a readout before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DelayedLink {
    /// Sender and receiver; it carries activity.
    pub link: Link,
    /// How many frames ago, 1 or more.
    pub frames: usize,
}

impl Wiring {
    /// The wiring of a circuit.
    #[must_use]
    pub fn new(circuit: &Circuit) -> Self {
        let mut wiring = Self { populations: Vec::new(), links: Vec::new(), delayed: Vec::new() };
        for (id, _) in circuit.layers() {
            wiring.populations.push(state_spec(circuit, id));
        }
        for (id, _) in circuit.layers().filter(|(id, _)| circuit.is_predicted(*id)) {
            wiring.populations.push(error_spec(circuit, id));
        }
        for (id, _) in circuit.layers() {
            wiring.link_state(circuit, id);
        }
        for (id, _) in circuit.layers().filter(|(id, _)| circuit.is_predicted(*id)) {
            wiring.link_error(circuit, id);
        }
        wiring.links.sort_by_key(|link| (link.to, link.inlet));
        wiring.delayed.sort_by_key(|delayed| (delayed.link.to, delayed.link.inlet));
        wiring
    }

    /// The state population of a layer.
    #[must_use]
    pub fn state_of(&self, layer: LayerId) -> PopulationId {
        PopulationId(layer.0)
    }

    /// The error population of a layer, where it is predicted.
    #[must_use]
    pub fn error_of(&self, layer: LayerId) -> Option<PopulationId> {
        self.populations.iter().position(|p| p.layer == layer && p.kind == Kind::Error).map(PopulationId)
    }

    /// The population of a name such as `z1` or `z1.error`.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<PopulationId> {
        self.populations.iter().position(|p| p.name == name).map(PopulationId)
    }

    /// What is known of a population.
    #[must_use]
    pub fn population(&self, id: PopulationId) -> &PopulationSpec {
        &self.populations[id.0]
    }

    /// Every population with its id.
    pub fn populations(&self) -> impl Iterator<Item = (PopulationId, &PopulationSpec)> {
        self.populations.iter().enumerate().map(|(i, spec)| (PopulationId(i), spec))
    }

    /// A link by its place: those that carry messages first, delayed ones behind them.
    ///
    /// # Panics
    /// Where there is none.
    #[must_use]
    pub fn link_at(&self, place: usize) -> &Link {
        self.links.get(place).unwrap_or_else(|| &self.delayed[place - self.links.len()].link)
    }

    /// How many frames back the delayed links look; 0 where there are none.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.delayed.iter().map(|delayed| delayed.frames).max().unwrap_or(0)
    }

    /// The links that arrive at a population, by inlet.
    pub fn arriving(&self, to: PopulationId) -> impl Iterator<Item = &Link> {
        self.links.iter().filter(move |link| link.to == to)
    }

    /// The links that leave a population.
    pub fn leaving(&self, from: PopulationId) -> impl Iterator<Item = &Link> {
        self.links.iter().filter(move |link| link.from == from)
    }

    /// Inlets of the state population of `layer`.
    fn link_state(&mut self, circuit: &Circuit, layer: LayerId) {
        let to = self.state_of(layer);
        let mut inlet = 0;
        for projection in circuit.efferents(layer).iter().filter(|p| p.feedback != Feedback::Silent) {
            let from = self.expect_error(projection.to);
            let predicted = circuit.layer(projection.to).size;
            let own = circuit.layer(layer).size;
            let synapses = circuit.synapses(projection) as usize;
            let (outlet, carries, width, fan) = match projection.feedback {
                Feedback::Learned { .. } => (0, Carries::Mismatch, predicted, synapses),
                // The sender has multiplied.
                _ => (pathway_outlet(circuit, projection.to, layer), Carries::Pathway, own, 0),
            };
            self.links.push(Link { from, outlet, to, inlet, carries, width, fan });
            inlet += 1;
        }
        if let Some(from) = self.error_of(layer) {
            let width = circuit.layer(layer).size;
            self.links.push(Link { from, outlet: 0, to, inlet, carries: Carries::Mismatch, width, fan: 0 });
        }
    }

    /// Inlets of the error population of `layer`.
    fn link_error(&mut self, circuit: &Circuit, layer: LayerId) {
        let to = self.expect_error(layer);
        let own = circuit.layer(layer).size;
        let afferents = circuit.afferents(layer);
        for (inlet, projection) in afferents.iter().enumerate() {
            let width = circuit.layer(projection.from).size;
            let from = self.state_of(projection.from);
            let fan = circuit.synapses(projection) as usize;
            let link = Link { from, outlet: 0, to, inlet, carries: Carries::Activity, width, fan };
            match projection.delay {
                None => self.links.push(link),
                Some(frames) => self.delayed.push(DelayedLink { link, frames }),
            }
        }
        let from = self.state_of(layer);
        let inlet = afferents.len();
        self.links.push(Link { from, outlet: 1, to, inlet, carries: Carries::Target, width: own, fan: 0 });
    }

    fn expect_error(&self, layer: LayerId) -> PopulationId {
        self.error_of(layer).expect("the target of a projection is predicted")
    }
}

fn state_spec(circuit: &Circuit, id: LayerId) -> PopulationSpec {
    let layer = circuit.layer(id);
    let predicted = circuit.is_predicted(id);
    let heard = circuit.efferents(id).iter().filter(|p| p.feedback != Feedback::Silent).count();
    PopulationSpec {
        name: layer.name.clone(),
        layer: id,
        kind: Kind::State,
        inlets: heard + usize::from(predicted),
        outlets: vec![layer.size; if predicted { 2 } else { 1 }],
    }
}

fn error_spec(circuit: &Circuit, id: LayerId) -> PopulationSpec {
    let layer = circuit.layer(id);
    let afferents = circuit.afferents(id);
    let backwards = afferents.iter().filter(|p| is_backwards(p.feedback)).map(|p| circuit.layer(p.from).size);
    PopulationSpec {
        name: format!("{}.error", layer.name),
        layer: id,
        kind: Kind::Error,
        inlets: afferents.len() + 1,
        outlets: std::iter::once(layer.size).chain(backwards).collect(),
    }
}

/// Which outlet of the error population of `to` carries `e W` back to `from`.
fn pathway_outlet(circuit: &Circuit, to: LayerId, from: LayerId) -> usize {
    let backwards = circuit.afferents(to).into_iter().filter(|p| is_backwards(p.feedback)).position(|p| p.from == from);
    1 + backwards.expect("a backwards projection is among the afferents of its target")
}

fn is_backwards(feedback: Feedback) -> bool {
    matches!(feedback, Feedback::Transposed | Feedback::ScaledTranspose { .. })
}
