//! The local page over plain HTTP: who may ask, what is never told, how a stream follows a run, and that the command which
//! the page tells gives the bits that it showed.

use super::cli::{gncn, outcome};
use super::kinds::npy;
use gncn::view::curves::{curves, news};
use gncn::view::page::Shelf;
use gncn::view::serve::PageServer;
use serde_json::{Value, json};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A page on a port of its own, which lives until the tests end.
struct Page {
    port: u16,
    token: String,
}

/// What came back.
struct Reply {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Reply {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Page {
    fn of(folder: &Path) -> Self {
        let server = PageServer::bind(Shelf::new(folder).unwrap(), 0).unwrap();
        let address = server.address();
        std::thread::spawn(move || server.run());
        let (at, token) = address.strip_prefix("http://127.0.0.1:").unwrap().split_once("/?token=").unwrap();
        Self { port: at.parse().unwrap(), token: token.to_owned() }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream
    }

    /// Sends a request as it stands, and reads to the end.
    fn raw(&self, request: &str) -> Reply {
        let mut stream = self.connect();
        stream.write_all(request.as_bytes()).unwrap();
        let mut bytes = Vec::new();
        // A connection that is cut off while a body is still being sent may end in a reset.
        let _ = stream.read_to_end(&mut bytes);
        let split = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(bytes.len());
        let head = String::from_utf8_lossy(&bytes[..split]).to_lowercase();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Reply { status, head, body: bytes.get(split + 4..).unwrap_or_default().to_vec() }
    }

    fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> Reply {
        let (port, length) = (self.port, body.len());
        let host = if headers.contains("Host:") { String::new() } else { format!("Host: 127.0.0.1:{port}\r\n") };
        self.raw(&format!(
            "{method} {path} HTTP/1.1\r\n{host}{headers}Connection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        ))
    }

    fn cookie(&self) -> String {
        format!("Cookie: other=1; gncn-{}={}\r\n", self.port, self.token)
    }

    fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, &self.cookie(), "")
    }

