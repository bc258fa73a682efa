//! Servers that redirect, lie about sizes, never end, or write to the terminal; and what must never be seen or left behind.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "fixtures are files and programs, and may fail loudly"
)]

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use gitops::source::redacted::Redacted;
use gitops::source::{Request, SourceError, open};
use sha1::{Digest, Sha1};

use crate::git_server::http::{Behaviour, HttpServer};
use crate::git_server::repository::{Repo, git_bytes_with_input};

fn request(url: &str, cache: &Path) -> Request {
    let mut request = Request::new(url);
    request.allow_protocols = vec!["http".to_owned()];
    request.cache_dir = Some(cache.to_owned());
    request.deadline = Duration::from_secs(20);
    request.environment.home = Some(cache.to_owned());
    request
}

fn error_of(behaviour: Behaviour) -> SourceError {
    let repo = Repo::with_files(&[("a.yaml", "a: 1\n")]);
    let server = HttpServer::start(&repo.path(), behaviour);
    let cache = tempfile::tempdir().unwrap();
    open(&request(&server.url(".git"), cache.path())).unwrap_err()
}

#[test]
fn sec_17_protocols_are_refused_before_anything_is_sent() {
    let repo = Repo::with_files(&[("a.yaml", "")]);
    let server = HttpServer::start(&repo.path(), Behaviour::default());
    let cache = tempfile::tempdir().unwrap();
    let mut request = request(&server.url(".git"), cache.path());
    request.allow_protocols.clear();
    let error = open(&request).unwrap_err();
    assert_eq!(error.to_string(), "protocol \"http\" is not allowed");
    assert!(server.seen().is_empty());
}

#[test]
fn sec_22_credentials_do_not_follow_a_redirect() {
    let repo = Repo::with_files(&[("a.yaml", "")]);
    let login = Some("user:canary".to_owned());
    let other = HttpServer::start(&repo.path(), Behaviour { login, ..Behaviour::default() });
    for code in [301, 302, 303, 307, 308] {
        let location = format!("Location: {}/info/refs?service=git-upload-pack\r\n", other.url(".git"));
        let server = HttpServer::start(
            &repo.path(),
            Behaviour { status: Some((code, location)), ..Behaviour::default() },
        );
        let cache = tempfile::tempdir().unwrap();
        let mut request =
            request(&format!("http://user:canary@127.0.0.1:{}/.git", server.port()), cache.path());
        request.environment.git_token = Some(Redacted::new("canary".to_owned()));
        let error = open(&request).unwrap_err();
        assert!(matches!(error, SourceError::Redirected { .. }), "{code}: {error:?}");
    }
    assert!(!other.seen().is_empty(), "the other server was asked, without credentials");
    assert!(other.seen().iter().all(|seen| seen.authorization.is_none()));
}

#[test]
fn sec_22_credentials_already_given_do_not_follow_either() {
    // The first server asks for credentials, gets them, and then sends the client elsewhere.
    let repo = Repo::with_files(&[("a.yaml", "")]);
    let other =
        HttpServer::start(&repo.path(), Behaviour { login: Some("x:y".into()), ..Behaviour::default() });
    let location = format!("Location: {}/info/refs?service=git-upload-pack\r\n", other.url(".git"));
    let behaviour = Behaviour {
        login: Some("user:canary".into()),
        status_after_login: Some((302, location)),
        ..Behaviour::default()
    };
    let server = HttpServer::start(&repo.path(), behaviour);
    let cache = tempfile::tempdir().unwrap();
    let error = open(&request(&format!("http://user:canary@127.0.0.1:{}/.git", server.port()), cache.path()))
        .unwrap_err();
    assert!(server.seen().iter().any(|seen| seen.authorization.is_some()));
    assert!(!other.seen().is_empty());
    assert!(other.seen().iter().all(|seen| seen.authorization.is_none()), "{:?}", other.seen());
    assert!(matches!(error, SourceError::Redirected { .. }), "{error:?}");
}

