//! The account of messages: schedules that promise the same bits have the same one, and its sums hold under every
//! schedule.
//!
//! `GNCN_CIRCUITS` random circuits (40 where it is not set), from number `GNCN_FIRST_CIRCUIT` on.

use crate::asked::{count, seeds};
use crate::conformance::{Scenario, energy_bits, executions, free_populations, golden, random, trained};
use gncn::circuit::{Circuit, Clock, Delay, ExecutorKind, Fire, Noise, Schedule, Settling, Stopping, VirtualTime};
use gncn::episode::Episode;
use gncn::executor::{
    Account, LinkAccount, Measure, Observed, Observer, Presentation, Purpose, SettleError, SettleOptions, Settled,
    Settler, StopFlag,
};
use gncn::matrix::Matrix;
use gncn::network::Network;
use gncn::params::Messages;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The kinds of messages that scenarios travel with.
fn messages() -> [Messages; 4] {
    let events = |threshold, refresh| Messages::Events { threshold, refresh };
    [Messages::Dense, events(0.02, None), events(0.0, Some(4)), Messages::Ternary { threshold: 0.02 }]
}

fn settle(scenario: &Scenario, settler: &mut Settler, settling: &Settling) -> Result<Settled, SettleError> {
    let options = SettleOptions { measure: Measure::EveryStep, learn: true, record: true, ..SettleOptions::default() };
    settler.settle(&mut scenario.network.clone(), &scenario.episode, settling, options)
}

/// Without seconds, which are nobody's promise.
pub(crate) fn timeless(account: &Account) -> Account {
    let mut account = account.clone();
    for population in &mut account.populations {
        (population.computing, population.waiting) = (0.0, 0.0);
    }
    account
}

/// Ways to settle that promise the bits of lock-step.
fn lockstep_twins(scenario: &Scenario) -> Vec<(&'static str, Schedule, ExecutorKind)> {
    use ExecutorKind::{Tasks, Threads};
    let mut order = free_populations(scenario);
    let wiring = scenario.network.wiring();
    order.sort_by_key(|id| (wiring.population(*id).kind, *id));
    vec![
        ("Bounded(0) on threads", Schedule::Bounded { staleness: 0 }, Threads),
        ("Bounded(0) on tasks", Schedule::Bounded { staleness: 0 }, Tasks),
        ("VirtualTime()", Schedule::VirtualTime(Box::default()), Threads),
        ("the equivalent sweep", Schedule::Sweep { order }, Threads),
    ]
}

fn same_account(scenario: &Scenario, settler: &mut Settler) -> bool {
    for messages in messages() {
        let settling = |schedule, executor| Settling { messages, ..scenario.settling(schedule, executor) };
        let Ok(reference) = settle(scenario, settler, &settling(Schedule::Synchronous, ExecutorKind::Threads)) else {
            return false;
        };
        for (name, schedule, executor) in lockstep_twins(scenario) {
            let what = format!("{}, {name}, {messages:?}", scenario.name);
            let found = settle(scenario, settler, &settling(schedule, executor)).expect(&what);
            assert_eq!(timeless(&found.account), timeless(&reference.account), "{what}");
            assert_eq!(found.energies.sums.len(), reference.energies.sums.len(), "{what}: energies");
            assert_eq!(energy_bits(&found.energies), energy_bits(&reference.energies), "{what}: energies");
        }
    }
    true
}

#[test]
fn schedules_with_the_same_bits_have_the_same_account() {
    let (seeds, mut settler) = (seeds(40), Settler::new());
    let circuits = seeds.end - seeds.start;
    let all = golden().into_iter().chain(random(seeds));
    let held = all.filter(|scenario| same_account(scenario, &mut settler)).count();
    println!("{held} circuits");
    assert!(held as u64 > circuits / 2, "{held} of {circuits}");
}

