//! What a circuit costs, counted from its description: synapses, memory, and the work of settling.
//!
//! Figures only; who prints them decides how. Every layer is counted as free, because which senses are
//! clamped is known only when data come; a clamped layer does less.

use super::wiring::{Carries, Kind, Link, PopulationSpec, Wiring};
use super::{Circuit, LayerId, PlaceLearning};
use crate::params::{Feedback, Lateral, Optimizer, Precision};
use serde::Serialize;

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_none(count: &u64) -> bool {
    *count == 0
}

/// Bytes of a number, all of which are `f32`.
const BYTES: u64 = 4;

/// The cost of a circuit.
///
/// # Examples
/// ```
/// use gncn::{Circuit, cost::Cost};
///
/// let text = br#"(
///     name: "smallest",
///     layers: { "z0": (size: 4, sense: "image"), "z1": (size: 2, beta: 0.1) },
///     projections: [(from: "z1", to: "z0", feedback: Transposed)],
/// )"#;
/// let cost = Cost::new(&Circuit::parse(text).unwrap());
/// assert_eq!(cost.totals.parameters, 8);
/// assert_eq!(cost.totals.per_update.total(), 8 + 8, "there and back");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// One entry for each population, in the order of [`Wiring::populations`].
    pub populations: Vec<PopulationCost>,
    /// One entry for each link, in the order of [`Wiring::links`].
    pub links: Vec<LinkCost>,
    /// Sums.
    pub totals: Totals,
}

/// The cost of one population.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PopulationCost {
    /// `z1` or `z1.error`.
    pub name: String,
    /// State or error neurons.
    pub kind: Kind,
    /// Neurons.
    pub size: u64,
    /// Entries of its afferent synapses, of its covariance or variances, and of its bias.
    pub parameters: u64,
    /// Bytes of its parameters.
    pub bytes: u64,
}

/// The cost of one link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LinkCost {
    /// Name of the sender.
    pub from: String,
    /// Name of the receiver.
    pub to: String,
    /// What is sent.
    pub carries: Carries,
    /// Values in a message, per sample.
    pub width: u64,
    /// Multiply-accumulates at synapses for one dense message, per sample: at the receiver, or at the sender
    /// for the virtual pathway of type 1. A link from neuron to neuron has no synapses to count.
    pub multiply_accumulates: u64,
}

/// The cost of a circuit as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Neurons of all populations.
    pub neurons: u64,
    /// Generative and error synapses, biases, variances, and entries of covariances.
    pub parameters: u64,
    /// Bytes of the parameters, as a weights file has them.
    pub weight_bytes: u64,
    /// Bytes of the parameters, of the optimiser's two moments where it is Adam, and of the inverses of
    /// covariances.
    pub training_bytes: u64,
    /// Samples in a batch.
    pub batch: u64,
    /// Bytes of what the populations hold and send for one batch: states, drives, predictions, and the
    /// messages of every outlet.
    pub activity_bytes: u64,
    /// The work of one update of all populations, per sample.
    pub per_update: UpdateWork,
    /// Multiply-accumulates of projections with a delay, per sample: once an episode, whatever its updates.
    #[serde(skip_serializing_if = "is_none")]
    pub from_the_past: u64,
    /// Updates of an episode, at most.
    pub steps: u64,
    /// Multiply-accumulates of an episode, per sample: all its updates, the readout, in which error populations fire once
    /// more, and what comes from the past.
    pub per_settle: u64,
    /// Synaptic operations of an episode in lock-step, per sample, every sense shown and every message whole, as an
    /// account counts them: what messages cause that firings take in, precision, and pathways; without rest, readout and
    /// lateral synapses.
    pub operations: u64,
}

/// Multiply-accumulates per sample, by where they are spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct UpdateWork {
    /// Predictions: `a Wᵀ`.
    pub generative: u64,
    /// Learned feedback: `e Eᵀ`.
    pub feedback: u64,
    /// Feedback through the generative synapses: `e W`.
    pub pathways: u64,
    /// Precision: `d Σ⁻¹`.
    pub precision: u64,
    /// Lateral synapses, O(J).
    pub lateral: u64,
}

impl UpdateWork {
    /// All of it.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.of_errors() + self.feedback + self.lateral
    }

    /// What error populations do.
    fn of_errors(&self) -> u64 {
        self.generative + self.pathways + self.precision
    }
}

