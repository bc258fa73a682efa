//! Who is asked, as whom, and what is told about the credentials.

#![expect(clippy::disallowed_methods, reason = "writes kubeconfigs, and starts a server")]

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use super::CANARY;
use crate::support::cluster;
use crate::support::program::{self, Source};
use crate::support::sealed::{Ended, Sealed, assert_hidden};

/// An https server of OpenSSL that answers files of its directory as they are, HTTP head and all.
struct Https {
    process: Child,
    port: u16,
    directory: tempfile::TempDir,
}

impl Https {
    fn start(answer: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory can be made");
        let openssl = |args: &str| {
            let mut command = Command::new("openssl");
            command.args(args.split(' ')).current_dir(directory.path());
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            command
        };
        let made = openssl("req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1")
            .status();
        assert!(made.expect("openssl is there").success());
        let place = directory.path().join("shop.git/info");
        std::fs::create_dir_all(&place).expect("a directory can be made");
        std::fs::write(place.join("refs?service=git-upload-pack"), answer).expect("it can be written");
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = free.local_addr().expect("it has an address").port();
        drop(free);
        let process =
            openssl(&format!("s_server -accept 127.0.0.1:{port} -cert cert.pem -key key.pem -HTTP -quiet"));
        let process = { process }.spawn().expect("openssl starts");
        let server = Self { process, port, directory };
        let limit = Instant::now() + Duration::from_secs(10);
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < limit, "the server does not listen");
            std::thread::sleep(Duration::from_millis(10));
        }
        server
    }
}

impl Drop for Https {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn hides_credentials(sealed: &Sealed, run: &Ended) {
    assert!(run.code == 2 || run.code == 6, "{run:?}");
    assert!(run.stderr.starts_with("error: ") && run.stdout.is_empty(), "{run:?}");
    run.assert_hides(CANARY);
    for (name, content) in sealed.files() {
        assert_hidden(&name, &content, CANARY);
    }
}

#[test]
fn sec_35_credentials_in_urls_are_shown_nowhere() {
    let answers = [
        (
            "401",
            "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"git\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        ),
        ("404", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
        (
            "302",
            "HTTP/1.1 302 Found\r\nLocation: https://other.example/shop.git\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        ),
        (
            "garbage",
            "HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\nContent-Length: 4\r\nConnection: close\r\n\r\nzzzz",
        ),
    ];
    let mut seen = Vec::new();
    let sealed = |server: Option<&Https>| {
        let sealed = Sealed::new().variable("GITOPS_GIT_TOKEN", format!("token-{CANARY}"));
        match server {
            Some(server) => sealed.variable("SSL_CERT_FILE", server.directory.path().join("cert.pem")),
            None => sealed,
        }
    };
    let user = |port: u16| format!("https://user:{CANARY}@127.0.0.1:{port}/shop.git");
    for (what, answer) in answers {
        let server = Https::start(answer);
        for trusted in [true, false] {
            let sealed = sealed(trusted.then_some(&server));
            for command in [&["render"][..], &["diff", "--live", "x"], &["snapshot"]] {
                let url = user(server.port);
                let run = sealed.run(&[command, &[&url, "-v", "-v"]].concat());
                if command[0] == "render" {
                    hides_credentials(&sealed, &run);
                    assert_eq!(run.code == 6, !trusted, "{what}: {run:?}");
                    seen.push(
                        run.stderr
                            .lines()
                            .next()
                            .unwrap_or_default()
                            .replace(&server.port.to_string(), "PORT"),
                    );
                }
                run.assert_hides(CANARY);
            }
        }
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 5, "four answers and an unknown certificate are told apart: {seen:#?}");

    let unreachable = sealed(None);
    for url in [
        user(1),
        format!("https://{CANARY}@127.0.0.1:1/x.git"),
        format!("https://127.0.0.1:1/x.git?token={CANARY}"),
        format!("ssh://user:{CANARY}@127.0.0.1:1/x.git"),
        format!("https://user:{CANARY}@127.0.0.1:notaport/x"),
        format!("http://user:{CANARY}@127.0.0.1:1/x.git"),
        format!("ftp://user:{CANARY}@127.0.0.1/x"),
        format!("https://user:{CANARY}@/x"),
        format!("https://us er:{CANARY}@127.0.0.1/x"),
        format!("https://user:{CANARY}@ex\u{7}ample/x"),
    ] {
        let run = unreachable.run(&["render", &url, "-v", "-v"]);
        hides_credentials(&unreachable, &run);
    }
}

#[test]
fn sec_35_credentials_of_a_kubeconfig_are_shown_nowhere() {
    let Some(cluster) = cluster::shared() else { return };
    let source = Source::files(&[(
        "a.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: default}\n",
    )]);
    let ca = cluster.dir().join("ca.crt");
    let config = |server: &str, user: serde_json::Value, proxy: Option<&str>| {
        json!({"apiVersion": "v1", "kind": "Config", "current-context": "c",
            "clusters": [{"name": "c", "cluster": {"server": server, "certificate-authority": ca, "proxy-url": proxy}}],
            "users": [{"name": "u", "user": user}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}]})
        .to_string()
    };
    let url = cluster.url();
    let with_login = |url: &str| url.replace("https://", &format!("https://user:{CANARY}@"));
    let proxy = format!("http://user:{CANARY}@127.0.0.1:1");
    let token = json!({"token": CANARY});
    let exec = |script: &str| {
        json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "/bin/sh", "args": ["-c", script],
            "env": [{"name": "SECRET", "value": CANARY}], "interactiveMode": "Never"}})
    };
    let configs = [
        config(url, token.clone(), None),
        config(url, json!({"username": "user", "password": CANARY}), None),
        config(&with_login(url), token.clone(), None),
        config(&with_login("https://127.0.0.1:1"), token.clone(), None),
        config("https://127.0.0.1:1", token.clone(), Some(&proxy)),
        config(url, token.clone(), Some(&format!("socks5://user:{CANARY}@127.0.0.1:1"))),
        config(url, exec("echo $SECRET; exit 3"), None),
        config(url, exec("echo not json: $SECRET"), None),
        config(
            url,
            exec(
                "printf '{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\",\"status\":{\"token\":\"%s\"}}' $SECRET",
            ),
            None,
        ),
        config(url, json!({"client-key-data": CANARY, "client-certificate-data": CANARY}), None),
        config(url, json!({"token": format!("{CANARY}\n{CANARY}")}), None),
        format!("apiVersion: v1\nkind: Config\nusers:\n- token: [{CANARY}\n"),
        format!("apiVersion: v1\nkind: Config\nusers: {CANARY}\n"),
    ];
    for config in configs {
        let sealed = Sealed::new();
        let file = tempfile::NamedTempFile::new().expect("a file can be made");
        std::fs::write(file.path(), &config).expect("it can be written");
        let file = file.path().to_str().expect("a path is text");
        for command in [
            &["diff", source.path()][..],
            &["diff", source.path(), "-o", "json"],
            &["snapshot", source.path()],
        ] {
            let run = sealed.run(&[command, &["--kubeconfig", file, "--timeout", "5s", "-v", "-v"]].concat());
            assert!([2, 3].contains(&run.code), "{config}: {run:?}");
            assert!(run.stderr.contains("error: "), "{config}: {run:?}");
            run.assert_hides(CANARY);
        }
        for (name, content) in sealed.files() {
            assert_hidden(&name, &content, CANARY);
        }
    }
}

