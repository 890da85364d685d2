//! From what is written to what is sound: a [`CircuitFile`] becomes a [`Circuit`], or all of its mistakes.
//!
//! Each part reports what it finds and goes on with a harmless value in place of the bad one, so that one run
//! shows every mistake. What would only be the echo of another mistake (a link missing because a projection
//! names an unknown layer) is left out. Nothing of a circuit with mistakes ever leaves this folder.

mod changes;
mod graph;
mod layers;
mod limits;
mod onset;
mod plasticity;
mod reach;
pub(crate) mod report;
mod rows;
mod schedule;
mod settling;
mod time;

use super::cost;
use super::description::{Circuit, Learning};
use super::error::CircuitError;
use super::file::{CircuitFile, LearningFile, Listing, ScheduleFile};
use super::ids::PopulationId;
use super::places::Places;
use super::schedule::{Schedule, Settling, Stopping};
use crate::params::Messages;
use limits::{MOST_PARAMETERS, MOST_SAMPLES, MOST_VALUES};
use report::Mistakes;

/// Checks a whole file.
pub(super) fn circuit(file: CircuitFile, places: Places<'_>) -> Result<Circuit, CircuitError> {
    let mut report = Mistakes::new(places);
    let file = rows::expand(file, &mut report);
    if report.has_any() {
        // What a row would have made is missing everywhere.
        return Err(report.into_error());
    }
    name(&file.name, &mut report);
    if !graph::is_readable(&file, &mut report) {
        return Err(report.into_error());
    }
    let roles = graph::roles(&file, &mut report);
    plasticity::init(file.init, "init", &mut report);
    let mut circuit = Circuit {
        layers: layers::layers(&file.layers, &roles, &mut report),
        projections: roles.projections,
        settling: placeholder(),
        learning: learning(&file.learning, &mut report),
        init: file.init,
        name: file.name,
        about: file.about,
    };
    reach::reach(&file.projections, &circuit, roles.complete, &mut report);
    totals(&circuit, &mut report);
    circuit.settling = settling::settling(&file.settling, &circuit, roles.complete, &mut report);
    report.finish(circuit)
}

/// Checks a schedule on its own against a circuit that is known to be sound.
pub(super) fn schedule(file: &ScheduleFile, circuit: &Circuit, places: Places<'_>) -> Result<Schedule, CircuitError> {
    let mut report = Mistakes::new(places);
    let schedule = schedule::schedule(file, circuit, true, "schedule", &mut report);
    report.finish(schedule)
}

/// Checks places on their own.
pub(super) fn place(
    file: &Listing<usize>,
    circuit: &Circuit,
    places: Places<'_>,
) -> Result<Vec<(PopulationId, usize)>, CircuitError> {
    let mut report = Mistakes::new(places);
    let placed = schedule::place(file, circuit, true, "place", &mut report);
    report.finish(placed)
}

/// Checks messages on their own.
pub(super) fn messages(messages: Messages, places: Places<'_>) -> Result<Messages, CircuitError> {
    let mut report = Mistakes::new(places);
    settling::messages(messages, "messages", &mut report);
    report.finish(messages)
}

/// The settling of a circuit whose own has not been checked yet.
fn placeholder() -> Settling {
    Settling::plain(Stopping::Steps(settling::STEPS))
}

fn name(name: &str, report: &mut Mistakes<'_>) {
    if name.trim().is_empty() {
        report.add("name", "is empty; give the circuit a name, such as \"gncn-pdh\"");
    } else if name.chars().any(|c| c.is_control() || c == '/' || c == '\\') {
        report.add("name", "has a slash or a control character; a name stands in titles and names of files");
    }
}

fn learning(file: &LearningFile, report: &mut Mistakes<'_>) -> Learning {
    plasticity::optimizer(file.optimizer, "learning.optimizer", report);
    plasticity::decay(file.decay, file.optimizer.rate(), "learning.decay", report);
    plasticity::rate_over_time(file.rate_over_time, "learning.rate_over_time", report);
    report.count("learning.batch", file.batch as u64, 1, MOST_SAMPLES as u64);
    report.count("learning.epochs", file.epochs as u64, 1, u64::from(u32::MAX));
    let LearningFile { optimizer, norm, decay, rate_over_time, when, batch, epochs } = *file;
    Learning { optimizer, norm, decay, rate_over_time, when, batch, epochs }
}

/// Sizes that are legal one by one may still be too much together.
fn totals(circuit: &Circuit, report: &mut Mistakes<'_>) {
    let parameters = cost::parameters(circuit);
    if parameters > MOST_PARAMETERS {
        report.add(
            "layers",
            format!(
                "the sizes ask for {parameters} synapses and covariances, {} GiB; at most {MOST_PARAMETERS} are \
                 possible, so choose smaller layers, or `precision: Identity` for the largest",
                (parameters * 4) >> 30
            ),
        );
    }
    let neurons: u64 = circuit.layers.iter().map(|layer| layer.size as u64).sum();
    let batch = circuit.learning.batch as u64;
    if batch <= MOST_SAMPLES as u64 && neurons.saturating_mul(batch) > MOST_VALUES {
        let most = (MOST_VALUES / neurons).max(1);
        report
            .add("learning.batch", format!("is {batch}, but {neurons} neurons leave room for {most} samples at most"));
    }
}