/// On real images: runs where `GNCN_DATA` names a folder of data.
#[test]
fn a_trained_circuit_has_the_same_account() {
    if std::env::var_os("GNCN_DATA").is_none() {
        println!("skipped: GNCN_DATA names no folder of data");
        return;
    }
    assert!(same_account(&trained(2), &mut Settler::new()));
}

/// What must hold of every account.
pub(crate) fn sums_hold(scenario: &Scenario, account: &Account, what: &str) {
    let wiring = scenario.network.wiring();
    let clamped = |name: &str| {
        let spec = wiring.population(wiring.find(name).expect("a population"));
        !name.ends_with(".error") && scenario.episode.is_clamped(spec.layer)
    };
    let firings = |name: &str| account.populations.iter().find(|p| p.population == name).expect("there").firings;
    assert_eq!(account.links.len(), wiring.links.iter().filter(|l| !clamped(&wiring.population(l.to).name)).count());
    for link in &account.links {
        let what = format!("{what}: {} to {}: {link:?}", link.from, link.to);
        assert_eq!(link.sent, link.used + link.overwritten + link.dropped + link.in_flight, "{what}");
        assert_eq!(link.sent, firings(&link.from), "{what}");
        assert_eq!((link.resting, link.readout), (1, 1), "{what}");
        assert_eq!(link.staleness.iter().sum::<u64>(), firings(&link.to), "{what}");
        let heard = if clamped(&link.from) { 0 } else { firings(&link.to) };
        assert_eq!(link.unheard.iter().sum::<u64>(), heard, "{what}");
        assert!(!clamped(&link.to), "{what}");
    }
}

#[test]
pub(crate) fn sums_hold_and_a_replay_has_the_account_of_its_run() {
    let folder = tempfile::tempdir().expect("folder");
    let log = folder.path().join("run.log");
    let (mut settler, mut runs) = (Settler::new(), 0);
    let circuits = count("GNCN_CIRCUITS", 40) as u64;
    for scenario in golden().into_iter().chain(random(500..500 + circuits)) {
        for execution in executions() {
            for messages in messages() {
                let schedule = (execution.schedule)(&scenario);
                let settling = Settling { messages, ..scenario.settling(schedule, execution.executor) };
                let what = format!("{}, {}, {messages:?}", scenario.name, execution.name);
                let Ok(settled) = settle(&scenario, &mut settler, &settling) else { continue };
                sums_hold(&scenario, &settled.account, &what);
                settled.log.as_ref().expect("recorded").save(&log).expect("saved");
                assert_eq!(
                    settled.log.as_ref().map(|log| log.circuit.as_str()),
                    Some(scenario.circuit.name()),
                    "{what}"
                );
                let replay = scenario.settling(Schedule::Replay(log.clone()), ExecutorKind::Threads);
                let again = settle(&scenario, &mut settler, &replay).expect("a recorded run runs again");
                assert_eq!(timeless(&again.account), timeless(&settled.account), "{what}: its replay");
                runs += 1;
            }
        }
    }
    println!("{runs} runs and their replays");
}

/// A layer that hears its input and nobody else.
pub(crate) fn pair() -> Scenario {
    let text = br#"Circuit(
        name: "pair",
        layers: { "x": (size: 6, sense: "x"), "h": (size: 4, activation: Tanh, beta: 0.1) },
        projections: [(from: "h", to: "x", feedback: Transposed)],
        init: Gaussian(sd: 0.3),
        settling: (steps: 50),
    )"#;
    let circuit = Circuit::parse(text).expect("sound");
    let network = Network::new(Arc::new(circuit.clone()), 4);
    let data = Matrix::from_fn(3, 6, |i, j| ((i * 5 + j * 3) % 7) as f32 * 0.3 - 0.8);
    let episode = Episode::new(&circuit, [("x".to_owned(), data)]).expect("fits");
    Scenario { name: "pair".to_owned(), seed: 0, circuit, network, episode }
}

