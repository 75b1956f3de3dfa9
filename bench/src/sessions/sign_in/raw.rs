//! Bare hashes, by a program that does nothing else, and is built for nothing but speed.

use std::{env, process::Stdio, time::Duration};

use tokio::process::Command;

use crate::cores::Cores;

/// What a hash is computed in.
#[derive(Clone, Copy, Debug)]
pub(super) enum Memory {
    /// The library gets new memory for each, as it does unless it is told otherwise.
    New,
    /// All of a thread have the same, as the password hashes of accounts have while there are many.
    Same,
}

/// How many hashes a second so many threads make on the server's core, each one password after the other.
///
/// # Panics
/// When `BENCH_HASHES` does not say where the program is.
pub(super) async fn rate(cores: &Cores, threads: usize, memory: Memory, time: Duration) -> f64 {
    let program = env::var_os("BENCH_HASHES").expect("scripts/bench builds bare-hashes, and says where");
    let mut command = Command::new(program);
    let memory = match memory {
        Memory::New => "new",
        Memory::Same => "same",
    };
    command.args([&threads.to_string(), &time.as_secs().to_string(), memory]);
    command.stdout(Stdio::piped()).kill_on_drop(true);
    let hashing = cores.start(|| command.spawn()).expect("bare-hashes starts");
    let output = hashing.wait_with_output().await.expect("bare-hashes can be waited for");
    let rate = String::from_utf8_lossy(&output.stdout).trim().parse();
    rate.expect("bare-hashes prints a rate")
}
