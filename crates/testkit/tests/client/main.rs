//! How a service finds its peers and what it does when they fail, between real processes.
//!
//! Tests that change names, addresses and wires need a network of their own: `make test-network` runs them in one.

mod black_hole;
mod deadline;
mod finding;
mod frozen;
mod metrics;
mod network;
mod resolver;
mod restarts;
mod service;
