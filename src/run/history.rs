//! `gitops history`: the last runs that the record of a set tells of.

use super::error::RunError;
use super::output::{Output, deliver};
use super::prepared;
use super::prepared::nameless;
use super::undo::found::undoable;
use crate::cli::writing::HistoryArgs;
use crate::cluster::Server;
use crate::exit::Code;
use crate::reader::Live;
use crate::record::opened::open;
use crate::report::escape;
use crate::settings;

/// Prints the last runs, the newest first.
///
/// # Errors
/// The set has no name or no record, or the cluster cannot be read.
pub(super) async fn history(args: &HistoryArgs, output: &mut Output) -> Result<Code, RunError> {
    let surroundings = settings::surroundings(&args.run);
    let (choice, environment) = super::kubeconfig(&args.source, &args.cluster)?;
    let options = settings::options(&args.cluster, &args.run, &surroundings, true);
    let server = Server::connect(&choice, &environment, options).await?;
    let context = server.identity().namespace.clone();
    let namespace = args.source.namespace.clone().or(context).unwrap_or_else(|| "default".to_owned());
    let (request, choice) = (settings::source(&args.source, &args.run), settings::set(&args.set));
    let set = super::blocking(move || prepared::name(&request, &choice, &namespace)).await?;
    let reader = Live::Server(Box::new(server));
    let Some(answers) = reader.record(Some(&set)).await else { return Err(nameless()) };
    let unread = answers.parent.as_ref().err().map(ToString::to_string);
    let (record, troubles) = open(answers);
    let parent = record.and_then(|record| record.parent);
    let Some(parent) = parent else {
        let place = format!("ConfigMap {}/{}", set.record_namespace, set.parent_name());
        let problem = match (unread, troubles.into_iter().next()) {
            (Some(reason), _) => format!("the record of set {} cannot be read: {reason}", set.name),
            (None, Some(trouble)) => trouble.message,
            (None, None) => format!("the set {} has no record: there is no {place}", set.name),
        };
        let hint = "name the set with --set-name, or its namespace with --record-namespace".to_owned();
        return Err(RunError::usage(problem, hint));
    };
    let undoable = undoable(&reader, &set, &parent.runs).await;
    let mut text = String::new();
    for run in &parent.runs {
        let can = if run.undo.is_some() && run.undo == undoable { ", can be undone" } else { "" };
        let commit: String = run.commit.as_deref().unwrap_or("-").chars().take(12).collect();
        let dirty = if run.dirty { " (with uncommitted changes)" } else { "" };
        let counts: Vec<String> =
            run.counts.iter().map(|(what, number)| format!("{number} {what}")).collect();
        let times = if run.times > 1 { format!(", {} times", run.times) } else { String::new() };
        let line = format!(
            "{}  {:8}  {:11}  {commit:12}  {}{times}{dirty}{can}",
            run.finished_at,
            run.command,
            run.result.word(),
            counts.join(", ")
        );
        text.push_str(escape::clean(line.trim_end()).as_ref());
        text.push('\n');
    }
    deliver(None, output, text.as_bytes())?;
    Ok(Code::Clean)
}
