//! Counts of pairs, by kind and by what came out, and what is wrong with the smallest example of each.

use std::collections::BTreeMap;
use std::fmt;

use gitops::compare::judge::Answer;
use gitops::compare::place::value_at;
use gitops::compare::refusal::{Meaning, meaning};
use gitops::compare::verdict::Status;
use gitops::object::path::{FieldPath, PathElement};
use gitops::schema::Schema;
use serde_json::Value;

use super::round::{Pair, Said, unproven, verdict};
use super::shrink::shrink;
use super::truth::{self, Fault};
use super::world::World;
use crate::support::cluster::tell;

/// Counterexamples that are made small and shown.
const SHOWN: usize = 12;

/// Of the pairs that the server leaves as they are, how many in a hundred may need a dry run to be told.
const MOST_MISSED: usize = 15;

/// What came out of one pair.
pub(super) enum Finding {
    /// Proven, and the server says the same.
    Proven,
    /// Proven, and the server would change these paths.
    Wrong { paths: Vec<FieldPath>, stored: Value },
    /// Proven, and the server refuses.
    ProvenRefused(String),
    /// Proven, and no apply can reach the live object.
    ProvenBlocked,
    /// Not proven although the server changes nothing: the first place that was not.
    Missed(String),
    /// The verdict says exactly what the server changes; the number of side effects.
    Told(usize),
    /// The verdict says more or less than the server changes.
    Mistold { faults: Vec<Fault>, stored: Value },
    /// The server takes an item without a usable key, again with each apply; the verdict does not.
    Growing,
    /// The server refuses the manifest.
    Refused,
    /// The server said nothing about the object.
    Unanswered(String),
}

