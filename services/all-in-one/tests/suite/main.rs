//! The suite as its users meet it: real processes, over the wire.

mod journey;
mod people;
mod policy;
