//! What executors make of trouble: a panic, a late population, loss, a lesion, a stop. Each run ends, with the right
//! error or with what it settled to, and no thread is left.
//!
//! `GNCN_CHAOS` is the number of runs with random trouble (60 where it is not set).

use crate::alone::alone;
use crate::asked::count;
use crate::conformance::{Execution, Scenario, executions, free_populations, golden, random};
use crate::properties::Dice;
use crate::quiet::calm;
use gncn::circuit::wiring::{PopulationId, Wiring};
use gncn::circuit::{ExecutorKind, Fire, Schedule, Settling, Stopping, VirtualTime};
use gncn::executor::{Fault, SettleError, Settler};
use std::collections::BTreeMap;
use std::sync::Once;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

/// How long a run may take before it counts as a hang: far longer than it needs on a busy machine.
const HANG: Duration = Duration::from_secs(120);

/// Ends the whole process, loudly, where a run does not end.
struct Watchdog {
    alive: Sender<String>,
}

impl Watchdog {
    fn new() -> Self {
        let (alive, heard): (_, Receiver<String>) = channel();
        std::thread::spawn(move || {
            let mut last = String::new();
            loop {
                match heard.recv_timeout(HANG) {
                    Ok(name) => last = name,
                    Err(RecvTimeoutError::Timeout) => {
                        eprintln!("{last} hangs");
                        std::process::exit(101);
                    }
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            }
        });
        Self { alive }
    }

    fn pat(&self, name: &str) {
        let _ = self.alive.send(name.to_owned());
    }
}

/// Panics that tests plant are not worth a line each.
fn hush() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if info.payload().downcast_ref::<&str>() != Some(&"a test asked for this panic") {
                before(info);
            }
        }));
    });
}

/// All executions and, last, the replay of a free run.
fn with_replay<'a>(scenario: &Scenario, list: &'a [Execution], log: &std::path::Path) -> Vec<(&'a str, Settling)> {
    let mut all: Vec<_> =
        list.iter().map(|e| (e.name, scenario.settling((e.schedule)(scenario), e.executor))).collect();
    let free = scenario.settling(Schedule::Free { fire: Fire::OnAny }, ExecutorKind::Threads);
    if let Ok((_, settled)) = scenario.run(&mut Settler::new(), &free, true) {
        settled.log.expect("recorded").save(log).expect("saved");
        all.push(("Replay", scenario.settling(Schedule::Replay(log.to_owned()), ExecutorKind::Threads)));
    }
    all
}

#[test]
fn a_panic_anywhere_ends_every_run_with_its_name() {
    hush();
    let (watchdog, folder) = (Watchdog::new(), tempfile::tempdir().expect("folder"));
    let (list, mut settler, mut runs) = (executions(), Settler::new(), 0);
    for scenario in golden() {
        let wiring = Wiring::new(&scenario.circuit);
        for (name, settling) in with_replay(&scenario, &list, &folder.path().join("free.log")) {
            for population in free_populations(&scenario) {
                // A free error population may need no more than one firing; the readout is one more.
                let firing = if matches!(settling.schedule, Schedule::Free { .. }) { 1 } else { 2 };
                settler.plant(vec![Fault::Panic { population, firing }]);
                let what = format!("{}, {name}, {}", scenario.name, wiring.population(population).name);
                watchdog.pat(&what);
                let error = scenario.run(&mut settler, &settling, false).map(|_| ()).expect_err(&what);
                let SettleError::Panicked { population: named, firing: at, message } = &error else {
                    panic!("{error}")
                };
                assert_eq!((named, *at), (&wiring.population(population).name, firing), "{what}");
                assert!(message.contains("asked for"), "{what}: {message}");
                runs += 1;
            }
            // The settler is whole afterwards.
            settler.plant(Vec::new());
            assert!(scenario.run(&mut settler, &settling, false).is_ok(), "{}, {name}", scenario.name);
        }
    }
    println!("{runs} panics");
}

#[test]
fn a_late_population_changes_no_promised_bit() {
    let (watchdog, folder) = (Watchdog::new(), tempfile::tempdir().expect("folder"));
    let (list, mut settler) = (executions(), Settler::new());
    for scenario in golden() {
        let late = free_populations(&scenario)[0];
        for (name, settling) in with_replay(&scenario, &list, &folder.path().join("free.log")) {
            watchdog.pat(&format!("{}, {name}, late", scenario.name));
            settler.plant(Vec::new());
            let (whole, _) = scenario.run(&mut settler, &settling, false).expect(name);
            settler.plant(vec![Fault::Delay { population: late, firing: 1, time: Duration::from_millis(100) }]);
            let (found, settled) = scenario.run(&mut settler, &settling, false).expect(name);
            let depends_on_time = matches!(settling.schedule, Schedule::Free { .. })
                || matches!(settling.schedule, Schedule::Bounded { staleness } if staleness > 0);
            assert!(depends_on_time || whole.bits() == found.bits(), "{}, {name}", scenario.name);
            assert!(settled.steps > 0, "{}, {name}", scenario.name);
        }
    }
}

