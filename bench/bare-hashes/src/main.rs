//! Argon2id and nothing else, which is what sign-ins are compared with. Takes the number of threads that hash, each one
//! password after the other, and for how many seconds; prints how many hashes a second they made together.

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

fn main() -> Result<(), Box<dyn Error>> {
    let number = |position| env::args().nth(position).ok_or("how many threads, and how many seconds?");
    let (threads, seconds): (usize, u64) = (number(1)?.parse()?, number(2)?.parse()?);
    let hashing: Vec<_> =
        (0..threads).map(|_| thread::spawn(move || rate(Duration::from_secs(seconds)))).collect();
    let rates = hashing.into_iter().map(|thread| thread.join().expect("no hash panics"));
    println!("{}", rates.sum::<f64>());
    Ok(())
}

/// How many hashes a second one thread makes.
fn rate(time: Duration) -> f64 {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("the parameters are within bounds");
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    // The same memory for all: the kernel would take nearly as long to find new pages for each as the hash takes.
    let mut memory = vec![Block::new(); argon2.params().block_count()];
    let (began, mut hashes) = (Instant::now(), 0.0);
    while began.elapsed() < time {
        let (password, salt, mut hash) = (b"a long walk", b"0123456789abcdef", [0; 32]);
        argon2.hash_password_into_with_memory(password, salt, &mut hash, &mut memory[..]).expect("a hash");
        hashes += 1.0;
    }
    hashes / began.elapsed().as_secs_f64()
}
