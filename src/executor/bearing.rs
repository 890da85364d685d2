//! Step sizes that know lateness: `step: Bearable` and `step: Answered` of a layer.
//!
//! **Bearable** knows stiffness as well.
//! A mode of curvature λ that is answered τ firings late, `z ← z − βλ z(τ firings ago)`, decays where
//!
//! ```text
//! β λ < 2 sin(π / (4 τ + 2)),
//! ```
//!
//! which is 2 for τ = 0. A population knows its round trip: messages say which of its firings they answer, so τ is how many
//! firings it has made since the oldest of those that its inlets hold answers to. It knows its stiffness λ as
//! [`StatePopulation::stiffness`](crate::population::StatePopulation::stiffness) says. Where it is late it takes no larger
//! step than [`SAFE`] times the bound; where it is not, β is what the circuit says, so that lock-step stays as it is.
//!
//! **Answered** takes β, and only once everybody that the population hears has answered what it sent since it last moved. Until
//! then it holds: it fires with a step of 0 and sends again what it has. Each step then sees what the one before has
//! done, as in lock-step, however late messages are, so that whatever lock-step bears is borne, and τ firings late take τ + 1
//! times as many. Under `Free`, where nobody fires by a clock, holding is waiting (see `actors::pace`).

use super::roundtrip::Answered;
use crate::circuit::wiring::{Kind, PopulationId, Wiring};
use crate::network::Network;
use crate::params::StepRule;
use crate::population::AnyPopulation;

/// Share of the bound that is used: several populations pull on one another at once.
const SAFE: f64 = 0.85;

/// What every population knows of its surroundings.
#[derive(Debug, Clone)]
pub(super) struct Bearing {
    /// By population: what its layer asks for, of a state population.
    rules: Vec<Rule>,
}

/// What a population does with its step size.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Rule {
    Given,
    /// With β λ.
    Bearable(f64),
    Answered,
}

impl Bearing {
    /// What the populations of a network know, where any of them asks.
    pub(super) fn of(network: &Network) -> Option<Self> {
        let (circuit, wiring) = (network.circuit(), network.wiring());
        if circuit.layers().all(|(_, layer)| layer.step() == StepRule::Given) {
            return None;
        }
        let answers: Vec<Vec<f32>> = network.populations().iter().map(AnyPopulation::answers).collect();
        let rules = wiring.populations().map(|(id, spec)| {
            let layer = circuit.layer(spec.layer);
            match layer.step() {
                StepRule::Bearable if spec.kind == Kind::State => {
                    Rule::Bearable(f64::from(layer.beta().get() * stiffness(network, wiring, id, &answers)))
                }
                StepRule::Answered if spec.kind == Kind::State => Rule::Answered,
                _ => Rule::Given,
            }
        });
        Some(Self { rules: rules.collect() })
    }

    /// What β is multiplied by in a firing of a population that is answered so.
    pub(super) fn scale(&self, population: usize, answered: Answered) -> f32 {
        match self.rules[population] {
            Rule::Bearable(reach) if answered.late > 0 && reach > 0.0 => {
                let bound = 2.0 * (std::f64::consts::PI / (4.0 * answered.late as f64 + 2.0)).sin();
                (SAFE * bound / reach).min(1.0) as f32
            }
            Rule::Answered if !answered.fully => 0.0,
            _ => 1.0,
        }
    }

    /// Whether a population waits for its answers, wherever it may.
    pub(super) fn waits(&self, population: usize) -> bool {
        self.rules[population] == Rule::Answered
    }
}

fn stiffness(network: &Network, wiring: &Wiring, id: PopulationId, answers: &[Vec<f32>]) -> f32 {
    let told: Vec<f32> = wiring
        .arriving(id)
        .map(|link| {
            // What the sender hears of this population: its activity, or, of its own layer, its target.
            let back = wiring.arriving(link.from).filter(|back| back.from == id);
            let own = wiring.population(link.from).layer == wiring.population(id).layer;
            let inlets = wiring.population(link.from).inlets;
            let heard = back.map(|back| back.inlet).filter(|inlet| (inlet + 1 == inlets) == own);
            heard.map(|inlet| answers[link.from.0][inlet]).fold(0.0, f32::max)
        })
        .collect();
    network.population(id).stiffness(&told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_mode_decays_within_the_bound_and_grows_beyond_it() {
        for late in [0_usize, 1, 2, 4, 8, 32] {
            let bound = 2.0 * (std::f64::consts::PI / (4.0 * late as f64 + 2.0)).sin();
            let end = |reach: f64| {
                let mut z = vec![1.0; late + 1];
                for n in late..late + 4000 {
                    z.push(z[n] - reach * z[n - late]);
                }
                z[z.len() - 20..].iter().fold(0.0_f64, |far, v| far.max(v.abs()))
            };
            assert!(end(0.97 * bound) < 1.0, "{late}: {}", end(0.97 * bound));
            assert!(end(1.03 * bound) > 1.0, "{late}: {}", end(1.03 * bound));
        }
    }

    #[test]
    fn who_is_not_late_steps_as_asked_and_who_is_not_answered_holds() {
        let bearing = Bearing { rules: vec![Rule::Given, Rule::Bearable(1.87), Rule::Answered] };
        let scale = |population, late, fully| bearing.scale(population, Answered { late, fully });
        assert_eq!((scale(0, 9, false), scale(1, 0, true)), (1.0, 1.0));
        assert!((f64::from(scale(1, 2, true)) * 1.87 - SAFE * 0.618).abs() < 1e-3);
        assert_eq!((scale(2, 9, true), scale(2, 1, false)), (1.0, 0.0));
        assert!(bearing.waits(2) && !bearing.waits(1));
    }
}
