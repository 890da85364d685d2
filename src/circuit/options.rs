//! What a circuit asks for beyond the paper, in words: for `gncn check`.

use super::description::{Circuit, Layer, Learning, Projection};
use crate::params::{
    Decline, Feedback, Init, LayerNoise, Messages, Norm, Optimizer, Precision, RateOverTime, Reach, Sign, Start,
    StepRule,
};

/// One sentence for each option that is not left at its default, in the order of the file.
#[must_use]
pub fn explained(circuit: &Circuit) -> Vec<String> {
    let mut found = Vec::new();
    for (id, layer) in circuit.layers() {
        let learns =
            layer.is_biased() || matches!(layer.precision, Precision::Learned { .. } | Precision::Diagonal { .. });
        of_layer(layer, circuit.is_predicted(id) && learns, circuit.learning, &mut found);
    }
    for projection in &circuit.projections {
        of_projection(circuit, projection, &mut found);
    }
    if !matches!(circuit.init, Init::Gaussian { .. }) {
        found.push(format!("init: synapses {}", init(circuit.init)));
    }
    of_learning(circuit.learning, &mut found);
    found.extend(of_settling_and_reach(circuit));
    found
}

fn of_layer(layer: &Layer, learns: bool, own: Learning, found: &mut Vec<String>) {
    let (name, size) = (&layer.name, layer.size);
    if layer.is_biased() {
        found.push(format!("{name}: bias: Learned adds {size} biases to its prediction, which start at 0"));
    }
    match layer.precision {
        Precision::Identity | Precision::Learned { .. } => (),
        Precision::Fixed(p) => found.push(format!("{name}: precision: Fixed({p}) multiplies its mismatch and its F by {p}")),
        Precision::Diagonal { floor } => found.push(format!(
            "{name}: precision: Diagonal learns {size} variances, none below {floor}, and divides each mismatch by its own"
        )),
    }
    if !layer.learning.is_silent() {
        let what =
            if learns { "what its error population learns besides synapses" } else { "nothing, for it learns nothing" };
        let how = if layer.learning.frozen {
            "stays as it is".to_owned()
        } else {
            optimizer(layer.learning.optimizer(own.optimizer))
        };
        found.push(format!("{name}: learning governs {what}: {how}"));
    }
}

fn of_projection(circuit: &Circuit, projection: &Projection, found: &mut Vec<String>) {
    let name = |id| circuit.layer(id).name.as_str();
    let (from, to) = (name(projection.from), name(projection.to));
    let mut add = |text: String| found.push(format!("{from} to {to}: {text}"));
    if let Some(drawn) = projection.init.map(init) {
        add(format!("synapses {drawn}"));
    }
    if projection.sign == Sign::Positive {
        add("sign: Positive keeps synapses at 0 or above".to_owned());
    }
    let (place, own) = (projection.learning, circuit.learning);
    if place.frozen {
        add("frozen synapses keep their bits".to_owned());
    } else if !place.is_silent() {
        let decay = match place.decay(own.decay) {
            0.0 => String::new(),
            decay => format!(", decay {decay}"),
        };
        let norm = match place.norm(own.norm) {
            Norm::UnitColumns => "UnitColumns",
            Norm::ClipRows => "ClipRows",
            Norm::None => "None",
        };
        add(format!("learns by {}, norm {norm}{decay}", optimizer(place.optimizer(own.optimizer))));
    }
}

fn of_learning(learning: Learning, found: &mut Vec<String>) {
    if let Optimizer::Adam { beta1, beta2, .. } = learning.optimizer
        && (beta1, beta2) != Optimizer::BETAS
    {
        found.push(format!("learning: {}", optimizer(learning.optimizer)));
    }
    if learning.decay > 0.0 {
        let (decay, share) = (learning.decay, learning.decay * learning.optimizer.rate());
        found.push(format!("learning: decay: {decay} takes {share:e} of every synapse away at each step"));
    }
    let rate = learning.optimizer.rate();
    match learning.rate_over_time {
        RateOverTime::Constant => (),
        RateOverTime::Warmup { epochs, then } => {
            let then = declines(rate, then).map_or_else(String::new, |then| format!(", then {then}"));
            found.push(format!("learning: the rate grows to {rate} in {epochs} epochs{then}"));
        }
        RateOverTime::Step { every, factor } => {
            found.extend(
                declines(rate, Decline::Step { every, factor }).map(|text| format!("learning: the rate {text}")),
            );
        }
        RateOverTime::Cosine { to } => {
            found.extend(declines(rate, Decline::Cosine { to }).map(|text| format!("learning: the rate {text}")));
        }
    }
}

fn declines(rate: f32, decline: Decline) -> Option<String> {
    match decline {
        Decline::Constant => None,
        Decline::Step { every, factor } => {
            Some(format!("is {rate}, multiplied by {factor} after every {every} epochs"))
        }
        Decline::Cosine { to } => {
            Some(format!("goes from {rate} down half a cosine to {to}, reached after the last epoch"))
        }
    }
}

