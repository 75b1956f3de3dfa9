//! `ValidateSession` as it is written in an afternoon: `naive-sessions <URL of Redis> <address>`. What sessions' way to
//! Redis is judged against.

use std::{env, error::Error};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let (redis, address) = (arguments.next(), arguments.next());
    let (redis, address) = (redis.ok_or("which Redis?")?, address.ok_or("which address?")?.parse()?);
    baselines::sessions_on_tonic(address, &redis).await
}
