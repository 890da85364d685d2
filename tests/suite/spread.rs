//! Populations of `Bounded` and `Free` spread over ranks: here ranks are threads of one process with links of any slowness
//! between them; `tests/mpi.rs` has processes.
//!
//! `GNCN_SPREAD_CIRCUITS`, `GNCN_SPREAD_RUNS` and `GNCN_SPREAD_STOPS` are how many circuits, free runs and quiet stops are
//! looked at (12, 12 and 24 where they are not set).

use crate::account::{sums_hold, timeless};
use crate::asked::count;
use crate::conformance::{Outcome, Scenario, energy_bits, golden, random};
use crate::quiet::{calm, next_movement};
use gncn::circuit::wiring::PopulationId;
use gncn::circuit::{Circuit, ExecutorKind, Fire, Schedule, Settling, Stopping};
use gncn::executor::{
    Account, DeliveryLog, Fault, Measure, Observed, Observer, SettleError, SettleOptions, Settled, Settler, StopFlag,
};
use gncn::params::{Messages, When};
use gncn::ranks::{Ranks, local};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Links of which some are slow, and none always.
fn slow(from: usize, to: usize, count: u64) -> Duration {
    Duration::from_micros(if count.is_multiple_of(5) { 300 * (1 + (from + 2 * to) as u64 % 3) } else { 0 })
}

type Ran = Result<(Outcome, Settled), SettleError>;

/// What settling comes to on every rank.
fn over(scenario: &Scenario, settling: &Settling, size: usize) -> Vec<Ran> {
    local::run_over(size, slow, |ranks| run(scenario, &mut Settler::new().over(ranks), settling))
}

fn run(scenario: &Scenario, settler: &mut Settler, settling: &Settling) -> Ran {
    let options = SettleOptions { measure: Measure::EveryStep, learn: true, record: true, ..SettleOptions::default() };
    scenario.run_with(settler, settling, options)
}

/// An account without what only ranks have.
fn whole(account: &Account) -> Account {
    let mut account = timeless(account);
    account.links.iter_mut().for_each(|link| (link.crossed, link.crossed_bytes) = (0, 0));
    account.populations.iter_mut().for_each(|population| population.rank = None);
    account
}

fn energies(settled: &Settled) -> Vec<u64> {
    energy_bits(&settled.energies)
}

fn learns_at_once(scenario: &Scenario) -> bool {
    scenario.circuit.learning().when == When::EveryStep
}

#[test]
fn bounded_0_on_ranks_has_the_bits_of_synchronous() {
    let circuits = count("GNCN_SPREAD_CIRCUITS", 12) as u64;
    let (mut same, mut crossed) = (0, 0);
    for scenario in golden().into_iter().chain(random(2000..2000 + circuits)).filter(|s| !learns_at_once(s)) {
        let messages = if scenario.seed.is_multiple_of(3) { Messages::events(0.02) } else { Messages::Dense };
        let executor = [ExecutorKind::Threads, ExecutorKind::Tasks][scenario.seed as usize % 2];
        let settling = |schedule| Settling { messages, ..scenario.settling(schedule, executor) };
        let reference = run(&scenario, &mut Settler::new(), &settling(Schedule::Synchronous));
        let size = 2 + scenario.seed as usize % 3;
        for (rank, ran) in over(&scenario, &settling(Schedule::Bounded { staleness: 0 }), size).into_iter().enumerate()
        {
            let what = format!("{}, {messages:?}, rank {rank} of {size}", scenario.name);
            match (&reference, ran) {
                (Ok((expected, reference)), Ok((found, settled))) => {
                    assert!(found.bits() == expected.bits(), "{what}: other bits");
                    assert_eq!(energies(&settled), energies(reference), "{what}");
                    assert_eq!(settled.movement.to_bits(), reference.movement.to_bits(), "{what}");
                    assert_eq!(whole(&settled.account), whole(&reference.account), "{what}");
                    same += 1;
                    crossed += settled.account.links.iter().map(|link| link.crossed).sum::<u64>();
                }
                (Err(_), Err(error)) => assert!(!matches!(error, SettleError::Onset { .. }), "{what}: {error}"),
                (expected, found) => {
                    panic!("{what}: {:?} where one rank has {:?}", found.err(), expected.as_ref().err())
                }
            }
        }
    }
    println!("{same} results of ranks, {crossed} messages between ranks");
    assert!(same > 0 && crossed > 0);
}

