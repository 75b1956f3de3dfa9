//! What tests stand on: real stores, real binaries, real signals.
//!
//! [`postgres`] and [`redis`] give a test stores of its own; [`Server`] and [`Binary`] run what the workspace builds.
//! Whatever they start ends with the test, also when the test process is killed.

mod binary;
pub mod caller;
mod cgroup;
mod collector;
mod dns;
mod errors;
pub mod hello;
pub mod history;
mod http;
mod keys;
mod line;
mod machine;
mod metrics;
pub mod passwords;
pub mod peer;
mod port;
mod postgres;
mod proxy;
mod redis;
mod s3;
mod server;
mod supervisor;
pub mod testing;
mod volume;

pub use binary::{Binary, Exit, limit_open_files};
pub use cgroup::Cgroup;
pub use collector::{Collector, SeenSpan};
pub use dns::Dns;
pub use errors::reason;
pub use http::{HttpResponse, http};
pub use keys::ServiceKeys;
pub use line::{Held, Line, Of};
pub use machine::Machine;
pub use metrics::Metrics;
pub use port::free_port;
pub use postgres::{Database, Login, PostgresServer, postgres, postgres_server};
pub use proxy::Proxy;
pub use redis::{
    Redis, RedisCluster, RedisSentinels, RedisTls, ShippedRedis, redis, redis_as_shipped, redis_cluster,
    redis_cluster_over, redis_cluster_split, redis_of, redis_sentinels, redis_sentinels_over,
    redis_sentinels_split, shared_redis_cluster, shared_redis_sentinels,
};
pub use rustix::process::Signal;
pub use s3::{S3, s3, s3_on};
pub use server::{Answer, Server};
pub use volume::Volume;
