//! What settling has spent by each of its updates: operations, messages, seconds.
//!
//! Whole messages make every update after the first alike, so that a share of the updates is the same share of the work. Events are many in
//! the beginning and few in the end: there the same presentation is settled again up to 1, 2, 4, ... updates, which is the
//! beginning of the same run wherever its schedule promises bits, and between these the work is taken to grow evenly. Where
//! a schedule promises no bits and messages are events, nothing is told.

use crate::circuit::{Schedule, Settling, Stopping};
use crate::episode::Episode;
use crate::executor::{Account, Presentation, SettleError, SettleOptions, Settler};
use crate::network::Network;
use crate::params::Messages;
use std::time::Instant;

/// What is counted, by its names in tables.
pub(super) const SPENT: [&str; 3] = ["operations", "messages", "seconds"];

/// Work up to some updates: operations and messages of all samples, seconds of the batch.
pub(super) type Work = [f64; 3];

/// What one presentation has spent, by updates.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Spending {
    /// Updates with the work up to them, in ascending order, from none on.
    anchors: Vec<(usize, Work)>,
}

/// One presentation, as it is settled.
#[derive(Debug, Clone, Copy)]
pub(super) struct Showing<'a> {
    pub(super) episode: &'a Episode<'a>,
    pub(super) settling: &'a Settling,
    pub(super) presentation: Presentation,
}

/// The work of an account, seconds apart.
pub(super) fn counted(account: &Account, samples: usize, seconds: f64) -> Work {
    [account.operations() as f64, account.messages() as f64 * samples as f64, seconds]
}

impl Spending {
    /// The spending of a run that made `updates` and came to `total`; where events need it, shorter runs are made, one of them
    /// up to `wanted` updates.
    pub(super) fn of(
        network: &mut Network,
        shown: Showing<'_>,
        (updates, total): (usize, Work),
        wanted: Option<usize>,
    ) -> Result<Option<Self>, SettleError> {
        let mut anchors = vec![(0, [0.0; 3])];
        let is_dense = shown.settling.messages == Messages::Dense;
        match (is_dense, has_beginnings(shown.settling)) {
            (false, false) => return Ok(None),
            (true, false) => {}
            // The first update is the one that differs: what the resting circuit sends is counted apart.
            (true, true) if updates > 1 => {
                let [operations, messages, _] = shorter(network, shown, 1)?;
                anchors.push((1, [operations, messages, total[2] / updates as f64]));
            }
            (true, true) => {}
            (false, true) => {
                for steps in prefixes(updates, wanted) {
                    anchors.push((steps, shorter(network, shown, steps)?));
                }
            }
        }
        anchors.push((updates, total));
        // Seconds of short runs are noisy, and never run backwards.
        let mut most = 0.0_f64;
        for (_, work) in anchors.iter_mut().rev().skip(1) {
            work[2] = work[2].min(total[2]);
        }
        for (_, work) in &mut anchors {
            most = most.max(work[2]);
            work[2] = most;
        }
        Ok(Some(Self { anchors }))
    }

    /// The work up to an update; all of it from the last one on.
    pub(super) fn at(&self, update: f64) -> Work {
        let above = self.anchors.iter().position(|(updates, _)| *updates as f64 >= update);
        let Some(above) = above else { return self.anchors.last().map_or([0.0; 3], |(_, work)| *work) };
        let (end, more) = self.anchors[above];
        let Some((begin, less)) = above.checked_sub(1).map(|i| self.anchors[i]) else { return more };
        let share = (update - begin as f64) / (end - begin).max(1) as f64;
        std::array::from_fn(|i| less[i] + share * (more[i] - less[i]))
    }
}

/// Whether fewer updates are the beginning of more of them.
fn has_beginnings(settling: &Settling) -> bool {
    let is_cut = matches!(&settling.schedule, Schedule::VirtualTime(time) if time.until.is_some());
    settling.promises_bits() && !is_cut && !matches!(settling.schedule, Schedule::Replay(_))
}

/// 1, 2, 4, ... and what is wanted, below `updates`.
fn prefixes(updates: usize, wanted: Option<usize>) -> Vec<usize> {
    let powers =
        std::iter::successors(Some(1_usize), |power| power.checked_mul(2)).take_while(|power| *power < updates);
    let mut all: Vec<_> = powers.chain(wanted.filter(|wanted| (1..updates).contains(wanted))).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// The work of the first `steps` updates.
fn shorter(network: &mut Network, shown: Showing<'_>, steps: usize) -> Result<Work, SettleError> {
    let settling = Settling { stopping: Stopping::Steps(steps), ..shown.settling.clone() };
    let options = SettleOptions { presentation: shown.presentation, ..SettleOptions::default() };
    let started = Instant::now();
    let settled = Settler::new().settle(network, shown.episode, &settling, options)?;
    Ok(counted(&settled.account, shown.episode.rows(), started.elapsed().as_secs_f64()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_grows_evenly_between_what_is_known() {
        let spending = Spending { anchors: vec![(0, [0.0; 3]), (2, [8.0, 2.0, 0.5]), (10, [16.0, 4.0, 1.0])] };
        assert_eq!(spending.at(0.0), [0.0; 3]);
        assert_eq!(spending.at(1.0), [4.0, 1.0, 0.25]);
        assert_eq!(spending.at(6.0), [12.0, 3.0, 0.75]);
        assert_eq!(spending.at(99.0), [16.0, 4.0, 1.0]);
    }

    #[test]
    fn shorter_runs_are_few() {
        assert_eq!(prefixes(50, Some(37)), [1, 2, 4, 8, 16, 32, 37]);
        assert_eq!(prefixes(4, Some(4)), [1, 2]);
        assert!(prefixes(1, None).is_empty());
    }
}
