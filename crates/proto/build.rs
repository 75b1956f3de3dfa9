//! Compiles the contract under `proto/` to Rust, without protoc.

use std::{env, error::Error, fmt::Write, fs, io, path::PathBuf};

/// What Envoy asks about every request.
const CHECK: &str = "envoy/service/auth/v3/external_auth.proto";
const INCLUDES: [&str; 2] = ["../../proto", "../../third_party/proto"];
/// A folder for each service of the suite.
const SERVICES: &str = "../../proto/fairlead";

#[expect(clippy::disallowed_methods, reason = "Cargo tells build scripts where to write in the environment")]
fn main() -> Result<(), Box<dyn Error>> {
    for include in INCLUDES {
        println!("cargo::rerun-if-changed={include}");
    }

    // With comments for rustdoc; without them, a third of the size, for reflection.
    let (services, out) = (services()?, PathBuf::from(env::var("OUT_DIR")?));
    fs::write(out.join("suite.binpb"), compiler(&services, false)?.encode_file_descriptor_set())?;
    fs::write(out.join("suite.rs"), modules(&services)?)?;
    let mut ours = compiler(&services, true)?.file_descriptor_set();
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

/// The names of the services, in their order.
fn services() -> io::Result<Vec<String>> {
    let folders = fs::read_dir(SERVICES)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let mut services = folders.collect::<io::Result<Vec<_>>>()?;
    services.sort();
    Ok(services)
}

/// A module for each service, and who is in the suite.
fn modules(services: &[String]) -> Result<String, std::fmt::Error> {
    let mut rust = String::new();
    for name in services {
        let package = format!("fairlead.{name}.v1");
        writeln!(rust, "/// The {name} service.\npub mod {name} {{")?;
        writeln!(rust, "    /// `{package}`.")?;
        writeln!(
            rust,
            "    #[expect(clippy::pedantic, unused_qualifications, reason = \"generated\")]\n    \
             pub mod v1 {{ tonic::include_proto!({package:?}); }}\n}}"
        )?;
    }
    let programs: Vec<&str> = services.iter().map(String::as_str).chain(["migrate"]).collect();
    writeln!(
        rust,
        "/// Every program of the suite that has a configuration section, by that section's name."
    )?;
    writeln!(rust, "pub const SUITE: &[&str] = &{programs:?};")?;
    Ok(rust)
}

/// The compiler object and not `protox::compile`: what that one encodes has lost custom options such as
/// `google.api.http`.
fn compiler(services: &[String], comments: bool) -> Result<protox::Compiler, protox::Error> {
    let mut compiler = protox::Compiler::new(INCLUDES)?;
    compiler.include_imports(true).include_source_info(comments);
    for service in services {
        compiler.open_file(format!("fairlead/{service}/v1/{service}.proto"))?;
    }
    compiler.open_file(CHECK)?;
    // A JSON transcoder answers nothing for an error whose detail types the set does not know.
    compiler.open_file("google/rpc/error_details.proto")?;
    Ok(compiler)
}
