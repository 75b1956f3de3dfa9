//! The gRPC port: what may be set about it, and the socket it listens on.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;

use crate::{
    config::{Duration, Problems},
    credentials,
    grpc::{offenders::Offenders, tls},
    sizing::Wire,
};

/// Connections that the kernel keeps waiting while the process accepts others.
const BACKLOG: i32 = 1024;

/// The gRPC port.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The address to listen on; port 0 takes a free one. Images set `[::]:50051`.
    #[schemars(example = "0.0.0.0:50051")]
    pub listen: SocketAddr,
    /// How many proxies stand in front, each of which adds to `x-forwarded-for`. 0: the peer is the client.
    pub trusted_hops: u8,
    /// Whether an address that floods, or breaks the protocol, again and again is kept out for a while. `nobody` is for installations where many
    /// share an address, as behind a load balancer that puts its own in its place (SNAT): a flood then only costs its
    /// own connection. Behind proxies (`trusted_hops` above 0) it is nobody anyway.
    pub keep_out: KeepOut,
    /// What reflection tells: nothing, this process's services, or the whole suite's.
    pub reflection: Reflection,
    /// How long a connection may take to shake hands, to say that it speaks HTTP/2, and to find a place among those that
    /// are served. One that keeps silent may have to go earlier, when many others come.
    pub preface_timeout: Duration,
    /// After how long a connection is told to go elsewhere, so that clients find new replicas; a tenth is jitter.
    pub connection_age: Duration,
    /// How long the calls of an aged connection may take to finish.
    pub connection_grace: Duration,
    /// How long a connection may be silent before it is asked whether it lives.
    pub keepalive_interval: Duration,
    /// How long it may take to answer.
    pub keepalive_timeout: Duration,
    /// Calls that one connection may have in flight.
    pub streams_per_connection: u32,
    /// TLS; plaintext when nothing is given.
    pub tls: tls::Server,
    /// How often mounted certificates, keys and secrets are read again.
    pub reload_interval: Duration,
    /// How this service proves itself to its peers, and how it knows them.
    pub credentials: credentials::Config,
}

/// Who is kept out for a while.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum KeepOut {
    /// Addresses that flood again and again.
    #[default]
    Flooders,
    /// Nobody.
    Nobody,
}

/// What reflection tells.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Reflection {
    /// Nothing.
    Off,
    /// This process's services.
    #[default]
    Own,
    /// The services of the whole suite, also those that are served elsewhere.
    Suite,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 50051)),
            trusted_hops: 0,
            keep_out: KeepOut::Flooders,
            reflection: Reflection::Own,
            preface_timeout: Duration::from_secs(5),
            connection_age: Duration::from_secs(300),
            connection_grace: Duration::from_secs(30),
            keepalive_interval: Duration::from_secs(30),
            keepalive_timeout: Duration::from_secs(10),
            streams_per_connection: 128,
            tls: tls::Server::default(),
            reload_interval: Duration::from_secs(5),
            credentials: credentials::Config::default(),
        }
    }
}

impl Config {
    pub(crate) fn validate(&self, problems: &mut Problems) {
        for (name, span) in [
            ("preface_timeout", self.preface_timeout),
            ("connection_age", self.connection_age),
            ("keepalive_interval", self.keepalive_interval),
            ("keepalive_timeout", self.keepalive_timeout),
            ("reload_interval", self.reload_interval),
        ] {
            if span.0.is_zero() {
                problems.add(format!("server.{name}"), "found 0s; a duration above zero, such as 10s");
            }
        }
        self.tls.validate(problems);
        // A client may legally open about a hundred streams before it has read our settings.
        if !(100..=1000).contains(&self.streams_per_connection) {
            let found = self.streams_per_connection;
            problems.add("server.streams_per_connection", format!("found {found}; a count from 100 to 1000"));
        }
    }
}

impl Config {
    /// What goes over the connections.
    pub(crate) fn wire(&self) -> Wire {
        if self.tls.certificate.is_some() { Wire::Tls } else { Wire::Plain }
    }

    /// Who is to be kept out, as nobody has been yet.
    pub(crate) fn offenders(&self) -> Offenders {
        // Proxies carry everybody's calls: what one client does is not to be held against the others.
        let shared_addresses = self.trusted_hops > 0 || self.keep_out == KeepOut::Nobody;
        if shared_addresses { Offenders::forgiven() } else { Offenders::default() }
    }
}

/// Listens on an address; `[::]` takes IPv4 too.
pub(crate) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}
