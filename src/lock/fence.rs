//! Whether the holder of a lock may still write.

use std::time::Duration;

/// Time between two renewals of a Lease of this duration.
pub fn renewal(duration: Duration) -> Duration {
    duration / 4
}

/// Time for one answer to a write of a Lease of this duration, so that one that never comes leaves time for another attempt.
pub fn patience(duration: Duration) -> Duration {
    (duration / 8).max(Duration::from_secs(1)).min(duration / 2)
}

/// True while nothing has to be asked: the last renewal, counted from the moment it was sent, is younger than half the
/// duration. Nobody else takes the Lease before all of it has passed, so what is begun now has the other half to end in.
pub fn holds(age: Duration, duration: Duration) -> bool {
    age < duration / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_duration_is_safe() {
        let seconds = Duration::from_secs;
        let table =
            [(0, 60, true), (29, 60, true), (30, 60, false), (61, 60, false), (0, 1, true), (1, 1, false)];
        for (age, duration, expected) in table {
            assert_eq!(holds(seconds(age), seconds(duration)), expected, "{age} of {duration}");
        }
        assert!(holds(renewal(seconds(2)), seconds(2)), "a renewal in time needs no other");
        assert!(!holds(Duration::ZERO, Duration::ZERO));
        assert_eq!(
            [60, 8, 4, 2, 1].map(|all| patience(seconds(all)).as_millis()),
            [7_500, 1_000, 1_000, 1_000, 500]
        );
    }
}
