//! What is remembered between runs: proofs, and dry runs that changed nothing. Losing it costs time, never an answer.
#![expect(clippy::disallowed_methods, reason = "dry runs are forgotten after a while: an edge")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::compare::memory::{Proof, digest};
use crate::reader::Live;
use crate::store::{self, Bounds, Store};

/// Most proofs of one set that are kept: two sets of the largest size that is planned for.
const MOST_PROOFS: usize = 40_000;
/// Most dry runs of one set that are kept.
const MOST_DRY_RUNS: usize = 10_000;
/// What a webhook does can change without a sign, so what it did is believed for an hour.
const BELIEVED: Duration = Duration::from_secs(3_600);
const BOUNDS: Bounds = Bounds { files: 64, bytes: 32 << 20 };

const PROOF: usize = size_of::<Proof>();
const DRY_RUN: usize = 2 * PROOF + size_of::<u64>();

/// What earlier runs of the same program remembered of one set on one server.
#[derive(Debug, Default)]
pub struct Remembered {
    proofs: Store,
    dry_runs: Store,
    key: Vec<Vec<u8>>,
    /// What tells this program from other builds of it.
    pub program: Vec<u8>,
}

impl Remembered {
    /// Opens what is remembered of a directory of a source on the server of a run; nothing, without a cache or a server.
    pub fn of(reader: &Live, source: &str, path: &str) -> Self {
        let root = reader.cache();
        let key = [reader.identity().server.as_str(), source, path];
        Self {
            proofs: Store::new(root, "proofs", BOUNDS),
            dry_runs: Store::new(root, "dry-runs", BOUNDS),
            key: key.map(|part| part.as_bytes().to_vec()).to_vec(),
            program: store::program(),
        }
    }

    /// Remembers nothing.
    pub(super) fn off() -> Self {
        let none = |kind| Store::new(None, kind, BOUNDS);
        Self { proofs: none("proofs"), dry_runs: none("dry-runs"), key: Vec::new(), program: Vec::new() }
    }

    /// True if nothing is remembered.
    pub fn is_off(&self) -> bool {
        self.proofs.is_off()
    }

    fn key(&self) -> Vec<&[u8]> {
        self.key.iter().map(Vec::as_slice).collect()
    }

    /// All proofs, the oldest first.
    fn all_proofs(&self) -> Vec<Proof> {
        let bytes = self.proofs.get(&self.key()).unwrap_or_default();
        bytes.as_chunks::<PROOF>().0.to_vec()
    }

    /// All proofs.
    pub fn proofs(&self) -> BTreeSet<Proof> {
        self.all_proofs().into_iter().collect()
    }

    /// Adds proofs; the oldest go when there are too many.
    pub fn add_proofs(&self, new: &[Proof]) {
        if new.is_empty() || self.is_off() {
            return;
        }
        // Read again: another run may have added some meanwhile.
        let mut all = self.all_proofs();
        let known: BTreeSet<Proof> = all.iter().copied().collect();
        all.extend(new.iter().filter(|proof| !known.contains(*proof)));
        let kept = &all[all.len().saturating_sub(MOST_PROOFS)..];
        told(self.proofs.put(&self.key(), kept.as_flattened()));
    }

    /// Dry runs that changed nothing and are still believed, each with its situation and the time, in seconds.
    pub fn dry_runs(&self) -> BTreeMap<(Proof, Proof), u64> {
        let bytes = self.dry_runs.get(&self.key()).unwrap_or_default();
        let now = seconds();
        let believed = |time: u64| time <= now && now - time < BELIEVED.as_secs();
        let records = bytes.as_chunks::<DRY_RUN>().0.iter().filter_map(|record| {
            let (proof, rest) = record.split_first_chunk::<PROOF>()?;
            let (situation, rest) = rest.split_first_chunk::<PROOF>()?;
            let time = u64::from_le_bytes(*rest.first_chunk()?);
            believed(time).then_some(((*proof, *situation), time))
        });
        records.collect()
    }