#[test]
fn sec_22_another_host_and_other_schemes_are_not_followed() {
    let repo = Repo::with_files(&[("a.yaml", "")]);
    let other = HttpServer::start(&repo.path(), Behaviour::default());
    let elsewhere = format!("http://localhost:{}/.git/info/refs?service=git-upload-pack", other.port());
    let location = format!("Location: {elsewhere}\r\n");
    let error = error_of(Behaviour { status: Some((302, location)), ..Behaviour::default() });
    assert!(matches!(error, SourceError::Redirected { .. }), "{error:?}");
    assert!(other.seen().is_empty());
    for target in
        ["http://localhost:1/x", "http://other.example/x", "ftp://127.0.0.1/x", "file:///etc", "ext::sh"]
    {
        let location = format!("Location: {target}\r\n");
        let error = error_of(Behaviour { status: Some((302, location)), ..Behaviour::default() });
        let refused = matches!(error, SourceError::Redirected { .. } | SourceError::Unreachable { .. });
        assert!(refused, "{target}: {error:?}");
    }
}

fn packet(text: &[u8]) -> Vec<u8> {
    [format!("{:04x}", text.len() + 4).as_bytes(), text].concat()
}

#[test]
fn sec_24_text_of_a_server_is_escaped() {
    let mut body = packet(b"# service=git-upload-pack\n");
    body.extend(b"0000");
    body.extend(packet("ERR \x1b]0;owned\x07\x1b[2J go\r::error::away \u{202e}".as_bytes()));
    let error = error_of(Behaviour { advertisement: Some(body), ..Behaviour::default() });
    let shown = format!("{error} {error:?} {:?}", error.hint());
    assert!(shown.contains("go"), "{shown}");
    assert!(!shown.contains(|c: char| c.is_control() || c == '\u{202e}'), "{shown:?}");
}

#[test]
fn sec_25_advertisements_that_are_garbage() {
    let service = [packet(b"# service=git-upload-pack\n"), b"0000".to_vec()].concat();
    let oid = "0123456789012345678901234567890123456789";
    let caps = "multi_ack side-band-64k shallow symref=HEAD:refs/heads/main";
    let reference =
        |name: &[u8]| [format!("{oid} ").as_bytes(), name, b"\0", caps.as_bytes(), b"\n"].concat();
    let bodies = [
        b"".to_vec(),
        b"zzzz".to_vec(),
        b"ffff".to_vec(),
        service.clone(),
        [service.clone(), packet(&reference(b"HEAD"))].concat(),
        [service.clone(), packet(&reference(b"refs/heads/\xff\xfe")), b"0000".to_vec()].concat(),
        [service.clone(), packet(&reference(b"refs/heads/../../x")), b"0000".to_vec()].concat(),
        [service.clone(), packet(b"not an id HEAD\0\n"), b"0000".to_vec()].concat(),
        [service, packet(&reference(b"HEAD")), packet(&[0; 60_000]), b"0000".to_vec()].concat(),
    ];
    for body in bodies {
        let shown = String::from_utf8_lossy(&body).chars().take(80).collect::<String>();
        for reference in [None, Some("main"), Some(oid)] {
            let repo = Repo::with_files(&[("a.yaml", "")]);
            let server = HttpServer::start(
                &repo.path(),
                Behaviour { advertisement: Some(body.clone()), ..Behaviour::default() },
            );
            let cache = tempfile::tempdir().unwrap();
            let mut request = request(&server.url(".git"), cache.path());
            request.reference = reference.map(str::to_owned);
            let start = Instant::now();
            assert!(open(&request).is_err(), "{shown:?}");
            assert!(start.elapsed() < Duration::from_secs(10), "{shown:?}");
        }
    }
}

/// The header of a packed object (gitformat-pack(5)): type and size.
fn object_header(kind: u8, size: u64) -> Vec<u8> {
    let mut bytes = vec![(kind << 4) | u8::try_from(size & 0xf).unwrap()];
    let mut rest = size >> 4;
    while rest > 0 {
        *bytes.last_mut().unwrap() |= 0x80;
        bytes.push(u8::try_from(rest & 0x7f).unwrap());
        rest >>= 7;
    }
    bytes
}

