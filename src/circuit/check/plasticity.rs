//! How synapses are drawn and how they learn, of a circuit or of one of its places.

use super::report::{Legal, Mistakes};
use crate::circuit::PlaceLearning;
use crate::circuit::file::{LearningFile, ProjectionFile};
use crate::params::{Decline, Init, Optimizer, RateOverTime};

/// Checks how synapses are drawn.
pub(super) fn init(init: Init, at: &str, report: &mut Mistakes<'_>) {
    match init {
        Init::Gaussian { sd } => report.number(&format!("{at}.sd"), sd, Legal::Positive),
        Init::Uniform { bound } => report.number(&format!("{at}.bound"), bound, Legal::Positive),
        Init::Orthogonal { gain } => report.number(&format!("{at}.gain"), gain, Legal::Positive),
        Init::Xavier | Init::He | Init::Zeros => true,
    };
}

/// Checks an optimiser.
pub(super) fn optimizer(optimizer: Optimizer, at: &str, report: &mut Mistakes<'_>) {
    report.number(&format!("{at}.rate"), optimizer.rate(), Legal::Positive);
    if let Optimizer::Adam { beta1, beta2, .. } = optimizer {
        report.number(&format!("{at}.beta1"), beta1, Legal::Share);
        report.number(&format!("{at}.beta2"), beta2, Legal::Share);
    }
}

/// Checks a decay beside the rate that multiplies it.
pub(super) fn decay(decay: f32, rate: f32, at: &str, report: &mut Mistakes<'_>) {
    let is_number = report.number(at, decay, Legal::NotNegative);
    // A rate that is wrong itself is told where it stands.
    let share = decay * rate;
    if is_number && Legal::Positive.allows(rate.into()) && share > 1.0 {
        report.add(
            at,
            format!(
                "is {decay}, and with a rate of {rate} a step would take away {share} of every synapse; at most {} takes \
                 away no more than there is",
                1.0 / rate
            ),
        );
    }
}

/// Checks how the learning rate goes over the epochs.
pub(super) fn rate_over_time(time: RateOverTime, at: &str, report: &mut Mistakes<'_>) {
    match time {
        RateOverTime::Constant => (),
        RateOverTime::Step { every, factor } => decline(Decline::Step { every, factor }, at, report),
        RateOverTime::Cosine { to } => decline(Decline::Cosine { to }, at, report),
        RateOverTime::Warmup { epochs, then } => {
            report.count(&format!("{at}.epochs"), epochs as u64, 1, u64::from(u32::MAX));
            decline(then, &format!("{at}.then"), report);
        }
    }
}

fn decline(decline: Decline, at: &str, report: &mut Mistakes<'_>) {
    match decline {
        Decline::Constant => (),
        Decline::Step { every, factor } => {
            report.count(&format!("{at}.every"), every as u64, 1, u64::from(u32::MAX));
            report.number(&format!("{at}.factor"), factor, Legal::Positive);
        }
        Decline::Cosine { to } => {
            report.number(&format!("{at}.to"), to, Legal::NotNegative);
        }
    }
}

/// Checks what a layer says of its learning; `at` is its path.
pub(super) fn layer(place: PlaceLearning, at: &str, report: &mut Mistakes<'_>) {
    for (field, is_given) in [("norm", place.norm.is_some()), ("decay", place.decay.is_some())] {
        if is_given {
            report.add(
                &format!("{at}.{field}"),
                format!(
                    "a layer learns its bias, variances and covariance, which have no {field}; give it to the projections \
                     whose synapses it is meant for"
                ),
            );
        }
    }
    if let Some(own) = place.optimizer {
        optimizer(own, &format!("{at}.optimizer"), report);
    }
}

/// Checks how the synapses of a projection are drawn and learn, in a circuit that learns by `own`; `at` is its path.
pub(super) fn projection(file: &ProjectionFile, own: LearningFile, at: &str, report: &mut Mistakes<'_>) {
    if let Some(own) = file.init {
        init(own, &format!("{at}.init"), report);
    }
    if let Some(own) = file.learning.optimizer {
        optimizer(own, &format!("{at}.learning.optimizer"), report);
    }
    if file.learning.decay.is_some() || file.learning.optimizer.is_some() {
        let rate = file.learning.optimizer.unwrap_or(own.optimizer).rate();
        decay(file.learning.decay.unwrap_or(own.decay), rate, &format!("{at}.learning.decay"), report);
    }
}
