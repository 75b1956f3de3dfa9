//! Envoy with `deploy/envoy`, its names replaced by addresses, and with routes to one more backend.

use std::{env, fs, net::SocketAddr, path::Path};

use tempfile::TempDir;
use testkit::{Binary, Volume, free_port};
use tokio::time::{Duration, Instant, sleep};

const CONFIG: &str = include_str!("../../../../deploy/envoy/envoy.yaml");
const WITHIN: Duration = Duration::from_mins(1);

/// One route as everybody's default is, one that is for anybody, and one of which nobody is asked.
const ROUTES: &str = r#"
              - match: {prefix: /app/}
                route: {cluster: app}
              - match: {prefix: /maybe/}
                route: {cluster: app}
                typed_per_filter_config:
                  envoy.filters.http.ext_authz:
                    "@type": type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute
                    check_settings: {context_extensions: {session: optional}}
              - match: {prefix: /open/}
                route: {cluster: app}
                typed_per_filter_config:
                  envoy.filters.http.ext_authz:
                    "@type": type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute
                    disabled: true
"#;

/// A running Envoy.
pub(crate) struct Envoy {
    binary: Binary,
    /// Where it takes calls.
    pub(crate) address: SocketAddr,
    admin: SocketAddr,
    _folder: TempDir,
}

impl Envoy {
    /// Starts it before these services and this backend; `secrets` is mounted as its own.
    pub(crate) async fn start(
        [accounts, sessions, uploads]: [SocketAddr; 3],
        app: SocketAddr,
        secrets: &Volume,
    ) -> Self {
        let [address, probes, admin] = [(); 3].map(|()| SocketAddr::from(([127, 0, 0, 1], free_port())));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("envoy.yaml");
        fs::write(&file, config([address, probes, admin], [accounts, sessions, uploads, app], secrets))
            .unwrap();
        #[expect(clippy::disallowed_methods, reason = "the script that starts the test says where Envoy is")]
        let program = env::var("EDGE_ENVOY").expect("EDGE_ENVOY is not set: start this test by `make edge`");
        let arguments = ["-c", file.to_str().unwrap(), "--concurrency", "1", "--disable-hot-restart"];
        let quiet = ["--log-level", "warning"];
        let binary = Binary::start_program(Path::new(&program), &[&arguments[..], &quiet].concat(), &[]);
        let this = Self { binary, address, admin, _folder: folder };
        for cluster in ["accounts", "sessions", "uploads", "check"] {
            this.until(&format!("cluster.{cluster}.membership_healthy"), 1).await;
        }
        this
    }

    /// Waits until one of its numbers is at least this.
    pub(crate) async fn until(&self, stat: &str, least: u64) {
        let deadline = Instant::now() + WITHIN;
        while self.stat(stat).await.is_none_or(|value| value < least) {
            assert!(Instant::now() < deadline, "{stat} does not come to {least}\n{}", self.binary.so_far());
            // Envoy tells nobody of its own accord.
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// One of its numbers.
    pub(crate) async fn stat(&self, name: &str) -> Option<u64> {
        if tokio::net::TcpStream::connect(self.admin).await.is_err() {
            return None;
        }
        let path = format!("/stats?filter=^{}$", name.replace('.', "\\."));
        let answer = crate::http::send(self.admin, "GET", &path, &[], b"").await;
        answer.text().trim().rsplit(' ').next()?.parse().ok()
    }
}

fn config(own: [SocketAddr; 3], others: [SocketAddr; 4], secrets: &Volume) -> String {
    let [calls, probes, admin] = own.map(|address| address.port());
    let [accounts, sessions, uploads, app] = others.map(|address| address.port());
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().display();
    let secrets = secrets.path("").display().to_string();
    let any = |port: u16| format!(r#"address: "::", ipv4_compat: true, port_value: {port}"#);
    let here = |port: u16| format!("address: 127.0.0.1, port_value: {port}");
    let cluster = format!(
        "  clusters:\n  - name: app\n    type: STATIC\n    load_assignment: {{cluster_name: app, endpoints: \
         [{{lb_endpoints: [{{endpoint: {{address: {{socket_address: {{{}}}}}}}}}]}}]}}\n",
        here(app)
    );
    let replaced = [
        (any(50051), here(calls)),
        (any(8081), here(probes)),
        (here(9901), here(admin)),
        ("address: accounts-headless, port_value: 50051".to_owned(), here(accounts)),
        ("address: sessions-headless, port_value: 50051".to_owned(), here(sessions)),
        ("address: uploads-headless, port_value: 50051".to_owned(), here(uploads)),
        ("/etc/envoy-secrets".to_owned(), secrets.trim_end_matches('/').to_owned()),
        ("/etc/envoy/".to_owned(), format!("{root}/deploy/envoy/")),
        ("  clusters:\n".to_owned(), cluster),
    ];
    let config = CONFIG.replacen("              routes:\n", &format!("              routes:{ROUTES}"), 1);
    replaced.iter().fold(config, |config, (from, to)| {
        assert!(config.contains(from), "deploy/envoy/envoy.yaml has no {from}");
        config.replace(from, to)
    })
}
