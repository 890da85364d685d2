//! The guide does what it says: the commands of its pages are run one after another in one folder, as a reader would, and its
//! pictures are made anew.
//!
//! `cargo test` runs them at small size (one epoch, a few images) and compares the pictures that no learning goes into.
//! `GNCN_GUIDE=full` runs them as they are written and compares all; `GNCN_GUIDE=write` puts the new pictures in place.

use super::cli::{gncn, outcome};
use super::kinds::npy;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The pages, in the order in which they build on each other.
const PAGES: [&str; 7] = ["first-circuit", "schedules", "studies", "lateness", "own-circuits", "data", "page"];

/// Commands that wait for a person.
const ATTENDED: [&str; 2] = ["view", "watch"];

/// Pictures of which another file than that of their name is the source.
const ELSEWHERE: [(&str, &str); 1] = [("delays.svg", "studies/delays/figures/figure-1.svg")];

/// Pictures that show what was learned: the small form makes others.
const LEARNED: [&str; 2] = ["learned.svg", "delays.svg"];

/// Images learned from in the small form, at the most.
const FEW: usize = 60;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Small,
    Full,
    Write,
}

impl Form {
    fn asked() -> Self {
        match std::env::var("GNCN_GUIDE").as_deref() {
            Ok("full") => Self::Full,
            Ok("write") => Self::Write,
            _ => Self::Small,
        }
    }
}

fn guide() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/guide")
}

