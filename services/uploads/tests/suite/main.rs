//! The service from outside: what its stores promise, and what it answers.

mod bytes;
mod contract;
mod identity;
mod stores;
