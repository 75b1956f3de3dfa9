//! Calls over the wire.

mod bad_input;
mod create;
mod delete;
mod guessing;
mod news;
mod password;
mod read;
mod update;