fn optimizer(optimizer: Optimizer) -> String {
    match optimizer {
        Optimizer::Sgd { rate } => format!("plain steps at rate {rate}"),
        Optimizer::Adam { rate, beta1, beta2 } if (beta1, beta2) == Optimizer::BETAS => format!("Adam at rate {rate}"),
        Optimizer::Adam { rate, beta1, beta2 } => format!("Adam at rate {rate} with moments {beta1} and {beta2}"),
    }
}

/// How synapses are drawn.
fn init(init: Init) -> String {
    match init {
        Init::Gaussian { sd } => format!("are drawn from a Gaussian of sd {sd}"),
        Init::Uniform { bound } => format!("are drawn between -{bound} and {bound}"),
        Init::Xavier => "are drawn between -√(6 / (in + out)) and √(6 / (in + out))".to_owned(),
        Init::He => "are drawn from a Gaussian of sd √(2 / in)".to_owned(),
        Init::Orthogonal { gain } => format!("are drawn orthogonal, all singular values {gain}"),
        Init::Zeros => "start at 0".to_owned(),
    }
}

/// One sentence for each projection that doesn't reach everybody, each that predicts from the past, each layer with noise,
/// momentum or steps that wait, a start that isn't at rest, frames, and messages that say only up or down.
fn of_settling_and_reach(circuit: &Circuit) -> Vec<String> {
    let late = circuit.projections().iter().filter_map(|projection| delay(circuit, projection));
    let reaching = circuit.projections().iter().filter_map(|projection| reach(circuit, projection));
    let noisy = circuit.layers().filter_map(|(_, layer)| noise(layer.name(), layer.noise(), layer.beta().get()));
    let heavy = circuit.layers().filter_map(|(_, layer)| heavy(layer.name(), layer.momentum().get()));
    let waiting = circuit.layers().filter(|(_, layer)| layer.step() == StepRule::Answered);
    let waiting = waiting.map(|(_, layer)| format!("{} moves once it is answered", layer.name()));
    let settling = circuit.settling();
    let shown = start(settling.start).into_iter().chain(frames(circuit)).chain(ternary(settling.messages));
    reaching.chain(late).chain(noisy).chain(heavy).chain(waiting).chain(shown).collect()
}

fn reach(circuit: &Circuit, projection: &Projection) -> Option<String> {
    let (from, to) = (circuit.layer(projection.from()), circuit.layer(projection.to()));
    let how = match projection.reach() {
        Reach::All => return None,
        Reach::OneToOne => "neuron by neuron".to_owned(),
        Reach::Random { share, seed } => format!("a share of {share} of all pairs, drawn from seed {seed}"),
        Reach::Patch { field: (a, b), stride: (s, t) } => {
            let [rows, columns, channels] = from.shape().unwrap_or([1, 1, from.size()]);
            format!(
                "{rows} × {columns} positions of {channels} neurons, each a field of {a} × {b} at every {s} rows and {t} columns"
            )
        }
    };
    let (count, all) = (circuit.synapses(projection), from.size() as u64 * to.size() as u64);
    let share = 100.0 * count as f64 / all as f64;
    Some(format!("{} reaches {}: {how}; {count} synapses of {all} ({share:.2} %)", from.name(), to.name()))
}

fn delay(circuit: &Circuit, projection: &Projection) -> Option<String> {
    let frames = projection.delay()?;
    let name = |id| circuit.layer(id).name();
    let (from, to) = (name(projection.from()), name(projection.to()));
    let ago = if frames == 1 { "the frame before".to_owned() } else { format!("{frames} frames before") };
    let back = match projection.feedback() {
        Feedback::Learned { .. } => format!("; the mismatch reaches {from} as it is now"),
        _ => String::new(),
    };
    let count = circuit.synapses(projection);
    Some(format!(
        "{from} predicts {to} from what it was at the readout of {ago}, or from rest where there was none: {count} \
         multiply-accumulates a sample, once a frame{back}"
    ))
}

fn frames(circuit: &Circuit) -> Option<String> {
    let settling = circuit.settling();
    let updates = settling.stopping.max_steps();
    settling.framed.then(|| {
        format!(
            "inputs are [frames, samples, ...]: each frame settles for {updates} updates from where the one before ended, is \
             read out, and learned from"
        )
    })
}

fn noise(name: &str, noise: LayerNoise, beta: f32) -> Option<String> {
    let sd = noise.sd()?;
    let each = sd * (2.0 * beta).sqrt();
    Some(format!("{name} is shaken at every update by noise with an sd of {each:.4} (sd {sd} times √(2 · beta))"))
}

fn ternary(messages: Messages) -> Option<String> {
    let Messages::Ternary { threshold } = messages else { return None };
    Some(format!(
        "messages say only which components go up or down, by {threshold} each and once a firing at the most: 34 bits an event, \
         and a component that has far to go takes many firings"
    ))
}

fn heavy(name: &str, momentum: f32) -> Option<String> {
    (momentum > 0.0)
        .then(|| format!("{name} makes {momentum} of its last movement again at every update, until it is pulled back"))
}

fn start(start: Start) -> Option<String> {
    Some(match start {
        Start::Zeros => return None,
        Start::Gaussian { sd } => format!("states that are free begin at draws with an sd of {sd}"),
        Start::Forward => "states that are free begin at their predictions, from the top".to_owned(),
        Start::Last => "states that are free begin where the presentation before ended".to_owned(),
    })
}
