//! How old what was used on each link was, and how many messages went over it, for a drawing.

use super::overlay::{LinkMark, Overlay, Scale};
use crate::circuit::Circuit;
use crate::circuit::wiring::Wiring;
use crate::executor::DeliveryLog;

/// What a log tells of one link.
#[derive(Debug, Clone, Copy, Default)]
struct Passage {
    /// Messages that were handed over.
    messages: u64,
    /// Sum of ages over the firings of the receiver.
    ages: u64,
    /// Firings of the receiver.
    firings: u64,
    /// The newest message that was handed over.
    held: u64,
}

/// Mean age of what a receiver used, in firings of the sender, as the shade of a link, and how many messages were handed
/// over as its width; both as its label. Links over which nothing went keep their plain look.
///
/// # Errors
/// Says in words why the log is none of this circuit.
pub fn ages(circuit: &Circuit, log: &DeliveryLog) -> Result<Overlay, String> {
    let wiring = Wiring::new(circuit);
    let clamped: Vec<bool> =
        wiring.populations.iter().map(|population| log.clamped.contains(&population.name)).collect();
    log.check(&wiring, &clamped)?;
    let passages = passages(&wiring, log);
    let mean = |passage: &Passage| passage.ages as f64 / passage.firings as f64;
    let used = || passages.iter().enumerate().filter(|(_, passage)| passage.messages > 0 && passage.firings > 0);
    let most = used().map(|(_, passage)| passage.messages).max().unwrap_or(1);
    let oldest = used().map(|(_, passage)| mean(passage)).fold(0.0, f64::max);
    let mark = |(link, passage): (usize, &Passage)| {
        let age = mean(passage);
        (link, aged(passage.messages as f64 / most as f64, age, oldest, &passage.messages.to_string()))
    };
    Ok(Overlay {
        marks: used().map(mark).collect(),
        notes: vec!["width and second number of a link: messages that were handed over".to_owned()],
        scale: Some(scale(oldest)),
        ..Overlay::default()
    })
}

/// A link whose messages were so old on the mean and so many, as a share of the most and in words.
pub(super) fn aged(share: f64, age: f64, oldest: f64, messages: &str) -> LinkMark {
    LinkMark {
        width: Some(share),
        shade: Some(if oldest > 0.0 { age / oldest } else { 0.0 }),
        label: Some(format!("{age:.1} old, {messages}")),
    }
}

/// What the shades of such links mean.
pub(super) fn scale(oldest: f64) -> Scale {
    Scale {
        quantity: "mean age of what was used, in firings of the sender".to_owned(),
        low: "0".to_owned(),
        high: format!("{oldest:.1}"),
    }
}

/// Walks through a log, by the account's meaning of staleness.
fn passages(wiring: &Wiring, log: &DeliveryLog) -> Vec<Passage> {
    let mut passages = vec![Passage::default(); wiring.links.len()];
    let mut fired = vec![0_u64; wiring.populations.len()];
    for firing in &log.firings {
        let arriving = wiring.links.iter().zip(&mut passages).filter(|(link, _)| link.to.0 == firing.population);
        for (link, passage) in arriving {
            for (_, number) in firing.delivered.iter().filter(|(inlet, _)| *inlet == link.inlet) {
                passage.messages += 1;
                passage.held = passage.held.max(*number);
            }
            passage.ages += fired[link.from.0].saturating_sub(passage.held);
            passage.firings += 1;
        }
        fired[firing.population] += 1;
    }
    passages
}
