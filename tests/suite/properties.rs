//! Random circuits of every option, by seed: whatever a checked circuit says, a run of it ends, with finite numbers or
//! with an error that names the culprit. The generator serves the other suites, too.

use gncn::circuit::{Circuit, Schedule};
use gncn::episode::{Episode, Shown};
use gncn::executor::{Measure, SettleError, SettleOptions, Settler};
use gncn::matrix::Matrix;
use gncn::network::Network;
use gncn::params::{Activation, Lateral, Likelihood, Precision, Prior};
use gncn::rng;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Arc;

/// What a random circuit is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Settling descends the free energy: transposed feedback, derivatives, no lateral synapses, means whose mismatch
    /// is the gradient.
    Gradient,
    /// Every option, with numbers that keep states small.
    Tame,
    /// Every option, with numbers that a person would not choose.
    Wild,
}

/// Random choices by seed.
pub(crate) struct Dice(ChaCha8Rng);

impl Dice {
    pub(crate) fn new(name: &str, seed: u64) -> Self {
        Self(rng::stream(seed, name))
    }

    pub(crate) fn below(&mut self, count: usize) -> usize {
        (self.0.next_u64() % count as u64) as usize
    }

    pub(crate) fn between(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high - low + 1)
    }

    pub(crate) fn real(&mut self, low: f32, high: f32) -> f32 {
        let unit = (self.0.next_u32() >> 8) as f32 / (1 << 24) as f32;
        low + (high - low) * unit
    }

    pub(crate) fn chance(&mut self, p: f32) -> bool {
        self.real(0.0, 1.0) < p
    }

    pub(crate) fn pick<T: Clone>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())].clone()
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            let j = self.below(i + 1);
            items.swap(i, j);
        }
    }

    pub(crate) fn matrix(&mut self, rows: usize, cols: usize, low: f32, high: f32) -> Matrix {
        Matrix::from_fn(rows, cols, |_, _| self.real(low, high))
    }

    pub(crate) fn mask(&mut self, rows: usize, cols: usize) -> Matrix {
        Matrix::from_fn(rows, cols, |_, _| f32::from(u8::from(self.chance(0.5))))
    }
}

/// A random circuit.
pub(crate) fn circuit(kind: Kind, seed: u64) -> Circuit {
    let text = Drawing { kind, dice: Dice::new("test.circuit", seed) }.text();
    Circuit::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{kind:?} {seed}: {error}\n{text}"))
}

/// A network of a circuit whose covariances are not diagonal.
pub(crate) fn network(circuit: &Circuit, seed: u64) -> Network {
    let mut tensors = Network::new(Arc::new(circuit.clone()), seed).tensors();
    let mut dice = Dice::new("test.covariance", seed);
    for (_, sigma) in tensors.iter_mut().filter(|(name, _)| name.ends_with(".covariance")) {
        let size = sigma.rows();
        let root = dice.matrix(size, size, -0.5, 0.5);
        for i in 0..size {
            for j in 0..size {
                let dot: f32 = root.row(i).iter().zip(root.row(j)).map(|(a, b)| a * b).sum();
                sigma.row_mut(i)[j] += dot;
            }
        }
    }
    Network::with_weights(Arc::new(circuit.clone()), &tensors).expect("the covariances are positive definite")
}

