//! A settle as a film: for every tick at which somebody fired, what could be seen then.

use crate::circuit::Circuit;
use crate::circuit::wiring::{Kind, PopulationId, PopulationSpec, Wiring};
use crate::executor::{DeliveryLog, Observed, Observer, Trace};
use indexmap::IndexMap;
use serde::Serialize;
use std::sync::{Mutex, PoisonError};

/// What could be seen of a settle of one sample, tick by tick. All lists are as long as `ticks`.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Film {
    /// Ticks at which somebody fired.
    pub ticks: Vec<u64>,
    /// Who fired then, as places in the list of populations.
    pub fired: Vec<Vec<usize>>,
    /// Free energy of each predicted layer in nats, as of its last firing; absent before the first.
    pub energy: IndexMap<String, Vec<Option<f64>>>,
    /// Activity of each layer, `√(mean of φ(z)²)`, as of its last firing.
    pub activity: IndexMap<String, Vec<f32>>,
    /// Age of what was used last on each link, in firings of its sender; absent before the first use.
    pub ages: Vec<Vec<Option<u64>>>,
    /// How many firings of its receiver ago each link last brought something new; absent before the receiver's first,
    /// and where data hold the sender in place.
    pub unheard: Vec<Vec<Option<u64>>>,
    /// Messages on each link so far that were lost.
    pub lost: Vec<Vec<u64>>,
    /// The prediction of what is shown, two hexadecimal digits for each value from 0 to 1; absent where it is as before.
    pub pictures: Vec<Option<String>>,
}

/// What was seen of one firing.
#[derive(Debug, Clone, Default)]
struct Glimpse {
    level: f32,
    picture: Option<String>,
}

/// Watches a settle of one sample.
#[derive(Debug)]
pub(super) struct Camera {
    /// The population whose prediction is the picture.
    pictured: Option<PopulationId>,
    seen: Mutex<Vec<Glimpse>>,
}

impl Camera {
    pub(super) fn new(pictured: Option<PopulationId>) -> Self {
        Self { pictured, seen: Mutex::new(Vec::new()) }
    }

    /// The film of a settle whose log and trace these are; both tell of the same firings in the same order.
    pub(super) fn develop(&self, circuit: &Circuit, wiring: &Wiring, log: &DeliveryLog, trace: &Trace) -> Film {
        let seen = std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner));
        let mut cut = Cut::new(circuit, wiring, log);
        for ((firing, traced), glimpse) in log.firings.iter().zip(&trace.firings).zip(seen) {
            cut.begin(firing.tick.unwrap_or_default());
            cut.hear(wiring, firing.population, &firing.delivered);
            cut.fire(firing.population, traced.energy, glimpse);
            cut.lose(&firing.lost);
        }
        cut.end_frame();
        cut.film
    }
}

impl Observer for Camera {
    fn fired(&self, firing: &Observed<'_>) {
        let level = firing.activity.map_or(0.0, |activity| activity.root_mean_square() as f32);
        let picture = firing.mean.filter(|_| self.pictured == Some(firing.population));
        let picture = picture.map(|mean| hexadecimal(mean.as_slice()));
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).push(Glimpse { level, picture });
    }
}

/// A film in the making: what holds at the tick under way.
struct Cut {
    film: Film,
    open: bool,
    /// By population, from here on.
    names: Vec<(String, Kind)>,
    counts: Vec<u64>,
    /// Whether data hold it in place, so that it never sends anything new.
    clamped: Vec<bool>,
    energies: Vec<Option<f64>>,
    levels: Vec<f32>,
    /// By link, from here on.
    held: Vec<u64>,
    ages: Vec<Option<u64>>,
    unheard: Vec<Option<u64>>,
    lost: Vec<u64>,
    picture: Option<String>,
}

impl Cut {
    fn new(circuit: &Circuit, wiring: &Wiring, log: &DeliveryLog) -> Self {
        let (populations, links) = (wiring.populations.len(), wiring.links.len());
        let layer = |spec: &PopulationSpec| circuit.layer(spec.layer).name().to_owned();
        Self {
            film: Film::default(),
            open: false,
            names: wiring.populations.iter().map(|spec| (layer(spec), spec.kind)).collect(),
            counts: vec![0; populations],
            clamped: wiring.populations.iter().map(|spec| log.clamped.contains(&spec.name)).collect(),
            energies: vec![None; populations],
            levels: vec![0.0; populations],
            held: vec![0; links],
            ages: vec![None; links],
            unheard: vec![None; links],
            lost: vec![0; links],
            picture: None,
        }
    }

    fn begin(&mut self, tick: u64) {
        if self.film.ticks.last() != Some(&tick) {
            self.end_frame();
            self.film.ticks.push(tick);
            self.film.fired.push(Vec::new());
            self.open = true;
        }
    }

    fn hear(&mut self, wiring: &Wiring, population: usize, delivered: &[(usize, u64)]) {
        let arriving = wiring.links.iter().enumerate().filter(|(_, link)| link.to.0 == population);
        for (place, link) in arriving {
            let newest = delivered.iter().filter(|(inlet, _)| *inlet == link.inlet).map(|(_, number)| *number).max();
            self.held[place] = self.held[place].max(newest.unwrap_or(0));
            let unheard = if newest.is_some() { 0 } else { self.unheard[place].unwrap_or(0) + 1 };
            self.unheard[place] = (!self.clamped[link.from.0]).then_some(unheard);
            // The staleness of the account: firings that the sender made before this one, in the order of the schedule.
            self.ages[place] = Some(self.counts[link.from.0].saturating_sub(self.held[place]));
        }
    }

    fn fire(&mut self, population: usize, energy: Option<f64>, glimpse: Glimpse) {
        self.counts[population] += 1;
        if let Some(fired) = self.film.fired.last_mut() {
            fired.push(population);
        }
        match self.names[population].1 {
            Kind::Error => self.energies[population] = energy.filter(|energy| energy.is_finite()),
            Kind::State => self.levels[population] = glimpse.level,
        }
        self.picture = glimpse.picture.or(self.picture.take());
    }

    fn lose(&mut self, links: &[usize]) {
        links.iter().for_each(|link| self.lost[*link] += 1);
    }

    fn end_frame(&mut self) {
        if !std::mem::take(&mut self.open) {
            return;
        }
        for (population, (layer, kind)) in self.names.iter().enumerate() {
            match kind {
                Kind::Error => {
                    self.film.energy.entry(layer.clone()).or_default().push(self.energies[population]);
                }
                Kind::State => {
                    self.film.activity.entry(layer.clone()).or_default().push(self.levels[population]);
                }
            }
        }
        self.film.ages.push(self.ages.clone());
        self.film.unheard.push(self.unheard.clone());
        self.film.lost.push(self.lost.clone());
        self.film.pictures.push(self.picture.take());
    }
}

fn hexadecimal(values: &[f32]) -> String {
    let byte = |value: &f32| format!("{:02x}", (value.clamp(0.0, 1.0) * 255.0).round() as u8);
    values.iter().map(byte).collect()
}
