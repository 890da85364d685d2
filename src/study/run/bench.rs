//! What a point is measured with.

use super::plan::StudyMeasure;
use super::rest::LockstepRest;
use super::table::StudyTable;
use crate::data::Images;
use crate::executor::Purpose;
use crate::network::Network;

/// What presentations of a point are shown for.
pub(super) const PURPOSE: Purpose = Purpose::Measuring;

/// What a point is measured with.
pub(super) struct Bench<'a> {
    pub(super) network: &'a mut Network,
    pub(super) images: &'a Images,
    /// What a classifier learns from, and how many classes there are.
    pub(super) train: &'a Images,
    pub(super) classes: usize,
    pub(super) measures: &'a [StudyMeasure],
    /// The rest of each presentation, where it is asked for.
    pub(super) rests: &'a [Option<LockstepRest>],
    /// Neurons that are probed in the first presentation.
    pub(super) probes: &'a [String],
    /// What was kept of them.
    pub(super) probed: Option<StudyTable>,
}
