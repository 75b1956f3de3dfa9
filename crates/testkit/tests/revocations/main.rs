//! What real processes go on believing after somebody's session has ended elsewhere.

mod failover;
mod house;
mod late;
mod replicas;
mod stops;
