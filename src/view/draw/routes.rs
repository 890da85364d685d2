//! From places to lines: how high rows and channels are, and on which track each line crosses its channel.
//!
//! A channel has room for labels below the row above it, then tracks, then room for labels above the row below it. Only
//! upright ends of lines enter the two rooms for labels, and what lies beside those ends was kept free; level pieces run on
//! tracks alone, so no line can meet a label. Tracks are put in an order with few crossings.

use super::cables::{Cable, Strand};
use super::places::RoomPlaces;
use super::rows::{Pass, RoomRows, Unit};
use super::scene::Spot;
use std::collections::BTreeMap;

/// From a track to the next.
const TRACK: f64 = 10.0;
/// A side of a channel without labels.
const PLAIN: f64 = 14.0;
/// A side with labels.
const LABELLED: f64 = 22.0;
/// Rounds of the search for an order of tracks.
const ROUNDS: usize = 12;

/// Heights of rows and channels, and the tracks of lines.
#[derive(Debug)]
pub(super) struct Routes {
    /// The top and the bottom edge of each row, counted from below like the rows.
    pub(super) rows: Vec<(f64, f64)>,
    pub(super) height: f64,
    tracks: BTreeMap<(usize, usize), f64>,
}

/// A line in a channel that isn't straight.
#[derive(Debug, Clone, Copy)]
struct Piece {
    link: usize,
    left: f64,
    right: f64,
    /// Its ends and whether they go up.
    ends: [(f64, bool); 2],
}

impl Routes {
    /// `heights` are those of the rows.
    pub(super) fn of(rows: &RoomRows, cables: &[Cable], places: &RoomPlaces, heights: &[f64]) -> Self {
        let mut found = Self { rows: vec![(0.0, 0.0); heights.len()], height: 0.0, tracks: BTreeMap::new() };
        let mut y = 0.0;
        // From the channel above the top row down to the one below the lowest.
        for channel in (0..=heights.len()).rev() {
            let is_used = rows.through(channel).next().is_some();
            let is_between = channel > 0 && channel < heights.len();
            if is_used || is_between {
                let has_labels = |feedback: bool| {
                    let strands = rows.through(channel).flat_map(|pass| ends_here(pass, cables));
                    let mut labels = strands.filter(|strand| strand.label > 0.0);
                    labels.any(|strand| strand.is_feedback() == feedback)
                };
                let side = |labelled: bool| if labelled { LABELLED } else { PLAIN };
                y += side(has_labels(true));
                let pieces = pieces(rows, cables, places, channel);
                let tracks = tracks(&pieces);
                let count = tracks.iter().max().map_or(0, |last| last + 1);
                for (piece, track) in pieces.iter().zip(tracks) {
                    found.tracks.insert((channel, piece.link), y + (track as f64 + 0.5) * TRACK);
                }
                y += count as f64 * TRACK + side(has_labels(false));
            }
            if channel > 0 {
                found.rows[channel - 1] = (y, y + heights[channel - 1]);
                y += heights[channel - 1];
            }
        }
        found.height = y;
        found
    }

    /// The corners of a line, from the room of the cable's source at `start` to the room that it predicts at `end`.
    pub(super) fn corners(&self, passes: &[Pass], link: usize, places: &RoomPlaces, start: f64, end: f64) -> Vec<Spot> {
        let mut points = Vec::new();
        for (i, pass) in passes.iter().enumerate() {
            let (a, b) = (places.line(&pass.ends[0], link), places.line(&pass.ends[1], link));
            if i == 0 {
                points.push(Spot { x: a, y: start });
            }
            if let Some(y) = self.tracks.get(&(pass.channel, link)) {
                points.extend([Spot { x: a, y: *y }, Spot { x: b, y: *y }]);
            }
            if i + 1 == passes.len() {
                points.push(Spot { x: b, y: end });
            }
        }
        points
    }
}

/// The strands that have an arrow in this pass's channel: predictions where it is the last, feedback where the first.
fn ends_here<'a>(pass: &Pass, cables: &'a [Cable]) -> impl Iterator<Item = &'a Strand> {
    let is_room = pass.ends.map(|end| matches!(end.unit, Unit::Room(_)));
    cables[pass.cable].strands.iter().filter(move |strand| is_room[usize::from(!strand.is_feedback())])
}

fn pieces(rows: &RoomRows, cables: &[Cable], places: &RoomPlaces, channel: usize) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for pass in rows.through(channel) {
        for strand in &cables[pass.cable].strands {
            let ends = pass.ends.map(|end| (places.line(&end, strand.link), end.is_above));
            let (left, right) = (ends[0].0.min(ends[1].0), ends[0].0.max(ends[1].0));
            if pass.is_turn() || right - left > 1e-6 {
                pieces.push(Piece { link: strand.link, left, right, ends });
            }
        }
    }
    pieces.sort_by(|a, b| a.left.total_cmp(&b.left).then(a.link.cmp(&b.link)));
    pieces
}

/// The track of every piece, 0 on top. Pieces that lie over each other have different ones.
fn tracks(pieces: &[Piece]) -> Vec<usize> {
    let order = order(pieces);
    let mut tracks = vec![0; pieces.len()];
    for (at, &i) in order.iter().enumerate() {
        let above = order[..at].iter().filter(|j| meet(&pieces[i], &pieces[**j]));
        tracks[i] = above.map(|j| tracks[*j] + 1).max().unwrap_or(0);
    }
    tracks
}

/// Whether two pieces may not share a track. Arrows and thick lines need some air, too.
fn meet(a: &Piece, b: &Piece) -> bool {
    const AIR: f64 = 8.0;
    a.left < b.right + AIR && b.left < a.right + AIR
}

/// An order from above with few crossings: each piece in turn goes where it costs least, until none moves.
fn order(pieces: &[Piece]) -> Vec<usize> {
    let count = pieces.len();
    let cost: Vec<Vec<i64>> =
        (0..count).map(|a| (0..count).map(|b| crossings(&pieces[a], &pieces[b])).collect()).collect();
    let mut order: Vec<usize> = (0..count).collect();
    for _ in 0..ROUNDS {
        let mut is_better = false;
        for piece in 0..count {
            let from = order.iter().position(|other| *other == piece).unwrap_or(0);
            order.remove(from);
            // The cost of standing before order[at], relative to standing first.
            let (mut sum, mut sums) = (0, vec![0]);
            for other in &order {
                sum += cost[*other][piece] - cost[piece][*other];
                sums.push(sum);
            }
            let best = sums.iter().copied().min().unwrap_or(0);
            let to = if sums[from] == best { from } else { sums.iter().position(|s| *s == best).unwrap_or(from) };
            is_better |= to != from;
            order.insert(to, piece);
        }
        if !is_better {
            break;
        }
    }
    order
}

/// Crossings of two pieces where `a` runs above `b`.
fn crossings(a: &Piece, b: &Piece) -> i64 {
    let inside = |piece: &Piece, x: f64| piece.left < x && x < piece.right;
    // What goes up from b meets a, what goes down from a meets b.
    let up = b.ends.iter().filter(|(x, is_up)| *is_up && inside(a, *x)).count();
    let down = a.ends.iter().filter(|(x, is_up)| !*is_up && inside(b, *x)).count();
    (up + down) as i64
}
