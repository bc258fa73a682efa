//! What a command did, one line an object, and a summary.

use std::io::{self, Write};

use super::line::Line;
use super::{Options, Report, Role};
use crate::plan::outcome::{Act, Acted};

/// Writes what was done.
///
/// # Errors
/// Those of the writer.
pub fn write_acted(report: &Report, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    for line in lines(report) {
        writeln!(out, "{}", line.paint(options.styles))?;
    }
    Ok(())
}

/// The lines: every object that was to be written, failures last, where a reader looks first.
pub(super) fn lines(report: &Report) -> Vec<Line> {
    let acted = report.targets.iter().filter_map(|target| target.acted.as_ref());
    let mut all: Vec<&Acted> = acted.flat_map(|acted| acted.get()).collect();
    all.sort_by_key(|acted| (!acted.act.is_good(), acted.act == Act::NotStarted));
    let width = Act::ALL.into_iter().map(|act| act.word().len()).max().unwrap_or(0);
    let line = |acted: &&Acted| {
        let role = if acted.act.is_good() { Role::Plain } else { Role::Fault };
        let sign = if acted.act.is_good() { "  " } else { "! " };
        let line = Line::of(role, &format!("{sign}{:width$}  ", acted.act.word()));
        let line = line.with(Role::Strong, &acted.id.to_string());
        match &acted.reason {
            Some(reason) => line.with(Role::Plain, &format!(": {reason}")),
            None => line,
        }
    };
    let mut lines: Vec<Line> = all.iter().map(line).collect();
    lines.push(summary(report, &all));
    lines
}

fn summary(report: &Report, all: &[&Acted]) -> Line {
    let counts = report.counts;
    let seconds = format!("{}.{:02} s", counts.elapsed_ms / 1000, counts.elapsed_ms % 1000 / 10);
    let told = Act::ALL.into_iter().filter_map(|act| {
        let number = all.iter().filter(|acted| acted.act == act).count();
        (number > 0).then(|| (act, format!("{number} {}", act.word())))
    });
    let told: Vec<(Act, String)> = told.collect();
    let mut line = Line::default();
    if told.is_empty() {
        line.push(Role::Strong, "nothing to do");
    }
    for (at, (act, words)) in told.iter().enumerate() {
        line.push(Role::Plain, if at == 0 { "" } else { ", " });
        line.push(if act.is_good() { Role::Strong } else { Role::Fault }, words);
    }
    let is_read_again = |acted: &&&Acted| matches!(acted.act, Act::Created | Act::Configured | Act::Replaced);
    if all.iter().any(|acted| is_read_again(&acted)) && all.iter().all(|acted| acted.act.is_good()) {
        line.push(Role::Plain, " · read again: as planned");
    }
    line.with(Role::Faint, &format!(" · {} requests, {seconds}", counts.requests))
}
