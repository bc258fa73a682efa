//! `gitops render`: the rendered manifests, without any cluster.

use serde::Serializer as _;
use serde_json::Value;

use super::choose;
use super::error::RunError;
use super::lockfile;
use super::output::{Output, deliver};
use super::prepared;
use super::remotes::Policy;
use super::verify;
use crate::cli::{AllowRemote, RenderArgs, RenderFormat, Renderer};
use crate::exit::Code;
use crate::object::id::ObjectId;
use crate::render::yaml::emit::{self, Order};
use crate::render::{Manifest, Manifests};
use crate::report::escape;
use crate::settings;

/// Renders and prints.
///
/// # Errors
/// The source cannot be read or rendered, or the output cannot be written.
pub fn render(args: &RenderArgs, output: &mut Output) -> Result<Code, RunError> {
    let mut rendering = settings::rendering(&args.rendering, &args.source, &args.run);
    check(args)?;
    if let Some(program) = &args.verify_with {
        return verify::verify(&rendering, program, output);
    }
    let lock = if args.update_lock { Some(lockfile::place(&rendering.request)?) } else { None };
    if lock.is_some() {
        rendering.remotes = Policy::Update;
    }
    let rendered = prepared::render(&rendering.request, &rendering)?;
    if let Some(lock) = lock {
        lockfile::write(&lock, &rendered.fetched, output)?;
    }
    let mut manifests = rendered.manifests;
    select(&mut manifests, args)?;
    for warning in &manifests.warnings {
        output.warning(warning);
    }
    let mut destinations: Vec<_> = args.output.iter().map(|d| (d.format, d.file.as_deref())).collect();
    if destinations.is_empty() {
        destinations.push((RenderFormat::Yaml, None));
    }
    for (format, file) in destinations {
        deliver(file, output, text(format, &manifests, args).as_bytes())?;
    }
    let denied = args.run.deny_warnings && !manifests.warnings.is_empty();
    Ok(if denied { Code::Error } else { Code::Clean })
}

/// Flags that cannot go together. A variable may say that one of them is off, so this is no matter of their being there.
fn check(args: &RenderArgs) -> Result<(), RunError> {
    if !args.update_lock {
        return Ok(());
    }
    let beside = [
        (args.rendering.locked, "--locked"),
        (args.source.offline, "--offline"),
        (args.source.reference.is_some(), "--ref"),
        (args.verify_with.is_some(), "--verify-with"),
        (matches!(args.rendering.renderer, Renderer::KustomizeBy(_)), "--renderer kustomize=exec:…"),
    ];
    if let Some((_, flag)) = beside.into_iter().find(|(given, _)| *given) {
        return Err(RunError::usage(
            format!("--update-lock and {flag} do not go together"),
            "write the lock in a run of its own: gitops render --allow-remote --update-lock".to_owned(),
        ));
    }
    match args.rendering.allow_remote {
        AllowRemote::All | AllowRemote::Hosts(_) => Ok(()),
        AllowRemote::Nothing => Err(RunError::usage(
            "--update-lock fetches, and needs --allow-remote for that",
            "gitops render --allow-remote --update-lock".to_owned(),
        )),
    }
}

fn select(manifests: &mut Manifests, args: &RenderArgs) -> Result<(), RunError> {
    let id = |manifest: &Manifest| {
        ObjectId::new(&manifest.gvk, manifest.namespace.as_deref().unwrap_or_default(), &manifest.name)
    };
    for only in &args.choice.only {
        let ids: Vec<ObjectId> = manifests.items.iter().map(id).collect();
        if !ids.iter().any(|id| choose::is_meant(only, id, None)) {
            return Err(choose::none_meant(only, ids.iter()));
        }
    }
    let (only, selector) = (&args.choice.only, args.choice.selector.as_ref());
    manifests.items.retain(|manifest| {
        let meant = only.is_empty() || only.iter().any(|only| choose::is_meant(only, &id(manifest), None));
        meant && (selector.is_none() || choose::is_selected(selector, &manifest.object.value()))
    });
    Ok(())
}

/// Without a cluster nobody knows which kinds have a namespace, so only `-n` fills it in, and never for the kinds that are
/// known to have none.
fn with_namespace(manifest: &Manifest, args: &RenderArgs) -> Value {
    let mut object = manifest.object.value();
    let cluster_scoped = crate::schema::builtin::is_cluster_scoped(&manifest.gvk.group, &manifest.gvk.kind);
    if let (Some(namespace), None, false) = (&args.source.namespace, &manifest.namespace, cluster_scoped)
        && let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut)
    {
        metadata.insert("namespace".to_owned(), Value::from(namespace.as_str()));
    }
    object
}

/// The output: one object after the other, so that memory holds no more than one of them as a value.
fn text(format: RenderFormat, manifests: &Manifests, args: &RenderArgs) -> String {
    let objects = manifests.items.iter().map(|manifest| with_namespace(manifest, args));
    match format {
        RenderFormat::Yaml => emit::stream(objects, Order::Manifest),
        RenderFormat::Json => {
            let mut out = Vec::new();
            let written = serde_json::Serializer::pretty(&mut out).collect_seq(objects);
            let text = written.ok().and_then(|()| String::from_utf8(out).ok());
            text.map(|text| escape::json(text) + "\n").unwrap_or_default()
        }
    }
}
