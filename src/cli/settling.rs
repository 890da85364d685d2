//! The options that put another settling in the place of a circuit's own.

use super::failure::Failure;
use super::values;
use crate::circuit::{Circuit, CircuitError, ExecutorKind, Schedule, Stopping, parse_messages, parse_place};
use clap::{Args, ValueEnum};

/// Schedule, messages, executor and steps, as options of a command.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct SettlingArguments {
    /// Who fires when, as in a circuit file, instead of the circuit's own
    #[arg(long, value_name = "RON")]
    schedule: Option<String>,
    /// What travels on a link, as in a circuit file
    #[arg(long, value_name = "RON")]
    messages: Option<String>,
    /// What runs the schedules Bounded and Free
    #[arg(long, value_enum, ignore_case = true)]
    executor: Option<Executor>,
    /// Which ranks populations of Bounded and Free run on, where a launcher has
    /// started several: {"z1": 0, "z1.error": 1}
    #[arg(long, value_name = "RON")]
    place: Option<String>,
    /// Updates of every state population, instead of the circuit's own
    #[arg(long, value_name = "N", value_parser = values::positive)]
    steps: Option<usize>,
}

/// The words of the circuit file for what runs actors.
#[derive(Debug, Clone, Copy, ValueEnum)]
#[value(rename_all = "PascalCase")]
enum Executor {
    Threads,
    Tasks,
}

impl From<Executor> for ExecutorKind {
    fn from(executor: Executor) -> Self {
        match executor {
            Executor::Threads => Self::Threads,
            Executor::Tasks => Self::Tasks,
        }
    }
}

impl SettlingArguments {
    /// The circuit with the settling that was asked for.
    pub(super) fn apply(&self, circuit: Circuit) -> Result<Circuit, Failure> {
        let mut circuit = override_settling(circuit, self.schedule.as_deref(), self.messages.as_deref())?;
        if self.executor.is_some() || self.steps.is_some() || self.place.is_some() {
            let mut settling = circuit.settling().clone();
            if let Some(text) = &self.place {
                let about = |error: CircuitError| Failure::from(error).in_option("--place");
                settling.place = parse_place(text, &circuit).map_err(about)?;
            }
            settling.executor = self.executor.map_or(settling.executor, Into::into);
            settling.stopping = self.steps.map_or(settling.stopping, Stopping::Steps);
            circuit = circuit.with_settling(settling)?;
        }
        Ok(circuit)
    }
}

/// Puts the `--schedule` and `--messages` of a command in the place of the circuit's own.
pub(super) fn override_settling(
    circuit: Circuit,
    schedule: Option<&str>,
    messages: Option<&str>,
) -> Result<Circuit, Failure> {
    let about = |option: &'static str| move |error: CircuitError| Failure::from(error).in_option(option);
    let mut settling = circuit.settling().clone();
    if let Some(text) = schedule {
        settling.schedule = Schedule::parse(text, &circuit).map_err(about("--schedule"))?;
    }
    if let Some(text) = messages {
        settling.messages = parse_messages(text).map_err(about("--messages"))?;
    }
    Ok(if schedule.is_some() || messages.is_some() { circuit.with_settling(settling)? } else { circuit })
}
