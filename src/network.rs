//! A network: the populations of a circuit, with their synapses, ready to run.

mod error;
mod own;
mod owned;
mod reach;

pub use error::WeightsError;
pub use own::{bias_name, covariance_name};
pub use owned::{is_kept, synapse_owners};

use crate::activities::Activities;
use crate::blame::{Blame, Blamed};
use crate::circuit::wiring::{Kind, PopulationId, Wiring};
use crate::circuit::{Circuit, Layer, LayerId, Projection};
use crate::episode::Episode;
use crate::kernels::update::UpdateRule;
use crate::learning::{Ascent, Bias, Moments, OwnPrecision, Plasticity, Refused};
use crate::matrix::Matrix;
use crate::params::{Arrivals, Feedback, Messages, Reach, Reading, When};
use crate::population::{AnyPopulation, ErrorPopulation, Returned, StatePopulation};
use crate::synapse::Synapses;
use crate::weights::Weights;
use own::precision_name;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Weights by name, in the layout of files: `z2_to_z1.generative` `[to, from]`, `z2_to_z1.feedback` `[from, to]`,
/// `z1.covariance`; one number for each neuron as `[1, J]`: `z1.bias`, `z1.variance`.
pub type Tensors = BTreeMap<String, Matrix>;

/// Populations built from a circuit.
#[derive(Debug, Clone)]
pub struct Network {
    circuit: Arc<Circuit>,
    wiring: Arc<Wiring>,
    populations: Vec<AnyPopulation>,
    /// Means and standard deviations of senses that are read standardised: nobody's synapses, and yet what was learned
    /// means nothing without them.
    moments: Tensors,
}

/// A learning step that was refused; nothing of the covariance has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error(
    "layer \"{layer}\": the learning step would make the covariance lose its Cholesky factor, so it was refused; a lower \
     learning rate or a higher precision floor avoids it"
)]
pub struct LearningError {
    /// The layer whose covariance it is.
    pub layer: String,
}

impl Blamed for LearningError {
    fn blame(&self) -> Blame {
        Blame::Run
    }
}

impl Network {
    /// A network with synapses drawn from `seed`: each tensor from a stream of its own, so that they depend on the
    /// names of layers and not on the order of the file.
    #[must_use]
    pub fn new(circuit: Arc<Circuit>, seed: u64) -> Self {
        Self::drawn_in_part(circuit, seed, &|_| true)
    }

    /// [`Network::new`] of which this process has the synapses of its `own` populations only.
    #[must_use]
    pub fn drawn_in_part(circuit: Arc<Circuit>, seed: u64, own: &dyn Fn(PopulationId) -> bool) -> Self {
        let owners = synapse_owners(&circuit);
        let tensors = owned::drawn(&circuit, seed, tensor_shapes(&circuit), &|name| is_kept(&owners, own, name));
        Self::in_part(circuit, &tensors, own).expect("drawn weights fit the circuit they were drawn for")
    }

    /// A network with given weights.
    ///
    /// # Errors
    /// [`WeightsError`] where they do not fit the circuit.
    pub fn with_weights(circuit: Arc<Circuit>, tensors: &Tensors) -> Result<Self, WeightsError> {
        Self::in_part(circuit, tensors, &|_| true)
    }

    /// A network of which this process has the synapses of its `own` populations only, where ranks of a job share a circuit
    /// that no machine could hold: populations that aren't its own have their precision and bias, hear and are told of, and
    /// must not fire here. `tensors` may leave out synapses of theirs ([`synapse_owners`]).
    ///
    /// # Errors
    /// As [`Network::with_weights`].
    pub fn in_part(
        circuit: Arc<Circuit>,
        tensors: &Tensors,
        own: &dyn Fn(PopulationId) -> bool,
    ) -> Result<Self, WeightsError> {
        let wiring = Wiring::new(&circuit);
        let known = tensor_shapes(&circuit);
        if let Some(name) = tensors.keys().find(|name| !known.contains_key(*name)) {
            return Err(WeightsError::Unknown { name: name.clone() });
        }
        let build = Build { circuit: &circuit, tensors, shapes: &known, is_own: true };
        let populations = wiring.populations().map(|(id, spec)| {
            let build = Build { is_own: own(id), ..build };
            match spec.kind {
                Kind::State => build.state(spec.layer),
                Kind::Error => build.error(spec.layer),
            }
        });
        let populations = populations.collect::<Result<Vec<_>, _>>()?;
        check_links(&wiring, &populations);
        let moments = standardised(&circuit).flat_map(|(sense, _)| moments_names(sense));
        let moments = moments.map(|name| Ok((name.clone(), build.tensor(&name)?.clone())));
        let moments = moments.collect::<Result<_, _>>()?;
        let mut network = Self { wiring: Arc::new(wiring), circuit, populations, moments };
        network.at_epoch(0);
        Ok(network)
    }

