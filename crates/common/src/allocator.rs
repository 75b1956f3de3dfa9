//! The allocator of every program on the frame: one that gives pages back.
//!
//! How soon it does is compiled in, from `.cargo/config.toml`; a test sees to it that it came through.

use tikv_jemallocator::Jemalloc;

#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;
