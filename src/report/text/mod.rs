//! The report for a reader in a hurry: a header, one block an object that differs, notes in one line each, a summary.
//!
//! As in kubectl diff `-` is live and `+` is what Git wants; the words stand beside the signs.

mod acted;
mod acts;
mod field;
mod line;
mod object;
mod value;
mod words;

use std::io::{self, Write};

use jiff::Timestamp;

use super::style::{Role, Styles};
use super::{Cluster, Failure, RemoteBase, Report, RuleText, Show, Source, TargetReport, ignored};
use crate::compare::verdict::{Class, FieldVerdict, NoteKind, ObjectVerdict, Proof, Status};
pub use acted::write_acted;
use acts::Acts;
use line::Line;

/// How a report is written.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The time from which ages are counted.
    pub now: Timestamp,
    /// Columns of the page. Lines are laid out for it; values that are longer are not broken.
    pub width: usize,
    /// Lines of context in diffs of texts.
    pub context: usize,
    /// What is shown beside differences.
    pub show: Show,
    /// The style sheet.
    pub styles: Styles,
}

/// Objects without differences that may carry the same adopt note before they are told as one line.
const MOST_ADOPTED: usize = 10;

/// Writes a report.
///
/// # Errors
/// Those of the writer.
pub fn write(report: &Report, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut lines = Vec::new();
    for target in &report.targets {
        lines.extend(self::target(&report.source, target, options));
        lines.push(Line::default());
    }
    let acts = Acts::sum(report.targets.iter().flat_map(|target| target.verdicts.get())).words();
    lines.extend(
        line::wrap(&acts, options.width)
            .iter()
            .filter(|_| !acts.is_empty())
            .map(|text| Line::of(Role::Plain, text)),
    );
    lines.push(summary(report));
    lines.splice(lines.len() - 1..lines.len() - 1, rules_changed(report));
    if report.targets.iter().any(|target| target.acted.is_some()) {
        lines.push(Line::default());
        lines.extend(acted::lines(report));
    }
    for line in lines {
        writeln!(out, "{}", line.paint(options.styles))?;
    }
    Ok(())
}

fn target(source: &Source, target: &TargetReport, options: &Options) -> Vec<Line> {
    let verdicts = target.verdicts.get();
    let fields = || verdicts.iter().flat_map(|verdict| &verdict.fields);
    let all_local = fields().next().is_some() && fields().all(is_local);
    let page = Page { options, column: column(verdicts, options), base: target.usual_base(), all_local };
    let mut lines = vec![header(source, target, &page)];
    lines.extend(target.remotes.iter().map(remote));
    if let Some(failure) = &target.failure {
        lines.push(Line::default());
        lines.extend(self::failure(failure));
        return lines;
    }
    if all_local {
        let words = "no dry run was possible: every difference is proven locally (proof: local)";
        lines.push(Line::of(Role::Faint, words));
    }
    let blocks: Vec<Vec<Line>> = verdicts
        .iter()
        .filter(|verdict| verdict.status != Status::InSync || options.show.in_sync)
        .map(|verdict| object::block(verdict, &page))
        .collect();
    if !blocks.is_empty() {
        lines.push(Line::default());
        lines.extend(blocks.into_iter().flatten());
    }
    if !options.show.in_sync {
        let notes = notes(verdicts, &page);
        if !notes.is_empty() {
            lines.push(Line::default());
            lines.extend(notes);
        }
    }
    lines
}

/// A directory of another repository that was rendered.
fn remote(base: &RemoteBase) -> Line {
    let short: String = base.commit.chars().take(7).collect();
    let reference = base.reference.iter().filter(|name| !base.commit.starts_with(name.as_str()));
    let reference: String = reference.map(|name| format!(" {name}")).collect();
    Line::of(Role::Faint, &format!("  with {} @ {short}{reference}", base.url))
}

fn failure(failure: &Failure) -> Vec<Line> {
    let mut lines = vec![Line::of(Role::Fault, "! error: ").with(Role::Plain, &failure.message)];
    lines.extend(failure.details.iter().map(|detail| Line::of(Role::Plain, &format!("    {detail}"))));
    lines.extend(failure.hint.iter().map(|hint| Line::of(Role::Faint, &format!("    {hint}"))));
    lines
}

/// The ignore rules that changed since the base: whoever changes a rule changes what is shown.
fn rules_changed(report: &Report) -> Vec<Line> {
    let Some(changed) = report.rules.as_ref().filter(|c| !c.added.is_empty() || !c.removed.is_empty()) else {
        return Vec::new();
    };
    let mut lines = vec![Line::of(Role::Strong, &format!("ignore rules changed since {}", changed.since))];
    let line = |sign: &str, role: Role, rule: &RuleText| {
        let place = object::at(&rule.file, Some(rule.line));
        Line::of(role, &format!("    {sign} "))
            .with(Role::Plain, &rule.words)
            .with(Role::Faint, &format!("  {place}"))
    };
    lines.extend(changed.removed.iter().map(|rule| line("-", Role::Live, rule)));
    lines.extend(changed.added.iter().map(|rule| line("+", Role::Git, rule)));
    lines.push(Line::default());
    lines
}

/// What the lines of one target have in common.
struct Page<'a> {
    options: &'a Options,
    /// Column of statuses and classes.
    column: usize,
    /// True if no field was proven by the server, which is said once.
    all_local: bool,
    /// The base that the header names.
    base: &'a crate::compare::verdict::BaseKind,
}

