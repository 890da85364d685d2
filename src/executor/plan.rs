//! Who can fire in an episode, and which links matter: worked out once, before anything happens.

use crate::circuit::wiring::{Kind, Link, PopulationId, Wiring};
use crate::episode::Episode;

/// Who fires and what is carried.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) errors: Vec<PopulationId>,
    pub(super) free_states: Vec<PopulationId>,
    /// By population: whether data hold all of it.
    pub(super) clamped: Vec<bool>,
    /// By link: whether its receiver can fire.
    pub(super) open: Vec<bool>,
    pub(super) from_states: Vec<Link>,
    pub(super) to_states: Vec<Link>,
    /// Links from errors to states that data hold in place.
    pub(super) to_clamped: Vec<Link>,
    /// Links by place in the wiring: from free states to errors, and from errors to free states.
    pub(super) from_free_states: Vec<usize>,
    pub(super) to_free_states: Vec<usize>,
}

impl Plan {
    pub(super) fn new(wiring: &Wiring, episode: &Episode) -> Self {
        let is_state = |id: PopulationId| wiring.population(id).kind == Kind::State;
        let clamped: Vec<bool> =
            wiring.populations().map(|(id, p)| is_state(id) && episode.is_clamped(p.layer)).collect();
        let ids = |keep: &dyn Fn(PopulationId) -> bool| {
            wiring.populations().map(|(id, _)| id).filter(|id| keep(*id)).collect::<Vec<_>>()
        };
        let is_free_state = |id: PopulationId| is_state(id) && !clamped[id.0];
        let links = |keep: &dyn Fn(&Link) -> bool| {
            wiring.links.iter().enumerate().filter(|(_, link)| keep(link)).map(|(i, _)| i).collect::<Vec<_>>()
        };
        let copies = |keep: &dyn Fn(&Link) -> bool| links(keep).into_iter().map(|i| wiring.links[i]).collect();
        Self {
            errors: ids(&|id| !is_state(id)),
            free_states: ids(&is_free_state),
            open: wiring.links.iter().map(|link| !clamped[link.to.0]).collect(),
            from_states: copies(&|l| is_state(l.from)),
            to_states: copies(&|l| is_state(l.to)),
            to_clamped: copies(&|l| clamped[l.to.0]),
            from_free_states: links(&|l| is_free_state(l.from)),
            to_free_states: links(&|l| is_free_state(l.to)),
            clamped,
        }
    }

    /// Everybody who fires, in the order of the wiring.
    pub(super) fn firing(&self) -> impl Iterator<Item = PopulationId> {
        (0..self.clamped.len()).filter(|p| !self.clamped[*p]).map(PopulationId)
    }
}
