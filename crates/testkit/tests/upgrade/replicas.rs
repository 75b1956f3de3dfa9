//! Three replicas of accounts, and how they become another release, one after the other.

use std::{fmt, fs, net::IpAddr, path::Path};

use futures_util::future::join_all;
use serde_json::{Value, json};
use testkit::{Exit, Server, Signal};

use crate::{
    setting::Setting,
    town::{ADDRESSES, Town},
};

pub(crate) const COUNT: usize = ADDRESSES.len();

pub(crate) struct Replicas<'a> {
    town: &'a Town,
    logs: &'a Path,
    servers: Vec<Option<Server>>,
    ends: Vec<End>,
}

struct End {
    replica: usize,
    code: Option<i32>,
    report: Value,
}

impl<'a> Replicas<'a> {
    /// Starts all of them in the old release, and waits until they are ready.
    pub(crate) async fn start(setting: &'a Setting, town: &'a Town) -> Self {
        let servers = (0..COUNT).map(|replica| Some(town.serve(&setting.old, replica))).collect();
        let this = Self { town, logs: &setting.logs, servers, ends: Vec::new() };
        for server in this.servers.iter().flatten() {
            server.ready().await;
        }
        town.name.has(&ADDRESSES);
        let addresses: Vec<_> = this.servers.iter().flatten().map(|server| server.grpc).collect();
        town.name.resolves_to(&addresses).await;
        this
    }

    /// Stops the replica whose turn it is, and starts it again in that release, until it is ready.
    pub(crate) async fn become_one(&mut self, release: &Path) {
        let replica = self.ends.len() % COUNT;
        let others: Vec<IpAddr> =
            ADDRESSES.into_iter().filter(|address| *address != ADDRESSES[replica]).collect();
        self.town.name.has(&others);
        let exit =
            stop(self.servers[replica].take().expect("every replica is there between two turns")).await;
        self.note(replica, &exit);
        let server = self.town.serve(release, replica);
        server.ready().await;
        self.servers[replica] = Some(server);
        self.town.name.has(&ADDRESSES);
    }

    /// Stops all of them, at once.
    pub(crate) async fn stop(&mut self) {
        let exits = join_all(self.servers.iter_mut().filter_map(Option::take).map(stop)).await;
        for (replica, exit) in exits.iter().enumerate() {
            self.note(replica, exit);
        }
    }

    /// Ends that were not clean.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let clean = |end: &&End| end.code == Some(0) && end.report["cut"] == json!({});
        self.ends.iter().filter(|end| !clean(end)).map(ToString::to_string).collect()
    }

    /// Keeps the log, and what the replica reports.
    fn note(&mut self, replica: usize, exit: &Exit) {
        let file = self.logs.join(format!("replica-{replica}-{}.log", self.ends.len()));
        let lines: Vec<String> = exit.lines.iter().map(ToString::to_string).collect();
        fs::write(file, lines.join("\n") + &exit.stderr).expect("the folder of logs can be written to");
        let line = exit.lines.iter().find(|line| line["message"] == "shutdown finished");
        let report = line.and_then(|line| serde_json::from_str(line["report"].as_str()?).ok());
        self.ends.push(End { replica, code: exit.code, report: report.unwrap_or_default() });
    }
}

async fn stop(server: Server) -> Exit {
    server.binary.signal(Signal::TERM);
    server.binary.exit().await
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { replica, code, report } = self;
        write!(
            f,
            "replica {replica} ended with {code:?}: {} calls in flight, {} cut",
            report["in_flight"], report["cut"]
        )
    }
}

impl fmt::Display for Replicas<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.ends.iter().try_for_each(|end| writeln!(f, "{end}"))
    }
}
