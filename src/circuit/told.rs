//! What the options of a circuit that are off by default amount to, in words: for `gncn check`.

use super::description::{Circuit, Projection};
use crate::params::{Feedback, LayerNoise, Messages, Reach, Start, StepRule};

/// One sentence for each projection that doesn't reach everybody, each that predicts from the past, each layer with noise,
/// momentum or steps that wait, a start that isn't at rest, frames, and messages that say only up or down.
#[must_use]
pub(super) fn options(circuit: &Circuit) -> Vec<String> {
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
