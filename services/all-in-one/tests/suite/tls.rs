//! Mutual TLS on a real process, with certificates that are replaced where they are mounted.

mod client;
mod pki;

use std::time::Duration;

use testkit::{Binary, Metrics, Server, Volume};
use time::OffsetDateTime;
use tokio::time::{Instant, sleep};

use self::{
    client::{Calls, Client},
    pki::{Ca, Pair},
};

const SETTING: &str = "server.tls";
/// How often certificates are replaced under calls.
const ROUNDS: u32 = 5;

#[tokio::test]
async fn certificates_are_replaced_under_calls_and_no_call_fails() {
    let mut mounted = Mounted::start().await;
    let client = Client::new(&mounted.ca, mounted.server.grpc);
    let calls = Calls::steady(&client);
    let mut shown = vec![client.shown().await];

    for round in 1..=ROUNDS {
        let pair = mounted.ca.issue("localhost", time::Duration::days(round.into()));
        mounted.swap(&pair);
        mounted.changes("taken", round).await;
        assert_eq!(mounted.expires().await, Some(seconds(pair.not_after)), "the metric follows");
        shown.push(client.shown().await);
        calls.go_on().await;
    }

    shown.dedup();
    assert_eq!(shown.len(), 1 + ROUNDS as usize, "whoever connects next is shown the new one");
    calls.none_failed();
}

#[tokio::test]
async fn a_pair_that_is_broken_or_expired_is_refused_and_the_old_one_kept() {
    let mut mounted = Mounted::start().await;
    let client = Client::new(&mounted.ca, mounted.server.grpc);
    let calls = Calls::steady(&client);
    let (shown, expires) = (client.shown().await, mounted.expires().await);
    let day = time::Duration::DAY;
    let good = mounted.ca.issue("localhost", day);
    let misfit = Pair { key: mounted.ca.issue("localhost", day).key, ..good.clone() };
    let broken = Pair { certificate: "no certificate".to_owned(), ..good };
    let expired = mounted.ca.issue("localhost", -time::Duration::MINUTE);
    let early = mounted.ca.issue_from("localhost", day, 2 * day);

    let wrongs =
        ["KeyMismatch", "expected certificates in PEM", "the certificate expired at", "not valid before"];
    for (count, (pair, wrong)) in (1..).zip([misfit, broken, expired, early].iter().zip(wrongs)) {
        mounted.swap(pair);
        let reason = mounted.refusal(wrong).await;
        mounted.changes("refused", count).await;

        assert!(reason.contains(mounted.volume.path("tls.crt").to_str().unwrap()), "{reason}");
        let stale = mounted.metrics().await.sum("fairlead_mounted_stale", &[("setting", SETTING)]);
        assert_eq!(stale, Some(1.0), "{wrong}");
        assert_eq!(client.shown().await, shown, "{wrong}");
        assert_eq!(mounted.expires().await, expires, "{wrong}");
        calls.go_on().await;
    }
    mounted.swap(&mounted.ca.issue("localhost", day));
    mounted.changes("taken", 1).await;

    assert_ne!(client.shown().await, shown, "a good one is taken after bad ones");
    let stale = mounted.metrics().await.sum("fairlead_mounted_stale", &[("setting", SETTING)]);
    assert_eq!(stale, Some(0.0));
    calls.none_failed();
}

#[tokio::test]
async fn a_certificate_that_is_not_valid_keeps_the_process_from_starting() {
    let ca = Ca::new();
    let day = time::Duration::DAY;

    for (pair, wrong) in [
        (ca.issue("localhost", -day), "the certificate expired at"),
        (ca.issue_from("localhost", day, 2 * day), "the certificate is not valid before"),
    ] {
        let volume = mount(&ca, &pair);
        let settings = settings(&volume);
        let settings = settings.each_ref().map(|(name, value)| (*name, &**value));
        let exit = Binary::start("fairlead", &[], &settings).exit().await;

        assert_eq!(exit.code, Some(78), "{exit:#?}");
        let file = volume.path("tls.crt");
        let told = ["FAIRLEAD__SERVER__TLS__CERTIFICATE", file.to_str().unwrap(), wrong];
        assert!(told.iter().all(|told| exit.stderr.contains(told)), "{exit:#?}");
    }
}

