//! The contract in Rust: generated messages, clients and server traits, nothing written by hand but the codec.

mod codec;

pub use codec::Codec;

// A module for each service, `accounts::v1` and so on, and `SUITE`: the names of all programs.
include!(concat!(env!("OUT_DIR"), "/suite.rs"));

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

/// The descriptors of the whole suite and of what it imports, as an encoded `FileDescriptorSet`.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/suite.binpb"));
