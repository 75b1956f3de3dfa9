//! Compiles the contracts of the test service and of the example to Rust, without protoc.

use std::{env, error::Error, fs, path::PathBuf};

#[expect(clippy::disallowed_methods, reason = "Cargo tells build scripts where to write in the environment")]
fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");
    let mut compiler = protox::Compiler::new(["proto"])?;
    compiler.include_imports(true);
    compiler.open_files([
        "fairlead/hello/v1/hello.proto",
        "fairlead/testing/v1/peer.proto",
        "fairlead/testing/v1/testing.proto",
    ])?;

    let descriptors = PathBuf::from(env::var("OUT_DIR")?).join("testing.binpb");
    fs::write(descriptors, compiler.encode_file_descriptor_set())?;
    tonic_prost_build::configure()
        .codec_path("proto::Codec")
        .build_transport(false)
        .compile_fds(compiler.file_descriptor_set())?;
    Ok(())
}
