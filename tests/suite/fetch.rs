//! Fetching data sets, from a server on this machine that answers as servers do: well, cut off, wrong, elsewhere, not at all.

use gncn::Blamed;
use gncn::data::fetch::{self, FetchError, FetchEvent};
use gncn::data::sets::{Set, SetFile};
use sha2::{Digest, Sha256};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

const NAME: &str = "train-images-idx3-ubyte.gz";

/// The file that is fetched: 300,000 bytes that differ.
fn content() -> Vec<u8> {
    (0..300_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

/// What the server does with a request for a path that begins so.
type Answers = fn(path: &str, range: Option<u64>) -> Vec<u8>;

fn whole(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// The whole file, or what a range asks for.
fn good(range: Option<u64>) -> Vec<u8> {
    let content = content();
    match range {
        Some(from) if (from as usize) < content.len() => {
            let range = format!("Content-Range: bytes {from}-{}/{}\r\n", content.len() - 1, content.len());
            whole("206 Partial Content", &range, &content[from as usize..])
        }
        Some(_) => whole("416 Range Not Satisfiable", "", b""),
        None => whole("200 OK", "", &content),
    }
}

/// Answers by the first part of the path.
fn answers(path: &str, range: Option<u64>) -> Vec<u8> {
    match path.split('/').nth(1).unwrap_or_default() {
        "good" => good(range),
        "whole" => good(None),
        "gone" => whole("404 Not Found", "", b"<html><body>no such file</body></html>"),
        "proxy" => whole("403 Forbidden", "", b"blocked by policy: ask the helpdesk"),
        "wrong" => whole("200 OK", "", &vec![7; 300_000]),
        "longer" => whole("200 OK", "", &[content(), vec![1; 1_000_000]].concat()),
        "moved" => whole("302 Found", &format!("Location: /good/{NAME}\r\n"), b""),
        // Announces all, and hangs up after some.
        "cut" => good(range)[..100_000].to_vec(),
        "short" => whole("200 OK", "", &content()[..1000]),
        _ => whole("500 Internal Server Error", "", b""),
    }
}

/// A server on a port of its own, and the lines that it was asked with.
struct Server {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start(answers: Answers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        // It ends with the tests; nobody waits for it.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let log = Arc::clone(&log);
                std::thread::spawn(move || serve(stream, answers, &log));
            }
        });
        Self { address, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn serve(mut stream: TcpStream, answers: Answers, log: &Mutex<Vec<String>>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    let first = lines.next().unwrap_or_default();
    let mut range = None;
    for line in lines.take_while(|line| !line.is_empty()) {
        if let Some(from) = line.to_lowercase().strip_prefix("range: bytes=") {
            range = from.trim_end_matches('-').parse().ok();
        }
    }
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    log.lock().unwrap().push(format!("{path} {}", range.unwrap_or(0)));
    let _ = stream.write_all(&answers(&path, range));
}

/// A set of one file whose homes are these parts of the server.
fn set(server: &Server, homes: &[&str]) -> Set {
    let mut hash = Sha256::new();
    hash.update(content());
    let sha256 = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Set {
        name: "tiny".to_owned(),
        about: "300,000 bytes".to_owned(),
        shape: (1, 1),
        train: 1,
        test: 1,
        classes: 1,
        licence: "none".to_owned(),
        homes: homes.iter().map(|home| format!("{}/{home}/", server.address)).collect(),
        files: vec![SetFile { name: NAME.to_owned(), bytes: 300_000, sha256 }],
    }
}

fn fetched(server: &Server, homes: &[&str], folder: &Path) -> Result<(), FetchError> {
    fetch::fetch(&set(server, homes), folder, &[], &mut |_| ())
}

/// What of the file is there under a name of its own, and what beside it.
fn there(folder: &Path) -> (bool, Option<u64>) {
    let part = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let part = part.filter(|path| path.extension().is_some_and(|ending| ending == "fetch")).last();
    (folder.join(NAME).exists(), part.map(|part| fs::metadata(part).unwrap().len()))
}

#[test]
fn a_file_is_fetched_and_kept() {
    let (server, folder) = (Server::start(answers), TempDir::new().unwrap());
    fetched(&server, &["good"], folder.path()).unwrap();
    assert_eq!(fs::read(folder.path().join(NAME)).unwrap(), content());
    assert_eq!(there(folder.path()), (true, None));
    let mut kept = 0;
    fetch::fetch(&set(&server, &["good"]), folder.path(), &[], &mut |event| {
        kept += usize::from(matches!(event, FetchEvent::Kept(_)));
    })
    .unwrap();
    assert_eq!((kept, server.asked().len()), (1, 1), "it is not asked for again");
    fs::write(folder.path().join(NAME), b"mine").unwrap();
    let error = fetched(&server, &["good"], folder.path()).unwrap_err();
    assert!(error.is_request() && error.to_string().contains("another file"), "{error}");
    assert_eq!(fs::read(folder.path().join(NAME)).unwrap(), b"mine", "nothing that was there is replaced");
}

#[test]
fn homes_are_asked_in_turn_until_one_has_the_right_file() {
    for bad in ["gone", "proxy", "wrong", "longer", "short", "broken"] {
        let (server, folder) = (Server::start(answers), TempDir::new().unwrap());
        let error = fetched(&server, &[bad], folder.path()).unwrap_err();
        assert!(!error.is_request() && error.to_string().contains(&format!("/{bad}/{NAME}")), "{error}");
        assert!(!there(folder.path()).0, "{bad}: no file under its name");
        fetched(&server, &[bad, "good"], folder.path()).unwrap();
        assert_eq!(fs::read(folder.path().join(NAME)).unwrap(), content(), "{bad}");
    }
    let (server, folder) = (Server::start(answers), TempDir::new().unwrap());
    let of = |home: &str| fetched(&server, &[home], folder.path()).unwrap_err().to_string();
    assert!(of("proxy").contains("403 Forbidden: blocked by policy: ask the helpdesk"), "{}", of("proxy"));
    assert!(of("gone").contains("404 Not Found: no such file"), "{}", of("gone"));
    assert!(of("wrong").contains("another file (SHA-256"), "{}", of("wrong"));
    let none = fetch::fetch(&set(&server, &[]), folder.path(), &[], &mut |_| ()).unwrap_err().to_string();
    assert!(none.contains("--from"), "{none}");
}

#[test]
fn a_home_that_has_moved_is_followed() {
    let (server, folder) = (Server::start(answers), TempDir::new().unwrap());
    fetched(&server, &["moved"], folder.path()).unwrap();
    assert_eq!(there(folder.path()), (true, None));
}

#[test]
fn what_was_cut_off_is_gone_on_with() {
    let (server, folder) = (Server::start(answers), TempDir::new().unwrap());
    let error = fetched(&server, &["cut"], folder.path()).unwrap_err();
    assert!(error.to_string().contains("of 300000 bytes"), "{error}");
    let (is_there, Some(part)) = there(folder.path()) else { panic!("what has come is kept") };
    assert!(!is_there && (1..300_000).contains(&part), "{part}");
    fetched(&server, &["good"], folder.path()).unwrap();
    assert_eq!(fs::read(folder.path().join(NAME)).unwrap(), content());
    assert_eq!(server.asked().last().unwrap(), &format!("/good/{NAME} {part}"), "from where it was");
    // A home that knows no ranges gives all of it.
    fs::remove_file(folder.path().join(NAME)).unwrap();
    let _ = fetched(&server, &["cut"], folder.path()).unwrap_err();
    fetched(&server, &["whole"], folder.path()).unwrap();
    assert_eq!(fs::read(folder.path().join(NAME)).unwrap(), content());
}

#[test]
fn without_a_network_it_is_told() {
    // A port that was free a moment ago, and that nobody listens at.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (server, folder) = (Server::start(answers), TempDir::new().unwrap());
    let nobody = format!("http://127.0.0.1:{port}/");
    let error = fetch::fetch(&set(&server, &[]), folder.path(), &[nobody], &mut |_| ()).unwrap_err();
    assert!(error.to_string().contains(&format!("127.0.0.1:{port}")) && !error.is_request(), "{error}");
    assert!(!there(folder.path()).0);
}

#[test]
fn two_at_once_get_one_file() {
    let (server, folder) = (Server::start(answers), TempDir::new().unwrap());
    std::thread::scope(|scope| {
        let two = [(); 2].map(|()| scope.spawn(|| fetched(&server, &["good"], folder.path())));
        two.into_iter().for_each(|one| one.join().unwrap().unwrap());
    });
    assert_eq!(fs::read(folder.path().join(NAME)).unwrap(), content());
    assert_eq!(server.asked().len(), 1, "the second one found it");
}

#[test]
fn the_command_says_what_it_knows() {
    let fetch = |words: &[&str]| super::cli::outcome(super::cli::gncn(&[&["data", "fetch"], words].concat()));
    let unknown = fetch(&["mnits", "--to", "x"]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.err.contains("legal are mnist, fashion, kmnist, caltech"), "{}", unknown.err);
    let nowhere = fetch(&["mnist"]);
    assert_eq!(nowhere.code, 2);
    assert!(nowhere.err.contains("GNCN_DATA") && nowhere.err.contains("--to"), "{}", nowhere.err);
    let list = super::cli::outcome(super::cli::gncn(&["data", "list"]));
    assert!(list.code == 0 && list.out.contains("digits8x8") && list.out.contains("1,500"), "{}", list.out);
}
