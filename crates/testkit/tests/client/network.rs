//! Replicas of the peer, each with an address of its own, behind one name.

use std::{
    collections::BTreeMap,
    fs,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    time::Duration,
};

use tempfile::TempDir;
use testkit::{Binary, Dns, Exit, Machine, ServiceKeys, Signal};
use tokio::time::{Instant, sleep};

use crate::service::Caller;

/// Bounds every wait of a test.
const PATIENCE: Duration = Duration::from_secs(60);
/// The ports of every replica.
const PORTS: [u16; 2] = [50051, 9090];

/// A name and those behind it.
pub(crate) struct Network {
    pub(crate) dns: Dns,
    keys: ServiceKeys,
    notes: TempDir,
}

impl Network {
    /// The name has these addresses.
    pub(crate) async fn telling(addresses: &[Ipv4Addr]) -> Self {
        let dns = Dns::telling(addresses).await;
        let notes = tempfile::tempdir().unwrap();
        Self { dns, keys: ServiceKeys::make(&["caller"]), notes }
    }

    /// A caller of that name.
    pub(crate) async fn caller(&self, environment: &[(&str, &str)]) -> Caller {
        Caller::of("http://peer.test:50051", &self.keys, environment).await
    }

    /// A replica on this machine, serving.
    pub(crate) async fn replica(&self, address: Ipv4Addr, environment: &[(&str, &str)]) -> Replica {
        let start = |all: &[(&str, &str)]| Binary::start("test-service", &[], all);
        self.serving(address, environment, start).await
    }

    /// A replica on another machine, serving.
    pub(crate) async fn replica_on(&self, machine: &Machine) -> Replica {
        let start = |all: &[(&str, &str)]| Binary::start_at(machine, "test-service", &[], all);
        self.serving(machine.address(), &[], start).await
    }

    async fn serving(
        &self,
        address: Ipv4Addr,
        environment: &[(&str, &str)],
        start: impl FnOnce(&[(&str, &str)]) -> Binary,
    ) -> Replica {
        let notes = self.notes.path().join(address.to_string());
        let [grpc, admin] = PORTS.map(|port| format!("{address}:{port}"));
        let peers = self.keys.peers();
        let own = [
            ("FAIRLEAD__SERVER__LISTEN", grpc.as_str()),
            ("FAIRLEAD__ADMIN__LISTEN", &admin),
            ("FAIRLEAD__LIFECYCLE__LAME_DUCK", "0s"),
            ("FAIRLEAD__SERVER__CREDENTIALS__PEERS", peers.to_str().unwrap()),
            ("FAIRLEAD__TESTING__NOTES", notes.to_str().unwrap()),
        ];
        let binary = start(&[&own, environment].concat());
        binary.line(|line| line["state"] == "Serving").await;
        Replica { binary, address, notes }
    }

    /// How often each number was noted, by anybody.
    pub(crate) fn noted(&self) -> BTreeMap<u64, u32> {
        let mut noted = BTreeMap::new();
        for file in fs::read_dir(self.notes.path()).unwrap() {
            for number in numbers(&file.unwrap().path()) {
                *noted.entry(number).or_default() += 1;
            }
        }
        noted
    }

    /// The numbers that were noted more than once.
    pub(crate) fn noted_again(&self) -> Vec<u64> {
        self.noted().into_iter().filter(|(_, times)| *times > 1).map(|(number, _)| number).collect()
    }
}

/// A replica of the peer, serving.
pub(crate) struct Replica {
    pub(crate) binary: Binary,
    pub(crate) address: Ipv4Addr,
    notes: PathBuf,
}

impl Replica {
    /// Waits for its first call.
    pub(crate) async fn is_called(&self) {
        self.binary.line(|line| line["message"] == "first call").await;
    }

    /// The numbers that it has noted, also before it was restarted.
    pub(crate) fn notes(&self) -> Vec<u64> {
        numbers(&self.notes)
    }

    /// Waits until it has noted so many more.
    pub(crate) async fn notes_more(&self, more: usize) {
        let (before, began) = (self.notes().len(), Instant::now());
        while self.notes().len() < before + more {
            let so_far = self.binary.so_far();
            assert!(began.elapsed() < PATIENCE, "{} is not called any more\n{so_far}", self.address);
            // A file tells nobody that it grows.
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// SIGTERM, and the end of all its calls.
    pub(crate) async fn stop(self) -> Exit {
        self.binary.signal(Signal::TERM);
        self.binary.exit().await
    }
}

/// An address of the loopback interface, of which a network of one's own has all.
pub(crate) const fn near(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 1, last)
}

fn numbers(file: &Path) -> Vec<u64> {
    let text = fs::read_to_string(file).unwrap_or_default();
    // What is being written has no end yet.
    let complete = text.rsplit_once('\n').map_or("", |(complete, _)| complete);
    complete.lines().map(|line| line.parse().unwrap()).collect()
}