/// Loss and lesions are faults of actors and options of virtual time; elsewhere no message travels.
fn ends_with(scenario: &Scenario, settler: &mut Settler, settling: &Settling, faults: Vec<Fault>) -> u64 {
    settler.plant(faults);
    let ended = scenario.run(settler, settling, true);
    settler.plant(Vec::new());
    let (_, settled) = ended.unwrap_or_else(|error| panic!("{}, {:?}: {error}", scenario.name, settling.schedule));
    settled.account.links.iter().map(|link| link.dropped).sum()
}

fn is_actors(execution: &Execution, scenario: &Scenario) -> bool {
    matches!((execution.schedule)(scenario), Schedule::Bounded { .. } | Schedule::Free { .. })
}

#[test]
fn loss_and_lesions_end_no_run_and_hang_none() {
    let (watchdog, mut settler) = (Watchdog::new(), Settler::new());
    for scenario in golden() {
        for execution in executions().iter().filter(|e| is_actors(e, &scenario)) {
            watchdog.pat(&format!("{}, {}, loss", scenario.name, execution.name));
            let settling = scenario.settling((execution.schedule)(&scenario), execution.executor);
            let lost = ends_with(&scenario, &mut settler, &settling, vec![Fault::Loss { share: 0.3, seed: 1 }]);
            assert!(lost > 0, "{}, {}: nothing was lost", scenario.name, execution.name);
            for population in free_populations(&scenario) {
                watchdog.pat(&format!("{}, {}, lesion of {population:?}", scenario.name, execution.name));
                ends_with(&scenario, &mut settler, &settling, vec![Fault::Lesion { population, firing: 6 }]);
            }
        }
        let lossy = VirtualTime { drop: 0.3, ..VirtualTime::default() };
        let settling = scenario.settling(Schedule::VirtualTime(Box::new(lossy)), ExecutorKind::Threads);
        assert!(ends_with(&scenario, &mut settler, &settling, Vec::new()) > 0);
        for population in free_populations(&scenario) {
            let lesioned = VirtualTime { lesions: vec![(population, 12)], ..VirtualTime::default() };
            let settling = scenario.settling(Schedule::VirtualTime(Box::new(lesioned)), ExecutorKind::Threads);
            ends_with(&scenario, &mut settler, &settling, Vec::new());
        }
    }
}

/// Random trouble: some of a panic, delays, loss and a lesion.
fn trouble(dice: &mut Dice, populations: &[PopulationId]) -> Vec<Fault> {
    let mut faults = Vec::new();
    let one = |dice: &mut Dice| (dice.pick(populations), dice.between(1, 14) as u64);
    if dice.chance(0.3) {
        let (population, firing) = one(dice);
        faults.push(Fault::Panic { population, firing });
    }
    for _ in 0..dice.below(3) {
        let (population, firing) = one(dice);
        faults.push(Fault::Delay { population, firing, time: Duration::from_micros(dice.below(5000) as u64) });
    }
    if dice.chance(0.5) {
        faults.push(Fault::Loss { share: f64::from(dice.real(0.0, 1.0)), seed: dice.below(1000) as u64 });
    }
    if dice.chance(0.3) {
        let (population, firing) = one(dice);
        faults.push(Fault::Lesion { population, firing });
    }
    faults
}

#[test]
fn random_trouble_ends_with_the_right_error_or_a_finished_run() {
    hush();
    let (watchdog, mut settler, list) = (Watchdog::new(), Settler::new(), executions());
    let mut ended = BTreeMap::<_, usize>::new();
    for seed in 0..count("GNCN_CHAOS", 60) as u64 {
        let scenario = random(seed..seed + 1).next().expect("one");
        let mut dice = Dice::new("test.chaos", seed);
        let execution = &list[dice.below(list.len())];
        let faults = trouble(&mut dice, &free_populations(&scenario));
        let what = format!("{}, {}, {faults:?}", scenario.name, execution.name);
        watchdog.pat(&what);
        settler.plant(faults.clone());
        let settling = scenario.settling((execution.schedule)(&scenario), execution.executor);
        let panics = faults.iter().any(|fault| matches!(fault, Fault::Panic { .. }));
        let how = match scenario.run(&mut settler, &settling, true) {
            Ok(_) => "finished",
            Err(SettleError::Panicked { message, .. }) => {
                assert!(panics && message.contains("asked for"), "{what}: {message}");
                "panicked as planted"
            }
            Err(SettleError::NotFinite { .. }) => "no longer finite",
            Err(SettleError::Learning(_)) => "learning refused",
            Err(error) => panic!("{what}: {error}"),
        };
        *ended.entry(how).or_default() += 1;
    }
    println!("{ended:?}");
}

