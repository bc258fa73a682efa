//! Who this run is, where it runs, and the clock that it decides by.
#![expect(
    clippy::disallowed_methods,
    reason = "reads the environment, the machine's identity and clocks: an edge"
)]

use std::time::Duration;

use crate::lock::contest::Place;
use crate::lock::lease::Holder;
use crate::object::digest::hex;

/// The monotonic clock of this machine, since some moment in the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// Since the machine started, its sleep included: a run that slept with its laptop has to know that it did. All processes
    /// of the machine share it.
    Machine,
    /// tokio's clock, which a test can stop: since an instant, and this much more.
    Paused(tokio::time::Instant, Duration),
}

impl Clock {
    /// Now.
    pub fn now(self) -> Duration {
        match self {
            Self::Machine => since_start(),
            Self::Paused(start, more) => start.elapsed() + more,
        }
    }
}

fn since_start() -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    #[cfg(target_os = "linux")]
    let clock = ClockId::Boottime;
    #[cfg(not(target_os = "linux"))]
    let clock = ClockId::Monotonic;
    let time = clock_gettime(clock);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// A run as the holder of a lock, and its clock.
#[derive(Debug, Clone)]
pub struct Host {
    /// What is written into the Lease.
    pub holder: Holder,
    /// What its own time is counted by.
    pub clock: Clock,
}

impl Host {
    /// This process; `doing` is the command.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn of_process(doing: &str) -> Result<Self, String> {
        let mut run = [0; 8];
        getrandom::fill(&mut run).map_err(|error| format!("the system gives no random bytes: {error}"))?;
        let host = machine();
        let holder = Holder {
            identity: format!("{}@{}/{}", user(), short(&host), hex(&run)),
            host_id: short(&first_line("/etc/machine-id").unwrap_or(host)),
            boot_id: short(&first_line("/proc/sys/kernel/random/boot_id").unwrap_or_default()),
            doing: doing.to_owned(),
        };
        Ok(Self { holder, clock: Clock::Machine })
    }

    /// Where it runs.
    pub fn place(&self) -> Place {
        Place { host_id: self.holder.host_id.clone(), boot_id: self.holder.boot_id.clone() }
    }
}

/// Who runs this program and where, as the record of a set names it.
pub fn person() -> String {
    format!("{}@{}", user(), short(&machine()))
}

fn machine() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// The name of the account, or its number where it has none, as in most containers.
fn user() -> String {
    let named = ["USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok());
    match named.filter(|name| !name.is_empty()) {
        Some(name) => short(&name),
        None => format!("uid{}", rustix::process::geteuid().as_raw()),
    }
}

fn first_line(file: &str) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    text.lines().next().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned)
}

/// Text of a length that every reader takes, without characters that separate the parts of an identity or harm a terminal.
fn short(text: &str) -> String {
    let plain = |c: char| if c.is_control() || matches!(c, '/' | '@') { '_' } else { c };
    text.chars().take(100).map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_run_is_another_holder_on_the_same_machine() {
        let (one, two) = (Host::of_process("apply").unwrap(), Host::of_process("apply").unwrap());
        assert_ne!(one.holder.identity, two.holder.identity);
        assert_eq!(one.place(), two.place());
        assert_eq!(one.holder.identity.matches(['/', '@']).count(), 2, "{}", one.holder.identity);
        let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
        assert_eq!(one.holder.host(), short(&name));
        let before = one.clock.now();
        std::thread::sleep(Duration::from_millis(20));
        assert!(one.clock.now() - before >= Duration::from_millis(20));
        assert_eq!(short("a/b@c\n"), "a_b_c_");
    }
}
