//! What travels between ranks, as bytes: parcels one behind the other, each with a byte before it that says what it is.

use super::afar::{FiredWord, Parcel, Word};
use super::message::Letter;
use crate::circuit::wiring::{PopulationId, Wiring};
use crate::kernels::sparse::List;
use crate::matrix::Matrix;
use crate::ranks::{Packet, Unpack};
use crate::signal::{Content, Signal};
use std::sync::Arc;

const LETTER: u8 = 0;
const FINISHED: u8 = 1;
const FIRED: u8 = 2;
const CALLED: u8 = 3;
const STANDS: u8 = 4;
const DEEP: u8 = 5;

const LOST: u8 = 0;
const DENSE: u8 = 1;
const EVENTS: u8 = 2;
const STEPS: u8 = 3;

/// Appends a parcel.
pub(super) fn put(parcel: &Parcel, packet: &mut Packet) {
    match parcel {
        Parcel::Letter(link, letter) => {
            packet.put(&[LETTER]);
            packet.put(&[*link as u64, letter.number, letter.depth, letter.answers, letter.place]);
            packet.put_counted(&letter.superseded);
            put_signal(letter.signal.as_ref(), packet);
        }
        Parcel::Finished(link, fired) => {
            packet.put(&[FINISHED]);
            packet.put(&[*link as u64, *fired]);
        }
        Parcel::Word(Word::Fired(FiredWord { id, handed, movement, behind })) => {
            packet.put(&[FIRED]);
            packet.put(&[id.0 as u64]);
            packet.put_counted(&handed.iter().map(|(inlet, number)| [*inlet as u64, *number]).collect::<Vec<_>>());
            packet.put(&[u8::from(movement.is_some()), u8::from(*behind)]);
            packet.put(&[movement.unwrap_or(0.0)]);
        }
        Parcel::Word(Word::Called(life)) => {
            packet.put(&[CALLED]);
            packet.put(&[*life]);
        }
        Parcel::Word(Word::Stands(standing)) => {
            packet.put(&[STANDS]);
            packet.put_counted(&serde_json::to_vec(standing).expect("plain data"));
        }
        Parcel::Word(Word::Deep) => packet.put(&[DEEP]),
    }
}

fn put_signal(signal: Option<&Signal>, packet: &mut Packet) {
    match signal.map(Signal::content) {
        None => packet.put(&[LOST]),
        Some(Content::Dense(matrix)) => {
            packet.put(&[DENSE]);
            packet.put(&[matrix.rows() as u64, matrix.cols() as u64]);
            packet.put(matrix.as_slice());
        }
        Some(Content::Events(list)) => put_list(EVENTS, list, packet),
        Some(Content::Steps(list)) => put_list(STEPS, list, packet),
    }
}

fn put_list(kind: u8, list: &List, packet: &mut Packet) {
    packet.put(&[kind]);
    packet.put(&[list.rows() as u64]);
    for (neurons, values) in list.samples() {
        packet.put(&[neurons.len() as u32]);
        packet.put(neurons);
        packet.put(values);
    }
}

/// The next parcel.
///
/// # Panics
/// Where the bytes are none: ranks run the same program, so that it is a bug.
pub(super) fn take(told: &mut Unpack<'_>, wiring: &Wiring) -> Parcel {
    match told.take::<u8>() {
        LETTER => {
            let mut numbers = [0_u64; 5];
            told.fill(&mut numbers);
            let [link, number, depth, answers, place] = numbers;
            let superseded = told.take_counted();
            let link = link as usize;
            let content = take_content(told);
            let signal = content.map(|content| Signal::new(wiring.links[link].carries, content));
            Parcel::Letter(link, Letter { number, depth, answers, place, superseded, signal })
        }
        FINISHED => {
            let mut numbers = [0_u64; 2];
            told.fill(&mut numbers);
            Parcel::Finished(numbers[0] as usize, numbers[1])
        }
        FIRED => {
            let id = PopulationId(told.take::<u64>() as usize);
            let handed: Vec<[u64; 2]> = told.take_counted();
            let handed = handed.into_iter().map(|[inlet, number]| (inlet as usize, number)).collect();
            let mut flags = [0_u8; 2];
            told.fill(&mut flags);
            let movement = Some(told.take::<f32>()).filter(|_| flags[0] == 1);
            Parcel::Word(Word::Fired(FiredWord { id, handed, movement, behind: flags[1] == 1 }))
        }
        CALLED => Parcel::Word(Word::Called(told.take())),
        STANDS => {
            let bytes: Vec<u8> = told.take_counted();
            Parcel::Word(Word::Stands(serde_json::from_slice(&bytes).expect("as it was put")))
        }
        DEEP => Parcel::Word(Word::Deep),
        other => panic!("ranks run the same program, in which no parcel is {other}"),
    }
}

