//! Which undo record counts: that of this machine where it is of the same run, or of a later one, than that on the cluster.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::copy::Copy;
use super::local::{Local, moment};
use crate::cluster::Server;
use crate::live::{Catalog, Presence, Served, Wanted};
use crate::object::id::{Gvk, ObjectId};
use crate::plan::undo::{Found, typed};
use crate::reader::Live;
use crate::record::SetIdentity;
use crate::record::parent::Run;
use crate::record::undo::{Entry, Record};
use crate::run::error::RunError;
use crate::run::output::Output;

/// Where a record was kept, and so how far it is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// On this machine, whole.
    Machine,
    /// On the cluster, where whoever may write Secrets may have changed it.
    Cluster,
}

/// The record of the last run. `runs` are those that the record of the set tells of.
///
/// # Errors
/// There is none, or a later run wrote and left none.
pub(super) async fn record(
    server: &Server,
    local: &Local,
    set: &SetIdentity,
    runs: &[Run],
    output: &Output,
) -> Result<(Record, Origin), RunError> {
    let here = local.read();
    let there = Copy::new(server, set).read().await.unwrap_or_else(|reason| {
        output.say("warning", &format!("the undo record on the cluster cannot be used: {reason}"));
        None
    });
    let Some((record, origin)) = chosen(here, there) else {
        return Err(RunError::usage(
            format!(
                "there is nothing to undo: neither this machine nor the cluster has an undo record of set {}",
                set.name
            ),
            "name the set with --set-name, or the namespace of its record with --record-namespace".to_owned(),
        ));
    };
    match later(&record, runs) {
        None => Ok((record, origin)),
        Some(run) => Err(RunError::refused(
            format!(
                "the last run that wrote is the {} of {}, and neither this machine nor the cluster has its undo record",
                run.command, run.finished_at
            ),
            "undo it on the machine where it ran, or roll back with gitops rollback".to_owned(),
        )),
    }
}

/// What tells the run that an undo would take back, if there is one that it could.
pub(in crate::run) async fn undoable(reader: &Live, set: &SetIdentity, runs: &[Run]) -> Option<String> {
    let Live::Server(server) = reader else { return None };
    let here = Local::new(reader, set).await.read();
    let there = Copy::new(server, set).read().await.ok().flatten();
    let (record, _) = chosen(here, there)?;
    later(&record, runs).is_none().then_some(record.head.id)
}

fn chosen(here: Option<Record>, there: Option<Record>) -> Option<(Record, Origin)> {
    match (here, there) {
        (Some(here), Some(there)) => {
            let is_last = here.head.id == there.head.id || began(&here) > began(&there);
            Some(if is_last { (here, Origin::Machine) } else { (there, Origin::Cluster) })
        }
        (Some(here), None) => Some((here, Origin::Machine)),
        (None, there) => there.map(|there| (there, Origin::Cluster)),
    }
}

/// A run that wrote after the one of the record; one that was killed is not among the runs.
fn later<'r>(record: &Record, runs: &'r [Run]) -> Option<&'r Run> {
    const WRITES: [&str; 5] = ["created", "configured", "replaced", "deleted", "deleting"];
    let wrote = |run: &&Run| run.undo.is_some() || WRITES.iter().any(|word| run.counts.contains_key(*word));
    let last = runs.iter().find(wrote)?;
    let other = last.undo.as_ref() != Some(&record.head.id);
    (other && moment(&last.finished_at) > began(record)).then_some(last)
}

fn began(record: &Record) -> Option<Timestamp> {
    moment(&record.head.started_at)
}

