//! Input that grows while it is read: refused soon, and in little memory.

#![expect(clippy::disallowed_methods, reason = "writes large files")]

use std::io::Write as _;
use std::time::Duration;

use crate::support::program::Source;
use crate::support::sealed::Sealed;

const HEAD: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
/// A second is what a release build is allowed; this one is not optimized.
const SOON: Duration = Duration::from_secs(if cfg!(debug_assertions) { 8 } else { 1 });

#[test]
fn sec_47_expansion_is_refused_soon_and_in_little_memory() {
    let levels: String = (1..=9)
        .map(|level| format!("  a{level}: &a{level} [{}]\n", vec![format!("*a{}", level - 1); 9].join(", ")))
        .collect();
    let anchors: String = (0..100_000).map(|number| format!("  k{number}: &a{number} v\n")).collect();
    let cases = [
        ("laughs", format!("{HEAD}data:\n  a0: &a0 [lol]\n{levels}")),
        ("anchors", format!("{HEAD}data:\n{anchors}")),
        ("flow", format!("{HEAD}data: {}", "[".repeat(10_000))),
        ("json", "{\"a\":".repeat(10_000)),
        (
            "block",
            format!(
                "{HEAD}{}",
                (0..2_000).map(|level| format!("{}a:\n", " ".repeat(level))).collect::<String>()
            ),
        ),
        ("scalar", format!("{HEAD}data: {{a: {}}}\n", "x".repeat(50 << 20))),
    ];
    let sealed = Sealed::new();
    let mut most = 0;
    for (name, text) in cases {
        let source = Source::files(&[("bomb.yaml", &text)]);
        for (args, input) in [(["render", source.path()], ""), (["render", "-"], text.as_str())] {
            let run = sealed.run_with(&args, input.as_bytes());
            assert!(run.code == 2 && run.stdout.is_empty(), "{name}: {run:?}");
            assert!(run.stderr.len() < 2_000, "{name}: an error is no copy of its cause");
            assert!(run.took < SOON, "{name}: {:?}", run.took);
            assert!(run.peak_mib < 256, "{name}: {} MiB", run.peak_mib);
            most = most.max(run.peak_mib);
        }
    }
    // Most runs end before anybody looks; all of them together do not.
    assert!(most > 20, "memory is watched: {most} MiB");
}

/// Files of 15 MiB in a directory, more than 256 MiB together.
fn large() -> Source {
    let source = Source::files(&[("a.yaml", HEAD)]);
    let mut text = format!("{HEAD}# ").into_bytes();
    text.resize(15 << 20, b'x');
    for number in 0..20 {
        let mut file =
            std::fs::File::create(source.file(&format!("f{number}.yaml"))).expect("it can be made");
        file.write_all(&text).expect("it can be written");
    }
    source
}

#[test]
fn sec_48_large_input_is_refused_soon_and_in_bounded_memory() {
    let sealed = Sealed::new();
    let source = large();
    let run = sealed.run(&["render", source.path()]);
    assert!(run.code == 2 && run.stdout.is_empty(), "{run:?}");
    assert!(run.stderr.contains("MiB") || run.stderr.contains("bytes"), "it names the limit: {run:?}");
    assert!(run.took < 3 * SOON && run.peak_mib < 512, "{:?}, {} MiB", run.took, run.peak_mib);
    // A stream without an end that matters: the same limit, and nothing is kept of what is too much.
    let stream = vec![b'#'; 300 << 20];
    let run = sealed.run_with(&["render", "-"], &stream);
    assert!(run.code == 2 && run.took < SOON, "{run:?}");
    assert!(run.peak_mib < 512, "{} MiB", run.peak_mib);
    // One object that no server would store.
    let object = Source::files(&[("a.yaml", &format!("{HEAD}data: {{a: {}}}\n", "x".repeat(4 << 20)))]);
    let run = sealed.run(&["render", object.path()]);
    assert!(run.code == 2 && run.stderr.contains("a.yaml") && run.took < SOON, "{run:?}");
    // A sparse file says that it is large without being so.
    let sparse = Source::files(&[("a.yaml", HEAD)]);
    let file = std::fs::File::create(sparse.file("b.yaml")).expect("it can be made");
    file.set_len(8 << 30).expect("it can be sparse");
    let run = sealed.run(&["render", sparse.path()]);
    assert!(run.code == 2 && run.took < SOON && run.peak_mib < 256, "{run:?}");
}
