//! Frames, and projections that predict from frames before.

use super::limits::{MOST_FRAMES_BACK, MOST_STEPS};
use super::report::Mistakes;
use crate::circuit::file::SettlingFile;
use crate::params::Feedback;

/// Checks the updates of a frame, which are all that says when it ends.
pub(super) fn frames(file: &SettlingFile, report: &mut Mistakes<'_>) {
    let updates = file.per_frame.unwrap_or_default();
    report.count("settling.per_frame", updates as u64, 1, MOST_STEPS as u64);
    if file.steps.is_some() {
        let text =
            "`per_frame` and `steps` are both given; keep one (`per_frame` is the number of updates of each frame)";
        report.add("settling.steps", text);
    }
    if file.until.is_some() {
        let text = "`per_frame` and `until` are both given; keep one (a frame ends after a number of updates)";
        report.add("settling.until", text);
    }
}

/// Checks how far back a projection looks. Only who predicts knows whether a mismatch of now is any use to it: over error
/// synapses of its own, or not at all.
pub(super) fn delay(delay: Option<usize>, feedback: Feedback, at: &str, report: &mut Mistakes<'_>) {
    let Some(frames) = delay else { return };
    report.count(&format!("{at}.delay"), frames as u64, 1, MOST_FRAMES_BACK as u64);
    let word = match feedback {
        Feedback::Silent | Feedback::Learned { .. } => return,
        Feedback::Transposed => "Transposed",
        Feedback::ScaledTranspose { .. } => "ScaledTranspose",
    };
    let text = format!(
        "is {word}, but the projection has a delay: the synapses that are read backwards predict from an activity that has \
         passed; use `Silent`, or `Learned(rate: 1.0)` for error synapses of their own"
    );
    report.add(&format!("{at}.feedback"), text);
}
