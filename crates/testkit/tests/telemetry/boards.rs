//! Dashboards and alerts speak of what there is.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use futures_util::stream;
use proto::{
    accounts::v1::{ChangePasswordRequest, GetAccountRequest},
    sessions::v1::{CreateSessionResponse, RefreshSessionRequest, ValidateSessionRequest},
    uploads::v1::{
        CreateUploadRequest, Upload, WriteUploadRequest, uploads_service_client::UploadsServiceClient,
    },
};
use rcgen::{CertificateParams, KeyPair};
use serde_json::Value;
use testkit::{Binary, Metrics, S3, Server};

use crate::{
    house::{House, sign_in},
    promql,
    told::call,
    with,
};

const PASSWORD: &str = "a long walk along the quay";
/// Labels that whoever scrapes adds.
const OF_THE_SCRAPE: [&str; 1] = ["instance"];

#[tokio::test]
async fn every_name_on_a_dashboard_and_in_an_alert_is_on_metrics() {
    let house = House::start(&[("OTEL_TRACES_SAMPLER", "always_on")]).await;
    tour(&house).await;

    let scrapes = [
        house.accounts.metrics().await,
        house.sessions.metrics().await,
        of_uploads(&house).await,
        certified().await,
    ];

    let expressions = [dashboards(), rules()].concat();
    assert!(expressions.len() > 100, "{}", expressions.len());
    for (whence, expression) in &expressions {
        assert_eq!(unknown(expression, &scrapes), BTreeSet::new(), "{whence}: {expression}");
    }
    // The test would notice.
    for (wrong, name) in [
        ("rate(fairlead_calls_shed[5m])", "fairlead_calls_shed"),
        ("fairlead_ready{berth=\"seven\"} == 0", "berth"),
    ] {
        assert_eq!(unknown(wrong, &scrapes), [name.to_owned()].into());
    }
}

#[test]
fn every_alert_says_what_it_is_about_and_what_to_do_first() {
    for file in files("deploy/alerts", "yaml") {
        let text = fs::read_to_string(&file).unwrap();
        let alerts: Vec<&str> = text.split("\n  - alert: ").skip(1).collect();

        assert!(!alerts.is_empty(), "{}", file.display());
        for alert in alerts {
            for key in
                ["    expr:", "      severity:", "      summary:", "      description:", "      runbook:"]
            {
                let said = alert.lines().any(|line| line.starts_with(key));
                assert!(said, "{}: no {key} in {alert}", file.display());
            }
        }
    }
}

#[test]
fn every_dashboard_lets_its_reader_choose_the_source_the_service_and_the_instance() {
    for file in files("deploy/grafana", "json") {
        let board: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();

        let variables = board["templating"]["list"].as_array().unwrap().iter();
        let variables: Vec<_> = variables.map(|variable| variable["name"].as_str().unwrap()).collect();
        assert_eq!(variables, ["datasource", "service", "instance"], "{}", file.display());
        let mut ids = BTreeSet::new();
        for panel in board["panels"].as_array().unwrap() {
            assert!(ids.insert(panel["id"].as_u64().unwrap()), "{}: {panel}", file.display());
            assert!(!panel["title"].as_str().unwrap().is_empty());
            for target in panel["targets"].as_array().into_iter().flatten() {
                assert!(target["expr"].as_str().unwrap().contains("$service"), "{target}");
                assert_eq!(target["datasource"]["uid"], "${datasource}", "{target}");
            }
        }
    }
}

/// Calls of every kind: those that end well, that are refused, that reach both stores and the other service.
async fn tour(house: &House) {
    let (mut accounts, mut sessions) = (house.accounts(), house.sessions());
    let account = house.person("ada@example.com", PASSWORD).await;
    sessions.create_session(sign_in("ada@example.com", "nothing like it at all")).await.unwrap_err();
    let signed_in = sessions.create_session(sign_in("ada@example.com", PASSWORD)).await.unwrap();
    let CreateSessionResponse { tokens, .. } = signed_in.into_inner();
    let tokens = tokens.unwrap();
    let forged = [("fairlead-service", "forged")];
    let validate = ValidateSessionRequest { session_token: tokens.session_token.clone() };
    sessions.validate_session(with(validate, &forged)).await.unwrap_err();
    accounts.get_account(with(GetAccountRequest::default(), &forged)).await.unwrap_err();
    let change = ChangePasswordRequest {
        account_id: account.account_id,
        current_password: PASSWORD.into(),
        new_password: "a longer walk along the quay".into(),
    };
    call(&house.sessions, "/fairlead.sessions.v1.SessionsService/Unknown", &[], &[]).await;
    let bearer = format!("Bearer {}", tokens.session_token);
    // Its news goes through the outbox.
    accounts.change_password(with(change, &[("authorization", &bearer)])).await.unwrap();
    sessions
        .refresh_session(RefreshSessionRequest { refresh_token: "none".into(), ..Default::default() })
        .await
        .unwrap_err();
}