    /// Keeps mean and sd `[1, J]` of a sense that is read standardised with the weights, as `SENSE.mean` and `SENSE.sd`.
    /// Those of any other sense, or of another size, are let go.
    pub fn keep_moments(&mut self, sense: &str, moments: [Matrix; 2]) {
        for (name, matrix) in moments_names(sense).into_iter().zip(moments) {
            if let Some(kept) = self.moments.get_mut(&name).filter(|kept| kept.cols() == matrix.cols()) {
                *kept = matrix;
            }
        }
    }

    /// The circuit it was built from.
    #[must_use]
    pub fn circuit(&self) -> &Arc<Circuit> {
        &self.circuit
    }

    /// Who talks to whom.
    #[must_use]
    pub fn wiring(&self) -> &Arc<Wiring> {
        &self.wiring
    }

    /// The populations, in the order of the wiring.
    #[must_use]
    pub fn populations(&self) -> &[AnyPopulation] {
        &self.populations
    }

    /// The populations, to be lent to actors and put back.
    #[must_use]
    pub fn populations_mut(&mut self) -> &mut Vec<AnyPopulation> {
        &mut self.populations
    }

    /// One population.
    #[must_use]
    pub fn population(&self, id: PopulationId) -> &AnyPopulation {
        &self.populations[id.0]
    }

    /// Brings every population to rest on an episode, in lanes of `shards_per_lane` shards of samples; messages say how
    /// they travel and arrive. Storage of `activities` is reused where their last episode had the same shape.
    pub fn rest(
        &self,
        activities: &mut Activities,
        episode: &Episode,
        messages: (Messages, Arrivals),
        shards_per_lane: usize,
    ) {
        activities.rest((&self.wiring, &self.populations), episode, messages, shards_per_lane);
    }

    /// Every population learns from its own activities, in parallel: no rule reads what another population owns.
    ///
    /// # Errors
    /// [`LearningError`] where a covariance would lose its Cholesky factor.
    pub fn learn(&mut self, activities: &Activities) -> Result<(), LearningError> {
        let all: Vec<_> = (0..self.populations.len()).map(PopulationId).collect();
        self.learn_some(activities, &all)
    }

    /// The populations of `ids` learn from their own activities.
    ///
    /// # Errors
    /// As [`Network::learn`].
    pub fn learn_some(&mut self, activities: &Activities, ids: &[PopulationId]) -> Result<(), LearningError> {
        let (circuit, wiring) = (&self.circuit, &self.wiring);
        let chosen = self.populations.par_iter_mut().enumerate().filter(|(i, _)| ids.contains(&PopulationId(*i)));
        // Everybody learns, also where one is refused, so that what is learned does not depend on who was first.
        let results: Vec<_> = chosen
            .map(|(i, population)| {
                let own = activities.of(PopulationId(i));
                let layer = || circuit.layer(wiring.populations[i].layer).name().to_owned();
                population.learn(&own, activities.rows()).map_err(|Refused| LearningError { layer: layer() })
            })
            .collect();
        results.into_iter().collect()
    }

    /// A state population learns the error synapses of one of its inlets, from what the inlet holds (Eq. 17).
    pub fn learn_inlet(&mut self, activities: &Activities, id: PopulationId, inlet: usize) {
        self.populations[id.0].learn_inlet(inlet, &activities.of(id), activities.rows());
    }

