//! A bare tonic echo, everything by default: what the frame's cost is judged against. Takes the address to listen on.

use std::{env, error::Error};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = env::args().nth(1).ok_or("which address?")?.parse()?;
    Ok(baselines::on_tonic(address).await?)
}
