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

/// How many hashes a second so many threads make, each one after the other.
pub(super) async fn rate(threads: usize, time: Duration) -> f64 {
    let all: Vec<_> = (0..threads)
        .map(|_| {
            let (tell, told) = oneshot::channel();
            (thread::spawn(move || tell.send(hash_for(time))), told)
        })
        .collect();
    let mut rate = 0.0;
    for (thread, told) in all {
        rate += told.await.expect("nothing stops a hash");
        drop(thread.join());
    }
    rate
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