fn zlib(content: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn pack(count: u32, objects: &[u8]) -> Vec<u8> {
    let mut bytes = [b"PACK\0\0\0\x02".as_slice(), &count.to_be_bytes(), objects].concat();
    let digest = Sha1::digest(&bytes);
    bytes.extend(digest);
    bytes
}

/// The answer of a server to a request of depth 1: the commit is shallow, nothing in common, the pack on side band 1.
fn upload(commit: &str, pack: &[u8]) -> Vec<u8> {
    let mut body =
        [packet(format!("shallow {commit}").as_bytes()), b"0000".to_vec(), packet(b"NAK\n")].concat();
    for part in pack.chunks(60_000) {
        body.extend(packet(&[b"\x01", part].concat()));
    }
    body.extend(b"0000");
    body
}

fn error_of_pack(pack: impl Fn(&str) -> Behaviour) -> (SourceError, Duration) {
    let repo = Repo::with_files(&[("a.yaml", "a: 1\n")]);
    let commit = repo.git(&["rev-parse", "HEAD"]);
    let server = HttpServer::start(&repo.path(), pack(&commit));
    let cache = tempfile::tempdir().unwrap();
    let mut request = request(&server.url(".git"), cache.path());
    request.limits.pack_bytes = 8 * 1024 * 1024;
    let start = Instant::now();
    let error = open(&request).unwrap_err();
    (error, start.elapsed())
}

#[test]
fn sec_25_packs_that_lie() {
    let blob = [object_header(3, 5), zlib(b"a: 1\n")].concat();
    let table = [
        ("lying count", pack(1_000_000, &blob)),
        ("more objects than allowed", pack(6_000_000, &blob)),
        ("10 GiB claimed", pack(1, &[object_header(3, 10 << 30), zlib(b"a: 1\n")].concat())),
        ("wrong checksum", [pack(1, &blob), vec![0]].concat()),
        ("unknown type", pack(1, &[object_header(5, 5), zlib(b"a: 1\n")].concat())),
        ("no zlib", pack(1, &[object_header(3, 5), b"garbage".to_vec()].concat())),
        (
            "delta without base",
            pack(1, &[object_header(7, 5), vec![7; 20], zlib(b"\x05\x05\x05abcde")].concat()),
        ),
        ("honest, but not what was asked for", pack(1, &blob)),
        ("no pack", b"nonsense".to_vec()),
        ("empty", Vec::new()),
    ];
    for (name, bytes) in table {
        let (error, took) =
            error_of_pack(|commit| Behaviour { pack: Some(upload(commit, &bytes)), ..Behaviour::default() });
        assert!(took < Duration::from_secs(15), "{name}: {took:?}");
        let fits = match name {
            "more objects than allowed" => matches!(error, SourceError::Limit { .. }),
            _ => !matches!(error, SourceError::Limit { .. }),
        };
        assert!(fits, "{name}: {error:?}");
    }
}

#[test]
fn the_hand_made_answer_is_one_that_an_honest_server_gives() {
    let repo = Repo::with_files(&[("a.yaml", "a: 1\n")]);
    let commit = repo.git(&["rev-parse", "HEAD"]);
    let listed = repo.git(&["rev-list", "--objects", "--no-object-names", "HEAD"]);
    let bytes = git_bytes_with_input(
        &repo.path(),
        &["pack-objects", "--stdout", "-q"],
        format!("{listed}\n").as_bytes(),
    );
    let behaviour = Behaviour { pack: Some(upload(&commit, &bytes)), ..Behaviour::default() };
    let server = HttpServer::start(&repo.path(), behaviour);
    let cache = tempfile::tempdir().unwrap();
    let snapshot = open(&request(&server.url(".git"), cache.path())).unwrap();
    assert_eq!(snapshot.commit, Some(commit));
}

/// The offset of a delta's base (gitformat-pack(5)): seven bits a byte, each further byte counts from one.
fn base_offset(mut offset: usize) -> Vec<u8> {
    let mut bytes = vec![u8::try_from(offset & 0x7f).unwrap()];
    while offset > 0x7f {
        offset = (offset >> 7) - 1;
        bytes.insert(0, u8::try_from(offset & 0x7f).unwrap() | 0x80);
    }
    bytes
}

fn size_of_delta(mut size: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while size > 0x7f {
        bytes.push(u8::try_from(size & 0x7f).unwrap() | 0x80);
        size >>= 7;
    }
    bytes.push(u8::try_from(size).unwrap());
    bytes
}

/// A file of 64 KiB, a delta that repeats it 255 times, and one that repeats that so often.
fn unfolding_pack(times: usize) -> Vec<u8> {
    let copy = |size: u64| [&[0xf0], &size.to_le_bytes()[..3]].concat();
    let base = vec![0; 65_535];
    let mut objects = [object_header(3, 65_535), zlib(&base)].concat();
    let (mut base_at, mut base_size) = (0, 65_535_u64);
    for times in [255, times] {
        let size = base_size * times as u64;
        let delta = [size_of_delta(base_size), size_of_delta(size), copy(base_size).repeat(times)].concat();
        let at = objects.len();
        objects.extend(object_header(6, delta.len() as u64));
        objects.extend(base_offset(at - base_at));
        objects.extend(zlib(&delta));
        (base_at, base_size) = (at, size);
    }
    pack(3, &objects)
}

#[test]
fn sec_25_a_pack_that_unfolds_does_not_fill_the_memory() {
    // Just below 2 GiB, the largest object of libgit2, out of less than a kilobyte; the small one shows that the pack itself is sound.
    let bytes = unfolding_pack(128);
    assert!(bytes.len() < 1_000);
    let (error, took) =
        error_of_pack(|commit| Behaviour { pack: Some(upload(commit, &bytes)), ..Behaviour::default() });
    assert!(matches!(&error, SourceError::Limit { problem, .. } if problem.contains("memory")), "{error:?}");
    assert!(took < Duration::from_secs(15), "{took:?}");
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak < 2 * 1024 * 1024, "{peak} KiB");

    let bytes = unfolding_pack(2);
    let (error, _) =
        error_of_pack(|commit| Behaviour { pack: Some(upload(commit, &bytes)), ..Behaviour::default() });
    assert!(!matches!(error, SourceError::Limit { .. }), "{error:?}");
}

