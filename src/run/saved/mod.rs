//! Saved plans: `--out` writes one, and a run with `--plan` performs exactly it or nothing.

mod exact;
mod file;
mod given;

use std::path::Path;

use serde_json::Value;

pub(super) use exact::Exact;
pub(super) use file::refuse_inside;

use super::compared::{Comparison, Scene};
use super::error::RunError;
use super::order::{Intent, Order};
use super::output::Output;
use super::prepared::Prepared;
use crate::cli::Renderer;
use crate::desired::Entry;
use crate::live::Presence;
use crate::mask::rules::MaskRules;
use crate::object::digest::{hex, of_parts};
use crate::object::id::ObjectId;
use crate::plan::saved::{Basis, Cluster, Key, Saved};
use crate::plan::seal::Seal;
use crate::plan::{Plan, bound};
use crate::reader::Live;
use crate::record::SetIdentity;
use crate::record::key::KEY_BYTES;
use crate::record::parent::Inputs;
use crate::settings;
use crate::source::url::{self, Location};
use file::{decoded, is_inside, unwritable};
use given::given;

/// Reads the plan that `--plan` names, and makes an order one of exactly it: a moment that was relative to when the plan was
/// made is the one that was meant then.
///
/// # Errors
/// The file cannot be read (2), or is no plan as it was written (5).
pub(super) async fn load(order: &Order) -> Result<(Order, Option<Saved>), RunError> {
    let mut order = order.clone();
    let Some(file) = &order.saved.plan else { return Ok((order, None)) };
    let saved = {
        let file = file.clone();
        super::blocking(move || decoded(&file)).await?
    };
    if let (Intent::Revert(choice), Some(moment)) = (&mut order.intent, &saved.basis.since)
        && let (Some(since), Ok(moment)) = (&mut choice.since, moment.parse())
    {
        *since = moment;
    }
    Ok((order, Some(saved)))
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
    order: &Order,
    basis: &Basis,
    scene: &Scene,
    plan: &Plan,
    performed: Option<&Saved>,
) -> Result<Bound, RunError> {
    let hidden = MaskRules::default();
    let (key, seal) = seal(scene, performed)?;
    let rendered = || scene.desired.entries.iter().filter_map(|(id, entry)| Some((id, rendered(entry)?)));
    // Of a plan with another key nothing is believed anyway.
    if performed.is_none_or(|saved| saved.key == key)
        && !is_commit_alone(order, basis)
        && let Some((id, _)) = rendered().find(|(id, object)| seal.leaves_out(id, object, &hidden))
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
        render: seal.render(rendered(), &hidden),
        steps: bound::steps(plan, &seal, live, &hidden),
        blocked: bound::blocked(plan),
        held: plan.held.iter().map(ToString::to_string).collect(),
        left: bound::left(plan),
    };
    Ok(Bound { saved, seal })
}

/// An object of the render, if it can be written at all.
fn rendered(entry: &Entry) -> Option<Value> {
    match entry {
        Entry::Ready(ready) => Some(ready.object()),
        Entry::KindPending(manifest) => Some(manifest.object.value()),
        Entry::Invalid { .. } | Entry::Unknown { .. } | Entry::Lost { .. } => None,
    }
}

/// True if nothing but a commit is rendered. A directory that is read as it is may hold files that Git ignores.
fn is_commit_alone(order: &Order, basis: &Basis) -> bool {
    let location = url::parse(&order.source.source, &[]);
    let is_commit = order.source.reference.is_some() || matches!(location, Ok(Location::Remote(_)));
    let by_program = matches!(order.rendering.renderer, Renderer::KustomizeBy(_));
    is_commit && basis.commit.is_some() && !basis.dirty && !by_program
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
        Exact::new(&self.saved, self.seal.clone())
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
        file::write(file, &content)?;
        if self.saved.basis.commit.is_some() && !self.saved.basis.dirty && is_inside(order, file) {
            let place = file.display();
            let text = "lies in the source: unless Git ignores it, it is an uncommitted change when the plan is performed";
            output.say("warning", &format!("{place} {text}"));
        }
        output.say("hint", &format!("perform it with the same flags and --plan {}", file.display()));
        Ok(())
    }
}
