//! The parameters with named fields, as they stand in a circuit file: the types of [`crate::params`] again,
//! with unknown fields refused. They exist as shapes for serde only; no value of them is ever made.

use crate::params::{Feedback, Init, Lateral, Messages, Optimizer, Precision, PrecisionForm};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(remote = "Lateral", rename = "Lateral", deny_unknown_fields)]
pub(super) enum LateralText {
    None,
    Columns { size: usize, excite: f32, inhibit: f32 },
    Band { width: usize, excite: f32, inhibit: f32 },
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Precision", rename = "Precision", deny_unknown_fields)]
pub(super) enum PrecisionText {
    Identity,
    Learned {
        floor: f32,
        #[serde(default)]
        form: PrecisionForm,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Feedback", rename = "Feedback", deny_unknown_fields)]
pub(super) enum FeedbackText {
    Learned { rate: f32 },
    Transposed,
    ScaledTranspose { gain: f32 },
    Silent,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Optimizer", rename = "Optimizer", deny_unknown_fields)]
pub(super) enum OptimizerText {
    Sgd { rate: f32 },
    Adam { rate: f32 },
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Init", rename = "Init", deny_unknown_fields)]
pub(super) enum InitText {
    Gaussian { sd: f32 },
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Messages", rename = "Messages", deny_unknown_fields)]
pub(super) enum MessagesText {
    Dense,
    Events { threshold: f32 },
}

/// A text that is a [`Messages`] and nothing more, as after `--messages`.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct OnlyMessages(#[serde(with = "MessagesText")] pub(super) Messages);
