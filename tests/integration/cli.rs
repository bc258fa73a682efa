//! The command line: help, usage errors, completions, manual pages, and the table of exit codes in the README.
#![expect(
    clippy::disallowed_methods,
    reason = "reads and writes the checked-in completions, and reads the README"
)]

use std::fs;
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser as _, ValueEnum as _};
use clap_complete::Shell;
use gitops::cli::{Added, Cli, Color, Command, DiffArgs, DiffFormat, ExitCodeStyle, Show, generate};
use gitops::exit::Code;

/// Parses a command line written with spaces; `·` stands for a space inside an argument.
fn parse(line: &str) -> Result<Cli, clap::Error> {
    let words = line.split_whitespace().map(|word| word.replace('·', " "));
    Cli::try_parse_from(std::iter::once("gitops".to_owned()).chain(words))
}

fn diff(line: &str) -> DiffArgs {
    match parse(line).expect("a command line that is right").command {
        Command::Diff(args) => *args,
        other => panic!("{other:?}"),
    }
}

#[test]
fn definitions_are_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn defaults_are_those_of_the_contract() {
    let args = diff("diff");
    assert_eq!(args.source.source, ".");
    assert_eq!(args.run.timeout.as_secs(), 600);
    assert_eq!(args.run.color, Color::Auto);
    assert_eq!(args.cluster.max_inflight, 16);
    assert_eq!(args.report.unified, 3);
    assert_eq!(args.judge.added, Added::Drift);
    assert_eq!(args.compare.exit_code_style, ExitCodeStyle::Default);
    assert!(args.report.output.is_empty() && args.report.show.is_empty() && args.compare.fail_on.is_empty());
    assert!(!args.judge.strict && !args.compare.read_only && !args.run.no_cache && !args.run.deny_warnings);
}

#[test]
fn every_flag_of_diff_is_read() {
    let args = diff(
        "diff ssh://git@h/r.git --ref v1 --path a/b --base none --context c --kubeconfig k --as u --as-group g \
         --as-group h -n ns -l app=web,tier!=db --only Deployment/shop/web --only ConfigMap/a --read-only \
         -o text -o json=a=b.json --color never -U 5 --show in-sync,foreign,ignored --added note --strict \
         --fail-on drift,missing --exit-code-style terraform --deny-warnings --timeout 90s --max-inflight 4 --no-cache \
         --offline -vv",
    );
    assert_eq!(args.source.source, "ssh://git@h/r.git");
    assert_eq!((args.source.reference.as_deref(), args.source.path.as_deref()), (Some("v1"), Some("a/b")));
    assert_eq!((args.source.namespace.as_deref(), args.source.offline), (Some("ns"), true));
    assert_eq!(args.judge.base.as_deref(), Some("none"));
    assert_eq!((args.cluster.context.as_deref(), args.cluster.as_user.as_deref()), (Some("c"), Some("u")));
    assert_eq!(args.cluster.kubeconfig.as_deref(), Some(Path::new("k")));
    assert_eq!((args.cluster.as_group.join(" "), args.cluster.max_inflight), ("g h".to_owned(), 4));
    assert!(args.choice.selector.is_some());
    let only: Vec<_> =
        args.choice.only.iter().map(|o| (o.kind.as_str(), o.namespace.as_deref(), o.name.as_str())).collect();
    assert_eq!(only, [("Deployment", Some("shop"), "web"), ("ConfigMap", None, "a")]);
    let outputs: Vec<_> = args.report.output.iter().map(|o| (o.format, o.file.as_deref())).collect();
    assert_eq!(outputs, [(DiffFormat::Text, None), (DiffFormat::Json, Some(Path::new("a=b.json")))]);
    assert_eq!((args.report.unified, args.run.color), (5, Color::Never));
    assert_eq!(args.report.show, [Show::InSync, Show::Foreign, Show::Ignored]);
    assert_eq!((args.judge.added, args.judge.strict, args.compare.read_only), (Added::Note, true, true));
    assert_eq!(args.compare.fail_on, ["drift", "missing"]);
    assert_eq!(args.compare.exit_code_style, ExitCodeStyle::Terraform);
    assert_eq!((args.run.deny_warnings, args.run.no_cache, args.run.verbose), (true, true, 2));
    assert_eq!(args.run.timeout.as_secs(), 90);
    assert_eq!(diff("diff --live s.json -q").compare.live.as_deref(), Some(Path::new("s.json")));
}