    /// The free energy of each sample as of the last firing of each error population, in nats, by layer in the order of the
    /// wiring: `[rows]` each. After a settle that is the readout.
    #[must_use]
    pub fn free_energies(&self, activities: &Activities) -> Vec<(LayerId, Vec<f64>)> {
        let of_layer = |(i, population): (usize, &AnyPopulation)| {
            let AnyPopulation::Error(population) = population else { return None };
            let mut each = vec![0.0; activities.rows()];
            for lane in activities.lanes() {
                if let Some(activity) = lane.activities[i].error() {
                    population.free_energy(activity, &mut each[lane.rows.clone()]);
                }
            }
            Some((self.wiring.population(PopulationId(i)).layer, each))
        };
        self.populations.iter().enumerate().filter_map(of_layer).collect()
    }

    /// Every optimiser, by the name of what it ascends.
    #[must_use]
    pub fn ascents(&self) -> Vec<(String, &Ascent)> {
        let mut found = Vec::new();
        for (population, spec) in self.populations.iter().zip(&self.wiring.populations) {
            let layer = self.circuit.layer(spec.layer);
            found.extend(population.synapses().into_iter().map(|s| (s.name().to_owned(), s.ascent())));
            found.extend(population.bias().map(|bias| (bias_name(layer), bias.ascent())));
            let precision = population.precision().and_then(OwnPrecision::ascent);
            found.extend(precision.map(|ascent| (precision_name(layer), ascent)));
        }
        found
    }

    /// Every optimiser, to be restored.
    #[must_use]
    pub fn ascents_mut(&mut self) -> Vec<(String, &mut Ascent)> {
        let names: Vec<String> = self.ascents().into_iter().map(|(name, _)| name).collect();
        let ascents = self.populations.iter_mut().flat_map(AnyPopulation::ascents_mut);
        names.into_iter().zip(ascents).collect()
    }

    /// Optimisers go on with `moments`, by the name of what they ascend; those that don't fit are let go.
    pub fn remember(&mut self, mut moments: BTreeMap<String, Moments>) {
        for (name, ascent) in self.ascents_mut() {
            if let Some(moments) = moments.remove(&name) {
                ascent.restore(moments);
            }
        }
    }

    /// From now on everything learns at the rate of `epoch` (from 0) of a training of as many epochs as the circuit says.
    pub fn at_epoch(&mut self, epoch: usize) {
        let learning = self.circuit.learning();
        for ascent in self.populations.iter_mut().flat_map(AnyPopulation::ascents_mut) {
            ascent.at_epoch(learning.rate_over_time, epoch, learning.epochs);
        }
    }

    /// Mean and standard deviation of senses that are read standardised, by name.
    #[must_use]
    pub fn moments(&self) -> &Tensors {
        &self.moments
    }

    /// The weights, in the layout of files; synapses that another process has are left out.
    #[must_use]
    pub fn tensors(&self) -> Tensors {
        let mut tensors = self.moments.clone();
        for (population, spec) in self.populations.iter().zip(&self.wiring.populations) {
            for synapses in population.synapses().into_iter().filter(|synapses| !synapses.weights().are_elsewhere()) {
                tensors.extend(reach::tensors(&self.circuit, synapses));
            }
            let layer = self.circuit.layer(spec.layer);
            tensors.extend(population.bias().map(|bias| (bias_name(layer), bias.values().clone().as_vector())));
            let learned = match population.precision() {
                Some(OwnPrecision::Full(covariance)) => Some(covariance.sigma().clone()),
                Some(OwnPrecision::Diagonal(variance)) => Some(variance.values().clone().as_vector()),
                _ => None,
            };
            tensors.extend(learned.map(|learned| (precision_name(layer), learned)));
        }
        tensors
    }
}

/// The one place that sees both ends of every link: what an outlet sends is what the inlet hears.
///
/// # Panics
/// Where it isn't: a bug of the wiring, never of a circuit.
fn check_links(wiring: &Wiring, populations: &[AnyPopulation]) {
    for link in wiring.links.iter().chain(wiring.delayed.iter().map(|delayed| &delayed.link)) {
        let sent = populations[link.from.0].sends().get(link.outlet).copied();
        let heard = populations[link.to.0].hears().get(link.inlet).copied();
        let (from, to) = (&wiring.population(link.from).name, &wiring.population(link.to).name);
        assert!(
            sent == Some(link.carries) && heard == sent,
            "the link from outlet {} of {from} to inlet {} of {to} carries {:?}, the outlet sends {sent:?}, and the inlet \
             hears {heard:?}",
            link.outlet,
            link.inlet,
            link.carries,
        );
    }
}

