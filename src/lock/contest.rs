//! What a run that wants a lock may do, by what it has seen of the Lease.

use std::time::Duration;

use crate::lock::lease::Lease;

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// There is no Lease: make it.
    Make,
    /// It is free, has expired, or is taken by force: take it.
    Take,
    /// Look again; it expires after this time if nothing changes.
    Wait(Duration),
}

/// Decides about a Lease that has been seen unchanged for some time. `force` breaks a lock that is held.
pub fn decide(seen: Option<&Lease>, unchanged: Duration, force: bool) -> Step {
    let Some(lease) = seen else { return Step::Make };
    if lease.holder.is_none() || force {
        return Step::Take;
    }
    match lease.duration.checked_sub(unchanged) {
        Some(left) if !left.is_zero() => Step::Wait(left),
        _ => Step::Take,
    }
}

/// Since when a Lease has been unchanged, on the clock of the one who waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    uid: String,
    holder: String,
    renewed: String,
    since: Duration,
}

impl Watch {
    /// Begins with a Lease that was read by `now`.
    pub fn begin(lease: &Lease, now: Duration) -> Self {
        Self {
            uid: lease.uid.clone(),
            holder: lease.holder.as_ref().map(|holder| holder.identity.clone()).unwrap_or_default(),
            renewed: lease.renewed.clone(),
            since: now,
        }
    }

    /// Begins with what was seen before, if the Lease is still the same. A time that lies ahead is not believed.
    pub fn resume(lease: &Lease, earlier: &Sighting, here: &Place, now: Duration) -> Option<Self> {
        let same = earlier.place == *here
            && here.is_known()
            && earlier.uid == lease.uid
            && earlier.resource_version == lease.resource_version
            && lease.holder.as_ref().is_some_and(|holder| holder.identity == earlier.holder)
            && earlier.since <= now;
        same.then(|| Self { since: earlier.since, ..Self::begin(lease, now) })
    }

    /// Looks at the Lease again: how long it has been unchanged. It was asked for at `asked` and read by `now`; nothing that
    /// happened in between is known, so the time up to the question counts.
    pub fn look(&mut self, lease: &Lease, asked: Duration, now: Duration) -> Duration {
        let next = Self::begin(lease, now);
        if next.uid == self.uid && next.holder == self.holder && next.renewed == self.renewed {
            return asked.saturating_sub(self.since);
        }
        *self = next;
        Duration::ZERO
    }

    /// What a later run may go on with.
    pub fn sighting(&self, lease: &Lease, here: &Place) -> Sighting {
        Sighting {
            uid: self.uid.clone(),
            resource_version: lease.resource_version.clone(),
            holder: self.holder.clone(),
            place: here.clone(),
            since: self.since,
        }
    }
}

/// One start of one machine: within it, its monotonic clock is one clock for all processes.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Place {
    /// What tells the machine from others.
    pub host_id: String,
    /// What tells this start of the machine from others.
    pub boot_id: String,
}

impl Place {
    /// True if both are known.
    pub fn is_known(&self) -> bool {
        !self.host_id.is_empty() && !self.boot_id.is_empty()
    }
}

