//! The suite as its users meet it: real processes, over the wire.

mod commands;
mod faults;
mod folder;
mod guessing;
mod house;
mod journey;
mod outages;
mod people;
mod policy;
mod tls;
mod uploads;
