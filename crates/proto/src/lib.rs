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

/// What Envoy asks of an authorization service, and what that imports.
#[expect(clippy::large_enum_variant, clippy::pedantic, unused_qualifications, reason = "generated")]
pub mod envoy {
    pub mod config {
        pub mod core {
            pub mod v3 {
                tonic::include_proto!("envoy.config.core.v3");
            }
        }
    }
    pub mod service {
        pub mod auth {
            pub mod v3 {
                tonic::include_proto!("envoy.service.auth.v3");
            }
        }
    }
    pub mod r#type {
        pub mod v3 {
            tonic::include_proto!("envoy.r#type.v3");
        }
    }
}

pub(crate) mod xds {
    pub(crate) mod core {
        pub(crate) mod v3 {
            tonic::include_proto!("xds.core.v3");
        }
    }
}

/// Every program of the suite that has a configuration section, by that section's name.
pub const SUITE: &[&str] = &["accounts", "sessions", "uploads", "migrate"];

/// The descriptors of the whole suite and of what it imports, as an encoded `FileDescriptorSet`.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/suite.binpb"));
