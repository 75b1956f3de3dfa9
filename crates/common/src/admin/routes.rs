//! What the admin port answers.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Json, Router,
    extract::{ConnectInfo, State as Shared},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, put},
};

use crate::{Process, lifecycle::State, telemetry::Telemetry};

const INDEX: &str = "\
GET  /healthz    whether the process is alive; restart it when not
GET  /ready      whether it should be sent calls, and why not (also /readyz)
GET  /startupz   whether it has started
GET  /metrics    numbers, as Prometheus reads them
GET  /sizing     what is planned from the container's limits, and how short memory is
GET  /config     the configuration in force, secrets left out
PUT  /log-level  changes what is logged, from this machine only: curl -X PUT -d debug localhost:8081/log-level
";

/// What the routes tell besides the state of the process.
pub(crate) struct About {
    /// The configuration in force, redacted.
    pub(crate) config: String,
    /// The logs, where their level can be changed.
    pub(crate) telemetry: Option<Telemetry>,
}

/// What every route can ask.
struct Asked {
    process: Process,
    about: About,
}

type Context = Shared<Arc<Asked>>;

pub(super) fn routes(process: Process, about: About) -> Router {
    Router::new()
        .route("/", get(async || INDEX))
        .route("/healthz", get(healthz))
        .route("/ready", get(ready))
        .route("/readyz", get(ready))
        .route("/startupz", get(startupz))
        .route("/metrics", get(metrics))
        .route("/sizing", get(sizing))
        .route("/config", get(config))
        .route("/log-level", put(set_log_level).get(log_level))
        .with_state(Arc::new(Asked { process, about }))
}

/// Alive: the runtime makes progress. Never asks a dependency.
async fn healthz(Shared(asked): Context) -> Response {
    let heartbeat = &asked.process.shared.heartbeat;
    if heartbeat.is_alive() {
        "alive\n".into_response()
    } else {
        let silence = heartbeat.silence().as_secs();
        (StatusCode::SERVICE_UNAVAILABLE, format!("no progress for {silence} s\n")).into_response()
    }
}

/// Ready: calls should come here.
async fn ready(Shared(asked): Context) -> impl IntoResponse {
    let snapshot = asked.process.shared.readiness.snapshot();
    let code = if snapshot.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, Json(snapshot))
}

/// Started: the services are built, whether or not what they depend on is there.
async fn startupz(Shared(asked): Context) -> impl IntoResponse {
    if asked.process.shared.lifecycle.state() == State::Starting {
        (StatusCode::SERVICE_UNAVAILABLE, "starting\n")
    } else {
        (StatusCode::OK, "started\n")
    }
}

/// Prometheus's text format, by its own content type.
async fn metrics(Shared(asked): Context) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], asked.process.shared.metrics.text())
}

async fn sizing(Shared(asked): Context) -> impl IntoResponse {
    let shared = &asked.process.shared;
    Json(serde_json::json!({ "plan": *shared.sizing.current(), "memory": shared.memory.snapshot() }))
}

async fn config(Shared(asked): Context) -> String {
    asked.about.config.clone()
}

async fn log_level(Shared(asked): Context) -> String {
    asked.about.telemetry.as_ref().map_or_else(String::new, Telemetry::level)
}

/// Changes what is logged. Only for somebody on this machine, and not for a page in their browser: such a request names
/// an origin, or a host that is not this machine.
async fn set_log_level(
    Shared(asked): Context,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: String,
) -> (StatusCode, String) {
    if !peer.ip().to_canonical().is_loopback()
        || headers.contains_key(header::ORIGIN)
        || !headers.get(header::HOST).and_then(|host| host.to_str().ok()).is_some_and(is_local)
    {
        return (StatusCode::FORBIDDEN, "only from this machine, and not from a browser\n".to_owned());
    }
    let Some(telemetry) = &asked.about.telemetry else {
        return (StatusCode::NOT_FOUND, "this process keeps no log\n".to_owned());
    };
    match telemetry.set_level(body.trim()) {
        Ok(()) => {
            tracing::info!(level = body.trim(), "log level changed");
            (StatusCode::OK, format!("{}\n", telemetry.level()))
        }
        Err(wrong) => (StatusCode::BAD_REQUEST, format!("{wrong}\n")),
    }
}

/// Whether a Host header names this machine.
fn is_local(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    matches!(name, "localhost" | "127.0.0.1" | "[::1]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_local() {
        for local in ["localhost", "localhost:8081", "127.0.0.1:8081", "[::1]:8081", "[::1]"] {
            assert!(is_local(local), "{local}");
        }
        for foreign in ["", "example.com", "localhost.example.com:8081", "127.0.0.1.nip.io", "10.0.0.1:8081"]
        {
            assert!(!is_local(foreign), "{foreign}");
        }
    }
}
