//! How a command fails: the request was wrong, or the run failed. Every error of the library becomes one of them here.

use crate::checkpoint::StoreError;
use crate::circuit::CircuitError;
use crate::data::DataError;
use crate::data::fetch::FetchError;
use crate::episode::EpisodeError;
use crate::evaluation::mixture::MixtureError;
use crate::evaluation::{DescentError, EvaluationError, InputError, MeasureError, PriorError, SenseError, SpeedError};
use crate::executor::SettleError;
use crate::network::{LearningError, WeightsError};
use crate::paper::PaperError;
use crate::study::run::StudyRunError;
use crate::training::TrainError;
use std::fmt;

/// Exit code where the run failed.
const RUN: u8 = 1;
/// Exit code where the request was wrong.
pub(super) const REQUEST: u8 = 2;

/// Why a command did not do what was asked.
#[derive(Debug)]
pub(super) enum Failure {
    /// The request can't be met as it stands: an argument, a file of the user, a shape.
    Request(String),
    /// The request was sound, and carrying it out failed: a full disk, a state that grew without bound, a stop.
    Run(String),
}

impl Failure {
    pub(super) fn exit_code(&self) -> u8 {
        match self {
            Self::Request(_) => REQUEST,
            Self::Run(_) => RUN,
        }
    }

    /// For other ranks of a job: the exit code, and the text.
    pub(super) fn to_tell(&self) -> String {
        let (Self::Request(text) | Self::Run(text)) = self;
        format!("{}{text}", self.exit_code())
    }

    /// What [`Failure::to_tell`] has told.
    pub(super) fn told(told: &str) -> Self {
        match told.strip_prefix('2') {
            Some(text) => Self::Request(text.to_owned()),
            None => Self::Run(told.get(1..).unwrap_or_default().to_owned()),
        }
    }

    /// The same failure, each line of it after whose it is.
    pub(super) fn of_whom(self, who: &str) -> Self {
        self.in_option(who)
    }

    /// Either kind, by what the error itself says of it.
    fn of(is_request: bool, error: &dyn fmt::Display) -> Self {
        if is_request { Self::Request(error.to_string()) } else { Self::Run(error.to_string()) }
    }

    /// The same failure, each line of it about an option.
    pub(super) fn in_option(self, option: &str) -> Self {
        let named = |text: String| text.lines().map(|line| format!("{option}: {line}")).collect::<Vec<_>>().join("\n");
        match self {
            Self::Request(text) => Self::Request(named(text)),
            Self::Run(text) => Self::Run(named(text)),
        }
    }

    /// The same failure with a further line.
    pub(super) fn and(self, line: &str) -> Self {
        match self {
            Self::Request(text) => Self::Request(format!("{text}\n{line}")),
            Self::Run(text) => Self::Run(format!("{text}\n{line}")),
        }
    }
}

/// One line for each mistake, so that each can be found by the word `error`.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Request(text) | Self::Run(text)) = self;
        let lines: Vec<_> = text.lines().map(|line| format!("error: {line}")).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl From<CircuitError> for Failure {
    fn from(error: CircuitError) -> Self {
        Self::Request(error.to_string())
    }
}

impl From<DataError> for Failure {
    fn from(error: DataError) -> Self {
        Self::of(error.is_request(), &error)
    }
}

impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Self {
        Self::of(error.is_request(), &error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::of(error.is_request(), &error)
    }
}

impl From<WeightsError> for Failure {
    fn from(error: WeightsError) -> Self {
        Self::Request(error.to_string())
    }
}

impl From<EpisodeError> for Failure {
    fn from(error: EpisodeError) -> Self {
        Self::Request(error.to_string())
    }
}

impl From<SenseError> for Failure {
    fn from(error: SenseError) -> Self {
        Self::Request(error.to_string())
    }
}

impl From<InputError> for Failure {
    fn from(error: InputError) -> Self {
        match error {
            InputError::Data(error) => error.into(),
            InputError::Sense(error) => error.into(),
        }
    }
}

impl From<SettleError> for Failure {
    fn from(error: SettleError) -> Self {
        Self::of(error.is_request(), &error)
    }
}

impl From<LearningError> for Failure {
    fn from(error: LearningError) -> Self {
        Self::Run(error.to_string())
    }
}

impl From<MeasureError> for Failure {
    fn from(error: MeasureError) -> Self {
        match error {
            MeasureError::Sense(error) => error.into(),
            MeasureError::Settle(error) => error.into(),
            MeasureError::Stopped => Self::Run(error.to_string()),
        }
    }
}

impl From<DescentError> for Failure {
    fn from(error: DescentError) -> Self {
        Self::Request(error.to_string())
    }
}

impl From<PriorError> for Failure {
    fn from(error: PriorError) -> Self {
        match error {
            PriorError::Descent(error) => error.into(),
            PriorError::Measure(error) => error.into(),
            PriorError::Mixture(error) => Self::of(matches!(error, MixtureError::TooFewSamples { .. }), &error),
        }
    }
}

impl From<EvaluationError> for Failure {
    fn from(error: EvaluationError) -> Self {
        match error {
            EvaluationError::Store(error) => error.into(),
            EvaluationError::Weights { .. } => Self::Request(error.to_string()),
            EvaluationError::Data(error) => error.into(),
            EvaluationError::Sense(error) => error.into(),
            EvaluationError::Measure(error) => error.into(),
            EvaluationError::Prior(error) => error.into(),
        }
    }
}

impl From<SpeedError> for Failure {
    fn from(error: SpeedError) -> Self {
        match error {
            SpeedError::Settle(error) => error.into(),
            SpeedError::Learning(error) => error.into(),
        }
    }
}

impl From<PaperError> for Failure {
    fn from(error: PaperError) -> Self {
        match error {
            PaperError::Request(text) => Self::Request(text),
            PaperError::Run(text) => Self::Run(text),
        }
    }
}

impl From<StudyRunError> for Failure {
    fn from(error: StudyRunError) -> Self {
        match error {
            StudyRunError::Train(error) => error.into(),
            other => Self::of(other.is_request(), &other),
        }
    }
}

impl From<TrainError> for Failure {
    fn from(error: TrainError) -> Self {
        match error {
            TrainError::Store(error) => error.into(),
            TrainError::Measure(error) => error.into(),
            TrainError::Learning(error) => error.into(),
            TrainError::Diverged { .. } => Self::Run(error.to_string()),
            TrainError::Another { .. } | TrainError::Mixed(_) => Self::Request(error.to_string()),
        }
    }
}

#[cfg(feature = "baselines")]
impl From<crate::baseline::BaselineError> for Failure {
    fn from(error: crate::baseline::BaselineError) -> Self {
        Self::of(error.is_request(), &error)
    }
}
