//! Keeps the working set under the soft limit.
