//! How an episode ends and what its messages are.

use super::limits::MOST_STEPS;
use super::onset;
use super::report::{Legal, Mistakes};
use super::schedule;
use super::time;
use crate::circuit::file::{SettlingFile, UntilFile};
use crate::circuit::{Circuit, Settling, Stopping};
use crate::params::Messages;

/// Steps of an episode where the file gives none, as in the paper.
pub(super) const STEPS: usize = 50;

/// Checks settling against the layers and projections of `circuit`, whose own settling is not read.
pub(super) fn settling(file: &SettlingFile, circuit: &Circuit, complete: bool, report: &mut Mistakes<'_>) -> Settling {
    messages(file.messages, "settling.messages", report);
    onset::start(file.start, circuit, complete, report);
    onset::unquiet(file, circuit, report);
    let settling = Settling {
        stopping: stopping(file, report),
        schedule: schedule::schedule(&file.schedule, circuit, complete, "settling.schedule", report),
        executor: file.executor,
        place: schedule::place(&file.place, circuit, complete, "settling.place", report),
        messages: file.messages,
        start: file.start,
        framed: file.per_frame.is_some(),
    };
    if let Some(loss) = settling.unbearable_loss() {
        report.add("settling.messages", loss);
    }
    settling
}

fn stopping(file: &SettlingFile, report: &mut Mistakes<'_>) -> Stopping {
    let most = MOST_STEPS as u64;
    if let Some(updates) = file.per_frame {
        time::frames(file, report);
        return Stopping::Steps(updates);
    }
    if let Some(steps) = file.steps {
        report.count("settling.steps", steps as u64, 1, most);
    }
    let Some(UntilFile::Quiet { tolerance, max_steps }) = file.until else {
        return Stopping::Steps(file.steps.unwrap_or(STEPS));
    };
    report.number("settling.until.tolerance", tolerance, Legal::Positive);
    report.count("settling.until.max_steps", max_steps as u64, 1, most);
    if file.steps.is_some() {
        report.add("settling.steps", "`steps` and `until` are both given; keep one (`max_steps` bounds `until`)");
    }
    Stopping::Quiet { tolerance, max_steps }
}

/// Checks what travels on a link.
pub(super) fn messages(messages: Messages, at: &str, report: &mut Mistakes<'_>) {
    match messages {
        Messages::Dense => {}
        Messages::Events { threshold, refresh } => {
            report.number(&format!("{at}.threshold"), threshold, Legal::NotNegative);
            if let Some(firings) = refresh {
                report.count(&format!("{at}.refresh"), firings, 1, MOST_STEPS as u64);
            }
        }
        Messages::Ternary { threshold } => {
            report.number(&format!("{at}.threshold"), threshold, Legal::Positive);
        }
    }
}
