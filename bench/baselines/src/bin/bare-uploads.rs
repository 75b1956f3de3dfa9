//! Bytes over a bare tonic stream, everything by default: what the uploads of a directory are compared with. Takes the
//! address to listen on.

use std::{env, error::Error};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = env::args().nth(1).ok_or("which address?")?.parse()?;
    Ok(baselines::uploads_on_tonic(address).await?)
}
