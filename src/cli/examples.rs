//! Examples and exit codes behind the flags of each help text.

use crate::exit::{self, Code};

/// Columns of the exit code table.
const WIDTH: usize = 96;

fn section(examples: &[(&str, &str)], codes: &[Code]) -> String {
    let mut text = String::from("Examples:\n");
    for (comment, command) in examples {
        text.push_str(&format!("  # {comment}\n  {command}\n"));
    }
    if !codes.is_empty() {
        text.push_str(&format!("\nExit codes:\n{}", exit::table(codes, WIDTH)));
    }
    text.trim_end().to_owned()
}

/// Behind `gitops --help`: the whole table.
pub(super) fn global() -> String {
    let examples = [
        ("what differs between this directory and the current context", "gitops diff"),
        (
            "one commit of a repository against a production cluster",
            "gitops diff https://git.example/shop.git --ref v1.4.2 --context prod",
        ),
    ];
    section(&examples, &Code::ALL)
}

/// Behind `gitops diff --help`.
pub(super) fn diff() -> String {
    let examples = [
        ("this directory, uncommitted edits included, against the current context", "gitops diff"),
        (
            "in CI: a commit, text to the log and JSON to a file",
            "gitops diff --ref \"$SHA\" --path clusters/prod -o text -o json=drift.json",
        ),
        (
            "tell drift from pending changes by the revision that was applied last",
            "gitops diff --base v1.4.1",
        ),
        (
            "one object, and what controllers set in it",
            "gitops diff --only Deployment/shop/web --show foreign",
        ),
        ("without a cluster, against a recorded one", "gitops diff --live prod.json"),
        ("a manifest from another program", "helm template shop ./chart | gitops diff -"),
    ];
    section(&examples, &run_codes(&[Code::Differs, Code::Error, Code::Incomplete]))
}

/// Behind `gitops apply --help`.
pub(super) fn apply() -> String {
    let examples = [
        ("show what differs, ask, and apply the commit that is checked out", "gitops apply --ref HEAD"),
        ("what would be done", "gitops apply --dry-run"),
        ("save what would be done, to be looked at", "gitops apply --ref v1.4.2 --out prod.plan"),
        ("perform exactly that, or nothing", "gitops apply --ref v1.4.2 --plan prod.plan"),
        (
            "from cron: one commit of a repository, without a question",
            "gitops apply https://git.example/shop.git --ref main --path clusters/prod --yes",
        ),
        ("take a field that a controller holds", "gitops apply --force-conflicts=argocd-controller"),
    ];
    section(
        &examples,
        &run_codes(&[Code::Differs, Code::Error, Code::Incomplete, Code::Locked, Code::Refused]),
    )
}

/// Behind `gitops revert --help`.
pub(super) fn revert() -> String {
    let examples = [
        ("undo every edit of the cluster since the last apply", "gitops revert"),
        ("from cron, without a question", "gitops revert --set-name shop --yes"),
        (
            "what one person did in the last two hours to one object",
            "gitops revert --only Deployment/shop/web --manager kubectl-edit --since 2h",
        ),
    ];
    section(
        &examples,
        &run_codes(&[Code::Differs, Code::Error, Code::Incomplete, Code::Locked, Code::Refused]),
    )
}

/// Behind `gitops rollback --help`.
pub(super) fn rollback() -> String {
    let examples = [
        ("back to the release before", "gitops rollback v1.4.1"),
        ("with everything that came since", "gitops rollback v1.4.1 --prune"),
    ];
    section(
        &examples,
        &run_codes(&[Code::Differs, Code::Error, Code::Incomplete, Code::Locked, Code::Refused]),
    )
}

/// Behind `gitops delete --help`.
pub(super) fn delete() -> String {
    let examples = [
        ("what would go", "gitops delete --dry-run"),
        ("without a question, at most 12 objects", "gitops delete --set-name shop --yes --max-deletes 12"),
        ("with its namespace", "gitops delete --allow-prune-kind Namespace"),
    ];
    section(
        &examples,
        &run_codes(&[Code::Differs, Code::Error, Code::Incomplete, Code::Locked, Code::Refused]),
    )
}

/// Behind `gitops undo --help`.
pub(super) fn undo() -> String {
    let examples = [
        ("what would go back", "gitops undo --dry-run"),
        ("the last run on the set shop, without a question", "gitops undo --set-name shop --yes"),
        ("a run of another machine, without a question", "gitops undo --set-name shop --yes --from-cluster"),
    ];
    section(&examples, &run_codes(&[Code::Error, Code::Incomplete, Code::Locked, Code::Refused]))
}

/// Behind `gitops history --help`.
pub(super) fn history() -> String {
    let examples = [("of the set that this directory is", "gitops history")];
    section(&examples, &run_codes(&[Code::Error]))
}

/// Behind `gitops render --help`.
pub(super) fn render() -> String {
    let examples = [
        ("every manifest of this directory as one stream", "gitops render"),
        (
            "one commit of a repository, as JSON",
            "gitops render https://git.example/shop.git//clusters/prod?ref=v1.4.2 -o json",
        ),
    ];
    section(&examples, &run_codes(&[Code::Error]))
}

/// Behind `gitops snapshot --help`.
pub(super) fn snapshot() -> String {
    let examples = [
        ("record what `gitops diff` of this directory would read", "gitops snapshot -o prod.json"),
        (
            "the same for another context and revision",
            "gitops snapshot --ref main --context prod -o prod.json",
        ),
    ];
    section(&examples, &run_codes(&[Code::Error, Code::Incomplete]))
}

/// Behind `gitops completions --help`.
pub(super) fn completions() -> String {
    let examples = [
        (
            "bash, for the current user",
            "gitops completions bash > ~/.local/share/bash-completion/completions/gitops",
        ),
        ("zsh, into a directory of $fpath", "gitops completions zsh > ~/.zfunc/_gitops"),
        ("fish", "gitops completions fish > ~/.config/fish/completions/gitops.fish"),
    ];
    section(&examples, &[])
}

/// Behind `gitops man --help`.
pub(super) fn man() -> String {
    let examples = [
        ("read the page of diff", "gitops man diff | man -l -"),
        ("install the page of gitops", "gitops man > ~/.local/share/man/man1/gitops.1"),
    ];
    section(&examples, &[])
}

/// Codes of a command: these, and what every run can return.
fn run_codes(codes: &[Code]) -> Vec<Code> {
    let always = [Code::Clean, Code::Untrusted, Code::Interrupted, Code::Terminated];
    Code::ALL.into_iter().filter(|code| codes.contains(code) || always.contains(code)).collect()
}
