//! Waits for a database that is not there yet.

use std::time::{Duration, Instant};

use tokio::time::{sleep, timeout};

use crate::{
    Error, Options, Set,
    database::{Address, Database},
};

/// How often a wait says what it waits for.
pub(crate) const TELL_EVERY: Duration = Duration::from_secs(3);
/// How long one attempt may take.
const ATTEMPT: Duration = Duration::from_secs(5);
/// The pause after the first attempt; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Connects, as soon as there is somebody to connect to.
pub(crate) async fn open(set: &Set, url: &str, options: &Options) -> Result<Box<dyn Database>, Error> {
    let address = Address::parse(set.name(), url, options)?;
    let (place, wait) = (address.place(), options.wait.0);
    let began = Instant::now();
    let mut told: Option<Instant> = None;
    let mut pause = FIRST_PAUSE;
    loop {
        let reason = match timeout(ATTEMPT, address.connect()).await {
            Ok(Ok(database)) => return Ok(database),
            Ok(Err(error)) if address.is_hopeless(&error) => {
                return Err(Error::Refused { place, reason: error.to_string() });
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {} s", ATTEMPT.as_secs()),
        };
        if began.elapsed() + pause > wait {
            return Err(Error::Absent { place, waited: wait, reason });
        }
        if told.is_none_or(|told| told.elapsed() >= TELL_EVERY) {
            let waited_s = began.elapsed().as_secs();
            tracing::info!(place, reason, waited_s, wait_s = wait.as_secs(), "waiting for the database");
            told = Some(Instant::now());
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
