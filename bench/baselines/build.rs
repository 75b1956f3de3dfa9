//! Compiles the test service's contract, of which the baselines serve `Echo` alone, with tonic's own codec.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let protos = "../../crates/testkit/proto";
    println!("cargo::rerun-if-changed={protos}");
    let mut descriptors = protox::compile(["fairlead/testing/v1/testing.proto"], [protos])?;
    for service in descriptors.file.iter_mut().flat_map(|file| &mut file.service) {
        service.method.retain(|method| method.name() == "Echo");
    }
    tonic_prost_build::configure().build_client(false).build_transport(false).compile_fds(descriptors)?;
    Ok(())
}