    fn json(&self, path: &str) -> Value {
        let reply = self.get(path);
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        serde_json::from_slice(&reply.body).unwrap()
    }
}

/// A folder that looks like a run, with so many rows of metrics.
fn pretend_run(folder: &Path, rows: usize) {
    fs::create_dir_all(folder).unwrap();
    let info = json!({
        "command": ["gncn", "train", "c.ron"], "version": "0", "seed": 1, "source": null, "data": {}, "schedule": "Synchronous",
        "limit": null, "cpu": [], "threads": 1, "finished": false,
    });
    fs::write(folder.join("run.json"), info.to_string()).unwrap();
    let rows: String = (1..=rows).map(row).collect();
    fs::write(folder.join("metrics.jsonl"), rows).unwrap();
}

fn row(epoch: usize) -> String {
    format!("{{\"epoch\":{epoch},\"train_free_energy\":{{\"z0\":{}}}}}\n", 1000.0 / epoch as f64)
}

#[test]
fn a_page_is_for_who_has_its_token() {
    let folder = TempDir::new().unwrap();
    pretend_run(&folder.path().join("a"), 3);
    let page = Page::of(folder.path());
    for path in ["/", "/page.js", "/api/list", "/api/run?path=a", "/api/list?token=", "/api/list?token=00"] {
        let reply = page.ask("GET", path, "", "");
        assert_eq!(reply.status, 403, "{path}");
        assert!(reply.text().contains("the token is missing or wrong"), "{path}");
    }
    let wrong = format!("Cookie: gncn-{}={}\r\n", page.port + 1, page.token);
    assert_eq!(page.ask("GET", "/api/list", &wrong, "").status, 403, "a cookie of another page");

    let entered = page.ask("GET", &format!("/?token={}", page.token), "", "");
    assert_eq!(entered.status, 303);
    assert!(
        entered.head.contains("location: /\r\n") && entered.head.contains("httponly; samesite=strict"),
        "{}",
        entered.head
    );
    assert_eq!(page.ask("GET", &format!("/api/list?token={}", page.token), "", "").status, 200);
    let reply = page.get("/");
    assert_eq!(reply.status, 200);
    for part in
        ["default-src 'none'", "script-src 'self'", "x-content-type-options: nosniff", "referrer-policy: no-referrer"]
    {
        assert!(reply.head.contains(part), "{part}");
    }
    assert!(!reply.head.contains("unsafe"), "{}", reply.head);
    let html = reply.text();
    assert!(!html.contains("<style") && !html.contains("://") && !html.contains("onclick"), "everything by reference");
    for script in ["/page.js", "/chart.js", "/touch.js"] {
        let text = page.get(script).text();
        assert!(html.contains(script) && text.starts_with("\"use strict\""));
        let elsewhere: Vec<_> =
            text.split("http").skip(1).filter(|rest| !rest.starts_with("://www.w3.org/2000/svg\"")).collect();
        assert!(elsewhere.is_empty(), "{script} names another address");
    }
}

#[test]
fn a_page_from_elsewhere_is_refused() {
    let folder = TempDir::new().unwrap();
    let page = Page::of(folder.path());
    let (cookie, port) = (page.cookie(), page.port);
    for (headers, status) in [
        ("Host: evil.example\r\n".to_owned(), 421),
        (format!("Host: 127.0.0.1:{}\r\n", port.wrapping_add(1)), 421),
        (format!("Host: 127.0.0.1.evil.example:{port}\r\n"), 421),
        ("Origin: https://evil.example\r\n".to_owned(), 403),
        ("Origin: null\r\n".to_owned(), 403),
        (format!("Origin: https://127.0.0.1:{port}\r\n"), 403),
        ("Sec-Fetch-Site: cross-site\r\n".to_owned(), 403),
        ("Sec-Fetch-Site: same-site\r\n".to_owned(), 403),
        (format!("Host: localhost:{port}\r\nOrigin: http://localhost:{port}\r\n"), 200),
        (format!("Origin: http://127.0.0.1:{port}\r\nSec-Fetch-Site: same-origin\r\n"), 200),
    ] {
        assert_eq!(page.ask("GET", "/api/list", &format!("{cookie}{headers}"), "").status, status, "{headers}");
    }
    for method in ["DELETE", "PUT", "PATCH", "OPTIONS", "TRACE"] {
        assert_eq!(page.ask(method, "/api/list", &cookie, "").status, 405, "{method}");
    }
    // What a form of another page could send.
    let plain = format!("{cookie}Content-Type: text/plain\r\n");
    assert_eq!(page.ask("POST", "/api/settle", &plain, "{}").status, 415);
    assert_eq!(page.raw("nonsense\r\n\r\n").status, 400);
    assert_eq!(page.raw("GET / HTTP/1.1\r\nConnection: close\r\n\r\n").status, 421, "no host");
}

#[test]
fn no_file_from_outside_is_told() {
    let outside = TempDir::new().unwrap();
    fs::write(outside.path().join("secret.json"), "secret").unwrap();
    pretend_run(outside.path(), 1);
    let folder = TempDir::new().unwrap();
    let run = folder.path().join("run");
    pretend_run(&run, 2);
    fs::write(run.join("weights.safetensors"), "weights").unwrap();
    fs::write(run.join(".hidden.json"), "hidden").unwrap();
    fs::write(run.join("own.svg"), "<svg/>").unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(outside.path().join("secret.json"), run.join("link.json")).unwrap();
        std::os::unix::fs::symlink(outside.path(), folder.path().join("linked")).unwrap();
        std::os::unix::fs::symlink(folder.path(), folder.path().join("circle")).unwrap();
    }
    let page = Page::of(folder.path());
    let name = outside.path().display().to_string();
    let inside_out = format!("/file?path={}/secret.json", name.trim_start_matches('/'));
    for path in [
        "/file?path=../secret.json",
        "/file?path=run/../../secret.json",
        "/file?path=run%2f..%2f..%2fsecret.json",
        "/file?path=/etc/passwd",
        "/file?path=%2Fetc%2Fpasswd",
        "/file?path=",
        "/file?path=run/link.json",
        "/file?path=linked/secret.json",
        "/file?path=run/.hidden.json",
        "/file?path=run/weights.safetensors",
        "/file?path=run",
        "/file?path=run/none.json",
        "/file?path=run%00.json",
        "/file",
        "/api/run?path=..",
        "/api/run?path=linked",
        "/api/follow?path=linked",
        "/api/drawing?path=../run",
        "/api/live?path=../run",
        "/..%2f..%2fetc/passwd",
        &inside_out,
    ] {
        let reply = page.get(path);
        assert!((400..500).contains(&reply.status), "{path}: {}", reply.status);
        for word in ["secret", "root:", "hidden", "weights"] {
            assert!(!reply.text().contains(word), "{path}");
        }
    }
    assert_eq!(page.get("/file?path=run/metrics.jsonl").status, 200);
    let own = page.get("/file?path=run/own.svg");
    assert!(own.status == 200 && own.head.contains("sandbox"), "a picture runs nothing: {}", own.head);
    let listed = page.json("/api/list");
    let paths: Vec<_> = listed.as_array().unwrap().iter().map(|entry| entry["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["run"], "links are not followed");
}

#[test]
fn bodies_streams_and_connections_are_bounded() {
    let folder = TempDir::new().unwrap();
    pretend_run(folder.path(), 1);
    let page = Page::of(folder.path());
    let json = format!("{}Content-Type: application/json\r\n", page.cookie());
    let huge = page.raw(&format!(
        "POST /api/settle HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n{json}Content-Length: 99999999999\r\n\r\n",
        page.port
    ));
    assert!([0, 413].contains(&huge.status), "{}", huge.status);
    assert_eq!(page.ask("POST", "/api/settle", &json, "{\"run\":").status, 400);
    assert_eq!(page.ask("POST", "/api/settle", &json, r#"{"run":"../x","schedule":"VirtualTime"}"#).status, 403);

    let open = |path: &str| {
        let mut stream = page.connect();
        let request = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n{}\r\n", page.port, page.cookie());
        stream.write_all(request.as_bytes()).unwrap();
        let mut status = [0; 12];
        stream.read_exact(&mut status).unwrap();
        (stream, String::from_utf8_lossy(&status[9..]).into_owned())
    };
    let streams: Vec<_> = (0..80).map(|_| open("/api/follow?path=.")).collect();
    let refused = streams.iter().filter(|(_, status)| status == "503").count();
    assert_eq!(refused, 80 - 64);
    drop(streams);
    // Those who say nothing are cut off, and somebody else gets in.
    let silent: Vec<_> = (0..200).filter_map(|_| TcpStream::connect(("127.0.0.1", page.port)).ok()).collect();
    assert_eq!(page.get("/api/list").status, 200);
    drop(silent);
}

#[test]
fn a_stream_follows_a_run() {
    let folder = TempDir::new().unwrap();
    let run = folder.path().join("run");
    pretend_run(&run, 2);
    let page = Page::of(folder.path());
    let about = page.json("/api/run?path=run");
    assert_eq!(about["rows"].as_array().unwrap().len(), 2);
    assert_eq!(about["rows"][1]["train_free_energy.z0"], 500.0);
    let mut stream = page.connect();
    let request = format!(
        "GET /api/follow?path=run&from={} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n{}\r\n",
        about["end"],
        page.port,
        page.cookie()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut seen = String::new();
    let mut wait = |words: &str| {
        let begun = Instant::now();
        let mut bytes = [0; 4096];
        while !seen.contains(words) {
            assert!(begun.elapsed() < Duration::from_secs(60), "`{words}` never came: {seen}");
            let read = stream.read(&mut bytes).unwrap();
            seen.push_str(&String::from_utf8_lossy(&bytes[..read]));
        }
        seen.clear();
    };
    wait("event: state");
    let add = |text: &str| {
        let mut file = fs::OpenOptions::new().append(true).open(run.join("metrics.jsonl")).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    };
    add(&row(3));
    wait("\"epoch\":3");
    // Half a line is no row yet.
    let (begin, rest) = (&row(4)[..9], &row(4)[9..]);
    add(begin);
    std::thread::sleep(Duration::from_millis(600));
    add(rest);
    wait("\"epoch\":4");
    fs::write(run.join("pulse.json"), r#"{"epoch":4,"epochs":9,"done":3,"of":7,"free_energy":2.5}"#).unwrap();
    wait("event: pulse");
    fs::write(run.join("metrics.jsonl"), row(1)).unwrap();
    wait("\"anew\":true");
    fs::remove_dir_all(&run).unwrap();
    wait("event: gone");
}

#[test]
fn long_metrics_are_thinned_out() {
    let folder = TempDir::new().unwrap();
    pretend_run(folder.path(), 100_000);
    let path = folder.path().join("metrics.jsonl");
    let found = curves(&path).unwrap();
    let epochs: Vec<_> = found.rows.iter().map(|row| row["epoch"].as_u64().unwrap()).collect();
    assert!((1900..=2001).contains(&epochs.len()), "{}", epochs.len());
    assert!(epochs.is_sorted() && epochs[0] == 1 && *epochs.last().unwrap() == 100_000);
    assert_eq!(found.end, path.metadata().unwrap().len());
    assert!(news(&path, found.end).unwrap().rows.is_empty());
    assert!(curves(&folder.path().join("none")).unwrap().rows.is_empty());
}

#[test]
fn the_command_of_a_touched_settle_gives_its_bits() {
    let folder = TempDir::new().unwrap();
    let circuit = r#"#![enable(implicit_some)]
        Circuit(
            name: "touched",
            layers: {
                "z0": (size: 784, sense: "image", mean: Sigmoid, likelihood: Bernoulli),
                "z1": (size: 12, activation: Tanh, beta: 0.05),
                "z2": (size: 6, activation: Tanh, beta: 0.05),
            },
            projections: [(from: "z1", to: "z0", feedback: Transposed), (from: "z2", to: "z1", feedback: Learned(rate: 1.0))],
            settling: (steps: 10),
            learning: (optimizer: Adam(rate: 0.01), batch: 20, epochs: 1),
        )"#;
    fs::write(folder.path().join("c.ron"), circuit).unwrap();
    let mut train = gncn(&["train", "c.ron", "--out", "it's a run", "--limit", "60", "--threads", "1"]);
    train.current_dir(folder.path());
    let trained = outcome(train);
    assert_eq!(trained.code, 0, "{}", trained.err);
    let page = Page::of(folder.path());
    let json = format!("{}Content-Type: application/json\r\n", page.cookie());
    let changes = r#"(at: 9, change: Clock("z1", (period: 6))), (at: 15, change: Beta("z2", 0.2)), (at: 21, change: Delay("z1", "z0.error", Fixed(4))), (at: 25, change: Silence("z1.error")), (at: 11, change: Drop("z0.error", "z1", 0.4))"#;
    for hidden in ["nothing", "right"] {
        let schedule = format!("VirtualTime(until: 60, seed: 3, delay: Uniform(0, 2), changes: [{changes}])");
        let asked = json!({ "run": "it's a run", "schedule": schedule, "row": 2, "hidden": hidden });
        let reply = page.ask("POST", "/api/settle", &json, &asked.to_string());
        assert_eq!(reply.status, 200, "{}", reply.text());
        let told: Value = serde_json::from_slice(&reply.body).unwrap();
        films_are_whole(&told);
        let floats = |value: &Value| -> Vec<u8> {
            value.as_array().unwrap().iter().flat_map(|x| (x.as_f64().unwrap() as f32).to_le_bytes()).collect()
        };
        fs::write(folder.path().join("input.npy"), npy("<f4", "(1, 784)", &floats(&told["image"]["values"]))).unwrap();
        if hidden == "right" {
            fs::write(folder.path().join("mask.npy"), npy("<f4", "(1, 784)", &floats(&told["image"]["observed"])))
                .unwrap();
        }
        let program = env!("CARGO_BIN_EXE_gncn");
        let command = told["command"].as_str().unwrap().replacen("gncn", &format!("'{program}'"), 1);
        let mut shell = assert_cmd::Command::new("sh");
        shell.args(["-c", &format!("{command} --out s.npz")]).current_dir(folder.path());
        let settled = outcome(shell);
        assert_eq!(settled.code, 0, "{command}: {}", settled.err);
        for layer in ["z0", "z1", "z2"] {
            let array = gncn::data::npz::read_member(&folder.path().join("s.npz"), &format!("state.{layer}")).unwrap();
            let same: Vec<u8> =
                array.into_matrix(true, "s.npz").unwrap().as_slice().iter().flat_map(|x| x.to_le_bytes()).collect();
            assert_eq!(same, floats(&told["states"][layer]), "{layer}, {hidden} hidden");
        }
    }
    for (schedule, words) in [
        ("Synchronous", "virtual time"),
        ("VirtualTime(until: 99999)", "too many"),
        ("VirtualTime(changes: [(at: 1, change: Silence(\"z9\"))])", "z9"),
    ] {
        let asked = json!({ "run": "it's a run", "schedule": schedule });
        let reply = page.ask("POST", "/api/settle", &json, &asked.to_string());
        assert!(reply.status == 422 && reply.text().contains(words), "{schedule}: {}", reply.text());
    }
    for (path, begins) in
        [("drawing", &b"<svg"[..]), ("fields", b"\x89PNG"), ("reconstructions", b"\x89PNG"), ("verdict", b"{\"words\"")]
    {
        let reply = page.get(&format!("/api/{path}?path=it's%20a%20run"));
        assert!(reply.status == 200 && reply.body.starts_with(begins), "{path}: {} {}", reply.status, reply.text());
    }
    let verdict = page.json("/api/verdict?path=it's%20a%20run");
    assert!(verdict["words"].as_str().unwrap().starts_with("touched "), "{verdict}");
    assert!(verdict["stability"]["update_radius"].as_f64().unwrap() > 0.0, "{verdict}");
    let about = page.json("/api/run?path=it's%20a%20run");
    assert_eq!(about["pulse"]["links"].as_array().unwrap().len(), 7, "{about}");
}

/// Films agree before the first touch and differ after it; the age of what a slow population sends rises.
fn films_are_whole(told: &Value) {
    let (touched, plain) = (&told["touched"], &told["plain"]);
    let ticks = touched["ticks"].as_array().unwrap();
    let before = ticks.iter().filter(|tick| tick.as_u64().unwrap() < 9).count();
    let lists = ["fired", "ages", "unheard", "pictures", "lost"].map(|name| (&touched[name], &plain[name]));
    for (touched, plain) in lists {
        assert_eq!(touched.as_array().unwrap().len(), ticks.len());
        assert_eq!(touched.as_array().unwrap()[..before], plain.as_array().unwrap()[..before]);
    }
    assert_ne!(touched["activity"]["z1"], plain["activity"]["z1"]);
    assert_eq!(touched["energy"]["z0"].as_array().unwrap().len(), ticks.len());
    let oldest = |film: &Value| {
        let ages = film["unheard"].as_array().unwrap().iter().flat_map(|ages| ages.as_array().unwrap());
        ages.filter_map(Value::as_u64).max().unwrap()
    };
    assert!(oldest(touched) > oldest(plain), "{} and {}", oldest(touched), oldest(plain));
}

#[test]
fn a_port_in_use_is_told_and_a_stop_is_clean() {
    let folder = TempDir::new().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let mut view = gncn(&["view", ".", "--port", &port]);
    view.current_dir(folder.path());
    let refused = outcome(view);
    assert!(
        refused.code == 2 && refused.err.contains("is in use") && refused.err.contains("--port 0"),
        "{}",
        refused.err
    );
    let missing = outcome(gncn(&["view", "no-such-folder"]));
    assert!(missing.code == 2 && missing.err.contains("no-such-folder"), "{}", missing.err);
    stops_cleanly(folder.path());
}

#[cfg(unix)]
fn stops_cleanly(folder: &Path) {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};
    let mut view = Command::new(env!("CARGO_BIN_EXE_gncn"));
    view.args(["view", "--port", "0"]).current_dir(folder).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut view = view.spawn().unwrap();
    let mut address = String::new();
    BufReader::new(view.stdout.take().unwrap()).read_line(&mut address).unwrap();
    assert!(address.starts_with("http://127.0.0.1:") && address.contains("/?token="), "{address}");
    assert!(Command::new("kill").args(["-INT", &view.id().to_string()]).status().unwrap().success());
    assert_eq!(view.wait().unwrap().code(), Some(0));
    assert_eq!(fs::read_dir(folder).unwrap().count(), 0, "nothing is left");
}

#[cfg(not(unix))]
fn stops_cleanly(_folder: &Path) {}
