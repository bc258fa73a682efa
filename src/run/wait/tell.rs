//! What is told while a run waits: a line that changes on a terminal, and a few lines in a log.

use std::time::Duration;

use tokio::time::Instant;

use super::{WaitOutcome, Waiting};
use crate::progress::Progress;
use crate::report::escape::{one_line, without_commands};

/// Time after which a log hears again for what is waited.
const SILENCE: Duration = Duration::from_secs(15);
/// Objects that are named in one line.
const NAMED: usize = 3;
/// Longest reason, in characters.
const LONGEST: usize = 1_000;

/// Tells what changes.
pub(super) struct Teller<'a> {
    progress: &'a Progress,
    total: usize,
    ready: usize,
    last: Instant,
}

impl<'a> Teller<'a> {
    /// A teller about so many objects.
    pub(super) fn new(progress: &'a Progress, total: usize) -> Self {
        Self { progress, total, ready: 0, last: Instant::now() }
    }

    /// A round is over, in which these places were decided.
    pub(super) fn round(&mut self, waiting: &Waiting<'_>, decided: &[usize]) {
        let is_ready = |at: &&usize| matches!(waiting.outcomes[**at], Some(WaitOutcome::Ready));
        let ready: Vec<String> =
            decided.iter().filter(is_ready).map(|at| waiting.awaited[*at].id.to_string()).collect();
        self.ready += ready.len();
        self.decided(waiting, decided);
        let line = self.line(waiting);
        if !ready.is_empty() {
            self.say(&format!("ready: {} ({} of {})", named(&ready), self.ready, self.total));
        } else if self.last.elapsed() >= SILENCE
            && let Some(line) = &line
        {
            self.say(line);
        }
        if let Some(line) = line {
            self.progress.waiting(safe(&line));
        }
    }

    /// The time is over for these places.
    pub(super) fn end(&mut self, waiting: &Waiting<'_>, late: &[usize]) {
        self.decided(waiting, late);
    }

    /// What will not become ready is told at once.
    fn decided(&self, waiting: &Waiting<'_>, places: &[usize]) {
        for at in places {
            let text = match &waiting.outcomes[*at] {
                Some(WaitOutcome::Failed(reason)) => format!("failed: {reason}"),
                Some(WaitOutcome::TimedOut(reason)) => format!("not ready in time: {reason}"),
                Some(WaitOutcome::Gone) => "gone while it was waited for".to_owned(),
                Some(WaitOutcome::Replaced) => {
                    "replaced by another object while it was waited for".to_owned()
                }
                Some(WaitOutcome::Unknown(error)) => format!("unknown: {error}"),
                Some(WaitOutcome::Ready) | None => continue,
            };
            self.progress.lasting_line(&safe(&format!("{}: {text}", waiting.awaited[*at].id)));
        }
    }

    fn say(&mut self, line: &str) {
        self.progress.log_line(&safe(line));
        self.last = Instant::now();
    }

    /// `3 of 12 ready; waiting for Deployment shop/web: 1 of 3 replicas are available`.
    fn line(&self, waiting: &Waiting<'_>) -> Option<String> {
        let at = waiting.open().next()?;
        let (id, reason) = (&waiting.awaited[at].id, waiting.seen[at].text());
        Some(format!("{} of {} ready; waiting for {id}: {reason}", self.ready, self.total))
    }
}

fn named(names: &[String]) -> String {
    let shown = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// A text of the cluster on one line, without anything that harms a terminal or speaks to a build service, and cut.
pub(super) fn safe(text: &str) -> String {
    let text = one_line(text.trim());
    let text = without_commands(&text);
    match text.char_indices().nth(LONGEST) {
        None => text.into_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

/// Two reasons as one, without what the second repeats.
pub(super) fn joined(first: &str, second: &str) -> String {
    let second = safe(second);
    match (first.is_empty(), second.is_empty()) {
        (_, true) => first.to_owned(),
        (true, false) => second,
        _ if first.contains(&second) => first.to_owned(),
        _ => safe(&format!("{first}; {second}")),
    }
}
