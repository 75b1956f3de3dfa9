//! The contract in Rust: generated messages, clients and server traits, nothing written by hand but the codec.

mod codec;

pub use codec::Codec;

/// The accounts service.
pub mod accounts {
    /// `fairlead.accounts.v1`.
    #[expect(clippy::pedantic, unused_qualifications, reason = "generated")]
    pub mod v1 {
        tonic::include_proto!("fairlead.accounts.v1");
    }
}

/// The sessions service.
pub mod sessions {
    /// `fairlead.sessions.v1`.
    #[expect(clippy::pedantic, unused_qualifications, reason = "generated")]
    pub mod v1 {
        tonic::include_proto!("fairlead.sessions.v1");
    }
}

/// The uploads service.
pub mod uploads {
    /// `fairlead.uploads.v1`.
    #[expect(clippy::pedantic, unused_qualifications, reason = "generated")]
    pub mod v1 {
        tonic::include_proto!("fairlead.uploads.v1");
    }
}

/// Every program of the suite that has a configuration section, by that section's name.
pub const SUITE: &[&str] = &["accounts", "sessions", "uploads", "migrate"];

/// The descriptors of the whole suite and of what it imports, as an encoded `FileDescriptorSet`.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/suite.binpb"));
