//! The service that calls, and what it tells of its calls.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::Value;
use testkit::{Metrics, Server, ServiceKeys};
use tokio::time::{Instant, sleep};

/// Long enough for anything that is going to happen, on a busy machine too.
const SOON: Duration = Duration::from_secs(60);

/// The caller, calling from its start on.
pub(crate) struct Caller {
    pub(crate) server: Server,
}

/// A call that failed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Failed {
    pub(crate) code: String,
    pub(crate) number: u64,
    /// When it failed, in milliseconds of the Unix epoch.
    pub(crate) at_ms: u64,
    pub(crate) took_ms: u64,
}

impl Caller {
    /// Starts it, configured by `environment`; `FAIRLEAD__CALLER__` is left out of the names.
    pub(crate) async fn of(url: &str, keys: &ServiceKeys, environment: &[(&str, &str)]) -> Self {
        let key = keys.private("caller");
        let mut all = BTreeMap::from([
            ("FAIRLEAD__LIFECYCLE__LAME_DUCK".to_owned(), "0s"),
            ("FAIRLEAD__SERVER__CREDENTIALS__PRIVATE_KEY_FILE".to_owned(), key.to_str().unwrap()),
            ("FAIRLEAD__CALLER__TESTING__URL".to_owned(), url),
        ]);
        all.extend(environment.iter().map(|(name, value)| (format!("FAIRLEAD__CALLER__{name}"), *value)));
        let all: Vec<(&str, &str)> = all.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        let server = Server::start("test-caller", &all);
        server.ready().await;
        Self { server }
    }

    /// Waits until so many addresses of its peer are in a state.
    pub(crate) async fn has(&self, state: &str, count: u32) {
        let labels = [("peer", "testing"), ("state", state)];
        let began = Instant::now();
        loop {
            let found = self.server.metrics().await.sum("fairlead_peer_addresses", &labels);
            if found == Some(count.into()) {
                return;
            }
            assert!(began.elapsed() < SOON, "{found:?} {state}\n{}", self.server.binary.so_far());
            // Metrics are asked again and again by nature.
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// The calls to a method that ended with a code, in its metrics.
    pub(crate) async fn calls(&self, method: &str, code: &str) -> Option<f64> {
        calls(&self.server.metrics().await, method, code)
    }

    /// Waits until so many more calls to a method are answered with success.
    pub(crate) async fn makes_more(&self, method: &str, more: u32) {
        let (before, began) = (self.calls(method, "OK").await.unwrap_or_default(), Instant::now());
        while self.calls(method, "OK").await.unwrap_or_default() < before + f64::from(more) {
            assert!(began.elapsed() < SOON, "{}", self.server.binary.so_far());
            // Metrics are asked again and again by nature.
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// Lets it finish its calls and end. The calls that failed, in the order in which they did.
    pub(crate) async fn stop(self) -> Vec<Failed> {
        self.server.binary.signal(testkit::Signal::TERM);
        let exit = self.server.binary.exit().await;
        assert_eq!(exit.code, Some(0), "{exit:#?}");
        failures(&exit.lines)
    }
}

/// The calls to a method that ended with a code.
pub(crate) fn calls(metrics: &Metrics, method: &str, code: &str) -> Option<f64> {
    let method = format!("fairlead.testing.v1.PeerService/{method}");
    let labels = [("rpc_method", &*method), ("rpc_status_code", code)];
    metrics.sum("rpc_client_call_duration_seconds_count", &labels)
}

fn failures(lines: &[Value]) -> Vec<Failed> {
    let failed = lines.iter().filter(|line| line["message"] == "a call failed");
    let number = |line: &Value, field: &str| line[field].as_u64().unwrap();
    failed
        .map(|line| Failed {
            code: line["code"].as_str().unwrap().to_owned(),
            number: number(line, "number"),
            at_ms: number(line, "at_ms"),
            took_ms: number(line, "took_ms"),
        })
        .collect()
}

/// The time, as failed calls tell it.
pub(crate) fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(now.as_millis()).unwrap()
}
