//! The service from outside: what its stores promise.

mod contract;
mod stores;
