//! Whether Redis is there, and whether it keeps what it is given.

use std::sync::Arc;

use common::{Process, readiness::Importance, telemetry::metrics};

use super::{connections::Connections, node::Node, ways::Ways};

/// Has both checked for as long as the process runs, and the pool closed at its end.
pub(super) fn register(redis: &Connections, process: &Process) {
    let there = redis.clone();
    process.check("redis", Importance::Required, move || {
        let redis = there.clone();
        async move { redis.current().is_there().await }
    });
    let keeps = redis.clone();
    process.check("redis-durability", Importance::Degrades, move || {
        let redis = keeps.clone();
        async move {
            for master in redis.current().masters().await? {
                keeps_all(&master).await.map_err(|wrong| format!("{}: {wrong}", master.name()))?;
            }
            Ok(())
        }
    });
    redis.observe(process.meter());
    let pooled = redis.clone();
    metrics::observe_pool(process.meter(), "redis", move || pooled.pooled());
    let closing = redis.clone();
    process.on_release("redis", move || async move { closing.close() });
}

/// Whether Redis lets somebody in, at every master.
pub(super) async fn answers(ways: Arc<Ways>) -> Result<(), String> {
    for master in ways.masters().await? {
        master.ping().await.map_err(|error| format!("{}: {error}", master.name()))?;
    }
    Ok(())
}

async fn keeps_all(master: &Node) -> Result<(), String> {
    let told = |error: redis::RedisError| error.to_string();
    let (memory, persistence) =
        (master.info("memory").await.map_err(told)?, master.info("persistence").await.map_err(told)?);
    durable(&memory, &persistence)?;
    reads_all(master).await
}

/// Whether Redis reads all that it kept, when it starts again: it does so with the rights of the user `default`, also where
/// nobody may be that user, and passes over a script's writes that they do not allow (redis/redis#14541). Nothing is known
/// where we may not ask, or before Redis 7.
async fn reads_all(master: &Node) -> Result<(), String> {
    let mut rights = redis::pipe();
    for command in [&["EXEC"][..], &["SET", "fl:", ""]] {
        rights.cmd("ACL").arg("DRYRUN").arg("default").arg(command);
    }
    match master.ask_all::<Vec<String>>(&rights).await {
        Ok(told) if told.iter().any(|told| told != "OK") => Err(
            "the user default may not do what scripts do, and a restart would forget that: give it ~* &* +@all, and \
             leave it off"
                .to_owned(),
        ),
        _ => Ok(()),
    }
}

/// Reads two sections of INFO. A Redis that evicts signs people out; one without an append-only file forgets
/// revocations when it restarts.
fn durable(memory: &str, persistence: &str) -> Result<(), String> {
    let mut wrong = Vec::new();
    let policy = field(memory, "maxmemory_policy");
    if policy != Some("noeviction") {
        wrong.push(format!("maxmemory-policy is {}; it must be noeviction", policy.unwrap_or("not told")));
    }
    if field(persistence, "aof_enabled") != Some("1") {
        wrong.push("appendonly is not on: a restart forgets sessions and revocations".to_owned());
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("; ")) }
}

fn field<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redis_that_keeps_everything_is_durable() {
        let memory = "# Memory\r\nused_memory:1\r\nmaxmemory_policy:noeviction\r\n";

        assert_eq!(durable(memory, "# Persistence\r\naof_enabled:1\r\n"), Ok(()));
    }

    #[tokio::test]
    async fn a_redis_that_may_not_read_back_what_scripts_wrote_is_told() {
        let redis = testkit::redis().await;
        redis.ask("ACL SETUSER sessions on >secret ~* &* +@all").await.unwrap();
        let node = |user: &str| {
            let url = redis.url.replace("redis://", &format!("redis://{user}:secret@"));
            Node::open(url.parse().unwrap(), 1).unwrap()
        };
        assert_eq!(keeps_all(&node("sessions")).await, Ok(()));
        redis.ask("ACL SETUSER limited on >secret ~* &* +@all -@admin").await.unwrap();

        // Both keys and commands count.
        for rights in ["resetkeys", "allkeys -exec"] {
            redis.ask(&format!("ACL SETUSER default {rights}")).await.unwrap();

            let told = keeps_all(&node("sessions")).await.unwrap_err();
            assert!(told.contains("~* &* +@all"), "{told}");
            assert_eq!(keeps_all(&node("limited")).await, Ok(()), "it is not known");
        }
    }

    #[test]
    fn everything_that_loses_sessions_is_told() {
        let told = durable("maxmemory_policy:allkeys-lru\r\n", "aof_enabled:0\r\n").unwrap_err();

        assert!(told.contains("allkeys-lru") && told.contains("appendonly"));
    }
}
