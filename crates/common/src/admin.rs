//! The admin port: what operators and the platform ask, answered from a thread of its own.
//!
//! It has its own runtime, so that a service whose every worker is busy still answers its probes, and still watches its
//! memory.

mod connections;
mod probe;
mod routes;

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    thread,
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::{net::TcpListener, runtime, sync::oneshot};

pub(crate) use probe::{Probe, probe};
pub(crate) use routes::About;

use crate::{Process, grpc::server::listen};

/// The admin port: probes, what the process has decided, and the log level. Plain HTTP.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The address to listen on; port 0 takes a free one. Images set `[::]:8081`.
    #[schemars(example = "0.0.0.0:8081")]
    pub listen: SocketAddr,
}

impl Default for Config {
    fn default() -> Self {
        Self { listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8081)) }
    }
}

impl Config {
    /// Where the port is asked from within the container.
    pub(crate) fn local(&self) -> SocketAddr {
        let ip = match self.listen.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        SocketAddr::new(ip, self.listen.port())
    }
}

/// The open admin port. Dropping it closes the port.
pub(crate) struct Admin {
    address: SocketAddr,
    _stop: oneshot::Sender<()>,
}

impl Admin {
    /// Opens the port and answers on a thread of its own.
    ///
    /// # Errors
    /// When the port cannot be listened on, or the thread not started.
    pub(crate) fn start(process: &Process, about: About) -> io::Result<Self> {
        let configured = process.shared.frame.admin.listen;
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel::<()>();
        let listener: TcpListener = {
            let _entered = runtime.enter();
            let listener = listen(configured)?;
            process.shared.watch_container();
            listener
        };
        let address = listener.local_addr()?;
        let routes = routes::routes(process.clone(), about);
        thread::Builder::new().name("admin".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = connections::serve(listener, routes) => {}
                    // Whether it was sent or dropped: the process is over.
                    _ = stopped => {}
                }
            });
        })?;
        Ok(Self { address, _stop: stop })
    }

    /// Where it answers.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}
