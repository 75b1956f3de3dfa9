//! How long sessions last.

use std::time;

use common::config::{Duration, Problems};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const SECOND: time::Duration = time::Duration::from_secs(1);
/// A record counts the milliseconds of a session's life to 34 years.
const TEN_YEARS: time::Duration = time::Duration::from_secs(10 * 366 * 24 * 60 * 60);

/// The lifetime of sessions and their tokens.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How long a session token proves its session. A change of roles takes effect when the account signs in again.
    pub session_token_lifetime: Duration,
    /// How long a session lives without being used.
    pub idle_timeout: Duration,
    /// How long a session lives at the most.
    pub absolute_timeout: Duration,
    /// How long an exchanged refresh token gets the same successor again, in case the answer was lost.
    pub refresh_grace: Duration,
    /// How often a session's use is noted at the most.
    pub touch_interval: Duration,
    /// How many sessions an account may have at once, 1 to 1000. One more ends the oldest.
    pub per_account: u32,
}

impl Default for Config {
    fn default() -> Self {
        const DAY: u64 = 24 * 60 * 60;
        Self {
            session_token_lifetime: Duration::from_secs(15 * 60),
            idle_timeout: Duration::from_secs(14 * DAY),
            absolute_timeout: Duration::from_secs(90 * DAY),
            refresh_grace: Duration::from_secs(10),
            touch_interval: Duration::from_secs(60),
            per_account: 100,
        }
    }
}

impl Config {
    /// Reports what cannot be used, under the path of the section.
    pub fn validate(&self, path: &str, problems: &mut Problems) {
        let Self {
            session_token_lifetime,
            idle_timeout,
            absolute_timeout,
            refresh_grace,
            touch_interval,
            per_account,
        } = self;
        for (name, duration) in [
            ("session_token_lifetime", session_token_lifetime),
            ("idle_timeout", idle_timeout),
            ("absolute_timeout", absolute_timeout),
        ] {
            if !(SECOND..=TEN_YEARS).contains(&duration.0) {
                problems.add(format!("{path}.{name}"), format!("found {duration}; 1s to 10 years"));
            }
        }
        if session_token_lifetime > idle_timeout {
            let wrong = format!("found {session_token_lifetime}; at most the idle timeout, {idle_timeout}");
            problems.add(format!("{path}.session_token_lifetime"), wrong);
        }
        let lifetime = idle_timeout.min(absolute_timeout);
        if refresh_grace > lifetime {
            let wrong = format!("found {refresh_grace}; at most as long as a session lives, {lifetime}");
            problems.add(format!("{path}.refresh_grace"), wrong);
        }
        // Noted less often, a session that is in use would end as an idle one.
        if touch_interval.0 > idle_timeout.0 / 2 {
            let wrong = format!("found {touch_interval}; at most half of the idle timeout, {idle_timeout}");
            problems.add(format!("{path}.touch_interval"), wrong);
        }
        if !(1..=1000).contains(per_account) {
            problems.add(format!("{path}.per_account"), format!("found {per_account}; 1 to 1000"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(config: &Config) -> String {
        let mut problems = Problems::default();
        config.validate("sessions.lifetimes", &mut problems);
        problems.to_string()
    }

    #[test]
    fn what_is_there_by_itself_can_be_used() {
        assert_eq!(told(&Config::default()), "");
    }

    #[test]
    fn use_is_noted_at_least_twice_in_an_idle_timeout() {
        let idle = |touch: Duration| Config {
            session_token_lifetime: Duration::from_secs(60),
            idle_timeout: Duration::from_secs(120),
            touch_interval: touch,
            ..Config::default()
        };

        let often = told(&idle(Duration::from_secs(60)));
        let seldom = told(&idle(Duration::from_millis(60_001)));

        assert_eq!(often, "");
        assert!(seldom.contains("TOUCH_INTERVAL"), "{seldom}");
        assert!(seldom.contains("at most half of the idle timeout"), "{seldom}");
    }

    #[test]
    fn the_grace_of_a_refresh_token_is_no_longer_than_its_session_lives() {
        let grace = |refresh_grace, absolute_timeout| {
            told(&Config { absolute_timeout, refresh_grace, ..Config::default() })
        };
        let (day, fortnight) = (Duration::from_secs(24 * 60 * 60), Duration::from_secs(14 * 24 * 60 * 60));

        let as_long = grace(fortnight, Config::default().absolute_timeout);
        let longer = grace(Duration(fortnight.0 + SECOND), Config::default().absolute_timeout);
        let than_at_the_most = grace(fortnight, day);

        assert_eq!(as_long, "");
        for told in [longer, than_at_the_most] {
            assert!(told.starts_with("FAIRLEAD__SESSIONS__LIFETIMES__REFRESH_GRACE  found "), "{told}");
        }
    }
}
