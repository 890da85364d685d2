//! Ranks meet over something that each of them has done: either all go on, each with what every one has told, or all have
//! the same failure.

use super::error::SettleError;
use crate::ranks::{AllTold, Packet, Ranks, Unpack};

/// What all ranks told of what they have done.
pub(super) struct Agreement(AllTold);

impl Agreement {
    /// What `rank` has put.
    pub(super) fn of(&self, rank: usize) -> Unpack<'_> {
        behind_failure(&self.0, rank).1
    }
}

/// Meets over what this rank has `done`, of which it `put`s something for the others: the failure of the first rank that has
/// one, for all of them, or what all have put.
pub(super) fn reach<T>(
    ranks: &Ranks,
    done: Result<T, SettleError>,
    put: impl FnOnce(&T, &mut Packet),
) -> Result<(T, Agreement), SettleError> {
    let mut packet = Packet::default();
    let failure = done.as_ref().err().map(|error| serde_json::to_vec(error).expect("plain data"));
    packet.put_counted(&failure.unwrap_or_default());
    if let Ok(done) = &done {
        put(done, &mut packet);
    }
    let all = ranks.gather(packet.bytes());
    let failures = (0..ranks.size()).map(|rank| behind_failure(&all, rank).0);
    if let Some(failure) = failures.into_iter().find(|failure| !failure.is_empty()) {
        return Err(serde_json::from_slice(&failure).expect("as it was put"));
    }
    done.map(|done| (done, Agreement(all)))
}

/// The failure of a rank, empty where it has none, and what stands behind it.
fn behind_failure(all: &AllTold, rank: usize) -> (Vec<u8>, Unpack<'_>) {
    let mut told = Unpack::new(all.of(rank));
    (told.take_counted(), told)
}
