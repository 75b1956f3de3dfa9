//! Argon2id and nothing else, which is what sign-ins are compared with.
//!
//! Takes the number of threads that hash, each one password after the other, for how many seconds, and whether each hash
//! gets `new` memory, which is what the library does by itself, or all of a thread have the `same`. Prints how many hashes a
//! second the threads made together.

use std::{
    env,
    error::Error,
    thread,
    time::{Duration, Instant},
};

use argon2::{Algorithm, Argon2, Block, Params, Version};

/// What accounts hashes with: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

const PASSWORD: &[u8] = b"a long walk";
const SALT: &[u8] = b"0123456789abcdef";

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [threads, seconds, memory] = arguments.as_slice() else {
        return Err("how many threads, for how many seconds, in new memory or the same?".into());
    };
    let (threads, time): (usize, _) = (threads.parse()?, Duration::from_secs(seconds.parse()?));
    let rate = match memory.as_str() {
        "new" => in_new_memory,
        "same" => in_the_same_memory,
        _ => return Err(format!("memory is new or the same, not {memory}").into()),
    };
    let hashing: Vec<_> = (0..threads).map(|_| thread::spawn(move || rate(time))).collect();
    let rates = hashing.into_iter().map(|thread| thread.join().expect("no hash panics"));
    println!("{}", rates.sum::<f64>());
    Ok(())
}

fn in_new_memory(time: Duration) -> f64 {
    let argon2 = argon2();
    again_and_again(time, || argon2.hash_password_into(PASSWORD, SALT, &mut [0; 32]))
}

fn in_the_same_memory(time: Duration) -> f64 {
    let argon2 = argon2();
    let mut memory = vec![Block::new(); argon2.params().block_count()];
    again_and_again(time, || {
        argon2.hash_password_into_with_memory(PASSWORD, SALT, &mut [0; 32], &mut memory[..])
    })
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("the parameters are within bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// How often a second it can be done.
fn again_and_again(time: Duration, mut hash: impl FnMut() -> Result<(), argon2::Error>) -> f64 {
    let (began, mut hashes) = (Instant::now(), 0.0);
    while began.elapsed() < time {
        hash().expect("a hash");
        hashes += 1.0;
    }
    hashes / began.elapsed().as_secs_f64()
}
