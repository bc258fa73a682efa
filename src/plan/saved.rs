//! A plan in a file: what it was made of and every step that it takes, for people to read and for a later run to hold itself to.
//!
//! It is JSON that ends with a digest of all bytes before it, so that a file that was cut or touched is no plan any more. It holds
//! no value of any object: digests stand for them (see [`super::seal`]). What it says is never believed: the run that performs it
//! computes everything anew and compares (see [`super::stale`]).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::seal::{Seal, bytes_of, bytes_text};
use crate::object::digest::hex;
use crate::object::id::{GroupVersion, Gvk, ObjectId};
use crate::record::key::KEY_BYTES;

/// How every plan begins, whatever its version.
const HEAD: &str = "{\n  \"format\": \"gitops/plan\",\n  \"version\": ";
/// What stands before the digest at the end.
const TAIL: &str = ",\n  \"digest\": \"sha256:";
/// What stands behind it.
const END: &str = "\"\n}\n";
/// Hexadecimal digits of the digest.
const DIGITS: usize = 64;
/// The version of the format.
pub const VERSION: u32 = 1;
/// Largest plan that is read or written, in bytes: 100,000 steps with long names.
pub const MAX_BYTES: usize = 64 << 20;

/// A saved plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Saved {
    /// When it was made, RFC 3339 in UTC; for people alone.
    pub made_at: String,
    /// What it was made of, as far as that is known before the cluster is read.
    pub basis: Basis,
    /// Whose key the digests are made with.
    pub key: Key,
    /// A digest of all rendered objects.
    pub render: String,
    /// The steps in the order of execution.
    pub steps: Vec<SavedStep>,
    /// Objects that cannot be written, each with its status; the rest is written.
    pub blocked: Vec<Told>,
    /// Objects with fields that are left to a controller.
    pub held: Vec<String>,
    /// What is left as it is, each with the reason.
    pub left: Vec<Told>,
}

/// What a plan was made of, as far as that is known before the cluster is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Basis {
    /// Major and minor version of the program.
    pub tool: String,
    /// The command.
    pub command: String,
    /// The commit; nothing where the source is none.
    pub commit: Option<String>,
    /// True if the source had uncommitted changes.
    pub dirty: bool,
    /// The directory inside the source.
    pub path: String,
    /// What renders it.
    pub renderer: String,
    /// The set, as `namespace of its record/name`.
    pub set: String,
    /// Which cluster.
    pub cluster: Cluster,
    /// What flags say, by their names without dashes, as far as they decide; and the commits of what is rendered from elsewhere.
    pub inputs: BTreeMap<String, String>,
    /// The moment that `--since` means.
    pub since: Option<String>,
}

/// How a cluster is known again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Cluster {
    /// The uid of the namespace kube-system.
    Uid(String),
    /// A digest of the server's URL and the certificates it is checked with, where that uid cannot be read.
    Server(String),
}

/// The key of the digests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Key {
    /// That of the set, known again by this digest.
    Set(String),
    /// These bytes: the set had none yet. Digests leave values of Secrets out.
    Plan(String),
}

/// A step of a saved plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SavedStep {
    /// What is done: `create`, `update`, `later`, `replace`, `revert`, `delete`, `refused`.
    pub action: String,
    /// Group and version of the request.
    pub api_version: String,
    /// Kind.
    pub kind: String,
    /// Namespace, empty at cluster scope.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Name.
    pub name: String,
    /// `metadata.uid` of the live object; nothing where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// A digest of the live object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<String>,
    /// A digest of what is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sends: Option<String>,
    /// What goes with it, or why it is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Something about an object, in words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Told {
    /// The object, and the field where it is about one.
    pub object: String,
    /// What about it.
    pub reason: String,
}

/// Why a file is no plan that can be performed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It is something else.
    #[error("is no plan of gitops")]
    NotAPlan,
    /// It is larger than any plan.
    #[error("is larger than a plan can be, {MAX_BYTES} bytes")]
    TooLarge,
    /// It is one, and not as it was written.
    #[error("is damaged or was changed: {0}")]
    Damaged(String),
    /// Another version of the program wrote it.
    #[error("is a plan of format {0}, and this program performs format {VERSION}")]
    Version(u32),
}

impl SavedStep {
    /// Which object it is about.
    pub fn id(&self) -> ObjectId {
        let group_version = GroupVersion::parse(&self.api_version);
        let (group, version) = group_version.map_or_else(Default::default, |gv| (gv.group, gv.version));
        ObjectId::new(&Gvk::new(&group, &version, &self.kind), &self.namespace, &self.name)
    }
}

impl Key {
    /// A key of the plan's own.
    pub fn of_plan(bytes: &[u8; KEY_BYTES]) -> Self {
        Self::Plan(bytes_text(bytes))
    }

