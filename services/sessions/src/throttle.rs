//! How often anyone may guess at a password.
//!
//! Every attempt is counted before the password is hashed, so that attempts at the same time cannot slip through
//! together, and counted alike whether or not the account exists. Three counts admit it:
//!
//! - account and address: a few free, then a delay that doubles up to its longest. Success forgets it.
//! - account: so many an hour, from wherever. No lockout: an address that has signed in to the account during the
//!   last 30 days is exempt, so that strangers' guesses cannot keep the owner out.
//! - address: so many a minute, for whichever account. An IPv6 address counts as its /64.
//!
//! A refused attempt counts nowhere. An attempt whose address is not known (a call that never crossed a socket, sent
//! as `0.0.0.0`) is counted for the account only, shares one delay with the others like it, and is never exempt.

mod attempt;
mod backoff;
mod rate;

use std::{sync::Arc, time::Duration};

use common::config::{self, Problems};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use attempt::{Attempt, MailHash, Network};
pub(crate) use backoff::{Backoff, FAILURES_LIFE, Failures};
pub(crate) use rate::Rate;

use crate::{error::Error, store::Store};

/// How long an address that has signed in to an account is known there.
pub(crate) const KNOWN: Duration = Duration::from_secs(30 * 24 * 60 * 60);

const HOUR: Duration = Duration::from_secs(60 * 60);
const MINUTE: Duration = Duration::from_secs(60);
/// Time is counted in these.
const MILLISECOND: Duration = Duration::from_millis(1);

/// How often anyone may guess at a password.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How many attempts one address has for one account before it has to wait.
    pub free_attempts: u32,
    /// The first delay after those; it doubles with every attempt.
    pub first_delay: config::Duration,
    /// The longest delay.
    pub longest_delay: config::Duration,
    /// How many attempts an hour one account takes from addresses that have not signed in to it lately.
    pub account_per_hour: u32,
    /// How many attempts a minute one address has, for all accounts together.
    pub address_per_minute: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            free_attempts: 5,
            first_delay: config::Duration::from_secs(1),
            longest_delay: config::Duration::from_secs(60),
            account_per_hour: 100,
            address_per_minute: 60,
        }
    }
}

impl Config {
    /// Reports what cannot be used, under the path of the section.
    pub fn validate(&self, path: &str, problems: &mut Problems) {
        let Self { free_attempts, first_delay, longest_delay, account_per_hour, address_per_minute } = self;
        for (name, number, most) in [
            ("free_attempts", *free_attempts, 1000),
            ("account_per_hour", *account_per_hour, 3_600_000),
            ("address_per_minute", *address_per_minute, 60_000),
        ] {
            if !(1..=most).contains(&number) {
                problems.add(format!("{path}.{name}"), format!("found {number}; 1 to {most}"));
            }
        }
        if first_delay.0 < MILLISECOND {
            problems.add(format!("{path}.first_delay"), format!("found {first_delay}; at least 1ms"));
        }
        if first_delay > longest_delay || longest_delay.0 > HOUR {
            let wrong =
                format!("found {longest_delay}; at least the first delay, {first_delay}, and at most 1h");
            problems.add(format!("{path}.longest_delay"), wrong);
        }
    }
}

/// Admits attempts, or tells how long to wait.
#[derive(Clone)]
pub(crate) struct Throttle {
    store: Arc<dyn Store>,
    account: Rate,
    address: Rate,
    backoff: Backoff,
}

impl Throttle {
    pub(crate) fn new(store: Arc<dyn Store>, config: &Config) -> Self {
        Self {
            store,
            account: Rate::new(config.account_per_hour, HOUR),
            address: Rate::new(config.address_per_minute, MINUTE),
            backoff: Backoff {
                free: config.free_attempts,
                first: config.first_delay.0,
                longest: config.longest_delay.0,
            },
        }
    }

    /// Counts an attempt.
    ///
    /// The address and the account live in different slots, so these are two steps; what the second one refuses is
    /// taken back from the first.
    ///
    /// # Errors
    /// [`Error::Throttled`], with the time until it would be admitted.
    pub(crate) async fn admit(&self, attempt: &Attempt) -> Result<(), Error> {
        if let Some(after) = self.store.count_address(attempt.network, self.address).await? {
            return Err(Error::Throttled { after });
        }
        let Some(after) = self.store.count_attempt(attempt, self.account, self.backoff).await? else {
            return Ok(());
        };
        self.store.uncount_address(attempt.network, self.address).await?;
        Err(Error::Throttled { after })
    }

