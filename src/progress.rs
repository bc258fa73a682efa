//! A line on stderr that says what a run is doing, for anything that takes longer than half a second.
//!
//! Drawn on terminals only, and gone when the run is over. Whoever has no line to draw pays nothing. A log, where nothing
//! can be drawn, gets the few lines that are worth one.
#![expect(clippy::disallowed_methods, reason = "this module is the edge that draws on the terminal")]

use std::fmt;
use std::io::{IsTerminal as _, Write as _};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A run that is shorter shows nothing.
const DELAY: Duration = Duration::from_millis(500);
/// Time between two drawings.
const TICK: Duration = Duration::from_millis(120);

/// The progress line of a run; gone when it is dropped.
#[derive(Debug)]
pub struct Progress(Kind);

#[derive(Debug)]
enum Kind {
    Shown(Shown),
    Log(Log),
    Hidden,
}

/// Takes the lines of a log.
struct Log(Box<dyn Fn(&str) + Send + Sync>);

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Log")
    }
}

#[derive(Debug)]
struct Shown {
    bar: ProgressBar,
    stop: Option<Sender<()>>,
    delayed: Option<JoinHandle<()>>,
}

impl Progress {
    /// A line on stderr if that is a terminal and the run is not quiet; a log if it is none.
    pub fn start(quiet: bool) -> Self {
        if is_shown(quiet, std::io::stderr().is_terminal()) {
            Self::on(ProgressDrawTarget::stderr(), DELAY)
        } else if quiet {
            Self::hidden()
        } else {
            // A stderr that is gone is no reason to stop.
            Self::log(|line| drop(writeln!(std::io::stderr().lock(), "{line}")))
        }
    }

    /// No line.
    pub fn hidden() -> Self {
        Self(Kind::Hidden)
    }

    /// No line that is drawn: what is worth a line of a log goes to a function.
    pub fn log(write: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Kind::Log(Log(Box::new(write))))
    }

    fn on(target: ProgressDrawTarget, delay: Duration) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        let (stop, stopped) = mpsc::channel::<()>();
        let later = bar.clone();
        let delayed = std::thread::spawn(move || {
            if stopped.recv_timeout(delay) == Err(RecvTimeoutError::Timeout) {
                later.set_draw_target(target);
                later.enable_steady_tick(TICK);
            }
        });
        Self(Kind::Shown(Shown { bar, stop: Some(stop), delayed: Some(delayed) }))
    }

    /// Says what is being done now: `reading the cluster`. The text must hold nothing that harms a terminal.
    pub fn stage(&self, text: &'static str) {
        if let Kind::Shown(shown) = &self.0 {
            shown.bar.set_style(style("{spinner} {msg} ({elapsed})"));
            shown.bar.set_message(text);
        }
    }

    /// The same for steps that are counted: `asking the server 12/40`.
    pub fn counted(&self, text: &'static str, total: usize) {
        if let Kind::Shown(shown) = &self.0 {
            shown.bar.set_style(style("{spinner} {msg} {pos}/{len} ({elapsed})"));
            shown.bar.set_position(0);
            shown.bar.set_length(total as u64);
            shown.bar.set_message(text);
        }
    }

    /// Says for what a run waits: `3 of 12 ready; waiting for …`. The text must hold nothing that harms a terminal.
    pub fn waiting(&self, text: String) {
        if let Kind::Shown(shown) = &self.0 {
            shown.bar.set_style(style("{spinner} {wide_msg} ({elapsed})"));
            shown.bar.set_message(text);
        }
    }

    /// A line for a log; a terminal has [`Self::waiting`]. The text must hold nothing that harms a terminal.
    pub fn log_line(&self, text: &str) {
        if let Kind::Log(Log(write)) = &self.0 {
            write(text);
        }
    }

    /// A line that stays, on a terminal above the one that is drawn. The text must hold nothing that harms a terminal.
    pub fn lasting_line(&self, text: &str) {
        match &self.0 {
            Kind::Shown(shown) => shown.bar.suspend(|| drop(writeln!(std::io::stderr().lock(), "{text}"))),
            Kind::Log(Log(write)) => write(text),
            Kind::Hidden => {}
        }
    }

    /// One counted step is done.
    pub fn step(&self) {
        if let Kind::Shown(shown) = &self.0 {
            shown.bar.inc(1);
        }
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(delayed) = self.delayed.take() {
            // The thread only waits and draws; if it failed there is nothing to clear.
            let _ = delayed.join();
        }
        self.bar.finish_and_clear();
    }
}

