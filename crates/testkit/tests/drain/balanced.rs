//! The client that services of the suite call each other with.

use std::{fmt, time::Duration};

use common::{
    Process, Program,
    config::{self, FrameConfig, Secret},
    grpc::{Channel, client},
};
use testkit::testing;

use crate::{calls::DEADLINE, name::NAME, replicas::Replicas};

const PROGRAM: Program =
    Program { name: "testing", version: "0", suite: &["testing"], descriptors: testing::DESCRIPTORS };

/// A process that calls, as a service does that needs another.
pub(crate) struct Balanced {
    channel: Channel,
    process: Process,
}

impl Balanced {
    pub(crate) fn start(replicas: &Replicas) -> Self {
        let mut frame = FrameConfig::default();
        let key = Secret::read(&replicas.keys().private("testing")).expect("the key was written");
        frame.server.credentials.private_key = key;
        let process = Process::new(PROGRAM, frame, &[]).expect("there is room for a client");
        let config = client::Config {
            url: format!("http://{NAME}:{}", replicas.port()),
            timeout: config::Duration(DEADLINE),
            refresh: config::Duration(Duration::from_secs(1)),
            ..client::Config::default()
        };
        let channel = process.client("testing", "testing.peer", &config).expect("the settings are good");
        Self { channel, process }
    }

    pub(crate) fn channel(&self) -> Channel {
        self.channel.clone()
    }
}

impl fmt::Display for Balanced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.process.peers().iter().try_for_each(|(_, standing)| {
            write!(
                f,
                "balanced client: {} calls were tried again, {} were not for want of budget",
                standing.retries, standing.retries_refused
            )
        })
    }
}
