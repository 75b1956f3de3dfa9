//! Envoy with `deploy/envoy`, its names replaced by addresses, and with routes to one more backend.

use std::{env, fs, net::SocketAddr, path::Path};

use tempfile::TempDir;
use testkit::{Binary, Volume, free_port};
use tokio::time::{Duration, Instant, sleep};

const CONFIG: &str = include_str!("../../../../deploy/envoy/envoy.yaml");
const WITHIN: Duration = Duration::from_mins(1);

/// Routes as everybody's default is, by HTTP/1.1 and HTTP/2, and one that is for anybody.
const ROUTES: &str = r#"
              - match: {prefix: /app/}
                route: {cluster: app}
              - match: {prefix: /app-http2/}
                route: {cluster: app-http2}
              - match: {prefix: /maybe/}
                route: {cluster: app}
                typed_per_filter_config:
                  envoy.filters.http.ext_authz:
                    "@type": type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute
                    check_settings: {context_extensions: {session: optional}}
"#;

/// What makes a cluster one that is called by HTTP/2.
const HTTP2: &str = r#"
    typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
        explicit_http_config: {http2_protocol_options: {}}"#;

/// The one shipped route that goes on to a service of which nobody is asked.
const OPEN: &str = "              - name: reflection\n";

/// A running Envoy.
pub(crate) struct Envoy {
    binary: Binary,
    /// Where it takes calls.
    pub(crate) address: SocketAddr,
    admin: SocketAddr,
    _folder: TempDir,
}

impl Envoy {
    /// Starts it before these services and these backends, of HTTP/1.1 and of HTTP/2; `secrets` is mounted as its own.
    pub(crate) async fn start(services: [SocketAddr; 3], apps: [SocketAddr; 2], secrets: &Volume) -> Self {
        let [address, probes, admin] = [(); 3].map(|()| SocketAddr::from(([127, 0, 0, 1], free_port())));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("envoy.yaml");
        fs::write(&file, config([address, probes, admin], services, apps, secrets)).unwrap();
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

fn config(
    own: [SocketAddr; 3],
    services: [SocketAddr; 3],
    apps: [SocketAddr; 2],
    secrets: &Volume,
) -> String {
    let port = |address: SocketAddr| address.port();
    let ([calls, probes, admin], [accounts, sessions, uploads]) = (own.map(port), services.map(port));
    let [app, app_http2] = apps.map(port);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().display();
    let secrets = secrets.path("").display().to_string();
    let any = |port: u16| format!(r#"address: "::", ipv4_compat: true, port_value: {port}"#);
    let clusters = cluster("app", "", app) + &cluster("app-http2", HTTP2, app_http2);
    let replaced = [
        (any(50051), here(calls)),
        (any(8081), here(probes)),
        (here(9901), here(admin)),
        ("address: accounts-headless, port_value: 50051".to_owned(), here(accounts)),
        ("address: sessions-headless, port_value: 50051".to_owned(), here(sessions)),
        ("address: uploads-headless, port_value: 50051".to_owned(), here(uploads)),
        ("/etc/envoy-secrets".to_owned(), secrets.trim_end_matches('/').to_owned()),
        ("/etc/envoy/".to_owned(), format!("{root}/deploy/envoy/")),
        ("  clusters:\n".to_owned(), format!("  clusters:\n{clusters}")),
        (OPEN.to_owned(), open("open", "app") + &open("open-http2", "app-http2") + OPEN),
    ];
    let config = CONFIG.replacen("              routes:\n", &format!("              routes:{ROUTES}"), 1);
    replaced.iter().fold(config, |config, (from, to)| {
        assert!(config.contains(from), "deploy/envoy/envoy.yaml has no {from}");
        config.replace(from, to)
    })
}

fn here(port: u16) -> String {
    format!("address: 127.0.0.1, port_value: {port}")
}

fn cluster(name: &str, options: &str, port: u16) -> String {
    let endpoint = format!("{{endpoint: {{address: {{socket_address: {{{}}}}}}}}}", here(port));
    format!(
        "  - name: {name}\n    type: STATIC{options}\n    load_assignment: {{cluster_name: {name}, endpoints: \
         [{{lb_endpoints: [{endpoint}]}}]}}\n"
    )
}

/// The open route as it is shipped, but for where it leads from and to.
fn open(name: &str, cluster: &str) -> String {
    let (_, rest) = CONFIG.split_once(OPEN).unwrap();
    let route = rest.split_inclusive('\n').take_while(|line| line.starts_with("                "));
    let route = [OPEN].into_iter().chain(route).collect::<String>();
    [
        ("name: reflection", format!("name: {name}")),
        ("{prefix: /grpc.reflection., grpc: {}}", format!("{{prefix: /{name}/}}")),
        ("route: *to-accounts", format!("route: {{cluster: {cluster}}}")),
    ]
    .into_iter()
    .fold(route, |route, (from, to)| {
        assert!(route.contains(from), "the route has no {from}");
        route.replace(from, &to)
    })
}