impl Finding {
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Proven => "proven, and the server agrees",
            Self::Wrong { .. } => "PROVEN, AND THE SERVER CHANGES IT",
            Self::ProvenRefused(_) => "PROVEN, AND THE SERVER REFUSES IT",
            Self::ProvenBlocked => "proven, and the live object blocks every apply",
            Self::Missed(_) => "not proven, and the server changes nothing",
            Self::Told(0) => "not proven, and the verdict has exactly what the server changes",
            Self::Told(_) => "not proven, and the verdict has what the server changes but for side effects",
            Self::Mistold { .. } => "NOT PROVEN, AND THE VERDICT HAS OTHER CHANGES THAN THE SERVER",
            Self::Growing => "not proven, and each apply would add an item: invalid",
            Self::Refused => "not proven, and the server refuses it",
            Self::Unanswered(_) => "UNANSWERED",
        }
    }

    fn is_wrong(&self) -> bool {
        !matches!(self, Self::Unanswered(_)) && self.kind().starts_with(char::is_uppercase)
    }

    /// The places in question with what the dry run has there.
    pub(super) fn stored_at(&self, schema: &Schema) -> Vec<(String, String)> {
        let at = |path: &FieldPath, stored: &Value| {
            let value = value_at(schema, stored, &path.0);
            (path.to_string(), value.map_or("nothing".to_owned(), Value::to_string))
        };
        match self {
            Self::Wrong { paths, stored } => paths.iter().map(|path| at(path, stored)).collect(),
            Self::Mistold { faults, stored } => faults
                .iter()
                .map(|fault| match fault {
                    Fault::Missing(path) | Fault::Additional(path) => at(path, stored),
                })
                .collect(),
            _ => Vec::new(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())?;
        match self {
            Self::Wrong { paths, .. } => write!(f, ": {}", patterns(paths)),
            Self::ProvenRefused(text) | Self::Missed(text) | Self::Unanswered(text) => write!(f, ": {text}"),
            Self::Mistold { faults, .. } => {
                for fault in faults {
                    match fault {
                        Fault::Missing(path) => write!(f, " -{}", pattern(path))?,
                        Fault::Additional(path) => write!(f, " +{}", pattern(path))?,
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// A path without the names of items and of entries of maps.
fn pattern(path: &FieldPath) -> String {
    let element = |element: &PathElement| match element {
        PathElement::Field(_) => element.to_string(),
        _ => "[*]".to_owned(),
    };
    path.0.iter().map(element).collect::<Vec<_>>().join(".").replace(".[", "[")
}

fn patterns(paths: &[FieldPath]) -> String {
    paths.iter().map(pattern).collect::<Vec<_>>().join(" ")
}

/// Weighs the comparison of a pair against the server's answer.
pub(super) fn weigh(world: &World, pair: &Pair, said: &Said) -> Finding {
    let proven = !pair.open.assessment.needs_server();
    let schema = &world.schemas[&pair.desired.gvk];
    match said {
        Said::Nothing(text) => Finding::Unanswered(text.clone()),
        Said::Refused(refusal) if proven => match meaning(refusal) {
            Meaning::LiveObject => Finding::ProvenBlocked,
            _ => Finding::ProvenRefused(format!("{} {}", refusal.code, refusal.message)),
        },
        Said::Refused(_) => Finding::Refused,
        Said::Stored(stored) if proven => {
            let paths = unproven(world, pair, stored);
            if paths.is_empty() { Finding::Proven } else { Finding::Wrong { paths, stored: stored.clone() } }
        }
        Said::Stored(stored) => {
            let changed = truth::changed(schema, &pair.open.live, stored);
            let verdict = verdict(world, pair, &Answer::Stored(stored.clone()));
            if verdict.status == Status::Invalid {
                return if changed.is_empty() { Finding::Refused } else { Finding::Growing };
            }
            let desired = &pair.open.desired.object;
            let (faults, beside) = truth::compare(schema, &verdict, &changed, desired, &pair.open.live);
            if !faults.is_empty() {
                Finding::Mistold { faults, stored: stored.clone() }
            } else if changed.is_empty() {
                Finding::Missed(cause(pair))
            } else {
                Finding::Told(beside)
            }
        }
    }
}

/// Why a pair was not proven: the first place, and how many there are.
fn cause(pair: &Pair) -> String {
    let places = pair.open.assessment.open_places();
    let first = places.first().map(|(path, why)| format!("{} {why}", pattern(path)));
    format!("{} {}", pair.open.id.kind, first.unwrap_or_default())
}

#[derive(Default)]
struct Row {
    pairs: usize,
    proven: usize,
    told: usize,
    refused: usize,
}

#[derive(Default)]
pub(super) struct Tally {
    kinds: BTreeMap<String, Row>,
    findings: BTreeMap<&'static str, usize>,
    events: BTreeMap<&'static str, usize>,
    changes: BTreeMap<&'static str, usize>,
    missed: BTreeMap<String, usize>,
    wrong: BTreeMap<String, usize>,
    shown: Vec<String>,
    first_refused: BTreeMap<String, (usize, String)>,
}

impl Tally {
    /// Pairs that the server took.
    pub(super) fn pairs(&self) -> u64 {
        self.kinds.values().map(|row| (row.pairs - row.refused) as u64).sum()
    }

    /// A first manifest that the server refused, so that there is no live object.
    pub(super) fn refused(&mut self, text: String) {
        let kind = text.split(':').next().unwrap_or_default().to_owned();
        self.first_refused.entry(kind).or_insert((0, text)).0 += 1;
    }

    fn count(&self, finding: &str) -> usize {
        self.findings.get(finding).copied().unwrap_or_default()
    }

    pub(super) async fn add(&mut self, world: &World, pair: Pair, said: Said) {
        let finding = weigh(world, &pair, &said);
        let row = self.kinds.entry(pair.open.id.kind.clone()).or_default();
        row.pairs += 1;
        row.proven += usize::from(!pair.open.assessment.needs_server());
        row.told += usize::from(matches!(finding, Finding::Told(_)));
        row.refused += usize::from(matches!(finding, Finding::Refused));
        *self.findings.entry(finding.kind()).or_default() += 1;
        *self.changes.entry(pair.change).or_default() += 1;
        for event in &pair.events {
            *self.events.entry(event).or_default() += 1;
        }
        if let Finding::Missed(cause) = &finding {
            *self.missed.entry(cause.clone()).or_default() += 1;
        }
        if finding.is_wrong() {
            let text = format!("{} {finding}", pair.open.id.kind);
            let times = self.wrong.entry(text).or_default();
            *times += 1;
            if *times == 1 && self.shown.len() < SHOWN {
                let (_, text) = shrink(world, pair, &finding).await;
                self.shown.push(text);
            }
        }
    }

    /// Prints all counts.
    pub(super) fn tell(&self, seed: u64) {
        tell(&format!("pairs: {} of {} kinds, seed {seed}", self.pairs(), self.kinds.len()));
        for (finding, count) in &self.findings {
            tell(&format!("{count:>7} {finding}"));
        }
        let rows = self
            .kinds
            .iter()
            .map(|(kind, row)| format!("{kind} {}/{}/{}/{}", row.pairs, row.proven, row.told, row.refused));
        tell(&format!("pairs/proven/changed/refused: {}", rows.collect::<Vec<_>>().join(", ")));
        for (title, counts) in [("writes", &self.events), ("last change of the manifest", &self.changes)] {
            let counts: Vec<String> = counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
            tell(&format!("{title}: {}", counts.join(", ")));
        }
        for (count, text) in self.first_refused.values() {
            let text: String = text.chars().take(300).collect();
            tell(&format!("first manifests refused: {count:>5}, such as {text}"));
        }
        for (title, causes) in [("not proven, though nothing changes", &self.missed), ("WRONG", &self.wrong)]
        {
            let mut causes: Vec<(&String, &usize)> = causes.iter().collect();
            causes.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
            for (cause, count) in causes.into_iter().take(60) {
                tell(&format!("{title}: {count:>5} {cause}"));
            }
        }
    }

    /// # Panics
    /// If a verdict is wrong, or if the pairs prove little.
    pub(super) fn assert_right(&self) {
        assert!(self.wrong.is_empty(), "{} wrong verdicts\n{}", self.wrong.len(), self.shown.join("\n\n"));
        let all = self.pairs() as usize;
        let proven = self.count(Finding::Proven.kind());
        let told = self.count(Finding::Told(0).kind()) + self.count(Finding::Told(1).kind());
        let missed = self.count(Finding::Missed(String::new()).kind());
        let unanswered = self.count(Finding::Unanswered(String::new()).kind());
        assert!(unanswered * 200 <= all, "{unanswered} of {all} pairs are unanswered");
        assert!(all >= 2_000, "{all} pairs");
        let both = self.kinds.values().filter(|row| row.proven >= 5 && row.told >= 5).count();
        assert!(both >= 18, "only {both} kinds were proven and changed often enough");
        assert!(proven * 4 >= all, "only {proven} of {all} pairs are proven");
        assert!(told * 5 >= all, "only {told} of {all} pairs are changed by an apply");
        let same = proven + missed;
        assert!(missed * 100 <= same * MOST_MISSED, "{missed} of {same} pairs that stay are not proven");
    }
}
