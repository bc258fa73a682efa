//! From what was read of a record to what of it may be used, with a warning for what may not.

use serde_json::Value;

use super::SetIdentity;
use super::decode;
use super::index::Index;
use super::key::SetKey;
use super::parent::Parent;
use crate::live::{FetchError, Right};

/// What was read of one object of a record: absent if the server says so.
pub type Part = Result<Option<Value>, FetchError>;

/// What was read: the parent and the Secret with the index, each absent if the server says so.
#[derive(Debug, Clone, PartialEq)]
pub struct Answers {
    /// Which set they are of.
    pub set: SetIdentity,
    /// The parent ConfigMap.
    pub parent: Part,
    /// `gitops-<set>-base-0`.
    pub index: Part,
}

/// A record that was opened.
#[derive(Debug, Clone)]
pub struct Record {
    /// Which set it is of.
    pub set: SetIdentity,
    /// The parent, if it can be used.
    pub parent: Option<Parent>,
    /// The index and the key, if they can be used.
    pub stored: Option<Stored>,
}

/// The index of the stored bases.
#[derive(Debug, Clone)]
pub struct Stored {
    /// The index.
    pub index: Index,
    /// The key; a snapshot without Secret values has none.
    pub key: Option<SetKey>,
}

/// Something of a record that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What, in one sentence.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// Opens a record. `None` if the set has none. Whatever cannot be read or understood is told once and left to the evidence.
pub fn open(answers: Answers) -> (Option<Record>, Vec<Trouble>) {
    let Answers { set, parent, index } = answers;
    if let (Ok(None), Ok(None) | Err(_)) = (&parent, &index) {
        // The parent is written first: without one there is nothing to be read.
        return (None, Vec::new());
    }
    let mut troubles = Vec::new();
    if let Some(trouble) = unreadable(&set, [parent.as_ref().err(), index.as_ref().err()]) {
        troubles.push(trouble);
    }
    let name = set.parent_name();
    let parent = parent.ok().flatten().and_then(|object| match Parent::decode(&set, &object) {
        Ok(parent) => Some(parent),
        Err(reason) => {
            troubles.push(unusable(&set, "ConfigMap", &name, &reason));
            None
        }
    });
    let name = set.base_name(0);
    let stored = match index {
        Err(_) => None,
        Ok(None) => {
            troubles.push(unusable(&set, "Secret", &name, "it does not exist"));
            None
        }
        Ok(Some(secret)) => match decode::index(&secret) {
            Ok((index, key)) => Some(Stored { index, key }),
            Err(error) => {
                troubles.push(unusable(&set, "Secret", &name, &error.to_string()));
                None
            }
        },
    };
    (Some(Record { set, parent, stored }), troubles)
}

/// One warning for everything that a right is missing for, or that could not be read for another reason.
fn unreadable(set: &SetIdentity, errors: [Option<&FetchError>; 2]) -> Option<Trouble> {
    let first = errors.into_iter().flatten().next()?;
    let forbidden = errors.into_iter().flatten().any(|error| matches!(error, FetchError::Forbidden { .. }));
    let message = format!(
        "the record of set {} cannot be read: {first}; what was applied last is told by managedFields alone",
        set.name
    );
    Some(Trouble { message, hint: forbidden.then(|| grant(set, 1)) })
}

/// The command that grants what reading a record takes.
pub fn grant(set: &SetIdentity, shards: u16) -> String {
    let mut names = vec![set.parent_name()];
    names.extend((0..=shards).map(|number| set.base_name(number)));
    let names: Vec<String> = names.iter().map(|name| format!("--resource-name={name}")).collect();
    format!(
        "grant it with: kubectl create role gitops-record -n {} --verb=get --resource=configmaps,secrets {}",
        set.record_namespace,
        names.join(" ")
    )
}

/// The right that reading a part of a record takes.
pub fn right(set: &SetIdentity, resource: &str) -> Right {
    Right {
        verb: "get".to_owned(),
        resource: resource.to_owned(),
        group: String::new(),
        namespace: Some(set.record_namespace.clone()),
    }
}

