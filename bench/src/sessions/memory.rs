//! How much memory of Redis a session takes.

use std::net::IpAddr;

use sessions::fill;

use super::redis::{ask as ask_redis, used_memory};
use crate::{table::Table, verdict::Verdicts};

/// Each of an account of its own: nobody shares an index.
const SESSIONS: usize = 1_000_000;
const AT_ONCE: usize = 50_000;

/// What a session takes more where sizes of memory are 16 bytes apart, as in Debian's Redis, than where they are 8 apart, as
/// in the allocator that Redis brings along: each of its four entries in tables has 24 bytes, and its index 36.
const OF_SIZES_16_APART: f64 = 40.0;

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
    let mut found = Vec::new();
    for kind in &kinds {
        found.push(bytes(kind).await);
    }
    let mut table = Table::new(
        format!("memory of Redis after {SESSIONS} sessions, as it says itself"),
        &["", "bytes a session", "with the allocator of Redis"],
    );
    for (Kind { name, .. }, Taken { here, with_its_own }) in kinds.iter().zip(&found) {
        table.line([(*name).to_owned(), format!("{here:.1}"), format!("{with_its_own:.1}")]);
    }
    table.print();
    for (Kind { name, aim, .. }, Taken { with_its_own, .. }) in kinds.iter().zip(found) {
        let said = format!("{name}: {with_its_own:.1} bytes a session, at most {aim}");
        verdicts.judge(with_its_own <= *aim, said);
    }
}

/// The bytes that a session takes.
struct Taken {
    here: f64,
    /// As Redis is built when nobody changes it.
    with_its_own: f64,
}

async fn bytes(Kind { user_agent, address, .. }: &Kind) -> Taken {
    let redis = testkit::redis().await;
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
    let here = grown / SESSIONS as f64;
    let statistics = ask_redis(&redis.url, "MEMORY MALLOC-STATS").await;
    let coarse = statistics.lines().any(|line| line.trim() == "Quantum size: 16");
    Taken { here, with_its_own: if coarse { here - OF_SIZES_16_APART } else { here } }
}
