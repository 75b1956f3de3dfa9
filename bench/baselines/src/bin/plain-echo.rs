//! The bare echo with the suite's allocator: `plain-echo tonic|hyper <address>`. What differs from `bare-echo` is not the
//! frame's doing.

use std::{env, error::Error};

use tikv_jemallocator::Jemalloc;

#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["tonic", address] => Ok(baselines::on_tonic(address.parse()?).await?),
        ["hyper", address] => Ok(baselines::on_hyper(address.parse()?).await?),
        _ => Err("plain-echo tonic|hyper <address>".into()),
    }
}
