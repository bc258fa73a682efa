//! Which flags decide what a plan does, by their names, so that a plan tells which of them is another one.

use std::collections::{BTreeMap, BTreeSet};

use crate::cli::values::Only;
use crate::cli::writing::{DeleteBounds, WriteArgs};
use crate::cli::{Added, AllowRemote, ChoiceArgs, JudgeArgs, Renderer, RenderingArgs, Verify};
use crate::record::parent::Inputs;
use crate::run::compared::{BaseChoice, Comparison};
use crate::run::order::{Intent, Order};

/// The flags that decide. Those that only say how something is done, such as time-outs, and those that let a guard pass are left
/// out: guards are asked again. The arguments are taken apart, so that a new flag has to be thought of here.
pub(super) fn given(order: &Order, comparison: &Comparison, inputs: &Inputs) -> BTreeMap<String, String> {
    let mut all = inputs.settings.clone();
    let targets = list(order.targets.target.iter().cloned());
    let decided = [
        ("prune", yes(order.prune && order.intent == Intent::Apply)),
        ("allow-empty", yes(order.allow_empty && order.intent == Intent::Apply)),
        ("adopt-set", list(order.adopt_set.iter().cloned())),
        ("target", targets),
        ("base", comparison.base.as_ref().map(base)),
        ("since", order.since.map(|since| format!("{since:?}"))),
    ];
    let parts = decided
        .into_iter()
        .chain(of_write(&order.write))
        .chain(of_judge(&order.judge))
        .chain(of_bounds(&order.bounds))
        .chain(of_choice(&order.choice))
        .chain(of_rendering(&order.rendering))
        .chain(of_intent(&order.intent));
    all.extend(parts.filter_map(|(name, value)| Some((name.to_owned(), value?))));
    all
}

/// A flag and what it says; nothing where it was not given.
type Flag = (&'static str, Option<String>);

fn of_write(write: &WriteArgs) -> [Flag; 3] {
    let WriteArgs {
        yes: _,
        dry_run: _,
        continue_on_error,
        emit_events: _,
        force_conflicts,
        replace,
        allow_dirty: _,
        allow_non_fast_forward: _,
    } = write;
    let forced = force_conflicts.iter().map(|of| if of.is_empty() { "all" } else { of });
    [
        ("continue-on-error", yes(*continue_on_error)),
        ("force-conflicts", list(forced.map(str::to_owned))),
        ("replace", list(replace.iter().cloned())),
    ]
}

fn of_judge(judge: &JudgeArgs) -> [Flag; 3] {
    // The base is told with its commit.
    let JudgeArgs { base: _, added, strict, verify } = judge;
    let added = match added {
        Added::Drift => None,
        Added::Note => Some("note"),
        Added::Ignore => Some("ignore"),
    };
    let verify = match verify {
        Verify::Changed => None,
        Verify::All => Some("all"),
    };
    [("added", added.map(str::to_owned)), ("strict", yes(*strict)), ("verify", verify.map(str::to_owned))]
}

fn of_bounds(bounds: &DeleteBounds) -> [Flag; 2] {
    let DeleteBounds { max_deletes, allow_prune_kind } = bounds;
    [
        ("max-deletes", max_deletes.map(|most| most.to_string())),
        ("allow-prune-kind", list(allow_prune_kind.iter().cloned())),
    ]
}

fn of_choice(choice: &ChoiceArgs) -> [Flag; 2] {
    let ChoiceArgs { selector, only } = choice;
    let text = |Only { kind, namespace, name }: &Only| match namespace {
        Some(namespace) => format!("{kind}/{namespace}/{name}"),
        None => format!("{kind}/{name}"),
    };
    [("selector", selector.as_ref().map(ToString::to_string)), ("only", list(only.iter().map(text)))]
}

fn of_rendering(rendering: &RenderingArgs) -> [Flag; 3] {
    let RenderingArgs { renderer, allow_remote, locked } = rendering;
    let remote = match allow_remote {
        AllowRemote::Nothing => None,
        AllowRemote::All => Some("all".to_owned()),
        AllowRemote::Hosts(hosts) => list(hosts.iter().cloned()),
    };
    [("renderer", self::renderer(renderer)), ("allow-remote", remote), ("locked", yes(*locked))]
}

fn of_intent(intent: &Intent) -> [Flag; 2] {
    let (fields, managers) = match intent {
        Intent::Revert(choice) => {
            (list(choice.fields.iter().map(ToString::to_string)), choice.managers.clone())
        }
        Intent::Apply | Intent::Delete => (None, Vec::new()),
    };
    [("field", fields), ("manager", list(managers.into_iter()))]
}

fn base(base: &BaseChoice) -> String {
    match base {
        BaseChoice::None => "none".to_owned(),
        BaseChoice::Revision(revision, snapshot, _) => {
            format!("{revision} ({})", snapshot.commit.as_deref().unwrap_or("no commit"))
        }
    }
}

fn yes(given: bool) -> Option<String> {
    given.then(|| "true".to_owned())
}

fn list(values: impl Iterator<Item = String>) -> Option<String> {
    let values: BTreeSet<String> = values.collect();
    (!values.is_empty()).then(|| values.into_iter().collect::<Vec<_>>().join(", "))
}

fn renderer(renderer: &Renderer) -> Option<String> {
    match renderer {
        Renderer::Auto => None,
        Renderer::Plain => Some("plain".to_owned()),
        Renderer::Kustomize => Some("kustomize".to_owned()),
        Renderer::KustomizeBy(program) => Some(format!("kustomize=exec:{}", program.display())),
    }
}
