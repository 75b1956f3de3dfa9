//! The suite as its users meet it: real processes, over the wire.

mod guessing;
mod journey;
mod outages;
mod people;
mod policy;
