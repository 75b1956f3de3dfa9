//! Keeps the working set under the limit: sheds calls, and has caches shrink.

mod guard;
mod level;

pub use guard::{Guard, INTERVAL, Snapshot};
pub use level::Level;
