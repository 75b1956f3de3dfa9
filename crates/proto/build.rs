//! Compiles the contract under `proto/` to Rust, without protoc.

use std::{env, error::Error, fs, path::PathBuf};

/// What Envoy asks about every request.
const CHECK: &str = "envoy/service/auth/v3/external_auth.proto";
const INCLUDES: [&str; 2] = ["../../proto", "../../third_party/proto"];

#[expect(clippy::disallowed_methods, reason = "Cargo tells build scripts where to write in the environment")]
fn main() -> Result<(), Box<dyn Error>> {
    for include in INCLUDES {
        println!("cargo::rerun-if-changed={include}");
    }

    // With comments for rustdoc; without them, a third of the size, for reflection.
    let suite = PathBuf::from(env::var("OUT_DIR")?).join("suite.binpb");
    fs::write(suite, compiler(false)?.encode_file_descriptor_set())?;
    let mut ours = compiler(true)?.file_descriptor_set();
    ours.file.retain(|file| file.package().starts_with("fairlead.") || file.package() == "google.protobuf");
    let generator = || tonic_prost_build::configure().codec_path("crate::Codec").build_transport(false);
    // What is uploaded is not copied out of the message that it came in.
    generator().bytes(".fairlead.uploads.v1").compile_fds(ours)?;

    // Without comments, which are not written for rustdoc. What they import besides are options and google.rpc.Status.
    let mut envoys =
        protox::Compiler::new(INCLUDES)?.include_imports(true).open_file(CHECK)?.file_descriptor_set();
    envoys.file.retain(|file| matches!(file.package().split('.').next(), Some("envoy" | "google" | "xds")));
    generator().extern_path(".google.rpc.Status", "::tonic_types::Status").compile_fds(envoys)?;
    Ok(())
}

/// The compiler object and not `protox::compile`: what that one encodes has lost custom options such as
/// `google.api.http`.
fn compiler(comments: bool) -> Result<protox::Compiler, protox::Error> {
    let mut compiler = protox::Compiler::new(INCLUDES)?;
    compiler.include_imports(true).include_source_info(comments);
    for service in ["accounts", "sessions", "uploads"] {
        compiler.open_file(format!("fairlead/{service}/v1/{service}.proto"))?;
    }
    compiler.open_file(CHECK)?;
    // A JSON transcoder answers nothing for an error whose detail types the set does not know.
    compiler.open_file("google/rpc/error_details.proto")?;
    Ok(compiler)
}
