//! Compiles one method of the test service, one of sessions and two of uploads, which is what the baselines serve, with tonic's own codec.

use std::error::Error;

const PROTOS: [&str; 3] = ["../../crates/testkit/proto", "../../proto", "../../third_party/proto"];
const CONTRACTS: [&str; 3] = [
    "fairlead/testing/v1/testing.proto",
    "fairlead/sessions/v1/sessions.proto",
    "fairlead/uploads/v1/uploads.proto",
];
const METHODS: [&str; 4] = ["Echo", "ValidateSession", "WriteUpload", "ReadUpload"];
const MESSAGES: [&str; 10] = [
    "EchoRequest",
    "EchoResponse",
    "ValidateSessionRequest",
    "ValidateSessionResponse",
    "Session",
    "WriteUploadRequest",
    "WriteUploadResponse",
    "ReadUploadRequest",
    "ReadUploadResponse",
    "Upload",
];

fn main() -> Result<(), Box<dyn Error>> {
    for folder in PROTOS {
        println!("cargo::rerun-if-changed={folder}");
    }
    let mut descriptors = protox::compile(CONTRACTS, PROTOS)?;
    descriptors.file.retain(|file| !file.package().starts_with("google.api"));
    for file in descriptors.file.iter_mut().filter(|file| file.package().starts_with("fairlead.")) {
        // Comments are found by positions, which change.
        file.source_code_info = None;
        file.message_type.retain(|message| MESSAGES.contains(&message.name()));
        for service in &mut file.service {
            service.method.retain(|method| METHODS.contains(&method.name()));
        }
    }
    tonic_prost_build::configure().build_client(false).build_transport(false).compile_fds(descriptors)?;
    Ok(())
}
