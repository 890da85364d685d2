//! Measures of a network on data, as design section 5 defines them.

mod completion;
mod composition;
mod descent;
#[cfg(feature = "pictures")]
mod embedding;
mod evaluator;
mod hidden;
mod importance;
mod inputs;
mod kept;
mod latents;
mod lbfgs;
mod likelihood;
mod logistic;
mod measures;
pub mod mixture;
mod prior;
mod probe;
mod progress;
mod record;
mod senses;
mod sorting;
mod speed;
mod stimuli;
mod sums;
mod trained;
mod work;

pub use completion::{Completed, complete, complete_as, complete_where, masked_error};
pub use composition::{Composition, compose, fields, predictors};
pub use descent::{Descent, DescentError, top_layer};
#[cfg(feature = "pictures")]
pub use embedding::{FEWEST, embed};
pub use evaluator::Evaluator;
pub use hidden::Hidden;
pub use importance::{Estimate, Importance};
pub use inputs::{InputError, input, input_frames, observed, observed_frames};
pub use kept::fit_prior;
pub use latents::{PRIOR_IMAGES, balanced, latent_layer, latents};
pub use likelihood::{Emission, PriorDraws, as_published, log_likelihood};
pub use logistic::{Logistic, LogisticOptions};
#[cfg(feature = "baselines")]
pub(crate) use measures::highest;
pub(crate) use measures::measure_with;
pub use measures::{MeasureError, Measured, Measures, measure, reconstruct};
pub use prior::{FittedPrior, PriorError, PriorEvent, PriorOptions};
pub use probe::{MOST_ROWS, Probe, ProbeOptions, ProbeRecorder, ProbeRow};
pub use progress::EvaluationEvent;
pub use record::{COMPONENTS, Evaluation, EvaluationOptions, EvaluationPart, EvaluationRequest, LogPx, LogPxIs};
pub(crate) use senses::sequence;
pub use senses::{LABEL, SenseError, Show, episode, image_sense, label_layer};
pub use sorting::{SAMPLES, SURE, SortedSamples};
pub use speed::{Speed, SpeedError, SpeedTest, product_peak};
pub use stimuli::{MomentsFrom, Prepared, keep_moments, prepare, sequences};
pub use sums::log_sum_exp;
pub use trained::{EvaluationError, Trained, load_noted, load_stored, recorded};
pub use work::SettlingWork;
