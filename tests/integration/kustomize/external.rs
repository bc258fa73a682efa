//! The user's own kustomize: run sealed, believed only when it ended well, and compared with us.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use gitops::external::{ExternalError, Limits, Program};
use serde_json::Value;
use tempfile::TempDir;

use super::oracle::program;
use crate::git_server::repository::{Repo, git_with_input};
use crate::support::cluster::binaries;
use crate::support::scripts::script;
use crate::support::sealed::Sealed;

const KUSTOMIZATION: &str = "namePrefix: x-\nresources: [web.yaml]\nsecretGenerator: [{name: s, literals: [password=canary-value]}]\n";
const WEB: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80}]}\n";
const PRINTED: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: printed\n";

/// A home with a kustomization in `app`.
fn sealed() -> Sealed {
    let sealed = Sealed::new();
    std::fs::create_dir(sealed.home().join("app")).unwrap();
    std::fs::write(sealed.home().join("app/kustomization.yaml"), KUSTOMIZATION).unwrap();
    std::fs::write(sealed.home().join("app/web.yaml"), WEB).unwrap();
    sealed
}

fn write_program(dir: &Path, name: &str, text: &str) -> String {
    let path = dir.join(name);
    script(&path, &format!("#!/bin/sh\n{text}"));
    path.to_str().unwrap().to_owned()
}

fn by(program: &str) -> String {
    format!("kustomize=exec:{program}")
}

fn own_kustomize(home: &Path) -> Option<String> {
    let oracle = program()?;
    let path = home.join("kustomize");
    symlink(oracle, &path).unwrap();
    Some(path.to_str().unwrap().to_owned())
}

#[test]
fn the_users_kustomize_renders_directories_commits_and_urls() {
    let sealed = sealed();
    let Some(kustomize) = own_kustomize(sealed.home()) else { return };
    let repo = Repo::with_files(&[
        ("base/kustomization.yaml", KUSTOMIZATION),
        ("base/web.yaml", WEB),
        ("over/kustomization.yaml", "resources: [../base]\nnamespace: shop\n"),
        ("over/extra.txt", "not committed later\n"),
    ]);
    symlink("base", repo.path().join("alias")).unwrap();
    repo.commit_files(&[], "a link");
    std::fs::remove_file(repo.path().join("over/extra.txt")).unwrap();
    let (directory, url) = (repo.at(""), format!("file://{}", repo.path().display()));
    for source in [&[&*directory][..], &[&directory, "--ref", "main"], &[&url]] {
        for path in ["over", "alias"] {
            let run = |renderer: &str| {
                let flags = ["--path", path, "--renderer", renderer, "-o", "json"];
                let ended = sealed.run(&[&["render"], source, &flags].concat());
                assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{source:?} {renderer}");
                ended.report()
            };
            let ours = run("kustomize");
            assert_eq!(run(&by(&kustomize)), ours, "{source:?} {path}");
            assert_eq!(ours.as_array().unwrap().len(), 2);
        }
    }
    // By its name, in PATH.
    let named = sealed.home().join("bin");
    std::fs::create_dir(&named).unwrap();
    symlink(program().unwrap(), named.join("kustomize")).unwrap();
    let path = format!("{}:/usr/bin:/bin", named.display());
    let sealed = sealed.variable("PATH", path);
    assert_eq!(sealed.run(&["render", "app", "--renderer", "kustomize=exec:kustomize"]).code, 0);
}