fn in_virtual_time(scenario: &Scenario, time: VirtualTime, presentation: Presentation) -> Settled {
    let settling = Settling {
        stopping: Stopping::Steps(50),
        ..scenario.settling(Schedule::VirtualTime(Box::new(time)), ExecutorKind::Threads)
    };
    let options = SettleOptions { presentation, ..SettleOptions::default() };
    Settler::new().settle(&mut scenario.network.clone(), &scenario.episode, &settling, options).expect("settles")
}

fn link<'a>(account: &'a Account, from: &str, to: &str) -> &'a LinkAccount {
    account.links.iter().find(|link| (link.from.as_str(), link.to.as_str()) == (from, to)).expect("a link")
}

#[test]
fn a_slow_receiver_overwrites_and_a_lossy_link_ages() {
    let scenario = pair();
    let wiring = scenario.network.wiring().clone();
    let find = |name: &str| wiring.find(name).expect("there");
    let clock = |period| Clock { period, phase: None, jitter: 0 };
    let time =
        VirtualTime { clocks: vec![(find("x.error"), clock(1)), (find("h"), clock(4))], ..VirtualTime::default() };
    let settled = in_virtual_time(&scenario, time, Presentation::default());
    let slow = link(&settled.account, "x.error", "h");
    // h fires at ticks 1, 5, ..., 97 on what was sent at 0, 4, ..., 96; 98 has superseded 97 in its inlet, and waits.
    assert_eq!((slow.sent, slow.used, slow.overwritten, slow.in_flight), (100, 25, 73, 2), "{slow:?}");
    let lossy = VirtualTime { drop: 0.9, seed: 1, ..VirtualTime::default() };
    let settled = in_virtual_time(&scenario, lossy, Presentation::default());
    let lost = link(&settled.account, "x.error", "h");
    assert!(lost.dropped > 35 && lost.used == lost.sent - lost.dropped, "{lost:?}");
    let old: u64 = lost.staleness.iter().skip(1).sum();
    assert_eq!(old, lost.dropped, "each firing that heard nothing used something old: {lost:?}");
    assert_eq!(lost.staleness, lost.unheard, "a message a firing is missing on both counts");
}

#[test]
fn who_never_hears_a_neighbour_is_told_of() {
    let scenario = pair();
    let error = scenario.network.wiring().find("x.error").expect("there");
    let deaf = VirtualTime { lesions: vec![(error, 0)], ..VirtualTime::default() };
    let settled = in_virtual_time(&scenario, deaf, Presentation::default());
    let never = settled.account.never_heard();
    assert_eq!(never.len(), 1, "{never:?}");
    assert_eq!((&*never[0].population, &*never[0].neighbour, never[0].updates), ("h", "x.error", 50));
    assert!(
        in_virtual_time(&scenario, VirtualTime::default(), Presentation::default()).account.never_heard().is_empty()
    );
}

#[test]
fn noise_differs_from_presentation_to_presentation_unless_frozen() {
    let scenario = pair();
    let first = Presentation::of_run(1).at(Purpose::Learning, 0, 0);
    let others = [
        Presentation::of_run(2).at(Purpose::Learning, 0, 0),
        Presentation::of_run(1).at(Purpose::Learning, 1, 0),
        Presentation::of_run(1).at(Purpose::Learning, 0, 1),
        Presentation::of_run(1).at(Purpose::Measuring, 0, 0),
    ];
    let noisy = |noise| VirtualTime {
        delay: Delay::Uniform(0, 3),
        drop: 0.3,
        clock: Some(Clock { period: 3, phase: None, jitter: 2 }),
        noise,
        ..VirtualTime::default()
    };
    let run = |noise, presentation| timeless(&in_virtual_time(&scenario, noisy(noise), presentation).account);
    let fresh = run(Noise::Fresh, first);
    assert_eq!(fresh, run(Noise::Fresh, first), "the same presentation again");
    for other in others {
        assert_ne!(fresh, run(Noise::Fresh, other), "{other:?}");
        assert_eq!(run(Noise::Frozen, first), run(Noise::Frozen, other), "{other:?}");
    }
}

