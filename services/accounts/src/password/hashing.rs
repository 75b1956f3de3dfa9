//! Turns passwords into hashes, without letting that starve everything else.

mod threads;

use std::{
    fmt,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use argon2::{
    ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, PasswordVerifier, Version,
    password_hash::{
        self,
        phc::{self, Output, ParamsString, Salt},
    },
};
use common::{
    sizing::{Demand, Permits},
    telemetry::metrics::{KeyValue, Meter},
};
use tokio::{sync::oneshot, time::timeout};

use self::threads::Threads;
use super::Password;
use crate::error::Error;

/// 19 MiB, two passes, one lane: OWASP's first choice for Argon2id.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// What every hash with these parameters begins with.
const CURRENT: &str = "$argon2id$v=19$m=19456,t=2,p=1$";
/// What the password of an unknown account is compared with: random bytes that are the hash of nothing known.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$YzT2c0Nbkq0l8yC5vR1f7A$w3mC5xTq1b8rJv0eN2kZ9sYh4uLd6gQpXfRa7iVoB0E";

/// How long a password waits for its turn. A caller who waits longer is better off trying another replica.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long a thread waits for another hash: as long as the allocator keeps memory.
const STAY: Duration = Duration::from_secs(1);

static ARGON2ID: LazyLock<Argon2<'static>> = LazyLock::new(|| {
    let params =
        Params::new(MEMORY_KIB, PASSES, LANES, None).expect("the parameters are within Argon2's bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
});

/// The name that the number of hashes at once is planned by.
pub const HASHES: &str = "accounts.password_hashes";

/// How many passwords may be hashed at once: each keeps a core busy and 19 MiB in use.
#[must_use]
pub fn demand() -> Demand {
    Demand { name: HASHES, bytes_each: u64::from(MEMORY_KIB) * 1024, cpu_each: 1.0, floor: 1, cap: 64 }
}

/// The hash of a password as a PHC string: algorithm, parameters, salt and hash.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// A hash as it was stored.
    #[must_use]
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The hash as it is stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it was made with other parameters than a new one would be.
    #[must_use]
    pub fn is_outdated(&self) -> bool {
        !self.0.starts_with(CURRENT)
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash")
    }
}

/// One password that waits, for as long as it is held: a caller may give up at any time.
struct Waiting<'a>(&'a AtomicU64);