fn replays(scenario: &Scenario, settling: &Settling, size: usize, log: &Path) -> bool {
    let what = format!("{}, {:?}, {size} ranks", scenario.name, settling.schedule);
    let mut ran = Vec::new();
    for one in over(scenario, settling, size) {
        match one {
            Ok(one) => ran.push(one),
            Err(SettleError::NotFinite { .. }) => return false,
            Err(error) => panic!("{what}: {error}"),
        }
    }
    let (outcome, settled) = &ran[0];
    for (other, also) in &ran {
        assert!(other.bits() == outcome.bits() && also.log == settled.log, "{what}: ranks differ");
        assert_eq!(also.account, settled.account, "{what}");
        assert_eq!(energies(also), energies(settled), "{what}");
    }
    sums_hold(scenario, &settled.account, &what);
    settled.log.as_ref().expect("recorded").save(log).expect("saved");
    let replay = scenario.settling(Schedule::Replay(log.to_owned()), ExecutorKind::Threads);
    let (again, replayed) = run(scenario, &mut Settler::new(), &replay).expect("a recorded run runs again");
    assert!(again.bits() == outcome.bits(), "{what}: its replay has other bits");
    assert_eq!(whole(&replayed.account), whole(&settled.account), "{what}: its replay");
    assert_eq!(energies(&replayed), energies(settled), "{what}: its replay");
    true
}

#[test]
fn free_runs_on_ranks_replay_on_one_to_the_same_bits() {
    let folder = tempfile::tempdir().expect("folder");
    let log = folder.path().join("run.log");
    let runs = count("GNCN_SPREAD_RUNS", 12);
    let mut replayed = 0;
    for scenario in random(3000..3000 + 4 * runs as u64).filter(|s| !learns_at_once(s)).take(runs) {
        let seed = scenario.seed as usize;
        let fire = [Fire::OnAny, Fire::OnAll, Fire::OnAnswer][seed % 3];
        let schedule = if seed % 5 == 4 { Schedule::Bounded { staleness: 2 } } else { Schedule::Free { fire } };
        let messages = if seed.is_multiple_of(4) { Messages::events(0.02) } else { Messages::Dense };
        let executor = [ExecutorKind::Threads, ExecutorKind::Tasks][seed % 2];
        let settling = Settling { messages, ..scenario.settling(schedule, executor) };
        replayed += usize::from(replays(&scenario, &settling, 2 + seed % 3, &log));
    }
    println!("{replayed} of {runs} runs replayed; the others grow without bound");
    assert!(replayed > 0);
}

#[test]
fn quiet_is_neither_early_nor_never_over_ranks() {
    const TOLERANCE: f32 = 1e-4;
    let scenario = calm();
    let stops = count("GNCN_SPREAD_STOPS", 24);
    let mut most = 0;
    for at in 0..stops {
        let schedule = match at % 4 {
            0 => Schedule::Bounded { staleness: 3 },
            1 => Schedule::Free { fire: Fire::OnAnswer },
            2 => Schedule::Free { fire: Fire::OnAll },
            _ => Schedule::Free { fire: Fire::OnAny },
        };
        let executor = [ExecutorKind::Threads, ExecutorKind::Tasks][at / 4 % 2];
        let stopping = Stopping::Quiet { tolerance: TOLERANCE, max_steps: 5000 };
        let settling = Settling { stopping, ..scenario.settling(schedule, executor) };
        for ran in over(&scenario, &settling, 2 + at % 3) {
            let (found, settled) = ran.expect("settles");
            let what = format!("stop {at}, {:?}: {:?}", settling.schedule, settled.account.populations);
            assert_eq!(settled.quiet, Some(true), "{what}");
            assert!(settled.movement <= TOLERANCE && settled.steps < 5000, "{what}");
            let left = next_movement(&scenario, &found);
            assert!(left <= f64::from(TOLERANCE), "{what}: would still move by {left}");
            most = most.max(settled.steps);
        }
    }
    println!("{stops} stops, after {most} steps' worth at the most");
}

/// Asks for a stop at one firing of one population.
struct StopAt(PopulationId, u64, StopFlag);

impl Observer for StopAt {
    fn fired(&self, firing: &Observed<'_>) {
        if (firing.population, firing.number) == (self.0, self.1) {
            self.2.request();
        }
    }
}

#[test]
fn a_stop_at_any_firing_on_any_rank_ends_all() {
    let scenario = calm();
    let quiet = Stopping::Quiet { tolerance: 1e-4, max_steps: 5000 };
    for (schedule, stopping) in [
        (Schedule::Bounded { staleness: 1 }, Stopping::Steps(6)),
        (Schedule::Free { fire: Fire::OnAny }, Stopping::Steps(6)),
        (Schedule::Free { fire: Fire::OnAny }, quiet),
    ] {
        let settling = Settling { stopping, ..scenario.settling(schedule, ExecutorKind::Threads) };
        for (population, firing) in (0..5).flat_map(|population| (1..=6).map(move |firing| (population, firing))) {
            let results = local::run_over(3, slow, |ranks| {
                let mut settler = Settler::new().over(ranks);
                settler.watch(Arc::new(StopAt(PopulationId(population), firing, settler.stop_flag())));
                let ran = run(&scenario, &mut settler, &settling);
                settler.stop_flag().clear();
                settler.watch_no_more();
                // What was lent is back.
                run(&scenario, &mut settler, &settling).expect("whole again");
                ran.map(|_| ()).map_err(|error| error.to_string())
            });
            assert!(results.iter().all(|result| *result == results[0]), "{results:?}");
            assert!(results[0].as_ref().err().is_none_or(|error| error.contains("stopped as asked")), "{results:?}");
        }
    }
}

