//! The size of everything, as a pure function of the limits and the demands.

use std::collections::BTreeSet;

use super::{
    Demand, Refused,
    amount::Amount,
    costs::{BASELINE, CALL, MESSAGE_BYTE, NEWCOMER, REFUSALS, THREAD, Wire},
    pour::{Vessel, pour},
};
use crate::limits::{Config, Cores, Limits, SoftMemory};

/// The permits of calls served at once.
pub const CALLS: &str = "calls";
/// The permits of calls that last as long as both sides like.
pub const ENDLESS_CALLS: &str = "endless_calls";
/// The permits of connections served at once.
pub const CONNECTIONS: &str = "connections";
/// The permits of connections that have not greeted yet, or greeted and wait for one of [`CONNECTIONS`].
pub const NEWCOMERS: &str = "newcomers";
/// The permits of [`NEWCOMERS`] that have begun to speak TLS; where there is none, there are none.
pub const HANDSHAKES: &str = "handshakes";
/// The permits of connections that find none of [`CONNECTIONS`], and are told so.
pub const REFUSED_CONNECTIONS: &str = "refused_connections";
/// The permits of bytes of messages that are being received, all calls together.
pub const MESSAGE_BYTES: &str = "message_bytes";
pub(super) const WORKER_THREADS: &str = "worker_threads";
pub(super) const BLOCKING_THREADS: &str = "blocking_threads";

const MIB: u64 = 1024 * 1024;

/// How large everything in the process is. Prints as a table, serialises for the admin port.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// What it was made from.
    pub limits: Limits,
    /// The working set above which calls are shed, in bytes.
    pub soft_memory: u64,
    /// Threads that run calls.
    pub worker_threads: usize,
    /// Threads for files and name resolution, at most.
    pub blocking_threads: usize,
    pub(super) soft_setting: SoftMemory,
    /// Bytes beyond the floors, and each share's part of them.
    pub(super) spread: u64,
    pub(super) part: u64,
    pub(super) shares: Vec<Share>,
}

/// What one of the things that share memory gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) name: &'static str,
    pub(super) count: u64,
    pub(super) vessel: Vessel,
    /// Why the cap is what it is.
    pub(super) because: String,
}

impl Plan {
    /// How many of something there are: a demand, or one of the frame's own. `None` for what nobody asked for.
    #[must_use]
    pub fn share(&self, name: &str) -> Option<u64> {
        self.shares.iter().find(|share| share.name == name).map(|share| share.count)
    }

    /// What share memory, without the threads: those are set once.
    pub(super) fn followers(&self) -> impl Iterator<Item = &Share> {
        self.shares.iter().filter(|share| ![WORKER_THREADS, BLOCKING_THREADS].contains(&share.name))
    }
}

/// Sizes the process.
///
/// The soft limit, minus a fixed [`BASELINE`], is divided between threads, connections, calls, message bytes and the
/// services' demands. Each has a price at its worst ([`costs`](super::costs)), a floor below which it is of no use, and
/// a cap beyond which it is of none. All get their floor; the rest is divided in equal parts, and whoever is full leaves
/// the remainder to the others. Hence the sum of everything at its worst stays within the soft limit, and more memory
/// never gives less of anything.
///
/// Caps come from the CPU and the descriptors: a worker thread a core (rounded up, and at least two: one that is stuck
/// must not stop the process); 1024 calls a core on top of 256, as more would only wait; CPU-heavy demands as many as
/// the steady cores can run, but never less than their floor; connections half of the open files, and newcomers a
/// quarter. Settings replace floor and cap alike. A connection within TLS holds its session on top: `wire` says whether
/// they are.
///
/// # Errors
/// When the floors do not fit: with the arithmetic. When two demands have one name: with the name.
pub fn plan(limits: &Limits, demands: &[Demand], config: &Config, wire: Wire) -> Result<Plan, Refused> {
    let soft_memory = config.soft_memory.under(limits.memory.value);
    let shares = wanted(limits, demands, config, wire);
    let mut names = BTreeSet::new();
    if let Some(twice) = shares.iter().find(|share| !names.insert(share.name)) {
        return Err(Refused::Twice(twice.name));
    }
    let vessels: Vec<Vessel> = shares.iter().map(|share| share.vessel.clone()).collect();
    let poured = soft_memory.checked_sub(BASELINE).and_then(|memory| Some((memory, pour(&vessels, memory)?)));
    let Some((memory, (counts, part))) = poured else {
        return Err(Refused::memory(limits, soft_memory, config.soft_memory, &shares));
    };
    let floors: u64 = vessels.iter().map(|vessel| vessel.floor * vessel.bytes_each).sum();
    let shares: Vec<Share> =
        shares.into_iter().zip(counts).map(|(share, count)| Share { count, ..share }).collect();
    let mut plan = Plan {
        limits: limits.clone(),
        soft_memory,
        worker_threads: 0,
        blocking_threads: 0,
        soft_setting: config.soft_memory,
        spread: memory - floors,
        part: part.min(memory - floors),
        shares,
    };
    let threads = |name| plan.share(name).map_or(1, |count| usize::try_from(count).unwrap_or(usize::MAX));
    (plan.worker_threads, plan.blocking_threads) = (threads(WORKER_THREADS), threads(BLOCKING_THREADS));
    Ok(plan)
}

