//! The server over HTTP, as an attacker's page and an honest one ask it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::watch;

use super::{Bytes, Phase, RecordingState, RunState, Server, Source, SourceError};

struct Fixture {
    changes: watch::Sender<u64>,
    asked: AtomicU32,
}

impl Source for Fixture {
    fn state(&self) -> RunState {
        RunState {
            guest: "app.wasm".into(),
            phase: Phase::Ended { exit_code: 3 },
            recordings: vec![RecordingState { name: "app.wasm".into(), snapshots: 1 }],
            ..RunState::default()
        }
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn recording(&self, index: usize) -> Result<Bytes, SourceError> {
        if index == 0 { Ok(Bytes::from_static(b"PK bytes")) } else { Err(SourceError::NoRecording { index, count: 1 }) }
    }

    fn request_snapshot(&self) -> Result<(), SourceError> {
        if self.asked.fetch_add(1, Ordering::Relaxed) == 0 { Ok(()) } else { Err(SourceError::NotRunning) }
    }
}

/// A server and the way to ask it; headers are lines, and `{host}` and `{token}` stand for its own.
struct Asked {
    server: Server,
}

impl Asked {
    fn start() -> Self {
        let source = Fixture { changes: watch::Sender::new(0), asked: AtomicU32::new(0) };
        Self { server: Server::start(Arc::new(source)).expect("a server on a free port") }
    }

    fn token(&self) -> String {
        self.server.url().split_once("#token=").expect("a token in the address").1.to_owned()
    }

    fn fill(&self, text: &str) -> String {
        let address = self.server.address();
        let cookie = format!("Cookie: heapy-{}={}", address.port(), self.token());
        text.replace("{host}", &address.to_string()).replace("{token}", &self.token()).replace("{cookie}", &cookie)
    }

    /// The answer to a request line and header lines: its status and the whole text.
    fn ask(&self, lines: &[&str], body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.server.address()).expect("a connection");
        let body = self.fill(body);
        let mut text = self.fill(&lines.join("\r\n"));
        text += &format!("\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        stream.write_all(text.as_bytes()).expect("the request is sent");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("an answer");
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.split(' ').nth(1).and_then(|word| word.parse().ok()).expect("a status");
        (status, answer)
    }

    fn get(&self, path: &str, headers: &[&str]) -> (u16, String) {
        let mut lines = vec![format!("GET {path} HTTP/1.1")];
        lines.extend(headers.iter().map(|&line| line.to_owned()));
        self.ask(&lines.iter().map(String::as_str).collect::<Vec<_>>(), "")
    }
}

#[test]
fn an_honest_page_gets_its_data() {
    let asked = Asked::start();
    let (status, page) = asked.get("/", &["Host: {host}"]);
    assert_eq!(status, 200, "{page}");
    let session = ["POST /api/session HTTP/1.1", "Host: {host}", "Content-Type: application/json"];
    let (status, answer) = asked.ask(&session, "{\"token\": \"{token}\"}");
    assert_eq!(status, 204, "{answer}");
    let cookie = answer.lines().find(|line| line.starts_with("set-cookie:")).expect("a cookie");
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    assert!(cookie.contains(&asked.fill("heapy-").replace("{port}", "")), "{cookie}");
    let own = ["Host: {host}", "{cookie}", "Origin: http://{host}", "Sec-Fetch-Site: same-origin"];
    let (status, state) = asked.get("/api/state", &own);
    assert_eq!(status, 200);
    assert!(state.contains("\"phase\":{\"name\":\"ended\",\"exit_code\":3}"), "{state}");
    let (status, recording) = asked.get("/api/recordings/0", &own);
    assert!(status == 200 && recording.ends_with("PK bytes"), "{recording}");
    assert_eq!(asked.get("/api/recordings/7", &own).0, 404);
    assert_eq!(asked.get("/api/recordings/../../Cargo.toml", &own).0, 404);
}

#[test]
fn a_snapshot_is_asked_for_and_refused_when_nothing_runs() {
    let asked = Asked::start();
    let ask = || asked.ask(&["POST /api/snapshot HTTP/1.1", "Host: {host}", "{cookie}"], "").0;
    assert_eq!((ask(), ask()), (202, 409));
}

#[test]
fn another_host_is_misdirected() {
    let asked = Asked::start();
    for host in ["Host: evil.example", "Host: 127.0.0.1", "Host: 127.0.0.1:1", "X: y", "Host: {host}\r\nHost: evil"] {
        for path in ["/", "/api/state", "/worker.js"] {
            let (status, answer) = asked.get(path, &[host, "{cookie}"]);
            assert!(status == 421 || (status == 400 && !answer.contains("app.wasm")), "{host}: {answer}");
        }
    }
}

#[test]
fn other_origins_and_sites_are_forbidden_even_with_the_cookie() {
    let asked = Asked::start();
    for header in [
        "Origin: http://evil.example",
        "Origin: null",
        "Origin: http://127.0.0.1:1",
        "Origin: https://{host}",
        "Sec-Fetch-Site: cross-site",
        "Sec-Fetch-Site: same-site",
    ] {
        assert_eq!(asked.get("/api/state", &["Host: {host}", "{cookie}", header]).0, 403, "{header}");
        let snapshot = ["POST /api/snapshot HTTP/1.1", "Host: {host}", "{cookie}", header];
        assert_eq!(asked.ask(&snapshot, "").0, 403, "{header}");
        let upgrade = ["Host: {host}", "{cookie}", header, "Connection: Upgrade", "Upgrade: websocket"];
        assert_eq!(asked.get("/api/changes", &upgrade).0, 403, "{header}");
    }
}

#[test]
fn data_is_refused_without_the_token() {
    let asked = Asked::start();
    for path in ["/api/state", "/api/changes", "/api/recordings/0", "/api/nothing"] {
        let (status, answer) = asked.get(path, &["Host: {host}"]);
        assert!(status == 401 && !answer.contains("PK bytes"), "{path}: {answer}");
    }
    assert_eq!(asked.ask(&["POST /api/snapshot HTTP/1.1", "Host: {host}"], "").0, 401);
    let session = ["POST /api/session HTTP/1.1", "Host: {host}", "Content-Type: application/json"];
    let (status, answer) = asked.ask(&session, "{\"token\": \"00000000000000000000000000000000\"}");
    assert!(status == 401 && !answer.contains("set-cookie"), "{answer}");
}

#[test]
fn every_answer_carries_the_policies() {
    let asked = Asked::start();
    for (path, headers) in
        [("/", vec!["Host: {host}"]), ("/api/state", vec!["Host: {host}"]), ("/none", vec!["Host: evil"])]
    {
        let (_, answer) = asked.get(path, &headers);
        for line in [
            "content-security-policy: default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self';",
            "x-content-type-options: nosniff",
            "referrer-policy: no-referrer",
            "cache-control: no-store",
            "cross-origin-resource-policy: same-origin",
            "cross-origin-opener-policy: same-origin",
        ] {
            assert!(answer.contains(line), "{path}: {line} is not in\n{answer}");
        }
        assert!(!answer.contains("'unsafe-eval'") && !answer.contains("script-src 'self' 'unsafe-inline'"));
    }
    let (_, worker) = asked.get("/worker.js", &["Host: {host}"]);
    assert!(worker.contains("script-src 'self' 'wasm-unsafe-eval' 'unsafe-eval'; connect-src 'self'"), "{worker}");
}

#[test]
fn a_stopped_server_is_gone() {
    let asked = Asked::start();
    let address = asked.server.address();
    asked.server.stop();
    assert!(TcpStream::connect(address).is_err());
}
