//! The configuration of a source, `gitops.yaml`: targets and ignore rules, read and checked. Pure.
//!
//! Every problem is told with file, line and column, all of them at once; a key that is not known is a problem, not a rule
//! that silently does nothing.

mod checker;
mod ignore;
pub mod lock;
mod target;

pub use ignore::Stated;
pub use target::{Renderer, Target};

use std::sync::Arc;

use jiff::civil::Date;

use crate::compare::ignore::Rule;
use crate::compare::ignore::usage::{Usage, Useless};
use crate::render::Notice;
use crate::render::yaml::located;
use checker::Checker;

/// The name of the file at the root of a source.
pub const FILE: &str = "gitops.yaml";
/// The version that is understood.
const API_VERSION: &str = "gitops/v1";

/// A configuration.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Config {
    /// The file it was read from, empty if there is none.
    pub file: String,
    /// Targets, in the order of the file.
    pub targets: Vec<Target>,
    /// The ignore rules that apply today.
    pub rules: Vec<Arc<Rule>>,
    /// All ignore rules, in words.
    pub stated: Vec<Stated>,
    /// Rules that no longer apply.
    pub warnings: Vec<Notice>,
}

/// Reads a configuration. `today` is the day in UTC.
///
/// # Errors
/// Everything that is wrong with it, in order of place.
pub fn parse(file: &str, bytes: &[u8], today: Date) -> Result<Config, Vec<Notice>> {
    let mut checker = Checker::new(file);
    let mut config = Config { file: file.to_owned(), ..Config::default() };
    match located::read(bytes) {
        Err(problem) => {
            let quoted =
                "a path with brackets or a leading `*` is quoted inside [ ]: ['spec.containers[*].image']";
            let hint = problem.hint.unwrap_or_else(|| quoted.to_owned());
            checker.problem(problem.line, problem.column, problem.message, Some(hint));
        }
        Ok(None) => {
            checker.problem(0, 0, "holds nothing", Some(format!("start with apiVersion: {API_VERSION}")))
        }
        Ok(Some(root)) => {
            let fields = checker.map(&root, "the configuration", &["apiVersion", "targets", "ignore"]);
            checker.version(&root, &fields, API_VERSION);
            config.targets = target::targets(&mut checker, &fields);
            let rules = ignore::rules(&mut checker, &fields, today);
            (config.rules, config.stated, config.warnings) = rules;
        }
    }
    if checker.problems.is_empty() { Ok(config) } else { Err(checker.sorted()) }
}

impl Config {
    /// Warnings about rules that mean nothing in any of the sets that were compared.
    pub fn useless(&self, usage: &Usage) -> Vec<Notice> {
        let warning = |(at, rule): (usize, &Arc<Rule>)| {
            let message = match usage.useless(at, rule)? {
                Useless::NoObject => "the ignore rule matches no object",
                Useless::NoField => "the ignore rule matches objects, but none of them has such a field",
                Useless::NoManager => {
                    "the ignore rule matches objects, but none of them has a field of such a manager"
                }
            };
            Some(Notice {
                file: rule.origin.file.clone(),
                line: rule.origin.line,
                column: 0,
                message: message.to_owned(),
                hint: Some("correct it, or remove it".to_owned()),
            })
        };
        self.rules.iter().enumerate().filter_map(warning).collect()
    }
}

/// How the rules of a configuration differ from those of another, in words: what this one has more, and what it has less.
pub fn changed(now: &[Stated], before: &[Stated]) -> (Vec<Stated>, Vec<Stated>) {
    let without = |all: &[Stated], others: &[Stated]| {
        let mut left: Vec<&str> = others.iter().map(|rule| rule.words.as_str()).collect();
        let is_new = |rule: &&Stated| match left.iter().position(|words| *words == rule.words) {
            Some(at) => {
                left.remove(at);
                false
            }
            None => true,
        };
        all.iter().filter(is_new).cloned().collect()
    };
    (without(now, before), without(before, now))
}

#[cfg(test)]
mod tests;