/// True if a progress line may be drawn.
fn is_shown(quiet: bool, is_terminal: bool) -> bool {
    is_terminal && !quiet
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

#[cfg(test)]
mod tests {
    use super::*;
    use indicatif::TermLike;
    use std::io;
    use std::sync::{Arc, Mutex};

    /// A terminal that keeps what is drawn; `⌫` stands for a cleared line.
    #[derive(Debug, Clone, Default)]
    struct Screen(Arc<Mutex<String>>);

    impl Screen {
        fn add(&self, text: &str) -> io::Result<()> {
            self.0.lock().unwrap().push_str(text);
            Ok(())
        }

        fn drawn(&self) -> String {
            self.0.lock().unwrap().clone()
        }
    }

    impl TermLike for Screen {
        fn width(&self) -> u16 {
            80
        }
        fn move_cursor_up(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_down(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn write_line(&self, text: &str) -> io::Result<()> {
            self.add(text)
        }
        fn write_str(&self, text: &str) -> io::Result<()> {
            self.add(text)
        }
        fn clear_line(&self) -> io::Result<()> {
            self.add("⌫")
        }
        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn only_a_terminal_that_is_not_told_to_be_quiet_shows_a_line() {
        let table = [(false, true, true), (true, true, false), (false, false, false), (true, false, false)];
        for (quiet, terminal, shown) in table {
            assert_eq!(is_shown(quiet, terminal), shown, "{quiet} {terminal}");
        }
    }

    #[test]
    fn a_short_run_draws_nothing() {
        let screen = Screen::default();
        let progress =
            Progress::on(ProgressDrawTarget::term_like(Box::new(screen.clone())), Duration::from_secs(60));
        progress.stage("reading");
        std::thread::sleep(Duration::from_millis(100));
        drop(progress);
        assert_eq!(screen.drawn(), "");
    }

    #[test]
    fn a_long_run_draws_its_stage_and_clears_it() {
        let screen = Screen::default();
        let progress = Progress::on(ProgressDrawTarget::term_like(Box::new(screen.clone())), Duration::ZERO);
        progress.counted("asking the server", 40);
        progress.step();
        let drawn = || {
            (0..200).any(|_| {
                std::thread::sleep(Duration::from_millis(20));
                screen.drawn().contains("asking the server 1/40")
            })
        };
        assert!(drawn(), "{}", screen.drawn());
        drop(progress);
        assert!(screen.drawn().ends_with('⌫'), "{}", screen.drawn());
    }

    #[test]
    fn what_is_waited_for_replaces_a_count() {
        let screen = Screen::default();
        let progress = Progress::on(ProgressDrawTarget::term_like(Box::new(screen.clone())), Duration::ZERO);
        progress.counted("asking the server", 40);
        progress.waiting("3 of 12 ready".to_owned());
        let drawn = || {
            (0..200).any(|_| {
                std::thread::sleep(Duration::from_millis(20));
                screen
                    .drawn()
                    .rsplit('⌫')
                    .next()
                    .is_some_and(|last| last.contains("3 of 12 ready") && !last.contains("/40"))
            })
        };
        assert!(drawn(), "{}", screen.drawn());
    }

    #[test]
    fn a_log_gets_lines_and_no_stages() {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&lines);
        let progress = Progress::log(move |line| kept.lock().unwrap().push(line.to_owned()));
        progress.stage("reading");
        progress.counted("asking", 1);
        progress.waiting("3 of 12 ready".to_owned());
        progress.log_line("a");
        progress.lasting_line("b");
        assert_eq!(*lines.lock().unwrap(), ["a", "b"]);
    }

    #[test]
    fn a_hidden_line_takes_everything() {
        let progress = Progress::hidden();
        progress.stage("reading");
        progress.counted("asking", 1);
        progress.step();
        assert!(matches!(progress.0, Kind::Hidden));
    }
}
