//! The options that shorten the protocol of the paper.

use super::super::values;
use crate::evaluation::{COMPONENTS, EvaluationPart, PRIOR_IMAGES};
use crate::paper::{DRAWS, IS, Protocol};
use clap::Args;

/// How each model is trained and measured.
#[derive(Debug, Clone, Args)]
pub(super) struct ProtocolArguments {
    /// Passes over the data [default: as the circuit files have it; 50 for the compared models]
    #[arg(long, value_name = "N", value_parser = values::positive)]
    epochs: Option<usize>,
    /// Images in a batch [default: 200, as the circuit files have it]
    #[arg(long, value_name = "N", value_parser = values::positive)]
    batch: Option<usize>,
    /// Learn from the first N training images only
    #[arg(long, value_name = "N", value_parser = values::positive)]
    limit: Option<usize>,
    /// Measure on the first N test images only
    #[arg(long, value_name = "N", value_parser = values::positive)]
    test_limit: Option<usize>,
    /// Measure these parts only, with commas between them
    #[arg(long, value_name = "PARTS", value_enum, value_delimiter = ',')]
    only: Vec<EvaluationPart>,
    /// Training images that a mixture is fitted to, the same number of each class
    #[arg(long, value_name = "N", default_value_t = PRIOR_IMAGES, value_parser = values::positive)]
    prior_images: usize,
    /// Components of a mixture
    #[arg(long, value_name = "N", default_value_t = COMPONENTS, value_parser = values::positive)]
    components: usize,
    /// Draws from a mixture for log_px
    #[arg(long, value_name = "N", default_value_t = DRAWS, value_parser = values::positive)]
    draws: usize,
    /// Test images for log_px_is, the first ones
    #[arg(long, value_name = "N", default_value_t = IS.0, value_parser = values::positive)]
    is_images: usize,
    /// Draws for each image for log_px_is
    #[arg(long, value_name = "N", default_value_t = IS.1, value_parser = values::positive)]
    is_draws: usize,
    /// Seed of the first trial; trial n has this seed plus n - 1
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

impl ProtocolArguments {
    /// What was asked for.
    pub(super) fn protocol(&self) -> Protocol {
        let Self { epochs, batch, limit, test_limit, only, .. } = self.clone();
        let Self { prior_images, components, draws, is_images, is_draws, seed, .. } = *self;
        Protocol { epochs, batch, limit, test_limit, only, prior_images, components, draws, is_images, is_draws, seed }
    }
}
