//! The account of a run: what became of every message, and what populations did. What each figure means:
//!
//! | figure | meaning |
//! |---|---|
//! | `sent` | messages that firings posted; what rest and readout send is `resting` and `readout`, counted apart |
//! | `used` | of those, messages of which a firing other than the readout took in something; an empty one is used when it is handed over |
//! | `overwritten` | messages all of whose values were superseded by newer ones before a firing could use them |
//! | `dropped` | messages that were lost on their way |
//! | `in_flight` | all others: on their way, or waiting in an inlet, when the episode ended. `sent` is the sum of the four |
//! | `bytes` | what a receiver in another process would have to be sent: 4 for a value, 8 for an event, 34 bits for a ternary one, 4 for each sample of either; whole bytes over the episode |
//! | `operations` | synaptic operations: multiply-accumulates that messages caused at the receiver's synapses, all samples together: n·m a sample for a whole message from n to m neurons, k·m for k events. Where no synapses are, as from a state to its own error population, there is nothing to multiply. Those inside of a firing (precision, pathways of type 1) are `operations` of the population; totals hold both |
//! | `staleness` | histogram over all firings of the receiver: how many firings the sender had made since the newest message that the inlet was handed |
//! | `unheard` | histogram over all firings of the receiver: how many of its own firings ago the inlet was last handed a new message, an empty one included; 0 is now. Kept where the sender can fire |
//! | `crossed`, `crossed_bytes` | of `sent`, messages that left for another rank of the job, and what they took with all that stands around them. Under `Free` with whole messages one that is superseded before it leaves doesn't cross |
//!
//! A link is listed where its receiver can fire in the episode. Figures of messages and ages are of the batch as a whole
//! (every sample shares them); bytes and operations are sums over samples. Schedules that promise the same bits have the
//! same account.

use serde::Serialize;

/// Ages that are counted one by one; the last entry of a histogram counts older ones, too.
pub const AGES: usize = 64;

/// What became of every message of an episode, and what every population did.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Account {
    /// Links whose receivers can fire, in the order of the wiring.
    pub links: Vec<LinkAccount>,
    /// All populations, in the order of the wiring.
    pub populations: Vec<PopulationAccount>,
}

/// What became of the messages of one link; the module's table says what each figure means.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct LinkAccount {
    /// The sender.
    pub from: String,
    /// The receiver.
    pub to: String,
    /// Messages sent at rest.
    pub resting: u64,
    /// Messages that firings sent; the sum of the next four.
    pub sent: u64,
    /// Messages of which a firing took in something, and empty ones that were handed over.
    pub used: u64,
    /// Messages that newer ones superseded before a firing could use them.
    pub overwritten: u64,
    /// Messages that were lost.
    pub dropped: u64,
    /// Messages on their way, or waiting in the inlet, at the end.
    pub in_flight: u64,
    /// Messages sent at the readout.
    pub readout: u64,
    /// Bytes of what firings sent, all samples together.
    pub bytes: u64,
    /// Multiply-accumulates at the receiver's synapses, all samples together.
    pub operations: u64,
    /// By age in firings of the sender: how many firings of the receiver used a value of this age.
    pub staleness: Vec<u64>,
    /// By age in firings of the receiver: how many of its firings had heard something new so long ago.
    pub unheard: Vec<u64>,
    /// Messages that crossed from the sender's rank to the receiver's; 0 where one rank has both.
    #[serde(skip_serializing_if = "is_zero")]
    pub crossed: u64,
    /// Bytes of those, as they were sent.
    #[serde(skip_serializing_if = "is_zero")]
    pub crossed_bytes: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// What one population did in an episode.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct PopulationAccount {
    /// Its name.
    pub population: String,
    /// Firings, without the readout.
    pub firings: u64,
    /// Multiply-accumulates inside of those firings: precision, and pathways of type 1, all samples together.
    pub operations: u64,
    /// Seconds spent firing; measured where the population runs as an actor.
    pub computing: f64,
    /// Seconds spent waiting for messages; measured where the population runs as an actor.
    pub waiting: f64,
    /// The rank that let it fire, where populations are spread over several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rank: Option<usize>,
}

/// A population that made updates and never heard one of those it listens to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NeverHeard {
    /// Who made updates.
    pub population: String,
    /// Whom it did not hear.
    pub neighbour: String,
    /// How many updates it made.
    pub updates: u64,
}

impl Account {
    /// Synaptic operations of the episode, those of links and those inside of firings, all samples together.
    #[must_use]
    pub fn operations(&self) -> u64 {
        let links: u64 = self.links.iter().map(|link| link.operations).sum();
        links + self.populations.iter().map(|population| population.operations).sum::<u64>()
    }

    /// Messages that firings sent.
    #[must_use]
    pub fn messages(&self) -> u64 {
        self.links.iter().map(|link| link.sent).sum()
    }

    /// Bytes that firings sent, all samples together.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.links.iter().map(|link| link.bytes).sum()
    }

    /// Adds the account of another episode of the same populations and links.
    pub fn add(&mut self, other: &Self) {
        let histogram = |own: &mut Vec<u64>, other: &[u64]| {
            own.resize(own.len().max(other.len()), 0);
            own.iter_mut().zip(other).for_each(|(own, other)| *own += other);
        };
        for (own, other) in self.links.iter_mut().zip(&other.links) {
            own.resting += other.resting;
            own.sent += other.sent;
            own.used += other.used;
            own.overwritten += other.overwritten;
            own.dropped += other.dropped;
            own.in_flight += other.in_flight;
            own.readout += other.readout;
            own.bytes += other.bytes;
            own.operations += other.operations;
            own.crossed += other.crossed;
            own.crossed_bytes += other.crossed_bytes;
            histogram(&mut own.staleness, &other.staleness);
            histogram(&mut own.unheard, &other.unheard);
        }
        for (own, other) in self.populations.iter_mut().zip(&other.populations) {
            own.firings += other.firings;
            own.operations += other.operations;
            own.computing += other.computing;
            own.waiting += other.waiting;
        }
    }

    /// State populations that made updates without having heard a neighbour even once, although it can fire.
    #[must_use]
    pub fn never_heard(&self) -> Vec<NeverHeard> {
        let updates = |name: &str| self.populations.iter().find(|p| p.population == name).map_or(0, |p| p.firings);
        let silent = self.links.iter().filter(|link| {
            // Only mismatches arrive at state populations, and only at those with updates is there anything to hear.
            link.from.ends_with(".error") && !link.unheard.is_empty() && link.unheard[0] == 0
        });
        let never = silent.map(|link| NeverHeard {
            population: link.to.clone(),
            neighbour: link.from.clone(),
            updates: updates(&link.to),
        });
        never.filter(|never| never.updates > 0).collect()
    }
}