#[test]
fn a_panic_and_a_sleep_on_one_rank_are_everybodys() {
    let scenario = calm();
    for (population, spec) in scenario.network.wiring().populations().skip(1) {
        for schedule in [Schedule::Bounded { staleness: 0 }, Schedule::Free { fire: Fire::OnAnswer }] {
            let settling = scenario.settling(schedule, ExecutorKind::Tasks);
            let with = |fault: Fault| {
                local::run_over(3, slow, |ranks| {
                    let mut settler = Settler::new().over(ranks);
                    settler.plant(vec![fault]);
                    run(&scenario, &mut settler, &settling).map(|(outcome, _)| outcome.bits())
                })
            };
            for result in with(Fault::Panic { population, firing: 4 }) {
                let error = result.expect_err("it panics").to_string();
                assert!(error.contains(&format!("\"{}\" panicked at its firing 4", spec.name)), "{error}");
            }
            let time = Duration::from_millis(100);
            let late = with(Fault::Delay { population, firing: 4, time });
            let first = late[0].as_ref().expect("settles");
            assert!(late.iter().all(|bits| bits.as_ref() == Ok(first)));
        }
    }
}

/// What crosses, by link.
fn crossed(scenario: &Scenario, place: &[(&str, usize)]) -> Result<BTreeMap<String, (u64, u64)>, SettleError> {
    let find = |name: &str| scenario.network.wiring().find(name).expect("a population");
    let place = place.iter().map(|(name, rank)| (find(name), *rank)).collect();
    let schedule = Schedule::Bounded { staleness: 0 };
    let settling = Settling { place, ..scenario.settling(schedule, ExecutorKind::Threads) };
    let (_, settled) = over(scenario, &settling, 2).swap_remove(0)?;
    let links = settled.account.links.iter().filter(|link| link.crossed > 0);
    Ok(links.map(|link| (format!("{} {}", link.from, link.to), (link.crossed, link.crossed_bytes))).collect())
}

#[test]
fn populations_run_where_they_are_placed() {
    let scenario = calm();
    let all = [("z0", 0), ("z1", 0), ("z2", 0), ("z0.error", 0)];
    let apart = crossed(&scenario, &[&all[..], &[("z1.error", 1)]].concat()).expect("settles");
    // 12 firings each; what goes to `z1.error` and comes from it, of 5 samples.
    assert_eq!(apart.keys().collect::<Vec<_>>(), ["z1 z1.error", "z1.error z1", "z1.error z2", "z2 z1.error"]);
    for (link, (messages, bytes)) in &apart {
        let width = if link.contains("z2") { 3 } else { 4 };
        assert_eq!(*messages, 12, "{link}");
        assert!((12 * 5 * width * 4..12 * (5 * width * 4 + 80)).contains(bytes), "{link}: {bytes}");
    }
    let together = crossed(&scenario, &[&all[..], &[("z1.error", 0)]].concat()).expect("settles");
    assert!(together.is_empty(), "{together:?}");
    let error = crossed(&scenario, &[("z1", 2)]).expect_err("there are two").to_string();
    assert!(error.contains("`place` puts \"z1\" on rank 2, and there are 2, 0 to 1"), "{error}");
}

#[test]
fn what_ranks_cannot_share_is_refused() {
    let scenario = calm();
    let learning = gncn::circuit::Learning { when: When::EveryStep, ..scenario.circuit.learning() };
    let circuit: Circuit = scenario.circuit.clone().with_learning(learning).expect("sound");
    let settling = scenario.settling(Schedule::Free { fire: Fire::OnAny }, ExecutorKind::Threads);
    for (learn, trace, words) in [(true, false, "learn at every step"), (false, true, "every firing is traced")] {
        let options = SettleOptions { learn, trace, ..SettleOptions::default() };
        for error in local::run(2, |ranks: Ranks| {
            let mut network = gncn::network::Network::new(Arc::new(circuit.clone()), 3);
            let settler = &mut Settler::new().over(ranks);
            settler.settle(&mut network, &scenario.episode, &settling, options).expect_err("refused").to_string()
        }) {
            assert!(error.contains("2 ranks can't share `Free`") && error.contains(words), "{error}");
        }
    }
}

/// A log of several ranks is one that any build of one process reads.
#[test]
fn a_log_of_ranks_is_a_log() {
    let scenario = calm();
    let settling = scenario.settling(Schedule::Free { fire: Fire::OnAny }, ExecutorKind::Threads);
    let log: DeliveryLog = over(&scenario, &settling, 3).swap_remove(1).expect("settles").1.log.expect("recorded");
    let clamped = [true, false, false, false, false];
    log.check(scenario.network.wiring(), &clamped).expect("sound");
}
