//! The stage that looks for members of the set that left Git.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use super::recorded::Recorded;
use crate::cluster::gathered::{Gathered, Listed};
use crate::compare::extra::extra;
use crate::compare::verdict::ObjectVerdict;
use crate::desired::DesiredSet;
use crate::live::{Catalog, FetchError, LiveSet, Presence, Resource};
use crate::object::id::ObjectId;
use crate::object::value::text_at;
use crate::plan::prune::Member;
use crate::reader::Live;
use crate::record::applyset::group_kind;
use crate::record::parent::Parent;
use crate::render::Notice;

/// What is looked for, and where.
pub(super) struct Search<'a> {
    pub(super) reader: &'a Live,
    pub(super) catalog: &'a Catalog,
    pub(super) desired: &'a DesiredSet,
    pub(super) recorded: &'a Recorded,
}

impl Search<'_> {
    /// Members that are not rendered. `beside` is what lists held beside the wanted objects. Places that only the record names
    /// are listed by label; without a record nothing more is asked.
    pub(super) async fn run(
        &self,
        beside: Vec<(Resource, Gathered)>,
        rendered: &LiveSet,
        warnings: &mut Vec<Notice>,
    ) -> Extras {
        let mut extras = Extras::default();
        let Some(set) = &self.desired.set else { return extras };
        let mut found = beside;
        if let Some(parent) = self.recorded.record.as_ref().and_then(|record| record.parent.as_ref()) {
            let (places, mut gaps) = places(parent, self.catalog, &found);
            if !places.is_empty() {
                for (resource, gathered, errors) in self.reader.members(&set.id, &places).await {
                    gaps.extend(errors.into_iter().next().map(|error| (kind(&resource), error)));
                    found.push((resource, gathered));
                }
            }
            warnings.extend(incomplete(&gaps));
            extras.gaps = gaps;
        }
        let any = found.iter().any(|(_, gathered)| !gathered.found.is_empty());
        let rendered = &if any { uids(rendered) } else { BTreeSet::new() };
        for (resource, gathered) in &found {
            for observed in gathered.found.values() {
                let Ok(live) = serde_json::from_slice::<Value>(&observed.json) else { continue };
                let Some(verdict) = extra(&resource.gvk, &live, &set.id) else { continue };
                if !self.desired.entries.contains_key(&verdict.id) && !is_rendered(&live, rendered) {
                    let member = Member { resource: resource.clone(), live, verdict };
                    extras.members.insert(member.verdict.id.clone(), member);
                }
            }
        }
        extras
    }
}

/// The uids of what is rendered and live: an object may be served under two groups, as events are.
pub(super) fn uids(live: &LiveSet) -> BTreeSet<String> {
    let found = live.values().filter_map(|presence| match presence {
        Ok(Presence::Found(observed)) => serde_json::from_slice::<Identified>(&observed.json).ok(),
        _ => None,
    });
    found.map(|object| object.metadata.uid).collect()
}

fn is_rendered(live: &Value, rendered: &BTreeSet<String>) -> bool {
    text_at(live, &["metadata", "uid"]).is_some_and(|uid| rendered.contains(uid))
}

/// What of an object tells it from all others.
#[derive(Deserialize)]
struct Identified {
    metadata: Uid,
}

#[derive(Deserialize)]
struct Uid {
    #[serde(default)]
    uid: String,
}

/// Members of a set that are not rendered.
#[derive(Debug, Default)]
pub(super) struct Extras {
    pub(super) members: BTreeMap<ObjectId, Member>,
    /// Kinds of which not everything could be looked through, and why.
    pub(super) gaps: BTreeMap<String, FetchError>,
}

impl Extras {
    /// The verdicts on them.
    pub(super) fn verdicts(&self) -> impl Iterator<Item = ObjectVerdict> {
        self.members.values().map(|member| member.verdict.clone())
    }
}

/// The places of the record that were not listed: types, each with its namespaces; and kinds that cannot be listed at all.
fn places(
    parent: &Parent,
    catalog: &Catalog,
    beside: &[(Resource, Gathered)],
) -> (Vec<(Resource, BTreeSet<String>)>, BTreeMap<String, FetchError>) {
    let (mut places, mut gaps) = (Vec::new(), BTreeMap::new());
    for (name, namespaces) in &parent.places {
        let listed = beside.iter().filter(|(resource, _)| kind(resource) == *name);
        let mut left = namespaces.clone();
        for (_, gathered) in listed {
            match &gathered.listed {
                Listed::Everywhere => left.clear(),
                Listed::Namespaces(done) => left.retain(|namespace| !done.contains(namespace)),
            }
        }
        match preferred(catalog, name) {
            _ if left.is_empty() => {}
            Some(resource) => places.push((resource.clone(), left)),
            None => {
                let gone = FetchError::Failed("the server does not serve it".to_owned());
                gaps.insert(name.clone(), gone);
            }
        }
    }
    (places, gaps)
}

fn kind(resource: &Resource) -> String {
    group_kind(&resource.gvk.group, &resource.gvk.kind)
}

/// One warning for everything that could not be looked through.
fn incomplete(gaps: &BTreeMap<String, FetchError>) -> Option<Notice> {
    let (kind, error) = gaps.iter().next()?;
    let more = match gaps.len() {
        1 => String::new(),
        several => format!(" (and {} more kinds)", several - 1),
    };
    let message = format!("objects that left Git cannot be looked for everywhere: {kind}: {error}{more}");
    Some(Notice { file: String::new(), line: 0, column: 0, message, hint: None })
}

/// The version of a kind that is listed: the newest stable one. `None` if the kind is not served, or cannot be listed.
fn preferred<'c>(catalog: &'c Catalog, name: &str) -> Option<&'c Resource> {
    let of_kind = catalog.resources.values().filter(|resource| kind(resource) == name && resource.listable);
    of_kind.max_by_key(|resource| rank(&resource.gvk.version))
}

/// Stable before beta before alpha, then by number, as Kubernetes orders versions.
fn rank(version: &str) -> (u8, u32, u32) {
    let digits = version.split(|c: char| !c.is_ascii_digit()).filter(|digits| !digits.is_empty());
    let numbers: Vec<u32> = digits.map(|digits| digits.parse().unwrap_or(0)).collect();
    let stage = match version {
        text if text.contains("alpha") => 0,
        text if text.contains("beta") => 1,
        _ => 2,
    };
    (stage, numbers.first().copied().unwrap_or(0), numbers.get(1).copied().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::rank;

    /// The order that the documentation of CustomResourceDefinition versions gives.
    #[test]
    fn versions_are_ranked_as_kubernetes_ranks_them() {
        let order = ["v10", "v2", "v1", "v11beta2", "v10beta3", "v3beta1", "v12alpha1", "v11alpha2"];
        assert!(order.windows(2).all(|pair| rank(pair[0]) > rank(pair[1])));
    }
}
