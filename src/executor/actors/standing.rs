//! How a rank stands when all of its actors are back, and what follows for all ranks.
//!
//! Every rank tells every other one, and decides by what all have told: so all decide the same. The coordinator's first
//! table says what; a rank alone is a job of one.

use crate::executor::error::SettleError;
use serde::{Deserialize, Serialize};

/// How one rank stands.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Standing {
    /// Why an actor failed, if one did.
    pub(super) failure: Option<SettleError>,
    /// The stop of an actor that has firings left, if one has.
    pub(super) unfinished: Option<SettleError>,
    /// Whether a stop was asked for here.
    pub(super) is_stopped: bool,
    /// Of the leading rank, which hears of all firings: whether all is quiet.
    pub(super) is_quiet: bool,
    /// Whether somebody moved by more than the tolerance, or left something untold, in a step that confirms quiet.
    pub(super) has_moved: bool,
    /// The place of this rank's last firing in the order of all.
    pub(super) last: u64,
}

/// What follows.
#[derive(Debug, PartialEq)]
pub(super) enum Outlook {
    /// Actors go on with all that is under way.
    GoOn,
    /// All seems quiet.
    Quiet,
    /// The run is over, and not because of quiet.
    Over(Result<(), SettleError>),
}

/// What follows from how all ranks stand: the first line of the table that holds.
pub(super) fn outlook(all: &[Standing]) -> Outlook {
    let unfinished = all.iter().find_map(|standing| standing.unfinished.clone());
    match (first_failure(all), unfinished) {
        (Some(failure), _) => Outlook::Over(Err(failure)),
        (None, None) => Outlook::Over(Ok(())),
        (None, Some(stopped)) if all.iter().any(|standing| standing.is_stopped) => Outlook::Over(Err(stopped)),
        (None, Some(_)) if all.iter().any(|standing| standing.is_quiet) => Outlook::Quiet,
        (None, Some(_)) => Outlook::GoOn,
    }
}

/// The failure of the first rank that has one. That somebody was stopped is told where nothing else is to be told.
pub(super) fn first_failure(all: &[Standing]) -> Option<SettleError> {
    let failures = || all.iter().filter_map(|standing| standing.failure.as_ref());
    let is_stop = |error: &&SettleError| matches!(error, SettleError::Stopped { .. });
    failures().find(|error| !is_stop(error)).or_else(|| failures().next()).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_holds_decides_for_all() {
        let stop = |firing| Some(SettleError::Stopped { population: "z1".to_owned(), firing });
        let spawn = SettleError::Spawn { cause: "none".to_owned() };
        let none = Standing::default();
        let busy = Standing { unfinished: stop(4), ..none.clone() };
        let asked = Standing { is_stopped: true, ..none.clone() };
        let quiet = Standing { is_quiet: true, ..none.clone() };
        let failed = Standing { failure: Some(spawn.clone()), ..busy.clone() };
        let hit = Standing { failure: stop(2), ..none.clone() };
        let of = |all: &[&Standing]| outlook(&all.iter().map(|s| (*s).clone()).collect::<Vec<_>>());
        assert_eq!(of(&[&none, &asked]), Outlook::Over(Ok(())), "whether a stop was asked for or not");
        assert_eq!(of(&[&none, &busy]), Outlook::GoOn);
        assert_eq!(of(&[&quiet, &busy]), Outlook::Quiet);
        assert_eq!(of(&[&quiet, &busy, &asked]), Outlook::Over(Err(stop(4).expect("one"))));
        assert_eq!(of(&[&hit, &quiet, &failed]), Outlook::Over(Err(spawn)));
        assert_eq!(of(&[&none, &hit]), Outlook::Over(Err(stop(2).expect("one"))));
    }
}
