//! Flags of the lock, for commands that write.

use std::time::Duration;

use clap::Args;
use clap::builder::BoolishValueParser;

use crate::cli::values;

/// Longest time that a lock may be held without a renewal: longer than any pause, and a killed run blocks no day.
const LONGEST: Duration = Duration::from_secs(3_600);

/// How the lock of the set is taken.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Lock")]
pub struct LockArgs {
    /// How long to wait while another run holds the lock of the set (exit 4 after it); 0 looks once
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "75s",
        env = "GITOPS_LOCK_TIMEOUT",
        hide_env_values = true
    )]
    #[arg(value_parser = wait)]
    pub lock_timeout: Duration,

    /// How long a killed run keeps the lock; it is renewed four times as often
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "60s",
        env = "GITOPS_LOCK_DURATION",
        hide_env_values = true
    )]
    #[arg(value_parser = duration)]
    pub lock_duration: Duration,

    /// Take the lock from the run that holds it: only if that run is known to be gone
    #[arg(long, env = "GITOPS_BREAK_LOCK", hide_env_values = true, value_parser = BoolishValueParser::new())]
    pub break_lock: bool,
}

/// Reads a duration that may be zero.
fn wait(text: &str) -> Result<Duration, String> {
    match text {
        "0" | "0s" | "0m" | "0h" | "0ms" => Ok(Duration::ZERO),
        text => values::duration(text),
    }
}

/// Reads a duration that a Lease can hold: whole seconds.
fn duration(text: &str) -> Result<Duration, String> {
    let duration = values::duration(text)?;
    if duration.subsec_nanos() != 0 || duration > LONGEST {
        return Err("expected whole seconds from 1s to 1h, as in 60s".to_owned());
    }
    Ok(duration)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Command {
        #[command(flatten)]
        lock: LockArgs,
    }

    fn parsed(args: &[&str]) -> Result<(u64, u64, bool), String> {
        let command =
            Command::try_parse_from([&["test"], args].concat()).map_err(|error| error.to_string())?;
        Ok((
            command.lock.lock_timeout.as_secs(),
            command.lock.lock_duration.as_secs(),
            command.lock.break_lock,
        ))
    }

    #[test]
    fn flags_of_the_lock() {
        assert_eq!(parsed(&[]), Ok((75, 60, false)));
        assert_eq!(
            parsed(&["--lock-timeout", "0", "--lock-duration", "2s", "--break-lock"]),
            Ok((0, 2, true))
        );
        assert_eq!(parsed(&["--lock-timeout=5m", "--lock-duration=1h"]), Ok((300, 3_600, false)));
        for wrong in ["0", "0s", "1500ms", "61m", "60", "x"] {
            assert!(parsed(&["--lock-duration", wrong]).is_err(), "{wrong}");
        }
        for wrong in ["-1s", "60", "soon", ""] {
            assert!(parsed(&[&format!("--lock-timeout={wrong}")]).is_err(), "{wrong}");
        }
    }
}
