//! A trace as a timeline: who fired when, in the trace-event format of JSON that Perfetto and chrome://tracing open.
//!
//! | event | `ph` | meaning |
//! |---|---|---|
//! | name of a track | `M` | one track for each population |
//! | a firing | `X` | its beginning and duration in microseconds; under virtual time, one tick is one microsecond |
//! | a wait | `X`, category `wait` | an actor without anything new to fire on, and the sender that it waits for |
//! | a message | `s` and `f` | from the end of the firing that sent it to the beginning of the firing that used it |

use crate::circuit::wiring::{PopulationId, Wiring};
use crate::data::DataError;
use crate::data::atomic::Pending;
use crate::executor::{DeliveryLog, Trace, TracedFiring};
use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::time::Duration;

/// Writes a timeline to a file that was opened for it, and gives the file its name.
///
/// # Errors
/// [`DataError::Write`]; there is no file of that name then, or the one that was there before.
pub fn write(
    (pending, file): (Pending, File),
    trace: &Trace,
    log: &DeliveryLog,
    wiring: &Wiring,
) -> Result<(), DataError> {
    let timeline = DrawnTimeline::new(trace, wiring);
    let mut out = BufWriter::new(&file);
    let mut separator = "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n";
    let mut write = |event: &Value| {
        out.write_all(std::mem::replace(&mut separator, ",\n").as_bytes())?;
        serde_json::to_writer(&mut out, event).map_err(std::io::Error::from)
    };
    let written = timeline.events(log, &mut write);
    let ended = written.and_then(|()| out.write_all(b"\n]}\n")).and_then(|()| out.flush());
    ended.map_err(|cause| DataError::write(pending.target(), cause))?;
    drop(out);
    pending.commit(&file)
}

/// A trace in which firings are found by population and number.
struct DrawnTimeline<'a> {
    trace: &'a Trace,
    wiring: &'a Wiring,
    /// By population: places of its firings.
    places: Vec<Vec<usize>>,
}

impl<'a> DrawnTimeline<'a> {
    fn new(trace: &'a Trace, wiring: &'a Wiring) -> Self {
        let mut places = vec![Vec::new(); wiring.populations.len()];
        for (place, firing) in trace.firings.iter().enumerate() {
            places[firing.population.0].push(place);
        }
        Self { trace, wiring, places }
    }

    fn events(&self, log: &DeliveryLog, write: &mut impl FnMut(&Value) -> std::io::Result<()>) -> std::io::Result<()> {
        write(&json!({"ph": "M", "name": "process_name", "pid": 1, "args": {"name": "gncn settle"}}))?;
        for (id, spec) in self.wiring.populations() {
            let name = json!({"name": spec.name});
            write(&json!({"ph": "M", "name": "thread_name", "pid": 1, "tid": id.0 + 1, "args": name}))?;
        }
        // Where there are ticks, the readout has none and comes after the last.
        let last = self.trace.firings.iter().filter_map(|firing| firing.tick).max();
        for firing in &self.trace.firings {
            let (ts, dur) = span(firing, last);
            let tid = firing.population.0 + 1;
            let name = if firing.readout { "readout" } else { "fire" };
            let args = json!({"firing": firing.number, "movement": firing.movement, "free_energy": firing.energy});
            write(
                &json!({"ph": "X", "name": name, "cat": "fire", "pid": 1, "tid": tid, "ts": ts, "dur": dur, "args": args}),
            )?;
        }
        for wait in &self.trace.waits {
            let sender = self.sender(wait.population, wait.inlet);
            let (tid, ts, dur) = (wait.population.0 + 1, micros(wait.begin), micros(wait.duration));
            let args = json!({"for": sender.map(|id| self.wiring.population(id).name.as_str())});
            write(
                &json!({"ph": "X", "name": "wait", "cat": "wait", "pid": 1, "tid": tid, "ts": ts, "dur": dur, "args": args}),
            )?;
        }
        self.messages(log, last, write)
    }

    /// An arrow for every message that was used.
    fn messages(
        &self,
        log: &DeliveryLog,
        last: Option<u64>,
        write: &mut impl FnMut(&Value) -> std::io::Result<()>,
    ) -> std::io::Result<()> {
        let (mut fired, mut id) = (vec![0_u64; self.places.len()], 0_u64);
        for firing in &log.firings {
            let receiver = PopulationId(firing.population);
            fired[receiver.0] += 1;
            let Some(used) = self.find(receiver, fired[receiver.0]) else { continue };
            for (inlet, number) in &firing.delivered {
                let Some(sender) = self.sender(receiver, *inlet) else { continue };
                let Some(sent) = self.find(sender, *number) else { continue };
                let ((begin, dur), (ts, _)) = (span(sent, last), span(used, last));
                let (from, to) = (sender.0 + 1, receiver.0 + 1);
                id += 1;
                write(
                    &json!({"ph": "s", "name": "message", "cat": "message", "id": id, "pid": 1, "tid": from, "ts": begin + dur}),
                )?;
                write(
                    &json!({"ph": "f", "bp": "e", "name": "message", "cat": "message", "id": id, "pid": 1, "tid": to, "ts": ts}),
                )?;
            }
        }
        Ok(())
    }

    /// The firing of a population with this number, from 1.
    fn find(&self, population: PopulationId, number: u64) -> Option<&TracedFiring> {
        let place = self.places[population.0].get(usize::try_from(number).ok()?.checked_sub(1)?)?;
        self.trace.firings.get(*place)
    }

    fn sender(&self, receiver: PopulationId, inlet: usize) -> Option<PopulationId> {
        self.wiring.arriving(receiver).find(|link| link.inlet == inlet).map(|link| link.from)
    }
}

/// Where a firing stands on the time axis, in microseconds.
fn span(firing: &TracedFiring, last_tick: Option<u64>) -> (f64, f64) {
    match (firing.tick, last_tick) {
        (Some(tick), _) => (tick as f64, 1.0),
        (None, Some(last)) => (last as f64 + 1.0, 1.0),
        (None, None) => (micros(firing.begin), micros(firing.duration)),
    }
}

fn micros(duration: Duration) -> f64 {
    duration.as_nanos() as f64 / 1000.0
}
