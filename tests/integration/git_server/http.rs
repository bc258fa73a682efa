//! A git server over smart HTTP: `git http-backend` behind a small HTTP/1.1 server on a loopback port.
//!
//! [`Behaviour`] makes it hostile. Every request that arrives is kept, so that tests can count and look.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a server of the tests may fail loudly, and runs git"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What the server does beside serving.
#[derive(Debug, Clone, Default)]
pub(crate) struct Behaviour {
    /// Asks for this `user:password`.
    pub(crate) login: Option<String>,
    /// Answers every request with this status and header lines.
    pub(crate) status: Option<(u16, String)>,
    /// The same, but only after the login.
    pub(crate) status_after_login: Option<(u16, String)>,
    /// Sends nothing to any request.
    pub(crate) stall: bool,
    /// Cuts the answer to `git-upload-pack` after so many bytes and closes.
    pub(crate) cut_pack: Option<usize>,
    /// Sends this body as the answer to `git-upload-pack`.
    pub(crate) pack: Option<Vec<u8>>,
    /// Repeats the last bytes of the pack for ever.
    pub(crate) endless: bool,
    /// Sends this body as the advertisement of refs.
    pub(crate) advertisement: Option<Vec<u8>>,
    /// Git configuration of the server, `key=value`.
    pub(crate) config: Vec<String>,
    /// Runs in the repository once, between advertisement and request: git arguments.
    pub(crate) between: Vec<String>,
}

/// One request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// Method and target.
    pub(crate) line: String,
    /// The `Authorization` header.
    pub(crate) authorization: Option<String>,
}

/// A running server; it stops when it is dropped.
pub(crate) struct HttpServer {
    port: u16,
    stop: Arc<AtomicBool>,
    seen: Arc<Mutex<Vec<Seen>>>,
    accept: Option<thread::JoinHandle<()>>,
}

struct Handler {
    root: PathBuf,
    behaviour: Behaviour,
    stop: Arc<AtomicBool>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

struct Request {
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl HttpServer {
    /// Serves the repositories below a directory.
    pub(crate) fn start(root: &Path, behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let stop = Arc::new(AtomicBool::new(false));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let handler = Arc::new(Handler {
            root: root.to_owned(),
            behaviour,
            stop: Arc::clone(&stop),
            seen: Arc::clone(&seen),
        });
        let accept = thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if handler.stop.load(Ordering::Relaxed) {
                    break;
                }
                let handler = Arc::clone(&handler);
                thread::spawn(move || handler.serve(stream));
            }
        });
        Self { port, stop, seen, accept: Some(accept) }
    }

    /// URL of a repository, given by its path below the root.
    pub(crate) fn url(&self, repository: &str) -> String {
        format!("http://127.0.0.1:{}/{repository}", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Requests so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(accept) = self.accept.take() {
            let _ = accept.join();
        }
    }
}

impl Handler {
    fn serve(&self, stream: TcpStream) {
        let _ = stream.set_nodelay(true);
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut stream = stream;
        while let Some(request) = read_request(&mut reader) {
            let target = format!("{} {}?{}", request.method, request.path, request.query);
            self.seen.lock().unwrap().push(Seen {
                line: target.trim_end_matches('?').to_owned(),
                authorization: header(&request, "authorization"),
            });
            if self.answer(&request, &mut stream).is_err() {
                break;
            }
        }
    }