/// Everything that shares memory, not yet counted.
fn wanted(limits: &Limits, demands: &[Demand], config: &Config, wire: Wire) -> Vec<Share> {
    let workers = u64::from(limits.cpu.value.ceil()).max(2);
    let calls = 256 + 1024 * u64::from(limits.cpu.value.ceil());
    let files = limits.open_files.value;
    let own = [
        share(WORKER_THREADS, THREAD, 2, workers, "one a core, at least 2")
            .set(config.worker_threads.map(|count| count.get().into()), "limits.worker_threads"),
        share(BLOCKING_THREADS, THREAD, 4, 64, "more would only queue for the disk")
            .set(config.blocking_threads.map(|count| count.get().into()), "limits.blocking_threads"),
        share(
            CONNECTIONS,
            wire.connection(),
            16,
            (files / 2).min(16_384),
            "half of the open files, at most 16384",
        )
        .set(config.connections.map(|count| count.get().into()), "limits.connections"),
        share(NEWCOMERS, NEWCOMER, 16, (files / 4).min(256), "1/4 of the open files, at most 256"),
        share(REFUSED_CONNECTIONS, wire.connection(), REFUSALS, REFUSALS, "they are short"),
        share(CALLS, CALL, 32, calls, "256 and 1024 a core")
            .set(config.in_flight.map(|count| count.get().into()), "limits.in_flight"),
        share(ENDLESS_CALLS, CALL, 4, 256, "one for each replica that listens"),
        share(MESSAGE_BYTES, MESSAGE_BYTE, 2 * MIB, 1024 * MIB, "1 GiB is plenty"),
    ];
    let handshakes = share(HANDSHAKES, wire.session(), 8, 64, "they are short");
    let handshakes = (wire == Wire::Tls).then_some(handshakes);
    own.into_iter()
        .chain(handshakes)
        .chain(demands.iter().map(|demand| asked(demand, limits.steady_cpu.value)))
        .collect()
}

fn share(name: &'static str, bytes_each: u64, floor: u64, cap: u64, because: &str) -> Share {
    let vessel = Vessel { bytes_each, floor, cap: cap.max(floor) };
    Share { name, count: 0, vessel, because: because.to_owned() }
}

fn asked(demand: &Demand, steady: Cores) -> Share {
    match u64::from(steady.millis()).checked_div(millis(demand.cpu_each)) {
        Some(run) if run < demand.cap => {
            let because = format!("{steady} steady cores, {} busy each", demand.cpu_each);
            share(demand.name, demand.bytes_each, demand.floor, run, &because)
        }
        _ => share(demand.name, demand.bytes_each, demand.floor, demand.cap, "no more is of use"),
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and below 0 is 0")]
fn millis(cores: f64) -> u64 {
    (cores * 1000.0).round() as u64
}

impl Share {
    /// With exactly so many, if there is such a setting.
    fn set(self, setting: Option<u64>, name: &str) -> Self {
        match setting {
            Some(count) => share(self.name, self.vessel.bytes_each, count, count, name),
            None => self,
        }
    }

    /// The memory that all of it holds at its worst, in bytes.
    pub(super) fn holds(&self) -> u64 {
        self.count.saturating_mul(self.vessel.bytes_each)
    }

    /// What it is made of, for people.
    pub(super) fn formula(&self) -> String {
        let Vessel { bytes_each, floor, cap } = self.vessel;
        let each = Amount(bytes_each);
        if floor == cap {
            return format!("{each} each; {}", self.because);
        }
        let (floor, cap_text) = match self.name {
            MESSAGE_BYTES => (Amount(floor).to_string(), Amount(cap).to_string()),
            _ => (floor.to_string(), cap.to_string()),
        };
        let (of, because) = (format!("{each} each; {floor} to {cap_text}"), &self.because);
        if self.count == cap { format!("{of}: {because}") } else { format!("{of}: as many as part allows") }
    }
}

#[cfg(test)]
mod tests;
