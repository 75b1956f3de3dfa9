//! What uploads cost: how fast bytes come and go, beside the same bytes without the service.

mod alone;
mod bucket;
mod directory;
mod uploader;

use std::{future::Future, time::Instant};

use bytes::Bytes;
use tokio::{runtime::Handle, task::JoinSet};

use crate::{process::busy, rounds::median, verdict::Verdicts};

/// The parts, to be asked by themselves as `uploads/bucket`.
pub(crate) const PARTS: [&str; 2] = ["bucket", "directory"];

const ROUNDS: usize = 5;
const MIB: usize = 1024 * 1024;
/// What one upload has, in MiB.
const SIZE: usize = 64;
/// What one part of it has, in bytes.
const PART: usize = 8 * MIB;

/// Measures one part, or all where none is named; prints, judges.
pub(crate) async fn ask(part: Option<&str>, verdicts: &mut Verdicts) {
    for one in PARTS.into_iter().filter(|one| part.is_none_or(|part| part == *one)) {
        match one {
            "bucket" => bucket::ask(verdicts).await,
            _ => directory::ask().await,
        }
    }
}

/// A way that bytes go to where they rest, and come back.
trait Way: Clone + Send + Sync + 'static {
    /// Takes bytes; tells where they are.
    fn write(&self, bytes: Bytes) -> impl Future<Output = String> + Send;

    /// Gives bytes; tells how many they were.
    fn read(&self, kept: String) -> impl Future<Output = usize> + Send;

    /// Needs bytes no more.
    fn forget(&self, kept: String) -> impl Future<Output = ()> + Send;
}

/// One round, in one direction.
#[derive(Clone, Copy, Debug)]
struct Flow {
    mib_a_second: f64,
    /// What a MiB costs the server.
    micros_a_mib: f64,
}

/// One round: in, and out again.
#[derive(Clone, Copy, Debug)]
struct Round {
    write: Flow,
    read: Flow,
}

/// Each of these writes an upload, all at once, and then each reads one.
async fn round<W: Way>(crew: &Handle, ways: &[W], bytes: &Bytes, server: u32) -> Round {
    let (write, kept) = flow(crew, server, ways, |way, _| {
        let bytes = bytes.clone();
        async move { way.write(bytes).await }
    })
    .await;
    let (read, counts) = flow(crew, server, ways, |way, number| {
        let kept = kept[number].clone();
        async move { way.read(kept).await }
    })
    .await;
    assert!(counts.iter().all(|count| *count == bytes.len()), "bytes are missing: {counts:?}");
    for (way, kept) in ways.iter().zip(kept) {
        way.forget(kept).await;
    }
    Round { write, read }
}

async fn flow<W: Way, T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    crew: &Handle,
    server: u32,
    ways: &[W],
    task: impl Fn(W, usize) -> F,
) -> (Flow, Vec<T>) {
    let (began, before) = (Instant::now(), busy(server));
    let mut tasks = JoinSet::new();
    for (number, way) in ways.iter().enumerate() {
        tasks.spawn_on(task(way.clone(), number), crew);
    }
    let done = tasks.join_all().await;
    let (took, spent) = (began.elapsed().as_secs_f64(), busy(server).saturating_sub(before).as_secs_f64());
    #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
    let mib = (ways.len() * SIZE) as f64;
    (Flow { mib_a_second: mib / took, micros_a_mib: spent * 1e6 / mib }, done)
}

/// The median rates of writing and reading, in MiB a second.
fn rates(rounds: &[Round]) -> [f64; 2] {
    [
        median(rounds.iter().map(|round| round.write.mib_a_second)),
        median(rounds.iter().map(|round| round.read.mib_a_second)),
    ]
}

/// The median costs of writing and reading, in microseconds of the server's processor for a MiB.
fn costs(rounds: &[Round]) -> [f64; 2] {
    [
        median(rounds.iter().map(|round| round.write.micros_a_mib)),
        median(rounds.iter().map(|round| round.read.micros_a_mib)),
    ]
}

/// Bytes that do not repeat in steps of a power of two.
fn some_bytes() -> Bytes {
    (0..SIZE * MIB).map(|at| u8::try_from((at % 251 + at / 65_536) % 256).expect("a byte")).collect()
}
