use super::{Glance, KeyMeaning, WatchedRun, paint};
use crate::checkpoint::{Run, RunInfo};
use crate::circuit::Circuit;
use crate::training::{PULSE, Pulse, PulseLayer, PulseLink};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// A run under way, with nothing measured yet.
fn begun() -> (TempDir, WatchedRun) {
    let folder = TempDir::new().expect("a folder");
    let text = br#"(name: "small", layers: {"z0": (size: 16, sense: "image"), "z1": (size: 3, beta: 0.1)},
        projections: [(from: "z1", to: "z0", feedback: Transposed)])"#;
    let info =
        RunInfo { schedule: "Free".to_owned(), ..RunInfo::begun(["gncn", "train"].map(str::to_owned).into(), 0) };
    let path = folder.path().join("run");
    Run::create(&path, &Circuit::parse(text).expect("sound"), info, false).expect("a run folder");
    let run = WatchedRun::open(&path).expect("it is a run");
    (folder, run)
}

fn tell(run: &WatchedRun, metrics: &str, pulse: &Pulse) {
    fs::write(run.folder().join("metrics.jsonl"), metrics).expect("written");
    fs::write(run.folder().join(PULSE), serde_json::to_vec(pulse).expect("JSON")).expect("written");
}

fn pulse() -> Pulse {
    let link = |from: &str, to: &str, staleness| PulseLink {
        from: from.to_owned(),
        to: to.to_owned(),
        sent: 1234,
        used: 1200,
        dropped: 0,
        staleness: Some(staleness),
        unheard: None,
    };
    let layer = |name: &str, free_energy, activity| PulseLayer { name: name.to_owned(), free_energy, activity };
    Pulse {
        epoch: 2,
        epochs: 5,
        done: 7,
        of: 10,
        free_energy: 81.5,
        batch: 200,
        images_per_second: 1234.4,
        layers: vec![layer("z0", Some(80.25), 0.5), layer("z1", None, 0.25)],
        links: vec![link("z1", "z0.error", 1.0), link("z0.error", "z1", 3.5), link("z0", "z0.error", 0.0)],
        warning: None,
    }
}

const TWO_EPOCHS: &str = concat!(
    r#"{"epoch":1,"train_free_energy":{"z0":90.0},"validation":{"bce":99.5}}"#,
    "\n",
    r#"{"epoch":2,"train_free_energy":{"z0":85.0},"validation":{"bce":88.125}}"#,
    "\n"
);

/// What a terminal of this size shows, line by line.
fn shown(run: &WatchedRun, glance: Glance, (width, height): (u16, u16)) -> Vec<String> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("memory is a terminal");
    terminal.draw(|frame| paint(frame, run, glance)).expect("memory is drawn on");
    let buffer = terminal.backend().buffer();
    let line = |y: u16| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
    (0..height).map(line).collect()
}

fn has(lines: &[String], words: &[&str]) -> bool {
    lines.iter().any(|line| words.iter().all(|word| line.contains(word)))
}

#[test]
fn a_run_is_shown_on_80_by_24() {
    let (_folder, mut run) = begun();
    let lines = shown(&run, Glance::default(), (80, 24));
    assert!(has(&lines, &["No epoch has been finished yet"]) && has(&lines, &["under way"]), "{lines:#?}");
    tell(&run, TWO_EPOCHS, &pulse());
    assert!(run.refresh() && !run.refresh(), "news once");
    let lines = shown(&run, Glance::default(), (80, 24));
    for words in [
        &["Free", "under way, epoch 2/5, batch 7/10"][..],
        &["validation.bce 88.12 (1/"],
        &["z0 image", "16", "80.25", "0.50 ▪▪▪▪▪"],
        &["z1", "3", "-", "0.25 ▪▪▪"],
        &["3 links, last batch"],
        &["z0.error → z1", "1,234", "1,200", "0", "3.50", "-"],
        &["q leave", "1,234 images/s"],
    ] {
        assert!(has(&lines, words), "{words:?}: {lines:#?}");
    }
    assert!(
        lines.iter().any(|line| line.chars().any(|c| ('\u{2801}'..='\u{28ff}').contains(&c))),
        "a curve: {lines:#?}"
    );
}

#[test]
fn keys_choose_a_curve_and_links() {
    let (_folder, mut run) = begun();
    tell(&run, TWO_EPOCHS, &pulse());
    run.refresh();
    let press = |glance: &mut Glance, code| glance.press(KeyEvent::new(code, KeyModifiers::NONE));
    let mut glance = Glance::default();
    assert_eq!(press(&mut glance, KeyCode::Right), KeyMeaning::Glance);
    assert!(has(&shown(&run, glance, (80, 24)), &["free energy while training 85.00 (2/"]));
    press(&mut glance, KeyCode::Left);
    press(&mut glance, KeyCode::Left);
    let lines = shown(&run, glance, (80, 24));
    assert!(has(&lines, &["free energy of batches seen 81.50"]), "round to the last: {lines:#?}");
    press(&mut glance, KeyCode::Down);
    let lines = shown(&run, glance, (80, 16));
    assert!(
        has(&lines, &["links 1 to 3 of 3"]) || has(&lines, &["3 links"]) || has(&lines, &["z0.error → z1"]),
        "{lines:#?}"
    );
    assert_eq!(press(&mut glance, KeyCode::Char('q')), KeyMeaning::Leave);
    assert_eq!(press(&mut glance, KeyCode::Esc), KeyMeaning::Leave);
    assert_eq!(glance.press(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL)), KeyMeaning::Interrupt);
}

#[test]
fn any_size_and_any_text_can_be_shown() {
    let (_folder, mut run) = begun();
    let mut odd = pulse();
    odd.warning = Some("free energy is 1e30 nats an image".to_owned());
    odd.free_energy = f64::MAX;
    odd.layers[0].activity = f64::MAX;
    tell(&run, "{\"epoch\":1,\"x\":1e308}\nno JSON\n{\"epoch\":2,\"x\":-1e308}\n", &odd);
    run.refresh();
    for size in [(1, 1), (3, 2), (20, 5), (64, 16), (80, 24), (300, 90)] {
        for curve in -1..3 {
            let _ = shown(&run, Glance { curve, link: 9 }, size);
        }
    }
    assert!(has(&shown(&run, Glance::default(), (80, 24)), &["warning: free energy is 1e30"]));
}

#[test]
fn an_end_and_a_vanished_run_are_told() {
    let (folder, mut run) = begun();
    let path = run.folder().join("run.json");
    let text = fs::read_to_string(&path).expect("there").replace("\"finished\": false", "\"finished\": true");
    fs::write(&path, text).expect("written");
    assert!(run.refresh());
    assert!(has(&shown(&run, Glance::default(), (80, 24)), &["finished"]));
    fs::remove_dir_all(folder.path().join("run")).expect("gone");
    assert!(run.refresh() && !run.refresh());
    assert!(has(&shown(&run, Glance::default(), (80, 24)), &["moved or removed"]));
    assert!(WatchedRun::open(Path::new("/nowhere")).is_err());
}
