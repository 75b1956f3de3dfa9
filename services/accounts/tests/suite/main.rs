//! The accounts service from outside: its stores by their contract, its calls over the wire, its process by its signals.

mod contract;
mod stores;