    /// Takes back an attempt at a password that nobody has judged: whoever signs in while accounts is away has not failed.
    /// For its address it counts all the same, so that nobody is flooded.
    pub(crate) async fn take_back(&self, attempt: &Attempt) -> Result<(), Error> {
        self.store.uncount_attempt(attempt, self.account, self.backoff).await
    }

    /// Forgets the failures before an attempt whose password was right, and knows its address from now on.
    pub(crate) async fn forgive(&self, attempt: &Attempt) -> Result<(), Error> {
        self.store.forgive(attempt).await
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::store::contract::on_every_store;

    fn attempt(email: &str, address: &str) -> Attempt {
        Attempt { mail: MailHash::of(email), network: Network::of(Some(address.parse().unwrap())) }
    }

    fn somebody() -> String {
        format!("{}@example.com", Uuid::new_v4())
    }

    #[test]
    fn a_delay_that_is_none_cannot_be_doubled_and_is_refused() {
        let told = |first_delay| {
            let mut problems = Problems::default();
            Config { first_delay, ..Config::default() }.validate("sessions.throttle", &mut problems);
            problems.to_string()
        };

        let none = told(config::Duration::from_millis(0));
        let next_to_none = told(config::Duration(Duration::from_micros(999)));

        for refused in [none, next_to_none] {
            assert!(refused.contains("FIRST_DELAY") && refused.contains("at least 1ms"), "{refused}");
        }
        assert_eq!(told(config::Duration::from_millis(1)), "");
    }

    #[tokio::test]
    async fn however_often_somebody_tries_the_delay_is_a_number() {
        on_every_store(async |store| {
            let attempt = attempt("ada@example.com", "192.0.2.1");
            let plenty = Rate { interval: 1, burst: 1_000_000 };
            let none = Backoff { free: 1, first: Duration::ZERO, longest: MINUTE };

            // More doublings than a number has exponents.
            for _ in 0..1100 {
                assert_eq!(store.count_attempt(&attempt, plenty, none).await.unwrap(), None);
            }
        })
        .await;
    }

    #[tokio::test]
    async fn an_account_has_a_hundred_attempts_an_hour_from_everywhere_together() {
        on_every_store(async |store| {
            let throttle = Throttle::new(store, &Config::default());
            for address in 0..100 {
                throttle.admit(&attempt("ada@example.com", &format!("192.0.2.{address}"))).await.unwrap();
            }

            let refused = throttle.admit(&attempt("ada@example.com", "198.51.100.1")).await;

            let Err(Error::Throttled { after }) = refused else { panic!("{refused:?}") };
            assert!(after > Duration::from_secs(25) && after <= Duration::from_secs(36), "{after:?}");
        })
        .await;
    }

    #[tokio::test]
    async fn an_address_has_sixty_attempts_a_minute_at_all_accounts_together() {
        on_every_store(async |store| {
            let rate = Config { address_per_minute: 6, ..Config::default() };
            let throttle = Throttle::new(store, &rate);
            for _ in 0..6 {
                throttle.admit(&attempt(&somebody(), "2001:db8::1")).await.unwrap();
            }

            let refused = throttle.admit(&attempt(&somebody(), "2001:db8::2")).await;

            let Err(Error::Throttled { after }) = refused else { panic!("{refused:?}") };
            assert!(after <= Duration::from_secs(10), "{after:?}");
            assert_eq!(Config::default().address_per_minute, 60);
        })
        .await;
    }

    #[tokio::test]
    async fn what_the_account_refuses_does_not_count_for_the_address() {
        on_every_store(async |store| {
            let config = Config { free_attempts: 1, address_per_minute: 2, ..Config::default() };
            let throttle = Throttle::new(store, &Config { first_delay: config.longest_delay, ..config });
            let pair = attempt("ada@example.com", "192.0.2.1");
            throttle.admit(&pair).await.unwrap();
            for _ in 0..5 {
                assert!(throttle.admit(&pair).await.is_err());
            }

            throttle.admit(&attempt("bob@example.com", "192.0.2.1")).await.unwrap();

            assert!(throttle.admit(&attempt("eve@example.com", "192.0.2.1")).await.is_err());
        })
        .await;
    }
}