#[test]
fn sec_25_packs_that_are_cut_off() {
    for bytes in [0, 10, 200, 330, 400] {
        let (error, took) = error_of_pack(|_| Behaviour { cut_pack: Some(bytes), ..Behaviour::default() });
        assert!(matches!(error, SourceError::Unreachable { .. }), "{bytes}: {error:?}");
        assert!(took < Duration::from_secs(10), "{bytes}: {took:?}");
    }
}

#[test]
fn sec_25_an_answer_that_never_ends_stops_at_the_limit() {
    let huge = [object_header(3, 1 << 40), vec![0x78, 0x01]].concat();
    let start = [b"PACK\0\0\0\x02\0\0\0\x01".to_vec(), huge].concat();
    let (error, took) = error_of_pack(|commit| {
        let mut body = upload(commit, &start);
        body.truncate(body.len() - 4);
        Behaviour { pack: Some(body), endless: true, ..Behaviour::default() }
    });
    assert!(matches!(error, SourceError::Limit { .. }), "{error:?}");
    assert!(took < Duration::from_secs(15), "{took:?}");
}

#[test]
fn sec_21_nothing_in_the_cache_is_open_to_others() {
    let repo = Repo::with_files(&[("a.yaml", "a: 1\n")]);
    let server = HttpServer::start(&repo.path(), Behaviour::default());
    let home = tempfile::tempdir().unwrap();
    let mut request = request(&server.url(".git"), home.path());
    request.cache_dir = None;
    request.environment.xdg_cache_home = Some(home.path().join("cache"));
    open(&request).unwrap();
    repo.commit_files(&[("a.yaml", "a: 2\n")], "second");
    open(&request).unwrap();
    let mut count = 0;
    check_private(&home.path().join("cache/gitops/git"), &mut count);
    assert!(count > 10, "{count}");
}