#[test]
fn sec_59_an_impersonated_run_sees_what_that_user_may_see() {
    let Some(cluster) = cluster::shared() else { return };
    let (own, other) = (cluster.namespace("theirs"), cluster.namespace("others"));
    let (user, group_user) = (cluster.user(), cluster.user());
    cluster.allow_in(&own, &user, "get,list", "configmaps");
    cluster.kubectl_ok(&["create", "role", "g", "-n", &other, "--verb=get,list", "--resource=configmaps"]);
    cluster.kubectl_ok(&["create", "rolebinding", "g", "-n", &other, "--role=g", "--group=hostile-readers"]);
    let config = |namespace: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": namespace}, "data": {"a": "1"}});
    let source = Source::of(&[config(&own), config(&other)]);
    cluster.kubectl_ok(&["apply", "--server-side", "--field-manager=gitops", "-f", source.path()]);
    let unknown = |kubeconfig: &Path, more: &[&str]| {
        let run = Sealed::with_cluster(kubeconfig)
            .run(&[&["diff", source.path(), "-o", "json", "--read-only"], more].concat());
        let report = run.report();
        let objects = program::objects(&report);
        let names: Vec<String> = objects
            .iter()
            .inspect(|object| assert_eq!(object.status(), "unknown", "{run:?}"))
            .map(|object| object.0["namespace"].as_str().unwrap_or_default().to_owned())
            .collect();
        assert_eq!(run.code, if names.is_empty() { 0 } else { 3 }, "{run:?}");
        names
    };
    let admin = cluster.kubeconfig();
    assert_eq!(unknown(admin, &[]), Vec::<String>::new(), "the administrator sees both");
    assert_eq!(unknown(admin, &["--as", &user.name]), [other.as_str()]);
    assert_eq!(unknown(admin, &["--as", &group_user.name]), [other.as_str(), own.as_str()]);
    let limit = Instant::now() + Duration::from_secs(30);
    let with_group = ["--as", &group_user.name, "--as-group", "hostile-readers"];
    while unknown(admin, &with_group) != [own.as_str()] {
        assert!(Instant::now() < limit, "the group's role is not granted");
        std::thread::sleep(Duration::from_millis(100));
    }
    // Whoever may not impersonate sees nothing, not their own either.
    let refused = Sealed::with_cluster(&user.kubeconfig).run(&["diff", source.path(), "--as", "admin"]);
    assert!([2, 3].contains(&refused.code), "{refused:?}");
    assert!(refused.text().contains("impersonate"), "it says what is missing: {refused:?}");
}
