//! `gitops snapshot`: everything that a diff of this source needs, in one file.

use std::collections::BTreeSet;
use std::path::Path;

use super::autoscalers;
use super::error::RunError;
use super::output::{Output, deliver};
use super::{compared, prepared};
use crate::cli::SnapshotArgs;
use crate::cluster::Server;
use crate::desired;
use crate::exit::Code;
use crate::report::escape;
use crate::settings;
use crate::snapshot::{Document, Wish, record, write};

/// Records and writes a snapshot.
///
/// # Errors
/// The source or the cluster cannot be used, or the file cannot be written.
pub async fn snapshot(args: &SnapshotArgs, output: &mut Output) -> Result<Code, RunError> {
    let surroundings = settings::surroundings(&args.run);
    let request = settings::source(&args.source, &args.run);
    let rendering = settings::rendering(&args.rendering, &args.source, &args.run);
    let (choice, environment) = super::kubeconfig(&args.source, &args.cluster)?;
    let options = settings::options(&args.cluster, &args.run, &surroundings, true);
    if args.include_secrets && args.output == Path::new("-") {
        return Err(RunError::usage(
            "--include-secrets writes no Secret values to standard output",
            "name a file outside any Git work tree with -o FILE".to_owned(),
        ));
    }
    let rendered = super::blocking(move || prepared::render(&request, &rendering)).await?;
    let server = Server::connect(&choice, &environment, options).await?;
    let catalog = server.catalog().await?;
    let context = server.identity().namespace.clone();
    let namespace = args.source.namespace.clone().or(context).unwrap_or_else(|| "default".to_owned());
    let choice = settings::set(&args.set);
    let identity = choice.identity(rendered.origin_url.as_deref(), &rendered.path, &namespace);
    let set = desired::resolve(rendered.manifests.items, &catalog, &namespace);
    for warning in rendered.manifests.warnings.iter().chain(&set.warnings) {
        output.warning(warning);
    }
    let mut wanted = compared::wanted(&set);
    wanted.extend(autoscalers::kinds_for(&catalog, &set));
    let schemas = compared::versions(&set);
    let namespaces: BTreeSet<String> =
        set.entries.keys().map(|id| id.namespace.clone()).filter(|namespace| !namespace.is_empty()).collect();
    let wish = Wish {
        wanted: &wanted,
        schemas: &schemas,
        namespaces: &namespaces,
        secret_values: args.include_secrets,
        set: identity.as_ref(),
    };
    let document = record(&server, &catalog, wish).await?;
    for gap in document.record_gaps().into_iter().chain(document.gaps()) {
        output.say("warning", &gap);
    }
    store(&document, args, output)?;
    Ok(if document.gaps().is_empty() { Code::Clean } else { Code::Incomplete })
}

fn store(document: &Document, args: &SnapshotArgs, output: &Output) -> Result<(), RunError> {
    if args.output != Path::new("-") {
        return Ok(write(document, &args.output)?);
    }
    let reason = |error: serde_json::Error| RunError::Output {
        place: "standard output".to_owned(),
        reason: error.to_string(),
    };
    let mut text = escape::json(serde_json::to_string_pretty(document).map_err(reason)?);
    text.push('\n');
    deliver(None, output, text.as_bytes())
}