/// The shape of every tensor of a circuit, in the layout of files.
#[must_use]
pub fn tensor_shapes(circuit: &Circuit) -> BTreeMap<String, [usize; 2]> {
    let mut shapes = BTreeMap::new();
    for projection in circuit.projections() {
        reach::shapes(circuit, projection, "generative", &mut shapes);
        if matches!(projection.feedback(), Feedback::Learned { .. }) {
            reach::shapes(circuit, projection, "feedback", &mut shapes);
        }
    }
    for (id, layer) in circuit.layers() {
        if circuit.is_predicted(id) {
            shapes.extend(own::shapes(layer));
        }
    }
    for (sense, layer) in standardised(circuit) {
        shapes.extend(moments_names(sense).map(|name| (name, [1, layer.size()])));
    }
    shapes
}

/// The senses that the circuit itself says are read standardised.
fn standardised(circuit: &Circuit) -> impl Iterator<Item = (&str, &Layer)> {
    let senses = circuit.senses().map(|(sense, id)| (sense, circuit.layer(id)));
    senses.filter(|(_, layer)| layer.read() == Some(Reading::Standardised))
}

/// The names of mean and sd of a sense that is read standardised.
#[must_use]
pub fn moments_names(sense: &str) -> [String; 2] {
    [format!("{sense}.mean"), format!("{sense}.sd")]
}

/// Takes the tensors of a circuit into a population.
#[derive(Clone, Copy)]
struct Build<'a> {
    circuit: &'a Circuit,
    tensors: &'a Tensors,
    shapes: &'a BTreeMap<String, [usize; 2]>,
    /// Whether its synapses are here.
    is_own: bool,
}

