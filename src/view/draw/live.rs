//! How the last batch of a training went, for a drawing: activities in rooms, messages a second and their ages on links.

use super::ages::{aged, scale};
use super::overlay::{Overlay, RoomMark};
use crate::circuit::wiring::Wiring;
use crate::circuit::{Circuit, LayerId};
use crate::training::{Pulse, PulseLayer, PulseLink};
use crate::view::numbers;

/// Messages a second as the width of a link, in proportion, and mean staleness as its shade; both as its label. Activity as
/// a bar in the room of a layer, the longest for the largest, and in words. Links over which nothing went keep their plain
/// look, and so does all that the circuit has and the pulse does not name.
///
/// # Examples
/// ```
/// use gncn::circuit::Circuit;
/// use gncn::training::{Pulse, PulseLayer, PulseLink};
/// use gncn::view::draw;
///
/// let circuit = Circuit::parse(br#"(
///     name: "smallest",
///     layers: { "z0": (size: 4, sense: "image"), "z1": (size: 2, beta: 0.1) },
///     projections: [(from: "z1", to: "z0", feedback: Transposed)],
/// )"#).unwrap();
/// let link = PulseLink {
///     from: "z1".to_owned(), to: "z0.error".to_owned(), sent: 50, used: 49, staleness: Some(1.5), ..PulseLink::default()
/// };
/// let layer = PulseLayer { name: "z1".to_owned(), activity: 0.25, ..PulseLayer::default() };
/// let pulse = Pulse { batch: 20, images_per_second: 400.0, layers: vec![layer], links: vec![link], ..Pulse::default() };
/// let overlay = draw::live(&circuit, &pulse);
/// let label = overlay.marks.values().next().and_then(|mark| mark.label.clone());
/// assert_eq!(label.as_deref(), Some("1.5 old, 1,000/s"), "50 messages for each of 20 batches a second");
/// assert_eq!(overlay.rooms.values().next().map(|mark| mark.line.as_str()), Some("activity 0.25"));
/// ```
#[must_use]
pub fn live(circuit: &Circuit, pulse: &Pulse) -> Overlay {
    let wiring = Wiring::new(circuit);
    let batches_a_second = if pulse.batch > 0 { pulse.images_per_second / pulse.batch as f64 } else { 0.0 };
    let name = |population: usize| wiring.populations.get(population).map(|population| population.name.as_str());
    let told = |from: usize, to: usize| -> Option<&PulseLink> {
        pulse.links.iter().find(|link| name(from) == Some(&link.from) && name(to) == Some(&link.to))
    };
    let all = wiring.links.iter().enumerate().filter_map(|(i, link)| Some((i, told(link.from.0, link.to.0)?)));
    let used: Vec<_> = all.filter(|(_, link)| link.sent > 0).collect();
    let most = used.iter().map(|(_, link)| link.sent).max().unwrap_or(1);
    let oldest = used.iter().filter_map(|(_, link)| link.staleness).fold(0.0, f64::max);
    let mark = |(number, link): &(usize, &PulseLink)| {
        let age = link.staleness.unwrap_or_default();
        let rate = numbers::count((link.sent as f64 * batches_a_second).round().max(0.0) as u64);
        (*number, aged(link.sent as f64 / most as f64, age, oldest, &format!("{rate}/s")))
    };
    let layers: Vec<_> = pulse.layers.iter().filter_map(|layer| Some((circuit.find(&layer.name)?, layer))).collect();
    let loudest = layers.iter().map(|(_, layer)| layer.activity).fold(0.0, f64::max);
    let room = |(id, layer): &(LayerId, &PulseLayer)| {
        let share = if loudest > 0.0 { layer.activity / loudest } else { 0.0 };
        (*id, RoomMark { share, line: format!("activity {:.2}", layer.activity) })
    };
    Overlay {
        marks: used.iter().map(mark).collect(),
        rooms: layers.iter().map(room).collect(),
        notes: vec![
            "width and second number of a link: messages a second".to_owned(),
            "bar of a layer: root mean square of its activity".to_owned(),
        ],
        scale: Some(scale(oldest)),
        ..Overlay::default()
    }
}