    /// The seal of a plan with a key of its own.
    pub fn own_seal(&self) -> Option<Seal> {
        match self {
            Self::Plan(text) => bytes_of(text).map(Seal::of_plan),
            Self::Set(_) => None,
        }
    }
}

/// True if a file begins as plans do, so that a newer plan may take its place.
pub fn is_plan(start: &[u8]) -> bool {
    start.starts_with(HEAD.as_bytes())
}

/// The bytes that [`is_plan`] looks at.
pub const START: usize = HEAD.len();

impl Saved {
    /// The file.
    ///
    /// # Errors
    /// It would be larger than what is read.
    pub fn encode(&self) -> Result<Vec<u8>, Unreadable> {
        // Derived from plain fields: it always serializes.
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        let body = text.strip_prefix("{\n").and_then(|text| text.strip_suffix("\n}")).unwrap_or_default();
        let mut file = format!("{HEAD}{VERSION},\n{body}");
        let digest = hex(&Sha256::digest(file.as_bytes()));
        file.push_str(TAIL);
        file.push_str(&digest);
        file.push_str(END);
        match file.len() <= MAX_BYTES {
            true => Ok(file.into_bytes()),
            false => Err(Unreadable::TooLarge),
        }
    }

    /// The plan in a file.
    ///
    /// # Errors
    /// It holds none, or not the one that was written.
    pub fn decode(file: &[u8]) -> Result<Self, Unreadable> {
        if file.len() > MAX_BYTES {
            return Err(Unreadable::TooLarge);
        }
        let rest = file.strip_prefix(HEAD.as_bytes()).ok_or(Unreadable::NotAPlan)?;
        let damaged = |what: &str| Unreadable::Damaged(what.to_owned());
        let incomplete = || damaged("it does not end as plans do");
        let end = file.len().checked_sub(TAIL.len() + DIGITS + END.len()).ok_or_else(incomplete)?;
        let (content, tail) = file.split_at_checked(end).ok_or_else(incomplete)?;
        let digest = tail.strip_prefix(TAIL.as_bytes()).and_then(|tail| tail.strip_suffix(END.as_bytes()));
        let digest = digest.ok_or_else(incomplete)?;
        if digest != hex(&Sha256::digest(content)).as_bytes() {
            return Err(damaged("its digest is not that of its content"));
        }
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (version, body) = rest.split_at(digits);
        let version = std::str::from_utf8(version).ok().and_then(|text| text.parse().ok());
        match version {
            Some(VERSION) => {}
            Some(other) => return Err(Unreadable::Version(other)),
            None => return Err(damaged("its version is no number")),
        }
        let body = body.len().checked_sub(tail.len()).and_then(|length| body.get(..length));
        let body = body.and_then(|body| body.strip_prefix(b",")).ok_or_else(incomplete)?;
        let text = [b"{", body, b"}"].concat();
        serde_json::from_slice(&text).map_err(|error| Unreadable::Damaged(error.to_string()))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::plan) fn step(action: &str, kind: &str, name: &str) -> SavedStep {
        let is_there = !matches!(action, "create" | "later");
        SavedStep {
            action: action.to_owned(),
            api_version: if kind == "Deployment" { "apps/v1" } else { "v1" }.to_owned(),
            kind: kind.to_owned(),
            namespace: "shop".to_owned(),
            name: name.to_owned(),
            uid: is_there.then(|| format!("uid-{name}")),
            live: is_there.then(|| "0a".repeat(16)),
            sends: (action != "delete").then(|| "0b".repeat(16)),
            note: None,
        }
    }

    pub(in crate::plan) fn plan() -> Saved {
        let told = |object: &str, reason: &str| Told { object: object.to_owned(), reason: reason.to_owned() };
        Saved {
            made_at: "2026-11-21T10:00:00Z".to_owned(),
            basis: Basis {
                tool: "0.1".to_owned(),
                command: "apply".to_owned(),
                commit: Some("4f2c1e9".to_owned()),
                dirty: false,
                path: "clusters/prod".to_owned(),
                renderer: "plain".to_owned(),
                set: "shop/prod".to_owned(),
                cluster: Cluster::Uid("c-1".to_owned()),
                inputs: BTreeMap::from([("prune".to_owned(), "true".to_owned())]),
                since: None,
            },
            key: Key::of_plan(&[7; 32]),
            render: "0c".repeat(16),
            steps: vec![
                step("create", "ConfigMap", "banner"),
                step("update", "Deployment", "web"),
                step("delete", "Service", "old"),
            ],
            blocked: vec![told("ConfigMap shop/broken", "invalid")],
            held: vec!["Deployment shop/web".to_owned()],
            left: vec![told("Namespace shop", "it is a protected kind")],
        }
    }