fn take_content(told: &mut Unpack<'_>) -> Option<Content> {
    match told.take::<u8>() {
        LOST => None,
        DENSE => {
            let mut sides = [0_u64; 2];
            told.fill(&mut sides);
            let mut matrix = Matrix::zeros(sides[0] as usize, sides[1] as usize);
            told.fill(matrix.as_mut_slice());
            Some(Content::Dense(Arc::new(matrix)))
        }
        EVENTS => Some(Content::Events(Arc::new(take_list(told)))),
        STEPS => Some(Content::Steps(Arc::new(take_list(told)))),
        other => panic!("ranks run the same program, in which no signal is {other}"),
    }
}

fn take_list(told: &mut Unpack<'_>) -> List {
    let mut list = List::default();
    let (mut neurons, mut values) = (Vec::new(), Vec::new());
    for _ in 0..told.take::<u64>() {
        let count = told.take::<u32>() as usize;
        neurons.resize(count, 0_u32);
        values.resize(count, 0.0_f32);
        told.fill(&mut neurons);
        told.fill(&mut values);
        list.append_sample(&neurons, &values, |_, value| value);
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::circuit::Circuit;

    #[test]
    fn parcels_come_as_they_were_put() {
        let text = br#"(name: "x", layers: {"z0": (size: 4, sense: "image"), "z1": (size: 2, beta: 0.1)},
            projections: [(from: "z1", to: "z0", feedback: Transposed)])"#;
        let wiring = Wiring::new(&Circuit::parse(text).expect("sound"));
        let mut list = List::default();
        list.of_nonzero(&[0.0, 2.5, 0.0, 0.0, -1.0, 3.0], 3);
        let (dense, events) = (Matrix::from_fn(2, 3, |i, j| i as f32 - j as f32), Arc::new(list));
        let contents = [
            None,
            Some(Content::Dense(Arc::new(dense))),
            Some(Content::Events(Arc::clone(&events))),
            Some(Content::Steps(events)),
        ];
        let letter = |content: Option<Content>| Letter {
            number: 7,
            depth: 3,
            answers: 5,
            place: 99,
            superseded: vec![4, 6],
            signal: content.map(|content| Signal::new(wiring.links[1].carries, content)),
        };
        let fired = FiredWord { id: PopulationId(2), handed: vec![(1, 8)], movement: Some(0.5), behind: true };
        let words = [Word::Fired(fired), Word::Called(3), Word::Stands(Box::default()), Word::Deep];
        let letters = contents.into_iter().map(|content| Parcel::Letter(1, letter(content)));
        let parcels: Vec<Parcel> =
            letters.chain([Parcel::Finished(1, 12)]).chain(words.into_iter().map(Parcel::Word)).collect();
        let mut packet = Packet::default();
        parcels.iter().for_each(|parcel| put(parcel, &mut packet));
        let mut told = Unpack::new(packet.bytes());
        // Lists may have room behind what they hold; samples are what counts.
        let shown = |parcel: &Parcel| match parcel {
            Parcel::Letter(link, Letter { signal: Some(signal), .. }) => match signal.content() {
                Content::Events(list) | Content::Steps(list) => {
                    format!("{link} {} {:?}", signal.bits(), list.samples().collect::<Vec<_>>())
                }
                Content::Dense(matrix) => format!("{link} {:?} {matrix:?}", signal.carries()),
            },
            other => format!("{other:?}"),
        };
        for parcel in &parcels {
            assert_eq!(shown(&take(&mut told, &wiring)), shown(parcel));
        }
        assert!(told.is_empty());
    }
}