/// Random data for the senses: some released, some masked. One at least is shown.
pub(crate) fn episode(kind: Kind, circuit: &Circuit, rows: usize, seed: u64) -> Episode<'static> {
    let mut dice = Dice::new("test.episode", seed);
    let (mut inputs, mut masks) = (Vec::new(), Vec::new());
    for (sense, id) in circuit.senses() {
        let layer = circuit.layer(id);
        let bernoulli = layer.likelihood() == Likelihood::Bernoulli;
        let is_held = inputs.is_empty() || (bernoulli && kind == Kind::Gradient);
        if !is_held && dice.chance(0.2) {
            continue;
        }
        let data = if bernoulli {
            dice.matrix(rows, layer.size(), 0.0, 1.0)
        } else {
            dice.matrix(rows, layer.size(), -1.0, 1.0)
        };
        inputs.push((sense.to_owned(), data));
        // A Bernoulli mismatch is the gradient for its prediction, not for its target.
        if !(bernoulli && kind == Kind::Gradient) && dice.chance(0.3) {
            masks.push((sense.to_owned(), dice.mask(rows, layer.size())));
        }
    }
    let episode = Episode::new(circuit, inputs).expect("inputs fit");
    masks.into_iter().fold(episode, |e, (sense, mask)| e.mask(circuit, &sense, mask).expect("the mask fits"))
}

/// One circuit being drawn.
struct Drawing {
    kind: Kind,
    dice: Dice,
}

impl Drawing {
    fn text(mut self) -> String {
        let most = if self.kind == Kind::Wild { 7 } else { 5 };
        let count = self.dice.between(2, most);
        let mut senses: BTreeSet<usize> = BTreeSet::from([self.dice.below(count)]);
        if count > 2 && self.dice.chance(0.4) {
            senses.insert(self.dice.below(count));
        }
        let pairs = self.pairs(count, &senses);
        let layers: Vec<_> =
            (0..count).map(|i| self.layer(i, senses.contains(&i), pairs.iter().any(|(_, to)| *to == i))).collect();
        let projections: Vec<_> = pairs
            .iter()
            .map(|(from, to)| format!("(from: \"z{from}\", to: \"z{to}\", feedback: {}),", self.feedback()))
            .collect();
        let sd = match self.kind {
            Kind::Gradient | Kind::Tame => 0.25,
            Kind::Wild => self.dice.pick(&[0.02, 0.1, 0.3, 3.0]),
        };
        format!(
            "Circuit(\n name: \"random\",\n layers: {{\n{}\n }},\n projections: [\n{}\n ],\n init: Gaussian(sd: {sd:?}),\n \
             settling: {},\n learning: {},\n)",
            layers.join("\n"),
            projections.join("\n"),
            self.settling(),
            self.learning(),
        )
    }

    /// Who predicts whom: chains, skips, cycles, and layers that predict themselves.
    fn pairs(&mut self, count: usize, senses: &BTreeSet<usize>) -> BTreeSet<(usize, usize)> {
        let free: Vec<usize> = (0..count).filter(|i| !senses.contains(i)).collect();
        let mut pairs = BTreeSet::new();
        for from in &free {
            for _ in 0..self.dice.between(1, 3) {
                pairs.insert((*from, self.dice.below(count)));
            }
        }
        for sense in senses {
            let predicts = self.dice.chance(0.25);
            if predicts {
                pairs.insert((*sense, self.dice.below(count)));
            }
            if !predicts && !pairs.iter().any(|(_, to)| to == sense) {
                pairs.insert((self.dice.pick(&free), *sense));
            }
        }
        pairs
    }

    fn layer(&mut self, i: usize, sensory: bool, predicted: bool) -> String {
        let most = match self.kind {
            Kind::Gradient => 8,
            Kind::Tame => 14,
            Kind::Wild => 40,
        };
        let size = self.dice.between(1, most);
        let mut fields = vec![format!("size: {size}")];
        if sensory {
            fields.push(format!("sense: \"s{i}\""));
        }
        let activation = self.activation(size);
        fields.push(format!("activation: {activation:?}"));
        let derivative = activation.has_derivative() && (self.kind == Kind::Gradient || self.dice.chance(0.5));
        fields.push(format!("derivative: {derivative}"));
        if predicted {
            fields.extend(self.prediction(size, sensory));
        }
        let (beta, leak) = match self.kind {
            Kind::Gradient | Kind::Tame => (self.dice.real(0.02, 0.2), self.dice.real(0.0, 0.2)),
            Kind::Wild => (self.dice.real(0.001, 0.5), self.dice.pick(&[0.0, 0.1, 1.5])),
        };
        fields.push(format!("beta: {beta:?}, leak: {leak:?}"));
        fields.extend(self.prior());
        if self.kind != Kind::Gradient {
            fields.extend(self.lateral(size));
        }
        format!("  \"z{i}\": ({}),", fields.join(", "))
    }