#[test]
fn render_and_snapshot_have_their_own_output() {
    let Command::Render(render) = parse("render - -o yaml -o json=x.json -l a").unwrap().command else {
        panic!()
    };
    assert_eq!((render.source.source.as_str(), render.output.len()), ("-", 2));
    let Command::Snapshot(snapshot) = parse("snapshot -o s.json --include-secrets").unwrap().command else {
        panic!()
    };
    assert_eq!((snapshot.output.to_str(), snapshot.include_secrets), (Some("s.json"), true));
    let Command::Snapshot(snapshot) = parse("snapshot").unwrap().command else { panic!() };
    assert_eq!((snapshot.output.to_str(), snapshot.include_secrets), (Some("-"), false));
}

/// One mistake in every argument, with what the message must say.
#[test]
fn mistakes_are_named_with_the_way_out() {
    let table = [
        ("dif", "a similar subcommand exists: 'diff'"),
        ("aply", "a similar subcommand exists: 'apply'"),
        ("diff --reff v1", "a similar argument exists: '--ref'"),
        ("diff --pth a", "a similar argument exists: '--path'"),
        ("diff a b", "unexpected argument 'b'"),
        ("diff --ref", "a value is required for '--ref <REV>'"),
        ("diff --added nots", "a similar value exists: 'note'"),
        ("diff --base", "a value is required for '--base <REV>'"),
        ("diff -n", "a value is required for '--namespace <NS>'"),
        ("diff -l a>b", "`a>b` is no label key"),
        ("diff -l a·in·(b", "`a in (b` lacks a closing parenthesis"),
        ("diff --only web", "expected KIND/NAME or KIND/NAMESPACE/NAME"),
        ("diff --only Pod//web", "the namespace is empty"),
        ("diff --as-group g", "--as <USER>"),
        ("diff --live f --context c", "cannot be used with"),
        ("diff --live f --kubeconfig c", "cannot be used with"),
        ("diff --read-only=yes", "unexpected value 'yes' for '--read-only'"),
        ("diff -o jsn", "a similar value exists: 'json'"),
        ("diff -o jsn=out", "a similar value exists: 'json'"),
        ("diff -o json=", "the file name is empty"),
        ("diff -o yaml", "[possible values: text, json]"),
        ("render -o text", "[possible values: yaml, json]"),
        ("diff --color alway", "a similar value exists: 'always'"),
        ("diff -U x", "invalid digit found in string"),
        ("diff -U 10001", "10001 is not in 0..=10000"),
        ("diff --show insync", "a similar value exists: 'in-sync'"),
        ("diff --show foreign,ignore", "a similar value exists: 'ignored'"),
        ("diff --added drft", "a similar value exists: 'drift'"),
        ("diff --fail-on drfit", "a similar value exists: 'drift'"),
        ("diff --fail-on unknown", "invalid value 'unknown' for '--fail-on <LIST>'"),
        ("diff --exit-code-style terrafrom", "a similar value exists: 'terraform'"),
        ("diff --timeout 10", "the unit is missing; write 10s or 10m"),
        ("diff --timeout 0s", "expected a duration above zero"),
        ("diff --max-inflight 0", "0 is not in 1..=256"),
        ("diff --max-inflight many", "invalid digit found in string"),
        ("diff -q -v", "cannot be used with"),
        ("apply --out a --plan b", "'--out <FILE>' cannot be used with '--plan <FILE>'"),
        ("revert --plan", "a value is required for '--plan <FILE>'"),
        ("delete --plan p --yes", "--max-deletes <N>"),
        ("diff --out a", "unexpected argument '--out'"),
        ("snapshot --include-secret", "a similar argument exists: '--include-secrets'"),
        ("completions bsh", "a similar value exists: 'bash'"),
        ("completions", "<SHELL>"),
        ("man dif", "a similar value exists: 'diff'"),
    ];
    for (line, expected) in table {
        let error = parse(line).unwrap_err();
        let message = error.to_string();
        assert!(message.contains(expected), "gitops {line}\n{message}");
        assert_eq!(error.exit_code(), 2, "gitops {line}");
    }
}

/// The help of a command as a terminal of 100 columns shows it.
fn help(line: &str) -> String {
    let error = parse(line).expect_err("help is an early end");
    assert_eq!(error.kind(), ErrorKind::DisplayHelp, "gitops {line}");
    error.to_string()
}