    /// Adds dry runs that changed nothing in a situation; the oldest go when there are too many.
    pub fn add_dry_runs(&self, situation: Proof, new: &[Proof]) {
        if new.is_empty() || self.is_off() {
            return;
        }
        let mut all = self.dry_runs();
        let now = seconds();
        all.extend(new.iter().map(|proof| ((*proof, situation), now)));
        let mut records: Vec<_> = all.into_iter().collect();
        records.sort_by_key(|((proof, _), time)| (*time, *proof));
        let kept = &records[records.len().saturating_sub(MOST_DRY_RUNS)..];
        let bytes = kept.iter().flat_map(|((proof, situation), time)| {
            proof.iter().chain(situation).copied().chain(time.to_le_bytes())
        });
        told(self.dry_runs.put(&self.key(), &bytes.collect::<Vec<u8>>()));
    }
}

/// The digest of what else the answer to a dry run depends on.
pub(super) fn situation(parts: &[String]) -> Proof {
    let parts: Vec<&[u8]> = parts.iter().map(String::as_bytes).collect();
    digest(&parts)
}

fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

fn told(written: std::io::Result<()>) {
    if let Err(error) = written {
        tracing::debug!(%error, "nothing is remembered: the cache cannot be written");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remembered(root: &std::path::Path) -> Remembered {
        Remembered {
            proofs: Store::new(Some(root), "proofs", BOUNDS),
            dry_runs: Store::new(Some(root), "dry-runs", BOUNDS),
            key: vec![b"https://a".to_vec()],
            program: Vec::new(),
        }
    }

    fn numbered(number: usize) -> Proof {
        digest(&[&number.to_le_bytes()])
    }

    #[test]
    fn the_oldest_proofs_go() {
        let root = tempfile::tempdir().unwrap();
        let kept = remembered(root.path());
        kept.add_proofs(&(0..MOST_PROOFS).map(numbered).collect::<Vec<_>>());
        kept.add_proofs(&[numbered(5), numbered(MOST_PROOFS), numbered(MOST_PROOFS + 1)]);
        let proofs = kept.proofs();
        assert_eq!(proofs.len(), MOST_PROOFS);
        let known = [0, 1, 2, MOST_PROOFS + 1].map(|number| proofs.contains(&numbered(number)));
        assert_eq!(known, [false, false, true, true]);
    }

    #[test]
    fn dry_runs_are_forgotten_after_an_hour_and_when_there_are_too_many() {
        let root = tempfile::tempdir().unwrap();
        let kept = remembered(root.path());
        let situation = numbered(0);
        let old = |age: u64| {
            let mut record = [numbered(1), situation].concat();
            record.extend((seconds() - age).to_le_bytes());
            kept.dry_runs.put(&kept.key(), &record).unwrap();
            kept.dry_runs().contains_key(&(numbered(1), situation))
        };
        assert_eq!([old(0), old(3_500), old(3_601)], [true, true, false]);
        let ahead = [&numbered(1)[..], &situation, &(seconds() + 60).to_le_bytes()].concat();
        kept.dry_runs.put(&kept.key(), &ahead).unwrap();
        assert!(kept.dry_runs().is_empty(), "a clock that was put back");

        kept.add_dry_runs(situation, &(0..MOST_DRY_RUNS + 10).map(numbered).collect::<Vec<_>>());
        assert_eq!(kept.dry_runs().len(), MOST_DRY_RUNS);
        assert!(!kept.dry_runs().contains_key(&(numbered(1), numbered(9))), "another situation");
    }

    #[test]
    fn what_else_a_dry_run_depends_on_makes_another_situation() {
        let parts = |change: fn(&mut Vec<String>)| {
            let mut parts =
                ["https://a", "user", "uid", "v1.36.3", "Webhook u 1"].map(str::to_owned).to_vec();
            change(&mut parts);
            situation(&parts)
        };
        let all = [
            parts(|_| {}),
            parts(|parts| parts[0].push('b')),
            parts(|parts| parts[1].push('2')),
            parts(|parts| parts[2].push('2')),
            parts(|parts| parts[3].push('2')),
            parts(|parts| parts[4].push('2')),
            parts(|parts| parts.push("Webhook v 1".to_owned())),
        ];
        assert_eq!(BTreeSet::from(all).len(), all.len());
    }
}
