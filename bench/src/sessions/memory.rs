//! How much memory of Redis a session takes.

use std::{env, net::IpAddr, path::PathBuf};

use sessions::fill;
use testkit::Redis;

use super::redis::{ask as ask_redis, used_memory};
use crate::{table::Table, verdict::Verdicts};

/// Each of an account of its own: nobody shares an index.
const SESSIONS: usize = 1_000_000;
const AT_ONCE: usize = 50_000;

/// Names the folder of a Redis that was built with the allocator that it brings along, as a build of its sources is when nobody
/// asks for another. It is what is judged; Debian's is linked with one whose sizes are 16 bytes apart instead of 8.
const OWN: &str = "BENCH_REDIS";

/// How a session may begin, and what it may take in bytes.
struct Kind {
    name: &'static str,
    user_agent: usize,
    address: Option<IpAddr>,
    aim: f64,
}

pub(super) async fn ask(verdicts: &mut Verdicts) {
    let kinds = [
        Kind {
            name: "a user agent of 100 bytes",
            user_agent: 100,
            address: Some([192, 0, 2, 1].into()),
            aim: 560.0,
        },
        Kind { name: "nothing of the device", user_agent: 0, address: None, aim: 400.0 },
    ];
    let own = env::var_os(OWN).map(PathBuf::from);
    let own = own.unwrap_or_else(|| panic!("{OWN} names no Redis: run scripts/bench, which installs one"));
    let mut table = Table::new(
        format!("memory of Redis after {SESSIONS} sessions, as it says itself"),
        &["", "allocator", "bytes a session"],
    );
    let mut found = Vec::new();
    for kind in &kinds {
        found.push((kind, bytes(kind, testkit::redis_of(own.clone()).await, &mut table).await));
        // For comparison: the one that is installed here.
        bytes(kind, testkit::redis().await, &mut table).await;
    }
    table.print();
    for (Kind { name, aim, .. }, bytes) in found {
        verdicts.judge(bytes <= *aim, format!("{name}: {bytes:.1} bytes a session, at most {aim}"));
    }
}

/// The bytes that a session takes there.
async fn bytes(Kind { name, user_agent, address, .. }: &Kind, redis: Redis, table: &mut Table) -> f64 {
    // Its buffers come and go, and are no part of a session.
    ask_redis(&redis.url, "CONFIG SET appendonly no").await;
    let user_agent = "a".repeat(*user_agent);
    // What there is once, such as the script, is none either.
    fill(&redis.url, 1, &user_agent, *address).await.expect("Redis takes sessions");
    let before = used_memory(&redis.url).await;
    for _ in 0..SESSIONS / AT_ONCE {
        fill(&redis.url, AT_ONCE, &user_agent, *address).await.expect("Redis takes sessions");
    }
    let keys = ask_redis(&redis.url, "DBSIZE").await;
    // A session is its record and its account's index.
    assert_eq!(keys.trim(), format!(":{}", 2 * (SESSIONS + 1)));
    #[expect(clippy::cast_precision_loss, reason = "less than a GiB")]
    let grown = (used_memory(&redis.url).await - before) as f64;
    #[expect(clippy::cast_precision_loss, reason = "a million")]
    let bytes = grown / SESSIONS as f64;
    let memory = ask_redis(&redis.url, "INFO memory").await;
    let allocator = memory.lines().find_map(|line| line.strip_prefix("mem_allocator:")).unwrap_or("unknown");
    table.line([(*name).to_owned(), allocator.trim().to_owned(), format!("{bytes:.1}")]);
    bytes
}
