//! A clock that goes on while the machine sleeps.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// A point in time since this machine was booted. Leases are counted by it: `std`'s `Instant` stands still while the
/// machine is suspended, and a lease would outlive what it vouches for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct BootTime(u64);

impl BootTime {
    /// A point in time that never comes.
    pub const NEVER: Self = Self(u64::MAX);

    /// Now.
    #[must_use]
    pub fn now() -> Self {
        let time = clock_gettime(ClockId::Boottime);
        let (seconds, nanos) = (time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs());
        Self(seconds.saturating_mul(1_000_000_000).saturating_add(nanos))
    }

    /// So many nanoseconds after the machine was booted.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the machine was booted.
    #[must_use]
    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// So much later.
    #[must_use]
    pub fn plus(self, time: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)))
    }

    /// How long ago `earlier` was; nothing when it is still to come.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_the_kernel(clock: ClockId) -> Duration {
        let time = clock_gettime(clock);
        Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap())
    }

    #[test]
    fn it_is_what_the_kernel_says_of_the_time_since_the_machine_was_booted() {
        let before = of_the_kernel(ClockId::Boottime);
        let now = Duration::from_nanos(BootTime::now().nanos());
        let after = of_the_kernel(ClockId::Boottime);

        assert!(before <= now && now <= after, "{before:?} {now:?} {after:?}");
    }

    #[test]
    #[ignore = "needs a machine whose clocks tell of a day asleep: `make test-network`"]
    fn time_asleep_counts() {
        let awake = of_the_kernel(ClockId::Monotonic);

        let now = Duration::from_nanos(BootTime::now().nanos());

        let asleep = now.saturating_sub(awake);
        assert!(asleep >= Duration::from_secs(24 * 60 * 60), "awake {awake:?}, booted {now:?} ago");
    }

    #[test]
    fn time_goes_on() {
        let before = BootTime::now();

        let after = BootTime::now();

        assert!(after >= before && after.since(before) < Duration::from_secs(60));
        assert_eq!(before.since(before.plus(Duration::from_secs(1))), Duration::ZERO);
    }
}