impl Cost {
    /// Counts a circuit.
    #[must_use]
    pub fn new(circuit: &Circuit) -> Self {
        let wiring = Wiring::new(circuit);
        let populations: Vec<_> = wiring.populations.iter().map(|spec| population(circuit, spec)).collect();
        let links: Vec<_> = wiring.links.iter().map(|link| self::link(circuit, &wiring, link)).collect();
        let totals = totals(circuit, &wiring, &populations, work(circuit, &links));
        Self { populations, links, totals }
    }
}

/// By population, multiply-accumulates of one update per sample: at its afferent synapses, in its precision and lateral
/// synapses, and for pathways that it is the source of. Together they are [`UpdateWork::total`].
#[must_use]
pub fn burdens(circuit: &Circuit, wiring: &Wiring) -> Vec<u64> {
    let mut burdens = vec![0; wiring.populations.len()];
    for link in &wiring.links {
        let who = if link.carries == Carries::Pathway { link.from } else { link.to };
        burdens[who.0] += self::link(circuit, wiring, link).multiply_accumulates;
    }
    for (id, spec) in wiring.populations() {
        let layer = circuit.layer(spec.layer);
        burdens[id.0] += match spec.kind {
            Kind::State => lateral(layer.lateral) * layer.size as u64,
            Kind::Error => precision(circuit, spec.layer),
        };
    }
    burdens
}

/// Generative and error synapses and entries of covariances of a whole circuit.
#[must_use]
pub fn parameters(circuit: &Circuit) -> u64 {
    let own: u64 = (0..circuit.layers.len()).map(|i| own_parameters(circuit, LayerId(i))).sum();
    own + circuit.projections.iter().map(|p| synapses(circuit, p)).sum::<u64>()
}

/// Generative and error synapses of a projection.
fn synapses(circuit: &Circuit, projection: &super::Projection) -> u64 {
    let copies = if matches!(projection.feedback, Feedback::Learned { .. }) { 2 } else { 1 };
    copies * circuit.synapses(projection)
}

fn size(circuit: &Circuit, layer: LayerId) -> u64 {
    circuit.layer(layer).size as u64
}

/// Synapses of one kind between two layers.
fn pairs(circuit: &Circuit, from: LayerId, to: LayerId) -> u64 {
    size(circuit, from) * size(circuit, to)
}

/// Entries of `Σ`, where it is learned.
fn covariance(circuit: &Circuit, layer: LayerId) -> u64 {
    match circuit.layer(layer).precision {
        Precision::Identity | Precision::Fixed(_) | Precision::Diagonal { .. } => 0,
        Precision::Learned { .. } => pairs(circuit, layer, layer),
    }
}

/// What an error population has besides synapses: a covariance or variances, and a bias.
fn own_parameters(circuit: &Circuit, layer: LayerId) -> u64 {
    let (of, size) = (circuit.layer(layer), size(circuit, layer));
    let variances = if matches!(of.precision, Precision::Diagonal { .. }) { size } else { 0 };
    let bias = if of.is_biased() { size } else { 0 };
    covariance(circuit, layer) + variances + bias
}

/// Multiply-accumulates of a precision, per sample: a matrix, or one factor for each neuron.
fn precision(circuit: &Circuit, layer: LayerId) -> u64 {
    match circuit.layer(layer).precision {
        Precision::Identity => 0,
        Precision::Fixed(_) | Precision::Diagonal { .. } => size(circuit, layer),
        Precision::Learned { .. } => covariance(circuit, layer),
    }
}

fn population(circuit: &Circuit, spec: &PopulationSpec) -> PopulationCost {
    let learned = |p: &&super::Projection| matches!(p.feedback, Feedback::Learned { .. });
    let all = circuit.projections.iter();
    let synapses: u64 = match spec.kind {
        Kind::State => all.filter(|p| p.from == spec.layer).filter(learned).map(|p| circuit.synapses(p)).sum(),
        Kind::Error => all.filter(|p| p.to == spec.layer).map(|p| circuit.synapses(p)).sum(),
    };
    let own = if spec.kind == Kind::Error { own_parameters(circuit, spec.layer) } else { 0 };
    let parameters = synapses + own;
    let size = size(circuit, spec.layer);
    PopulationCost { name: spec.name.clone(), kind: spec.kind, size, parameters, bytes: parameters * BYTES }
}