/// The column of statuses and classes: behind the longest name or path that leaves them a third of the page.
fn column(verdicts: &[ObjectVerdict], options: &Options) -> usize {
    let most = options.width * 2 / 3;
    let shown = verdicts.iter().filter(|verdict| verdict.status != Status::InSync || options.show.in_sync);
    let widths = shown.flat_map(|verdict| {
        let fields = verdict.fields.iter().map(|field| line::columns(&field.path.to_string()) + 4);
        fields.chain([line::columns(&verdict.id.to_string()) + 2])
    });
    widths.map(|width| width + 2).filter(|width| *width <= most).max().unwrap_or(0).max(options.width * 2 / 5)
}

/// True for a field that reading alone decided; what people added is never asked about.
fn is_local(field: &FieldVerdict) -> bool {
    field.proof == Proof::Local || field.class == Class::Added
}

fn header(source: &Source, target: &TargetReport, page: &Page<'_>) -> Line {
    let mut line = Line::of(Role::Strong, &source.display);
    if let Some(commit) = &source.commit {
        let short: String = commit.chars().take(7).collect();
        line.push(Role::Plain, &format!(" @ {short}"));
        let name = source.branch.as_ref().or(source.reference.as_ref());
        if let Some(name) = name.filter(|name| !commit.starts_with(name.as_str())) {
            line.push(Role::Plain, &format!(" {name}"));
        }
    }
    if source.dirty {
        line.push(Role::Difference, " (with uncommitted changes)");
    }
    line.push(Role::Plain, " → ");
    match &target.cluster {
        Cluster::Server { context, url } => {
            let name = if target.name.is_empty() { context } else { &target.name };
            line.push(Role::Strong, if name.is_empty() { url } else { name });
            if !name.is_empty() && !url.is_empty() {
                line.push(Role::Plain, &format!(" ({url})"));
            }
        }
        Cluster::File { name } if target.name.is_empty() => line.push(Role::Strong, &format!("file {name}")),
        Cluster::File { name } => {
            line.push(Role::Strong, &target.name);
            line.push(Role::Plain, &format!(" (file {name})"));
        }
    }
    if target.failure.is_some() {
        return line;
    }
    line.pad_to(page.column);
    line.with(Role::Faint, &words::base(page.base, page.options.now))
}

/// Notes on objects that are in sync.
fn notes(verdicts: &[ObjectVerdict], page: &Page<'_>) -> Vec<Line> {
    let in_sync = || verdicts.iter().filter(|verdict| verdict.status == Status::InSync);
    let is_whole =
        |note: &&crate::compare::verdict::Note| note.kind == NoteKind::Adopt && note.paths.is_empty();
    let adopted = in_sync().filter(|verdict| verdict.notes.iter().any(|note| is_whole(&note))).count();
    let folded = adopted > MOST_ADOPTED;
    let mut lines = Vec::new();
    if folded {
        let words = "adopt: not applied by gitops yet (--show in-sync lists them)";
        lines.push(note_line(&format!("{adopted} objects"), words, page));
    }
    for verdict in in_sync() {
        let name = verdict.id.to_string();
        let shown = verdict.notes.iter().filter(|note| page.options.show.shows(note.kind));
        for note in shown.filter(|note| !(folded && is_whole(note))) {
            lines.push(object::note(note, Line::of(Role::Faint, "· ").with(Role::Strong, &name), page));
        }
        for ignored in ignored(verdict).iter().filter(|_| page.options.show.ignored) {
            lines.push(object::note(
                &ignored.note,
                Line::of(Role::Faint, "· ").with(Role::Strong, &name),
                page,
            ));
        }
        for field in &verdict.fields {
            lines.push(note_line(&name, &field::note(verdict, field, page), page));
        }
    }
    lines
}

fn note_line(name: &str, words: &str, page: &Page<'_>) -> Line {
    let mut line = Line::of(Role::Faint, "· ").with(Role::Strong, name);
    line.pad_to(page.column);
    line.with(Role::Plain, words)
}

fn summary(report: &Report) -> Line {
    let verdicts = || report.targets.iter().flat_map(|target| target.verdicts.get());
    let count =
        |number: u64, one: &str, many: &str| format!("{number} {}", if number == 1 { one } else { many });
    let mut line = Line::of(Role::Strong, &count(verdicts().count() as u64, "object", "objects"));
    for (at, (status, number)) in super::summary(verdicts()).into_iter().enumerate() {
        line.push(Role::Plain, if at == 0 { ": " } else { ", " });
        let role = if status == Status::InSync { Role::Plain } else { words::sign(status).1 };
        line.push(
            role,
            &format!("{number} {}", if status == Status::InSync { "in sync" } else { status.word() }),
        );
    }
    let failed = report.targets.iter().filter(|target| target.failure.is_some()).count();
    if failed > 0 {
        line.push(Role::Fault, &format!(" · {} not compared", count(failed as u64, "target", "targets")));
    }
    let ignored = verdicts().map(|verdict| verdict.ignored.len() as u64).sum::<u64>();
    if ignored > 0 {
        line.push(Role::Plain, &format!(" · {} ignored", count(ignored, "difference", "differences")));
    }
    let counts = report.counts;
    let seconds = format!("{}.{:02} s", counts.elapsed_ms / 1000, counts.elapsed_ms % 1000 / 10);
    let cost = format!(
        " · {}, {}, {seconds}",
        count(counts.requests, "request", "requests"),
        count(counts.dry_runs, "dry run", "dry runs")
    );
    line.with(Role::Faint, &cost)
}