/// A part that cannot be used.
pub fn unusable(set: &SetIdentity, kind: &str, name: &str, reason: &str) -> Trouble {
    let message = format!(
        "{kind} {}/{name} of the record of set {} cannot be used: {reason}; what was applied last is told by managedFields alone",
        set.record_namespace, set.name
    );
    Trouble { message, hint: Some("the next apply writes it anew".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::super::encode::{encode, secrets};
    use super::super::fixtures::{Hides, member};
    use super::*;
    use serde_json::json;

    fn set() -> SetIdentity {
        SetIdentity { name: "shop".to_owned(), record_namespace: "default".to_owned() }
    }

    fn good() -> (Value, Value) {
        let key = SetKey::new([9; 32]);
        let encoded = encode(&[member("ConfigMap", "a", json!({}))], &key, &Hides, 0).unwrap();
        let index = secrets(&set(), &encoded, &key).remove(0);
        (Parent::default().encode(&set()).unwrap(), index)
    }

    fn opened(
        parent: Result<Option<Value>, FetchError>,
        index: Result<Option<Value>, FetchError>,
    ) -> (Option<Record>, Vec<String>) {
        let (record, troubles) = open(Answers { set: set(), parent, index });
        (
            record,
            troubles.into_iter().map(|t| format!("{} | {}", t.message, t.hint.unwrap_or_default())).collect(),
        )
    }

    fn forbidden(resource: &str) -> FetchError {
        FetchError::Forbidden { right: right(&set(), resource), message: String::new() }
    }

    #[test]
    fn a_record_is_used_as_far_as_it_can_be_read() {
        let (parent, index) = good();
        let (record, troubles) = opened(Ok(Some(parent.clone())), Ok(Some(index.clone())));
        let record = record.unwrap();
        assert!(record.parent.is_some() && record.stored.is_some() && troubles.is_empty());
        let (record, troubles) = opened(Ok(None), Ok(None));
        assert!(record.is_none() && troubles.is_empty(), "no record, and nothing to be said");
        let (record, troubles) = opened(Ok(None), Err(forbidden("secrets")));
        assert!(record.is_none() && troubles.is_empty(), "no parent, so no record");
        let (record, troubles) = opened(Ok(None), Ok(Some(index.clone())));
        assert!(
            record.unwrap().stored.is_some() && troubles.is_empty(),
            "bases stay true without the parent"
        );
        let (record, troubles) = opened(Ok(Some(parent)), Ok(None));
        assert!(record.unwrap().stored.is_none());
        assert!(
            troubles[0].contains("Secret default/gitops-shop-base-0")
                && troubles[0].contains("does not exist")
        );
        let (record, troubles) = opened(Ok(Some(json!({}))), Ok(Some(json!({"type": "gitops/base"}))));
        let record = record.unwrap();
        assert!(record.parent.is_none() && record.stored.is_none());
        assert_eq!(troubles.len(), 2, "{troubles:?}");
    }

    #[test]
    fn a_missing_right_is_one_warning_with_what_to_grant() {
        let (parent, index) = good();
        for (parent, index) in [
            (Ok(Some(parent.clone())), Err(forbidden("secrets"))),
            (Err(forbidden("configmaps")), Err(forbidden("secrets"))),
            (Err(forbidden("configmaps")), Ok(Some(index))),
        ] {
            let (_, troubles) = opened(parent, index);
            assert_eq!(troubles.len(), 1, "{troubles:?}");
            assert!(troubles[0].contains("cannot be read: forbidden: cannot get"), "{troubles:?}");
            assert!(
                troubles[0].ends_with(
                    "kubectl create role gitops-record -n default --verb=get --resource=configmaps,secrets \
                     --resource-name=gitops-shop --resource-name=gitops-shop-base-0 --resource-name=gitops-shop-base-1"
                ),
                "{troubles:?}"
            );
        }
        let (_, troubles) = opened(Ok(Some(parent)), Err(FetchError::Deadline));
        assert!(troubles[0].contains("the deadline of the run passed"), "{troubles:?}");
        assert!(troubles[0].ends_with("| "), "nothing to grant: {troubles:?}");
    }
}
