//! What was edited, how, and what came of it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use super::edits::Edit;
use super::walker::Judged;
use crate::support::cluster::tell;

#[derive(Debug)]
pub(super) struct Tally {
    begun: Instant,
    edits: BTreeMap<&'static str, usize>,
    writers: BTreeMap<String, usize>,
    kinds: BTreeSet<String>,
    /// Edits that the server refused, or that changed nothing.
    pub(super) drawn_again: usize,
    /// Objects that nobody could have put back: the server refuses a PUT of what was there before.
    pub(super) final_edits: usize,
    /// Objects that a revert left as they are, because the server would have changed more than was chosen.
    pub(super) left_whole: usize,
    sum: Judged,
    faults: Vec<String>,
}

impl Default for Tally {
    #[expect(clippy::disallowed_methods, reason = "measures how long the test takes")]
    fn default() -> Self {
        Self {
            begun: Instant::now(),
            edits: BTreeMap::new(),
            writers: BTreeMap::new(),
            kinds: BTreeSet::new(),
            drawn_again: 0,
            final_edits: 0,
            left_whole: 0,
            sum: Judged::default(),
            faults: Vec::new(),
        }
    }
}

impl Tally {
    /// Edits that were made and judged.
    pub(super) fn edits(&self) -> usize {
        self.edits.values().sum()
    }

    pub(super) fn edited(&mut self, kind: &str, edit: &'static str, writer: String) {
        *self.edits.entry(edit).or_default() += 1;
        *self.writers.entry(writer).or_default() += 1;
        self.kinds.insert(kind.to_owned());
    }

    pub(super) fn fault(&mut self, text: String) {
        self.faults.push(text);
    }

    pub(super) fn judged(&mut self, place: &str, judged: Judged) {
        let sum = &mut self.sum;
        sum.back += judged.back;
        sum.taken_out += judged.taken_out;
        sum.left_alone += judged.left_alone;
        sum.atomic += judged.atomic;
        sum.order += judged.order;
        sum.servers += judged.servers;
        self.faults.extend(judged.faults.into_iter().map(|fault| format!("{place}: {fault}")));
    }

    pub(super) fn tell(&self, seed: u64, rounds: usize) {
        let Judged { back, taken_out, left_alone, atomic, order, servers, .. } = &self.sum;
        tell(&format!(
            "random drift: {} edits of {} kinds in {rounds} rounds, seed {seed}, {:.0} s; {} drawn again, {} that nobody \
             could undo, {} objects left whole\n  leaves: {back} back, {taken_out} taken out, {left_alone} left alone; masks: \
             {atomic} atomic values, {order} orders of foreign items, {servers} written by the server",
            self.edits(),
            self.kinds.len(),
            self.begun.elapsed().as_secs_f64(),
            self.drawn_again,
            self.final_edits,
            self.left_whole,
        ));
        let list = |of: &mut dyn Iterator<Item = String>| of.collect::<Vec<_>>().join(", ");
        tell(&format!("  {}", list(&mut self.edits.iter().map(|(edit, number)| format!("{number} {edit}")))));
        tell(&format!("  {}", list(&mut self.writers.iter().map(|(how, number)| format!("{number} {how}")))));
    }

    /// # Panics
    /// If something is not as it has to be, or a kind of edit did not occur.
    pub(super) fn assert_right(&self, wanted: usize) {
        let faults: Vec<&str> = self.faults.iter().take(40).map(String::as_str).collect();
        assert!(faults.is_empty(), "{} faults:\n{}", self.faults.len(), faults.join("\n"));
        assert!(self.kinds.len() >= 30, "{:?}", self.kinds);
        for edit in Edit::ALL {
            assert!(self.edits.contains_key(edit.words()), "no {}", edit.words());
        }
        let odd = self.left_whole + self.final_edits;
        assert!(odd * 10 <= wanted, "{odd} objects of {wanted} edits were not judged");
    }
}
