//! The clusters that this machine has applied a set to. A kubeconfig that leads elsewhere than last time is noticed before
//! anything is written there.

use serde::{Deserialize, Serialize};

use super::error::RunError;
use crate::reader::Live;
use crate::record::SetIdentity;
use crate::settings;
use crate::store::{Bounds, Store};

/// Sets that are remembered, and clusters of each.
const BOUNDS: Bounds = Bounds { files: 4096, bytes: 16 << 20 };
const MOST: usize = 16;

/// A cluster that a set was applied to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Cluster {
    /// What tells it from others.
    identity: String,
    /// Its URL.
    server: String,
    /// When a run wrote there last, RFC 3339.
    at: String,
}

impl Cluster {
    /// True for the same cluster; where one run could not read the uid, the URL decides.
    fn is_same(&self, other: &Self) -> bool {
        let unnamed = !self.is_named() || !other.is_named();
        self.identity == other.identity || (unnamed && self.server == other.server)
    }

    /// True if its uid is known.
    fn is_named(&self) -> bool {
        self.identity != self.server
    }
}

/// What is remembered of one set.
#[derive(Debug)]
pub(super) struct Acquainted {
    store: Store,
    key: Vec<String>,
    here: Cluster,
    known: Vec<Cluster>,
}

impl Acquainted {
    /// What this machine remembers of a set, and where the run is. Nothing is remembered without a directory for it.
    pub(super) async fn open(live: &Live, set: &SetIdentity, source: &str) -> Self {
        // Whoever wants no cache wants nothing on this disk.
        let root = settings::state_directory().filter(|_| live.cache().is_some());
        let store = Store::new(root.as_deref(), "clusters", BOUNDS);
        let key = vec![set.name.clone(), set.record_namespace.clone(), source.to_owned()];
        let server = live.identity().server.clone();
        let identity = match (store.is_off(), live.cluster_uid().await) {
            (false, Ok(Some(uid))) => uid,
            _ => server.clone(),
        };
        let here = Cluster { identity, server, at: settings::now() };
        let mut opened = Self { store, key, here, known: Vec::new() };
        opened.known = opened.read();
        opened
    }

    fn key(&self) -> Vec<&[u8]> {
        self.key.iter().map(String::as_bytes).collect()
    }

    fn read(&self) -> Vec<Cluster> {
        let bytes = self.store.get(&self.key()).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    /// What is remarkable about the cluster; `None` if the set was applied there before, or nowhere yet.
    pub(super) fn stranger(&self) -> Option<String> {
        let last = self.known.last()?;
        (!self.known.iter().any(|cluster| cluster.is_same(&self.here))).then(|| {
            format!(
                "set {} was applied to {} so far (last at {}), and this is another cluster, {} ({})",
                self.key[0], last.server, last.at, self.here.server, self.here.identity
            )
        })
    }

    /// Refuses a cluster that nobody named or is asked about. Where its uid cannot be read nothing is known for sure, and what
    /// is remarkable is a remark.
    ///
    /// # Errors
    /// The set was never applied there, and nobody is there to say that it is meant.
    pub(super) fn check(&self, yes: bool, is_pinned: bool) -> Result<Option<String>, RunError> {
        match self.stranger() {
            Some(stranger) if yes && !is_pinned && self.here.is_named() => Err(RunError::refused(
                stranger,
                format!(
                    "if it is meant, say so once with --cluster-uid {}, or without --yes",
                    self.here.identity
                ),
            )),
            stranger => Ok(stranger.filter(|_| !is_pinned)),
        }
    }

    /// Remembers that a run wrote here. Not being able to costs a question later.
    pub(super) fn remember(&self) {
        // Read again: another run may have written somewhere else meanwhile.
        let mut known = self.read();
        known.retain(|cluster| cluster.identity != self.here.identity);
        known.push(self.here.clone());
        let from = known.len().saturating_sub(MOST);
        if let Ok(bytes) = serde_json::to_vec(&known[from..]) {
            let _ = self.store.put(&self.key(), &bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acquainted(known: &[&str], here: &str) -> Acquainted {
        let cluster = |name: &&str| Cluster {
            identity: (*name).to_owned(),
            server: format!("https://{name}"),
            at: "2026-11-01T10:00:00Z".to_owned(),
        };
        Acquainted {
            store: Store::default(),
            key: vec!["shop".to_owned(), "default".to_owned(), "src".to_owned()],
            here: cluster(&here),
            known: known.iter().map(cluster).collect(),
        }
    }

    #[test]
    fn sec_55_a_cluster_that_a_set_was_never_applied_to_is_remarkable_and_the_first_one_is_not() {
        for (known, here, strange) in [
            (&[][..], "a", false),
            (&["a"][..], "a", false),
            (&["a"][..], "b", true),
            (&["b", "a"][..], "b", false),
        ] {
            assert_eq!(acquainted(known, here).stranger().is_some(), strange, "{known:?} {here}");
        }
        let mut unnamed = acquainted(&["a"], "b");
        unnamed.here.identity = unnamed.here.server.clone();
        assert!(unnamed.check(true, false).ok().flatten().is_some(), "without a uid it is a remark");
        unnamed.here.server = "https://a".to_owned();
        unnamed.here.identity = unnamed.here.server.clone();
        assert_eq!(unnamed.check(true, false).ok(), Some(None), "the same URL");
        let told = acquainted(&["a"], "b").check(false, false);
        let words = "set shop was applied to https://a so far (last at 2026-11-01T10:00:00Z), and this is another \
                     cluster, https://b (b)";
        assert_eq!(told.ok().flatten().as_deref(), Some(words));
        assert!(acquainted(&["a"], "b").check(true, false).is_err());
        assert_eq!(acquainted(&["a"], "b").check(true, true).ok(), Some(None), "it was named");
    }
}
