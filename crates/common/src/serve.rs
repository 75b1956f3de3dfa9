//! The whole `main` of a service.

use std::{error::Error, process::ExitCode};

use crate::{config::Settings, grpc::Service, process::Process};

/// Which binary this is.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// The binary's name, which is also the name it authenticates as: `accounts`.
    pub name: &'static str,
    /// The binary's version.
    pub version: &'static str,
    /// Every service of the suite: whose sections are accepted and, unless they are this binary's, ignored.
    pub suite: &'static [&'static str],
    /// Descriptors of every service served, for reflection and for checking the policy tables.
    pub descriptors: &'static [u8],
}

/// Runs a service from its first instruction to its exit code.
///
/// `build` makes the services out of the configuration. It opens stores without touching the network; what cannot be
/// opened at all ends the process with exit code 78 (bad configuration).
pub fn serve<C: Settings>(
    _program: Program,
    _build: impl AsyncFnOnce(C, &Process) -> Result<Vec<Service>, Box<dyn Error + Send + Sync>>,
) -> ExitCode {
    ExitCode::SUCCESS
}