    /// PROP-20: whatever happens to the bytes, what is read is the plan that was written or nothing.
    #[test]
    fn prop_20_any_changed_byte_and_any_cut_is_refused() {
        let plan = plan();
        let file = plan.encode().unwrap();
        assert_eq!(Saved::decode(&file), Ok(plan));
        for at in 0..file.len() {
            for flip in (0..8).map(|bit| 1 << bit).chain([0xff, 0x20, 0x0d]) {
                let mut changed = file.clone();
                changed[at] ^= flip;
                let refused = Saved::decode(&changed);
                let expected =
                    if at < START { refused == Err(Unreadable::NotAPlan) } else { is_damaged(&refused) };
                assert!(expected, "byte {at} by {flip:x}: {refused:?}");
            }
            for inserted in [b' ', b'"', 0, b'\n'] {
                let longer = [&file[..at], &[inserted], &file[at..]].concat();
                assert!(Saved::decode(&longer).is_err(), "byte {at}");
            }
            let expected = Saved::decode(&file[..at]);
            assert!(
                if at < START { expected == Err(Unreadable::NotAPlan) } else { is_damaged(&expected) },
                "{at} bytes"
            );
            assert!(Saved::decode(&file[at + 1..]).is_err(), "without {at} bytes");
        }
        for behind in ["\n", " ", "}", "\0"] {
            assert!(is_damaged(&Saved::decode(&[&file[..], behind.as_bytes()].concat())), "{behind:?}");
        }
    }

    fn is_damaged(refused: &Result<Saved, Unreadable>) -> bool {
        matches!(refused, Err(Unreadable::Damaged(_)))
    }

    /// A file with this content and a digest that fits.
    fn signed(content: &str) -> Vec<u8> {
        format!("{content}{TAIL}{}{END}", hex(&Sha256::digest(content))).into_bytes()
    }

    #[test]
    fn a_file_whose_digest_fits_is_still_read_with_care() {
        let text = String::from_utf8(plan().encode().unwrap()).unwrap();
        let content = &text[..text.len() - TAIL.len() - DIGITS - END.len()];
        assert_eq!(signed(content), text.as_bytes());
        assert_eq!(
            Saved::decode(&signed(&content.replace("\"version\": 1,", "\"version\": 2,"))),
            Err(Unreadable::Version(2))
        );
        let table = [
            (content.replace("\"version\": 1,", "\"version\": ,"), "no number"),
            (content.replace("\"version\": 1,", "\"version\": 99999999999,"), "no number"),
            (content.replace("\"version\": 1,", "\"version\": 1"), "does not end"),
            (content.replace("\"madeAt\"", "\"made\""), "unknown field `made`"),
            (content.replace("\"render\": ", "\"render\": 1, \"render\": "), "invalid type"),
            (content.replace("\"dirty\": false", "\"dirty\": 0"), "invalid type"),
            (content.replace("\"uid\": \"c-1\"", "\"uids\": \"c-1\""), "unknown variant"),
            (format!("{content}, \"more\": {}", "[".repeat(100_000)), "unknown field `more`"),
            (HEAD.to_owned(), "no number"),
            (format!("{HEAD}1"), "does not end"),
            (format!("{HEAD}1,"), "missing field"),
        ];
        for (content, expected) in table {
            let found = Saved::decode(&signed(&content));
            let is_told = matches!(&found, Err(Unreadable::Damaged(why)) if why.contains(expected));
            assert!(is_told, "{expected}: {found:?}");
        }
        for other in [&b""[..], b"{}", b"kind: ConfigMap", b"\xff\xfe", b"{\"format\": \"gitops/plan\"}"] {
            assert_eq!(Saved::decode(other), Err(Unreadable::NotAPlan));
            assert!(!is_plan(other));
        }
        assert!(is_plan(text.as_bytes()));
    }

    #[test]
    fn a_plan_has_a_size_that_is_read_again() {
        let mut large = plan();
        let name = "n".repeat(250);
        large.steps =
            (0..20_000).map(|number| step("update", "ConfigMap", &format!("{name}{number}"))).collect();
        let file = large.encode().unwrap();
        assert!(file.len() < MAX_BYTES / 2, "20,000 steps with the longest names are {} bytes", file.len());
        assert_eq!(Saved::decode(&file), Ok(large.clone()));
        large.render = "x".repeat(MAX_BYTES);
        assert_eq!(large.encode(), Err(Unreadable::TooLarge));
        assert_eq!(Saved::decode(&vec![b' '; MAX_BYTES + 1]), Err(Unreadable::TooLarge));
    }

    #[test]
    fn a_plan_is_read_by_people() {
        let text = String::from_utf8(plan().encode().unwrap()).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["format"], "gitops/plan");
        assert_eq!(value["steps"][1]["action"], "update");
        assert_eq!(value["steps"][1]["kind"], "Deployment");
        assert_eq!(value["basis"]["cluster"]["uid"], "c-1");
        assert!(text.contains("\n      \"action\": \"create\",\n      \"apiVersion\": \"v1\",\n"), "{text}");
    }
}