    fn activation(&mut self, size: usize) -> Activation {
        let mut choices = vec![
            Activation::Identity,
            Activation::Tanh,
            Activation::Sigmoid,
            Activation::Softplus,
            Activation::Elu(self.dice.real(0.3, 1.5)),
            Activation::LeakyRelu(self.dice.real(0.01, 0.5)),
        ];
        if self.kind != Kind::Gradient {
            let winners = Activation::KWinners(self.dice.between(1, size));
            choices.extend([Activation::Relu, Activation::Signum, Activation::Heaviside, winners]);
        }
        self.dice.pick(&choices)
    }

    /// What belongs to the error population.
    fn prediction(&mut self, size: usize, sensory: bool) -> Vec<String> {
        let likely = if self.kind == Kind::Gradient { sensory } else { true };
        let bernoulli = likely && self.dice.chance(0.4);
        let mean = match (self.kind, bernoulli) {
            (Kind::Gradient, false) => Activation::Identity,
            (Kind::Gradient, true) => Activation::Sigmoid,
            // Softplus stays inside (0, 1) while drives are small, so that Eq. 9 in full stays moderate.
            (Kind::Tame, true) => self.dice.pick(&[Activation::Sigmoid, Activation::Sigmoid, Activation::Softplus]),
            (Kind::Wild, true) if self.dice.chance(0.7) => Activation::Sigmoid,
            _ => self.activation(size),
        };
        let mut fields = vec![format!("mean: {mean:?}")];
        if bernoulli {
            fields.push("likelihood: Bernoulli".to_owned());
        } else if self.dice.chance(0.4) {
            let form = if self.kind != Kind::Gradient && self.dice.chance(0.5) { "Factor" } else { "Inverse" };
            let floor = self.dice.real(0.01, 1.0);
            fields.push(format!("precision: Learned(floor: {floor:?}, form: {form})"));
        }
        if self.kind != Kind::Gradient && self.dice.chance(0.3) {
            fields.push("target: Activity".to_owned());
        }
        fields
    }

    fn prior(&mut self) -> Option<String> {
        let lambda = if self.kind == Kind::Wild { self.dice.real(0.0, 2.0) } else { self.dice.real(0.01, 0.2) };
        let prior =
            self.dice.pick(&[Prior::None, Prior::Laplace(lambda), Prior::Gaussian(lambda), Prior::Cauchy(lambda)]);
        (prior != Prior::None).then(|| format!("prior: {prior:?}"))
    }

    fn lateral(&mut self, size: usize) -> Option<String> {
        let (excite, inhibit) = match self.kind {
            Kind::Wild => (self.dice.real(-0.5, 0.5), self.dice.real(-0.5, 1.0)),
            _ => (self.dice.real(0.0, 0.2), self.dice.real(0.0, 0.2)),
        };
        let divisors: Vec<usize> = (1..=size).filter(|d| size.is_multiple_of(*d)).collect();
        let columns = Lateral::Columns { size: self.dice.pick(&divisors), excite, inhibit };
        let band = match size {
            1 => Lateral::None,
            _ => Lateral::Band { width: self.dice.between(1, size - 1), excite, inhibit },
        };
        let lateral = self.dice.pick(&[Lateral::None, columns, band]);
        (lateral != Lateral::None).then(|| format!("lateral: {}", ron(lateral)))
    }

    fn feedback(&mut self) -> String {
        if self.kind == Kind::Gradient {
            return "Transposed".to_owned();
        }
        let (rate, gain) = (self.dice.real(0.0, 1.5), self.dice.real(0.0, 1.5));
        let all =
            ["Transposed", "Silent", &format!("Learned(rate: {rate:?})"), &format!("ScaledTranspose(gain: {gain:?})")];
        self.dice.pick(&all).to_owned()
    }

