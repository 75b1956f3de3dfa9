//! Calls to real servers that come, go, age and fail.

mod ageing;
mod asking;
mod balancing;
mod retrying;
mod script;
mod world;
