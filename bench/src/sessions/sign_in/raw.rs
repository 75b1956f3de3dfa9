//! Argon2id and nothing else, as accounts is built with it.

use std::{
    thread,
    time::{Duration, Instant},
};

use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::oneshot;

/// What accounts hashes with: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Threads that hash.
pub(super) struct Hashing(Vec<oneshot::Receiver<f64>>);

/// Has so many threads hash, each one password after the other, where the thread that begins this may run.
pub(super) fn begin(threads: usize, time: Duration) -> Hashing {
    let hash = |_| {
        let (tell, told) = oneshot::channel();
        // Who waits is there until it is told.
        thread::spawn(move || tell.send(hash_for(time)));
        told
    };
    Hashing((0..threads).map(hash).collect())
}

impl Hashing {
    /// How many hashes a second all of them have made.
    pub(super) async fn rate(self) -> f64 {
        let mut rate = 0.0;
        for told in self.0 {
            rate += told.await.expect("nothing stops a hash");
        }
        rate
    }
}

fn hash_for(time: Duration) -> f64 {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("the parameters are within bounds");
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let (began, mut hashes) = (Instant::now(), 0.0);
    while began.elapsed() < time {
        // Memory of its own for each, as accounts has it.
        let mut hash = [0; 32];
        argon2.hash_password_into(b"a long walk", b"0123456789abcdef", &mut hash).expect("a hash");
        hashes += 1.0;
    }
    hashes / began.elapsed().as_secs_f64()
}
