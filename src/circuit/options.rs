//! What a circuit asks for beyond the paper, in words: for `gncn check`.

use super::description::{Circuit, Layer, Learning, Projection};
use crate::params::{Decline, Init, Norm, Optimizer, Precision, RateOverTime, Sign};

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
