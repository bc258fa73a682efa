//! Saved plans: `--out` writes one, and a run with `--plan` performs exactly it or nothing.
#![expect(clippy::disallowed_methods, reason = "reads and writes files: an edge")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use super::compared::{BaseChoice, Comparison, Prepared, Scene};
use super::error::RunError;
use super::execute::Ended;
use super::order::{Intent, Order};
use super::output::Output;
use crate::cli::{Added, AllowRemote, Renderer};
use crate::desired::Entry;
use crate::live::Presence;
use crate::mask::rules::MaskRules;
use crate::object::digest::{hex, of_parts};
use crate::object::id::ObjectId;
use crate::object::value::text_at;
use crate::plan::saved::{Basis, Cluster, Key, MAX_BYTES, START, Saved, SavedStep, Unreadable, is_plan};
use crate::plan::seal::Seal;
use crate::plan::{Plan, bound};
use crate::reader::Live;
use crate::record::SetIdentity;
use crate::record::key::KEY_BYTES;
use crate::record::parent::Inputs;
use crate::settings;

/// Reads the plan that `--plan` names, and makes an order one of exactly it: a moment that was relative to when the plan was
/// made is the one that was meant then.
///
/// # Errors
/// The file cannot be read (2), or is no plan as it was written (5).
pub(super) fn load(order: &Order) -> Result<(Order, Option<Saved>), RunError> {
    let mut order = order.clone();
    let Some(file) = &order.saved.plan else { return Ok((order, None)) };
    let bytes = read(file).map_err(|error| unusable(file, &format!("cannot be read: {error}")))?;
    let saved = Saved::decode(&bytes).map_err(|error| match error {
        Unreadable::NotAPlan | Unreadable::TooLarge => unusable(file, &error.to_string()),
        Unreadable::Damaged(_) | Unreadable::Version(_) => {
            RunError::refused(format!("{} {error}; nothing was written", file.display()), again())
        }
    })?;
    if let (Intent::Revert(choice), Some(moment)) = (&mut order.intent, &saved.basis.since)
        && choice.since.is_some()
    {
        choice.since = moment.parse().ok();
    }
    Ok((order, Some(saved)))
}

