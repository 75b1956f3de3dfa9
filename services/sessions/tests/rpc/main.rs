//! The sessions service over the wire.

mod accounts;
mod browser;
mod edge;
mod failover;
mod full;
mod late;
mod lives;
mod near;
mod outage;
mod ownership;
mod passwords;
mod reading;
mod remote;
mod restart;
mod room;
mod rotation;
mod sign_in;
mod suite;
mod tls;
mod untold;
mod watch;
