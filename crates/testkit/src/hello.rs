//! `fairlead.hello.v1`, the contract of the example in CONTRIBUTING.

#![expect(missing_docs, clippy::pedantic, unused_qualifications, reason = "generated")]

tonic::include_proto!("fairlead.hello.v1");

/// The descriptors of the contract, as an encoded `FileDescriptorSet`.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/testing.binpb"));