    fn settling(&mut self) -> String {
        let steps = self.dice.between(1, 20);
        match self.kind {
            Kind::Gradient => format!("(steps: {steps})"),
            Kind::Tame => {
                let messages = self.dice.pick(&["Dense", "Dense", "Events(threshold: 0.0)"]);
                format!("(steps: {steps}, messages: {messages})")
            }
            Kind::Wild => {
                let end = format!("steps: {}", 2 * steps);
                let end = self.dice.pick(&[end.as_str(), "until: Quiet(tolerance: 0.001, max_steps: 40)"]);
                let messages = self.dice.pick(&["Dense", "Events(threshold: 0.0)", "Events(threshold: 0.05)"]);
                format!("({end}, messages: {messages})")
            }
        }
    }

    fn learning(&mut self) -> String {
        let most = if self.kind == Kind::Wild { 0.3 } else { 0.02 };
        let rate = self.dice.real(0.0001, most);
        let optimizer = self.dice.pick(&["Adam", "Sgd"]);
        let norm = self.dice.pick(&["UnitColumns", "ClipRows", "None"]);
        let when = if self.kind == Kind::Wild && self.dice.chance(0.3) { "EveryStep" } else { "Readout" };
        format!("(optimizer: {optimizer}(rate: {rate:?}), norm: {norm}, when: {when})")
    }
}

/// A value of `params` as RON has it: with round brackets.
fn ron(value: impl Debug) -> String {
    format!("{value:?}").replace(" { ", "(").replace(" }", ")")
}

fn all_finite(matrix: &Matrix) -> bool {
    matrix.as_slice().iter().all(|v| v.is_finite())
}

/// Three batches of a wild circuit, settled and learned.
fn run_wild(seed: u64) -> Result<(), SettleError> {
    let circuit = circuit(Kind::Wild, seed);
    let mut network = network(&circuit, seed);
    let mut settler = Settler::new();
    let mut dice = Dice::new("test.rows", seed);
    for batch in 0..3 {
        let rows = dice.pick(&[1, 3, 17, 60]);
        let episode = episode(Kind::Wild, &circuit, rows, seed.wrapping_mul(31) + batch);
        let options = SettleOptions { measure: Measure::EveryStep, learn: true, ..SettleOptions::default() };
        let settled = settler.settle(&mut network, &episode, circuit.settling(), options)?;
        assert!(settled.steps <= circuit.settling().stopping.max_steps() && settled.movement.is_finite());
        assert_eq!(settled.energies.sums.len(), settled.steps + 1, "one for each step and one for the readout");
        for (step, sums) in settled.energies.sums.iter().enumerate() {
            assert!(sums.iter().all(|f| f.is_finite()), "seed {seed}: free energy {sums:?} at step {step}");
        }
        let (activities, wiring) = (settler.activities(), network.wiring());
        for (id, layer) in circuit.layers() {
            assert!(all_finite(&activities.state(wiring, id)), "seed {seed}: state of {}", layer.name());
            let predicted = activities.mean(wiring, id).zip(activities.mismatch(wiring, id));
            assert_eq!(predicted.is_some(), circuit.is_predicted(id));
            if let Some((mean, mismatch)) = predicted {
                assert!(all_finite(&mean) && all_finite(&mismatch), "seed {seed}: {}.error", layer.name());
            }
        }
        network.learn(settler.activities())?;
    }
    Ok(())
}

