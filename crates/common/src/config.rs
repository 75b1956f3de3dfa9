//! What the operator may set, where it comes from, and what is wrong with it.

mod command;
mod effective;
mod field;
mod given;
mod kind;
mod load;
mod manual;
mod mount;
mod name;
mod peers;
mod problems;
mod reader;
mod secret;
#[cfg(test)]
mod tests;
mod units;
#[cfg(test)]
pub(crate) mod volume;
mod watched;
mod watcher;

use std::net::{IpAddr, SocketAddr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

pub use command::{BAD_CONFIG, Said, answer, command};
pub use effective::Effective;
pub use load::{Loaded, Uses, load, load_from};
pub use manual::Manual;
pub use mount::{Content, Mount};
pub use problems::Problems;
pub use secret::Secret;
pub use units::{Duration, Size};
pub use watched::Watched;
pub use watcher::{Tally, Watcher};

use crate::{
    admin, grpc, lifecycle, limits,
    sizing::{self, Demand, Plan, Refused},
    telemetry,
};

/// The configuration of one binary: one field per section, each section named after its service.
///
/// The doc comments of the fields are the operator's manual, printed by `config schema`. Every field has a default
/// (`#[serde(default)]` on each struct); what has no sensible one defaults to empty and is refused by
/// [`validate`](Self::validate).
pub trait Settings:
    Clone + Default + Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static
{
    /// Reports every value that cannot be used, by the path of its field: `accounts.postgres.url`.
    fn validate(&self, _problems: &mut Problems) {}

    /// The peers that the services of this binary call in other processes, by the paths of their settings. Where there
    /// are any, their addresses and a key to sign with must be set.
    fn peers(&self) -> Vec<(&'static str, &grpc::client::Config)> {
        Vec::new()
    }

    /// What of its settings this binary uses when it does its work: all of them, where that is to serve.
    #[must_use]
    fn uses() -> Uses {
        Uses::Everything
    }

    /// What this binary can be told besides what every one can, each with what it does, for its help.
    #[must_use]
    fn commands() -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// What this binary sets the frame to where the operator says nothing.
    #[must_use]
    fn frame() -> FrameConfig {
        FrameConfig::default()
    }

    /// What the services of this binary would like of the container.
    fn demands(&self) -> Vec<Demand> {
        Vec::new()
    }
}

/// The settings of a binary that has none of its own.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct NoSettings {}

impl Settings for NoSettings {}

/// The sections of the frame, the same in every binary.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct FrameConfig {
    /// The gRPC port.
    pub server: grpc::server::Config,
    /// The admin port.
    pub admin: admin::Config,
    /// Starting and stopping.
    pub lifecycle: lifecycle::Config,
    /// What the container allows, where it cannot tell.
    pub limits: limits::Config,
    /// Logs, traces and metrics.
    pub telemetry: telemetry::Config,
}

impl Settings for FrameConfig {
    fn validate(&self, problems: &mut Problems) {
        self.server.validate(problems);
        self.lifecycle.validate(problems);
        self.limits.validate(problems);
        self.telemetry.validate(problems);
        let (grpc, admin) = (self.server.listen, self.admin.listen);
        if collide(grpc, admin) {
            let wrong =
                format!("found {grpc}, where admin.listen is, too ({admin}); accepted is another port");
            problems.add("server.listen", wrong);
        }
    }
}

impl FrameConfig {
    /// Sizes a process to its container as it is now.
    ///
    /// # Errors
    /// When the container is too small for what is demanded.
    pub(crate) fn plan(&self, demands: &[Demand]) -> Result<Plan, Refused> {
        let limits = limits::read(&self.limits);
        sizing::plan(&limits, demands, &self.limits, self.server.wire())
    }
}

/// Whether only one of two sockets can listen.
fn collide(one: SocketAddr, other: SocketAddr) -> bool {
    // `[::]` takes IPv4, too.
    let takes = |one: IpAddr, other: IpAddr| {
        one == other || (one.is_unspecified() && (one.is_ipv6() || other.is_ipv4()))
    };
    let same_port = one.port() == other.port() && one.port() != 0;
    same_port && (takes(one.ip(), other.ip()) || takes(other.ip(), one.ip()))
}