impl<'a> Waiting<'a> {
    fn begin(count: &'a AtomicU64) -> Self {
        count.fetch_add(1, Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

/// Hashes and compares passwords, a bounded number at a time.
#[derive(Clone)]
pub struct Hasher {
    permits: Arc<Permits>,
    threads: Arc<Threads>,
    /// Passwords that wait for their turn.
    waiting: Arc<AtomicU64>,
    /// Passwords that have waited too long.
    refused: Arc<AtomicU64>,
}

impl Hasher {
    /// A hasher that runs as many hashes at once as there are permits.
    #[must_use]
    pub fn new(permits: Arc<Permits>) -> Self {
        let threads = Threads::new(ARGON2ID.params().block_count(), STAY);
        Self { permits, threads, waiting: Arc::default(), refused: Arc::default() }
    }

    /// Tells how many passwords are being hashed, wait, and have waited too long.
    pub fn observe(&self, meter: &Meter) {
        let Self { permits, waiting, refused, .. } = self.clone();
        meter
            .u64_observable_gauge("fairlead.accounts.password_hashes")
            .with_description(
                "Passwords that are being hashed, that wait for it, and how many may be hashed at once",
            )
            .with_callback(move |gauge| {
                let (at_work, most) = (permits.in_use() as u64, permits.size() as u64);
                for (state, count) in
                    [("at_work", at_work), ("waiting", waiting.load(Relaxed)), ("permitted", most)]
                {
                    gauge.observe(count, &[KeyValue::new("state", state)]);
                }
            })
            .build();
        meter
            .u64_observable_counter("fairlead.accounts.password_hashes.refused")
            .with_description("Passwords that were refused after waiting too long to be hashed")
            .with_callback(move |counter| counter.observe(refused.load(Relaxed), &[]))
            .build();
    }

    /// Hashes a password with a salt of its own.
    ///
    /// # Errors
    /// [`Error::HashingBusy`] when no permit came free within a second.
    pub async fn hash(&self, password: Password) -> Result<PasswordHash, Error> {
        self.run(move |memory| {
            let salt = password_hash::try_generate_salt()?;
            let hash = phc::PasswordHash {
                algorithm: ARGON2ID_IDENT,
                version: Some(Version::V0x13.into()),
                params: ParamsString::try_from(ARGON2ID.params())?,
                salt: Some(Salt::new(&salt)?),
                hash: Some(argon2id(&password, &salt, memory)?),
            };
            Ok(PasswordHash(hash.to_string()))
        })
        .await
    }

    /// Whether the password is the hashed one. Without a hash it is not, which takes as long to find out.
    ///
    /// # Errors
    /// [`Error::HashingBusy`] when no permit came free within a second.
    pub async fn verify(&self, password: Password, hash: Option<PasswordHash>) -> Result<bool, Error> {
        self.run(move |memory| {
            let known = hash.is_some();
            let hash = hash.unwrap_or_else(|| PasswordHash(NOBODY.to_owned()));
            Ok(compare(&password, &hash, memory)? && known)
        })
        .await
    }

    /// Runs one hash on a thread for hashes: their number follows the permits, and no other work has their niceness. The
    /// permit belongs to the work: a caller who gives up does not free what is still in use.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Vec<Block>) -> Result<T, password_hash::Error> + Send + 'static,
    ) -> Result<T, Error> {
        let waiting = Waiting::begin(&self.waiting);
        let waited = timeout(PATIENCE, self.permits.acquire(1)).await;
        drop(waiting);
        let Ok(Ok(permit)) = waited else {
            self.refused.fetch_add(1, Relaxed);
            return Err(Error::HashingBusy);
        };
        let (answer, answered) = oneshot::channel();
        let work = move |memory: &mut Vec<Block>| {
            // The receiver is gone when the caller has given up.
            let _ = answer.send(work(memory));
        };
        if let Err(error) = self.threads.run(permit, work) {
            tracing::error!(%error, "there is no thread to hash a password");
            return Err(Error::HashingBusy);
        }
        match answered.await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => {
                tracing::error!(%error, "a password could not be hashed or compared");
                Err(Error::Internal)
            }
            Err(_) => {
                tracing::error!("a thread that hashed a password has panicked");
                Err(Error::Internal)
            }
        }
    }
}

/// The hash of a password with the current parameters.
fn argon2id(password: &Password, salt: &[u8], memory: &mut [Block]) -> Result<Output, password_hash::Error> {
    let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
    ARGON2ID.hash_password_into_with_memory(password.as_str().as_bytes(), salt, &mut output, memory)?;
    Ok(Output::new(&output)?)
}

/// Whether the password is the hashed one, in a time that does not tell how much of it is.
fn compare(
    password: &Password,
    hash: &PasswordHash,
    memory: &mut Vec<Block>,
) -> Result<bool, password_hash::Error> {
    let stored = phc::PasswordHash::new(hash.as_str())?;
    if let (false, Some(salt), Some(output)) = (hash.is_outdated(), &stored.salt, &stored.hash) {
        // Compared in constant time by Output.
        return Ok(argon2id(password, salt, memory)? == *output);
    }
    // With parameters of its own, in memory of its own, and not in both at once.
    *memory = Vec::new();
    match ARGON2ID.verify_password(password.as_str().as_bytes(), &stored) {
        Ok(()) => Ok(true),
        Err(password_hash::Error::PasswordInvalid) => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
