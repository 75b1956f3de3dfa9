//! The accounts service from outside: its stores by their contract, its calls over the wire, its outages.

mod contract;
mod faults;
mod granting;
mod outages;
mod peer;
mod rpc;
mod stores;
mod suite;