fn link(circuit: &Circuit, wiring: &Wiring, link: &Link) -> LinkCost {
    let (from, to) = (wiring.population(link.from), wiring.population(link.to));
    let multiply_accumulates = match link.carries {
        Carries::Activity | Carries::Mismatch | Carries::Target => link.fan as u64,
        // The sender multiplies.
        Carries::Pathway => {
            let is_it = |p: &&super::Projection| (p.from, p.to) == (to.layer, from.layer);
            circuit.projections.iter().find(is_it).map_or(0, |p| circuit.synapses(p))
        }
    };
    LinkCost {
        from: from.name.clone(),
        to: to.name.clone(),
        carries: link.carries,
        width: link.width as u64,
        multiply_accumulates,
    }
}

fn work(circuit: &Circuit, links: &[LinkCost]) -> UpdateWork {
    let spent = |carries: Carries| {
        links.iter().filter(|link| link.carries == carries).map(|link| link.multiply_accumulates).sum()
    };
    UpdateWork {
        generative: spent(Carries::Activity),
        feedback: spent(Carries::Mismatch),
        pathways: spent(Carries::Pathway),
        precision: (0..circuit.layers.len()).map(|i| precision(circuit, LayerId(i))).sum(),
        lateral: circuit.layers.iter().map(|layer| lateral(layer.lateral) * layer.size as u64).sum(),
    }
}

/// Operations of lateral synapses per neuron: one or two for a sum that is shared by neighbours (a column adds
/// each neuron once; a sliding window adds it and takes it away again), one each for inhibition and excitation.
fn lateral(lateral: Lateral) -> u64 {
    match lateral {
        Lateral::None => 0,
        Lateral::Columns { .. } => 3,
        Lateral::Band { .. } => 4,
    }
}

fn totals(circuit: &Circuit, wiring: &Wiring, populations: &[PopulationCost], per_update: UpdateWork) -> Totals {
    let parameters = populations.iter().map(|population| population.parameters).sum::<u64>();
    let inverses: u64 = (0..circuit.layers.len()).map(|i| covariance(circuit, LayerId(i))).sum();
    let batch = circuit.learning.batch as u64;
    let held: u64 = wiring.populations.iter().map(held).sum();
    let steps = circuit.settling.stopping.max_steps() as u64;
    let from_the_past = wiring.delayed.iter().map(|delayed| delayed.link.fan as u64).sum();
    Totals {
        neurons: populations.iter().map(|population| population.size).sum(),
        parameters,
        weight_bytes: parameters * BYTES,
        training_bytes: (parameters + moments(circuit) + inverses) * BYTES,
        batch,
        activity_bytes: held * batch * BYTES,
        per_update,
        steps,
        from_the_past,
        per_settle: per_update.total() * steps + per_update.of_errors() + from_the_past,
        operations: operations(circuit, wiring, per_update, steps),
    }
}

/// What Adam remembers, where it is the optimiser.
fn moments(circuit: &Circuit) -> u64 {
    let of = |place: PlaceLearning, parameters: u64| match place.optimizer(circuit.learning.optimizer) {
        Optimizer::Adam { .. } if !place.frozen => 2 * parameters,
        _ => 0,
    };
    let projections = circuit.projections.iter().map(|p| of(p.learning, synapses(circuit, p)));
    let layers = circuit.layers().map(|(id, layer)| of(layer.learning, own_parameters(circuit, id)));
    projections.chain(layers).sum()
}

/// What the account of an episode in lock-step comes to.
fn operations(circuit: &Circuit, wiring: &Wiring, per_update: UpdateWork, steps: u64) -> u64 {
    let held = |id| {
        let population = wiring.population(id);
        population.kind == Kind::State && circuit.layer(population.layer).sense().is_some()
    };
    // What a state sends in its last update, nobody uses any more.
    let uses = |link: &Link| match wiring.population(link.from).kind {
        Kind::State => steps.saturating_sub(1),
        Kind::Error => steps,
    };
    let open = wiring.links.iter().filter(|link| !held(link.from) && !held(link.to));
    let messages: u64 = open.map(|link| link.fan as u64 * uses(link)).sum();
    messages + (per_update.precision + per_update.pathways) * steps
}

/// Values per sample that a population holds (a state; or a drive and a prediction) and sends.
fn held(spec: &PopulationSpec) -> u64 {
    let own = match spec.kind {
        Kind::State => 1,
        Kind::Error => 2,
    };
    (own * spec.outlets[0] + spec.outlets.iter().sum::<usize>()) as u64
}
