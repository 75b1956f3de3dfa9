//! Three replicas of the test service, and how they are rolled.

use std::{
    fmt, fs,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use futures_util::future::join_all;
use serde_json::{Value, json};
use testkit::{Exit, Server, ServiceKeys, Signal, free_port};

use crate::{name::Name, setting::Setting, tally::Tally};

/// Where they serve, on one port, as pods do.
const ADDRESSES: [IpAddr; 3] = [
    IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2)),
    IpAddr::V4(Ipv4Addr::new(127, 0, 0, 3)),
    IpAddr::V4(Ipv4Addr::new(127, 0, 0, 4)),
];
/// Half of the default, as Envoy's checks are twice as often as they need to be: it notices within 1.5 s, which is two
/// intervals and the time of one check.
const LAME_DUCK: &str = "2500ms";
/// What the manifests say, and longer than the longest stream takes on a busy machine.
const DRAIN: &str = "20s";
/// Connections age besides, as they do in long lives: each lasts for about one roll.
const CONNECTION_AGE: &str = "8s";

/// The replicas, and what became of those before them.
pub(crate) struct Replicas {
    servers: Vec<Server>,
    port: u16,
    keys: ServiceKeys,
    name: Name,
    logs: PathBuf,
    ends: Vec<End>,
}

/// How one replica ended.
struct End {
    moment: String,
    replica: usize,
    code: Option<i32>,
    report: Value,
}

impl Replicas {
    /// Starts all of them, and waits until they are ready.
    pub(crate) async fn start(setting: &Setting) -> Self {
        let (keys, port, name) = (ServiceKeys::make(&["testing"]), free_port(), Name::of(setting));
        let servers = (0..ADDRESSES.len()).map(|replica| serve(replica, port, &keys)).collect();
        let this = Self { servers, port, keys, name, logs: setting.logs.clone(), ends: Vec::new() };
        for server in &this.servers {
            server.ready().await;
        }
        this.name.has(&ADDRESSES);
        this.name.resolves_to(&this.addresses()).await;
        this
    }

    /// Stops the next replica and starts it again at its address, until it is ready.
    ///
    /// In every other round the name follows at once, as in a cluster, so that clients that resolve it leave before they
    /// are told to; in the others it does not, as behind a slow cache, and they hear it from the replica.
    pub(crate) async fn roll(&mut self, tally: &Tally) {
        let replica = self.ends.len() % ADDRESSES.len();
        if self.rounds() % 2 == 1 {
            let others: Vec<IpAddr> =
                ADDRESSES.into_iter().filter(|address| *address != ADDRESSES[replica]).collect();
            self.name.has(&others);
        }
        let moment = tally.moment();
        let exit = stop(self.servers.remove(replica)).await;
        self.note(moment, replica, &exit);
        let server = serve(replica, self.port, &self.keys);
        server.ready().await;
        self.servers.insert(replica, server);
        self.name.has(&ADDRESSES);
    }

    /// Stops all of them, at once.
    pub(crate) async fn stop(&mut self) {
        let exits = join_all(self.servers.drain(..).map(stop)).await;
        for (replica, exit) in exits.iter().enumerate() {
            self.note("at the end".to_owned(), replica, exit);
        }
    }

    /// How often the one that was rolled least was rolled.
    pub(crate) fn rounds(&self) -> usize {
        self.ends.len() / ADDRESSES.len()
    }

    /// How long a replica waited for its last calls, at most.
    pub(crate) fn longest_drain(&self) -> Duration {
        let drains = self.ends.iter().filter_map(|end| end.report["phases"]["drain_ms"].as_u64());
        Duration::from_millis(drains.max().unwrap_or_default())
    }

    /// Ends that were not clean.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let clean = |end: &&End| end.code == Some(0) && end.report["cut"] == json!({});
        self.ends.iter().filter(|end| !clean(end)).map(ToString::to_string).collect()
    }

    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        ADDRESSES.map(|address| SocketAddr::new(address, self.port)).to_vec()
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn keys(&self) -> &ServiceKeys {
        &self.keys
    }

    /// Keeps the log, and what the replica reports.
    fn note(&mut self, moment: String, replica: usize, exit: &Exit) {
        let file = self.logs.join(format!("replica-{replica}-{}.log", self.ends.len()));
        let lines: Vec<String> = exit.lines.iter().map(ToString::to_string).collect();
        fs::write(file, lines.join("\n") + &exit.stderr).expect("the folder of logs can be written to");
        let line = exit.lines.iter().find(|line| line["message"] == "shutdown finished");
        let report = line.and_then(|line| serde_json::from_str(line["report"].as_str()?).ok());
        self.ends.push(End { moment, replica, code: exit.code, report: report.unwrap_or_default() });
    }
}

fn serve(replica: usize, port: u16, keys: &ServiceKeys) -> Server {
    let grpc = SocketAddr::new(ADDRESSES[replica], port);
    let (listen, peers) = (grpc.to_string(), keys.peers());
    let environment = [
        ("FAIRLEAD__SERVER__LISTEN", listen.as_str()),
        ("FAIRLEAD__SERVER__TRUSTED_HOPS", "1"),
        ("FAIRLEAD__SERVER__CREDENTIALS__PEERS", peers.to_str().expect("temporary folders have plain names")),
        ("FAIRLEAD__SERVER__CONNECTION_AGE", CONNECTION_AGE),
        ("FAIRLEAD__LIFECYCLE__LAME_DUCK", LAME_DUCK),
        ("FAIRLEAD__LIFECYCLE__DRAIN", DRAIN),
    ];
    let mut server = Server::start_on("test-service", [port, free_port()], &environment);
    server.grpc = grpc;
    server
}

async fn stop(server: Server) -> Exit {
    server.binary.signal(Signal::TERM);
    server.binary.exit().await
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { moment, replica, code, report } = self;
        let code = code.map_or("by a signal".to_owned(), |code| format!("with {code}"));
        let of = |key: &str| report[key].as_u64().unwrap_or_default();
        let drain = report["phases"]["drain_ms"].as_u64().unwrap_or_default();
        write!(
            f,
            "{moment:>10}: replica {replica} ended {code}: {} calls in flight at the signal, {} finished, {} cut; drained in {drain} ms",
            of("in_flight"),
            of("finished"),
            report["cut"],
        )
    }
}

impl fmt::Display for Replicas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.ends.iter().try_for_each(|end| writeln!(f, "{end}"))?;
        write!(f, "{} replicas were stopped and started again", self.ends.len() - ADDRESSES.len())
    }
}