#[test]
fn sec_38_a_program_sees_no_secrets_and_no_shell_sees_a_name() {
    let mut sealed = sealed();
    for name in [
        "GITOPS_GIT_TOKEN",
        "GITHUB_TOKEN",
        "KUBECONFIG",
        "SSH_AUTH_SOCK",
        "AWS_SECRET_ACCESS_KEY",
        "LD_PRELOAD_X",
    ] {
        sealed = sealed.variable(name, "canary-secret");
    }
    sealed = sealed.variable("PATH", "/usr/bin:.:relative:/bin:");
    let odd = "$(touch canary) `touch canary`; touch canary &";
    std::fs::rename(sealed.home().join("app"), sealed.home().join(odd)).unwrap();
    let text = format!("echo \"$@\" > ../args; env > ../env; cat <<'END'\n{PRINTED}END\n");
    let tool = write_program(sealed.home(), "tool $(touch canary) 'x'", &text);
    let ended = sealed.run(&["render", odd, "--renderer", &by(&tool)]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let read = |name: &str| std::fs::read_to_string(sealed.home().join(name)).unwrap();
    assert_eq!(read("args"), "build .\n");
    let mut names: Vec<String> =
        read("env").lines().map(|line| line.split('=').next().unwrap().to_owned()).collect();
    names.sort();
    // PWD, SHLVL and _ are the shell's own.
    names.retain(|name| !["PWD", "OLDPWD", "SHLVL", "_"].contains(&name.as_str()));
    assert_eq!(names, ["GIT_TERMINAL_PROMPT", "HOME", "PATH"]);
    assert!(read("env").lines().any(|line| line == "PATH=/usr/bin:/bin"), "{}", read("env"));
    for (file, _) in sealed.files() {
        assert!(!file.ends_with("canary"), "{file} was made by a shell");
    }
}

#[test]
fn flt_52_and_53_what_a_program_printed_counts_only_if_it_ended_well() {
    let sealed = sealed();
    let table = [
        ("cat ../printed; exit 3", "failed on app: exit code 3"),
        ("cat ../printed; kill -9 $$", "failed on app: it was ended by signal 9"),
        ("cat ../printed; echo 'no \x1b[31mway' >&2; exit 1", "exit code 1\n  no \\u{1b}[31mway"),
        ("head -c 40 ../printed; echo; exit 0", "output of"),
        ("cat ../printed; sleep 100", "did not end within 1 s and was stopped"),
        ("echo 'Warning, this is old'; cat ../printed", "output of"),
        ("cat ../printed; echo ---; echo 'a: b'", "output of"),
        ("exit 0", "no manifests"),
        ("echo '{'", "output of"),
    ];
    std::fs::write(sealed.home().join("printed"), PRINTED).unwrap();
    for (text, expected) in table {
        let tool = write_program(sealed.home(), "tool", text);
        let start = Instant::now();
        let ended = sealed.run(&["render", "app", "--renderer", &by(&tool), "--timeout", "1s"]);
        assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{text}: {ended:?}");
        assert!(ended.stderr.contains(expected), "{text}: {}", ended.stderr);
        ended.assert_tame();
        assert!(start.elapsed() < Duration::from_secs(10), "{text}: {:?}", start.elapsed());
    }
    // What it leaves behind ends with it, and holds nothing up.
    let tool = write_program(sealed.home(), "tool", "sleep 100 & echo $! > ../left; cat ../printed");
    let start = Instant::now();
    let ended = sealed.run(&["render", "app", "--renderer", &by(&tool)]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    let left = std::fs::read_to_string(sealed.home().join("left")).unwrap();
    assert!(is_gone(left.trim()), "process {left} was left behind");
}

/// True if there is no such process, or it has ended and nobody asked how.
fn is_gone(process: &str) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    status.is_empty() || status.contains("State:\tZ")
}

#[test]
fn sec_48_the_output_of_a_program_is_bounded() {
    let dir = tempfile::tempdir().unwrap();
    let limits = Limits { time: Duration::from_secs(20), output: 1000 };
    for (text, fits) in
        [("head -c 1000 /dev/zero", true), ("head -c 1001 /dev/zero", false), ("cat /dev/zero", false)]
    {
        let tool = write_program(dir.path(), "tool", text);
        let start = Instant::now();
        let built = Program::find(Path::new(&tool)).unwrap().build(dir.path(), "here", limits);
        match built {
            Ok(bytes) => assert!(fits && bytes.len() == 1000, "{text}"),
            Err(ExternalError::Failed { problem, .. }) => {
                assert!(!fits && problem == "it printed more than 1000 bytes", "{text}: {problem}");
            }
            Err(error) => panic!("{text}: {error}"),
        }
        assert!(start.elapsed() < Duration::from_secs(10), "{text}: {:?}", start.elapsed());
    }
    let many = (0..100).map(|line| format!("echo line {line} >&2; ")).collect::<String>() + "exit 1";
    let tool = write_program(dir.path(), "tool", &many);
    let error = Program::find(Path::new(&tool)).unwrap().build(dir.path(), "here", limits).unwrap_err();
    assert!(
        error.to_string().ends_with("  line 98\n  line 99") && error.to_string().lines().count() == 21,
        "{error}"
    );
}

#[test]
fn programs_that_cannot_be_run_are_named() {
    let sealed = sealed();
    std::fs::write(sealed.home().join("text"), "no program").unwrap();
    std::fs::write(sealed.home().join("wrong"), "\x7fELF no program").unwrap();
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(sealed.home().join("wrong"), mode).unwrap();
    let table = [
        ("./missing", "./missing: no such file", "name the program kustomize"),
        ("missing", "missing: no such program in PATH", "write its path"),
        ("./app", "./app: is a directory", "name the program in it"),
        ("./text", "./text: cannot be executed", "chmod +x"),
        ("./wrong", "wrong: ", "name a program that runs on this machine"),
    ];
    for (program, problem, hint) in table {
        for flags in [["--renderer", &by(program)], ["--verify-with", program]] {
            let ended = sealed.run(&[&["render", "app"], &flags[..]].concat());
            assert_eq!(ended.code, 2, "{ended:?}");
            assert!(
                ended.stderr.contains(problem) && ended.stderr.contains(&format!("hint: {hint}"))
                    || ended.stderr.contains(hint),
                "{ended:?}"
            );
        }
    }
}

#[test]
fn sec_40_and_45_a_program_is_named_by_the_user_alone_and_fetches_nothing_unasked() {
    let sealed = sealed();
    let tool = write_program(sealed.home(), "tool", "touch ../ran; exit 1");
    std::fs::write(sealed.home().join("live.json"), r#"{"apiVersion": "v1", "kind": "List", "items": []}"#)
        .unwrap();
    let config =
        format!("apiVersion: gitops/v1\ntargets: [{{name: a, path: app, renderer: \"{}\"}}]\n", by(&tool));
    let repo = Repo::with_files(&[("gitops.yaml", &config), ("app/kustomization.yaml", "namePrefix: a-\n")]);
    let url = format!("file://{}", repo.path().display());
    for source in [&url, &repo.at("")] {
        let ended = sealed.run(&["diff", source, "--live", "live.json"]);
        assert_eq!(ended.code, 2, "{ended:?}");
        assert!(
            ended.stderr.contains("gitops.yaml:2:") && ended.stderr.contains("is no renderer"),
            "{ended:?}"
        );
        assert!(ended.stderr.contains("on the command line alone"), "{ended:?}");
    }
    std::fs::write(
        sealed.home().join("app/kustomization.yaml"),
        "resources: [\"https://127.0.0.1:1/a/b\"]\n",
    )
    .unwrap();
    for flags in [["--renderer", &by(&tool)], ["--verify-with", &tool]] {
        let ended = sealed.run(&[&["render", "app"], &flags[..]].concat());
        assert_eq!(ended.code, 2);
        assert!(
            ended.stderr.contains("would fetch it") && ended.stderr.contains("--allow-remote"),
            "{ended:?}"
        );
    }
    let locked = sealed.run(&["render", "app", "--renderer", &by(&tool), "--allow-remote", "--locked"]);
    assert!(locked.code == 2 && locked.stderr.contains("knows nothing of gitops.lock"), "{locked:?}");
    assert!(!sealed.home().join("ran").exists(), "the program was run");
}

/// A repository with a link, and a program that says where it runs and goes on when it is told to.
struct Waiting {
    sealed: Sealed,
    repo: Repo,
    tool: String,
    told: TempDir,
}

impl Waiting {
    fn new() -> Self {
        let (sealed, told) = (Sealed::new(), tempfile::tempdir().unwrap());
        let repo = Repo::with_files(&[("kustomization.yaml", "namePrefix: a-\n")]);
        let at = told.path().display();
        let text = format!(
            "pwd > {at}/new-$$; mv {at}/new-$$ {at}/at-$$; while ! [ -e {at}/go ]; do sleep 0.01; done; cat <<'END'\n{PRINTED}END\n"
        );
        let tool = write_program(sealed.home(), "tool", &text);
        Self { sealed, repo, tool, told }
    }

    fn start(&self) -> Child {
        Command::new(env!("CARGO_BIN_EXE_gitops"))
            .args(["render", &self.repo.at(""), "--ref", "main", "--renderer", &by(&self.tool)])
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.sealed.home())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// Where so many programs run, as soon as they do.
    fn places(&self, count: usize) -> Vec<PathBuf> {
        let start = Instant::now();
        loop {
            let entries = std::fs::read_dir(self.told.path()).unwrap().flatten();
            let told = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("at-"));
            let places: Vec<PathBuf> = told
                .map(|entry| PathBuf::from(std::fs::read_to_string(entry.path()).unwrap().trim()))
                .collect();
            if places.len() == count {
                return places;
            }
            assert!(start.elapsed() < Duration::from_secs(30), "{places:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn go_on(&self) {
        std::fs::write(self.told.path().join("go"), "").unwrap();
    }
}

#[test]
fn sec_07_every_run_has_a_directory_of_its_own_that_goes_with_it() {
    let world = Waiting::new();
    let mut runs = [world.start(), world.start()];
    let places = world.places(2);
    assert_ne!(places[0], places[1]);
    let exports = world.sealed.home().join(".cache/gitops/exports");
    for place in &places {
        assert!(place.starts_with(&exports), "{}", place.display());
        // The program's directory, those of the run and of all runs: nobody else looks into them.
        for dir in place.ancestors().take(3) {
            let mode = std::fs::metadata(dir).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o700, "{}", dir.display());
        }
        let file = std::fs::metadata(place.join("kustomization.yaml")).unwrap();
        assert_eq!(file.permissions().mode() & 0o777, 0o600);
        assert!(place.parent().unwrap().file_name().unwrap().len() > 16, "{}", place.display());
    }
    world.go_on();
    for run in &mut runs {
        assert!(run.wait().unwrap().success());
    }
    assert_eq!(std::fs::read_dir(&exports).unwrap().count(), 0);

    // A run that was killed leaves its directory behind, and the next one takes it away, but not that of a run that is alive.
    let world = Waiting::new();
    let exports = world.sealed.home().join(".cache/gitops/exports");
    let mut killed = world.start();
    let stale = world.places(1).remove(0);
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert!(stale.exists());
    let mut alive = world.start();
    let places = world.places(2);
    let kept = places.into_iter().find(|place| *place != stale).unwrap();
    assert!(!stale.exists(), "the directory of the killed run is still there");
    let mut third = world.start();
    world.places(3);
    assert!(kept.exists(), "the directory of a run that goes on was removed");
    world.go_on();
    assert!(alive.wait().unwrap().success() && third.wait().unwrap().success());
    assert_eq!(std::fs::read_dir(&exports).unwrap().count(), 0);
}

#[test]
fn sec_03_and_10_an_export_holds_nothing_from_outside_and_writes_nothing_there() {
    let sealed = sealed();
    let tool = write_program(sealed.home(), "tool", "touch $HOME/ran; exit 1");
    let render = |repo: &Repo, revision: &str| {
        sealed.run(&["render", &repo.at(""), "--ref", revision, "--renderer", &by(&tool)])
    };
    for target in ["/etc/passwd", "../../../etc/passwd", "loop"] {
        let repo = Repo::with_files(&[("kustomization.yaml", "resources: [loop]\n")]);
        symlink(target, repo.path().join("loop")).unwrap();
        repo.commit_files(&[], "a link");
        let ended = render(&repo, "main");
        assert_eq!(ended.code, 2, "{ended:?}");
        assert!(
            ended.stderr.contains("cannot export the source") && ended.stderr.contains("loop: symbolic link"),
            "{ended:?}"
        );
    }
    // Ten names for one directory on each of eight levels.
    let repo = Repo::with_files(&[("kustomization.yaml", "namePrefix: a-\n")]);
    let mut tree = repo.git(&["rev-parse", "HEAD^{tree}"]);
    let blob = repo.git(&["rev-parse", "HEAD:kustomization.yaml"]);
    for _ in 0..8 {
        let names: String = (0..10).map(|name| format!("040000 tree {tree}\td{name}\n")).collect();
        let entries = format!("{names}100644 blob {blob}\tkustomization.yaml\n");
        tree = git_with_input(&repo.path(), &["mktree"], entries.as_bytes());
    }
    let bomb = repo.git(&["commit-tree", "-m", "bomb", &tree]);
    let ended = render(&repo, &bomb);
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(ended.stderr.contains("more than 20000 files and directories"), "{ended:?}");
    assert!(ended.took < Duration::from_secs(30), "{:?}", ended.took);
    assert!(!sealed.home().join("ran").exists(), "the program was run");
    let exports = sealed.home().join(".cache/gitops/exports");
    assert_eq!(std::fs::read_dir(exports).unwrap().count(), 0);
}

#[test]
fn a_comparison_shows_the_first_difference_and_hides_secrets() {
    let sealed = sealed();
    let Some(kustomize) = own_kustomize(sealed.home()) else { return };
    let same = sealed.run(&["render", "app", "--verify-with", &kustomize]);
    let told = format!("2 objects, the same as from {kustomize}, in the same order\n");
    assert_eq!((same.code, same.stdout.as_str(), same.stderr.as_str()), (0, &*told, ""));
    let table = [
        (
            "sed 's/port: 80/port: 81/'",
            "first difference: v1 Service x-web spec.ports[0].port\n  ours    80, from web.yaml:4\n  theirs  81\n",
        ),
        (
            "sed 's/port: 80/port: 80\\n    name: http/'",
            "first difference: v1 Service x-web spec.ports[0].name\n  ours    nothing, from web.yaml:4\n  theirs  \"http\"\n",
        ),
        (
            "sed 's/password: .*/password: AAAA/'",
            "data.password\n  ours    *** (hidden), from kustomization.yaml:3\n  theirs  *** (hidden)\n",
        ),
        ("sed 's/x-web/x-wob/'", "first difference: v1 Service x-web is only in ours, from web.yaml:1\n"),
        (
            "sed '$a\\---\\napiVersion: v1\\nkind: Pod\\nmetadata: {name: more}'",
            "first difference: v1 Pod more is only in theirs\n",
        ),
        (
            "awk '/^---/ {second = 1; next} {if (second) b = b $0 \"\\n\"; else a = a $0 \"\\n\"} END {printf \"%s---\\n%s\", b, a}'",
            "first difference: the order; at place 1 stands v1 Secret x-s-",
        ),
        ("cat > /dev/null", "first difference: v1 Secret x-s-"),
    ];
    for (filter, expected) in table {
        let tool = write_program(sealed.home(), "tool", &format!("set -e\n{kustomize} \"$@\" | {filter}\n"));
        let ended = sealed.run(&["render", "app", "--verify-with", &tool]);
        assert_eq!(ended.code, 2, "{filter}: {ended:?}");
        assert!(
            ended.stdout.starts_with(&format!("not the same as from {tool}: ")),
            "{filter}: {}",
            ended.stdout
        );
        assert!(ended.stdout.contains(expected), "{filter}: {}", ended.stdout);
        ended.assert_hides("canary-value");
    }
    // One of the two does not render: the error is its own, and what the other does is told.
    let tool = write_program(sealed.home(), "tool", "echo broken >&2; exit 1");
    let theirs = sealed.run(&["render", "app", "--verify-with", &tool]);
    assert_eq!((theirs.code, theirs.stdout.as_str()), (2, ""));
    assert!(
        theirs.stderr.contains("note: we render app: 2 objects") && theirs.stderr.contains("broken"),
        "{theirs:?}"
    );
    std::fs::write(sealed.home().join("app/kustomization.yaml"), "resorces: []\n").unwrap();
    let both = sealed.run(&["render", "app", "--verify-with", &kustomize]);
    assert_eq!(both.code, 2);
    assert!(
        both.stderr.contains("does not render app either") && both.stderr.contains("did you mean resources?"),
        "{both:?}"
    );
    let plain = sealed.run(&["render", ".", "--verify-with", &kustomize]);
    assert!(plain.code == 2 && plain.stderr.contains("--verify-with compares kustomizations"), "{plain:?}");
}

#[test]
fn kubectl_has_kustomize_inside() {
    let Ok(kubectl) = binaries::find().map(|bin| bin.join("kubectl")) else { return };
    let sealed = sealed();
    let ended = sealed.run(&["render", "app", "--verify-with", kubectl.to_str().unwrap()]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stdout.starts_with("2 objects, the same as from"), "{ended:?}");
}

#[test]
fn sec_52_one_broken_kustomization_fails_its_target_alone() {
    let sealed = sealed();
    let targets = |name: &str| format!("- {{name: {name}, path: {name}}}\n");
    let config: String = ["app", "broken", "other"].map(targets).concat();
    std::fs::write(sealed.home().join("gitops.yaml"), format!("apiVersion: gitops/v1\ntargets:\n{config}"))
        .unwrap();
    for (name, text) in
        [("broken", "resources: [5]\n"), ("other", "configMapGenerator: [{name: o, literals: [a=b]}]\n")]
    {
        std::fs::create_dir(sealed.home().join(name)).unwrap();
        std::fs::write(sealed.home().join(name).join("kustomization.yaml"), text).unwrap();
    }
    std::fs::write(sealed.home().join("live.json"), r#"{"apiVersion": "v1", "kind": "List", "items": []}"#)
        .unwrap();
    let ended = sealed.run(&["diff", "--live", "live.json", "-o", "json"]);
    assert_eq!(ended.code, 2, "{ended:?}");
    let report = ended.report();
    let section = |at: usize| -> (&str, usize, &str) {
        let target: &Value = &report["targets"][at];
        let error = target["error"]["message"].as_str().unwrap_or_default();
        (target["name"].as_str().unwrap(), target["objects"].as_array().unwrap().len(), error)
    };
    assert_eq!((section(0), section(2)), (("app", 2, ""), ("other", 1, "")));
    let (name, objects, error) = section(1);
    assert_eq!((name, objects), ("broken", 0));
    assert!(error.contains("broken/kustomization.yaml:1: "), "{error}");
}

#[test]
fn sec_11_and_12_charts_and_jsonnet_that_mean_harm_are_refused_by_name() {
    let sealed = Sealed::new();
    std::fs::write(sealed.home().join("secret"), "canary-of-a-file").unwrap();
    let table = [
        ("Chart.yaml", "apiVersion: v2\nname: \"..\"\nversion: 1.0.0\n", "helm"),
        ("Chart.yaml", "apiVersion: v2\nname: a\nversion: \"../../x\"\n", "helm"),
        ("main.jsonnet", "{a: importstr '../secret'}", "jsonnet"),
        ("main.jsonnet", "import '/etc/passwd'", "jsonnet"),
    ];
    for (at, (file, text, renderer)) in table.into_iter().enumerate() {
        let dir = format!("d{at}");
        std::fs::create_dir(sealed.home().join(&dir)).unwrap();
        std::fs::write(sealed.home().join(&dir).join(file), text).unwrap();
        let ended = sealed.run(&["render", &dir]);
        assert_eq!(ended.code, 2, "{ended:?}");
        assert!(ended.stderr.contains(&format!("{file}: the directory . needs {renderer}")), "{ended:?}");
        ended.assert_hides("canary-of-a-file");
    }
}