/// What uploads tells that has written to its stores.
async fn of_uploads(house: &House) -> Metrics {
    let (database, s3) = (testkit::postgres().await, testkit::s3().await);
    let migrated = [("FAIRLEAD__MIGRATE__UPLOADS__URL", &*database.url)];
    let exit = Binary::start("migrate", &["uploads", "up"], &migrated).exit().await;
    assert_eq!(exit.code, Some(0), "{exit:#?}");
    let sessions = format!("http://{}", house.sessions.grpc);
    let (peers, key) = (house.keys.peers(), house.keys.private("uploads"));
    let uploads = Server::start(
        "uploads",
        &[
            ("FAIRLEAD__UPLOADS__POSTGRES__URL", &*database.url),
            ("FAIRLEAD__UPLOADS__S3__ENDPOINT", &*s3.url),
            ("FAIRLEAD__UPLOADS__S3__BUCKET", S3::BUCKET),
            ("FAIRLEAD__UPLOADS__S3__ACCESS_KEY_ID", S3::KEY_ID),
            ("FAIRLEAD__UPLOADS__S3__SECRET_ACCESS_KEY", S3::SECRET),
            ("FAIRLEAD__UPLOADS__SESSIONS__URL", &*sessions),
            ("FAIRLEAD__SERVER__CREDENTIALS__PEERS", peers.to_str().unwrap()),
            ("FAIRLEAD__SERVER__CREDENTIALS__PRIVATE_KEY_FILE", key.to_str().unwrap()),
        ],
    );
    uploads.ready().await;
    house.person("bea@example.com", PASSWORD).await;
    let signed_in = house.sessions().create_session(sign_in("bea@example.com", PASSWORD)).await.unwrap();
    let bearer = format!("Bearer {}", signed_in.into_inner().tokens.unwrap().session_token);
    let as_bea = [("authorization", &*bearer)];
    let mut client = UploadsServiceClient::new(uploads.channel());
    let create = CreateUploadRequest {
        upload: Some(Upload { size: 4, ..Upload::default() }),
        ..CreateUploadRequest::default()
    };
    let created = client.create_upload(with(create, &as_bea)).await.unwrap().into_inner();
    let upload_id = created.upload.unwrap().upload_id;
    let write =
        WriteUploadRequest { upload_id, data: (&b"quay"[..]).into(), ..WriteUploadRequest::default() };
    client.write_upload(with(stream::iter([write]), &as_bea)).await.unwrap();
    uploads.metrics().await
}

/// What a service tells that has a certificate.
async fn certified() -> Metrics {
    let (folder, key) = (tempfile::tempdir().unwrap(), KeyPair::generate().unwrap());
    let certificate = CertificateParams::new(["harbour".to_owned()]).unwrap().self_signed(&key).unwrap();
    let files = ["tls.crt", "tls.key"].map(|name| folder.path().join(name));
    fs::write(&files[0], certificate.pem()).unwrap();
    fs::write(&files[1], key.serialize_pem()).unwrap();
    let settings = [
        ("FAIRLEAD__SERVER__TLS__CERTIFICATE", files[0].to_str().unwrap()),
        ("FAIRLEAD__SERVER__TLS__PRIVATE_KEY", files[1].to_str().unwrap()),
    ];
    let server = Server::start("test-service", &settings);
    server.ready().await;
    server.metrics().await
}

/// The names of an expression that no process tells.
fn unknown(expression: &str, scrapes: &[Metrics]) -> BTreeSet<String> {
    let names = promql::names(expression);
    let metrics =
        names.metrics.into_iter().filter(|name| !scrapes.iter().any(|told| told.names().contains(&**name)));
    let known = |label: &str| {
        OF_THE_SCRAPE.contains(&label) || scrapes.iter().any(|told| !told.values(label).is_empty())
    };
    let labels = names.labels.into_iter().filter(|label| !known(label));
    metrics.chain(labels).collect()
}

/// Every expression of every dashboard, with where it stands.
fn dashboards() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for file in files("deploy/grafana", "json") {
        let board: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        let panels = board["panels"].as_array().unwrap().iter();
        let targets = panels.flat_map(|panel| panel["targets"].as_array().into_iter().flatten());
        let variables = board["templating"]["list"].as_array().unwrap().iter();
        let queries = variables.filter_map(|variable| variable["query"]["query"].as_str());
        let expressions = targets.map(|target| target["expr"].as_str().unwrap()).chain(queries);
        found.extend(expressions.map(|expression| (file.display().to_string(), expression.to_owned())));
    }
    found
}

/// Every expression of every rule, with where it stands. Each is the rest of its line, or the lines below that are
/// indented further.
fn rules() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for file in files("deploy/alerts", "yaml") {
        let text = fs::read_to_string(&file).unwrap();
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            let Some(first) = line.strip_prefix("    expr: ") else { continue };
            let mut expression = if first == ">-" { String::new() } else { first.to_owned() };
            while let Some(more) = lines.next_if(|line| line.starts_with("      ")) {
                expression.push_str(more);
            }
            found.push((file.display().to_string(), expression));
        }
    }
    found
}

pub(crate) fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder);
    let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<_> =
        files.filter(|file| file.extension().is_some_and(|found| found == extension)).collect();
    assert!(!files.is_empty(), "nothing in {}", folder.display());
    files
}