fn page(name: &str) -> String {
    fs::read_to_string(guide().join(format!("{name}.md"))).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// What a page asks its reader to do, in order.
#[derive(Debug, PartialEq)]
enum Deed {
    Save { name: String, text: String },
    Run(String),
}

fn deeds(text: &str) -> Vec<Deed> {
    let mut deeds = Vec::new();
    for (i, part) in text.split("```").enumerate() {
        if i % 2 == 0 {
            continue;
        }
        let (language, block) = part.split_once('\n').unwrap_or((part, ""));
        let before: String = text.split("```").take(i).last().unwrap_or_default().replace('\n', " ");
        match language {
            // The sentence before it names the file.
            "ron" => deeds.extend(before.rsplit_once("Save this as `").map(|(_, name)| Deed::Save {
                name: name.split('`').next().unwrap_or_default().to_owned(),
                text: block.to_owned(),
            })),
            "sh" => deeds
                .extend(block.lines().filter(|line| line.starts_with("gncn ")).map(|line| Deed::Run(line.to_owned()))),
            _ => (),
        }
    }
    deeds
}

/// The words of a line: quotes, and no more of a shell's grammar.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), None::<String>, false);
    for c in line.chars() {
        match c {
            '\'' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            ' ' if !quoted => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// The same command, small.
fn small(mut words: Vec<String>) -> Vec<String> {
    match words[1].as_str() {
        "train" => {
            bound(&mut words, "--epochs", 1);
            bound(&mut words, "--limit", FEW);
        }
        "study" if !words.iter().any(|word| word == "--dry-run") => words.push("--quick".to_owned()),
        "sample" | "features" => bound(&mut words, "--count", 4),
        _ => (),
    }
    words
}

/// Gives an option a value of at most `most`.
fn bound(words: &mut Vec<String>, option: &str, most: usize) {
    let value = words.iter().position(|word| word == option).map(|at| at + 1);
    match value.filter(|at| *at < words.len()) {
        Some(at) => words[at] = words[at].parse().map_or(most, |asked: usize| asked.min(most)).to_string(),
        None => words.extend([option.to_owned(), most.to_string()]),
    }
}

/// A folder as the guide finds it: that of the repository, and a file that its page hands over.
fn repository() -> TempDir {
    let folder = TempDir::new().unwrap();
    for name in ["circuits", "data"] {
        symlink(Path::new(env!("CARGO_MANIFEST_DIR")).join(name), folder.path().join(name)).unwrap();
    }
    let half: Vec<u8> = [0.5_f32; 64].iter().flat_map(|value| value.to_le_bytes()).collect();
    fs::write(folder.path().join("input.npy"), npy("<f4", "(64,)", &half)).unwrap();
    folder
}

fn act(folder: &Path, page: &str, form: Form) -> usize {
    let mut ran = 0;
    for deed in deeds(&self::page(page)) {
        match deed {
            Deed::Save { name, text } => fs::write(folder.join(name), text).unwrap(),
            Deed::Run(line) => {
                let words = words(&line);
                if ATTENDED.contains(&words[1].as_str()) {
                    continue;
                }
                let words = if form == Form::Small { small(words) } else { words };
                let mut command = gncn(&words[1..].iter().map(String::as_str).collect::<Vec<_>>());
                command.current_dir(folder).timeout(std::time::Duration::from_secs(1800));
                let came = outcome(command);
                assert_eq!(came.code, 0, "{page}: {line}\n{}", came.err);
                ran += 1;
            }
        }
    }
    ran
}

#[test]
fn every_command_of_the_guide_does_what_it_says() {
    let (form, folder) = (Form::asked(), repository());
    let ran: usize = PAGES.iter().map(|page| act(folder.path(), page, form)).sum();
    assert!(ran >= 35, "only {ran} commands were found");
    let pictures = guide().join("pictures");
    let shown: BTreeSet<String> = PAGES.iter().flat_map(|page| pictures_of(&self::page(page))).collect();
    for name in &shown {
        let source = ELSEWHERE.iter().find(|(picture, _)| picture == name).map_or(name.as_str(), |(_, source)| source);
        let made = fs::read_to_string(folder.path().join(source)).unwrap_or_else(|error| panic!("{name}: {error}"));
        if form == Form::Write {
            fs::write(pictures.join(name), &made).unwrap();
        }
        if form == Form::Full || !LEARNED.contains(&name.as_str()) {
            let kept = fs::read_to_string(pictures.join(name)).unwrap_or_default();
            let same = alike(&kept, &made);
            assert!(same, "docs/guide/pictures/{name} is not what its command makes; GNCN_GUIDE=write renews it");
        }
    }
    let kept = fs::read_dir(&pictures).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(kept.collect::<BTreeSet<_>>(), shown, "pictures that no page shows, or that are not there");
}

/// Names of the pictures that a text shows.
fn pictures_of(text: &str) -> Vec<String> {
    let found = text.split("](pictures/").skip(1).filter_map(|rest| rest.split(')').next());
    found.map(str::to_owned).collect()
}

/// Whether two drawings are one, to what another kind of CPU may round otherwise. Pixels inside of them are not compared.
fn alike(a: &str, b: &str) -> bool {
    let split = |text: &str| -> Vec<String> {
        let mut parts = vec![String::new()];
        let mut was_number = false;
        for c in text.chars() {
            let is_number = c.is_ascii_digit() || c == '.';
            if is_number != was_number {
                parts.push(String::new());
            }
            was_number = is_number;
            parts.last_mut().unwrap().push(c);
        }
        parts
    };
    let without_pixels = |text: &str| -> String {
        let mut parts = text.split("base64,");
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |all, part| all + part.split_once('"').map_or("", |(_, rest)| rest))
    };
    let (a, b) = (split(&without_pixels(a)), split(&without_pixels(b)));
    let is_close = |(a, b): (&String, &String)| match (a.parse::<f64>(), b.parse::<f64>()) {
        (Ok(a), Ok(b)) => (a - b).abs() <= 1.0 + 0.01 * a.abs(),
        _ => a == b,
    };
    a.len() == b.len() && a.iter().zip(&b).all(is_close)
}

#[test]
fn links_of_the_guide_and_the_readme_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let pages = fs::read_dir(guide()).unwrap().map(|entry| entry.unwrap().path());
    let pages = pages.filter(|path| path.extension().is_some_and(|ending| ending == "md"));
    let docs =
        fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    let mut seen = 0;
    for path in pages.chain(docs).chain([root.join("README.md")]) {
        let text = fs::read_to_string(&path).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap_or_default();
            if file.is_empty() || link.contains("://") || link.contains(' ') {
                continue;
            }
            assert!(path.parent().unwrap().join(file).exists(), "{}: {link}", path.display());
            seen += 1;
        }
    }
    assert!(seen > 60, "only {seen} links were found");
}

#[test]
fn made_up_pages_are_read() {
    let text =
        "Save this as `a.ron`:\n\n```ron\nx\n```\n\n```sh\ngncn check a.ron\n# no\ncargo test\n```\n\n```ron\ny\n```\n";
    let saved = Deed::Save { name: "a.ron".to_owned(), text: "x\n".to_owned() };
    assert_eq!(deeds(text), [saved, Deed::Run("gncn check a.ron".to_owned())]);
    let line = "gncn train a.ron --epochs 20 --schedule 'Free(fire: OnAny)'";
    let expected = ["gncn", "train", "a.ron", "--epochs", "1", "--schedule", "Free(fire: OnAny)", "--limit", "60"];
    assert_eq!(small(words(line)), expected);
    assert!(alike("<a x=\"1.04\"/>", "<a x=\"1.05\"/>") && !alike("<a x=\"1\"/>", "<b x=\"1\"/>"));
    assert!(!alike("<a x=\"10\"/>", "<a x=\"20\"/>"));
}