#[tokio::test]
async fn whoever_shows_no_certificate_is_not_served() {
    let mounted = Mounted::start().await;
    let client = Client::new(&mounted.ca, mounted.server.grpc);
    let nameless = Client::nameless(&mounted.ca, mounted.server.grpc);
    let stranger = Client::of(&Ca::new(), &mounted.ca, mounted.server.grpc);

    assert!(client.call().await.is_ok());
    assert!(nameless.call().await.is_err());
    assert!(stranger.call().await.is_err());
}

/// A process with a volume of certificates.
struct Mounted {
    ca: Ca,
    volume: Volume,
    server: Server,
    _data: tempfile::TempDir,
}

impl Mounted {
    async fn start() -> Self {
        let ca = Ca::new();
        let volume = mount(&ca, &ca.issue("localhost", time::Duration::HOUR));
        let data = tempfile::tempdir().unwrap();
        let settings = settings(&volume);
        let settings = settings.each_ref().map(|(name, value)| (*name, &**value));
        let own = [
            ("FAIRLEAD__DATA", data.path().to_str().unwrap()),
            ("FAIRLEAD__TELEMETRY__LOG", "info"),
            ("FAIRLEAD__SERVER__RELOAD_INTERVAL", "50ms"),
        ];
        let server = Server::start("fairlead", &[&own[..], &settings].concat());
        server.ready().await;
        Self { ca, volume, server, _data: data }
    }

    fn swap(&mut self, pair: &Pair) {
        self.volume.swap(&[
            ("tls.crt", &*pair.certificate),
            ("tls.key", &*pair.key),
            ("ca.crt", &*self.ca.pem()),
        ]);
    }

    async fn metrics(&self) -> Metrics {
        self.server.metrics().await
    }

    /// When the certificate in use expires, as the process tells it.
    async fn expires(&self) -> Option<f64> {
        self.metrics().await.sum("fairlead_tls_certificate_not_after_seconds", &[("setting", SETTING)])
    }

    /// Waits until that became of so many new pairs.
    async fn changes(&self, outcome: &str, count: u32) {
        let labels = [("setting", SETTING), ("outcome", outcome)];
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let now = self.metrics().await.sum("fairlead_mounted_changes_total", &labels);
            if now == Some(count.into()) {
                return;
            }
            assert!(Instant::now() < deadline, "{now:?} were {outcome}\n{}", self.server.binary.so_far());
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits for the log line of a refusal for that reason.
    async fn refusal(&self, wrong: &str) -> String {
        let line = self.server.binary.line(|line| {
            line["message"] == "what is newly mounted is refused; the old one stays in use"
                && line["setting"] == SETTING
                && line["reason"].as_str().is_some_and(|reason| reason.contains(wrong))
        });
        line.await["reason"].as_str().unwrap().to_owned()
    }
}

fn mount(ca: &Ca, pair: &Pair) -> Volume {
    Volume::mount(&[("tls.crt", &*pair.certificate), ("tls.key", &*pair.key), ("ca.crt", &*ca.pem())])
}

fn settings(volume: &Volume) -> [(&'static str, String); 3] {
    [
        ("FAIRLEAD__SERVER__TLS__CERTIFICATE", "tls.crt"),
        ("FAIRLEAD__SERVER__TLS__PRIVATE_KEY", "tls.key"),
        ("FAIRLEAD__SERVER__TLS__CLIENT_CA", "ca.crt"),
    ]
    .map(|(name, file)| (name, volume.path(file).display().to_string()))
}

/// Since 1970, as a sample has it.
#[expect(clippy::cast_precision_loss, reason = "samples are floating-point numbers")]
fn seconds(moment: OffsetDateTime) -> f64 {
    moment.unix_timestamp() as f64
}