#[test]
fn help_lists_the_commands_that_exist_and_all_exit_codes() {
    let text = help("--help");
    for command in generate::PAGES {
        assert!(text.contains(&format!("\n  {command} ")), "{command}\n{text}");
    }
    assert!(!text.contains("\n  prune "), "a command that does not exist");
    for code in Code::ALL {
        assert!(text.contains(&format!("\n  {:<5}", code.number())), "{code:?}\n{text}");
    }
}

#[test]
fn every_command_has_examples_that_parse_and_its_exit_codes() {
    for command in generate::PAGES {
        let text = help(&format!("{command} --help"));
        let examples =
            text.split("Examples:\n").nth(1).unwrap_or_else(|| panic!("{command} has no examples"));
        let lines: Vec<&str> = examples
            .lines()
            .take_while(|line| !line.is_empty())
            .filter(|l| !l.trim().starts_with('#'))
            .collect();
        assert!(lines.iter().any(|line| line.contains(&format!("gitops {command}"))), "{command}");
        for line in lines {
            let own = line.rsplit(" | gitops ").next().unwrap_or(line).trim();
            let own = own.trim_start_matches("gitops ").split([' ']).take_while(|w| !["|", ">"].contains(w));
            let words: Vec<&str> = own.collect();
            parse(&words.join(" ")).unwrap_or_else(|error| panic!("{line}\n{error}"));
        }
        if !["completions", "man"].contains(&command) {
            assert!(text.contains("Exit codes:\n  0    complete"), "{command}\n{text}");
        }
        let plans = ["diff", "apply", "revert", "rollback", "delete"].contains(&command);
        assert_eq!(text.contains("\n  1    diff"), plans, "{command}");
    }
}

#[test]
fn every_flag_has_help_and_a_variable() {
    for command in Cli::command().get_subcommands() {
        for arg in command.get_arguments().filter(|arg| !["help", "version"].contains(&arg.get_id().as_str()))
        {
            let place = format!("{} {}", command.get_name(), arg.get_id());
            assert!(arg.get_help().is_some(), "{place}");
            let Some(long) = arg.get_long() else { continue };
            if long == "verbose" {
                continue;
            }
            let variable = format!("GITOPS_{}", long.to_uppercase().replace('-', "_"));
            assert_eq!(arg.get_env().and_then(|name| name.to_str()), Some(variable.as_str()), "{place}");
            assert!(arg.is_hide_env_values_set(), "{place} would print the variable's value");
        }
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every generated file by its name under `completions/`.
fn generated() -> Vec<(String, Vec<u8>)> {
    let shells = Shell::value_variants().iter().copied();
    let mut files: Vec<(String, Vec<u8>)> =
        shells.map(|shell| (generate::completion_file(shell), generate::completion(shell))).collect();
    files.push(("man/gitops.1".to_owned(), generate::manual(None).expect("a page")));
    for page in generate::PAGES {
        files.push((format!("man/gitops-{page}.1"), generate::manual(Some(page)).expect("a page")));
    }
    files
}

/// Files of `completions/` are what the definitions generate; `UPDATE_COMPLETIONS=1` writes them anew.
#[test]
fn completions_and_manual_pages_are_up_to_date() {
    let folder = root().join("completions");
    let files = generated();
    if std::env::var_os("UPDATE_COMPLETIONS").is_some() {
        fs::create_dir_all(folder.join("man")).unwrap();
        for (name, content) in &files {
            fs::write(folder.join(name), content).unwrap();
        }
    }
    for (name, content) in &files {
        let found = fs::read(folder.join(name)).unwrap_or_default();
        assert!(
            found == *content,
            "completions/{name} is out of date: run this test with UPDATE_COMPLETIONS=1"
        );
    }
    let count = |path: PathBuf| fs::read_dir(path).unwrap().count();
    assert_eq!(count(folder.clone()) - 1 + count(folder.join("man")), files.len(), "a file nobody generates");
}

#[test]
fn an_unknown_manual_page_is_an_error() {
    assert!(generate::manual(Some("prune")).is_err());
}

/// The README's table of exit codes holds one row a code, `| 0 | meaning |`, in the words of `exit.rs`.
#[test]
fn the_readme_quotes_the_exit_codes() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap_or_default();
    let expected: Vec<String> =
        Code::ALL.into_iter().map(|code| format!("| {} | {} |", code.number(), code.meaning())).collect();
    let is_row = |line: &&str| {
        line.strip_prefix("| ").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    let found: Vec<&str> = readme
        .lines()
        .skip_while(|line| !line.contains("| code | meaning |"))
        .filter(is_row)
        .take(expected.len())
        .collect();
    assert_eq!(found, expected);
}