fn read(file: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(file)?.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn unusable(file: &Path, reason: &str) -> RunError {
    let hint = "name a file that --out wrote".to_owned();
    RunError::usage(format!("--plan {}: it {reason}", file.display()), hint)
}

fn again() -> String {
    "plan again with --out, and look at what it would do now".to_owned()
}

/// A plan is about one target.
///
/// # Errors
/// There are several.
pub(super) fn refuse_several(order: &Order, names: &[&str]) -> Result<(), RunError> {
    let flag = match (&order.saved.out, &order.saved.plan) {
        (Some(_), _) => "--out",
        (_, Some(_)) => "--plan",
        _ => return Ok(()),
    };
    if names.len() < 2 {
        return Ok(());
    }
    Err(RunError::usage(
        format!("{flag} is about one target, and {} are selected", names.len()),
        format!("choose one with --target {}", names.join(" or --target ")),
    ))
}

/// What a plan is made of, as far as that is known before the cluster is read; `None` if none is saved or performed.
pub(super) async fn basis(
    order: &Order,
    comparison: &Comparison,
    prepared: &Prepared,
    inputs: &Inputs,
    set: &SetIdentity,
    live: &Live,
) -> Option<Basis> {
    if order.saved.out.is_none() && order.saved.plan.is_none() {
        return None;
    }
    let source = &prepared.rendered.source;
    let since = match &order.intent {
        Intent::Revert(choice) => choice.since.map(|since| since.to_string()),
        Intent::Apply | Intent::Delete => None,
    };
    Some(Basis {
        tool: concat!(env!("CARGO_PKG_VERSION_MAJOR"), ".", env!("CARGO_PKG_VERSION_MINOR")).to_owned(),
        command: order.command.to_owned(),
        commit: source.commit.clone(),
        dirty: source.dirty,
        path: inputs.path.clone(),
        renderer: inputs.renderer.clone(),
        set: format!("{}/{}", set.record_namespace, set.name),
        cluster: cluster(live).await,
        inputs: given(order, comparison, inputs),
        since,
    })
}

/// The cluster itself where it tells who it is, else what it was reached by.
async fn cluster(live: &Live) -> Cluster {
    match live.cluster_uid().await {
        Ok(Some(uid)) => Cluster::Uid(uid),
        Ok(None) | Err(_) => {
            let identity = live.identity();
            let authority = identity.authority.as_deref().unwrap_or_default();
            Cluster::Server(hex(&of_parts(&[identity.server.as_bytes(), authority.as_bytes()])[..16]))
        }
    }
}

/// The flags that decide what a plan does. Those that only say how it is done, such as time-outs, are left out.
fn given(order: &Order, comparison: &Comparison, inputs: &Inputs) -> BTreeMap<String, String> {
    let (write, judge, bounds) = (&order.write, &order.judge, &order.bounds);
    let mut all = inputs.settings.clone();
    let mut put = |name: &str, value: Option<String>| {
        all.extend(value.map(|value| (name.to_owned(), value)));
    };
    let yes = |given: bool| given.then(|| "true".to_owned());
    put("prune", yes(order.prune && order.intent == Intent::Apply));
    put("allow-empty", yes(order.allow_empty && order.intent == Intent::Apply));
    put("continue-on-error", yes(write.continue_on_error));
    put("strict", yes(judge.strict));
    put("locked", yes(order.rendering.locked));
    put("max-deletes", bounds.max_deletes.map(|most| most.to_string()));
    put("allow-prune-kind", list(bounds.allow_prune_kind.iter().cloned()));
    put("replace", list(write.replace.iter().cloned()));
    let forced = write.force_conflicts.iter().map(|of| if of.is_empty() { "all" } else { of });
    put("force-conflicts", list(forced.map(str::to_owned)));
    put("adopt-set", list(order.adopt_set.iter().cloned()));
    put("selector", order.choice.selector.as_ref().map(ToString::to_string));
    let only = order.choice.only.iter().map(|only| match &only.namespace {
        Some(namespace) => format!("{}/{namespace}/{}", only.kind, only.name),
        None => format!("{}/{}", only.kind, only.name),
    });
    put("only", list(only));
    put("target", list(order.targets.target.iter().cloned()));
    put(
        "added",
        match judge.added {
            Added::Drift => None,
            Added::Note => Some("note".to_owned()),
            Added::Ignore => Some("ignore".to_owned()),
        },
    );
    put("renderer", renderer(&order.rendering.renderer));
    put(
        "allow-remote",
        match &order.rendering.allow_remote {
            AllowRemote::Nothing => None,
            AllowRemote::All => Some("all".to_owned()),
            AllowRemote::Hosts(hosts) => list(hosts.iter().cloned()),
        },
    );
    put(
        "base",
        comparison.base.as_ref().map(|base| match base {
            BaseChoice::None => "none".to_owned(),
            BaseChoice::Revision(revision, snapshot, _) => {
                format!("{revision} ({})", snapshot.commit.as_deref().unwrap_or("no commit"))
            }
        }),
    );
    if let Intent::Revert(choice) = &order.intent {
        put("field", list(choice.fields.iter().map(ToString::to_string)));
        put("manager", list(choice.managers.iter().cloned()));
    }
    put("since", order.since.map(|since| format!("{since:?}")));
    all
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

/// Compares what is known before the lock is taken with the plan that is to be performed.
///
/// # Errors
/// Something differs.
pub(super) fn check_basis(order: &Order, saved: Option<&Saved>, now: Option<&Basis>) -> Result<(), RunError> {
    match (saved, now) {
        (Some(saved), Some(now)) => refuse(order, saved.basis.differences(now)),
        _ => Ok(()),
    }
}

fn refuse(order: &Order, differences: Vec<String>) -> Result<(), RunError> {
    if differences.is_empty() {
        return Ok(());
    }
    let file = order.saved.plan.as_deref().unwrap_or(Path::new("")).display().to_string();
    Err(RunError::Stale { file, differences, hint: again() })
}

/// A plan as it would be saved, and what its digests are made with.
pub(super) struct Bound {
    pub(super) saved: Saved,
    seal: Seal,
}

/// Binds a plan to everything that it was made of.
///
/// # Errors
/// Nothing would tell one value of a Secret from another.
pub(super) fn bind(
    basis: &Basis,
    scene: &Scene,
    plan: &Plan,
    performed: Option<&Saved>,
) -> Result<Bound, RunError> {
    let hidden = MaskRules::default();
    let (key, seal) = seal(scene, performed)?;
    let rendered: Vec<(&ObjectId, Value)> = scene
        .desired
        .entries
        .iter()
        .filter_map(|(id, entry)| match entry {
            Entry::Ready(ready) => Some((id, ready.object())),
            Entry::KindPending(manifest) => Some((id, manifest.object.value())),
            Entry::Invalid { .. } | Entry::Unknown { .. } | Entry::Lost { .. } => None,
        })
        .collect();
    let by_program = basis.inputs.get("renderer").is_some_and(|renderer| renderer.contains("exec:"));
    if (basis.commit.is_none() || basis.dirty || by_program)
        && let Some((id, _)) = rendered.iter().find(|(id, object)| seal.leaves_out(id, object, &hidden))
    {
        return Err(unbound(id));
    }
    let live = |id: &ObjectId| match (scene.live.get(id), scene.extras.members.get(id)) {
        (_, Some(member)) => Some(member.live.clone()),
        (Some(Ok(Presence::Found(observed))), _) => serde_json::from_slice(&observed.json).ok(),
        _ => None,
    };
    let saved = Saved {
        made_at: settings::now(),
        basis: basis.clone(),
        key,
        render: seal.render(&rendered, &hidden),
        steps: bound::steps(plan, &seal, live, &hidden),
        blocked: bound::blocked(plan),
        held: plan.held.iter().map(ToString::to_string).collect(),
        left: bound::left(plan),
    };
    Ok(Bound { saved, seal })
}

/// The key of the set, else that of the plan which is performed, else a new one.
fn seal(scene: &Scene, performed: Option<&Saved>) -> Result<(Key, Seal), RunError> {
    let stored = scene.recorded.record.as_ref().and_then(|record| record.stored.as_ref());
    if let Some(key) = stored.and_then(|stored| stored.key.clone()) {
        let seal = Seal::of_set(key);
        return Ok((Key::Set(seal.id()), seal));
    }
    if let Some(saved) = performed
        && let Some(seal) = saved.key.own_seal()
    {
        return Ok((saved.key.clone(), seal));
    }
    let mut bytes = [0; KEY_BYTES];
    getrandom::fill(&mut bytes)
        .map_err(|error| RunError::usage(format!("the system gives no random bytes: {error}"), None))?;
    Ok((Key::of_plan(&bytes), Seal::of_plan(bytes)))
}

/// Without a key of the set only the commit says which values Secrets have.
fn unbound(id: &ObjectId) -> RunError {
    RunError::refused(
        format!(
            "a saved plan would not tell one value of {id} from another: the set has no record with a key yet, and what is \
             rendered is not a commit alone"
        ),
        "plan a commit (--ref HEAD) with a renderer of gitops; or apply once without a saved plan, which makes the key"
            .to_owned(),
    )
}

impl Bound {
    /// Compares with the plan that is to be performed.
    ///
    /// # Errors
    /// Something differs.
    pub(super) fn check(&self, order: &Order, saved: &Saved) -> Result<(), RunError> {
        refuse(order, saved.differences(&self.saved))
    }

    /// What steps are held to while they are performed.
    pub(super) fn exact(&self) -> Exact {
        let steps = self.saved.steps.iter().map(|step| (step.id(), step.clone())).collect();
        Exact { steps, seal: self.seal.clone(), stale: AtomicBool::new(false) }
    }

    /// Writes the plan to the file of `--out`, if the run would do anything of it.
    ///
    /// # Errors
    /// The file cannot be written, or is something else than a plan.
    pub(super) fn save(&self, order: &Order, doable: bool, output: &Output) -> Result<(), RunError> {
        let Some(file) = &order.saved.out else { return Ok(()) };
        if !doable {
            output.say("warning", "the plan is not saved, because nothing of it would be done");
            return Ok(());
        }
        let content = self.saved.encode().map_err(|error| unwritable(file, &error.to_string()))?;
        write(file, &content)?;
        output.say("hint", &format!("perform it with the same flags and --plan {}", file.display()));
        Ok(())
    }
}

/// A file that is to be replaced has to be a plan, and is so at once, readable by its owner alone.
fn write(file: &Path, content: &[u8]) -> Result<(), RunError> {
    let failed = |error: std::io::Error| RunError::Output {
        place: file.display().to_string(),
        reason: error.to_string(),
    };
    let known = match std::fs::symlink_metadata(file) {
        Ok(metadata) if metadata.is_file() => {
            let mut start = Vec::new();
            let opened = std::fs::File::open(file).map_err(failed)?;
            opened.take(START as u64).read_to_end(&mut start).map_err(failed)?;
            if !is_plan(&start) {
                return Err(unwritable(file, "it is there already and is no plan"));
            }
            true
        }
        Ok(_) => return Err(unwritable(file, "it is no ordinary file")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
        Err(error) => return Err(failed(error)),
    };
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // The library makes it for its owner alone.
    let temporary = tempfile::Builder::new().prefix(".gitops-plan-").tempfile_in(parent);
    let mut temporary = temporary.map_err(|error| failed(error.kind().into()))?;
    temporary.write_all(content).and_then(|()| temporary.as_file().sync_all()).map_err(failed)?;
    let persisted = if known { temporary.persist(file) } else { temporary.persist_noclobber(file) };
    persisted.map(drop).map_err(|error| failed(error.error))
}

fn unwritable(file: &Path, reason: &str) -> RunError {
    RunError::usage(
        format!("--out {}: {reason}; no plan was saved", file.display()),
        "name another file".to_owned(),
    )
}

/// Refuses a file that the next run would read as a manifest.
///
/// # Errors
/// It lies in the directory that is rendered, and is called like a manifest.
pub(super) fn refuse_inside(order: &Order) -> Result<(), RunError> {
    let Some(file) = &order.saved.out else { return Ok(()) };
    let ending = file.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    if order.source.reference.is_some() || !matches!(ending, "yaml" | "yml" | "json") {
        return Ok(());
    }
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match (std::fs::canonicalize(parent), std::fs::canonicalize(&order.source.source)) {
        (Ok(parent), Ok(source)) if parent.starts_with(&source) => {
            Err(unwritable(file, "there it would be read as a manifest"))
        }
        _ => Ok(()),
    }
}

/// What the steps of a plan that is performed are held to: after a conflict an object has to be as it was, and what is sent as
/// well, or the plan is stale and the run ends.
#[derive(Debug)]
pub(super) struct Exact {
    steps: BTreeMap<ObjectId, SavedStep>,
    seal: Seal,
    stale: AtomicBool,
}

impl Exact {
    /// True if something was not as planned.
    pub(super) fn is_stale(&self) -> bool {
        self.stale.load(Ordering::Relaxed)
    }

    /// The end of a step that cannot be done as planned.
    pub(super) fn stale(&self, reason: &str) -> Ended {
        self.stale.store(true, Ordering::Relaxed);
        Ended::Failed(format!("{reason} while the saved plan was performed; plan again"))
    }

    /// True if it is the object of the plan, whatever state it is in.
    pub(super) fn is_same_object(&self, id: &ObjectId, live: &Value) -> bool {
        let uid = text_at(live, &["metadata", "uid"]);
        self.steps.get(id).is_some_and(|step| step.uid.as_deref() == uid)
    }

    /// True if the object is as it was planned upon, and what is sent as well.
    pub(super) fn holds(&self, id: &ObjectId, live: &Value, sent: &[Value]) -> bool {
        let hidden = MaskRules::default();
        let digest = Some(self.seal.live(id, live, &hidden));
        let sends = Some(self.seal.sent(id, sent, &hidden));
        self.is_same_object(id, live)
            && self.steps.get(id).is_some_and(|step| step.live == digest && step.sends == sends)
    }
}