    fn answer(&self, request: &Request, stream: &mut TcpStream) -> std::io::Result<()> {
        if self.behaviour.stall {
            return self.wait_for_end();
        }
        if let Some((status, headers)) = &self.behaviour.status {
            return write!(stream, "HTTP/1.1 {status} X\r\n{headers}Content-Length: 0\r\n\r\n");
        }
        if let Some(login) = &self.behaviour.login {
            use base64::Engine as _;
            let expected = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(login));
            if header(request, "authorization").as_deref() != Some(&expected) {
                return write!(
                    stream,
                    "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"git\"\r\nContent-Length: 0\r\n\r\n"
                );
            }
        }
        if let Some((status, headers)) = &self.behaviour.status_after_login {
            return write!(stream, "HTTP/1.1 {status} X\r\n{headers}Content-Length: 0\r\n\r\n");
        }
        if request.method == "GET" {
            if let Some(body) = &self.behaviour.advertisement {
                return respond(stream, "application/x-git-upload-pack-advertisement", body);
            }
            let result = self.backend(request, stream);
            self.between_requests();
            return result;
        }
        self.pack(request, stream)
    }

    fn pack(&self, request: &Request, stream: &mut TcpStream) -> std::io::Result<()> {
        let kind = "application/x-git-upload-pack-result";
        if let Some(body) = &self.behaviour.pack {
            if find(&request.body, b"done").is_none() {
                // The client asks for the depth first: the first packet and a flush are the answer.
                let length = usize::from_str_radix(&String::from_utf8_lossy(&body[..4]), 16).unwrap();
                return respond(stream, kind, &body[..length + 4]);
            }
            if !self.behaviour.endless {
                return respond(stream, kind, body);
            }
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n\r\n")?;
            write_chunk(stream, body)?;
            // A stored block of deflate (RFC 1951, 3.2.4) in each packet: data that is valid for ever.
            let mut packet = b"fff0\x01\x00\xe6\xff\x19\x00".to_vec();
            packet.extend([0x5a; 0xfff0 - 10]);
            while !self.stop.load(Ordering::Relaxed) {
                write_chunk(stream, &packet)?;
            }
            return Ok(());
        }
        let Some(bytes) = self.behaviour.cut_pack else {
            return self.backend(request, stream);
        };
        let mut whole = Vec::new();
        self.backend(request, &mut whole)?;
        stream.write_all(&whole[..bytes.min(whole.len())])?;
        let _ = stream.shutdown(std::net::Shutdown::Both);
        Err(std::io::ErrorKind::ConnectionAborted.into())
    }

    fn between_requests(&self) {
        let is_first = self.seen.lock().unwrap().len() == 1;
        if is_first && !self.behaviour.between.is_empty() {
            let args: Vec<&str> = self.behaviour.between.iter().map(String::as_str).collect();
            super::repository::git_in(&self.root, &args);
        }
    }

    fn wait_for_end(&self) -> std::io::Result<()> {
        while !self.stop.load(Ordering::Relaxed) {
            thread::sleep(Duration::from_millis(20));
        }
        Err(std::io::ErrorKind::ConnectionAborted.into())
    }

    /// Runs `git http-backend` as CGI (RFC 3875) and passes its answer on.
    fn backend(&self, request: &Request, stream: &mut impl Write) -> std::io::Result<()> {
        let mut command = Command::new("git");
        for setting in &self.behaviour.config {
            command.args(["-c", setting]);
        }
        let mut child = command
            .args(["-c", "safe.directory=*", "http-backend"])
            .env("GIT_PROJECT_ROOT", &self.root)
            .env("GIT_HTTP_EXPORT_ALL", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("PATH_INFO", &request.path)
            .env("QUERY_STRING", &request.query)
            .env("REQUEST_METHOD", &request.method)
            .env("CONTENT_TYPE", header(request, "content-type").unwrap_or_default())
            .env("CONTENT_LENGTH", request.body.len().to_string())
            .env("HTTP_CONTENT_ENCODING", header(request, "content-encoding").unwrap_or_default())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut stdin = child.stdin.take().unwrap();
        let body = request.body.clone();
        let writer = thread::spawn(move || stdin.write_all(&body));
        let mut answer = Vec::new();
        child.stdout.take().unwrap().read_to_end(&mut answer)?;
        child.wait()?;
        let _ = writer.join();
        let end = find(&answer, b"\r\n\r\n").unwrap_or(0);
        let (head, body) = (String::from_utf8_lossy(&answer[..end]), &answer[(end + 4).min(answer.len())..]);
        let status = head.lines().find_map(|line| line.strip_prefix("Status: ")).unwrap_or("200 OK");
        let headers: String = head
            .lines()
            .filter(|line| !line.starts_with("Status: "))
            .map(|line| format!("{line}\r\n"))
            .collect();
        write!(stream, "HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n", body.len())?;
        stream.write_all(body)
    }
}

fn respond(stream: &mut TcpStream, kind: &str, body: &[u8]) -> std::io::Result<()> {
    write!(stream, "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n", body.len())?;
    stream.write_all(body)
}

fn write_chunk(stream: &mut TcpStream, bytes: &[u8]) -> std::io::Result<()> {
    write!(stream, "{:x}\r\n", bytes.len())?;
    stream.write_all(bytes)?;
    stream.write_all(b"\r\n")
}

fn header(request: &Request, name: &str) -> Option<String> {
    request.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone())
}

fn read_request(reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|count| *count > 0)?;
    let mut words = line.split_whitespace();
    let method = words.next()?.to_owned();
    let target = words.next()?.to_owned();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|count| *count > 0)?;
        match line.trim_end().split_once(':') {
            Some((key, value)) => headers.push((key.to_owned(), value.trim().to_owned())),
            None => break,
        }
    }
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let mut request =
        Request { method, path: path.to_owned(), query: query.to_owned(), headers, body: Vec::new() };
    if header(&request, "transfer-encoding").is_some_and(|value| value == "chunked") {
        read_chunks(reader, &mut request.body)?;
    } else if let Some(length) = header(&request, "content-length") {
        request.body = vec![0; length.parse().ok()?];
        reader.read_exact(&mut request.body).ok()?;
    }
    Some(request)
}

fn read_chunks(reader: &mut BufReader<TcpStream>, body: &mut Vec<u8>) -> Option<()> {
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let length = usize::from_str_radix(line.trim(), 16).ok()?;
        let at = body.len();
        body.resize(at + length, 0);
        reader.read_exact(&mut body[at..]).ok()?;
        reader.read_line(&mut line).ok()?;
        if length == 0 {
            return Some(());
        }
    }
}

fn find(bytes: &[u8], pattern: &[u8]) -> Option<usize> {
    bytes.windows(pattern.len()).position(|window| window == pattern)
}
