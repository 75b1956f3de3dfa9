//! Memory as people read it: rounded, where [`Size`](crate::config::Size) is exact.

use std::fmt;

/// An amount of memory in bytes, shown with one decimal of its unit.
#[derive(Clone, Copy)]
pub(super) struct Amount(pub(super) u64);

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&bytesize::ByteSize::b(self.0).display().iec().to_string())
    }
}