/// A held Lease that a run has seen, for the next run on the same machine: a cron job need not wait all over again.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Sighting {
    uid: String,
    resource_version: String,
    holder: String,
    place: Place,
    /// On the clock of the machine.
    since: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lock::lease::Holder;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn lease(holder: &str, renewed: &str) -> Lease {
        let holder = Holder { identity: holder.into(), ..Holder::default() };
        Lease {
            uid: "u".into(),
            resource_version: "7".into(),
            holder: Some(holder).filter(|holder| !holder.identity.is_empty()),
            duration: seconds(60),
            acquired: None,
            renewed: renewed.into(),
            checked_at: None,
        }
    }

    #[test]
    fn a_lease_is_taken_when_it_is_free_or_unchanged_for_all_its_time() {
        let held = lease("a", "1");
        let table = [
            (None, 0, false, Step::Make),
            (None, 0, true, Step::Make),
            (Some(lease("", "")), 0, false, Step::Take),
            (Some(held.clone()), 0, false, Step::Wait(seconds(60))),
            (Some(held.clone()), 59, false, Step::Wait(seconds(1))),
            (Some(held.clone()), 60, false, Step::Take),
            (Some(held.clone()), 1_000, false, Step::Take),
            (Some(held), 0, true, Step::Take),
        ];
        for (seen, unchanged, force, expected) in table {
            assert_eq!(
                decide(seen.as_ref(), seconds(unchanged), force),
                expected,
                "{seen:?} {unchanged} {force}"
            );
        }
    }

    #[test]
    fn flt_34_only_what_stays_the_same_counts() {
        let mut watch = Watch::begin(&lease("a", "1"), seconds(10));
        assert_eq!(watch.look(&lease("a", "1"), seconds(40), seconds(99)), seconds(30), "up to the question");
        assert_eq!(watch.look(&lease("a", "2"), seconds(100), seconds(101)), seconds(0), "renewed");
        assert_eq!(
            watch.look(&lease("a", "2"), seconds(131), seconds(140)),
            seconds(30),
            "since the renewal was read"
        );
        assert_eq!(watch.look(&lease("b", "2"), seconds(150), seconds(151)), seconds(0), "another holder");
        let again = Lease { uid: "v".into(), ..lease("b", "2") };
        assert_eq!(watch.look(&again, seconds(160), seconds(161)), seconds(0), "another Lease");
        assert_eq!(watch.look(&again, seconds(100), seconds(161)), seconds(0), "a clock that goes back");
    }

    /// Times in the Lease are compared with each other alone, so no skew of clocks matters.
    #[test]
    fn flt_41_no_wall_clock_decides() {
        for renewed in ["1970-01-01T00:00:00.000000Z", "2999-01-01T00:00:00.000000Z", "nonsense"] {
            let lease = lease("a", renewed);
            let mut watch = Watch::begin(&lease, seconds(1_000));
            let unchanged = watch.look(&lease, seconds(1_059), seconds(1_059));
            assert_eq!(decide(Some(&lease), unchanged, false), Step::Wait(seconds(1)), "{renewed}");
            let unchanged = watch.look(&lease, seconds(1_060), seconds(1_060));
            assert_eq!(decide(Some(&lease), unchanged, false), Step::Take, "{renewed}");
        }
    }

    #[test]
    fn what_was_seen_before_counts_if_everything_agrees() {
        let here = Place { host_id: "h".into(), boot_id: "b".into() };
        let seen = lease("a", "1");
        let earlier = Watch::begin(&seen, seconds(10)).sighting(&seen, &here);
        let text = serde_json::to_vec(&earlier).unwrap();
        assert_eq!(serde_json::from_slice::<Sighting>(&text).unwrap(), earlier);

        let resumed = Watch::resume(&seen, &earlier, &here, seconds(90))
            .map(|mut watch| watch.look(&seen, seconds(90), seconds(90)));
        assert_eq!(resumed, Some(seconds(80)));
        let at =
            |lease: &Lease, here: &Place, now| Watch::resume(lease, &earlier, here, seconds(now)).is_some();
        assert!(!at(&Lease { uid: "v".into(), ..seen.clone() }, &here, 90));
        assert!(!at(&Lease { resource_version: "8".into(), ..seen.clone() }, &here, 90));
        assert!(!at(&lease("b", "1"), &here, 90));
        assert!(!at(&lease("", ""), &here, 90));
        assert!(!at(&seen, &Place { host_id: "other".into(), ..here.clone() }, 90));
        assert!(!at(&seen, &Place { boot_id: "other".into(), ..here.clone() }, 90));
        assert!(!at(&seen, &here, 9), "a time that lies ahead");
        let nowhere = Place::default();
        let earlier = Watch::begin(&seen, seconds(10)).sighting(&seen, &nowhere);
        assert_eq!(Watch::resume(&seen, &earlier, &nowhere, seconds(90)), None, "an unknown machine");
    }
}
