//! What was read of one type, and for which names the answer is whole. From it follows found, absent or unknown.

use std::collections::{BTreeMap, BTreeSet};

use crate::live::{FetchError, LiveSet, Observed, Presence, Wanted};
use crate::object::id::ObjectId;

/// Namespace (empty at cluster scope) and name.
pub type Key = (String, String);

/// For which names a list is whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listed {
    /// All objects of the type.
    Everywhere,
    /// The objects in these namespaces; none, if nothing was listed.
    Namespaces(BTreeSet<String>),
}

/// What was read of one type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gathered {
    /// Objects that were found and kept.
    pub found: BTreeMap<Key, Observed>,
    /// For which names an object that is not among `found` is absent.
    pub listed: Listed,
    /// Objects that were asked for singly and not found, and why.
    pub single: BTreeMap<Key, Result<Absence, FetchError>>,
}

/// The server said of one object that it does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Absence;

impl Gathered {
    /// Nothing is known yet.
    pub fn nothing() -> Self {
        Self { found: BTreeMap::new(), listed: Listed::Namespaces(BTreeSet::new()), single: BTreeMap::new() }
    }

    /// Nothing is known of these objects, for one reason.
    pub fn failed(keys: impl IntoIterator<Item = Key>, error: &FetchError) -> Self {
        Self { single: keys.into_iter().map(|key| (key, Err(error.clone()))).collect(), ..Self::nothing() }
    }

    /// What is known of one object. Whatever was not asked for is unknown, never absent.
    pub fn presence(&self, key: &Key) -> Result<Presence, FetchError> {
        if let Some(observed) = self.found.get(key) {
            return Ok(Presence::Found(observed.clone()));
        }
        let listed = match &self.listed {
            Listed::Everywhere => true,
            Listed::Namespaces(namespaces) => namespaces.contains(&key.0),
        };
        match self.single.get(key) {
            Some(Err(error)) => Err(error.clone()),
            Some(Ok(Absence)) => Ok(Presence::Absent),
            None if listed => Ok(Presence::Absent),
            None => Err(FetchError::NotRecorded("it was not read".to_owned())),
        }
    }

    /// Moves what is known of every wanted object to `live`; what was found beside them stays.
    pub fn answer(&mut self, wanted: &Wanted, live: &mut LiveSet) {
        for key in &wanted.objects {
            let id = ObjectId::new(&wanted.resource.gvk, &key.0, &key.1);
            let presence = match self.found.remove(key) {
                Some(observed) => Ok(Presence::Found(observed)),
                None => self.presence(key),
            };
            live.insert(id, presence);
        }
    }

    /// Joins what is known of other names of the same type.
    pub fn extend(&mut self, other: Self) {
        self.found.extend(other.found);
        self.single.extend(other.single);
        match (&mut self.listed, other.listed) {
            (Listed::Namespaces(all), Listed::Namespaces(more)) => all.extend(more),
            (listed, Listed::Everywhere) => *listed = Listed::Everywhere,
            (Listed::Everywhere, _) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_list_or_a_single_answer_makes_absent() {
        let key = |namespace: &str, name: &str| (namespace.to_owned(), name.to_owned());
        let observed = Observed { json: Box::from(*b"{}") };
        let gathered = Gathered {
            found: BTreeMap::from([(key("a", "x"), observed.clone())]),
            listed: Listed::Namespaces(BTreeSet::from(["a".to_owned()])),
            single: BTreeMap::from([
                (key("b", "y"), Ok(Absence)),
                (key("b", "z"), Err(FetchError::Deadline)),
            ]),
        };
        assert_eq!(gathered.presence(&key("a", "x")), Ok(Presence::Found(observed)));
        assert_eq!(gathered.presence(&key("a", "y")), Ok(Presence::Absent));
        assert_eq!(gathered.presence(&key("b", "y")), Ok(Presence::Absent));
        assert_eq!(gathered.presence(&key("b", "z")), Err(FetchError::Deadline));
        assert!(matches!(gathered.presence(&key("b", "other")), Err(FetchError::NotRecorded(_))));
        assert!(matches!(gathered.presence(&key("", "x")), Err(FetchError::NotRecorded(_))));
        let resource = crate::live::Resource {
            gvk: crate::object::id::Gvk::new("", "v1", "ConfigMap"),
            plural: "configmaps".to_owned(),
            namespaced: true,
            has_status: false,
            listable: true,
        };
        let objects = [("a", "x"), ("a", "y"), ("b", "y"), ("b", "z"), ("b", "other")];
        let wanted = Wanted { resource, objects: objects.map(|(a, b)| key(a, b)).into() };
        let mut live = LiveSet::new();
        gathered.clone().answer(&wanted, &mut live);
        assert_eq!(live.len(), 5);
        for (id, presence) in live {
            assert_eq!(presence, gathered.presence(&(id.namespace, id.name)));
        }
        let mut all = gathered.clone();
        all.extend(Gathered { listed: Listed::Everywhere, ..Gathered::nothing() });
        assert_eq!(all.presence(&key("b", "other")), Ok(Presence::Absent));
        assert_eq!(all.presence(&key("b", "z")), Err(FetchError::Deadline));
    }
}