/// Asks for a stop at some firing of a run.
struct StopAt {
    firing: u64,
    seen: AtomicU64,
    stop: StopFlag,
}

impl Observer for StopAt {
    fn fired(&self, _: &Observed<'_>) {
        if self.seen.fetch_add(1, Ordering::SeqCst) + 1 == self.firing {
            self.stop.request();
        }
    }
}

/// Runs until the `firing`-th firing asks for a stop: how many firings there were, and how it ended.
fn stopped(scenario: &Scenario, settling: &Settling, firing: u64) -> (u64, Result<Settled, SettleError>) {
    let mut settler = Settler::new();
    let watch = Arc::new(StopAt { firing, seen: AtomicU64::new(0), stop: settler.stop_flag() });
    settler.watch(watch.clone());
    let ended = settler.settle(
        &mut scenario.network.clone(),
        &scenario.episode,
        settling,
        SettleOptions { record: true, ..SettleOptions::default() },
    );
    (watch.seen.load(Ordering::SeqCst), ended)
}

/// `GNCN_STOPS` is how often (1 where it is not set) a stop is asked for at each firing of every execution.
#[test]
fn a_stop_at_any_firing_ends_the_run() {
    let scenario = pair();
    let quiet = Stopping::Quiet { tolerance: 1e-3, max_steps: 40 };
    let fires = [Fire::OnAny, Fire::OnAll, Fire::OnAnswer];
    let free = fires.iter().flat_map(|fire| {
        [ExecutorKind::Threads, ExecutorKind::Tasks].map(|executor| (Schedule::Free { fire: *fire }, executor))
    });
    let listed: Vec<_> = executions().into_iter().map(|e| ((e.schedule)(&scenario), e.executor)).chain(free).collect();
    let mut stops = 0;
    for (schedule, executor) in listed {
        for stopping in [Stopping::Steps(12), quiet] {
            let settling = Settling { stopping, ..scenario.settling(schedule.clone(), executor) };
            let (all, ended) = stopped(&scenario, &settling, u64::MAX);
            ended.expect("nobody stops it");
            for firing in 1..=all {
                for _ in 0..count("GNCN_STOPS", 1) {
                    let begun = Instant::now();
                    let (seen, ended) = stopped(&scenario, &settling, firing);
                    let took = begun.elapsed();
                    assert!(took < Duration::from_secs(1), "{schedule:?} on {executor:?} at {firing}: {took:?}");
                    match ended {
                        Err(SettleError::Stopped { .. }) => {}
                        // Free runs differ in length, and after the last firing there is nothing to stop.
                        Ok(_) if seen <= firing => {}
                        ended => panic!("{schedule:?} on {executor:?} at {firing} of {seen}: {ended:?}"),
                    }
                    stops += 1;
                }
            }
        }
    }
    println!("{stops} stops");
}

#[test]
fn an_order_of_ones_own_is_a_sweep() {
    let mut settler = Settler::new();
    for scenario in golden() {
        let order = free_populations(&scenario);
        let sweep = scenario.settling(Schedule::Sweep { order: order.clone() }, ExecutorKind::Threads);
        let (expected, _) = scenario.run(&mut settler, &sweep, false).expect("settles");
        let mut network = scenario.network.clone();
        let turns = std::iter::repeat_n(order, 12).flatten();
        let own = settler.settle_along(&mut network, &scenario.episode, &sweep, SettleOptions::default(), turns);
        own.expect("settles");
        for (id, _) in scenario.circuit.layers() {
            assert_eq!(settler.activities().state(network.wiring(), id), expected.states[id.0], "{}", scenario.name);
        }
    }
}