#[test]
fn a_stop_ends_every_run_within_a_second() {
    let (scenario, folder) = (calm(), tempfile::tempdir().expect("folder"));
    let late = free_populations(&scenario)[0];
    let list = executions();
    for (name, settling) in with_replay(&scenario, &list, &folder.path().join("free.log")) {
        let steps = if name == "Replay" { settling.stopping } else { Stopping::Steps(3000) };
        let settling = Settling { stopping: steps, ..settling };
        let mut settler = Settler::new();
        // While it sleeps, the stop is asked for.
        settler.plant(vec![Fault::Delay { population: late, firing: 2, time: Duration::from_millis(200) }]);
        let (flag, asked) = (settler.stop_flag(), channel());
        let asking = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(50));
            flag.request();
            let _ = asked.0.send(Instant::now());
        });
        let error = scenario.run(&mut settler, &settling, false).map(|_| ()).expect_err(name);
        let SettleError::Stopped { population, firing } = &error else { panic!("{name}: {error}") };
        assert!(!population.is_empty() && *firing > 0, "{name}: {error}");
        let took = asked.1.recv().expect("asked").elapsed();
        assert!(took < Duration::from_secs(1), "{name}: {took:?}");
        asking.join().expect("it asked");
        // It stays asked for until it is taken back; then the settler settles again.
        assert!(scenario.run(&mut settler, &settling, false).is_err(), "{name}");
        settler.stop_flag().clear();
        settler.plant(Vec::new());
        let short = Settling { stopping: Stopping::Steps(3), ..settling };
        assert!(scenario.run(&mut settler, &short, false).is_ok(), "{name}");
    }
}

/// Threads of this process that populations run on.
#[cfg(target_os = "linux")]
fn threads() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").expect("Linux lists threads");
    let name = |entry: std::fs::DirEntry| std::fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
    tasks.flatten().map(name).filter(|name| name.starts_with("gncn-")).count()
}

#[cfg(target_os = "linux")]
#[test]
fn no_thread_is_left() {
    alone("chaos::no_thread_is_left", || {
        hush();
        let scenario = calm();
        for execution in executions().iter().filter(|e| is_actors(e, &scenario)) {
            let mut settler = Settler::new();
            let settling = scenario.settling((execution.schedule)(&scenario), execution.executor);
            let late = free_populations(&scenario)[1];
            for faults in [
                Vec::new(),
                vec![Fault::Panic { population: late, firing: 1 }],
                vec![Fault::Loss { share: 0.5, seed: 1 }],
                vec![Fault::Lesion { population: late, firing: 3 }],
            ] {
                settler.plant(faults);
                let _ = scenario.run(&mut settler, &settling, false);
            }
            settler.stop_flag().request();
            let _ = scenario.run(&mut settler, &settling, false);
            assert!(threads() > 0, "{}: they are kept for the next episode", execution.name);
            drop(settler);
            assert_eq!(threads(), 0, "{}", execution.name);
        }
    });
}

/// Where the system gives no more threads, settling ends with exit code 1 and says so, at once. Root is not limited, so that
/// there the binary runs as nobody.
#[cfg(target_os = "linux")]
#[test]
fn a_system_without_threads_ends_the_command() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().expect("folder");
    let binary = folder.path().join("gncn");
    std::fs::copy(env!("CARGO_BIN_EXE_gncn"), &binary).expect("a copy that nobody may run");
    let case = root.join("tests/golden/two-senses");
    for file in ["circuit.ron", "weights.safetensors", "input.image.npy"] {
        std::fs::copy(case.join(file), folder.path().join(file)).expect("a copy");
    }
    open_to_all(folder.path());
    for (executor, limit) in [("Threads", 3), ("Tasks", 3), ("Threads", 6), ("Tasks", 5)] {
        let settle = format!(
            "cd {}; ulimit -u {limit}; exec ./gncn settle circuit.ron --weights weights.safetensors --input \
             image=input.image.npy --schedule Free --executor {executor} --threads 2",
            folder.path().display()
        );
        let begun = Instant::now();
        let mut command = std::process::Command::new("setpriv");
        let output = command.args(["--reuid=65534", "--clear-groups", "bash", "-c", &settle]).output();
        let Ok(output) = output else {
            println!("skipped: there is no setpriv");
            return;
        };
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        if words.contains("setpriv") || words.contains("fork") {
            println!("skipped: {words}");
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "{executor}, {limit}: {:?}", begun.elapsed());
        assert_eq!(output.status.code(), Some(1), "{executor}, {limit}: {words}");
        assert!(!words.contains("panicked"), "{executor}, {limit}: {words}");
    }
}

#[cfg(target_os = "linux")]
fn open_to_all(folder: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    let all = || std::fs::Permissions::from_mode(0o777);
    std::fs::set_permissions(folder, all()).expect("ours");
    for entry in std::fs::read_dir(folder).expect("ours").flatten() {
        std::fs::set_permissions(entry.path(), all()).expect("ours");
    }
}
