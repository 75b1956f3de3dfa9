//! Service credentials.
