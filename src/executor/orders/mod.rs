//! Schedules that are known beforehand, as orders of turns.

mod clocks;
pub(super) mod listed;
pub(super) mod lockstep;
pub(super) mod replay;
pub(super) mod virtual_time;
mod wire;