/// Reads what is live of everything that a record names.
pub(super) async fn live(
    reader: &Live,
    catalog: &Catalog,
    entries: &BTreeMap<ObjectId, Entry>,
) -> BTreeMap<ObjectId, Found> {
    let mut found = BTreeMap::new();
    let mut types: BTreeMap<Gvk, Wanted> = BTreeMap::new();
    for (id, entry) in entries {
        let gvk = entry.gvk();
        match catalog.served(&gvk) {
            Served::Yes(resource) => {
                let fresh = || Wanted { resource: resource.clone(), objects: Default::default() };
                let wanted = types.entry(gvk).or_insert_with(fresh);
                wanted.objects.insert((id.namespace.clone(), id.name.clone()));
            }
            Served::No(_) => {
                let reason = format!("{gvk} is not served; run again when it is");
                found.insert(id.clone(), Found::Unknown(reason));
            }
            Served::Unknown(reason) => drop(found.insert(id.clone(), Found::Unknown(reason.to_owned()))),
        }
    }
    let wanted: Vec<Wanted> = types.values().cloned().collect();
    for (id, presence) in reader.read(&wanted).await {
        let Some(entry) = entries.get(&id) else { continue };
        let (gvk, resource) = (entry.gvk(), types.get(&entry.gvk()).map(|wanted| wanted.resource.clone()));
        let Some(resource) = resource else { continue };
        let told = match presence {
            Ok(Presence::Absent) => Found::Read(resource, None),
            Ok(Presence::Found(observed)) => match serde_json::from_slice::<Value>(&observed.json) {
                Ok(object) => Found::Read(resource, Some(typed(object, &gvk))),
                Err(error) => Found::Unknown(format!("it cannot be decoded: {error}")),
            },
            Err(error) => Found::Unknown(error.to_string()),
        };
        found.insert(id, told);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::parent::Outcome;
    use crate::record::undo::{FORMAT, Head};

    fn record(id: &str, started_at: &str) -> Record {
        let head = Head { format: FORMAT, id: id.to_owned(), started_at: at(started_at), ..Head::default() };
        Record::new(head, [])
    }

    /// A time within one second, and the next.
    fn at(tenths: &str) -> String {
        format!("2026-01-01T00:00:0{}.{}Z", if tenths.len() > 1 { 1 } else { 0 }, tenths)
    }

    fn run(undo: Option<&str>, finished_at: &str, count: &str) -> Run {
        Run {
            command: "apply".to_owned(),
            commit: None,
            dirty: false,
            started_at: String::new(),
            finished_at: at(finished_at),
            result: Outcome::Done,
            counts: BTreeMap::from([(count.to_owned(), 1)]),
            times: 1,
            undo: undo.map(str::to_owned),
        }
    }

    #[test]
    fn the_record_of_the_last_run_counts() {
        let of = |here: Option<(&str, &str)>, there: Option<(&str, &str)>| {
            let read = |told: Option<(&str, &str)>| told.map(|(id, at)| record(id, at));
            chosen(read(here), read(there)).map(|(record, origin)| (record.head.id, origin))
        };
        let machine = |id: &str| Some((id.to_owned(), Origin::Machine));
        let cluster = |id: &str| Some((id.to_owned(), Origin::Cluster));
        assert_eq!(of(Some(("a", "1")), Some(("a", "1"))), machine("a"));
        assert_eq!(
            of(Some(("a", "2")), Some(("b", "1"))),
            machine("a"),
            "the cluster could not keep the last"
        );
        assert_eq!(of(Some(("a", "1")), Some(("b", "2"))), cluster("b"), "another machine ran since");
        assert_eq!(of(Some(("a", "1")), None), machine("a"));
        assert_eq!(of(None, Some(("b", "1"))), cluster("b"));
        assert_eq!(of(None, None), None);
    }

    #[test]
    fn a_run_that_wrote_since_makes_a_record_useless() {
        let table: &[(&[Run], bool)] = &[
            (&[], false),
            (&[run(Some("a"), "6", "created")], false),
            (&[run(None, "9", "failed"), run(Some("a"), "6", "created")], false),
            (&[run(Some("b"), "9", "created"), run(Some("a"), "6", "created")], true),
            (&[run(None, "9", "created"), run(Some("a"), "6", "created")], true),
            (&[run(Some("b"), "4", "created")], false),
        ];
        for (number, (runs, expected)) in table.iter().enumerate() {
            assert_eq!(later(&record("a", "5"), runs).is_some(), *expected, "row {number}");
        }
    }
}
