//! Ignore rules as they are written in the configuration.

use std::sync::Arc;

use jiff::civil::Date;

use super::checker::{Checker, Fields};
use crate::compare::ignore::{Maker, Objects, Origin, Rule, What};
use crate::object::glob::Glob;
use crate::object::pattern::PathPattern;
use crate::render::Notice;
use crate::render::yaml::located::{Content, Located};

/// Most rules of one configuration.
const MAX_RULES: usize = 1_000;
/// Most paths, and most managers, of one rule.
const MAX_PATTERNS: usize = 100;
const KEYS: &[&str] = &["reason", "kind", "name", "namespace", "paths", "managers", "until"];

/// A rule in words, to tell what changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stated {
    /// Line of the rule.
    pub line: u32,
    /// Everything it says.
    pub words: String,
}

/// The rules that apply, all rules in words, and a warning for each that no longer applies.
pub(super) fn rules(
    checker: &mut Checker<'_>,
    fields: &Fields<'_>,
    today: Date,
) -> (Vec<Arc<Rule>>, Vec<Stated>, Vec<Notice>) {
    let (mut rules, mut stated, mut warnings) = (Vec::new(), Vec::new(), Vec::new());
    for item in checker.list(fields, "ignore", MAX_RULES) {
        let Some((rule, until)) = rule(checker, item) else { continue };
        stated.push(Stated { line: item.line, words: words(&rule, until) });
        match until {
            Some(until) if until < today => {
                let message = format!("the ignore rule expired on {until} and no longer applies");
                let hint = Some("remove it, or give it another last day".to_owned());
                warnings.push(checker.notice(item.line, item.column, message, hint));
            }
            _ => rules.push(Arc::new(rule)),
        }
    }
    (rules, stated, warnings)
}

fn rule(checker: &mut Checker<'_>, item: &Located) -> Option<(Rule, Option<Date>)> {
    let before = checker.problems.len();
    let fields = checker.map(item, "an ignore rule", KEYS);
    let reason = checker.optional(&fields, "reason").unwrap_or_default();
    let kind = checker.optional(&fields, "kind");
    let (kind, group) = match kind.as_deref().map(|kind| kind.split_once('.').unwrap_or((kind, "*"))) {
        Some((kind, group)) => (Some(Glob::new(kind)), Some(Glob::new(group)).filter(|glob| !glob.is_any())),
        None => (None, None),
    };
    let objects = Objects {
        group,
        kind,
        name: checker.optional(&fields, "name").as_deref().map(Glob::new),
        namespace: checker.optional(&fields, "namespace").as_deref().map(Glob::new),
        managed_by: None,
    };
    let paths = paths(checker, &fields, &objects);
    let managers = checker.list(&fields, "managers", MAX_PATTERNS).iter();
    let managers: Vec<Glob> =
        managers.filter_map(|item| checker.text(item, "a manager").map(Glob::new)).collect();
    let until = fields.get("until").and_then(|value| until(checker, value));
    if checker.problems.len() == before && paths.is_empty() && managers.is_empty() {
        let hint = "name paths, for example [spec.replicas], or managers; `paths: [\"*\"]` is every field"
            .to_owned();
        checker.at(item, "the ignore rule has neither paths nor managers", hint);
    }
    let what = What::Fields { paths, managers };
    let (file, line) = (checker.file.to_owned(), item.line);
    let origin = Origin { maker: Maker::Configuration, file, line, reason };
    (checker.problems.len() == before).then_some((Rule { origin, objects, what }, until))
}

fn paths(checker: &mut Checker<'_>, fields: &Fields<'_>, objects: &Objects) -> Vec<PathPattern> {
    let mut paths = Vec::new();
    for item in checker.list(fields, "paths", MAX_PATTERNS) {
        let Some(text) = checker.text(item, "a path") else { continue };
        match PathPattern::parse(text) {
            Err(error) => {
                let message = format!("{text:?} is no path: at character {}: {error}", error.at + 1);
                let hint = "copy a path from a report, as in spec.containers[web].image".to_owned();
                checker.at(item, message, hint);
            }
            Ok(path) if path.is_everything() && is_any(&objects.kind) && is_any(&objects.name) => {
                let hint = "say which objects with kind or name".to_owned();
                checker.at(
                    item,
                    "`*` without a kind or a name would ignore every field of every object",
                    hint,
                );
            }
            Ok(path) => paths.push(path),
        }
    }
    paths
}

fn is_any(glob: &Option<Glob>) -> bool {
    glob.as_ref().is_none_or(Glob::is_any)
}

/// The last day of a rule, as `2027-01-31`.
fn until(checker: &mut Checker<'_>, value: &Located) -> Option<Date> {
    let text = match &value.content {
        Content::Text(text) => text.as_str(),
        _ => "",
    };
    // The library reads more forms than people should have to know.
    let shaped = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    let date = text.parse::<Date>().ok().filter(|_| shaped);
    if date.is_none() {
        let found = if text.is_empty() { value.shape().to_owned() } else { format!("{text:?}") };
        checker.at(value, format!("until: expected a day such as 2027-01-31, found {found}"), None);
    }
    date
}

fn words(rule: &Rule, until: Option<Date>) -> String {
    let glob = |glob: &Option<Glob>| glob.as_ref().map_or("*", Glob::as_str).to_owned();
    let Rule { objects, origin, .. } = rule;
    let mut words = glob(&objects.kind);
    if let Some(group) = &objects.group {
        words.push_str(&format!(".{group}"));
    }
    words.push_str(&format!(" {}/{}:", glob(&objects.namespace), glob(&objects.name)));
    if let What::Fields { paths, managers } = &rule.what {
        let paths: Vec<String> = paths.iter().map(ToString::to_string).collect();
        let managers: Vec<&str> = managers.iter().map(Glob::as_str).collect();
        words.push_str(&format!(" {}", if paths.is_empty() { "*".to_owned() } else { paths.join(", ") }));
        if !managers.is_empty() {
            words.push_str(&format!(" by {}", managers.join(", ")));
        }
    }
    if let Some(until) = until {
        words.push_str(&format!(" until {until}"));
    }
    if !origin.reason.is_empty() {
        words.push_str(&format!(" ({})", origin.reason));
    }
    words
}
