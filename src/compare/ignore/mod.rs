//! Rules that say which differences do not count: of our own configuration, and those of others where they stand in the
//! repository or on the object. Pure.
//!
//! A rule takes differences away and never adds one. It is about fields: an object that is missing stays missing, whatever
//! fields a rule names. What it took away is kept, with the rule, so that a report can show it.

pub mod application;
mod body;
pub mod jq;
pub mod marks;
mod strip;
pub mod usage;
mod weigh;

use std::sync::Arc;

use serde_json::Value;

use super::judge::Subject;
use crate::object::fields::Entry;
use crate::object::glob::Glob;
use crate::object::id::ObjectId;
use crate::object::path::FieldPath;
use crate::object::pattern::PathPattern;

pub(super) use body::{leave, restore, without_ignored};
pub(super) use weigh::{Found, Scene, Taken};

/// Who made a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Maker {
    /// `ignore` of the configuration.
    Configuration,
    /// `ignoreDifferences` of an Argo CD Application in the render.
    Application,
    /// An annotation or label of the object in Git.
    Mark,
    /// An annotation or label of the live object alone.
    LiveMark,
}

impl Maker {
    /// The word in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Application => "application",
            Self::Mark => "mark",
            Self::LiveMark => "live-mark",
        }
    }
}

/// Where a rule comes from and why there is one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// Who made it.
    pub maker: Maker,
    /// The file; empty for a mark on the live object.
    pub file: String,
    /// The line in the file, from 1; 0 if there is none.
    pub line: u32,
    /// Why, in the words of whoever made it; may be empty.
    pub reason: String,
}

impl Origin {
    /// `gitops.yaml:12`, or where else the rule stands.
    pub fn place(&self) -> String {
        match (self.maker, self.line) {
            (Maker::LiveMark, _) => "on the live object".to_owned(),
            (_, 0) => self.file.clone(),
            (_, line) => format!("{}:{line}", self.file),
        }
    }
}

/// One rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Where it comes from.
    pub origin: Origin,
    /// Which objects it is about.
    pub objects: Objects,
    /// What about them does not count.
    pub what: What,
}

/// Which objects a rule is about: all conditions must hold, and one that is absent holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Objects {
    /// API group; the core group is the empty text.
    pub group: Option<Glob>,
    /// Kind, in any case.
    pub kind: Option<Glob>,
    /// Name.
    pub name: Option<Glob>,
    /// Namespace; that of a cluster-scoped object is the empty text.
    pub namespace: Option<Glob>,
    /// The Application that must manage the object.
    pub managed_by: Option<Arc<application::Application>>,
}

impl Objects {
    /// True if type and name fit.
    pub fn name(&self, id: &ObjectId) -> bool {
        let fits = |glob: &Option<Glob>, text: &str| glob.as_ref().is_none_or(|glob| glob.matches(text));
        self.kind.as_ref().is_none_or(|kind| kind.matches_any_case(&id.kind))
            && fits(&self.group, &id.group)
            && fits(&self.name, &id.name)
            && fits(&self.namespace, &id.namespace)
    }

    fn select(&self, subject: &Subject<'_>, live: Option<&Value>) -> bool {
        self.name(subject.id)
            && self.managed_by.as_ref().is_none_or(|application| {
                live.is_some_and(|live| application.manages(subject.id, &subject.desired.origin.file, live))
            })
    }
}

/// What does not count.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// Fields: paths and managers must both hold, and a list that is empty holds. One of them is not empty.
    Fields {
        /// Paths, each with everything below.
        paths: Vec<PathPattern>,
        /// Field managers, as `NAME` or `NAME/SUBRESOURCE`: whoever owns the live value beside us is among them.
        managers: Vec<Glob>,
    },
    /// Every field, and whether the object is there.
    Everything,
    /// What people added.
    Additions,
}

/// True if one of the globs means the manager of an entry.
fn names(managers: &[Glob], entry: &Entry<'_>) -> bool {
    let shown = super::owner::display(entry);
    managers.iter().any(|glob| glob.matches(entry.manager) || glob.matches(&shown))
}

/// All rules of one comparison.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rules {
    /// Those of the configuration, in its order.
    pub own: Vec<Arc<Rule>>,
    /// Those of Applications in the render.
    pub others: Vec<Arc<Rule>>,
}

impl Rules {
    /// The rules about one object, those of the configuration first. `live` is `None` where it is absent.
    pub(super) fn about(&self, subject: &Subject<'_>, live: Option<&Value>) -> Ignoring {
        let listed = self.own.iter().chain(&self.others);
        let mut rules: Vec<Arc<Rule>> =
            listed.filter(|rule| rule.objects.select(subject, live)).cloned().collect();
        rules.extend(marks::of_object(subject, live).map(Arc::new));
        Ignoring(rules)
    }
}

/// The rules about one object.
#[derive(Debug, Clone, Default)]
pub(super) struct Ignoring(Vec<Arc<Rule>>);

impl Ignoring {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The rule that makes an absent object count for nothing.
    pub(super) fn of_absence(&self) -> Option<Arc<Rule>> {
        self.0.iter().find(|rule| rule.what == What::Everything).cloned()
    }
}

/// A difference that a rule took away.
#[derive(Debug, Clone, PartialEq)]
pub struct Ignored {
    /// The field, item or list; empty for the whole object.
    pub path: FieldPath,
    /// What it would have been: the word of a class, or `missing`.
    pub word: &'static str,
    /// The rule.
    pub rule: Arc<Rule>,
}

#[cfg(test)]
mod tests;