impl Build<'_> {
    fn state(&self, id: LayerId) -> Result<AnyPopulation, WeightsError> {
        let layer = self.circuit.layer(id);
        let rule = UpdateRule {
            activation: layer.activation(),
            derivative: layer.derivative(),
            beta: layer.beta().get(),
            leak: layer.leak().get(),
            prior: layer.prior(),
            lateral: layer.lateral(),
        };
        let efferents = self.circuit.efferents(id);
        let heard = efferents.iter().filter(|p| p.feedback() != Feedback::Silent);
        let returned = heard.map(|p| match p.feedback() {
            Feedback::Learned { rate } => {
                Ok(Returned::Learned { synapses: Box::new(self.synapses(p, "feedback")?), rate })
            }
            _ => Ok(Returned::Pathway),
        });
        let returned = returned.collect::<Result<_, _>>()?;
        let predicted = self.circuit.is_predicted(id);
        Ok(AnyPopulation::State(
            StatePopulation::new(layer.size(), rule, layer.target(), predicted, returned)
                .plastic(self.is_plastic())
                .with_noise(layer.noise().sd())
                .with_momentum(layer.momentum().get()),
        ))
    }

    fn error(&self, id: LayerId) -> Result<AnyPopulation, WeightsError> {
        let layer = self.circuit.layer(id);
        let generative = self.circuit.afferents(id).into_iter().map(|p| {
            let synapses = self.synapses(&p, "generative")?;
            Ok(match p.feedback() {
                Feedback::Transposed => synapses.with_pathway(1.0),
                Feedback::ScaledTranspose { gain } => synapses.with_pathway(gain),
                Feedback::Learned { .. } | Feedback::Silent => synapses,
            })
        });
        let generative = generative.collect::<Result<_, _>>()?;
        let place = layer.learning();
        let optimizer = place.optimizer(self.circuit.learning().optimizer);
        let bias = match layer.is_biased() {
            true => Some(Bias::new(self.tensor(&bias_name(layer))?.clone(), optimizer, place.frozen)),
            false => None,
        };
        let precision = self.precision(layer)?;
        let population = ErrorPopulation::new(layer.size(), layer.mean(), layer.likelihood(), generative, precision);
        let delayed = self.circuit.afferents(id).iter().map(|p| p.delay().is_some()).collect();
        Ok(AnyPopulation::Error(population.with_bias(bias).with_delayed(delayed).plastic(self.is_plastic())))
    }

    fn precision(&self, layer: &Layer) -> Result<OwnPrecision, WeightsError> {
        let name = precision_name(layer);
        let learned = match self.shapes.contains_key(&name) {
            true => Some(self.tensor(&name)?),
            false => None,
        };
        own::precision(self.circuit, layer, learned).map_err(|Refused| WeightsError::NotPositiveDefinite { name })
    }

    fn is_plastic(&self) -> bool {
        self.circuit.learning().when == When::EveryStep
    }

    fn synapses(&self, projection: &Projection, kind: &str) -> Result<Synapses, WeightsError> {
        let name = self.circuit.tensor_name(projection, kind);
        let weights = match projection.reach() {
            _ if !self.is_own => reach::elsewhere(self.circuit, projection, kind),
            Reach::All => self.tensor(&name)?.transposed().into(),
            _ => reach::weights(self.circuit, projection, kind, (self.tensor(&name)?, self.tensors))?,
        };
        let (own, place) = (self.circuit.learning(), projection.learning());
        let plasticity = Plasticity {
            decay: place.decay(own.decay),
            sign: projection.sign(),
            frozen: place.frozen,
            ..Plasticity::new(place.optimizer(own.optimizer), place.norm(own.norm))
        };
        Ok(Synapses::new::<Weights>(name, weights, plasticity.optimizer, plasticity.norm).learning(plasticity))
    }

    fn tensor(&self, name: &str) -> Result<&Matrix, WeightsError> {
        let missing = || WeightsError::Missing {
            name: name.to_owned(),
            found: self.tensors.keys().map(String::as_str).collect::<Vec<_>>().join(", "),
        };
        let tensor = self.tensors.get(name).ok_or_else(missing)?;
        let (found, expected) = ([tensor.rows(), tensor.cols()], self.shapes[name]);
        // A list of synapses has as many as it says.
        let listed = found[0] == 1 && self.tensors.contains_key(&format!("{name}.index"));
        if found != expected && !listed {
            return Err(WeightsError::Shape { name: name.to_owned(), found, expected });
        }
        if tensor.as_slice().iter().any(|v| !v.is_finite()) {
            return Err(WeightsError::NotFinite { name: name.to_owned() });
        }
        Ok(tensor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::circuit::wiring::Carries;

    #[test]
    fn a_link_that_brings_something_else_is_refused_at_wiring() {
        let circuit = Circuit::parse(
            br#"Circuit(
                name: "wired",
                layers: {
                    "z0": (size: 2, sense: "image"),
                    "z1": (size: 2, beta: 0.1),
                    "z2": (size: 2, beta: 0.1),
                },
                projections: [
                    (from: "z1", to: "z0", feedback: Learned(rate: 1.0)),
                    (from: "z2", to: "z1", feedback: Transposed),
                ],
            )"#,
        );
        let network = Network::new(Arc::new(circuit.expect("a sound circuit")), 1);
        let wiring = network.wiring();
        check_links(wiring, &network.populations);
        let fits = |wiring: &Wiring| {
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check_links(wiring, &network.populations))).is_ok()
        };
        for at in 0..wiring.links.len() {
            // All layers have one size, so that widths don't tell.
            let mut other = Wiring::clone(wiring);
            other.links[at].outlet = 1 - other.links[at].outlet.min(1);
            assert!(!fits(&other), "another outlet: {:?}", other.links[at]);
            let mut other = Wiring::clone(wiring);
            let carries = other.links[at].carries;
            other.links[at].carries = if carries == Carries::Target { Carries::Activity } else { Carries::Target };
            assert!(!fits(&other), "another name: {:?}", other.links[at]);
            let mut other = Wiring::clone(wiring);
            other.links[at].to = other.links[at].from;
            assert!(!fits(&other), "another receiver: {:?}", other.links[at]);
        }
    }
}