fn check_private(path: &Path, count: &mut usize) {
    let metadata = std::fs::symlink_metadata(path).unwrap();
    let mode = metadata.permissions().mode() & 0o777;
    assert_eq!(mode & 0o077, 0, "{}: {mode:o}", path.display());
    *count += 1;
    if metadata.is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            check_private(&entry.unwrap().path(), count);
        }
    }
}

#[test]
fn sec_35_credentials_are_in_no_error_and_in_no_file() {
    let status =
        |code: u16, head: &str| Behaviour { status: Some((code, head.to_owned())), ..Behaviour::default() };
    let behaviours = [
        Behaviour { login: Some("other:login".into()), ..Behaviour::default() },
        status(404, ""),
        status(401, ""),
        status(403, ""),
        status(500, ""),
        status(302, "Location: http://other.example/\r\n"),
        Behaviour { stall: true, ..Behaviour::default() },
        Behaviour { cut_pack: Some(100), login: Some("user:canary".into()), ..Behaviour::default() },
        Behaviour { login: Some("user:canary".into()), ..Behaviour::default() },
    ];
    let repo = Repo::with_files(&[("a.yaml", "a: 1\n")]);
    for behaviour in behaviours {
        let server = HttpServer::start(&repo.path(), behaviour.clone());
        let cache = tempfile::tempdir().unwrap();
        let mut request =
            request(&format!("http://user:canary@127.0.0.1:{}/.git", server.port()), cache.path());
        request.deadline = Duration::from_millis(1500);
        request.environment.git_token = Some(Redacted::new("canary-token".to_owned()));
        let shown = match open(&request) {
            Ok(snapshot) => format!("{snapshot:?}"),
            Err(error) => format!("{error} {error:?} {:?}", error.hint()),
        };
        assert!(shown.len() > 20 && !shown.contains("canary"), "{behaviour:?}: {shown}");
        let found = std::process::Command::new("grep")
            .args(["-r", "-a", "canary"])
            .arg(cache.path())
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&found.stdout), "", "{behaviour:?}");
    }
    let cache = tempfile::tempdir().unwrap();
    let request = request("http://user:canary@127.0.0.1:1/x", cache.path());
    let error = open(&request).unwrap_err();
    assert!(matches!(error, SourceError::Unreachable { .. }), "{error:?}");
    assert!(!format!("{error} {error:?} {request:?}").contains("canary"), "{error:?}");
}

#[test]
fn sec_35_a_certificate_that_nobody_knows_is_a_trust_failure() {
    let dir = tempfile::tempdir().unwrap();
    let openssl = |args: &str| {
        let mut command = std::process::Command::new("openssl");
        command
            .args(args.split(' '))
            .current_dir(dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    };
    let made = openssl(
        "req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1",
    );
    assert!({ made }.status().unwrap().success());
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut server =
        openssl(&format!("s_server -accept 127.0.0.1:{port} -cert cert.pem -key key.pem -quiet"))
            .spawn()
            .unwrap();
    let start = Instant::now();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err()
        && start.elapsed() < Duration::from_secs(10)
    {
        std::thread::sleep(Duration::from_millis(20));
    }
    let result = open(&request(&format!("https://user:canary@127.0.0.1:{port}/x"), dir.path()));
    server.kill().unwrap();
    server.wait().unwrap();
    let error = result.unwrap_err();
    assert!(matches!(error, SourceError::Certificate { .. }), "{error:?}");
    assert!(error.is_trust_failure() && !format!("{error} {error:?}").contains("canary"), "{error:?}");
}
