//! Another machine, as far as the network is concerned: an address of its own at the other end of a wire that can be cut.

use std::{
    fs::File,
    io::{BufRead, BufReader, Write},
    net::Ipv4Addr,
    os::fd::AsFd,
    process::{Child, ChildStdin, Command, Stdio},
    thread::{self, JoinHandle},
};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use tokio::runtime;

/// The near end of the wire, and the far end's name over there.
const NEAR: &str = "wire";
const FAR: &str = "eth0";
/// What the far end is called on the wire; known beforehand, so that nobody has to ask for it and be told that there is
/// no answer.
const FAR_MAC: &str = "02:00:00:00:00:02";
/// What the near end is called on it.
const NEAR_MAC: &str = "02:00:00:00:00:01";
/// What nobody is called on it.
const NO_MAC: &str = "02:00:00:00:00:09";
/// The addresses of the ends.
const NEAR_ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);
const FAR_ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 2);

/// A network namespace and the wire to it. Both are gone once nothing runs there any more, which is when this is dropped
/// or the test process ends in any way, and what was started there has ended.
pub struct Machine {
    /// Waits for its stdin to end, and is the namespace until then.
    holder: Child,
    /// Closed by the drop.
    stdin: Option<ChildStdin>,
}

impl Machine {
    /// A machine at 10.77.0.2, reached from 10.77.0.1. There is one at a time.
    ///
    /// # Panics
    /// Where namespaces cannot be made; `make test-network` runs tests where they can.
    #[must_use]
    pub fn new() -> Self {
        let mut holder = Command::new("unshare")
            .args(["--net", "sh", "-c", "ip link set lo up && echo up && read -r line"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("util-linux has unshare");
        let stdin = holder.stdin.take();
        let mut said = String::new();
        let stdout = holder.stdout.take().expect("stdout is piped");
        BufReader::new(stdout).read_line(&mut said).expect("a shell speaks UTF-8");
        assert_eq!(said, "up\n", "no network namespace can be made here: run `make test-network`");

        let machine = Self { holder, stdin };
        let id = machine.holder.id().to_string();
        let far = ["peer", "name", FAR, "address", FAR_MAC, "netns", &id];
        ip(&[&["link", "add", "name", NEAR, "address", NEAR_MAC, "type", "veth"], far.as_slice()].concat());
        ip(&["address", "add", &format!("{NEAR_ADDRESS}/24"), "dev", NEAR]);
        ip(&["link", "set", NEAR, "up"]);
        machine.there(&["link", "set", FAR, "up"]);
        machine.mend();
        machine.join();
        machine
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> Ipv4Addr {
        FAR_ADDRESS
    }

    /// The address of this one, as it is known there.
    #[must_use]
    pub fn beside(&self) -> Ipv4Addr {
        NEAR_ADDRESS
    }

    /// From now on packets to it arrive nowhere, as when it lost its power: nothing is refused, closed or answered.
    ///
    /// # Panics
    /// When it has vanished before.
    pub fn vanish(&self) {
        self.there(&["address", "delete", &format!("{FAR_ADDRESS}/24"), "dev", FAR]);
    }

    /// It is there again, with whatever was connected.
    ///
    /// # Panics
    /// When it has not vanished.
    pub fn mend(&self) {
        self.there(&["address", "add", &format!("{FAR_ADDRESS}/24"), "dev", FAR]);
    }

    /// From now on what one of the two sends to the other arrives nowhere. Each goes on, and can be reached from its own side.
    ///
    /// # Panics
    /// When the network cannot be changed.
    pub fn cut(&self) {
        self.call_each_other([NO_MAC; 2]);
    }

    /// The way between them is whole again.
    ///
    /// # Panics
    /// When the network cannot be changed.
    pub fn join(&self) {
        self.call_each_other([FAR_MAC, NEAR_MAC]);
    }

    /// By what name on the wire each sends to the other.
    fn call_each_other(&self, [far, near]: [&str; 2]) {
        let neighbour = |address: Ipv4Addr, mac: &str, device: &str| {
            format!("neighbour replace {address} lladdr {mac} dev {device} nud permanent")
        };
        ip(&neighbour(FAR_ADDRESS, far, NEAR).split(' ').collect::<Vec<_>>());
        self.there(&neighbour(NEAR_ADDRESS, near, FAR).split(' ').collect::<Vec<_>>());
    }

    /// Does something on a thread whose network is that of the machine.
    ///
    /// # Panics
    /// When there can be no such thread.
    pub fn run<T: Send + 'static, F: Future<Output = T>>(
        &self,
        work: impl FnOnce() -> F + Send + 'static,
    ) -> JoinHandle<T> {
        let network = File::open(format!("/proc/{}/ns/net", self.holder.id())).expect("its holder lives");
        thread::spawn(move || {
            move_into_link_name_space(network.as_fd(), Some(LinkNameSpaceType::Network))
                .expect("whoever can make a network can enter it");
            let runtime = runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a thread can have a runtime").block_on(work())
        })
    }

    /// How `nsenter` gets there.
    pub(crate) fn door(&self) -> String {
        format!("--net=/proc/{}/ns/net", self.holder.id())
    }

    fn there(&self, arguments: &[&str]) {
        run(Command::new("nsenter").arg(self.door()).arg("ip").args(arguments));
    }
}

impl Default for Machine {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // The wire goes first: the namespace itself may outlive this for a moment.
        let _ = Command::new("ip").args(["link", "delete", NEAR]).stderr(Stdio::null()).status();
        if let Some(mut stdin) = self.stdin.take() {
            let _ = stdin.write_all(b"\n");
        }
        let _ = self.holder.wait();
    }
}

fn ip(arguments: &[&str]) {
    run(Command::new("ip").args(arguments));
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}; install iproute2"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
