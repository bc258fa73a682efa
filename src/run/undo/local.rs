//! The copies of undo records on this machine.

use jiff::Timestamp;

use crate::reader::Live;
use crate::record::SetIdentity;
use crate::record::undo::{Record, text};
use crate::settings;
use crate::store::{Bounds, Prepared, Store};

/// Most that is kept on this machine, of all sets.
const BOUNDS: Bounds = Bounds { files: 512, bytes: 1 << 30 };

/// The copies of this machine, of all sets of all clusters. A cluster is told by the uid of its namespace kube-system, and by
/// its URL where that cannot be read.
#[derive(Debug, Default)]
pub(in crate::run) struct Local {
    store: Store,
    set: Option<SetIdentity>,
    /// The names of the cluster, the better one first.
    clusters: Vec<String>,
}

impl Local {
    /// The place of a set of a cluster.
    pub(in crate::run) async fn new(reader: &Live, set: &SetIdentity) -> Self {
        let uid = reader.cluster_uid().await.ok().flatten();
        let clusters = uid.into_iter().chain(std::iter::once(reader.identity().server.clone())).collect();
        // Whoever wants no cache wants nothing on this disk.
        let root = settings::state_directory().filter(|_| reader.cache().is_some());
        Self { store: Store::new(root.as_deref(), "undo", BOUNDS), set: Some(set.clone()), clusters }
    }

    fn key<'k>(&'k self, cluster: &'k str) -> [&'k [u8]; 3] {
        let (namespace, name) = self.set.as_ref().map_or(("", ""), |set| (&set.record_namespace, &set.name));
        [cluster, namespace, name].map(str::as_bytes)
    }

    /// What is kept under each name of the cluster.
    pub(super) fn get(&self) -> Vec<Option<Box<[u8]>>> {
        self.clusters.iter().map(|cluster| self.store.get(&self.key(cluster))).collect()
    }

    /// What this machine kept of a set, the last of it; damaged is as good as lost.
    pub(super) fn read(&self) -> Option<Record> {
        let kept = self.clusters.iter().filter_map(|cluster| self.store.get(&self.key(cluster)));
        let set = self.set.as_ref()?;
        let records = kept.filter_map(|kept| text::decode(set, &kept).ok());
        records.max_by_key(|record| moment(&record.head.started_at))
    }

    /// Writes a record beside those that are kept, under every name of the cluster: who may read the uid now may not later.
    pub(super) fn prepare(&self, record: &Record) -> Result<Vec<Prepared>, String> {
        let content = text::encode(record)?;
        let prepare = |cluster: &String| self.store.prepare(&self.key(cluster), &content);
        self.clusters.iter().map(prepare).collect::<Result<_, _>>().map_err(|error| error.to_string())
    }

    /// Puts back what was kept before.
    pub(super) fn restore(&self, earlier: &[Option<Box<[u8]>>]) {
        for (cluster, earlier) in self.clusters.iter().zip(earlier) {
            let key = self.key(cluster);
            match earlier {
                // What cannot be written back is as good as lost: undo reads live objects before it believes a record.
                Some(earlier) => drop(self.store.prepare(&key, earlier).and_then(Prepared::keep)),
                None => self.store.forget(&key),
            }
        }
    }
}

/// Keeps what was prepared under every name.
///
/// # Errors
/// The system's words.
pub(super) fn keep(prepared: Vec<Prepared>) -> Result<(), String> {
    prepared.into_iter().try_for_each(Prepared::keep).map_err(|error| error.to_string())
}

/// A time of a record, as far as it is one.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}