#[test]
fn every_run_ends_finite_or_with_a_clear_error() {
    let (mut well, mut grown, mut refused) = (0, 0, 0);
    for seed in 0..400 {
        match run_wild(seed) {
            Ok(()) => well += 1,
            Err(SettleError::NotFinite { population, firing, magnitude }) => {
                known(seed, &population);
                assert!(firing > 0 && magnitude.is_finite(), "seed {seed}: {population} {firing} {magnitude}");
                grown += 1;
            }
            Err(SettleError::Learning(error)) => {
                known(seed, &error.layer);
                refused += 1;
            }
            Err(other) => panic!("seed {seed}: nothing else can fail here: {other}"),
        }
    }
    // Each kind of end has to be met, or the circuits are too tame or too wild to show anything.
    assert!(well > 100 && grown > 40 && refused > 4, "{well} ended well, {grown} grew, {refused} were refused");
}

/// An error names a population or a layer of the circuit.
fn known(seed: u64, name: &str) {
    let layer = name.strip_suffix(".error").unwrap_or(name);
    assert!(circuit(Kind::Wild, seed).find(layer).is_some(), "seed {seed}: \"{name}\" is not of the circuit");
}

#[test]
fn the_generator_reaches_every_option() {
    let mut seen = BTreeSet::new();
    for circuit in (0..200).map(|seed| circuit(Kind::Wild, seed)) {
        assert_eq!(circuit.settling().schedule, Schedule::Synchronous);
        let word =
            |value: &dyn Debug| format!("{value:?}").chars().take_while(|c| c.is_alphanumeric()).collect::<String>();
        for (id, layer) in circuit.layers() {
            seen.insert(format!("activation {}", word(&layer.activation())));
            seen.insert(format!("mean {}", word(&layer.mean())));
            seen.insert(format!("prior {}", word(&layer.prior())));
            seen.insert(format!("lateral {}", word(&layer.lateral())));
            seen.insert(format!("target {}", word(&layer.target())));
            seen.insert(format!("likelihood {}", word(&layer.likelihood())));
            seen.insert(match layer.precision() {
                Precision::Identity => "precision Identity".to_owned(),
                Precision::Learned { form, .. } => format!("precision {form:?}"),
                Precision::Fixed(_) | Precision::Diagonal { .. } => unreachable!("drawn by `options`"),
            });
            seen.insert(format!("sense {} predicted {}", layer.sense().is_some(), circuit.is_predicted(id)));
        }
        for projection in circuit.projections() {
            seen.insert(format!("feedback {}", word(&projection.feedback())));
            seen.insert(format!("self-projection {}", projection.from() == projection.to()));
        }
        seen.insert(format!("senses {}", circuit.senses().count()));
        seen.insert(format!("stopping {}", word(&circuit.settling().stopping)));
        seen.insert(format!("messages {}", word(&circuit.settling().messages)));
        seen.insert(format!("{:?} {:?}", circuit.learning().norm, circuit.learning().when));
        seen.insert(format!("optimizer {}", word(&circuit.learning().optimizer)));
    }
    assert_eq!(seen.len(), 10 + 10 + 4 + 3 + 2 + 2 + 3 + 4 + 4 + 2 + 2 + 2 + 2 + 6 + 2, "{seen:#?}");
}

#[test]
fn what_is_shown_stays_as_it_was_shown() {
    let mut settled = 0;
    for seed in 0..60 {
        let circuit = circuit(Kind::Tame, seed);
        let mut network = network(&circuit, seed);
        let episode = episode(Kind::Tame, &circuit, 5, seed);
        let mut settler = Settler::new();
        if settler.settle(&mut network, &episode, circuit.settling(), SettleOptions::default()).is_err() {
            continue;
        }
        settled += 1;
        for (_, id) in circuit.senses() {
            let state = settler.activities().state(network.wiring(), id);
            match episode.shown(id) {
                Shown::All(data) => assert_eq!(&state, data, "seed {seed}"),
                Shown::Part { data, observed } => {
                    for ((z, x), o) in state.as_slice().iter().zip(data.as_slice()).zip(observed.as_slice()) {
                        assert!(*o == 0.0 || z.to_bits() == x.to_bits(), "seed {seed}: an observed component moved");
                    }
                }
                Shown::Nothing => {}
            }
        }
    }
    assert!(settled > 50, "{settled} of 60 settled");
}
