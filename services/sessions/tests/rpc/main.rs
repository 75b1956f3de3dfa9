//! The sessions service over the wire.

mod accounts;
mod browser;
mod edge;
mod failover;
mod full;
mod late;
mod near;
mod outage;
mod ownership;
mod passwords;
mod reading;
mod rotation;
mod sign_in;
mod suite;
mod tls;
mod untold;
mod watch;
