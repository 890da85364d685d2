//! The options that put another settling in the place of a circuit's own.

use super::failure::Failure;
use super::{output, table, values};
use crate::circuit::wiring::PopulationId;
use crate::circuit::{Circuit, CircuitError, ExecutorKind, Schedule, Settling, Stopping, parse_messages, parse_place};
use crate::episode::Episode;
use crate::executor::place_by_time;
use crate::network::Network;
use crate::ranks::Ranks;
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
    /// started several: {"z1": 0, "z1.error": 1}; or measured, by what a few
    /// firings of each take [default: by multiply-accumulates]
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
    /// Whether populations are placed by what their firings take.
    pub(super) fn is_to_be_measured(&self) -> bool {
        self.place.as_ref().is_some_and(|text| text.trim().eq_ignore_ascii_case("measured"))
    }

    /// Places populations by what their firings take, where that was asked for, and says where.
    pub(super) fn place(
        &self,
        ranks: &Ranks,
        network: &mut Network,
        episode: &Episode<'_>,
        settling: &mut Settling,
    ) -> Result<(), Failure> {
        let is_spread = matches!(settling.schedule, Schedule::Bounded { .. } | Schedule::Free { .. });
        if !self.is_to_be_measured() || !is_spread || !ranks.are_many() {
            return Ok(());
        }
        let placement = place_by_time(ranks, network, episode, settling)?;
        for rank in 0..ranks.size() {
            let own = placement.place.iter().filter(|(id, home)| *home == rank && placement.seconds[id.0] > 0.0);
            let named = |(id, _): &(PopulationId, usize)| {
                format!("{} {:.3} ms", network.wiring().population(*id).name, placement.seconds[id.0] * 1e3)
            };
            let named: Vec<_> = own.map(named).collect();
            output::note(&table::wrap(&format!("rank {rank}: {} a firing", named.join(", "))));
        }
        settling.place = placement.place;
        Ok(())
    }

    /// The circuit with the settling that was asked for.
    pub(super) fn apply(&self, circuit: Circuit) -> Result<Circuit, Failure> {
        let mut circuit = override_settling(circuit, self.schedule.as_deref(), self.messages.as_deref())?;
        if self.executor.is_some() || self.steps.is_some() || self.place.is_some() {
            let mut settling = circuit.settling().clone();
            if let Some(text) = self.place.as_ref().filter(|_| !self.is_to_be_measured()) {
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
