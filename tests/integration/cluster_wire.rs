//! What leaves the process: the bytes of a request as a server or a proxy sees them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::Duration;

use gitops::cluster::kubeconfig::{Choice, Environment};
use gitops::cluster::{Options, Server};

/// Reads one request up to its empty line and answers it.
fn answer_one(stream: &mut TcpStream, answer: &[u8]) -> String {
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut text = Vec::new();
    let mut byte = [0];
    while !text.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
        text.push(byte[0]);
    }
    stream.write_all(answer).unwrap();
    String::from_utf8(text).unwrap()
}

/// The next connection; a test fails when nobody comes.
fn accept(listener: &TcpListener) -> TcpStream {
    listener.set_nonblocking(true).unwrap();
    for _ in 0..1_000 {
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(false).unwrap();
                return stream;
            }
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                std::thread::sleep(Duration::from_millis(10));
            }
            Err(error) => panic!("{error}"),
        }
    }
    panic!("nobody connects");
}

/// A peer that answers each connection's first request with `answer` and hands back what it was asked.
fn peer(connections: usize, answer: &'static [u8]) -> (u16, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let thread = std::thread::spawn(move || {
        (0..connections).map(|_| answer_one(&mut accept(&listener), answer)).collect()
    });
    (port, thread)
}

/// Asks for the catalog, which fails after these answers, with a kubeconfig of this cluster and user.
async fn ask(cluster: &str, user: &str, choice: Choice) -> String {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("config");
    let text = format!(
        "current-context: c\ncontexts: [{{name: c, context: {{cluster: c, user: u}}}}]\n\
         clusters: [{{name: c, cluster: {{{cluster}}}}}]\nusers: [{{name: u, user: {{{user}}}}}]\n"
    );
    tokio::fs::write(&file, text).await.unwrap();
    let choice = Choice { file: Some(file), ..choice };
    let server = Server::connect(&choice, &Environment::default(), Options::default()).await.unwrap();
    server.catalog().await.unwrap_err().to_string()
}

const FORBIDDEN: &[u8] =
    b"HTTP/1.1 403 Forbidden\r\ncontent-type: text/plain\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno";

#[tokio::test]
async fn requests_carry_credentials_impersonation_and_the_name_of_this_program() {
    let (port, peer) = peer(3, FORBIDDEN);
    let choice = Choice {
        impersonate: Some("jane".into()),
        impersonate_groups: vec!["dev".into(), "ops".into()],
        ..Choice::default()
    };
    let error = ask(&format!("server: 'http://127.0.0.1:{port}/base/'"), "token: canary", choice).await;
    assert!(!error.contains("canary"), "{error}");
    let requests = peer.join().unwrap();
    let mut paths = Vec::new();
    for request in &requests {
        let lower = request.to_lowercase();
        for line in [
            concat!("user-agent: gitops/", env!("CARGO_PKG_VERSION")),
            "authorization: bearer canary",
            "accept-encoding: gzip",
            "impersonate-user: jane",
            "impersonate-group: dev",
            "impersonate-group: ops",
        ] {
            assert_eq!(lower.lines().filter(|found| *found == line).count(), 1, "{line}: {request}");
        }
        paths.push(request.lines().next().unwrap().to_owned());
    }
    paths.sort();
    assert_eq!(paths, ["GET /base/api HTTP/1.1", "GET /base/apis HTTP/1.1", "GET /base/version HTTP/1.1"]);
}

#[tokio::test]
async fn compression_can_be_switched_off() {
    let (port, peer) = peer(3, FORBIDDEN);
    let cluster = format!("server: 'http://127.0.0.1:{port}', disable-compression: true");
    ask(&cluster, "token: t", Choice::default()).await;
    let requests = peer.join().unwrap();
    assert!(
        requests.iter().all(|request| !request.to_lowercase().contains("accept-encoding")),
        "{requests:?}"
    );
}

#[tokio::test]
async fn an_http_proxy_is_asked_for_a_tunnel_and_gets_its_password() {
    let (port, peer) = peer(3, b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n");
    let cluster =
        format!("server: 'https://k8s.example:6443', proxy-url: 'http://me:p%40ss@127.0.0.1:{port}'");
    let error = ask(&cluster, "token: canary", Choice::default()).await;
    assert!(error.starts_with("cannot reach https://k8s.example:6443: "), "{error}");
    assert!(!error.contains("p%40ss") && !error.contains("p@ss"), "{error}");
    for request in peer.join().unwrap() {
        assert!(request.starts_with("CONNECT k8s.example:6443 HTTP/1.1\r\n"), "{request}");
        // "me:p@ss" in base64, by coreutils.
        assert!(request.to_lowercase().contains("proxy-authorization: basic bwu6cebzcw=="), "{request}");
        assert!(!request.contains("canary"), "{request}");
    }
}

#[tokio::test]
async fn a_socks_proxy_resolves_the_name() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let peer = std::thread::spawn(move || {
        let mut stream = accept(&listener);
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let mut greeting = [0; 3];
        stream.read_exact(&mut greeting).unwrap();
        // RFC 1928: version 5, no authentication; then a request whose address is a name.
        stream.write_all(&[5, 0]).unwrap();
        let mut request = [0; 64];
        let length = stream.read(&mut request).unwrap();
        (greeting, request[..length].to_vec())
    });
    let cluster = format!("server: 'https://k8s.example:6443', proxy-url: 'socks5://127.0.0.1:{port}'");
    let error = ask(&cluster, "token: t", Choice::default()).await;
    assert!(error.starts_with("cannot reach https://k8s.example:6443: "), "{error}");
    let (greeting, request) = peer.join().unwrap();
    assert_eq!(greeting, [5, 1, 0]);
    let mut expected = vec![5, 1, 0, 3, 11];
    expected.extend_from_slice(b"k8s.example");
    expected.extend_from_slice(&6443_u16.to_be_bytes());
    assert_eq!(request, expected);
}
