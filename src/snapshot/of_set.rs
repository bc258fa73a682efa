//! The record of a set in a snapshot.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::document::{ErrorPart, RecordPart, RecordedPart};
use crate::cluster::Server;
use crate::live::FetchError;
use crate::record::opened::{Answers, Part};
use crate::record::{SetIdentity, decode};

/// Reads the whole record of a set, every shard of it.
pub(super) async fn read(server: &Server, set: &SetIdentity, secret_values: bool) -> Option<RecordPart> {
    let answers = server.record(set).await;
    if matches!((&answers.parent, &answers.index), (Ok(None), Ok(None) | Err(_))) {
        return None;
    }
    let shards = match &answers.index {
        Ok(Some(index)) => decode::index(index).map_or(0, |(index, _)| index.shards),
        _ => 0,
    };
    let shards = server.record_shards(set, &(1..=shards).collect()).await;
    let bases = std::iter::once(answers.index).chain(shards.into_values());
    Some(RecordPart {
        set: set.name.clone(),
        namespace: set.record_namespace.clone(),
        parent: part(answers.parent),
        bases: bases.map(|base| part(base.map(|base| base.map(|base| kept(base, secret_values))))).collect(),
    })
}

/// A Secret of the record without the key.
fn kept(mut base: Value, secret_values: bool) -> Value {
    if let Some(data) = base.get_mut("data").and_then(Value::as_object_mut).filter(|_| !secret_values) {
        data.retain(|name, _| matches!(name.as_str(), "index" | "objects"));
    }
    base
}

fn part(read: Part) -> RecordedPart {
    match read {
        Ok(Some(mut object)) => {
            // Who wrote it says nothing about the set.
            if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
                metadata.remove("managedFields");
            }
            RecordedPart::Object(object)
        }
        Ok(None) => RecordedPart::Absent,
        Err(error) => RecordedPart::Unknown(ErrorPart::from(&error)),
    }
}

impl RecordedPart {
    fn read(&self) -> Part {
        match self {
            Self::Object(object) => Ok(Some(object.clone())),
            Self::Absent => Ok(None),
            Self::Unknown(error) => Err(error.clone().into()),
        }
    }
}

impl RecordPart {
    /// Which set it is of.
    pub(super) fn identity(&self) -> SetIdentity {
        SetIdentity { name: self.set.clone(), record_namespace: self.namespace.clone() }
    }

    /// What a server would answer.
    pub(super) fn answers(&self) -> Answers {
        let not_recorded = || Err(FetchError::NotRecorded("the snapshot does not hold it".to_owned()));
        let index = self.bases.first().map_or_else(not_recorded, RecordedPart::read);
        Answers { set: self.identity(), parent: self.parent.read(), index }
    }

    /// What a server would answer.
    pub(super) fn shards(&self, wanted: &BTreeSet<u16>) -> BTreeMap<u16, Part> {
        let not_recorded = || Err(FetchError::NotRecorded("the snapshot does not hold it".to_owned()));
        let read = |number: &u16| {
            let part = self.bases.get(usize::from(*number));
            (*number, part.map_or_else(not_recorded, RecordedPart::read))
        };
        wanted.iter().map(read).collect()
    }

    /// What could not be read.
    pub(super) fn gaps(&self) -> Vec<String> {
        let parts = std::iter::once(&self.parent).chain(&self.bases);
        let errors = parts.filter_map(|part| match part {
            RecordedPart::Unknown(error) => {
                Some(format!("record of set {}: {}", self.set, FetchError::from(error.clone())))
            }
            _ => None,
        });
        let mut gaps: Vec<String> = errors.collect();
        gaps.dedup();
        gaps
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_key_stays_out_unless_secret_values_are_recorded() {
        let base = json!({"type": "gitops/base", "data": {"index": "aQ==", "key": "azRy", "other": "bw=="}});
        assert_eq!(kept(base.clone(), false)["data"], json!({"index": "aQ=="}));
        assert_eq!(kept(base.clone(), true), base);
    }

    #[test]
    fn a_record_answers_as_the_server_did() {
        let forbidden = ErrorPart::from(&FetchError::Failed("broken".to_owned()));
        let record = RecordPart {
            set: "shop".to_owned(),
            namespace: "default".to_owned(),
            parent: RecordedPart::Absent,
            bases: vec![RecordedPart::Object(json!({"a": 1})), RecordedPart::Unknown(forbidden)],
        };
        assert_eq!(record.answers().parent, Ok(None));
        assert_eq!(record.answers().index, Ok(Some(json!({"a": 1}))));
        let shards = record.shards(&BTreeSet::from([1, 2]));
        assert_eq!(shards[&1], Err(FetchError::NotRecorded("not in the snapshot: broken".to_owned())));
        assert!(
            matches!(&shards[&2], Err(FetchError::NotRecorded(text)) if text.contains("does not hold it"))
        );
        assert_eq!(record.gaps(), ["record of set shop: not in the snapshot: broken"]);
    }
}
